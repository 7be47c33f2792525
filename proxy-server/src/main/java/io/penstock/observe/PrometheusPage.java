package io.penstock.observe;

import io.penstock.observe.Metrics.Page;
import io.penstock.observe.Metrics.Timed;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.instrumentation.jvm.JvmBufferPoolMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmGarbageCollectorMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmMemoryMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmRuntimeInfoMetric;
import io.prometheus.metrics.instrumentation.jvm.JvmThreadsMetrics;
import io.prometheus.metrics.instrumentation.jvm.ProcessMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplar;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * The metrics as Prometheus reads them, with those of the JVM and the process.
 *
 * <p><b>Thread:</b> confined to whoever holds the {@link Metrics}.
 */
final class PrometheusPage {
    private static final double MICROS_A_SECOND = 1e6;
    private static final double NANOS_A_SECOND = 1e9;

    private @Nullable PrometheusRegistry jvm; // from the first page on: no start waits for it

    Page text(Metrics metrics, Readings now, boolean operator) {
        return write(PrometheusTextFormatWriter.create(), snapshots(metrics, now, operator));
    }

    Page openMetrics(Metrics metrics, Readings now, boolean operator) {
        return write(OpenMetricsTextFormatWriter.create(), snapshots(metrics, now, operator));
    }

    private static Page write(ExpositionFormatWriter writer, MetricSnapshots snapshots) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(64 * 1024);
        try {
            writer.write(out, snapshots, EscapingScheme.UNDERSCORE_ESCAPING);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory has no such trouble
        }
        return new Page(writer.getContentType(), out.toByteArray());
    }

    MetricSnapshots snapshots(Metrics metrics, Readings now, boolean operator) {
        Map<Metric, Map<List<String>, Double>> read = read(now);
        List<MetricSnapshot> all = new ArrayList<>();
        for (Metric metric : Metric.values()) {
            if (operator || !metric.isOfCallers()) {
                all.add(snapshot(metric, metrics, read.getOrDefault(metric, Map.of())));
            }
        }
        jvm().scrape().forEach(all::add);
        return new MetricSnapshots(all);
    }

    private PrometheusRegistry jvm() {
        if (jvm == null) {
            jvm = new PrometheusRegistry();
            JvmBufferPoolMetrics.builder().register(jvm);
            JvmGarbageCollectorMetrics.builder().register(jvm);
            JvmMemoryMetrics.builder().register(jvm);
            JvmRuntimeInfoMetric.builder().register(jvm);
            JvmThreadsMetrics.builder().register(jvm);
            ProcessMetrics.builder().register(jvm);
        }
        return jvm;
    }

    private static MetricSnapshot snapshot(Metric metric, Metrics metrics,
            Map<List<String>, Double> read) {
        return switch (metric.kind()) {
            case COUNTER -> counter(metric, metrics.counts(metric), read);
            case GAUGE -> gauge(metric, read);
            case INFO -> info(metric, read);
            case HISTOGRAM -> histogram(metric, metrics.times(metric));
        };
    }

    private static CounterSnapshot counter(Metric metric, Map<List<String>, Long> counts,
            Map<List<String>, Double> read) {
        CounterSnapshot.Builder out = CounterSnapshot.builder().name(metric.baseName())
                .help(metric.help());
        double unit = metric.isInNanos() ? NANOS_A_SECOND : 1;
        counts.forEach((values, count) -> out.dataPoint(CounterDataPointSnapshot.builder()
                .labels(labels(metric, values)).value(count / unit).build()));
        read.forEach((values, value) -> out.dataPoint(CounterDataPointSnapshot.builder()
                .labels(labels(metric, values)).value(value).build()));
        return out.build();
    }

    private static GaugeSnapshot gauge(Metric metric, Map<List<String>, Double> read) {
        GaugeSnapshot.Builder out = GaugeSnapshot.builder().name(metric.baseName())
                .help(metric.help());
        read.forEach((values, value) -> out.dataPoint(GaugeDataPointSnapshot.builder()
                .labels(labels(metric, values)).value(value).build()));
        return out.build();
    }

    private static InfoSnapshot info(Metric metric, Map<List<String>, Double> read) {
        InfoSnapshot.Builder out = InfoSnapshot.builder().name(metric.baseName())
                .help(metric.help());
        read.keySet().forEach(values -> out.dataPoint(InfoDataPointSnapshot.builder()
                .labels(labels(metric, values)).build()));
        return out.build();
    }

    private static HistogramSnapshot histogram(Metric metric, Map<List<String>, Timed> times) {
        HistogramSnapshot.Builder out = HistogramSnapshot.builder().name(metric.baseName())
                .help(metric.help());
        times.forEach((values, timed) -> out.dataPoint(HistogramDataPointSnapshot.builder()
                .labels(labels(metric, values)).sum(timed.sumNanos() / NANOS_A_SECOND)
                .classicHistogramBuckets(buckets(timed.micros()))
                .exemplars(exemplars(timed.samples())).build()));
        return out.build();
    }

    private static Exemplars exemplars(List<TraceSample> samples) {
        return Exemplars.of(samples.stream().map(sample -> Exemplar.builder()
                .value(sample.nanos() / NANOS_A_SECOND)
                .traceId(sample.traceId()).spanId(sample.spanId())
                .timestampMillis(sample.atMillis()).build()).toList());
    }

    private static ClassicHistogramBuckets buckets(Histogram micros) {
        long[] counts = new long[Buckets.SECONDS.length];
        int bucket = 0;
        for (var value : micros.recordedValues()) {
            double seconds = value.getValueIteratedTo() / MICROS_A_SECOND;
            while (seconds > Buckets.SECONDS[bucket]) {
                bucket++;
            }
            counts[bucket] += value.getCountAddedInThisIterationStep();
        }
        return ClassicHistogramBuckets.of(Buckets.SECONDS, counts);
    }

    private static Labels labels(Metric metric, List<String> values) {
        return Labels.of(metric.labels(), values);
    }

    /** What is not counted but looked at. */
    private static Map<Metric, Map<List<String>, Double>> read(Readings now) {
        Map<Metric, Map<List<String>, Double>> out = new HashMap<>();
        put(out, Metric.BUILD, 1, now.version());
        put(out, Metric.UPTIME, now.uptimeNanos() / NANOS_A_SECOND);
        put(out, Metric.READY, now.ready() ? 1 : 0);
        put(out, Metric.CONNECTIONS, now.connections());
        put(out, Metric.OPEN_EXCHANGES, now.openExchanges());
        put(out, Metric.QUEUED_EXCHANGES,
                now.loops().stream().mapToLong(Readings.OfLoop::queued).sum());
        put(out, Metric.UPSTREAM_CONNECTIONS,
                now.loops().stream().mapToLong(Readings.OfLoop::upstreamConnections).sum());
        put(out, Metric.CACHE_BYTES, now.cache().bytes(), "replies");
        put(out, Metric.CACHE_BYTES, now.cache().recordedBytes(), "recording");
        put(out, Metric.CACHE_REPLIES, now.cache().replies());
        put(out, Metric.CACHE_FLIGHTS, now.cache().flights());
        put(out, Metric.CACHE_EVICTIONS, now.cache().evicted(), "size");
        put(out, Metric.CACHE_EVICTIONS, now.cache().expired(), "age");
        for (int i = 0; i < now.loops().size(); i++) {
            put(out, Metric.LOOP_LAG, now.loops().get(i).lagNanos() / NANOS_A_SECOND,
                    Integer.toString(i));
        }
        for (Readings.OfTelemetry telemetry : now.telemetry()) {
            put(out, Metric.TELEMETRY_SENT, telemetry.sent(), telemetry.to());
            put(out, Metric.TELEMETRY_DROPPED, telemetry.dropped(), telemetry.to(), "queue_full");
            put(out, Metric.TELEMETRY_DROPPED, telemetry.refused(), telemetry.to(), "not_taken");
        }
        readResources(out, now.resources());
        for (Readings.OfProvider provider : now.providers()) {
            String name = provider.name();
            put(out, Metric.UPSTREAM_OPENED, provider.connectionsOpened(), name);
            put(out, Metric.PROVIDER_ENABLED, provider.enabled() ? 1 : 0, name);
            put(out, Metric.PROVIDER_IN_FLIGHT, provider.inFlight(), name);
            put(out, Metric.PROVIDER_WAITING, provider.waiting(), name);
            put(out, Metric.PROVIDER_KEYS, provider.keys() - provider.keysResting(), name,
                    "ready");
            put(out, Metric.PROVIDER_KEYS, provider.keysResting(), name, "resting");
            for (Readings.OfTarget target : provider.targets()) {
                put(out, Metric.BREAKER, openness(target.breaker()), name, target.model());
            }
        }
        if (now.fleet() != null) {
            read(out, now.fleet());
        }
        return out;
    }

    private static void readResources(Map<Metric, Map<List<String>, Double>> out,
            Readings.Resources now) {
        put(out, Metric.CONNECTIONS_REFUSED, now.connectionsRefused());
        put(out, Metric.REQUEST_BODIES, now.bodyBytes());
        for (Readings.OfBuffers buffers : now.buffers()) {
            put(out, Metric.BUFFERS, buffers.reservedBytes(), buffers.area(), "reserved");
            put(out, Metric.BUFFERS, buffers.usedBytes(), buffers.area(), "used");
        }
        for (Readings.OfHandshakes handshakes : now.handshakes()) {
            put(out, Metric.TLS_HANDSHAKES, handshakes.good(), handshakes.side(), "good");
            put(out, Metric.TLS_HANDSHAKES, handshakes.failed(), handshakes.side(), "failed");
        }
        for (Readings.OfBudget budget : now.budgets()) {
            if (budget.tokens() >= 0) {
                put(out, Metric.BUDGET_LEFT_TOKENS, budget.tokens(), budget.caller());
            }
            if (budget.nanoDollars() >= 0) {
                put(out, Metric.BUDGET_LEFT_DOLLARS, budget.nanoDollars() / NANOS_A_SECOND,
                        budget.caller());
            }
        }
    }

    private static void read(Map<Metric, Map<List<String>, Double>> out, Readings.OfFleet fleet) {
        put(out, Metric.FLEET_NODES, fleet.nodes());
        put(out, Metric.FLEET_EXCHANGES, fleet.exchanges());
        put(out, Metric.FLEET_UNCONFIRMED, fleet.unconfirmed());
        put(out, Metric.FLEET_PENDING, fleet.pending());
        put(out, Metric.REDIS_CIRCUIT, openness(fleet.circuit()));
        fleet.commands().forEach((result, count) ->
                put(out, Metric.REDIS_COMMANDS, count, result));
        fleet.latencySeconds().forEach((quantile, seconds) ->
                put(out, Metric.REDIS_LATENCY, seconds, quantile));
    }

    private static double openness(String state) {
        return switch (state) {
            case "open" -> 1;
            case "half_open" -> 0.5;
            default -> 0;
        };
    }

    private static void put(Map<Metric, Map<List<String>, Double>> out, Metric metric,
            double value, String... labels) {
        out.computeIfAbsent(metric, key -> new HashMap<>()).put(List.of(labels), value);
    }
}

package io.penstock.observe;

import io.penstock.failure.Fault;
import io.penstock.json.JsonText;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;

/** The metrics as JSON: for each provider how many attempts there were, and how they went. */
final class MetricsJson {
    private static final Set<String> TIMEOUTS = Stream.of(Fault.values()).filter(Fault::isTimeout)
            .map(Fault::code).collect(Collectors.toUnmodifiableSet());
    private static final double NANOS_A_SECOND = TimeUnit.SECONDS.toNanos(1);

    private MetricsJson() {}

    /** The attempts at one provider. */
    private static final class Figures {
        final Map<String, Long> errors = new TreeMap<>();
        final Histogram contentMicros = new Histogram(LoopTimer.DIGITS);
        final Histogram goodMicros = new Histogram(LoopTimer.DIGITS);
        long total;
        long good;
        long failed;
        long goodNanos;

        void count(String outcome, long count) {
            total += count;
            switch (AttemptResult.of(outcome)) {
                case GOOD -> good += count;
                case FAILED -> {
                    failed += count;
                    errors.merge(name(outcome), count, Long::sum);
                }
                default -> errors.merge(outcome, count, Long::sum);
            }
        }

        /** The provider has counted these requests, too. */
        void countReplays(long count) {
            total += count;
            errors.merge("replayed", count, Long::sum);
        }

        private static String name(String outcome) {
            return LoopMetrics.isStatus(outcome) ? "http_" + outcome
                    : TIMEOUTS.contains(outcome) ? "timeout" : outcome;
        }

        void add(Figures other) {
            total += other.total;
            good += other.good;
            failed += other.failed;
            goodNanos += other.goodNanos;
            other.errors.forEach((name, count) -> errors.merge(name, count, Long::sum));
            contentMicros.add(other.contentMicros);
            goodMicros.add(other.goodMicros);
        }
    }

    static byte[] page(Metrics metrics, Readings now) {
        Map<String, Figures> providers = new TreeMap<>();
        now.providers().forEach(each -> providers.put(each.name(), new Figures()));
        metrics.counts(Metric.ATTEMPTS).forEach((labels, count) ->
                of(providers, labels).count(labels.get(2), count));
        metrics.counts(Metric.REPLAYS).forEach((labels, count) ->
                of(providers, labels).countReplays(count));
        metrics.times(Metric.ATTEMPT_DURATION).forEach((labels, timed) -> {
            if (labels.get(1).equals(LoopMetrics.GOOD)) {
                of(providers, labels).goodMicros.add(timed.micros());
                of(providers, labels).goodNanos += timed.sumNanos();
            }
        });
        metrics.times(Metric.ATTEMPT_FIRST_CONTENT).forEach((labels, timed) ->
                of(providers, labels).contentMicros.add(timed.micros()));
        Figures all = new Figures();
        providers.values().forEach(all::add);

        StringBuilder out = new StringBuilder("{\"uptime_seconds\":")
                .append(TimeUnit.NANOSECONDS.toSeconds(now.uptimeNanos()))
                .append(",\"open_exchanges\":").append(now.openExchanges())
                .append(",\"requests\":{");
        requests(out, metrics);
        figures(out.append("},\"total\":"), all);
        out.append(",\"providers\":{");
        providers.forEach((name, figures) -> {
            JsonText.quote(out.append(out.charAt(out.length() - 1) == '{' ? "" : ","), name);
            figures(out.append(':'), figures);
        });
        return out.append("}}").toString().getBytes(StandardCharsets.UTF_8);
    }

    private static Figures of(Map<String, Figures> providers, List<String> labels) {
        return providers.computeIfAbsent(labels.get(0), name -> new Figures());
    }

    private static void requests(StringBuilder out, Metrics metrics) {
        Map<String, Long> outcomes = new TreeMap<>();
        metrics.counts(Metric.REQUESTS).forEach((labels, count) ->
                outcomes.merge(labels.get(1), count, Long::sum));
        long total = outcomes.values().stream().mapToLong(Long::longValue).sum();
        out.append("\"total\":").append(total).append(",\"by_outcome\":{");
        outcomes.forEach((outcome, count) -> append(out, outcome, count));
        out.append('}');
    }

    /** The next member of an object; codes need no quoting. */
    private static void append(StringBuilder out, String code, long count) {
        out.append(out.charAt(out.length() - 1) == '{' ? "\"" : ",\"").append(code)
                .append("\":").append(count);
    }

    private static void figures(StringBuilder out, Figures of) {
        long decided = of.good + of.failed;
        out.append("{\"total_requests\":").append(of.total).append(",\"success_rate\":");
        number(out, decided == 0 ? Double.NaN : (double) of.good / decided, 1e6);
        out.append(",\"avg_response_time\":");
        long replies = of.goodMicros.getTotalCount();
        number(out, of.goodNanos / NANOS_A_SECOND / replies, 1e6);
        out.append(",\"error_counts\":{");
        of.errors.forEach((name, count) -> append(out, name, count));
        percentiles(out.append("},\"ttft_ms\":"), of.contentMicros);
        percentiles(out.append(",\"latency_ms\":"), of.goodMicros);
        out.append('}');
    }

    private static void percentiles(StringBuilder out, Histogram micros) {
        if (micros.getTotalCount() == 0) {
            out.append("null");
            return;
        }
        out.append("{\"p50\":").append(micros.getValueAtPercentile(50) / 1e3)
                .append(",\"p90\":").append(micros.getValueAtPercentile(90) / 1e3)
                .append(",\"p99\":").append(micros.getValueAtPercentile(99) / 1e3)
                .append(",\"p999\":").append(micros.getValueAtPercentile(99.9) / 1e3)
                .append(",\"max\":").append(micros.getMaxValue() / 1e3).append('}');
    }

    /** With a few digits; null where nothing is known. */
    private static void number(StringBuilder out, double value, double scale) {
        if (Double.isNaN(value)) {
            out.append("null");
        } else {
            out.append(Math.round(value * scale) / scale);
        }
    }
}

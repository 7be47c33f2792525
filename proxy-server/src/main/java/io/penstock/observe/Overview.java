package io.penstock.observe;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * How the proxy does, second by second: rates of the last second, percentiles of the last ten, and
 * a history of both for plots.
 *
 * <p><b>Thread:</b> confined to the one that takes the samples.
 * <br><b>Bounds:</b> {@value #WINDOW} samples and {@value #HISTORY} points of history are kept.
 */
public final class Overview {
    static final int WINDOW = 10;
    static final int HISTORY = 300;

    private static final int NANO_DIGITS = 9;
    private static final double MICROS_A_MILLI = 1000;
    private static final double NANOS_A_MILLI = TimeUnit.MILLISECONDS.toNanos(1);
    private static final double NANOS_A_SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long MAX_GAP_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final double[] PERCENTILES = {50, 90, 99};
    private static final String[] PERCENTILE_NAMES = {"p50", "p90", "p99"};

    /** Upper bounds of the bars of a provider's histogram; a last one holds what is longer. */
    private static final long[] BAR_MILLIS = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000,
        5000, 10_000, 20_000, 60_000};

    /** Sums, and when they were taken. */
    private record Sample(Sums sums, long nanos) {}

    /**
     * What a plot has of one moment; NaN where nothing was measured.
     *
     * @param times first content's three percentiles, then the duration's, in milliseconds
     */
    private record Point(long millis, double requests, double errors, double failovers, long open,
            double[] times) {}

    private final Deque<Sample> samples = new ArrayDeque<>();
    private final Deque<Point> history = new ArrayDeque<>();
    private @Nullable Readings now; // these two from the first sample on
    private @Nullable Point last;

    /** Takes a sample; after a while without any, rates begin anew. */
    public void sample(Sums sums, Readings readings, long nowNanos, long nowMillis) {
        Sample before = samples.peekLast();
        if (before != null && nowNanos - before.nanos() > MAX_GAP_NANOS) {
            samples.clear();
            before = null;
        }
        now = readings;
        samples.addLast(new Sample(sums, nowNanos));
        if (before == null) {
            last = null;
            return;
        }
        double seconds = (nowNanos - before.nanos()) / NANOS_A_SECOND;
        Sums earlier = samples.getFirst().sums();
        Histogram contents =
                Sums.between(earlier.firstContentMicros(), sums.firstContentMicros());
        Histogram durations = Sums.between(earlier.durationMicros(), sums.durationMicros());
        double[] times = new double[2 * PERCENTILES.length];
        for (int i = 0; i < PERCENTILES.length; i++) {
            times[i] = millis(contents, PERCENTILES[i]);
            times[PERCENTILES.length + i] = millis(durations, PERCENTILES[i]);
        }
        last = new Point(nowMillis, (sums.requests() - before.sums().requests()) / seconds,
                (sums.errors() - before.sums().errors()) / seconds,
                (sums.failovers() - before.sums().failovers()) / seconds,
                readings.openExchanges(), times);
        history.addLast(last);
        if (history.size() > HISTORY) {
            history.removeFirst();
        }
        if (samples.size() > WINDOW) {
            samples.removeFirst();
        }
    }

    private static double millis(Histogram micros, double percentile) {
        return micros.getTotalCount() == 0 ? Double.NaN
                : micros.getValueAtPercentile(percentile) / MICROS_A_MILLI;
    }

    /** Writes the last sample. */
    public void write(JsonGenerator out) throws IOException {
        Readings readings = now;
        Sample newest = samples.peekLast();
        out.writeStartObject();
        if (readings != null && newest != null) {
            Sums sums = newest.sums();
            readings(out, readings);
            out.writeNumberField("requests", sums.requests());
            out.writeNumberField("errors", sums.errors());
            out.writeObjectFieldStart("outcomes");
            for (var each : sums.outcomes().entrySet()) {
                out.writeNumberField(each.getKey(), each.getValue());
            }
            out.writeEndObject();
            out.writeNumberField("failovers", sums.failovers());
            out.writeNumberField("retries", sums.retries());
            out.writeNumberField("hedges", sums.hedges());
            out.writeNumberField("continuations", sums.continuations());
            out.writeNumberField("tokens", sums.tokens());
            out.writeNumberField("cost_usd", BigDecimal.valueOf(sums.nanoDollars(), NANO_DIGITS)
                    .stripTrailingZeros());
            rates(out);
            providers(out, readings, sums);
        }
        out.writeEndObject();
    }

    private static void readings(JsonGenerator out, Readings readings) throws IOException {
        out.writeStringField("version", readings.version());
        out.writeNumberField("uptime_seconds",
                TimeUnit.NANOSECONDS.toSeconds(readings.uptimeNanos()));
        out.writeBooleanField("ready", readings.ready());
        out.writeNumberField("open", readings.openExchanges());
        out.writeNumberField("queued",
                readings.loops().stream().mapToLong(Readings.OfLoop::queued).sum());
        out.writeNumberField("connections", readings.connections());
        out.writeNumberField("upstream_connections",
                readings.loops().stream().mapToLong(Readings.OfLoop::upstreamConnections).sum());
        out.writeNumberField("loop_lag_ms", readings.loops().stream()
                .mapToLong(Readings.OfLoop::lagNanos).max().orElse(0) / NANOS_A_MILLI);
    }

    private void rates(JsonGenerator out) throws IOException {
        Point point = last;
        number(out, "requests_per_second", point == null ? Double.NaN : point.requests());
        number(out, "errors_per_second", point == null ? Double.NaN : point.errors());
        number(out, "failovers_per_second", point == null ? Double.NaN : point.failovers());
        number(out, "tokens_per_second", tokensPerSecond());
        percentiles(out, "ttft_ms", point, 0);
        percentiles(out, "latency_ms", point, PERCENTILES.length);
        out.writeFieldName("point");
        if (point == null) {
            out.writeNull();
        } else {
            write(out, point);
        }
    }

    /** Over the window: the tokens of a reply are counted at its end, all at once. */
    private double tokensPerSecond() {
        Sample first = samples.peekFirst();
        Sample newest = samples.peekLast();
        return first == null || newest == null || samples.size() == 1 ? Double.NaN
                : (newest.sums().tokens() - first.sums().tokens())
                        / ((newest.nanos() - first.nanos()) / NANOS_A_SECOND);
    }

    private static void percentiles(JsonGenerator out, String name, @Nullable Point point,
            int from) throws IOException {
        out.writeFieldName(name);
        if (point == null || Double.isNaN(point.times()[from])) {
            out.writeNull();
            return;
        }
        out.writeStartObject();
        for (int i = 0; i < PERCENTILES.length; i++) {
            number(out, PERCENTILE_NAMES[i], point.times()[from + i]);
        }
        out.writeEndObject();
    }

    private void providers(JsonGenerator out, Readings readings, Sums sums) throws IOException {
        Sample first = samples.getFirst();
        Sample newest = samples.getLast();
        double seconds = (newest.nanos() - first.nanos()) / NANOS_A_SECOND;
        Sums.OfProvider none = new Sums.OfProvider(0, 0, new Histogram(LoopTimer.DIGITS));
        out.writeArrayFieldStart("providers");
        for (Readings.OfProvider each : readings.providers()) {
            Sums.OfProvider all = sums.providers().getOrDefault(each.name(), none);
            Sums.OfProvider before = first.sums().providers().getOrDefault(each.name(), none);
            Histogram contents = Sums.between(before.contentMicros(), all.contentMicros());
            out.writeStartObject();
            out.writeStringField("name", each.name());
            out.writeBooleanField("enabled", each.enabled());
            out.writeStringField("breaker", worst(each.targets()));
            out.writeNumberField("in_flight", each.inFlight());
            out.writeNumberField("waiting", each.waiting());
            out.writeNumberField("keys", each.keys());
            out.writeNumberField("keys_resting", each.keysResting());
            out.writeNumberField("attempts", all.attempts());
            out.writeNumberField("failed", all.failed());
            number(out, "attempts_per_second", seconds == 0 ? Double.NaN
                    : (all.attempts() - before.attempts()) / seconds);
            number(out, "failed_per_second", seconds == 0 ? Double.NaN
                    : (all.failed() - before.failed()) / seconds);
            number(out, "ttft_p50_ms", millis(contents, 50));
            number(out, "ttft_p99_ms", millis(contents, 99));
            bars(out, all.contentMicros());
            out.writeEndObject();
        }
        out.writeEndArray();
    }

    private static String worst(List<Readings.OfTarget> targets) {
        List<String> states = targets.stream().map(Readings.OfTarget::breaker).toList();
        return states.contains("open") ? "open"
                : states.contains("half_open") ? "half_open" : "closed";
    }

    private static void bars(JsonGenerator out, Histogram micros) throws IOException {
        long[] counts = new long[BAR_MILLIS.length + 1];
        int bar = 0;
        for (var value : micros.recordedValues()) {
            while (bar < BAR_MILLIS.length
                    && value.getValueIteratedTo() > BAR_MILLIS[bar] * MICROS_A_MILLI) {
                bar++;
            }
            counts[bar] += value.getCountAddedInThisIterationStep();
        }
        out.writeFieldName("ttft_bars");
        out.writeArray(counts, 0, counts.length);
    }

    /** Writes the history, the oldest point first, as {@link #write} writes {@code point}. */
    public void writeHistory(JsonGenerator out) throws IOException {
        out.writeStartObject();
        out.writeFieldName("bar_ms");
        out.writeArray(BAR_MILLIS, 0, BAR_MILLIS.length);
        out.writeArrayFieldStart("points");
        for (Point each : new ArrayList<>(history)) {
            write(out, each);
        }
        out.writeEndArray();
        out.writeEndObject();
    }

    private static void write(JsonGenerator out, Point point) throws IOException {
        out.writeStartArray();
        out.writeNumber(point.millis());
        number(out, point.requests());
        number(out, point.errors());
        number(out, point.failovers());
        out.writeNumber(point.open());
        for (double time : point.times()) {
            number(out, time);
        }
        out.writeEndArray();
    }

    private static void number(JsonGenerator out, String name, double value) throws IOException {
        out.writeFieldName(name);
        number(out, value);
    }

    private static void number(JsonGenerator out, double value) throws IOException {
        if (Double.isNaN(value)) {
            out.writeNull();
        } else {
            out.writeNumber(Math.round(value * 100) / 100.0);
        }
    }
}

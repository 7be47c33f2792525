package io.penstock.observe;

import io.penstock.loop.Counter;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What all finished exchanges come to. Each event loop counts for itself ({@link #forLoop}); the
 * thread that makes a page adds up.
 *
 * <p><b>Thread:</b> safe; a page takes a while, so none is made on an event loop.
 * <br><b>Bounds:</b> {@value #MAX_MODELS} models and {@value #MAX_CALLERS} callers, those of the
 * configuration first, then as they come; the others count as {@code other}.
 */
public final class Metrics {
    static final int MAX_MODELS = 500;
    static final int MAX_CALLERS = 500;

    private final List<LoopMetrics> loops = new CopyOnWriteArrayList<>();
    private final BoundedNames models = new BoundedNames(MAX_MODELS);
    private final BoundedNames callers = new BoundedNames(MAX_CALLERS);
    private final Map<Metric, Map<List<String>, Histogram>> distributions =
            new EnumMap<>(Metric.class); // guarded by this, with the loops' recorders
    private final PrometheusPage prometheus = new PrometheusPage();

    /**
     * Durations with the same labels, of all loops: {@code micros} to a hundredth.
     *
     * @param samples one of each bucket that has any
     */
    record Timed(Histogram micros, long sumNanos, List<TraceSample> samples) {}

    /** A page, in the form that was asked for. */
    public record Page(String contentType, byte[] body) {}

    /** Counts the exchanges of one event loop. */
    public LoopMetrics forLoop() {
        LoopMetrics loop = new LoopMetrics(models, callers);
        loops.add(loop);
        return loop;
    }

    /** These models have figures of their own, whatever else is asked for. */
    public void expectModels(Iterable<String> names) {
        names.forEach(models::of);
    }

    /** These callers have figures of their own, whoever else calls. */
    public void expectCallers(Iterable<String> ids) {
        ids.forEach(callers::of);
    }

    /**
     * Makes the page; nothing else is counted out meanwhile.
     *
     * @param accept as the request has it; null for none
     * @param operator figures of single callers are shown
     */
    public synchronized Page page(@Nullable String accept, Readings now, boolean operator) {
        return switch (PageFormat.of(accept)) {
            case JSON -> new Page("application/json", MetricsJson.page(this, now));
            case PROMETHEUS -> prometheus.text(this, now, operator);
            case OPEN_METRICS -> prometheus.openMetrics(this, now, operator);
        };
    }

    /** What all exchanges have come to so far. */
    public synchronized Sums sums() {
        return Sums.of(this);
    }

    /** The sums of a counter, by the values of its labels; while a page is made. */
    Map<List<String>, Long> counts(Metric metric) {
        Map<List<String>, Long> sums = new HashMap<>();
        forEach(metric, (labels, count) -> sums.merge(labels, count.get(), Long::sum));
        return sums;
    }

    private void forEach(Metric metric, BiConsumer<List<String>, Counter> action) {
        loops.forEach(loop -> loop.counter(metric).forEach(action));
    }

    /** All durations of a metric since the start, by the values of its labels; likewise. */
    Map<List<String>, Timed> times(Metric metric) {
        Map<List<String>, Histogram> totals =
                distributions.computeIfAbsent(metric, key -> new HashMap<>());
        Map<List<String>, Long> sums = new HashMap<>();
        Map<List<String>, @Nullable TraceSample[]> samples = new HashMap<>();
        for (LoopMetrics loop : loops) {
            loop.timer(metric).forEach((labels, timer) -> {
                timer.drainTo(totals.computeIfAbsent(labels,
                        key -> new Histogram(LoopTimer.DIGITS)));
                sums.merge(labels, timer.sumNanos(), Long::sum);
                timer.addTo(samples.computeIfAbsent(labels,
                        key -> new TraceSample[Buckets.SECONDS.length]));
            });
        }
        Map<List<String>, Timed> times = new HashMap<>();
        totals.forEach((labels, total) ->
                times.put(labels, new Timed(total, sums.getOrDefault(labels, 0L),
                        present(samples.get(labels)))));
        return times;
    }

    private static List<TraceSample> present(@Nullable TraceSample @Nullable [] samples) {
        return samples == null ? List.of()
                : Stream.of(samples).filter(Objects::nonNull).toList();
    }
}

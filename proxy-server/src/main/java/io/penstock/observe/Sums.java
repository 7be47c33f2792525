package io.penstock.observe;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/**
 * What all exchanges have come to since the start, at one moment: two of them a while apart say
 * what happened meanwhile.
 *
 * <p><b>Thread:</b> immutable but for the histograms, which are the reader's own.
 *
 * @param outcomes requests by how they ended, {@code ok} or an error code
 * @param firstContentMicros from the head of a request to the first content for its caller
 * @param durationMicros from the head of a request to the end of its reply
 * @param providers attempts by provider
 */
public record Sums(Map<String, Long> outcomes, long failovers, long retries, long hedges,
        long continuations, long tokens, long nanoDollars, Histogram firstContentMicros,
        Histogram durationMicros, Map<String, OfProvider> providers) {

    /** Outcomes that are no error of anybody's: a good reply, and a caller that went away. */
    private static final List<String> NO_ERRORS = List.of("ok", "caller_gone");

    /**
     * The attempts at one provider.
     *
     * @param failed by the provider's doing
     * @param contentMicros from the beginning of a streamed attempt to its first content
     */
    public record OfProvider(long attempts, long failed, Histogram contentMicros) {}

    static Sums of(Metrics metrics) {
        Map<String, Long> outcomes = new TreeMap<>();
        metrics.counts(Metric.REQUESTS).forEach((labels, count) ->
                outcomes.merge(labels.get(1), count, Long::sum));
        Map<String, long[]> attempts = new TreeMap<>();
        metrics.counts(Metric.ATTEMPTS).forEach((labels, count) -> {
            long[] sums = attempts.computeIfAbsent(labels.get(0), name -> new long[2]);
            sums[0] += count;
            sums[1] += AttemptResult.of(labels.get(2)) == AttemptResult.FAILED ? count : 0;
        });
        Map<String, Histogram> contents = new TreeMap<>();
        metrics.times(Metric.ATTEMPT_FIRST_CONTENT).forEach((labels, timed) ->
                contents.computeIfAbsent(labels.get(0), name -> empty()).add(timed.micros()));
        Map<String, OfProvider> providers = new TreeMap<>();
        attempts.forEach((name, sums) -> providers.put(name, new OfProvider(sums[0], sums[1],
                contents.getOrDefault(name, empty()))));
        return new Sums(outcomes, total(metrics, Metric.FAILOVERS),
                total(metrics, Metric.RETRIES), total(metrics, Metric.HEDGES),
                total(metrics, Metric.CONTINUATIONS), tokens(metrics),
                total(metrics, Metric.COST), all(metrics, Metric.FIRST_CONTENT),
                all(metrics, Metric.REQUEST_DURATION), providers);
    }

    private static long total(Metrics metrics, Metric metric) {
        return metrics.counts(metric).values().stream().mapToLong(Long::longValue).sum();
    }

    private static long tokens(Metrics metrics) {
        return metrics.counts(Metric.TOKENS).entrySet().stream()
                .filter(each -> List.of("prompt", "completion").contains(each.getKey().get(2)))
                .mapToLong(Map.Entry::getValue).sum();
    }

    private static Histogram all(Metrics metrics, Metric metric) {
        Histogram all = empty();
        metrics.times(metric).values().forEach(timed -> all.add(timed.micros()));
        return all;
    }

    private static Histogram empty() {
        return new Histogram(LoopTimer.DIGITS);
    }

    /** Requests that were answered. */
    long requests() {
        return outcomes.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Those of them that ended in an error, a provider's that was passed on included. */
    long errors() {
        return requests() - NO_ERRORS.stream().mapToLong(each ->
                outcomes.getOrDefault(each, 0L)).sum();
    }

    /** What was recorded in one of two histograms and not yet in the earlier. */
    static Histogram between(Histogram earlier, Histogram later) {
        Histogram between = later.copy();
        between.subtract(earlier);
        return between;
    }
}

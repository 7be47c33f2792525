package io.penstock.upstream;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A provider's {@code limits} section: how many calls it gets at once, and how many wait.
 *
 * @param concurrent calls in flight, all event loops together; null for no limit
 * @param queue calls that may wait for a slot or a connection, shared out among the event loops,
 *     rounded up
 * @param queueTime how long each of them waits at most
 * @param adaptive the limit follows the time to first content, up to {@code concurrent}
 * @param minConcurrent how low it may get
 */
public record LoadSettings(@Nullable Integer concurrent, int queue, Duration queueTime,
        boolean adaptive, int minConcurrent) {

    public static final LoadSettings DEFAULT =
            new LoadSettings(null, 1024, Duration.ofSeconds(1), false, 1);

    public LoadSettings {
        if (concurrent != null && concurrent < 1) {
            throw new IllegalArgumentException("concurrent: " + concurrent + " (expected: >= 1)");
        }
        if (queue < 0) {
            throw new IllegalArgumentException("queue: " + queue + " (expected: >= 0)");
        }
        if (queueTime.isNegative()) {
            throw new IllegalArgumentException("queue_time: " + queueTime + " (expected: >= 0)");
        }
        if (adaptive && concurrent == null) {
            throw new IllegalArgumentException(
                    "adaptive: there is nothing to adapt (expected: concurrent as its maximum)");
        }
        if (minConcurrent < 1 || concurrent != null && minConcurrent > concurrent) {
            throw new IllegalArgumentException("min_concurrent: " + minConcurrent
                    + " (expected: 1 to concurrent)");
        }
    }
}

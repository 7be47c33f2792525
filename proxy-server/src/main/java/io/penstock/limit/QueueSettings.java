package io.penstock.limit;

import java.time.Duration;

/**
 * The {@code limits.queue} section: calls that wait where {@code concurrent} others are in flight.
 *
 * @param size calls that may wait, shared out among the event loops, rounded up; 0 for none
 * @param time how long each of them waits at most
 */
public record QueueSettings(int size, Duration time) {
    public static final QueueSettings NONE = new QueueSettings(0, Duration.ofSeconds(1));

    public QueueSettings {
        if (size < 0) {
            throw new IllegalArgumentException("size: " + size + " (expected: >= 0)");
        }
        if (time.isNegative() || time.isZero()) {
            throw new IllegalArgumentException("time: " + time + " (expected: > 0)");
        }
    }
}

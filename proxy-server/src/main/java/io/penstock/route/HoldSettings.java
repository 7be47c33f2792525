package io.penstock.route;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What an attempt must show before the caller sees any of it.
 *
 * @param contentEvents content events of a stream
 * @param bytes held at most; a reply that fills this is committed as it stands
 * @param time held at most; null for as long as the timers allow
 * @param minEventsPerSecond of content, on average over that time; a slower stream is left for the
 *     next target, if there is one; 0 for any speed
 */
public record HoldSettings(int contentEvents, int bytes, @Nullable Duration time,
        int minEventsPerSecond) {
    public static final HoldSettings DEFAULT = new HoldSettings(1, 64 * 1024, null);

    /** One that takes any speed. */
    public HoldSettings(int contentEvents, int bytes, @Nullable Duration time) {
        this(contentEvents, bytes, time, 0);
    }

    public HoldSettings {
        if (contentEvents < 1 || contentEvents > 1000) {
            throw new IllegalArgumentException(
                    "content_events: " + contentEvents + " (expected: 1 to 1000)");
        }
        if (bytes < 1024 || bytes > 16 * 1024 * 1024) {
            throw new IllegalArgumentException("bytes: " + bytes + " (expected: 1KiB to 16MiB)");
        }
        if (time != null && (time.isNegative() || time.isZero())) {
            throw new IllegalArgumentException("time: " + time + " (expected: > 0)");
        }
        if (minEventsPerSecond < 0 || minEventsPerSecond > 0 && time == null) {
            throw new IllegalArgumentException("min_events_per_second: " + minEventsPerSecond
                    + " (expected: 0, or more together with a time to measure it over)");
        }
    }

    /** Whether so many content events are too few for that time. */
    public boolean isTooSlow(int events, Duration over) {
        return minEventsPerSecond > 0
                && events * 1e9 < (double) minEventsPerSecond * over.toNanos();
    }
}

package io.penstock.route;

import java.time.Duration;

/**
 * What an attempt must show before the caller sees any of it.
 *
 * @param contentEvents content events of a stream
 * @param bytes held at most; a reply that fills this is committed as it stands
 * @param time held at most; null for as long as the timers allow
 */
public record HoldSettings(int contentEvents, int bytes, Duration time) {
    public static final HoldSettings DEFAULT = new HoldSettings(1, 64 * 1024, null);

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
    }
}

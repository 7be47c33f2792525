package io.penstock.route;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When a second target is asked because the first is slow.
 *
 * @param percentile of the first one's recent times to first content, 0.5 to 0.99; 0 where {@code
 *     after} says it
 * @param after a fixed time in place of the percentile; null where there is none
 * @param maxRatio hedged calls as a share of all calls, at most
 */
public record HedgeSettings(double percentile, @Nullable Duration after, double maxRatio) {
    public HedgeSettings {
        if (after == null ? !(percentile >= 0.5 && percentile <= 0.99) : percentile != 0) {
            throw new IllegalArgumentException(
                    "after: " + percentile + " (expected: p50 to p99, or a duration)");
        }
        if (after != null && (after.isNegative() || after.isZero())) {
            throw new IllegalArgumentException("after: " + after + " (expected: > 0)");
        }
        if (!(maxRatio >= 0 && maxRatio <= 1)) {
            throw new IllegalArgumentException(
                    "max_ratio: " + maxRatio + " (expected: 0 to 1)");
        }
    }
}

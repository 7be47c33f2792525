package io.penstock.upstream;

import java.time.Duration;

/**
 * The {@code breaker} section: when a provider's model is left alone for a while.
 *
 * @param failureRatio failures as a share of a window's calls, from which on it opens
 * @param minRequests calls that a window must have seen
 * @param window how far back calls count
 * @param openFor how long a target is left alone
 * @param halfOpenProbes calls at a time that try it again, and that have to go well
 */
public record BreakerSettings(boolean enabled, double failureRatio, int minRequests,
        Duration window, Duration openFor, int halfOpenProbes) {

    private static final Duration LEAST_WINDOW = Duration.ofMillis(10);

    public static final BreakerSettings DEFAULT = new BreakerSettings(true, 0.5, 20,
            Duration.ofSeconds(30), Duration.ofSeconds(15), 3);

    public BreakerSettings {
        if (!(failureRatio > 0 && failureRatio <= 1)) {
            throw new IllegalArgumentException(
                    "failure_ratio: " + failureRatio + " (expected: > 0, 1 at most)");
        }
        if (minRequests < 1) {
            throw new IllegalArgumentException(
                    "min_requests: " + minRequests + " (expected: >= 1)");
        }
        if (window.compareTo(LEAST_WINDOW) < 0) {
            throw new IllegalArgumentException("window: " + window + " (expected: >= 10ms)");
        }
        if (openFor.isNegative() || openFor.isZero()) {
            throw new IllegalArgumentException("open_for: " + openFor + " (expected: > 0)");
        }
        if (halfOpenProbes < 1) {
            throw new IllegalArgumentException(
                    "half_open_probes: " + halfOpenProbes + " (expected: >= 1)");
        }
    }
}

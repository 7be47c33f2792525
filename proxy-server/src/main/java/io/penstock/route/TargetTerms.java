package io.penstock.route;

import org.jspecify.annotations.Nullable;

/**
 * On what terms a route's target is asked.
 *
 * @param weight its share of the calls, relative to the others
 * @param contextWindow tokens that the model takes; {@link #UNBOUNDED} where that is not said
 * @param timeouts in place of the provider's own, if any
 */
public record TargetTerms(int weight, int contextWindow, @Nullable TargetTimeouts timeouts) {
    public static final int UNBOUNDED = Integer.MAX_VALUE;
    static final int MAX_WEIGHT = 1_000_000;

    public static final TargetTerms DEFAULT = new TargetTerms(1, UNBOUNDED, null);

    public TargetTerms {
        if (weight < 1 || weight > MAX_WEIGHT) {
            throw new IllegalArgumentException(
                    "weight: " + weight + " (expected: 1 to " + MAX_WEIGHT + ")");
        }
        if (contextWindow < 1) {
            throw new IllegalArgumentException(
                    "context_window: " + contextWindow + " (expected: >= 1)");
        }
    }
}

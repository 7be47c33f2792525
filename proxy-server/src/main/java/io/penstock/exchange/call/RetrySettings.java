package io.penstock.exchange.call;

import java.time.Duration;

/**
 * The {@code retry} section.
 *
 * @param maxAttempts tries of one exchange, over all targets
 * @param sameTarget further tries of a target after a fault that looks transient
 * @param waitForRetryAfter how long a provider's {@code retry-after} may be waited out on the same
 *     target while others are left
 * @param budgetRatio tries beyond the first on one provider, as a share of its recent calls
 */
public record RetrySettings(int maxAttempts, int sameTarget, Duration waitForRetryAfter,
        double budgetRatio) {

    public static final RetrySettings DEFAULT = new RetrySettings(4, 1, Duration.ZERO, 0.2);

    RetrySettings ofOneAttempt() {
        return new RetrySettings(1, 0, Duration.ZERO, budgetRatio);
    }

    public RetrySettings {
        if (maxAttempts < 1 || maxAttempts > 100) {
            throw new IllegalArgumentException(
                    "max_attempts: " + maxAttempts + " (expected: 1 to 100)");
        }
        if (sameTarget < 0 || sameTarget > 10) {
            throw new IllegalArgumentException(
                    "same_target: " + sameTarget + " (expected: 0 to 10)");
        }
        if (waitForRetryAfter.isNegative()) {
            throw new IllegalArgumentException(
                    "wait_for_retry_after: " + waitForRetryAfter + " (expected: >= 0)");
        }
        if (!(budgetRatio >= 0 && budgetRatio <= 10)) {
            throw new IllegalArgumentException(
                    "budget_ratio: " + budgetRatio + " (expected: 0 to 10)");
        }
    }
}

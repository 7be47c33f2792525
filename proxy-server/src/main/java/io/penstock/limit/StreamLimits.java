package io.penstock.limit;

import java.time.Duration;

/**
 * Bounds on what streams through without being kept.
 *
 * @param uploadBytes one request's body that is sent on as it comes
 * @param tunnelIdle how long a tunnel stays open without a byte either way
 * @param tunnelTotal how long it stays open at all
 */
public record StreamLimits(long uploadBytes, Duration tunnelIdle, Duration tunnelTotal) {
    public static final StreamLimits DEFAULT = new StreamLimits(1024L * 1024 * 1024,
            Duration.ofMinutes(10), Duration.ofMinutes(60));

    public StreamLimits {
        positive("idle", tunnelIdle);
        positive("total", tunnelTotal);
    }

    private static void positive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: > 0)");
        }
    }
}

package io.penstock.route;

import java.time.Duration;

/**
 * What a target says of the six timers in place of its provider; null where it says nothing.
 *
 * @param head for a unary reply, too, since it was set by hand
 */
public record TargetTimeouts(Duration connect, Duration tls, Duration head, Duration firstContent,
        Duration gap, Duration total) {
    public TargetTimeouts {
        positive("connect", connect);
        positive("tls", tls);
        positive("head", head);
        positive("first_content", firstContent);
        positive("gap", gap);
        positive("total", total);
    }

    private static void positive(String name, Duration value) {
        if (value != null && (value.isNegative() || value.isZero())) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: > 0)");
        }
    }
}

package io.penstock.route;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a target says of the six timers in place of its provider.
 *
 * @param head for a unary reply, too, since it was set by hand
 */
public record TargetTimeouts(@Nullable Duration connect, @Nullable Duration tls,
        @Nullable Duration head, @Nullable Duration firstContent, @Nullable Duration gap,
        @Nullable Duration total) {
    public TargetTimeouts {
        positive("connect", connect);
        positive("tls", tls);
        positive("head", head);
        positive("first_content", firstContent);
        positive("gap", gap);
        positive("total", total);
    }

    private static void positive(String name, @Nullable Duration value) {
        if (value != null && (value.isNegative() || value.isZero())) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: > 0)");
        }
    }
}

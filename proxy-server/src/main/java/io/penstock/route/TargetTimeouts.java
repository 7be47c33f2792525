package io.penstock.route;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a target says of the six timers in place of its provider.
 *
 * @param head for a streamed reply
 * @param headOfUnary for a unary reply
 */
public record TargetTimeouts(@Nullable Duration connect, @Nullable Duration tls,
        @Nullable Duration head, @Nullable Duration headOfUnary,
        @Nullable Duration firstContent, @Nullable Duration gap, @Nullable Duration total) {
    public static final TargetTimeouts NONE =
            new TargetTimeouts(null, null, null, null, null, null, null);

    public TargetTimeouts {
        positive("connect", connect);
        positive("tls", tls);
        positive("head", head);
        positive("head", headOfUnary);
        positive("first_content", firstContent);
        positive("gap", gap);
        positive("total", total);
    }

    /** One whose {@code head} was set by hand, so that it holds for unary replies, too. */
    public TargetTimeouts(@Nullable Duration connect, @Nullable Duration tls,
            @Nullable Duration head, @Nullable Duration firstContent, @Nullable Duration gap,
            @Nullable Duration total) {
        this(connect, tls, head, head, firstContent, gap, total);
    }

    private static void positive(String name, @Nullable Duration value) {
        if (value != null && (value.isNegative() || value.isZero())) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: > 0)");
        }
    }
}

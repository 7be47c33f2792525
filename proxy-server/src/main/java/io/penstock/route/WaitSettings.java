package io.penstock.route;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long the wait that a target asked for may be waited out.
 *
 * @param besideOthers while other targets are left; null leaves it to {@code retry}
 * @param alone when no other target is left
 */
public record WaitSettings(@Nullable Duration besideOthers, Duration alone) {
    public static final WaitSettings DEFAULT = new WaitSettings(null, Duration.ofSeconds(10));

    public WaitSettings {
        if (besideOthers != null && besideOthers.isNegative() || alone.isNegative()) {
            throw new IllegalArgumentException("negative (expected: >= 0)");
        }
    }
}

package io.penstock.redis;

import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The {@code redis} section. Reading it loads no client.
 *
 * @param url where the server is; null for a proxy that shares nothing
 * @param onFailure what follows while the server cannot be asked
 * @param prefix of every key
 * @param ca certificates (PEM) that the server's must come from; null for those of the JDK
 */
public record RedisSettings(@Nullable RedisUrl url, OnFailure onFailure, String prefix,
        @Nullable Path ca) {
    private static final Pattern PREFIX = Pattern.compile("[!-z|~]{1,64}");

    public static final RedisSettings NONE =
            new RedisSettings(null, OnFailure.LOCAL, "penstock:", null);

    /** What becomes of callers with limits while the server cannot be asked. */
    public enum OnFailure {
        /** Each node applies the limits by itself, whole ones. */
        LOCAL,
        /** Calls that would need the server's count are refused. */
        REJECT
    }

    public RedisSettings {
        if (!PREFIX.matcher(prefix).matches()) {
            throw new IllegalArgumentException("prefix: unexpected value (expected: 1 to 64 "
                    + "printable characters without blanks and braces)");
        }
    }

    public boolean isOn() {
        return url != null;
    }
}

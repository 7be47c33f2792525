package io.penstock.cache;

import java.time.Duration;

/**
 * The {@code cache} section.
 *
 * @param ttl how long a reply is given again, where its route says nothing else
 * @param maxBytes of all replies that are kept
 */
public record CacheSettings(boolean enabled, Duration ttl, long maxBytes, Scope scope,
        Replay replay) {
    public static final CacheSettings DEFAULT = new CacheSettings(false, Duration.ofMinutes(5),
            256L * 1024 * 1024, Scope.KEY, Replay.FAST);

    /** Who may be given a reply again. */
    public enum Scope {
        /** The caller that got it. */
        KEY,
        /** Every caller that may use the model. */
        SHARED
    }

    /** At which pace the events of a stream are given again. */
    public enum Replay {
        /** As fast as the caller takes them. */
        FAST,
        /** Spread over the time that the provider took. */
        PACED
    }

    public CacheSettings {
        if (ttl.isNegative() || ttl.isZero()) {
            throw new IllegalArgumentException("ttl: " + ttl + " (expected: > 0)");
        }
        if (maxBytes < 1) {
            throw new IllegalArgumentException("maxBytes: " + maxBytes + " (expected: >= 1)");
        }
    }
}

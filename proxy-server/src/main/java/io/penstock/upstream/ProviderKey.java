package io.penstock.upstream;

import java.nio.charset.StandardCharsets;

/**
 * One key of a provider at run time, and how long it rests.
 *
 * <p><b>Thread:</b> safe; the cooldown is a race between equals, and the longer one wins.
 */
public final class ProviderKey {
    private final KeySettings settings;
    private final byte[] credentialLine;
    private volatile long restsUntilNanos;
    private volatile boolean resting;
    private volatile boolean byProvidersWord;
    private int share; // smooth weighted round robin; guarded by the pool

    ProviderKey(ProviderType.KeyHeader field, KeySettings settings) {
        this.settings = settings;
        String name = switch (field) {
            case BEARER -> "authorization: Bearer ";
            case X_API_KEY -> "x-api-key: ";
            case API_KEY -> "api-key: ";
            case X_GOOG_API_KEY -> "x-goog-api-key: ";
        };
        credentialLine = (name + settings.value() + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    /** The whole field line that shows the key to its provider; not to be changed. */
    public byte[] credentialLine() {
        return credentialLine;
    }

    public String masked() {
        return settings.masked();
    }

    /**
     * Lets the key rest.
     *
     * @param byProvidersWord the provider said how long; else it is a guess, and the key may still
     *     be
     *     asked when nothing else is left
     */
    public void rest(long nowNanos, long nanos, boolean byProvidersWord) {
        long until = nowNanos + nanos;
        if (!resting || until - restsUntilNanos > 0) {
            restsUntilNanos = until;
            this.byProvidersWord = byProvidersWord;
            resting = true;
        }
    }

    /** Nanoseconds of rest left; 0 if it doesn't rest. */
    public long restNanos(long nowNanos) {
        return resting ? Math.max(0, restsUntilNanos - nowNanos) : 0;
    }

    boolean restsByProvidersWord() {
        return byProvidersWord;
    }

    int weight() {
        return settings.weight();
    }

    int share() {
        return share;
    }

    void setShare(int share) {
        this.share = share;
    }
}

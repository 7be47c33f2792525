package io.penstock.upstream;

import io.penstock.provider.Authorization;

/**
 * One key of a provider at run time, and how long it rests.
 *
 * <p><b>Thread:</b> safe; the cooldown is a race between equals, and the longer one wins.
 */
public final class ProviderKey {
    private static final int SHOWN_CHARS = 4; // of a key that is masked

    private final KeySettings settings;
    private final Authorization authorization; // null where nothing is shown
    private volatile long restsUntilNanos;
    private volatile boolean resting;
    private volatile boolean byProvidersWord;
    private int share; // smooth weighted round robin; guarded by the pool

    ProviderKey(KeySettings settings, Authorization authorization) {
        this.settings = settings;
        this.authorization = authorization;
    }

    Authorization authorization() {
        return authorization;
    }

    String value() {
        return settings.value();
    }

    /** Whether a text shows the key, or the end of it behind asterisks, dots or the like. */
    public boolean isShownIn(String text) {
        String value = settings.value();
        if (text.contains(value)) {
            return true;
        }
        String end = value.substring(Math.max(0, value.length() - SHOWN_CHARS));
        for (int at = text.indexOf(end); at >= 0; at = text.indexOf(end, at + 1)) {
            if (at > 0 && "*.\u2026\u2022xX".indexOf(text.charAt(at - 1)) >= 0) {
                return true;
            }
        }
        return false;
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

package io.penstock.exchange.call;

import java.util.Locale;

/** What the response cache was to one call. */
public enum CacheUse {
    /** It had the reply. */
    HIT,
    /** It had none: the reply is this call's own, and may be given again. */
    MISS,
    /** It was not asked, and keeps nothing. */
    BYPASS,
    /** A call like it was under way, whose reply it got too. */
    JOINED;

    private final String word = name().toLowerCase(Locale.ROOT);

    /** As it stands in {@code x-penstock-cache}, in the log and in the metrics. */
    public String word() {
        return word;
    }
}

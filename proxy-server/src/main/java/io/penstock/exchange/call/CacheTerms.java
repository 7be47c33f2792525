package io.penstock.exchange.call;

import io.penstock.cache.CacheKey;
import io.penstock.cache.ReplyCache;
import io.penstock.cache.ReplyKind;

/**
 * How the reply to a call may be given again, or be another's.
 *
 * @param key what such calls have in common; null where this one is to be on its own
 * @param kind the shape that the caller reads
 * @param ttlNanos how long its reply may be given again
 * @param paced events are given at the pace at which they came
 * @param reshaper makes of a reply in another shape one in the caller's
 */
public record CacheTerms(CacheKey key, ReplyKind kind, long ttlNanos, boolean paced,
        ReplyCache.Reshaper reshaper) {
    private static final CacheTerms BYPASS =
            new CacheTerms(null, ReplyKind.WHOLE, 0, false, (reply, to) -> null);

    /** The terms of a call that is to be on its own. */
    public static CacheTerms bypass() {
        return BYPASS;
    }
}

package io.penstock.exchange.failover;

import io.penstock.provider.ReplyVerdict;
import io.penstock.upstream.ProviderKey;
import io.penstock.upstream.RetryAfter;
import java.util.concurrent.TimeUnit;

/** How long a key rests after an error reply, and how long its provider asks callers to wait. */
final class KeyRest {
    private static final long GUESSED_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long BAD_KEY_NANOS = TimeUnit.SECONDS.toNanos(60);

    private KeyRest() {}

    /**
     * Lets the key rest if the reply says that it should.
     *
     * @param key null where the provider wants none
     * @param retryAfterNanos what the reply says, or {@link RetryAfter#NONE}
     * @return how long the same target should be left alone, or {@link RetryAfter#NONE}
     */
    static long after(ReplyVerdict verdict, int status, String errorText, long retryAfterNanos,
            ProviderKey key, long nowNanos) {
        if (verdict == ReplyVerdict.BAD_KEY && key != null) {
            key.rest(nowNanos, BAD_KEY_NANOS, false);
            return RetryAfter.NONE;
        }
        boolean limited = verdict == ReplyVerdict.RATE_LIMITED;
        if (limited && ReplyVerdict.isTooLarge(errorText)) {
            return RetryAfter.NONE; // this request never fits; others do
        }
        if (limited && ReplyVerdict.isQuotaSpent(errorText)) {
            if (key != null) {
                key.rest(nowNanos, Math.max(retryAfterNanos, BAD_KEY_NANOS), false);
            }
            return RetryAfter.NONE;
        }
        if (key != null && (limited || status == 503 && retryAfterNanos > 0)) {
            key.rest(nowNanos, retryAfterNanos > 0 ? retryAfterNanos : GUESSED_NANOS,
                    retryAfterNanos > 0);
        }
        return limited || status == 503 ? retryAfterNanos : RetryAfter.NONE;
    }
}

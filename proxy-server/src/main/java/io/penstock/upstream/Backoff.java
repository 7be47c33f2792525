package io.penstock.upstream;

import io.penstock.provider.ReplyVerdict;
import java.util.concurrent.TimeUnit;

/**
 * What an error reply says about asking again: what shall rest, for how long, and how long to wait
 * before the same target is asked once more. A value without effect; {@link KeyPool#rest} applies
 * it.
 *
 * @param restNanos how long {@code scope} shall not be asked; 0 with {@link Scope#NOTHING}
 * @param byProvidersWord the provider said how long; else it is a guess, and what rests may still
 *     be asked when no other target is left
 * @param waitNanos after which the same target may be asked; {@link RetryAfter#NONE} if the reply
 *     doesn't say or waiting can't help
 */
public record Backoff(Scope scope, long restNanos, boolean byProvidersWord, long waitNanos) {
    /** How long what is limited rests if its provider doesn't say. */
    static final long GUESSED_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** How long a key rests that is refused, or whose account is empty. */
    static final long BAD_KEY_NANOS = TimeUnit.SECONDS.toNanos(60);

    /** What rests. */
    public enum Scope {
        NOTHING,
        /** The one model that was asked for; where the provider wants no key, too. */
        MODEL,
        /** The key for all its models. */
        KEY,
        /** The key rests, unless the provider wants none: then no key can be wrong. */
        BAD_KEY
    }

    /**
     * Decides by an error reply.
     *
     * @param text the beginning of its body
     * @param ofWholeKey the reply says that its limit is of the key or account, not of the model
     * @param retryAfterNanos what the reply says, or {@link RetryAfter#NONE}
     */
    static Backoff of(ReplyVerdict verdict, int status, String text, boolean ofWholeKey,
            long retryAfterNanos) {
        return switch (verdict) {
            case BAD_KEY -> new Backoff(Scope.BAD_KEY, BAD_KEY_NANOS, false, RetryAfter.NONE);
            case RATE_LIMITED -> limited(text, ofWholeKey, retryAfterNanos);
            case TRANSIENT, FAULTY -> asksForTime(status)
                    ? new Backoff(retryAfterNanos > 0 ? Scope.MODEL : Scope.NOTHING,
                            Math.max(0, retryAfterNanos), retryAfterNanos > 0, retryAfterNanos)
                    : nothing();
            case GOOD, CALLERS_FAULT, CONTEXT_LENGTH, UNKNOWN_FIELD -> nothing();
        };
    }

    private static Backoff limited(String text, boolean ofWholeKey, long retryAfterNanos) {
        if (ReplyVerdict.isTooLarge(text)) {
            return nothing(); // this request never fits; others do
        }
        if (ReplyVerdict.isQuotaSpent(text)) {
            return new Backoff(Scope.KEY, Math.max(retryAfterNanos, BAD_KEY_NANOS), false,
                    RetryAfter.NONE);
        }
        boolean said = retryAfterNanos > 0;
        return new Backoff(ofWholeKey ? Scope.KEY : Scope.MODEL,
                said ? retryAfterNanos : GUESSED_NANOS, said, retryAfterNanos);
    }

    /** Whether a {@code retry-after} of that status means that the request may succeed then. */
    private static boolean asksForTime(int status) {
        return status >= 500 || status == 408 || status == 425 || status == 498;
    }

    private static Backoff nothing() {
        return new Backoff(Scope.NOTHING, 0, false, RetryAfter.NONE);
    }
}

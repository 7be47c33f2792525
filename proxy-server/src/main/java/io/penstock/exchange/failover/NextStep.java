package io.penstock.exchange.failover;

import io.penstock.exchange.call.RetrySettings;
import io.penstock.route.WaitSettings;
import io.penstock.upstream.RetryAfter;
import java.time.Duration;

/**
 * What follows a failed attempt: the rules of failover, as one function of what is known at that
 * moment.
 *
 * @param nanos for {@link Kind#WAIT} how long; for {@link Kind#NEXT_TARGET} how long to wait for
 *     the same target if no other is left, or {@link RetryAfter#NONE}
 */
record NextStep(Kind kind, long nanos) {
    private static final NextStep NOTHING = new NextStep(Kind.NOTHING, 0);
    private static final NextStep OTHER_KEY = new NextStep(Kind.OTHER_KEY, 0);
    private static final NextStep AGAIN = new NextStep(Kind.AGAIN, 0);

    enum Kind {
        /** Ask the same target at once, with another key. */
        OTHER_KEY,
        /** Ask the same target after a short pause. */
        AGAIN,
        /** Ask the same target after the wait that it asked for. */
        WAIT,
        /** Ask another target, if one is left. */
        NEXT_TARGET,
        /** Make no further attempt. */
        NOTHING
    }

    /**
     * What is known when an attempt has failed.
     *
     * @param repeatable the request can be sent again, and doing so is no worse than once
     * @param tried attempts made
     * @param leftNanos of the exchange's total time
     * @param keyAtFault the reply refuses the key, or its rate
     * @param otherKeyReady another key of the same provider could be shown
     * @param maySucceedNow the fault looks transient, and the provider asked for no wait
     * @param passable the same target would be asked once more just now
     * @param sameTargetTries further tries of the same target so far
     * @param retryAfterNanos the wait that the provider asked for, or {@link RetryAfter#NONE}
     * @param budgetLeft the provider may be sent one more further try
     */
    record Situation(boolean repeatable, int tried, long leftNanos, boolean keyAtFault,
            boolean otherKeyReady, boolean maySucceedNow, boolean passable, int sameTargetTries,
            long retryAfterNanos, boolean budgetLeft) {}

    static NextStep after(Situation now, RetrySettings retry, WaitSettings waiting) {
        if (!now.repeatable() || now.tried() >= retry.maxAttempts() || now.leftNanos() <= 0) {
            return NOTHING;
        }
        if (now.keyAtFault() && now.otherKeyReady() && now.passable()) {
            return OTHER_KEY;
        }
        if (now.maySucceedNow() && now.sameTargetTries() < retry.sameTarget() && now.passable()
                && now.budgetLeft()) {
            return AGAIN;
        }
        long wait = now.retryAfterNanos();
        boolean waits = wait != RetryAfter.NONE && wait < now.leftNanos() && now.budgetLeft();
        Duration besideOthers = waiting.besideOthers() == null ? retry.waitForRetryAfter()
                : waiting.besideOthers();
        boolean worthWaiting = !besideOthers.isZero() && wait <= besideOthers.toNanos()
                && now.sameTargetTries() < Math.max(1, retry.sameTarget());
        if (waits && worthWaiting) {
            return new NextStep(Kind.WAIT, wait);
        }
        return new NextStep(Kind.NEXT_TARGET,
                waits && wait <= waiting.alone().toNanos() ? wait : RetryAfter.NONE);
    }
}

package io.penstock.exchange;

import io.penstock.failure.Fault;
import io.penstock.loop.Deadlines;
import io.penstock.provider.ReplyVerdict;
import io.penstock.route.Route.TargetName;
import io.penstock.upstream.Backoff;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderKey;
import io.penstock.upstream.RetryAfter;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * The tries of one pass-through: which target is asked next and with which key, and when one is
 * asked again.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> the attempts that the policy allows; from the whole request on, the total time
 * of the target asked last, and the caller's own; further tries of the same provider, its retry
 * budget.
 */
final class RawTries {
    private static final long MIN_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(25);
    private static final long MAX_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final ExchangeLoop loop;
    private final RawRequest request;
    private final AttemptLog log;
    private final RawAttempt attempt;
    private final RawTargets targets = new RawTargets();

    private Policy policy;
    private long timeoutNanos; // by the caller's own word
    private long sentNanos; // from here on the total time counts
    private long totalNanos;
    private long pauseUntilNanos; // while there is a target to try again
    private TargetName pausedTarget;
    private int sameTargetTries;

    RawTries(ExchangeLoop loop, RawRequest request, AttemptLog log, RawAttempt attempt) {
        this.loop = loop;
        this.request = request;
        this.log = log;
        this.attempt = attempt;
    }

    /** Begins with an exchange: nothing is tried yet. */
    void begin(Policy policy, long timeoutNanos) {
        this.policy = policy;
        this.timeoutNanos = timeoutNanos;
        pausedTarget = null;
        sameTargetTries = 0;
        attempt.forget();
    }

    /** Whom it may ask; to be filled before the first is. */
    RawTargets targets() {
        return targets;
    }

    // Asking

    /** Asks the first target; returns false if there is none to be asked. */
    boolean startFirst(long nowNanos) {
        sentNanos = nowNanos;
        TargetName first = targets.next(nowNanos, log);
        if (first == null) {
            return false;
        }
        loop.upstream().pool(targets.provider(first)).retryBudget()
                .onFirstTry(policy.retry().budgetRatio());
        start(first, nowNanos);
        return true;
    }

    /** Asks a target that {@link #targets} gave just now. */
    private void start(TargetName target, long nowNanos) {
        Provider provider = targets.provider(target);
        totalNanos = Math.min(targets.timeouts(target).total().toNanos(), timeoutNanos);
        if (!request.isUploading()) {
            loop.deadlines().expectBy(sentNanos + totalNanos);
        }
        ProviderKey key = provider.keys().choose(target.model(), nowNanos);
        attempt.start(target, targets, key, request.isUploading() || request.call().upgrade(),
                request.model().isStream(), nowNanos);
    }

    /** Asks that target once more, or the next where it has come to be left alone meanwhile. */
    private boolean startAgain(TargetName target, long nowNanos) {
        TargetName next = target;
        if (!targets.tryAgain(target, nowNanos)) {
            next = targets.next(nowNanos, log);
            sameTargetTries = 0;
        }
        if (next == null) {
            return false;
        }
        start(next, nowNanos);
        return true;
    }

    /** The request has come to its end, or will not be sent to it: the time for a reply begins. */
    void onSent(long nowNanos) {
        sentNanos = nowNanos;
        loop.deadlines().expectBy(sentNanos + totalNanos);
    }

    /** Whether nothing is under way, since a target is to be asked again in a moment. */
    boolean isPaused() {
        return pausedTarget != null;
    }

    /** Nobody is left to try for. */
    void stop() {
        pausedTarget = null;
    }

    // What follows a failed attempt

    /** The attempt brought no reply; returns whether another one is under way or will be. */
    boolean goOnAfterFault(Fault fault, long nowNanos) {
        return (!attempt.isSent() || request.isRepeatable())
                && tryAgain(nowNanos, fault.isTransient(), false, RetryAfter.NONE);
    }

    /**
     * The attempt brought an error reply to a call that a model routes; returns whether another one
     * is under way or will be. The failed one is let go of then, and only then.
     */
    boolean goOnAfterError(ReplyVerdict verdict, long nowNanos) {
        String model = attempt.target().model();
        Backoff backoff = attempt.provider().backoff(verdict, attempt.status(),
                attempt.reply().errorText(), model, attempt.retryAfterNanos());
        attempt.provider().keys().rest(attempt.key(), model, backoff, nowNanos);
        boolean repeat = verdict == ReplyVerdict.TRANSIENT
                && attempt.retryAfterNanos() == RetryAfter.NONE;
        return tryAgain(nowNanos, repeat, verdict == ReplyVerdict.BAD_KEY
                || verdict == ReplyVerdict.RATE_LIMITED, backoff.waitNanos());
    }

    /**
     * Goes on to another try, if there is one to be made: with another key, once more on the same
     * target, on the next, or after the wait that the provider asked for.
     */
    private boolean tryAgain(long now, boolean maySucceedNow, boolean keyAtFault,
            long retryAfter) {
        RetrySettings retry = policy.retry();
        long left = timeLeftNanos(now);
        if (!request.isReplayable() || log.tried() >= retry.maxAttempts() || left <= 0) {
            return false;
        }
        TargetName same = attempt.target();
        if (keyAtFault && attempt.provider().keys().hasAnotherReady(same.model(), now)
                && targets.tryAgain(same, now)) {
            attempt.abandon();
            start(same, now);
            return true;
        }
        if (maySucceedNow && sameTargetTries < retry.sameTarget()
                && targets.isPassable(same, now) && attempt.tryTakeRetry()) {
            sameTargetTries++;
            pause(now, ThreadLocalRandom.current().nextLong(MIN_PAUSE_NANOS, MAX_PAUSE_NANOS));
            return true;
        }
        boolean waits = retryAfter != RetryAfter.NONE && retryAfter < left;
        boolean worthWaiting = !retry.waitForRetryAfter().isZero()
                && retryAfter <= retry.waitForRetryAfter().toNanos()
                && sameTargetTries < Math.max(1, retry.sameTarget());
        if (waits && worthWaiting && attempt.tryTakeRetry()) {
            sameTargetTries++;
            pause(now, retryAfter);
            return true;
        }
        TargetName next = targets.next(now, log);
        if (next != null) {
            attempt.abandon();
            sameTargetTries = 0;
            start(next, now);
            return true;
        }
        if (waits && retryAfter <= Tries.MAX_LAST_WAIT_NANOS && attempt.tryTakeRetry()) {
            pause(now, retryAfter);
            return true;
        }
        return false;
    }

    private void pause(long now, long nanos) {
        pausedTarget = attempt.target();
        pauseUntilNanos = now + nanos;
        attempt.abandon();
        loop.deadlines().expectBy(pauseUntilNanos);
    }

    // Deadlines

    /** Nanoseconds of the total time that are left; it doesn't run while the request comes. */
    long timeLeftNanos(long nowNanos) {
        return request.isUploading() ? Deadlines.NEVER : totalNanos - (nowNanos - sentNanos);
    }

    /** Nanoseconds until a target is asked again, or an attempt has taken too long. */
    long remainingNanos(long nowNanos) {
        return pausedTarget != null ? pauseUntilNanos - nowNanos
                : attempt.remainingNanos(nowNanos);
    }

    /** One of the two is due; returns false if nothing is left to be tried. */
    boolean onDeadline(long nowNanos) {
        if (pausedTarget != null) {
            TargetName target = pausedTarget;
            pausedTarget = null;
            return startAgain(target, nowNanos);
        }
        attempt.onDeadline(nowNanos);
        return true;
    }
}

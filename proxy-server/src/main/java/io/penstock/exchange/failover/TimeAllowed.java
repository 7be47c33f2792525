package io.penstock.exchange.failover;

import io.penstock.exchange.attempt.Attempt;
import io.penstock.exchange.call.Call;
import io.penstock.exchange.call.Candidate;
import io.penstock.loop.Deadlines;
import io.penstock.upstream.TimeoutSettings;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How much time one exchange may take in all, and how much of it a single target. Times are
 * nanoseconds of the loop's clock.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class TimeAllowed {
    private static final int LATE_DIVISOR = 4; // of the time that a target has for a reply
    private static final long SLOW_TOKEN_NANOS = TimeUnit.MILLISECONDS.toNanos(40);

    private final Deadlines deadlines;
    private final Call call;
    private boolean runs; // the caller's reply is still within the total time
    private long sinceNanos;
    private long totalNanos;

    TimeAllowed(Deadlines deadlines, Call call) {
        this.deadlines = deadlines;
        this.call = call;
        totalNanos = call.timeoutNanos();
    }

    /** Starts the time, as of that moment. */
    void begin(long sinceNanos) {
        this.sinceNanos = sinceNanos;
        runs = true;
    }

    /** A target is asked with these timers, of which the total counts from now on. */
    void onTarget(TimeoutSettings timeouts) {
        totalNanos = Math.min(timeouts.total().toNanos(), call.timeoutNanos());
        if (!call.isUploading()) {
            deadlines.expectBy(sinceNanos + totalNanos);
        }
    }

    /** The request has come to its end, or is of no more use: the time for a reply begins. */
    void onSent(long nowNanos) {
        sinceNanos = nowNanos;
        deadlines.expectBy(sinceNanos + totalNanos);
    }

    /** The caller gets a reply, which may take longer. */
    void onCommit() {
        runs = call.isReplyTimed();
    }

    /** Nanoseconds that are left; no time runs while the request comes. */
    long leftNanos(long nowNanos) {
        return !runs || call.isUploading() ? Deadlines.NEVER
                : totalNanos - (nowNanos - sinceNanos);
    }

    /**
     * The target with the time that it has for the head of a unary reply. Where the configuration
     * says nothing, that is what its tokens may take, and never so long that the next target had no
     * turn; the last one has all the time that is left.
     */
    Candidate limit(Candidate candidate, boolean isAnotherLeft, long nowNanos) {
        TimeoutSettings said = candidate.timeouts();
        if (call.isStream() || candidate.health() == null || said.headOfUnary() != null
                || call.isUploading() || !isAnotherLeft) {
            return candidate;
        }
        long allowed = (totalNanos - (nowNanos - sinceNanos)) / 2;
        long tokens = call.demand().maxTokens();
        if (tokens >= 0) {
            allowed = Math.min(allowed, said.head().toNanos() + tokens * SLOW_TOKEN_NANOS);
        }
        return allowed <= 0 ? candidate : candidate.with(said.with(null, null, null,
                Duration.ofNanos(allowed), null, null, null));
    }

    /**
     * Whether the attempt failed only after a good part of its time: then it was slow rather than
     * unlucky, and asking the same target again would double the wait.
     */
    static boolean isLate(Attempt failed, long nowNanos) {
        TimeoutSettings timeouts = failed.ask().candidate().timeouts();
        Duration timer = timeouts.headOfUnary() != null ? timeouts.headOfUnary()
                : timeouts.head();
        return failed.isSent()
                && nowNanos - failed.slotNanos() >= timer.toNanos() / LATE_DIVISOR;
    }
}

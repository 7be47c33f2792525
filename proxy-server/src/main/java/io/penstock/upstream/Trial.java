package io.penstock.upstream;

import org.jspecify.annotations.Nullable;

/**
 * One attempt, as the health of its target sees it: begins once, tells at most once that it is
 * good, and ends once, however often its end is told. The first end counts.
 *
 * <p><b>Thread:</b> confined to the attempt's event loop.
 */
public final class Trial {
    private @Nullable TargetHealth health; // null while none is under way
    private long ticket;
    private boolean stream;
    private boolean good;
    private long startedNanos;

    /**
     * Starts the trial of an attempt; {@link #end} has to follow.
     *
     * @param ticket from {@link TargetHealth#tryPass} or {@link TargetHealth#tryPassAsLast}
     */
    public void begin(TargetHealth health, long ticket, boolean stream, long nowNanos) {
        assert this.health == null && ticket != TargetHealth.REFUSED;
        this.health = health;
        this.ticket = ticket;
        this.stream = stream;
        good = false;
        startedNanos = nowNanos;
        health.onStart();
    }

    /**
     * The reply is known to be good.
     *
     * @param firstContentNanos how long that took; -1 if content has not been seen
     */
    public void onGood(long firstContentNanos, long nowNanos) {
        if (health != null && !good) {
            good = true;
            health.onSuccess(ticket, nowNanos);
            if (firstContentNanos >= 0) {
                health.onLatency(stream, firstContentNanos, nowNanos);
            }
        }
    }

    /**
     * It is over; harmless if it was before.
     *
     * @param failed of the provider's fault; else the caller left or was at fault, a key was, or
     *     all went well
     */
    public void end(boolean failed, long nowNanos) {
        TargetHealth ended = health;
        if (ended == null) {
            return;
        }
        health = null;
        ended.onEnd();
        if (failed) {
            ended.onFailure(ticket, good, stream, nowNanos - startedNanos, nowNanos);
        } else if (!good) {
            ended.onNothing(ticket);
        }
    }
}

package io.penstock.exchange.attempt;

import io.penstock.exchange.call.Waiting;
import io.penstock.failure.Fault;
import io.penstock.loop.Deadlines;
import io.penstock.loop.Durations;
import io.penstock.route.HoldSettings;
import io.penstock.upstream.TimeoutSettings;

/**
 * What an attempt waits for, since when, and how long it may. Times are nanoseconds of the loop's
 * clock.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class AttemptClock {
    private enum Wait { NOTHING, SLOT, CONNECTION, TLS, HEAD, CONTENT, GAP }

    private final Deadlines deadlines;
    private final TimeoutSettings timeouts;
    private final HoldSettings hold;
    private final boolean stream;
    private final Durations gaps; // between two reads of a stream
    private Wait wait = Wait.SLOT;
    private boolean paused; // nothing is read, for the caller's sake
    private boolean headJustCame; // the next bytes were read with it
    private long startedNanos;
    private long slotNanos;
    private long readyNanos;
    private long sentNanos; // all of the request
    private long headNanos;
    private long contentNanos;
    private long lastReadNanos;
    private long endedNanos;

    /** The attempt begins, and waits for a slot. */
    AttemptClock(Deadlines deadlines, TimeoutSettings timeouts, HoldSettings hold, boolean stream,
            Durations gaps, long nowNanos) {
        this.deadlines = deadlines;
        this.timeouts = timeouts;
        this.hold = hold;
        this.stream = stream;
        this.gaps = gaps;
        startedNanos = nowNanos;
    }

    /** The request could not be sent after all. */
    void onUnsent() {
        readyNanos = 0;
    }

    /** The attempt has a slot, and waits for a connection. */
    void onSlot(long nowNanos) {
        slotNanos = nowNanos;
        wait = Wait.CONNECTION;
    }

    /** A connection is being made. */
    void onConnecting() {
        deadlines.expectBy(slotNanos + timeouts.connect().toNanos());
    }

    /** The connection is open, and its TLS handshake has begun. */
    void onTlsStarted() {
        wait = Wait.TLS;
        lastReadNanos = deadlines.nowNanos();
        deadlines.expectBy(lastReadNanos + timeouts.tls().toNanos());
    }

    /** The request goes out. */
    void onReady(long nowNanos) {
        wait = Wait.HEAD;
        readyNanos = nowNanos;
        onSent(nowNanos);
    }

    /** All of an upload has gone out; the head is waited for. */
    void onSent(long nowNanos) {
        sentNanos = nowNanos;
        long limit = headNanosAllowed();
        if (limit != Deadlines.NEVER) {
            deadlines.expectBy(sentNanos + limit);
        }
    }

    private long headNanosAllowed() {
        if (stream) {
            return Math.min(timeouts.head().toNanos(), timeouts.firstContent().toNanos());
        }
        return timeouts.headOfUnary() == null ? Deadlines.NEVER
                : timeouts.headOfUnary().toNanos();
    }

    /** The request goes out again on another connection: the first was closed while idle. */
    void onReconnect() {
        startedNanos = deadlines.nowNanos();
        onSlot(startedNanos);
        readyNanos = 0; // nothing has been sent
    }

    /** The reply's head is there. */
    void onHead() {
        headNanos = deadlines.nowNanos();
        lastReadNanos = headNanos;
        headJustCame = true;
    }

    /** From the head on, the first content is waited for. */
    void awaitContent() {
        wait = Wait.CONTENT;
        long content = timeouts.firstContent().toNanos();
        deadlines.expectBy(headNanos + (hold.time() == null ? content
                : Math.min(content, hold.time().toNanos())));
    }

    /** From the last read on, the next is waited for, whatever it brings. */
    void awaitMore() {
        wait = Wait.GAP;
        deadlines.expectBy(lastReadNanos + timeouts.gap().toNanos());
    }

    /** Bytes of the reply's body are there. */
    void onBody() {
        if (!headJustCame) {
            long now = deadlines.nowNanos();
            if (stream && wait == Wait.GAP) {
                gaps.record(now - lastReadNanos);
            }
            lastReadNanos = now;
        }
        headJustCame = false;
    }

    /** With the last read, the attempt was good. */
    void onGood() {
        contentNanos = lastReadNanos;
        awaitMore();
    }

    /** Nothing is read until {@link #resume}. */
    void pause() {
        paused = true;
    }

    boolean isPaused() {
        return paused;
    }

    void resume() {
        paused = false;
        lastReadNanos = deadlines.nowNanos();
        deadlines.expectBy(lastReadNanos + timeouts.gap().toNanos());
    }

    /** The attempt is over. */
    void end() {
        if (wait != Wait.NOTHING) {
            wait = Wait.NOTHING;
            endedNanos = deadlines.nowNanos();
        }
    }

    boolean isOver() {
        return wait == Wait.NOTHING;
    }

    boolean isWaitingForSlot() {
        return wait == Wait.SLOT;
    }

    boolean isWaitingForHead() {
        return wait == Wait.HEAD;
    }

    boolean isWaitingForContent() {
        return wait == Wait.CONTENT;
    }

    long startedNanos() {
        return startedNanos;
    }

    /** When the attempt had a slot, or reconnected in it. */
    long slotNanos() {
        return slotNanos;
    }

    /** When the request went out; 0 if it has not. */
    long readyNanos() {
        return readyNanos;
    }

    /** When the reply's head came; 0 if it has not. */
    long headNanos() {
        return headNanos;
    }

    /** When the reply showed that it is good; 0 if it has not. */
    long contentNanos() {
        return contentNanos;
    }

    /** When the attempt was over; 0 if it is not. */
    long endedNanos() {
        return endedNanos;
    }

    long lastReadNanos() {
        return lastReadNanos;
    }

    /** What the attempt waits for, while it is not over. */
    Waiting waiting() {
        return switch (wait) {
            case SLOT -> Waiting.SLOT;
            case CONNECTION -> Waiting.CONNECTION;
            case TLS -> Waiting.TLS;
            case HEAD -> Waiting.HEAD;
            case CONTENT -> Waiting.CONTENT;
            case GAP, NOTHING -> paused ? Waiting.CALLER : Waiting.REPLY;
        };
    }

    /** Since when the attempt waits for that. */
    long waitingSinceNanos() {
        return switch (wait) {
            case SLOT -> startedNanos;
            case CONNECTION -> slotNanos;
            case TLS -> lastReadNanos;
            case HEAD -> sentNanos;
            case CONTENT -> headNanos;
            case GAP, NOTHING -> paused || contentNanos == 0 ? lastReadNanos : contentNanos;
        };
    }

    /** Whether most of the total time was this target's. */
    boolean isMostOfTotal(long nowNanos) {
        return wait != Wait.SLOT && (nowNanos - slotNanos) * 2 >= timeouts.total().toNanos();
    }

    /** Nanoseconds until the attempt's next deadline; {@link Deadlines#NEVER} for none. */
    long remainingNanos(long nowNanos) {
        return switch (wait) {
            case NOTHING, SLOT -> Deadlines.NEVER; // who waits for a slot is told when to stop
            case CONNECTION -> timeouts.connect().toNanos() - (nowNanos - slotNanos);
            case TLS -> timeouts.tls().toNanos() - (nowNanos - lastReadNanos);
            case HEAD -> headNanosAllowed() == Deadlines.NEVER ? Deadlines.NEVER
                    : headNanosAllowed() - (nowNanos - sentNanos);
            case CONTENT -> {
                long content = timeouts.firstContent().toNanos() - (nowNanos - readyNanos);
                yield hold.time() == null ? content
                        : Math.min(content, hold.time().toNanos() - (nowNanos - headNanos));
            }
            case GAP -> paused ? Deadlines.NEVER
                    : timeouts.gap().toNanos() - (nowNanos - lastReadNanos);
        };
    }

    /** What has taken too long; null if a stream was only held for as long as its route wants. */
    Fault expired(long nowNanos) {
        return switch (wait) {
            case CONNECTION -> Fault.CONNECT_TIMEOUT;
            case TLS -> Fault.TLS_TIMEOUT;
            case HEAD -> !stream || timeouts.head().compareTo(timeouts.firstContent()) <= 0
                    ? Fault.HEAD_TIMEOUT : Fault.FIRST_CONTENT_TIMEOUT;
            case CONTENT -> nowNanos - readyNanos >= timeouts.firstContent().toNanos()
                    ? Fault.FIRST_CONTENT_TIMEOUT : null;
            case GAP -> Fault.GAP_TIMEOUT;
            case NOTHING, SLOT -> throw new IllegalStateException(wait + " has no time");
        };
    }
}

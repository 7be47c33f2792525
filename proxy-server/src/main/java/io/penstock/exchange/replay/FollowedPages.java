package io.penstock.exchange.replay;

import io.penstock.cache.Seat;
import io.penstock.loop.Deadlines;
import org.jspecify.annotations.Nullable;

/**
 * The body of a reply that another call is getting.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class FollowedPages implements Pages {
    private final Seat seat;
    private boolean complete; // what has yet to be polled is all
    private boolean polled;

    FollowedPages(Seat seat) {
        this.seat = seat;
    }

    /** All of the reply is there to be polled. */
    void complete() {
        complete = true;
    }

    @Override
    public @Nullable Page poll(long nowNanos) {
        byte[] next = seat.poll();
        polled = next == null && complete;
        return next == null ? null : new Page(next, 0, next.length);
    }

    @Override
    public boolean isEnded() {
        return polled;
    }

    @Override
    public long remainingNanos(long nowNanos) {
        return Deadlines.NEVER;
    }
}

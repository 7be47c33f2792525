package io.penstock.mock;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * One reply on its way: what comes before the pieces, the pieces when they are due, and the rest.
 *
 * <p><b>Thread:</b> confined to its connection's event loop.
 * <br><b>Buffers:</b> takes {@code front} and {@code back}, keeps its own hold on {@code ring}, and
 * lets go of all that {@link #next} did not give in {@link #release}, which every reply needs.
 */
final class Reply {
    private final @Nullable Ring ring;
    private final int pieces;
    private final long firstNanos;
    private final long intervalNanos;
    private final boolean closes;
    private @Nullable ByteBuf front; // null once given
    private @Nullable ByteBuf back; // null once given, or when the reply is to end short
    private int sent; // pieces

    /**
     * A reply of pieces.
     *
     * @param back null cuts the reply after its last piece
     * @param firstNanos when the front and the first piece are due
     * @param intervalNanos from piece to piece, 0 for all at once
     * @param closes whether the connection ends with the reply
     */
    Reply(ByteBuf front, @Nullable Ring ring, int pieces, @Nullable ByteBuf back, long firstNanos,
            long intervalNanos, boolean closes) {
        this.front = front;
        this.ring = ring == null ? null : ring.retain();
        this.pieces = pieces;
        this.back = back;
        this.firstNanos = firstNanos;
        this.intervalNanos = intervalNanos;
        this.closes = closes;
    }

    /** A reply that is there at once and whole. */
    static Reply whole(ByteBuf bytes, long nowNanos, boolean closes) {
        return new Reply(bytes, null, 0, null, nowNanos, 0, closes);
    }

    /** Gives the next bytes that are due, as many as make one slice; null when none are. */
    @Nullable ByteBuf next(long nowNanos) {
        if (front != null) {
            if (nowNanos - firstNanos < 0) {
                return null;
            }
            ByteBuf given = front;
            front = null;
            return given;
        }
        if (sent < pieces) {
            int due = due(nowNanos) - sent;
            if (due == 0) {
                return null;
            }
            assert ring != null; // which has the pieces
            int run = ring.runLength(sent, due);
            ByteBuf given = ring.run(sent, run);
            sent += run;
            return given;
        }
        ByteBuf given = back;
        back = null;
        return given;
    }

    /** When {@link #next} has something again; of use only after it gave null. */
    long nextNanos() {
        return firstNanos + sent * intervalNanos;
    }

    boolean isDone() {
        return front == null && sent == pieces && back == null;
    }

    boolean closes() {
        return closes;
    }

    void release() {
        if (front != null) {
            front.release();
            front = null;
        }
        if (back != null) {
            back.release();
            back = null;
        }
        if (ring != null) {
            ring.release();
        }
    }

    private int due(long nowNanos) {
        if (intervalNanos == 0) {
            return pieces;
        }
        return (int) Math.min(pieces, 1 + (nowNanos - firstNanos) / intervalNanos);
    }
}

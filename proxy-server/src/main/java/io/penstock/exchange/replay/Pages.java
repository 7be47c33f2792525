package io.penstock.exchange.replay;

import org.jspecify.annotations.Nullable;

/**
 * Where the body of a replay comes from: page by page, each of which ends where an event does.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
interface Pages {
    /** A part of the body; its bytes are not written to. */
    record Page(byte[] bytes, int from, int length) {}

    /** The next part; null if there is none for now. */
    @Nullable Page poll(long nowNanos);

    /** Whether all of the body was polled. */
    boolean isEnded();

    /** Nanoseconds until there is more; {@code Deadlines.NEVER} if only others can tell. */
    long remainingNanos(long nowNanos);
}

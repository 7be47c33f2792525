package io.penstock.exchange.call;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Fault;
import io.penstock.usage.TokenUsage;

/**
 * A call whose two sides have left HTTP behind.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
public interface Leg {
    /** Is told what becomes of a leg. */
    interface Listener {
        /** The provider reported usage; returns whether the budget lets the leg continue. */
        boolean onUsage(TokenUsage more);

        /** The proxy has to end the leg: both sides should be told why. */
        void onOver(Fault why);

        /** Both sides have ended, or the provider broke off; the fault is null if in order. */
        void onEnd(Fault fault, String detail);
    }

    /** Starts the leg, and forwards at once what the caller had sent ahead. */
    void start();

    /** Bytes of the caller's; takes them. */
    void onCallerBytes(ByteBuf bytes);

    /** All that could be read of the caller for now has been given. */
    void onCallerReadComplete();

    /** The caller has room again. */
    void onCallerWritable();

    /** The caller sends no more. */
    void onCallerEnd();

    /** Nanoseconds until the leg has been open, or silent, for too long. */
    long remainingNanos(long nowNanos);

    /** The leg's time is up. */
    void onDeadline(long nowNanos);

    /** Tells both sides that the proxy ends the leg. */
    void sayClose(Fault why);

    /** Whether the leg has not ended. */
    boolean isOpen();

    /** Ends the provider's side; returns the leg's usage, null if none was reported. */
    TokenUsage end();
}

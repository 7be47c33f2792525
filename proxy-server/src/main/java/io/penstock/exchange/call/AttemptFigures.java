package io.penstock.exchange.call;

import io.penstock.usage.TokenUsage;

/**
 * How far an attempt came and when, in nanoseconds of the loop's clock, 0 for what did not happen;
 * and what it cost. Final once the exchange has finished.
 */
public interface AttemptFigures {
    /** The attempt began, or began anew on another connection. */
    long startedNanos();

    /** There was a slot for it. */
    long slotNanos();

    /** The request went out. */
    long readyNanos();

    /** The head of the reply came. */
    long headNanos();

    /** The reply showed that it is good. */
    long contentNanos();

    /** The attempt was over. */
    long endedNanos();

    /** The request went out a second time: its first connection was closed before any reply. */
    boolean isReplayed();

    /** What was booked for it; null if nothing. */
    TokenUsage booked();

    /** What that cost by the configured prices. */
    long bookedNanoDollars();
}

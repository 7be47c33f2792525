package io.penstock.exchange.call;

import io.penstock.usage.TokenUsage;

/**
 * How far an attempt came and when, in nanoseconds of the loop's clock, 0 for what did not happen;
 * and what it cost. Final once the exchange has finished.
 */
public interface AttemptFigures {
    /** Who was asked, and how; null in a {@link #copy}. */
    Ask ask();

    /** The status of the provider's reply; 0 if there was none. */
    int status();

    /** When the attempt started, or started again on another connection. */
    long startedNanos();

    /** When the attempt had a slot. */
    long slotNanos();

    /** When the request went out. */
    long readyNanos();

    /** When the head of the reply came. */
    long headNanos();

    /** When the reply had shown that it is good. */
    long contentNanos();

    /** When the attempt was over. */
    long endedNanos();

    /** Whether the request went out twice: its first connection was closed before any reply. */
    boolean isReplayed();

    /** What was booked for the attempt; null if nothing. */
    TokenUsage booked();

    /** What that cost by the configured prices. */
    long bookedNanoDollars();

    /** The figures as they are now, which keep nothing else of the attempt in memory. */
    default AttemptFigures copy() {
        return new Copy(status(), startedNanos(), slotNanos(), readyNanos(), headNanos(),
                contentNanos(), endedNanos(), isReplayed(), booked(), bookedNanoDollars());
    }

    /** Figures of an attempt that is over, whose request is gone. */
    record Copy(int status, long startedNanos, long slotNanos, long readyNanos, long headNanos,
            long contentNanos, long endedNanos, boolean isReplayed, TokenUsage booked,
            long bookedNanoDollars) implements AttemptFigures {
        @Override
        public Ask ask() {
            return null; // it would keep the request's bytes
        }
    }
}

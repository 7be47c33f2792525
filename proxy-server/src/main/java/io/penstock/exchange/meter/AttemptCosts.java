package io.penstock.exchange.meter;

import io.penstock.exchange.attempt.Attempt;
import io.penstock.usage.TokenUsage;

/**
 * What the attempts of one exchange came to: books each of them once, and adds up what the caller
 * got.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
public final class AttemptCosts {
    private final Metering metering;
    private final boolean generates; // the model makes tokens, and does not only read them
    private TokenUsage usage; // of the reply that the caller got; null while nothing is known
    private long passedTokens;

    public AttemptCosts(Metering metering, boolean generates) {
        this.metering = metering;
        this.generates = generates;
    }

    /** Of the reply that the caller got, all its parts together; null where nothing is known. */
    public TokenUsage usage() {
        return usage;
    }

    /** About how many tokens of the answer came from attempts that others continued. */
    public long passedTokens() {
        return passedTokens;
    }

    /** What the provider reported, or what has to be assumed. */
    public TokenUsage reported(Attempt of) {
        return of.usage() != null ? of.usage() : metering.estimate(of.target().model(),
                generates ? of.passedTokens() : 0);
    }

    /** Adds usage of a leg, which was booked as it passed. */
    public void add(TokenUsage part) {
        usage = usage == null ? part : usage.plus(part);
    }

    /** The reply that the caller got, or did not wait for, is over. */
    public void bookLast(Attempt last) {
        TokenUsage part = reported(last);
        book(last, part);
        add(part);
    }

    /** Books the part of a reply that the caller got before another target continued it. */
    public void bookPart(Attempt broken) {
        TokenUsage part = reported(broken);
        book(broken, part);
        add(part);
        passedTokens += part.completion();
    }

    /** Books an attempt that failed before the commit: the provider charges what it sent. */
    public void bookLost(Attempt lost) {
        if (lost.hasAnswered()) {
            book(lost, reported(lost));
        }
    }

    /** Books the loser of a race: once it was asked, it may have started to answer. */
    public void bookLoser(Attempt loser) {
        if (loser.isSent()) {
            book(loser, metering.estimate(loser.target().model(), loser.passedTokens()));
        }
    }

    private void book(Attempt attempt, TokenUsage part) {
        attempt.onBooked(part, metering.book(attempt.target().provider(),
                attempt.target().model(), part));
    }
}

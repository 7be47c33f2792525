package io.penstock.exchange;

import io.penstock.usage.TokenUsage;

/**
 * What the attempts of one exchange came to: books each of them once, and adds up what the caller
 * got.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class AttemptCosts {
    private final Metering metering;
    private Endpoint endpoint;
    private TokenUsage usage; // of the reply that the caller got; null while nothing is known
    private long passedTokens;

    AttemptCosts(Metering metering) {
        this.metering = metering;
    }

    /** Begins with an exchange. */
    void begin(Endpoint endpoint) {
        this.endpoint = endpoint;
        usage = null;
        passedTokens = 0;
    }

    /** Of the reply that the caller got, all its parts together; null where nothing is known. */
    TokenUsage usage() {
        return usage;
    }

    /** About how many tokens of the answer came from attempts that others went on with. */
    long passedTokens() {
        return passedTokens;
    }

    /** What the provider reported, or what has to be assumed. */
    TokenUsage reported(Attempt of) {
        return of.usage() != null ? of.usage() : metering.estimate(of.target().model(),
                endpoint.generates() ? of.passedTokens() : 0);
    }

    /** The reply that the caller got, or did not wait for, is over. */
    void bookLast(Attempt last) {
        TokenUsage part = reported(last);
        book(last, part);
        add(part);
    }

    /** The caller got some of a reply that another goes on with. */
    void bookPart(Attempt broken) {
        TokenUsage part = reported(broken);
        book(broken, part);
        add(part);
        passedTokens += part.completion();
    }

    /** An attempt broke off unseen: what its provider has said by then has to be paid for. */
    void bookLost(Attempt lost) {
        if (lost.hasAnswered()) {
            book(lost, reported(lost));
        }
    }

    /** Another was faster: once it was asked, it may have begun to answer. */
    void bookLoser(Attempt loser) {
        if (loser.isSent()) {
            book(loser, metering.estimate(loser.target().model(), loser.passedTokens()));
        }
    }

    private void book(Attempt attempt, TokenUsage part) {
        metering.book(attempt.target().provider(), attempt.target().model(), part);
    }

    private void add(TokenUsage part) {
        usage = usage == null ? part : usage.plus(part);
    }
}

package io.penstock.exchange.chat;

import io.penstock.translate.ReplyUsage;
import io.penstock.usage.TokenUsage;

/** Between a translation's word for the usage of a reply, and the word that is booked. */
final class Usages {
    private Usages() {}

    /** What a stream has reported; null if nothing. Before its end that is a beginning at most. */
    static TokenUsage ofStream(ReplyUsage counted, boolean done, long passedTokens) {
        if (counted == null || counted.total() == 0) {
            return null;
        }
        return new TokenUsage(counted.prompt(), done ? counted.completion()
                : Math.max(counted.completion(), passedTokens), counted.cached(),
                counted.reasoning(), !done);
    }

    /** What a unary reply has reported; null if nothing. */
    static TokenUsage ofWhole(ReplyUsage counted) {
        return ofStream(counted, true, 0);
    }

    static ReplyUsage counted(TokenUsage usage) {
        return new ReplyUsage(usage.prompt(), usage.completion(), usage.cached(), 0,
                usage.reasoning());
    }
}

package io.penstock.exchange.call;

/**
 * What a call may come to, as far as it says.
 *
 * @param understood the format is known: the length of the prompt says something, and the most
 *     that the answer may have is reserved; else only the prompt is guessed
 * @param promptBytes about how long the prompt is
 * @param generates the model makes tokens, and does not only read them
 * @param maxTokens of one answer; -1 if the caller does not say
 * @param drafts how many answers are made, and paid for
 */
public record Demand(boolean understood, long promptBytes, boolean generates, long maxTokens,
        long drafts) {
    /** A call that is relayed without being understood. */
    public static Demand unknown(long promptBytes) {
        return new Demand(false, promptBytes, false, -1, 1);
    }

    /** Whether the length of the answer has a bound that the caller gave. */
    public boolean isBounded() {
        return !generates || maxTokens >= 0;
    }
}

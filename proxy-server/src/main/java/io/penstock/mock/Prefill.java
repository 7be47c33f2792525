package io.penstock.mock;

import java.util.Locale;

/** What a mock does with a conversation that ends in a message of the assistant's. */
public enum Prefill {
    /** It answers as if nobody had begun: the whole text. */
    ANEW,
    /** It goes on from there, if its text begins so; else it answers with the whole text. */
    CONTINUE,
    /** It refuses, as newer models do. */
    REJECT;

    /** Reads the word of the command line and of {@code x-mock-prefill}. */
    public static Prefill parse(String text) {
        try {
            return valueOf(text.trim().toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "prefill: " + text + " (expected: anew, continue or reject)", e);
        }
    }
}

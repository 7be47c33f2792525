package io.penstock.provider;

/**
 * What a chat has to have so that its last message, an assistant's, is gone on with rather than
 * answered.
 *
 * @param members of that message, each with a comma before it
 * @param options of the request, each with a comma before it
 */
public record Prefill(String members, String options) {
    /** The message alone. */
    public static final Prefill PLAIN = new Prefill("", "");
}

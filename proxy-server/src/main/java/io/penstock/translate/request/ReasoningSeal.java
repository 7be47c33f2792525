package io.penstock.translate.request;

import java.nio.charset.StandardCharsets;

/**
 * What marks the {@code encrypted_content} of a Responses reasoning item as Penstock's own: behind
 * the mark comes what Anthropic wants back with the conversation.
 */
public enum ReasoningSeal {
    /** A thinking block's signature; its text is the item's summary. */
    SIGNATURE("penstock:signature:"),
    /** The data of a redacted thinking block. */
    REDACTED("penstock:redacted:"),
    /**
     * In the place of redacted data: what stood in a {@code reasoning_details} that only its own
     * provider can read, as a JSON object.
     */
    DETAIL("penstock:detail:");

    /** Begins whatever only Penstock can read. */
    static final String OWN = "penstock:";

    private final String mark;

    ReasoningSeal(String mark) {
        this.mark = mark;
    }

    /** What to put before it. */
    public String mark() {
        return mark;
    }

    /** What is behind the mark; null if it isn't there. */
    Raw open(Raw encrypted) {
        int length = mark.length();
        if (encrypted == null || encrypted.length() < length || !mark.equals(new String(
                encrypted.bytes(), encrypted.start(), length, StandardCharsets.ISO_8859_1))) {
            return null;
        }
        return new Raw(encrypted.bytes(), encrypted.start() + length, encrypted.end());
    }
}

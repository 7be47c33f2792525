package io.penstock.translate.request;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

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

    /** How base64 begins of what all marks begin with. */
    static final String IN_BASE64 = "cGVuc3RvY2s6"; // penstock:

    private final String mark;

    ReasoningSeal(String mark) {
        this.mark = mark;
    }

    /** What to put before it. */
    public String mark() {
        return mark;
    }

    /**
     * What is behind the mark in one of Google's thought signatures, which are in base64; null if
     * it isn't there.
     */
    Raw openSignature(Raw signature) {
        if (!isPenstocks(signature)) {
            return null;
        }
        byte[] text = signature.unescaped();
        for (int i = 0; i < text.length; i++) { // some SDKs write it in the alphabet of URLs
            text[i] = text[i] == '-' ? (byte) '+' : text[i] == '_' ? (byte) '/' : text[i];
        }
        try {
            String sealed = new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
            return sealed.startsWith(mark) ? Raw.of(sealed.substring(mark.length())) : null;
        } catch (IllegalArgumentException e) {
            return null; // the caller has cut it
        }
    }

    /** Whether one of Google's thought signatures is none of Google's, but sealed here. */
    static boolean isPenstocks(Raw signature) {
        return signature != null && signature.length() >= IN_BASE64.length()
                && IN_BASE64.equals(new String(signature.bytes(), signature.start(),
                        IN_BASE64.length(), StandardCharsets.ISO_8859_1));
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

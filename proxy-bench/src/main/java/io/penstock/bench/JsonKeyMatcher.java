package io.penstock.bench;

import java.nio.charset.StandardCharsets;

/**
 * Finds {@code "key":} in JSON text that arrives byte by byte. A quoted key within a string has its
 * closing quote escaped, so it never matches.
 */
final class JsonKeyMatcher {
    private final byte[] pattern;
    private int matched;

    JsonKeyMatcher(String key) {
        pattern = ('"' + key + "\":").getBytes(StandardCharsets.US_ASCII);
    }

    void reset() {
        matched = 0;
    }

    /** Takes the next byte; true when it is the first byte of the key's value. */
    boolean isAtValue(byte next) {
        if (matched == pattern.length) {
            if (next == ' ') {
                return false;
            }
            matched = next == '"' ? 1 : 0;
            return true;
        }
        if (next == pattern[matched]) {
            matched++;
        } else {
            matched = next == '"' ? 1 : 0;
        }
        return false;
    }
}

package io.penstock.json;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Searches a few bytes in many, most of which it never looks at (Boyer, Moore and Horspool): what it
 * takes to look into every event that goes by.
 *
 * <p><b>Thread:</b> immutable.
 */
public final class Needle {
    private final byte[] needle;
    private final byte[] skips = new byte[256];

    /** For {@code text}, ASCII and shorter than 128. */
    public Needle(String text) {
        needle = text.getBytes(StandardCharsets.US_ASCII);
        Arrays.fill(skips, (byte) needle.length);
        for (int i = 0; i < needle.length - 1; i++) {
            skips[needle[i]] = (byte) (needle.length - 1 - i);
        }
    }

    public int length() {
        return needle.length;
    }

    /** The index of the first occurrence from {@code from} to {@code to}; -1 if there is none. */
    public int find(byte[] bytes, int from, int to) {
        int last = needle.length - 1;
        byte lastByte = needle[last];
        for (int at = from + last; at < to; ) {
            byte b = bytes[at];
            if (b == lastByte && matches(bytes, at - last)) {
                return at - last;
            }
            at += skips[b & 0xff];
        }
        return -1;
    }

    private boolean matches(byte[] bytes, int from) {
        for (int i = needle.length - 2; i >= 0; i--) {
            if (bytes[from + i] != needle[i]) {
                return false;
            }
        }
        return true;
    }
}

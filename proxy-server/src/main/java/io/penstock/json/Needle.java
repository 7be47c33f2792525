package io.penstock.json;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * Searches a few bytes in many, most of which it never looks at (Boyer, Moore and Horspool): what it
 * takes to look into every event that goes by.
 *
 * <p><b>Thread:</b> immutable. <b>Buffers:</b> borrows.
 */
public final class Needle {
    private final byte[] needle;
    private final byte[] skips = new byte[256];

    /** For {@code text}, ASCII and shorter than 128. */
    public Needle(String text) {
        needle = text.getBytes(StandardCharsets.US_ASCII);
        java.util.Arrays.fill(skips, (byte) needle.length);
        for (int i = 0; i < needle.length - 1; i++) {
            skips[needle[i]] = (byte) (needle.length - 1 - i);
        }
    }

    public int length() {
        return needle.length;
    }

    /** The index of the first occurrence within those bytes; -1 if there is none. */
    public int find(ByteBuf buffer, int index, int length) {
        int last = needle.length - 1;
        byte lastByte = needle[last];
        int end = index + length;
        for (int at = index + last; at < end; ) {
            byte b = buffer.getByte(at);
            if (b == lastByte && matches(buffer, at - last)) {
                return at - last;
            }
            at += skips[b & 0xff];
        }
        return -1;
    }

    private boolean matches(ByteBuf buffer, int from) {
        for (int i = needle.length - 2; i >= 0; i--) {
            if (buffer.getByte(from + i) != needle[i]) {
                return false;
            }
        }
        return true;
    }
}

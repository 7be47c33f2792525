package io.penstock.translate;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an event or a body as it is written: JSON in UTF-8, in an array that is used again,
 * for a check at every byte costs more than a copy at the end.
 *
 * <p>A surrogate without its other half is written as the escape that it was.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> grows with what is written, and is let go of above {@value #KEPT_BYTES}.
 */
final class ReplyBytes {
    private static final int KEPT_BYTES = 256 * 1024;
    private static final int FIRST_BYTES = 2048;
    private static final int BLOCK = 512; // characters for which room is made at once
    private static final int MAX_DIGITS = 19;
    private static final int MAX_BYTES_PER_CHAR = 6; // \\u0000
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private byte[] bytes = new byte[FIRST_BYTES];
    private int length;
    private final char[] block = new char[BLOCK + 1];

    int length() {
        return length;
    }

    void clear() {
        length = 0;
        if (bytes.length > KEPT_BYTES) {
            bytes = new byte[FIRST_BYTES];
        }
    }

    void writeTo(ByteBuf out) {
        out.writeBytes(bytes, 0, length);
    }

    /** Takes back what was written from there on. */
    byte[] takeFrom(int from) {
        byte[] taken = Arrays.copyOfRange(bytes, from, length);
        length = from;
        return taken;
    }

    ReplyBytes put(byte[] literal) {
        reserve(literal.length);
        System.arraycopy(literal, 0, bytes, length, literal.length);
        length += literal.length;
        return this;
    }

    /** Writes a run of bytes as they are. */
    ReplyBytes put(byte[] from, int at, int count) {
        reserve(count);
        System.arraycopy(from, at, bytes, length, count);
        length += count;
        return this;
    }

    /** Writes ASCII as it is. */
    ReplyBytes put(String ascii) {
        int count = ascii.length();
        reserve(count);
        for (int i = 0; i < count; i++) {
            bytes[length + i] = (byte) ascii.charAt(i);
        }
        length += count;
        return this;
    }

    /** Writes text as it is, in UTF-8. */
    ReplyBytes putRaw(String text) {
        return put(text.getBytes(StandardCharsets.UTF_8));
    }

    ReplyBytes number(long number) {
        if (number < 0) {
            return put(Long.toString(number)); // no count is
        }
        reserve(MAX_DIGITS);
        int digits = 1;
        for (long rest = number / 10; rest > 0; rest /= 10) {
            digits++;
        }
        long rest = number;
        for (int i = length + digits - 1; i >= length; i--) {
            bytes[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        length += digits;
        return this;
    }

    /** Writes a small number, as an index is. */
    ReplyBytes index(int number) {
        if (number >= 0 && number < 10) {
            reserve(1);
            bytes[length++] = (byte) ('0' + number);
            return this;
        }
        return number(number);
    }

    /** Writes a JSON string; null as null. */
    ReplyBytes quoted(@Nullable CharSequence text) {
        return text == null ? put("null") : put("\"").escaped(text).put("\"");
    }

    /** Writes the inside of a JSON string. */
    ReplyBytes escaped(CharSequence text) {
        int count = text.length();
        for (int at = 0; at < count; ) {
            int size = Math.min(BLOCK, count - at);
            for (int i = 0; i < size; i++) {
                block[i] = text.charAt(at + i);
            }
            if (Character.isHighSurrogate(block[size - 1]) && at + size < count) {
                block[size] = text.charAt(at + size); // its other half, perhaps
                size++;
            }
            escaped(block, 0, size);
            at += size;
        }
        return this;
    }

    /** Writes the inside of a JSON string. */
    ReplyBytes escaped(char[] chars, int from, int count) {
        int end = from + count;
        int at = from;
        while (at < end) {
            int blockEnd = Math.min(end, at + BLOCK);
            reserve((blockEnd - at + 1) * MAX_BYTES_PER_CHAR);
            at = escapeBlock(chars, at, blockEnd, end);
        }
        return this;
    }

    /** Goes on to {@code blockEnd}, or one further for the sake of a pair; room has been made. */
    private int escapeBlock(char[] chars, int from, int blockEnd, int end) {
        byte[] to = bytes;
        int out = length;
        int at = from;
        while (at < blockEnd) {
            char c = chars[at++];
            if (c >= ' ' && c < 0x80 && c != '"' && c != '\\') {
                to[out++] = (byte) c;
            } else if (c < 0x80) {
                out = escape(to, out, c);
            } else if (c < 0x800) {
                to[out++] = (byte) (0xc0 | c >> 6);
                to[out++] = (byte) (0x80 | c & 0x3f);
            } else if (!Character.isSurrogate(c)) {
                to[out++] = (byte) (0xe0 | c >> 12);
                to[out++] = (byte) (0x80 | c >> 6 & 0x3f);
                to[out++] = (byte) (0x80 | c & 0x3f);
            } else if (Character.isHighSurrogate(c) && at < end
                    && Character.isLowSurrogate(chars[at])) {
                int point = Character.toCodePoint(c, chars[at++]);
                to[out++] = (byte) (0xf0 | point >> 18);
                to[out++] = (byte) (0x80 | point >> 12 & 0x3f);
                to[out++] = (byte) (0x80 | point >> 6 & 0x3f);
                to[out++] = (byte) (0x80 | point & 0x3f);
            } else {
                out = unicode(to, out, c);
            }
        }
        length = out;
        return at;
    }

    private static int escape(byte[] to, int at, char c) {
        if (c == '"' || c == '\\') {
            to[at] = '\\';
            to[at + 1] = (byte) c;
            return at + 2;
        }
        char letter = TextRun.letter(c);
        if (letter == 'u') {
            return unicode(to, at, c);
        }
        to[at] = '\\';
        to[at + 1] = (byte) letter;
        return at + 2;
    }

    private static int unicode(byte[] to, int at, char c) {
        to[at] = '\\';
        to[at + 1] = 'u';
        to[at + 2] = HEX[c >> 12];
        to[at + 3] = HEX[c >> 8 & 15];
        to[at + 4] = HEX[c >> 4 & 15];
        to[at + 5] = HEX[c & 15];
        return at + 6;
    }

    private void reserve(int more) {
        if (length + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
        }
    }

    @Override
    public String toString() {
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }
}

package io.penstock.json;

import io.netty.buffer.ByteBuf;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Searches any of a few words in quotes, names and values alike, in a JSON text of any length: one
 * pass that looks at what follows each quote. What stands inside of longer strings is not found,
 * since its quotes are escaped.
 *
 * <p><b>Thread:</b> confined to the event loop, for its window. <b>Buffers:</b> borrows.
 * <br><b>Bounds:</b> a window of {@value #WINDOW_BYTES} bytes; a visitor sees at least
 * {@value #AHEAD_BYTES} bytes behind a word, or all there are.
 */
public final class QuotedWords {
    static final int WINDOW_BYTES = 8 * 1024;
    static final int AHEAD_BYTES = 256;

    private static final VarHandle WORDS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101010101010101L;
    private static final long HIGH_BITS = ONES << 7;
    private static final long QUOTES = ONES * '"';

    private final byte[][] words; // with their closing quote
    private final boolean[] begins = new boolean[128];
    private final int overlap;
    private final byte[] window = new byte[WINDOW_BYTES];

    /** Looks at the words found. */
    public interface Visitor {
        /**
         * A word was found; returns whether that is enough.
         *
         * @param word its place among the words
         * @param from behind its closing quote
         * @param to where {@code bytes} end
         */
        boolean onWord(int word, byte[] bytes, int from, int to);
    }

    /** Looks for these words, ASCII without any escapes. */
    public QuotedWords(String... words) {
        this.words = new byte[words.length][];
        int longest = 0;
        for (int i = 0; i < words.length; i++) {
            this.words[i] = (words[i] + '"').getBytes(StandardCharsets.US_ASCII);
            begins[words[i].charAt(0)] = true;
            longest = Math.max(longest, words[i].length());
        }
        overlap = longest + 2 + AHEAD_BYTES;
        if (overlap > WINDOW_BYTES / 2) {
            throw new IllegalArgumentException("words of " + longest + " characters");
        }
    }

    /** Shows the words in {@code body} until the visitor has seen enough; returns whether so. */
    public boolean find(ByteBuf body, Visitor visitor) {
        int end = body.writerIndex();
        for (int start = body.readerIndex(); start < end; start += WINDOW_BYTES - overlap) {
            int length = Math.min(WINDOW_BYTES, end - start);
            body.getBytes(start, window, 0, length);
            boolean last = start + length == end;
            if (find(length, last ? length : WINDOW_BYTES - overlap, visitor)) {
                return true;
            }
            if (last) {
                return false;
            }
        }
        return false;
    }

    /** Looks at the quotes before {@code until}. */
    private boolean find(int length, int until, Visitor visitor) {
        for (int at = quote(0, until); at < until && at + 1 < length; at = quote(at + 1, until)) {
            byte first = window[at + 1];
            if (first < 0 || !begins[first]) {
                continue;
            }
            for (int i = 0; i < words.length; i++) {
                if (isAt(at + 1, words[i], length) && (at == 0 || window[at - 1] != '\\')
                        && visitor.onWord(i, window, at + 1 + words[i].length, length)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The next quote from there on; {@code until} if there is none. Eight bytes at a time. */
    private int quote(int from, int until) {
        int at = from;
        for (; at <= until - Long.BYTES; at += Long.BYTES) {
            long differs = (long) WORDS.get(window, at) ^ QUOTES;
            long found = differs - ONES & ~differs & HIGH_BITS; // the lowest bit set is right
            if (found != 0) {
                return at + (Long.numberOfTrailingZeros(found) >> 3);
            }
        }
        while (at < until && window[at] != '"') {
            at++;
        }
        return Math.min(at, until);
    }

    private boolean isAt(int at, byte[] word, int length) {
        if (at + word.length > length) {
            return false;
        }
        for (int i = 0; i < word.length; i++) {
            if (window[at + i] != word[i]) {
                return false;
            }
        }
        return true;
    }
}

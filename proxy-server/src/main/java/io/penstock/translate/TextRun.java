package io.penstock.translate;

import java.util.Arrays;

/**
 * Characters gathered in an array that is used again: for text whose meaning is known only once
 * more of its object has been read.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Bounds:</b> grows with what is read, and is let
 * go of above {@value #KEPT_CHARS}.
 */
final class TextRun {
    private static final int KEPT_CHARS = 64 * 1024;
    private static final int FIRST_CHARS = 512;
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private char[] chars = new char[FIRST_CHARS];
    private int length;

    char[] chars() {
        return chars;
    }

    int length() {
        return length;
    }

    void clear() {
        length = 0;
        if (chars.length > KEPT_CHARS) {
            chars = new char[FIRST_CHARS];
        }
    }

    void append(char c) {
        reserve(1);
        chars[length++] = c;
    }

    void append(char[] from, int at, int count) {
        reserve(count);
        System.arraycopy(from, at, chars, length, count);
        length += count;
    }

    void append(CharSequence text) {
        reserve(text.length());
        for (int i = 0; i < text.length(); i++) {
            chars[length++] = text.charAt(i);
        }
    }

    /** Appends text as a JSON string, quotes included. */
    void appendQuoted(char[] from, int at, int count) {
        append('"');
        for (int i = at; i < at + count; i++) {
            char c = from[i];
            reserve(6);
            if (c == '"' || c == '\\') {
                chars[length++] = '\\';
                chars[length++] = c;
            } else if (c < ' ' && letter(c) != 'u') {
                chars[length++] = '\\';
                chars[length++] = letter(c);
            } else if (c < ' ' || isAlone(from, i, at, at + count)) {
                appendUnicode(c);
            } else {
                chars[length++] = c;
            }
        }
        append('"');
    }

    /** Appends JSON text; half a surrogate pair, which only strings hold, as its escape. */
    void appendJson(CharSequence json) {
        char[] text = json.toString().toCharArray();
        for (int i = 0; i < text.length; i++) {
            reserve(6);
            if (isAlone(text, i, 0, text.length)) {
                appendUnicode(text[i]);
            } else {
                chars[length++] = text[i];
            }
        }
    }

    private static boolean isAlone(char[] text, int at, int start, int end) {
        char c = text[at];
        return Character.isHighSurrogate(c)
                ? at + 1 == end || !Character.isLowSurrogate(text[at + 1])
                : Character.isLowSurrogate(c)
                && (at == start || !Character.isHighSurrogate(text[at - 1]));
    }

    /** There is room for it. */
    private void appendUnicode(char c) {
        chars[length++] = '\\';
        chars[length++] = 'u';
        for (int shift = 12; shift >= 0; shift -= 4) {
            chars[length++] = HEX[c >> shift & 15];
        }
    }

    /** Which letter stands for a control character behind a backslash; u for most. */
    static char letter(char c) {
        return switch (c) {
            case '\n' -> 'n';
            case '\r' -> 'r';
            case '\t' -> 't';
            case '\b' -> 'b';
            case '\f' -> 'f';
            default -> 'u';
        };
    }

    private void reserve(int more) {
        if (length + more > chars.length) {
            chars = Arrays.copyOf(chars, Math.max(chars.length * 2, length + more));
        }
    }

    @Override
    public String toString() {
        return new String(chars, 0, length);
    }
}

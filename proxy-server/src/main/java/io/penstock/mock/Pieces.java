package io.penstock.mock;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The texts of a mock's content events. Those of its own are plain ASCII, escaped as in JSON, which
 * changes nothing but {@code \n}.
 */
final class Pieces {
    private static final String[] WORDS = (" here: the water comes down from the high reservoir"
            + " by way of a long steel pipe, and whoever opens the gate a little more gets a little"
            + " more of it. Nothing is lost on the way, nothing waits longer than it must, and when"
            + " one gate jams the keeper turns to the next, so that the mill below never"
            + " notices.\\n\\n")
            .split("(?= )");
    private static final int ROUNDS = 5;
    private static final int LEAST = 4;
    private static final int MAX_TOTAL_BYTES = 256 * 1024; // of text, unless LEAST need more

    private Pieces() {}

    /** The pieces of a ring: the name, then words; each of {@code bytes} bytes unless that is 0. */
    static byte[][] of(String name, int bytes) {
        return bytes == 0 ? ring(name) : fill(name, bytes);
    }

    private static byte[][] ring(String name) {
        byte[][] pieces = new byte[ROUNDS * (WORDS.length + 1)][];
        for (int i = 0; i < pieces.length; i++) {
            int word = i % (WORDS.length + 1);
            pieces[i] = ascii(word == 0 ? name : WORDS[word - 1]);
        }
        return pieces;
    }

    private static byte[][] fill(String name, int bytes) {
        String text = name + String.join("", WORDS).replace("\\n\\n", " ");
        int count = Math.max(LEAST, Math.min(ROUNDS * WORDS.length, MAX_TOTAL_BYTES / bytes));
        byte[][] pieces = new byte[count][bytes];
        int at = 0;
        for (byte[] piece : pieces) {
            for (int i = 0; i < bytes; i++, at++) {
                piece[i] = (byte) text.charAt(at % text.length());
            }
        }
        return pieces;
    }

    /** The first {@code count} texts of a ring of such pieces, unescaped. */
    static List<String> texts(byte[][] ring, int count) {
        List<String> texts = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            texts.add(new String(ring[i % ring.length], StandardCharsets.US_ASCII)
                    .replace("\\n", "\n"));
        }
        return texts;
    }

    /** The text in words, each with the blank before it; none of an empty text. */
    static List<String> words(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split("(?<=[^ ])(?= )"));
    }

    /** The text in pieces of that length, but no surrogate pair in two. */
    static List<String> cut(String text, int length) {
        List<String> pieces = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            int end = Math.min(text.length(), at + length);
            if (end < text.length() && Character.isLowSurrogate(text.charAt(end))) {
                end++;
            }
            pieces.add(text.substring(at, end));
            at = end;
        }
        return pieces;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}

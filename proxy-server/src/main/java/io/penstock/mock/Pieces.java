package io.penstock.mock;

import java.nio.charset.StandardCharsets;

/** The texts of a mock's content events: plain ASCII that needs no escape but {@code \n}. */
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
        return bytes == 0 ? words(name) : cut(name, bytes);
    }

    private static byte[][] words(String name) {
        byte[][] pieces = new byte[ROUNDS * (WORDS.length + 1)][];
        for (int i = 0; i < pieces.length; i++) {
            int word = i % (WORDS.length + 1);
            pieces[i] = ascii(word == 0 ? name : WORDS[word - 1]);
        }
        return pieces;
    }

    private static byte[][] cut(String name, int bytes) {
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

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}

package io.penstock.mock;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * The texts of a mock's content events. Those of its own are UTF-8, escaped as in JSON; plain ASCII
 * with no other escape than {@code \n} unless they are varied.
 */
final class Pieces {
    private static final String[] WORDS = (" here: the water comes down from the high reservoir"
            + " by way of a long steel pipe, and whoever opens the gate a little more gets a little"
            + " more of it. Nothing is lost on the way, nothing waits longer than it must, and when"
            + " one gate jams the keeper turns to the next, so that the mill below never"
            + " notices.\\n\\n")
            .split("(?= )");
    private static final String[] SCRIPTS = {"the water comes down", "Wasser fällt über Stein",
        "l’eau s’écoule à côté", "вода течёт вниз", "水は低きに流れる", "물은 아래로 흐른다",
        "المياه تنزل", "🌊💧⛰️🏞️", "{x: [1, 2]}, \\\"so\\\" – 42\\n"};
    private static final Pattern CHARACTER = Pattern.compile("\\\\?\\X"); // an escape is one
    private static final int[] MOST_CHARACTERS = {4, 4, 8, 8, 16, 64, 256};
    private static final String PADDING =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private static final int MAX_PADDING = 24;
    private static final int VARIED = 1021; // prime: no stream's length divides it
    static final long SEED = 20261128;
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

    /** The pieces of a ring: the name, then texts of all lengths and many scripts. */
    static byte[][] varied(String name) {
        SplittableRandom random = new SplittableRandom(SEED);
        byte[][] pieces = new byte[VARIED][];
        pieces[0] = ascii(name);
        for (int i = 1; i < pieces.length; i++) {
            pieces[i] = text(random).getBytes(StandardCharsets.UTF_8);
        }
        return pieces;
    }

    private static String text(SplittableRandom random) {
        List<String> characters = CHARACTER.matcher(SCRIPTS[random.nextInt(SCRIPTS.length)])
                .results().map(MatchResult::group).toList();
        int count = 1 + random.nextInt(MOST_CHARACTERS[random.nextInt(MOST_CHARACTERS.length)]);
        int at = random.nextInt(characters.size());
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(characters.get((at + i) % characters.size()));
        }
        return text.toString();
    }

    /** Letters and digits of a random number, as in the {@code obfuscation} of OpenAI's events. */
    static String padding(SplittableRandom random) {
        StringBuilder padding = new StringBuilder();
        for (int i = random.nextInt(MAX_PADDING); i >= 0; i--) {
            padding.append(PADDING.charAt(random.nextInt(PADDING.length())));
        }
        return padding.toString();
    }

    /** The first {@code count} texts of a ring of such pieces, unescaped. */
    static List<String> texts(byte[][] ring, int count) {
        List<String> texts = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            texts.add(new String(ring[i % ring.length], StandardCharsets.UTF_8)
                    .replace("\\n", "\n").replace("\\\"", "\""));
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

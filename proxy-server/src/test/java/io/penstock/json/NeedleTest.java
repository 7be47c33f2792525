package io.penstock.json;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NeedleTest {
    @Test
    void findsWhatIndexOfFinds() {
        Random random = new Random(42);
        for (int round = 0; round < 20_000; round++) {
            String needle = text(random, 1 + random.nextInt(10));
            String hay = text(random, random.nextInt(40));
            int from = random.nextInt(hay.length() + 1);
            int length = random.nextInt(hay.length() - from + 1);

            int expected = hay.substring(from, from + length).indexOf(needle);
            assertThat(new Needle(needle).find(bytes(hay), from, from + length))
                    .as("%s in %s, %d bytes at %d", needle, hay, length, from)
                    .isEqualTo(expected < 0 ? -1 : from + expected);
            int last = hay.substring(from, from + length).lastIndexOf(needle);
            assertThat(new Needle(needle).findLast(bytes(hay), from, from + length))
                    .as("last %s in %s, %d bytes at %d", needle, hay, length, from)
                    .isEqualTo(last < 0 ? -1 : from + last);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String text(Random random, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + random.nextInt(3)));
        }
        return text.toString();
    }

    @Test
    void passesOverBytesBeyondAscii() {
        byte[] hay = bytes("\u00ff\u0080\u00e9\"usage\"\u00ff");

        assertThat(new Needle("\"usage\"").find(hay, 0, hay.length)).isEqualTo(3);
        assertThat(new Needle("\"usages").find(hay, 0, hay.length)).isEqualTo(-1);
    }

    @Test
    void looksAtNothingBeyondTheGivenBytes() {
        byte[] hay = bytes("abcabc");

        assertThat(new Needle("abc").find(hay, 1, 5)).isEqualTo(-1);
        assertThat(new Needle("abc").find(hay, 1, 6)).isEqualTo(3);
        assertThat(new Needle("abc").find(hay, 0, 2)).isEqualTo(-1);
        assertThat(new Needle("abc").length()).isEqualTo(3);
    }
}

package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReplyBytesTest {
    private final ReplyBytes bytes = new ReplyBytes();

    @ParameterizedTest
    @ValueSource(ints = {510, 511, 512, 513, 1023, 1024})
    void pairsSurviveTheEndsOfBlocks(int before) {
        String text = "x".repeat(before) + "\ud83d\ude00\ud83d";

        assertThat(bytes.escaped(text).put("|").escaped(text.toCharArray(), 0, text.length())
                .toString()).isEqualTo(("x".repeat(before) + "\ud83d\ude00\\ud83d|")
                .repeat(2).replaceFirst("\\|$", ""));
    }

    @Test
    void writesEveryCharacterAsJson() throws Exception {
        Random random = new Random(1);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 20_000; i++) {
            text.append((char) (random.nextInt(4) == 0 ? random.nextInt(0x10000)
                    : random.nextInt(0x80)));
        }

        String json = bytes.quoted(text).toString();

        assertThat(new com.fasterxml.jackson.databind.ObjectMapper().readValue(json, String.class))
                .isEqualTo(text.toString());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 7, 10, 99, 100, 1_755_000_000, Long.MAX_VALUE, -1})
    void writesNumbers(long number) {
        assertThat(bytes.number(number).toString()).isEqualTo(Long.toString(number));
    }

    @Test
    void nullIsNull() {
        assertThat(bytes.quoted(null).toString()).isEqualTo("null");
    }
}

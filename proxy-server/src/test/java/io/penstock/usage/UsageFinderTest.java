package io.penstock.usage;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.loop.Scratch;
import io.penstock.testing.Bytes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UsageFinderTest {
    private static final int[] SIZES = {1, 2, 3, 7, Integer.MAX_VALUE};

    private static UsageFinder read(String text, int size) {
        UsageFinder finder = new UsageFinder(new Scratch());
        for (int at = 0; at < text.length(); at += Math.min(size, text.length())) {
            int end = (int) Math.min(text.length(), (long) at + size);
            ByteBuf piece = Bytes.buffer("{" + text.substring(at, end));
            try {
                finder.read(piece, 1, end - at);
            } finally {
                piece.release();
            }
        }
        return finder;
    }

    private static void assertUsage(String text, TokenUsage expected) {
        for (int size : SIZES) {
            assertThat(read(text, size).largest()).as("in pieces of " + size).isEqualTo(expected);
        }
    }

    @Test
    void readsWhatAnImageCosts() {
        assertUsage("{\"created\":1,\"data\":[],\"usage\": {\"total_tokens\":105,"
                + "\"input_tokens\":5,\"output_tokens\":100,"
                + "\"input_tokens_details\":{\"text_tokens\":5,\"image_tokens\":0}}}",
                new TokenUsage(5, 100, 0, 0));
    }

    @Test
    void readsWhatARankingCosts() {
        assertUsage("{\"results\":[],\"usage\":{\"total_tokens\":38}}",
                new TokenUsage(38, 0, 0, 0));
    }

    @Test
    void readsWhatAChatCosts() {
        assertUsage("{\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3,\"total_tokens\":10,"
                + "\"prompt_tokens_details\":{\"cached_tokens\":2},"
                + "\"completion_tokens_details\":{\"reasoning_tokens\":1}}}",
                new TokenUsage(7, 3, 2, 1));
    }

    @Test
    void addsWhatAnthropicCountsBeside() {
        assertUsage("data: {\"usage\":{\"input_tokens\":4,\"cache_read_input_tokens\":100,"
                + "\"cache_creation_input_tokens\":10,\"output_tokens\":1}}\n\n"
                + "data: {\"usage\":{\"output_tokens\":25}}\n\n", new TokenUsage(114, 25, 100, 0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\"usage\":null", "\"usage\"", "\"usage\":{}", "\"usage\":[1]",
        "\"usage\":{\"type\":\"duration\",\"seconds\":3}", "\"usage\":{\"input_tokens\":5",
        "\\\"usage\\\":{\"input_tokens\":5}", "\"usages\":{\"input_tokens\":5}",
        "\"usag\"e\":{\"input_tokens\":5}"})
    void findsNothingWhereNothingIsCounted(String text) {
        assertUsage(text, null);
    }

    @Test
    void isNotLedAstrayByWhatStandsInStrings() {
        assertUsage("\"usage\":{\"a\":\"}\\\"\",\"input_tokens\":5}", new TokenUsage(5, 0, 0, 0));
        assertUsage("\"usa\"usage\":{\"input_tokens\":5}", new TokenUsage(5, 0, 0, 0));
        assertUsage("\"usage\":\"usage\":{\"input_tokens\":5}", new TokenUsage(5, 0, 0, 0));
    }

    @Test
    void addsUpWhatSeveralRepliesCost() {
        String two = "\u0081~{\"usage\":{\"input_tokens\":5,\"output_tokens\":2}}\u0081~"
                + "{\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}";

        for (int size : SIZES) {
            assertThat(read(two, size).takeSum()).as("in pieces of " + size)
                    .isEqualTo(new TokenUsage(14, 3, 0, 0));
        }
    }

    @Test
    void givesUpAnObjectThatIsTooLong() {
        String padding = "\"x\":\"" + "y".repeat(UsageFinder.MAX_OBJECT_BYTES) + "\",";

        assertUsage("\"usage\":{" + padding + "\"input_tokens\":5}", null);
    }

    @Test
    void beginsAnew() {
        UsageFinder finder = read("\"usage\":{\"input_tokens\":5} \"usage\":{\"inp", 100);

        finder.reset();

        assertThat(finder.largest()).isNull();
        assertThat(finder.takeSum()).isNull();
    }
}

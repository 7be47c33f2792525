package io.penstock.usage;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.testing.Bytes;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UsageScannerTest {
    private final UsageScanner scanner = new UsageScanner();

    private TokenUsage scan(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        ByteBuf buffer = Bytes.buffer("{").writeBytes(bytes)
                .writeBytes(Bytes.latin1("\"usage\":{\"prompt_tokens\":999}"));
        try {
            return scanner.scan(buffer, 1, bytes.length);
        } finally {
            buffer.release();
        }
    }

    private static String usage(String members) {
        return "data: {\"choices\":[],\"usage\":{" + members + "}}\n\n";
    }

    @ParameterizedTest
    @CsvSource({
        "openai-chat-stream-usage.sse,21,9,0,0",
        "openai-chat-stream-parallel-tools.sse,110,58,64,0",
        "groq-stream-x-groq.sse,78,21,0,9", "deepseek-stream-reasoning.sse,84,30,64,22",
        "vllm-stream-error-done.sse,20,4,0,0", "mistral-stream-thinking.sse,40,35,0,0",
        "azure-stream-filters.sse,9,4,0,0",
    })
    void findsTheUsageOfEveryProvidersStream(String fixture, long prompt, long completion,
            long cached, long reasoning) {
        assertThat(scan(new String(Bytes.fixture(fixture), StandardCharsets.UTF_8)))
                .isEqualTo(new TokenUsage(prompt, completion, cached, reasoning));
    }

    @ParameterizedTest
    @ValueSource(strings = {"openai-chat-unary.json", "openai-chat-unary-toolcalls.json",
        "deepseek-unary-keepalive.json"})
    void findsTheUsageOfAWholeBody(String fixture) {
        TokenUsage usage = scan(new String(Bytes.fixture(fixture), StandardCharsets.UTF_8));

        assertThat(usage).isNotNull();
        assertThat(usage.prompt()).isPositive();
        assertThat(usage.completion()).isPositive();
    }

    @ParameterizedTest
    @CsvSource({"anthropic-unary-cache.json", "openai-responses-unary.json"})
    void findsTheUsageInOtherWords(String fixture) {
        TokenUsage usage = scan(new String(Bytes.fixture(fixture), StandardCharsets.UTF_8));

        assertThat(usage).isNotNull();
        assertThat(usage.prompt()).isPositive();
        assertThat(usage.completion()).isPositive();
    }

    @Test
    void countsWhatACacheHadAndTookInAnthropicsPrompt() {
        assertThat(scan("\"usage\":{\"input_tokens\":3,\"cache_creation_input_tokens\":20,"
                + "\"cache_read_input_tokens\":100,\"output_tokens\":7}"))
                .isEqualTo(new TokenUsage(123, 7, 100, 0));
    }

    @Test
    void takesOneOfTwoWordsForTheSame() {
        assertThat(scan("\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,"
                + "\"input_tokens\":9,\"output_tokens\":2}"))
                .isEqualTo(new TokenUsage(9, 2, 0, 0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "data: {}\n\n", "\"usage\":null", "\"usage\":5", "\"usage\":[]",
        "\"usage\":{}", "\"usage\"", "\"usage\":", "\"usage\":{\"prompt_tokens\":0}",
        "\"usage\":{\"prompt_tokens\":null,\"completion_tokens\":null}", "\"usage\":{nonsense",
        "\"usage\":{\"prompt_tokens\":5", "\"usage\":{\"input_tokens\":0}",
        "\"usages\":{\"prompt_tokens\":5}", "\"my_usage\":{\"prompt_tokens\":5}"})
    void findsNoneWhereThereIsNone(String text) {
        assertThat(scan(text)).isNull();
    }

    @Test
    void takesNoUsageFromTheTextOfAMessage() {
        assertThat(scan("{\"content\":\"{\\\"usage\\\":{\\\"prompt_tokens\\\":5}}\"}")).isNull();
        assertThat(scan("{\"content\":\"\\\"usage\\\": {\"}" + usage("\"prompt_tokens\":7")))
                .isEqualTo(new TokenUsage(7, 0, 0, 0));
    }

    @Test
    void readsTheDetailsOfBothSides() {
        assertThat(scan(usage("\"prompt_tokens\":10,\"completion_tokens\":20,\"total_tokens\":30,"
                + "\"prompt_tokens_details\":{\"cached_tokens\":4,\"audio_tokens\":0},"
                + "\"completion_tokens_details\":{\"reasoning_tokens\":6,\"x\":{\"y\":[1]}}")))
                .isEqualTo(new TokenUsage(10, 20, 4, 6));
        assertThat(scan(usage("\"prompt_tokens_details\":null,\"prompt_tokens\":1,"
                + "\"completion_tokens_details\":[{\"reasoning_tokens\":6}]")))
                .isEqualTo(new TokenUsage(1, 0, 0, 0));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"5|5", "5.0|5", "5.9|5", "5e1|50", "\"5\"|5", "\"5.5\"|5",
        "-5|0", "\"-5\"|0", "null|0", "true|0", "\"\"|0", "\"many\"|0", "[5]|0", "{\"a\":5}|0",
        "1e400|0", "9223372036854775807|0", "123456789012345678901234567890|0", "\"NaN\"|0",
        "999999999999999|999999999999999"})
    void isNeitherMisledNorStoppedByOddNumbers(String number, long expected) {
        assertThat(scan(usage("\"prompt_tokens\":" + number + ",\"completion_tokens\":1")))
                .isEqualTo(new TokenUsage(expected, 1, 0, 0));
    }

    @Test
    void isNotStoppedByWhatIsBeyondAllBounds() {
        assertThat(scan(usage("\"prompt_tokens\":" + "9".repeat(2000)))).isNull();
        assertThat(scan(usage("\"prompt_tokens\":" + "[".repeat(2000) + "]".repeat(2000))))
                .isNull();
    }

    @Test
    void readsAnObjectOfAnyLength() {
        assertThat(scan(usage("\"x\":\"" + "y".repeat(20_000)
                + "\",\"prompt_tokens\":5"))).isEqualTo(new TokenUsage(5, 0, 0, 0));
    }

    @Test
    void takesTheLastOfSeveral() {
        assertThat(scan(usage("\"prompt_tokens\":1") + usage("\"prompt_tokens\":2")
                + "\"usage\":null")).isEqualTo(new TokenUsage(2, 0, 0, 0));
    }

    /** Reading each of them to the end took a time that grew with the square of the length. */
    @ParameterizedTest
    @ValueSource(strings = {"\"usage\":{", "\"usage\":{\"x\":"})
    void givesUpWhereObjectsHaveNoEnd(String beginning) {
        String real = usage("\"prompt_tokens\":1");

        assertThat(scan(real + beginning)).isEqualTo(new TokenUsage(1, 0, 0, 0));
        assertThat(scan(real + beginning.repeat(1000))).isNull();
        assertThat(scan(beginning.repeat(1000) + real)).isEqualTo(new TokenUsage(1, 0, 0, 0));
    }

    @Test
    void givesUpWhereObjectsStandWithinEachOther() {
        String within = "\"usage\":{".repeat(1000) + "}".repeat(1000);

        assertThat(scan(usage("\"prompt_tokens\":1") + within)).isNull();
    }

    @Test
    void allowsForBlanksAroundTheColon() {
        assertThat(scan("\"usage\" :\r\n\t {\"completion_tokens\" : 3}"))
                .isEqualTo(new TokenUsage(0, 3, 0, 0));
    }

    @Test
    void countsReasoningThatOnlyTheTotalHas() {
        assertThat(scan(usage("\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":35,"
                + "\"completion_tokens_details\":{\"reasoning_tokens\":20}")))
                .isEqualTo(new TokenUsage(10, 25, 0, 20));
        assertThat(scan(usage("\"prompt_tokens\":10,\"total_tokens\":10")))
                .isEqualTo(new TokenUsage(10, 0, 0, 0));
    }
}

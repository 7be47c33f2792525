package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReplyReshaperTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CHAT = "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\","
            + "\"created\":1755000000,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":"
            + "{\"role\":\"assistant\",\"content\":\"Grüße 😀\",\"refusal\":null,"
            + "\"annotations\":[]},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":"
            + "{\"prompt_tokens\":7,\"completion_tokens\":3,\"total_tokens\":10,"
            + "\"prompt_tokens_details\":{\"cached_tokens\":2}},\"system_fingerprint\":\"fp\"}";
    private static final String CALLS = "{\"id\":\"chatcmpl-2\",\"object\":\"chat.completion\","
            + "\"created\":1755000000,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":"
            + "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":"
            + "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}},"
            + "{\"id\":\"c2\",\"type\":\"function\",\"function\":{\"name\":\"g\","
            + "\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}],\"usage\":"
            + "{\"prompt_tokens\":7,\"completion_tokens\":3,\"total_tokens\":10}}";
    private static final String MESSAGE = "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
            + "\"assistant\",\"model\":\"m\",\"content\":[{\"type\":\"thinking\",\"thinking\":"
            + "\"Hm.\",\"signature\":\"s1\"},{\"type\":\"redacted_thinking\",\"data\":\"d1\"},"
            + "{\"type\":\"text\",\"text\":\"Hello\"},{\"type\":\"tool_use\",\"id\":\"t1\","
            + "\"name\":\"f\",\"input\":{\"a\":[1,{\"b\":null}]}}],\"stop_reason\":\"tool_use\","
            + "\"stop_sequence\":null,\"usage\":{\"input_tokens\":7,\"output_tokens\":3}}";
    private static final String RESPONSE = "{\"id\":\"resp_1\",\"object\":\"response\","
            + "\"created_at\":1755000000,\"status\":\"completed\",\"error\":null,"
            + "\"incomplete_details\":null,\"model\":\"m\",\"output\":[{\"id\":\"msg_1\",\"type\":"
            + "\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":"
            + "\"output_text\",\"text\":\"Hello\",\"annotations\":[]}]}],\"temperature\":0.25,"
            + "\"metadata\":{\"k\":\"v\"},\"usage\":{\"input_tokens\":7,\"output_tokens\":3,"
            + "\"total_tokens\":10}}";
    private static final String GEMINI = "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":"
            + "\"Hello\"}],\n\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0,"
            + "\"safetyRatings\":[{\"category\":\"X\"}]}],\r\n\"usageMetadata\":{"
            + "\"promptTokenCount\":7,\"candidatesTokenCount\":3,\"totalTokenCount\":10},"
            + "\"modelVersion\":\"m\",\"responseId\":\"r\"}";
    private static final String COMPLETION = "{\"id\":\"cmpl-1\",\"object\":\"text_completion\","
            + "\"created\":1755000000,\"model\":\"m\",\"choices\":[{\"text\":\"Hello\",\"index\":0,"
            + "\"logprobs\":null,\"finish_reason\":\"length\"}],\"usage\":{\"prompt_tokens\":7,"
            + "\"completion_tokens\":3,\"total_tokens\":10}}";
    private static final ReplyUsage COUNTED = new ReplyUsage(7, 3, 0, 0, 0);

    private final ReplyReshaper reshaper =
            new ReplyReshaper(new ReplyLoop(() -> 0, () -> 1755000000, () -> 0));

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    private String events(ReplyFormat format, String whole) {
        return text(reshaper.toEvents(format, bytes(whole), true, 1));
    }

    private String whole(ReplyFormat format, String events) {
        return text(reshaper.toWhole(format, bytes(events), null, 1));
    }

    private JsonNode thereAndBack(ReplyFormat format, String whole) throws IOException {
        return JSON.readTree(whole(format, events(format, whole)));
    }

    private static String sample(ReplyFormat format) {
        return switch (format) {
            case MESSAGES -> MESSAGE;
            case RESPONSES -> RESPONSE;
            case GEMINI -> GEMINI;
            case COMPLETIONS -> COMPLETION;
            default -> CHAT;
        };
    }

    private static List<JsonNode> data(String events) throws IOException {
        List<JsonNode> all = new ArrayList<>();
        for (String line : events.split("\n")) {
            if (line.startsWith("data: {")) {
                all.add(JSON.readTree(line.substring(6)));
            }
        }
        return all;
    }

    @ParameterizedTest
    @CsvSource({"CHAT,/choices/0/message/content", "MESSAGES,/content", "GEMINI,/candidates",
        "CHAT,/id", "CHAT,/created", "CHAT,/model", "CHAT,/choices/0/finish_reason",
        "CHAT,/usage/prompt_tokens", "CHAT,/usage/prompt_tokens_details/cached_tokens",
        "MESSAGES,/id", "MESSAGES,/stop_reason", "MESSAGES,/usage/input_tokens",
        "MESSAGES,/usage/output_tokens", "RESPONSES,/id", "RESPONSES,/status",
        "RESPONSES,/output/0/content/0/text", "RESPONSES,/temperature", "RESPONSES,/metadata",
        "RESPONSES,/usage/input_tokens", "GEMINI,/usageMetadata", "GEMINI,/modelVersion",
        "COMPLETIONS,/choices/0/text", "COMPLETIONS,/choices/0/finish_reason",
        "COMPLETIONS,/usage/completion_tokens"})
    void keepsWhatAReplySaysThereAndBack(ReplyFormat format, String pointer) throws IOException {
        JsonNode before = JSON.readTree(sample(format)).at(pointer);

        assertThat(before.isMissingNode()).isFalse();
        assertThat(thereAndBack(format, sample(format)).at(pointer)).isEqualTo(before);
    }

    @Test
    void keepsCallsOfTools() throws IOException {
        assertThat(thereAndBack(ReplyFormat.CHAT, CALLS).at("/choices/0/message/tool_calls"))
                .isEqualTo(JSON.readTree(CALLS).at("/choices/0/message/tool_calls"));
    }

    @Test
    void writesEventsAsTheFormatWantsThem() throws IOException {
        assertThat(events(ReplyFormat.CHAT, CHAT)).endsWith("data: [DONE]\n\n")
                .contains("chat.completion.chunk");
        assertThat(events(ReplyFormat.MESSAGES, MESSAGE)).startsWith("event: message_start\n")
                .endsWith("data: {\"type\":\"message_stop\"}\n\n");
        assertThat(data(events(ReplyFormat.RESPONSES, RESPONSE))).first()
                .matches(event -> event.at("/type").asText().equals("response.created"));
        assertThat(events(ReplyFormat.GEMINI, GEMINI)).startsWith("data: {")
                .isEqualTo("data: " + GEMINI.replace('\n', ' ').replace('\r', ' ') + "\n\n");
    }

    @Test
    void doesNotBreakACharacterInTwo() throws IOException {
        String long1 = "x".repeat(255) + "😀" + "y".repeat(300);

        assertThat(thereAndBack(ReplyFormat.CHAT, CHAT.replace("Grüße 😀", long1))
                .at("/choices/0/message/content").asText()).isEqualTo(long1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"logprobs\":{\"content\":[{\"token\":\"G\"}]}",
        "\"finish_reason\":\"stop\",\"content_filter_results\":{\"hate\":{\"filtered\":false}}"})
    void hasNoEventsForAChatWithMoreInIt(String members) {
        assertThat(events(ReplyFormat.CHAT, CHAT.replace("\"logprobs\":null", members))).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"annotations\":[{\"type\":\"url_citation\"}]",
        "\"audio\":{\"id\":\"a\"}", "\"function_call\":{\"name\":\"f\"}",
        "\"reasoning_details\":[{}]"})
    void hasNoEventsForAMessageWithMoreInIt(String member) {
        assertThat(events(ReplyFormat.CHAT, CHAT.replace("\"annotations\":[]", member))).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"type\":\"server_tool_use\",\"id\":\"x\",\"name\":\"web_search\","
            + "\"input\":{}}", "{\"type\":\"text\",\"text\":\"x\",\"citations\":[{}]}"})
    void hasNoEventsForAnthropicsBlocksWithMoreInThem(String block) {
        assertThat(events(ReplyFormat.MESSAGES,
                MESSAGE.replace("{\"type\":\"text\",\"text\":\"Hello\"}", block))).isNull();
    }

    @Test
    void hasNoEventsForItemsWithMoreInThem() {
        assertThat(events(ReplyFormat.RESPONSES, RESPONSE.replace("\"output\":[",
                "\"output\":[{\"type\":\"web_search_call\",\"id\":\"ws\"},"))).isNull();
    }

    @Test
    void hasNoWholeReplyForEventsWithMoreInThem() {
        String events = events(ReplyFormat.CHAT, CHAT);

        assertThat(whole(ReplyFormat.CHAT, events)).isNotNull();
        assertThat(whole(ReplyFormat.CHAT, events.replaceFirst("\"delta\":\\{",
                "\"delta\":{\"audio\":{\"id\":\"a\"},"))).isNull();
        assertThat(whole(ReplyFormat.CHAT, events.replace("data: [DONE]\n\n", "data: {x}\n\n")))
                .isNull();
    }

    @Test
    void hasNoWholeReplyForEventsThatBreakOff() {
        String events = events(ReplyFormat.MESSAGES, MESSAGE);

        assertThat(whole(ReplyFormat.MESSAGES,
                events.substring(0, events.indexOf("event: message_delta")))).isNull();
    }

    @Test
    void readsEventsWhateverEndsTheirLines() throws IOException {
        String events = events(ReplyFormat.CHAT, CHAT).replace("\n", "\r\n");

        assertThat(JSON.readTree(whole(ReplyFormat.CHAT, events))
                .at("/choices/0/message/content").asText()).isEqualTo("Grüße 😀");
    }

    @Test
    void tellsAWholeReplyWhatWasCountedWhereTheEventsDoNot() throws IOException {
        String events = text(reshaper.toEvents(ReplyFormat.CHAT, bytes(CHAT), false, 1));

        assertThat(events).doesNotContain("\"usage\":{");
        assertThat(whole(ReplyFormat.CHAT, events)).isNull();
        assertThat(JSON.readTree(text(reshaper.toWhole(ReplyFormat.CHAT, bytes(events), COUNTED,
                1))).at("/usage/total_tokens").asInt()).isEqualTo(10);
    }

    @Test
    void putsTheUsageBeforeTheEndOfAStreamAndTakesItOut() throws IOException {
        byte[] without = reshaper.toEvents(ReplyFormat.CHAT, bytes(CHAT), false, 1);
        byte[] with = reshaper.withUsage(without, true, COUNTED);

        List<JsonNode> data = data(text(with));
        JsonNode last = data.get(data.size() - 1);
        assertThat(last.at("/choices").isEmpty()).isTrue();
        assertThat(last.at("/usage/total_tokens").asInt()).isEqualTo(10);
        assertThat(last.at("/id").asText()).isEqualTo("chatcmpl-1");
        assertThat(last.at("/model").asText()).isEqualTo("m");
        assertThat(text(with)).endsWith("data: [DONE]\n\n");
        assertThat(reshaper.withUsage(with, true, null)).isEqualTo(with);
        assertThat(reshaper.withUsage(with, false, null)).isEqualTo(without);
        assertThat(reshaper.withUsage(without, true, null)).isNull();
    }

    @ParameterizedTest
    @CsvSource({"CHAT", "MESSAGES", "RESPONSES", "COMPLETIONS"})
    void hasNoShapesForWhatIsNoReply(ReplyFormat format) {
        for (String bad : List.of("", "{", "[]", "{}", "null", "{\"error\":{\"message\":\"x\"}}",
                "data: x\n\n", "\n\n\n")) {
            assertThat(reshaper.toEvents(format, bytes(bad), true, 1)).as(bad).isNull();
            assertThat(reshaper.toWhole(format, bytes(bad), COUNTED, 1)).as(bad).isNull();
        }
    }
}

package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.failure.Failure;
import io.penstock.translate.ChatStream.Meaning;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A stream of each format that is continued by an answer of any other. */
class OpenStreamTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ReplyUsage USAGE = new ReplyUsage(30, 12, 0, 0, 0);

    private final ReplyLoop loop = new ReplyLoop(() -> 7, () -> 1_700_000_000, () -> 0);
    private final StringBuilder caller = new StringBuilder(); // what the caller has

    /** Beginnings of a provider's stream that stop within a text. */
    private static String[] begun(ReplyFormat format) {
        return switch (format) {
            case CHAT -> new String[] {
                chunk("{\"role\":\"assistant\",\"content\":\"\"}"),
                chunk("{\"content\":\"One two\"}")};
            case MESSAGES -> new String[] {
                event("message_start", "\"message\":{\"id\":\"msg_1\",\"type\":\"message\","
                        + "\"role\":\"assistant\",\"model\":\"m\",\"content\":[],"
                        + "\"stop_reason\":null,\"usage\":{\"input_tokens\":7,"
                        + "\"output_tokens\":1}}"),
                event("content_block_start", "\"index\":0,\"content_block\":{\"type\":"
                        + "\"thinking\",\"thinking\":\"\",\"signature\":\"\"}"),
                event("content_block_delta", "\"index\":0,\"delta\":{\"type\":"
                        + "\"thinking_delta\",\"thinking\":\"Hm\"}"),
                event("content_block_stop", "\"index\":0"),
                event("content_block_start", "\"index\":1,\"content_block\":{\"type\":\"text\","
                        + "\"text\":\"\"}"),
                event("content_block_delta", "\"index\":1,\"delta\":{\"type\":\"text_delta\","
                        + "\"text\":\"One two\"}")};
            case RESPONSES -> new String[] {
                event("response.created", "\"sequence_number\":0,\"response\":" + response()),
                event("response.output_item.added", "\"sequence_number\":1,\"output_index\":0,"
                        + "\"item\":{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[]}"),
                event("response.output_item.done", "\"sequence_number\":2,\"output_index\":0,"
                        + "\"item\":{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[]}"),
                event("response.output_item.added", "\"sequence_number\":3,\"output_index\":1,"
                        + "\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":"
                        + "\"in_progress\",\"role\":\"assistant\",\"content\":[]}"),
                event("response.content_part.added", "\"sequence_number\":4,\"item_id\":"
                        + "\"msg_1\",\"output_index\":1,\"content_index\":0,\"part\":{\"type\":"
                        + "\"output_text\",\"annotations\":[],\"text\":\"\"}"),
                event("response.output_text.delta", "\"sequence_number\":5,\"item_id\":\"msg_1\","
                        + "\"output_index\":1,\"content_index\":0,\"delta\":\"One two\"")};
            case GEMINI -> new String[] {
                "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"One two\"}],"
                        + "\"role\":\"model\"},\"index\":0}],\"modelVersion\":\"m\","
                        + "\"responseId\":\"r1\"}\n\n"};
            default -> throw new IllegalArgumentException(format.toString());
        };
    }

    private static String response() {
        return "{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1,\"status\":"
                + "\"in_progress\",\"completed_at\":null,\"error\":null,"
                + "\"incomplete_details\":null,\"model\":\"m\",\"output\":[],\"usage\":null}";
    }

    private static String chunk(String delta) {
        return "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,"
                + "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":" + delta
                + ",\"finish_reason\":null}]}\n\n";
    }

    private static String event(String type, String members) {
        return "event: " + type + "\ndata: {\"type\":\"" + type + "\"," + members + "}\n\n";
    }

    /** Reads events one at a time; what it writes goes to the caller. */
    private void read(ReplyTranslator translator, boolean relayed, String... events) {
        for (String event : events) {
            ByteBuf in = Unpooled.copiedBuffer(event, StandardCharsets.UTF_8);
            ByteBuf out = Unpooled.buffer();
            translator.onEvent(in, 0, in.readableBytes(), out);
            caller.append(relayed ? event : out.toString(StandardCharsets.UTF_8));
        }
    }

    private ReplyTranslator relayed(ReplyFormat format) {
        ReplyTranslator first = new ReplyTranslator(loop);
        first.watchToContinue(format, false);
        read(first, true, begun(format));
        return first;
    }

    private ReplyTranslator translated(ReplyFormat upstream, ReplyFormat client) {
        ReplyTranslator first = new ReplyTranslator(loop);
        first.begin(upstream, client, ReplyOptions.DEFAULT, true);
        read(first, false, begun(upstream));
        return first;
    }

    /** An answer of a chat provider that has come to its end. */
    private AnswerText answer(String reason) {
        AnswerText answer = new AnswerText();
        ReplyTranslator next = new ReplyTranslator(loop);
        next.readText(ReplyFormat.CHAT, answer);
        String finish = chunk("{}").replace("\"finish_reason\":null",
                "\"finish_reason\":\"" + reason + "\"");
        for (String event : new String[] {chunk("{\"content\":\"three\"}"), finish,
            "data: [DONE]\n\n"}) {
            ByteBuf in = Unpooled.copiedBuffer(event, StandardCharsets.UTF_8);
            next.onEvent(in, 0, in.readableBytes(), Unpooled.EMPTY_BUFFER);
        }
        return answer;
    }

    private void continueWith(OpenStream open, String reason) {
        assertThat(open.canContinue()).isTrue();
        assertThat(open.text()).isEqualTo("One two");
        caller.append(open.text(" \"three\"")).append(open.text(" four"));
        assertThat(open.canContinue()).as("once more").isTrue();
        assertThat(open.text()).isEqualTo("One two \"three\" four");
        caller.append(open.end(answer(reason), USAGE));
        assertThat(open.canContinue()).isFalse();
    }

    /** The caller's stream, read by a reader of its format that wants all of it. */
    private void assertWhole(ReplyFormat format, FinishReason reason) throws Exception {
        AnswerText all = new AnswerText();
        ReplyTranslator reader = new ReplyTranslator(loop);
        reader.readText(format, all);
        ByteBuf out = Unpooled.buffer();
        for (String event : caller.toString().split("(?<=\n\n)")) {
            ByteBuf in = Unpooled.copiedBuffer(event, StandardCharsets.UTF_8);
            assertThat(reader.onEvent(in, 0, in.readableBytes(), out)).as(event)
                    .isNotEqualTo(Meaning.ERROR);
        }
        assertThat(reader.onEnd(out)).isEqualTo(Meaning.DONE);
        assertThat(all.take()).isEqualTo("One two \"three\" four");
        assertThat(all.isOnlyText()).isTrue();
        assertThat(all.finish()).isEqualTo(reason);
        if (format != ReplyFormat.CHAT) { // who has not asked there
            assertThat(reader.usage()).isEqualTo(USAGE);
        }
        switch (format) {
            case MESSAGES -> assertBlocks();
            case RESPONSES -> assertItems();
            case GEMINI -> assertThat(events()).allMatch(event ->
                    event.get("modelVersion").equals(events().get(0).get("modelVersion"))
                    && event.get("responseId").equals(events().get(0).get("responseId")));
            default -> assertThat(events()).allMatch(event ->
                    event.get("id").equals(events().get(0).get("id")));
        }
    }

    private List<JsonNode> events() {
        List<JsonNode> events = new ArrayList<>();
        caller.toString().lines().filter(line -> line.startsWith("data: {")).forEach(line -> {
            try {
                events.add(JSON.readTree(line.substring(6)));
            } catch (java.io.IOException e) {
                throw new AssertionError(line, e);
            }
        });
        return events;
    }

    private void assertBlocks() {
        long open = -1;
        long next = 0;
        for (JsonNode event : events()) {
            String type = event.get("type").asText();
            long index = event.path("index").asLong(-1);
            switch (type) {
                case "content_block_start" -> {
                    assertThat(open).as("one at a time").isEqualTo(-1);
                    assertThat(index).isEqualTo(next++);
                    open = index;
                }
                case "content_block_delta" -> assertThat(index).isEqualTo(open);
                case "content_block_stop" -> {
                    assertThat(index).isEqualTo(open);
                    open = -1;
                }
                default -> { }
            }
        }
        assertThat(open).as("all are closed").isEqualTo(-1);
        assertThat(caller.toString()).containsOnlyOnce("event: message_delta")
                .containsOnlyOnce("event: message_stop");
    }

    private void assertItems() {
        long sequence = 0;
        Set<String> ids = new HashSet<>();
        for (JsonNode event : events()) {
            assertThat(event.get("sequence_number").asLong()).isEqualTo(sequence++);
            if (event.get("type").asText().startsWith("response.output_text")) {
                ids.add(event.get("item_id").asText());
            }
        }
        assertThat(ids).hasSize(1);
        JsonNode last = events().get(events().size() - 1).get("response");
        assertThat(last.get("id")).isEqualTo(events().get(0).at("/response/id"));
        JsonNode message = last.get("output").get(last.get("output").size() - 1);
        assertThat(ids).containsOnly(message.get("id").asText());
        assertThat(message.at("/content/0/text").asText()).isEqualTo("One two \"three\" four");
        assertThat(message.get("status").asText()).isEqualTo(last.get("status").asText());
        assertThat(last.get("completed_at").isNumber())
                .isEqualTo(last.get("status").asText().equals("completed"));
    }

    @ParameterizedTest
    @EnumSource(names = {"CHAT", "MESSAGES", "RESPONSES", "GEMINI"})
    void continuesWhatWasRelayed(ReplyFormat format) throws Exception {
        continueWith(relayed(format).openStream(), "stop");
        assertWhole(format, FinishReason.STOP);
    }

    @ParameterizedTest
    @EnumSource(names = {"CHAT", "MESSAGES", "RESPONSES", "GEMINI"})
    void tellsThatTheContinuationCameToItsLength(ReplyFormat format) throws Exception {
        continueWith(relayed(format).openStream(), "length");
        assertWhole(format, FinishReason.LENGTH);
    }

    @ParameterizedTest
    @CsvSource({"CHAT,MESSAGES", "CHAT,RESPONSES", "CHAT,GEMINI", "MESSAGES,CHAT",
        "MESSAGES,RESPONSES", "MESSAGES,GEMINI", "GEMINI,CHAT", "GEMINI,MESSAGES",
        "GEMINI,RESPONSES", "GEMINI,GEMINI"})
    void continuesWhatWasTranslated(ReplyFormat upstream, ReplyFormat client) throws Exception {
        continueWith(translated(upstream, client).openStream(), "stop");
        assertWhole(client, FinishReason.STOP);
    }

    @ParameterizedTest
    @EnumSource(names = {"CHAT", "MESSAGES", "RESPONSES", "GEMINI"})
    void endsInAnErrorOfTheCallersFormat(ReplyFormat format) {
        OpenStream open = relayed(format).openStream();
        open.text(" three");
        String error = open.fail(Failure.of(Failure.Kind.UPSTREAM_ERROR, "It broke."), null);
        assertThat(error).contains("It broke.").endsWith("\n\n").doesNotContain("[DONE]");
        if (format == ReplyFormat.RESPONSES) {
            assertThat(error).contains("\"sequence_number\":7");
        }
    }

    /** What a caller would take for an end, or for something else than a text, is not continued. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            MESSAGES  | message_delta              | "delta":{"stop_reason":"end_turn"}
            MESSAGES  | content_block_start        | "index":2,"content_block":{"type":\
            "tool_use","id":"t","name":"f","input":{}}
            MESSAGES  | content_block_start        | "index":2,"content_block":{"type":\
            "server_tool_use","id":"t","name":"web_search","input":{}}
            MESSAGES  | content_block_delta        | "index":1,"delta":{"type":\
            "thinking_delta","thinking":"Hm"}
            RESPONSES | response.output_text.done  | "item_id":"msg_1","output_index":1,\
            "content_index":0,"text":"One two"
            RESPONSES | response.output_item.added | "output_index":2,"item":{"id":"w","type":\
            "web_search_call","status":"in_progress"}
            RESPONSES | response.output_item.added | "output_index":2,"item":{"id":"f","type":\
            "function_call","call_id":"c","name":"f","arguments":""}
            RESPONSES | response.refusal.delta     | "output_index":1,"delta":"No"
            """)
    void isNotContinuedBehind(ReplyFormat format, String type, String members) {
        ReplyTranslator first = relayed(format);
        String more = type.equals("response.output_text.done")
                ? event(type, members) + event("response.content_part.done", "\"output_index\":1,"
                        + "\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":"
                        + "\"One two\"}") : event(type, members);
        read(first, true, more.split("(?<=\n\n)"));
        assertThat(first.openStream().canContinue()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            GEMINI | {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]}}]}
            GEMINI | {"candidates":[{"content":{"parts":[{"inlineData":{"data":"YQ=="}}]}}]}
            GEMINI | {"candidates":[{"content":{"parts":[]},"finishReason":"STOP"}]}
            CHAT   | {"choices":[{"index":0,"delta":{"annotations":[{"type":"url_citation"}]}}]}
            CHAT   | {"choices":[{"index":0,"delta":{"refusal":"No"}}]}
            CHAT   | {"choices":[{"index":1,"delta":{"content":"Two"}}]}
            """)
    void isNotContinuedBehind(ReplyFormat format, String data) {
        ReplyTranslator first = relayed(format);
        read(first, true, "data: " + data + "\n\n");
        assertThat(first.openStream().canContinue()).isFalse();
    }

    @Test
    void opensATextWhereTheLastBlockIsClosed() throws Exception {
        ReplyTranslator first = relayed(ReplyFormat.MESSAGES);
        read(first, true, event("content_block_stop", "\"index\":1"));
        continueWith(first.openStream(), "stop");
        assertWhole(ReplyFormat.MESSAGES, FinishReason.STOP);
    }

    @Test
    void isNoConcernOfStreamsThatAreNotContinued() {
        ReplyTranslator translator = new ReplyTranslator(loop);
        translator.watch(ReplyFormat.MESSAGES, true);
        assertThat(translator.openStream()).isNull();
    }
}

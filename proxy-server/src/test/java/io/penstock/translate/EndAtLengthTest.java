package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.testing.Bytes;
import io.penstock.translate.ChatStream.Meaning;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams that are ended because they have come to the length that they may have. */
class EndAtLengthTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ReplyUsage COUNTED = new ReplyUsage(10, 7, 4, 0, 2);

    private static List<String> events(String stream) {
        return List.of(stream.split("(?<=\n\n)"));
    }

    private static List<JsonNode> data(String stream) throws IOException {
        List<JsonNode> data = new ArrayList<>();
        for (String event : events(stream)) {
            JsonNode one = JSON.readTree(event.substring(event.indexOf("data: ") + 6));
            assertThat(event).startsWith("event: " + one.get("type").asText() + "\n");
            data.add(one);
        }
        return data;
    }

    /** The events with which a relayed stream is ended that has come so far. */
    private static String endOfRelayed(ReplyFormat format, List<String> events) {
        ReplyTranslator translator = new ReplyTranslator(Translated.loop());
        translator.watch(format, true);
        for (String event : events) {
            ByteBuf bytes = Bytes.buffer(event.getBytes(StandardCharsets.UTF_8));
            assertThat(translator.onEvent(bytes, 0, bytes.readableBytes(), Unpooled.EMPTY_BUFFER))
                    .isNotEqualTo(Meaning.ERROR);
            bytes.release();
        }
        ByteBuf out = Unpooled.buffer();
        return translator.endAtLength(COUNTED, out) ? out.toString(StandardCharsets.UTF_8) : null;
    }

    private static List<String> fixture(String name) {
        return events(new String(Bytes.fixture(name), StandardCharsets.UTF_8));
    }

    /** Reads a stream as a client would: it must be whole, and cut by its length. */
    private static void read(ReplyFormat format, String stream) {
        Translated back = Translated.stream(format, ReplyFormat.CHAT, ReplyOptions.DEFAULT,
                stream);
        assertThat(back.meanings).last().isEqualTo(Meaning.DONE);
        assertThat(back.text()).contains("\"finish_reason\":\"length\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"anthropic-stream-text.sse", "anthropic-stream-parallel-tools.sse",
        "anthropic-stream-thinking.sse"})
    void aRelayedMessagesStreamEndsInOrderWhereverItIs(String name) throws IOException {
        List<String> all = fixture(name);
        for (int count = 1; count < all.size() - 2; count++) {
            List<String> passed = all.subList(0, count);

            String end = endOfRelayed(ReplyFormat.MESSAGES, passed);

            read(ReplyFormat.MESSAGES, String.join("", passed) + end);
            List<JsonNode> blocks = data(String.join("", passed)).stream()
                    .filter(event -> event.get("type").asText().startsWith("content_b")).toList();
            JsonNode last = blocks.isEmpty() ? null : blocks.get(blocks.size() - 1);
            boolean inside = last != null && !last.get("type").asText().endsWith("stop");
            List<JsonNode> events = data(end);
            assertThat(events).hasSize(inside ? 3 : 2);
            if (inside) {
                assertThat(events.get(0).get("index")).isEqualTo(last.get("index"));
            }
            JsonNode delta = events.get(events.size() - 2);
            assertThat(delta.at("/delta/stop_reason").asText()).isEqualTo("max_tokens");
            assertThat(delta.at("/usage/input_tokens").asInt()).isEqualTo(6);
            assertThat(delta.at("/usage/output_tokens").asInt()).isEqualTo(7);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"openai-responses-stream-text.sse",
        "openai-responses-stream-reasoning-tool.sse"})
    void aRelayedResponsesStreamEndsInOrderWhereverItIs(String name) throws IOException {
        List<String> all = fixture(name);
        for (int count = 1; count < all.size() - 1; count++) {
            List<String> passed = all.subList(0, count);

            String end = endOfRelayed(ReplyFormat.RESPONSES, passed);

            read(ReplyFormat.RESPONSES, String.join("", passed) + end);
            List<JsonNode> events = data(String.join("", passed) + end);
            for (int i = 0; i < events.size(); i++) {
                assertThat(events.get(i).get("sequence_number").asInt()).isEqualTo(i);
            }
            assertThat(count(events, "added")).isEqualTo(count(events, "done"));
            JsonNode last = events.get(events.size() - 1);
            assertThat(last.get("type").asText()).isEqualTo("response.incomplete");
            JsonNode first = events.get(0).get("response");
            first.fieldNames().forEachRemaining(member -> {
                if (!List.of("status", "incomplete_details", "output", "usage").contains(member)) {
                    assertThat(last.get("response").get(member)).isEqualTo(first.get(member));
                }
            });
            assertThat(last.at("/response/incomplete_details/reason").asText())
                    .isEqualTo("max_output_tokens");
            assertThat(last.at("/response/usage/total_tokens").asInt()).isEqualTo(17);
        }
    }

    /** How many items were begun, or ended. */
    private static long count(List<JsonNode> events, String word) {
        return events.stream().filter(event ->
                event.get("type").asText().equals("response.output_item." + word)).count();
    }

    @Test
    void theOutputOfARelayedResponseIsWhatHadCome() throws IOException {
        List<String> all = fixture("openai-responses-stream-reasoning-tool.sse");

        List<JsonNode> events = data(endOfRelayed(ReplyFormat.RESPONSES, all.subList(0, 11)));

        assertThat(events.get(0).get("type").asText())
                .isEqualTo("response.function_call_arguments.done");
        assertThat(events.get(0).get("arguments").asText()).isEqualTo("{\"city\"");
        assertThat(events.get(0).get("item_id").asText()).isEqualTo("fc_fix01");
        JsonNode output = events.get(2).at("/response/output");
        assertThat(output.at("/0/id").asText()).isEqualTo("rs_fix02");
        assertThat(output.at("/0/summary/0/text").asText()).isEqualTo("Need the weather.");
        assertThat(output.at("/1/arguments").asText()).isEqualTo("{\"city\"");
        assertThat(output.at("/1/status").asText()).isEqualTo("incomplete");
        assertThat(output.at("/1/call_id").asText()).isEqualTo("call_R1fixture");
    }

    @Test
    void anOpenTextIsClosedWithWhatHadCome() throws IOException {
        List<String> all = fixture("openai-responses-stream-text.sse");
        int deltas = 0;
        while (!all.get(deltas).contains("output_text.delta")) {
            deltas++;
        }

        List<JsonNode> events = data(endOfRelayed(ReplyFormat.RESPONSES,
                all.subList(0, deltas + 1)));

        assertThat(events).extracting(event -> event.get("type").asText()).containsExactly(
                "response.output_text.done", "response.content_part.done",
                "response.output_item.done", "response.incomplete");
        assertThat(events.get(0).get("text").asText()).isEqualTo("Hello");
        assertThat(events.get(3).at("/response/output/0/content/0/text").asText())
                .isEqualTo("Hello");
    }

    @Test
    void aResponseWithoutABeginningOrTooLongForItsTrailHasNoEnd() {
        String created = "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\n";
        String added = "data: {\"type\":\"response.output_item.added\",\"output_index\":0,"
                + "\"item\":{\"id\":\"m\",\"type\":\"message\"}}\n\n";
        String delta = "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,"
                + "\"delta\":\"" + "x".repeat(ResponseTrail.MAX_CHARS) + "\"}\n\n";

        assertThat(endOfRelayed(ReplyFormat.RESPONSES, List.of(added))).isNull();
        assertThat(endOfRelayed(ReplyFormat.RESPONSES, List.of(created, added))).isNotNull();
        assertThat(endOfRelayed(ReplyFormat.RESPONSES, List.of(created, added, delta))).isNull();
    }

    /** What has no type, or another than is known, is kept as it was. */
    @Test
    void oddItemsAndEventsDoNotDisturbATrail() throws IOException {
        String created = "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\n";
        String odd = "data: {\"type\":\"response.output_item.added\",\"output_index\":0,"
                + "\"item\":{\"id\":null,\"type\":null,\"x\":1.0}}\n\n";
        String hosted = "data: {\"type\":\"response.output_item.added\",\"output_index\":1,"
                + "\"item\":{\"id\":\"w\",\"type\":\"web_search_call\",\"status\":\"searching\"}}"
                + "\n\n";

        List<JsonNode> events = data(endOfRelayed(ReplyFormat.RESPONSES,
                List.of(created, odd, hosted, "data: {\"type\":null,\"delta\":\"x\"}\n\n")));

        assertThat(events.get(2).at("/response/output").toString()).isEqualTo(
                "[{\"id\":null,\"type\":null,\"x\":1.0},{\"id\":\"w\",\"type\":"
                + "\"web_search_call\",\"status\":\"searching\"}]");
    }

    @ParameterizedTest
    @CsvSource({"MESSAGES, openai-chat-stream-parallel-tools.sse",
        "RESPONSES, openai-chat-stream-parallel-tools.sse",
        "MESSAGES, openai-chat-stream-usage.sse", "RESPONSES, openai-chat-stream-usage.sse"})
    void aTranslatedStreamEndsInOrderWhereverItIs(ReplyFormat client, String name) {
        List<String> all = fixture(name);
        for (int count = 1; count < all.size() - 3; count++) {
            Translated translated = new Translated(ReplyFormat.CHAT, client,
                    ReplyOptions.DEFAULT);
            all.subList(0, count).forEach(translated::event);

            assertThat(translated.translator.endAtLength(COUNTED, translated.out())).isTrue();

            read(client, translated.text());
        }
    }
}

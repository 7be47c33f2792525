package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.Bytes;
import io.penstock.translate.request.ClientFormat;
import io.penstock.translate.request.ProviderFormat;
import io.penstock.translate.request.RequestTranslator;
import io.penstock.translate.request.TranslationOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A round of tool use: a reply goes to a caller of another format, who sends it back with the
 * result of its call. What the provider wants to see again must have survived both ways.
 */
class ToolRoundTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CLAUDE = "claude-sonnet-4-6";
    private static final String THOUGHTS = "[{\"type\":\"thinking\",\"thinking\":"
            + "\"H\u00f6h \\\"m\\\"\","
            + "\"signature\":\"c2ln+/=\"},{\"type\":\"redacted_thinking\",\"data\":\"cmVk+/=\"}]";
    private static final String CONTENT = THOUGHTS.substring(0, THOUGHTS.length() - 1)
            + ",{\"type\":\"text\",\"text\":\"Let me see.\"},{\"type\":\"tool_use\","
            + "\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{\"b\":1.0,\"a\":\"\\n\"}}]";
    private static final String MESSAGE = "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
            + "\"assistant\",\"model\":\"" + CLAUDE + "\",\"content\":" + CONTENT
            + ",\"stop_reason\":\"tool_use\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":1,"
            + "\"output_tokens\":2}}";
    private static final String TOOLS =
            "[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{}}}]";

    private static JsonNode ask(ClientFormat from, ProviderFormat to, JsonNode request,
            TranslationOptions options, String... dropped) throws Exception {
        ByteBuf body = Bytes.buffer(JSON.writeValueAsBytes(request));
        try {
            var asked = new RequestTranslator().translate(from, to, body, options,
                    UnpooledByteBufAllocator.DEFAULT);
            String text = asked.body().toString(StandardCharsets.UTF_8);
            asked.body().release();
            assertThat(asked.dropped()).containsExactly(dropped);
            return JSON.readTree(text);
        } finally {
            body.release();
        }
    }

    private static TranslationOptions claude() {
        return TranslationOptions.of(CLAUDE, false);
    }

    /** A chat request in which the assistant's message stands between question and result. */
    private static ObjectNode chat(JsonNode message) throws IOException {
        ObjectNode request = (ObjectNode) JSON.readTree("{\"model\":\"m\",\"tools\":" + TOOLS
                + ",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
        ((ArrayNode) request.get("messages")).add(message).addObject().put("role", "tool")
                .put("tool_call_id", message.at("/tool_calls/0/id").asText())
                .put("content", "18");
        return request;
    }

    private static JsonNode messageOf(String chatBody) throws IOException {
        return JSON.readTree(chatBody).at("/choices/0/message");
    }

    /** What a client's accumulator makes of a chat stream: texts joined, lists by index. */
    private static ObjectNode accumulated(String stream) throws IOException {
        ObjectNode message = JSON.createObjectNode();
        for (String event : stream.split("\n\n")) {
            if (event.startsWith("data: {")) {
                for (JsonNode choice : JSON.readTree(event.substring(6)).get("choices")) {
                    merge(message, (ObjectNode) choice.get("delta"));
                }
            }
        }
        return message;
    }

    private static void merge(ObjectNode into, ObjectNode delta) {
        delta.properties().forEach(member -> {
            JsonNode before = into.get(member.getKey());
            JsonNode more = member.getValue();
            if (more.isArray()) {
                ArrayNode list = before == null ? into.putArray(member.getKey())
                        : (ArrayNode) before;
                for (JsonNode one : more) {
                    int index = one.get("index").asInt();
                    if (list.has(index)) {
                        merge((ObjectNode) list.get(index), (ObjectNode) one);
                    } else {
                        list.add(one.deepCopy());
                    }
                }
            } else if (more.isObject() && before != null) {
                merge((ObjectNode) before, (ObjectNode) more);
            } else if (more.isTextual() && before != null && !member.getKey().equals("role")) {
                into.put(member.getKey(), before.asText() + more.asText());
            } else {
                into.set(member.getKey(), more.deepCopy());
            }
        });
    }

    @Test
    void signedThinkingSurvivesAChatCaller() throws Exception {
        JsonNode message = messageOf(translated(ReplyFormat.CHAT));

        JsonNode asked = ask(ClientFormat.CHAT, ProviderFormat.MESSAGES, chat(message), claude());

        assertThat(asked.at("/messages/1/content").toString())
                .isEqualTo(JSON.readTree(CONTENT).toString());
    }

    @Test
    void signedThinkingSurvivesAChatCallerWhoStreams() throws Exception {
        String streamed = Translated.stream(ReplyFormat.MESSAGES, ReplyFormat.CHAT,
                ReplyOptions.DEFAULT, messagesStream()).text();

        JsonNode asked = ask(ClientFormat.CHAT, ProviderFormat.MESSAGES,
                chat(accumulated(streamed)), claude());

        assertThat(asked.at("/messages/1/content").toString())
                .isEqualTo(JSON.readTree(CONTENT).toString());
    }

    @Test
    void signedThinkingSurvivesAResponsesCaller() throws Exception {
        ObjectNode request = (ObjectNode) JSON.readTree("{\"model\":\"m\",\"tools\":[{\"type\":"
                + "\"function\",\"name\":\"f\"}],\"input\":[{\"role\":\"user\","
                + "\"content\":\"hi\"}]}");
        JsonNode output = JSON.readTree(translated(ReplyFormat.RESPONSES)).get("output");
        ((ArrayNode) request.get("input")).addAll((ArrayNode) output).addObject()
                .put("type", "function_call_output").put("call_id", "toolu_1")
                .put("output", "18");

        JsonNode asked = ask(ClientFormat.RESPONSES, ProviderFormat.MESSAGES, request, claude());

        assertThat(asked.at("/messages/1/content").toString())
                .isEqualTo(JSON.readTree(CONTENT).toString());
        assertThat(asked.at("/messages/2/content/0/tool_use_id").asText()).isEqualTo("toolu_1");
    }

    @Test
    void geminisSignatureOfACallSurvivesAChatCaller() throws Exception {
        String streamed = Translated.stream(ReplyFormat.GEMINI, ReplyFormat.CHAT,
                ReplyOptions.DEFAULT, Bytes.fixture("gemini-stream-tools-thinking.sse")).text();
        ObjectNode request = chat(accumulated(streamed));
        ((ArrayNode) request.get("messages")).addObject().put("role", "tool").put("content", "")
                .put("tool_call_id", request.at("/messages/1/tool_calls/1/id").asText());

        JsonNode asked = ask(ClientFormat.CHAT, ProviderFormat.GEMINI, request,
                TranslationOptions.of("gemini-3-pro-preview", false),
                "messages.reasoning_content"); // its own thoughts it has in the signature

        assertThat(asked.at("/contents/1/parts/0/thoughtSignature").asText())
                .startsWith("cGVuc3RvY2sg");
        assertThat(asked.at("/contents/1/parts/1").has("thoughtSignature")).isFalse();
    }

    @Test
    void unsignedThinkingGoesBackToWhoWantsItAndToNobodyElse() throws Exception {
        String body = Translated.unary(ReplyFormat.CHAT, ReplyFormat.MESSAGES,
                "{\"id\":\"1\",\"choices\":[{\"message\":{\"reasoning_content\":\"Hm.\","
                + "\"tool_calls\":[{\"id\":\"c1\",\"function\":{\"name\":\"f\",\"arguments\":"
                + "\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}");
        ObjectNode request = (ObjectNode) JSON.readTree("{\"model\":\"m\",\"max_tokens\":9,"
                + "\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}],"
                + "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
        ArrayNode messages = (ArrayNode) request.get("messages");
        messages.addObject().put("role", "assistant")
                .set("content", JSON.readTree(body).get("content"));
        messages.add(JSON.readTree("{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
                + "\"tool_use_id\":\"c1\",\"content\":\"18\"}]}"));

        JsonNode asked = ask(ClientFormat.MESSAGES, ProviderFormat.CHAT, request,
                TranslationOptions.of("deepseek-reasoner", false)
                        .withDialect(ProviderTypes.DEEPSEEK.dialect()));
        assertThat(asked.at("/messages/1/reasoning_content").asText()).isEqualTo("Hm.");

        JsonNode other = ask(ClientFormat.MESSAGES, ProviderFormat.CHAT, request,
                TranslationOptions.of("gpt-4o", false), "messages.content.thinking");
        assertThat(other.at("/messages/1").has("reasoning_content")).isFalse();

        JsonNode anthropic = ask(ClientFormat.MESSAGES, ProviderFormat.MESSAGES_ON_BEDROCK,
                request, claude(), "messages.content.thinking");
        assertThat(anthropic.at("/messages/1/content/0/type").asText()).isEqualTo("tool_use");
    }

    private static String translated(ReplyFormat client) {
        return Translated.unary(ReplyFormat.MESSAGES, client, MESSAGE);
    }

    /** The same message as a stream. */
    private static String messagesStream() {
        StringBuilder out = new StringBuilder();
        List<String> events = List.of(
                "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"content\":[]}}",
                "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":"
                + "\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}",
                delta("\"thinking\":\"H\u00f6h \""), delta("\"thinking\":\"\\\"m\\\"\""),
                delta("\"signature\":\"c2ln+/=\""), "{\"type\":\"content_block_stop\"}",
                "{\"type\":\"content_block_start\",\"content_block\":{\"type\":"
                + "\"redacted_thinking\",\"data\":\"cmVk+/=\"}}",
                "{\"type\":\"content_block_stop\"}",
                "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\"}}",
                delta("\"text\":\"Let me see.\""), "{\"type\":\"content_block_stop\"}",
                "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\","
                + "\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{}}}",
                delta("\"partial_json\":\"{\\\"b\\\":1.0,\\\"a\\\":\\\"\\\\\""),
                delta("\"partial_json\":\"n\\\"}\""), "{\"type\":\"content_block_stop\"}",
                "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}",
                "{\"type\":\"message_stop\"}");
        events.forEach(event -> out.append("data: ").append(event).append("\n\n"));
        return out.toString();
    }

    private static String delta(String inside) {
        return "{\"type\":\"content_block_delta\",\"delta\":{" + inside + "}}";
    }
}

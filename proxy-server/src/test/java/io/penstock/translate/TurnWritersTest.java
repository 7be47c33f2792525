package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.testing.Bytes;
import io.penstock.translate.ChatStream.Meaning;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What the writers make of a turn that is out of the ordinary. */
class TurnWritersTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static List<JsonNode> data(String stream) {
        List<JsonNode> data = new ArrayList<>();
        for (String event : stream.split("\n\n")) {
            if (event.contains("data: {")) {
                try {
                    data.add(JSON.readTree(event.substring(event.indexOf("data: ") + 6)));
                } catch (IOException e) {
                    throw new AssertionError(event, e);
                }
            }
        }
        return data;
    }

    /** A chat event with that delta. */
    private static String delta(String delta) {
        return "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":" + delta + "}]}\n\n";
    }

    private static String call(int index, String id, String arguments) {
        return delta("{\"tool_calls\":[{\"index\":" + index + (id == null ? "" : ",\"id\":\"" + id
                + "\"") + ",\"function\":{" + (id == null ? "" : "\"name\":\"f\",")
                + "\"arguments\":\"" + arguments + "\"}}]}");
    }

    @Nested
    class Messages {
        private final Translated translated =
                new Translated(ReplyFormat.CHAT, ReplyFormat.MESSAGES,
                        new ReplyOptions(null, false, 2, null, null));

        /** The types of the events since the last call, with their blocks' indexes. */
        private List<String> types() {
            return data(translated.take()).stream().map(event -> event.get("type").asText()
                    .replace("content_block_", "") + event.path("index").asText()).toList();
        }

        @Test
        void oneBlockIsOpenAtATime() {
            translated.event(delta("{\"reasoning\":\"r\"}"));
            translated.event(delta("{\"content\":\"a\"}"));
            translated.event(delta("{\"content\":\"b\"}"));
            translated.event(call(0, "x", "{}"));
            translated.event(delta("{\"content\":\"c\"}"));

            assertThat(types()).containsExactly("message_start", "ping", "start0", "delta0",
                    "stop0", "start1", "delta1", "delta1", "stop1", "start2", "delta2", "stop2",
                    "start3", "delta3");
        }

        @Test
        void callsInOrderNeverWait() {
            translated.event(call(0, "x", "{\\\"a\\\":\\\"}\\\"}"));
            translated.event(call(1, "y", ""));

            assertThat(types()).endsWith("start0", "delta0", "stop0", "start1");
        }

        @Test
        void heldCallsOpenOneAfterAnother() {
            translated.event(call(0, "x", "{"));
            translated.event(call(1, "y", "{}"));
            translated.event(call(2, "z", "{"));
            assertThat(types()).endsWith("start0", "delta0");

            translated.event(call(0, null, "}"));
            assertThat(types()).containsExactly("delta0", "stop0", "start1", "delta1", "stop1",
                    "start2", "delta2");
        }

        @Test
        void textBetweenThePiecesOfACallWaitsForIt() {
            translated.event(call(0, "x", "{\\\"a\\\":"));
            types();
            translated.event(delta("{\"content\":\"t\"}"));
            translated.event(delta("{\"content\":\"u\"}"));
            translated.event(delta("{\"reasoning\":\"r\"}"));
            translated.event(call(1, "y", "{"));
            assertThat(types()).isEmpty();

            translated.event(call(0, null, "1}"));
            String told = translated.take();
            assertThat(told).contains("\"text\":\"tu\"").contains("\"thinking\":\"r\"");
            translated.event(call(1, null, "}"));
            translated.event("data: {\"choices\":[{\"index\":0,\"delta\":{},"
                    + "\"finish_reason\":\"tool_calls\"}]}\n\n");
            translated.event("data: [DONE]\n\n");
            assertThat(types()).containsExactly("delta3", "stop3", "message_delta",
                    "message_stop");
        }

        @Test
        void beginsWithTheEstimateOfThePrompt() {
            Translated estimated = new Translated(ReplyFormat.GEMINI, ReplyFormat.MESSAGES,
                    ReplyOptions.DEFAULT.withPromptTokens(42));
            estimated.event("data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}"
                    + "}]}\n\n");

            assertThat(data(estimated.take()).get(0).at("/message/usage/input_tokens").asInt())
                    .isEqualTo(42);
        }

        @Test
        void heldCallsOpenAtTheEndAtTheLatest() {
            translated.event(call(0, "x", ""));
            translated.event(call(1, "y", "{}"));
            types();
            translated.event("data: {\"choices\":[{\"index\":0,\"delta\":{},"
                    + "\"finish_reason\":\"tool_calls\"}]}\n\n");
            translated.event("data: [DONE]\n\n");

            assertThat(types()).containsExactly("stop0", "start1", "delta1", "stop1",
                    "message_delta", "message_stop");
        }

        @Test
        void argumentsForACallThatHasEndedAreAnError() {
            translated.event(call(0, "x", "{}"));
            translated.event(delta("{\"content\":\"a\"}"));

            assertThat(translated.event(call(0, null, " \\n"))).isEqualTo(Meaning.CONTENT);
            assertThat(translated.event(call(0, null, "}"))).isEqualTo(Meaning.ERROR);
        }

        @Test
        void heldCallsAreBounded() {
            translated.event(call(0, "x", "{"));

            Meaning meaning = Meaning.NOTHING;
            for (int i = 1; i < 10 && meaning != Meaning.ERROR; i++) {
                meaning = translated.event(call(i, "y" + i, "x".repeat(40_000)));
            }
            assertThat(meaning).isEqualTo(Meaning.ERROR);
        }

        @Test
        void anEmptyTurnIsLegal() {
            translated.event("data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},"
                    + "\"finish_reason\":\"content_filter\"}]}\n\n");
            translated.event("data: [DONE]\n\n");

            assertThat(translated.text()).contains("\"stop_reason\":\"refusal\"")
                    .contains("\"usage\":{\"input_tokens\":0");
        }

        @Test
        void theRefusalOfAnotherAnswerIsNotThisOnes() {
            translated.event("data: {\"id\":\"c\",\"choices\":[{\"index\":1,\"delta\":"
                    + "{\"refusal\":\"no\"},\"finish_reason\":\"stop\"},"
                    + "{\"index\":0,\"delta\":{\"content\":\"a\"},"
                    + "\"finish_reason\":\"stop\"}]}\n\n");
            translated.event("data: [DONE]\n\n");

            assertThat(translated.text()).contains("\"stop_reason\":\"end_turn\"");
        }

        @Test
        void signaturesStayWithTheirThinking() {
            String text = Translated.stream(ReplyFormat.CONVERSE, ReplyFormat.MESSAGES,
                    ReplyOptions.DEFAULT, Bytes.fixture("bedrock-converse-stream.bin")).text();

            assertThat(data(text).get(4).at("/delta/type").asText()).isEqualTo("signature_delta");
            assertThat(data(text).get(5).get("type").asText()).isEqualTo("content_block_stop");
        }
    }

    @Nested
    class Chat {
        private JsonNode firstDelta(ReplyFormat upstream, String fixture, String pointer) {
            String text = Translated.stream(upstream, ReplyFormat.CHAT, ReplyOptions.DEFAULT,
                    Bytes.fixture(fixture)).text();
            return data(text).stream().map(chunk -> chunk.at("/choices/0/delta" + pointer))
                    .filter(node -> !node.isMissingNode()).findFirst().orElseThrow();
        }

        @Test
        void signaturesAndRedactedThinkingHaveAPlace() {
            String text = Translated.stream(ReplyFormat.MESSAGES, ReplyFormat.CHAT,
                    ReplyOptions.DEFAULT, Bytes.fixture("anthropic-stream-thinking.sse")).text();
            List<String> details = data(text).stream()
                    .map(chunk -> chunk.at("/choices/0/delta/reasoning_details/0"))
                    .filter(node -> !node.isMissingNode())
                    .map(node -> node.get("type").asText() + node.get("index").asInt()).toList();

            assertThat(details).containsExactly("reasoning.text0", "reasoning.encrypted1");
        }

        @Test
        void geminisSignatureOfACallIsWhereGoogleHasIt() {
            assertThat(firstDelta(ReplyFormat.GEMINI, "gemini-stream-tools-thinking.sse",
                    "/tool_calls/0/extra_content/google/thought_signature").asText())
                    .startsWith("cGVuc3Rv");
        }

        /** As it was before there were tools: one call, and another reason to stop. */
        @Test
        void aCallerWhoOffersFunctionsGetsAFunctionCall() throws IOException {
            ReplyOptions options = new ReplyOptions(null, null, false, 1, null, null, true);

            List<JsonNode> chunks = data(Translated.stream(ReplyFormat.MESSAGES, ReplyFormat.CHAT,
                    options, Bytes.fixture("anthropic-stream-parallel-tools.sse")).text());
            StringBuilder call = new StringBuilder();
            chunks.forEach(chunk -> call.append(chunk.at("/choices/0/delta/function_call/name")
                    .asText()).append(chunk.at("/choices/0/delta/function_call/arguments")
                    .asText()));
            assertThat(call).hasToString("get_weather{\"city\": \"Paris\"}");
            assertThat(chunks).noneMatch(chunk -> chunk.at("/choices/0/delta").has("tool_calls"));
            assertThat(chunks.get(chunks.size() - 1).at("/choices/0/finish_reason").asText())
                    .isEqualTo("function_call");

            JsonNode choice = JSON.readTree(Translated.unary(ReplyFormat.MESSAGES,
                    ReplyFormat.CHAT, options, Bytes.fixture("anthropic-unary-thinking-tool.json")))
                    .at("/choices/0");
            assertThat(choice.at("/message/function_call/name").asText()).isEqualTo("get_weather");
            assertThat(choice.at("/message").has("tool_calls")).isFalse();
            assertThat(choice.get("finish_reason").asText()).isEqualTo("function_call");
        }

        @Test
        void everyChunkRepeatsTheHead() {
            String text = Translated.stream(ReplyFormat.GEMINI, ReplyFormat.CHAT,
                    new ReplyOptions(null, true, 1, null, null),
                    Bytes.fixture("gemini-stream-tools-thinking.sse")).text();

            assertThat(data(text)).allSatisfy(chunk -> {
                assertThat(chunk.get("id").asText()).isEqualTo("fixtureGemini0002");
                assertThat(chunk.get("object").asText()).isEqualTo("chat.completion.chunk");
                assertThat(chunk.get("created").asLong()).isEqualTo(Translated.CLOCK_SECONDS);
                assertThat(chunk.get("model").asText()).isEqualTo("gemini-3-pro-preview");
                assertThat(chunk.has("usage")).isTrue();
            });
        }

        @Test
        void aUnaryReplyKeepsReasoningAndItsSignature() throws IOException {
            JsonNode message = JSON.readTree(Translated.unary(ReplyFormat.MESSAGES,
                    ReplyFormat.CHAT, ReplyOptions.DEFAULT,
                    Bytes.fixture("anthropic-unary-thinking-tool.json")))
                    .at("/choices/0/message");

            assertThat(message.get("reasoning_content").asText()).startsWith("The user wants");
            assertThat(message.at("/reasoning_details/0/text").asText())
                    .isEqualTo(message.get("reasoning_content").asText());
            assertThat(message.at("/reasoning_details/0/signature").asText()).isNotEmpty();
            assertThat(message.get("refusal").isNull()).isTrue();
        }
    }

    @Nested
    class Responses {
        private final Translated translated =
                new Translated(ReplyFormat.CHAT, ReplyFormat.RESPONSES, ReplyOptions.DEFAULT);

        private void finish(String reason) {
            translated.event("data: {\"choices\":[{\"index\":0,\"delta\":{},"
                    + "\"finish_reason\":\"" + reason + "\"}],\"usage\":{\"prompt_tokens\":1,"
                    + "\"completion_tokens\":2}}\n\n");
            translated.event("data: [DONE]\n\n");
        }

        private List<String> types() {
            return data(translated.text()).stream()
                    .map(event -> event.get("type").asText().replace("response.", "")
                            + event.path("output_index").asText()).toList();
        }

        @Test
        void everyItemHasABeginningAndAnEnd() {
            translated.event(delta("{\"reasoning\":\"r\"}"));
            translated.event(delta("{\"content\":\"a\"}"));
            finish("stop");

            assertThat(types()).containsExactly("created", "in_progress",
                    "output_item.added0", "reasoning_summary_part.added0",
                    "reasoning_summary_text.delta0", "reasoning_summary_text.done0",
                    "reasoning_summary_part.done0", "output_item.done0",
                    "output_item.added1", "content_part.added1", "output_text.delta1",
                    "output_text.done1", "content_part.done1", "output_item.done1", "completed");
        }

        @Test
        void sequenceNumbersRiseByOne() {
            translated.event(call(0, "x", "{}"));
            finish("tool_calls");

            List<JsonNode> events = data(translated.text());
            for (int i = 0; i < events.size(); i++) {
                assertThat(events.get(i).get("sequence_number").asInt()).isEqualTo(i);
            }
        }

        @Test
        void overlappingCallsAreItemsOfTheirOwn() {
            translated.event(call(0, "x", "{"));
            translated.event(call(1, "y", "{"));
            translated.event(call(0, null, "}"));
            translated.event(call(1, null, "1}"));
            finish("tool_calls");

            List<JsonNode> events = data(translated.text());
            JsonNode output = events.get(events.size() - 1).at("/response/output");
            assertThat(output.get(0).get("arguments").asText()).isEqualTo("{}");
            assertThat(output.get(1).get("arguments").asText()).isEqualTo("{1}");
            assertThat(output.get(0).get("call_id").asText()).isEqualTo("x");
            String response = events.get(0).at("/response/id").asText();
            assertThat(output.get(0).get("id").asText())
                    .isEqualTo(response.replace("resp_", "fc_") + "_0");
        }

        @Test
        void noArgumentsAreAnObjectWithoutAny() {
            translated.event(call(0, "x", ""));
            finish("tool_calls");

            assertThat(types()).containsSubsequence("output_item.added0",
                    "function_call_arguments.delta0", "function_call_arguments.done0");
            List<JsonNode> events = data(translated.text());
            assertThat(events.get(events.size() - 1).at("/response/output/0/arguments").asText())
                    .isEqualTo("{}");
        }

        @Test
        void theLastEventRepeatsEverything() {
            translated.event(delta("{\"content\":\"a\"}"));
            translated.event(delta("{\"content\":\"b\"}"));
            finish("length");

            List<JsonNode> events = data(translated.text());
            JsonNode last = events.get(events.size() - 1);
            assertThat(last.get("type").asText()).isEqualTo("response.incomplete");
            assertThat(last.at("/response/incomplete_details/reason").asText())
                    .isEqualTo("max_output_tokens");
            assertThat(last.at("/response/output/0/content/0/text").asText()).isEqualTo("ab");
            assertThat(last.at("/response/usage/total_tokens").asInt()).isEqualTo(3);
        }

        @Test
        void signaturesTravelInEncryptedContent() {
            String text = Translated.stream(ReplyFormat.MESSAGES, ReplyFormat.RESPONSES,
                    ReplyOptions.DEFAULT, Bytes.fixture("anthropic-stream-thinking.sse")).text();

            List<JsonNode> events = data(text);
            JsonNode output = events.get(events.size() - 1).at("/response/output");
            assertThat(output.at("/0/encrypted_content").asText())
                    .startsWith(ResponseObject.SIGNATURE_MARK);
            assertThat(output.at("/1/encrypted_content").asText())
                    .startsWith(ResponseObject.REDACTED_MARK);
        }

        @Test
        void repeatsTheRequestsSettings() throws IOException {
            ReplyOptions options = new ReplyOptions("m", false, 1,
                    "\"instructions\":\"Sei h\u00f6flich\",\"tools\":[{\"a\":1}]", null);

            JsonNode body = JSON.readTree(Translated.unary(ReplyFormat.MESSAGES,
                    ReplyFormat.RESPONSES, options, Bytes.fixture("anthropic-unary-cache.json")));

            assertThat(body.get("instructions").asText()).isEqualTo("Sei h\u00f6flich");
            assertThat(body.at("/tools/0/a").asInt()).isEqualTo(1);
            assertThat(body.get("status").asText()).isEqualTo("completed");
        }
    }

    @Nested
    class Completions {
        @Test
        void holdNothingButText() {
            String text = Translated.stream(ReplyFormat.MESSAGES, ReplyFormat.COMPLETIONS,
                    new ReplyOptions(null, true, 1, null, null),
                    Bytes.fixture("anthropic-stream-parallel-tools.sse")).text();

            List<JsonNode> chunks = data(text);
            assertThat(chunks.get(0).at("/choices/0/text").asText()).isEqualTo("I'll check");
            assertThat(chunks.get(2).at("/choices/0/finish_reason").asText()).isEqualTo("stop");
            assertThat(chunks.get(3).at("/usage/prompt_tokens").asInt()).isEqualTo(1496);
            assertThat(chunks).hasSize(4);
            assertThat(text).endsWith("data: [DONE]\n\n");
        }
    }

    /** Of whatever provider the reason comes too early. */
    @Nested
    class Finishes {
        private static final String GEMINI = "data: {\"candidates\":[{\"content\":{\"parts\":["
                + "{\"functionCall\":{\"name\":\"f\",\"args\":{}}}]}FINISH}]}\n\n";

        private String gemini(ReplyFormat client) {
            return Translated.stream(ReplyFormat.GEMINI, client, ReplyOptions.DEFAULT,
                    GEMINI.replace("FINISH", ",\"finishReason\":\"STOP\"")
                    + GEMINI.replace("FINISH", "")).text();
        }

        @Test
        void comeBehindTheLastCall() {
            String chat = gemini(ReplyFormat.CHAT);
            assertThat(chat.indexOf("\"finish_reason\":\"tool_calls\""))
                    .isGreaterThan(chat.lastIndexOf("\"tool_calls\":["));
            assertThat(chat).containsOnlyOnce("\"finish_reason\":\"").endsWith("[DONE]\n\n");

            String messages = gemini(ReplyFormat.MESSAGES);
            assertThat(messages.indexOf("\"stop_reason\":\"tool_use\""))
                    .isGreaterThan(messages.lastIndexOf("content_block_stop"));

            String responses = gemini(ReplyFormat.RESPONSES);
            assertThat(responses.indexOf("event: response.completed"))
                    .isGreaterThan(responses.lastIndexOf("event: response.output_item.done"));
            assertThat(gemini(ReplyFormat.COMPLETIONS))
                    .containsOnlyOnce("\"finish_reason\":\"stop\"");
        }

        @Test
        void areOfCallsIfOneComesBehindThem() {
            String chat = Translated.stream(ReplyFormat.CHAT, ReplyFormat.CHAT,
                    ReplyOptions.DEFAULT, "data: {\"id\":\"c\",\"choices\":[{\"index\":0,"
                    + "\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" + call(0, "x", "{}")
                    + "data: [DONE]\n\n").text();

            assertThat(chat.indexOf("\"finish_reason\":\"tool_calls\""))
                    .isGreaterThan(chat.lastIndexOf("\"tool_calls\":["));
        }
    }

    @Test
    void aWholeReplysReasoningStandsBeforeItsText() {
        String reply = "{\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\","
                + "\"tool_calls\":[{\"id\":\"x\",\"function\":{\"name\":\"f\",\"arguments\":"
                + "\"{}\"}}],\"reasoning\":\"r\"},\"finish_reason\":\"tool_calls\"}]}";

        String messages = Translated.unary(ReplyFormat.CHAT, ReplyFormat.MESSAGES, reply);
        assertThat(messages).containsSubsequence("\"type\":\"thinking\"", "\"type\":\"text\"",
                "\"type\":\"tool_use\"");
        String responses = Translated.unary(ReplyFormat.CHAT, ReplyFormat.RESPONSES, reply);
        assertThat(responses).containsSubsequence("\"type\":\"reasoning\"",
                "\"type\":\"message\"", "\"type\":\"function_call\"");
    }

    @Test
    void aPromptThatIsTooLongIsToldByItsCode() {
        Translated translated = new Translated(ReplyFormat.CHAT, ReplyFormat.RESPONSES,
                ReplyOptions.DEFAULT);
        translated.event("data: {\"error\":{\"message\":\"m\",\"code\":"
                + "\"context_length_exceeded\"}}\n\n");
        translated.translator.fail(translated.translator.error(), translated.out());

        assertThat(translated.take()).contains("\"code\":\"context_length_exceeded\"");
    }
}

package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.failure.Failure;
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

/** What a caller in Google's way gets of a turn, beside what the golden files show. */
class GeminiWriterTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ReplyUsage COUNTED = new ReplyUsage(10, 7, 4, 0, 2);
    private static final String DONE = "data: [DONE]\n\n";

    private final Translated translated = new Translated(ReplyFormat.CHAT, ReplyFormat.GEMINI,
            new ReplyOptions(null, true, 2, null, null));

    private static ReplyOptions shape(boolean thoughts, boolean array) {
        return new ReplyOptions(null, null, true, 1, null, null, false)
                .forGemini(thoughts, array);
    }

    private static String delta(String delta) {
        return "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":" + delta
                + "}]}\n\n";
    }

    private static String call(int index, String id, String arguments) {
        return delta("{\"tool_calls\":[{\"index\":" + index + (id == null ? "" : ",\"id\":\"" + id
                + "\"") + ",\"function\":{" + (id == null ? "" : "\"name\":\"f\",")
                + "\"arguments\":\"" + arguments + "\"}}]}");
    }

    private static String finish(String reason) {
        return "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" + reason
                + "\"}]}\n\n";
    }

    private static List<JsonNode> chunks(String stream) {
        List<JsonNode> chunks = new ArrayList<>();
        for (String event : stream.split("\n\n")) {
            if (!event.isEmpty()) {
                assertThat(event).startsWith("data: {");
                try {
                    chunks.add(JSON.readTree(event.substring(6)));
                } catch (IOException e) {
                    throw new AssertionError(event, e);
                }
            }
        }
        return chunks;
    }

    /** The parts that have come since the last call. */
    private List<String> parts() {
        List<String> parts = new ArrayList<>();
        chunks(translated.take()).forEach(chunk -> chunk.at("/candidates/0/content/parts")
                .forEach(part -> parts.add(part.toString())));
        return parts;
    }

    private static String called(String id, String args) {
        return "{\"functionCall\":{\"id\":\"" + id + "\",\"name\":\"f\",\"args\":" + args + "}}";
    }

    @Test
    void aCallIsToldWholeOnceSomethingFollows() {
        translated.event(call(0, "x", "{\\\"a\\\":"));
        translated.event(call(0, null, "1}"));
        assertThat(parts()).isEmpty();

        translated.event(delta("{\"content\":\"t\"}"));
        assertThat(parts()).containsExactly(called("x", "{\"a\":1}"), "{\"text\":\"t\"}");
    }

    @Test
    void callsThatOverlapAreToldInTheirOrder() {
        translated.event(call(0, "x", "{"));
        translated.event(call(1, "y", "{}"));
        translated.event(delta("{\"content\":\"t\"}"));
        assertThat(parts()).containsExactly("{\"text\":\"t\"}");

        translated.event(call(0, null, "}"));
        translated.event(finish("tool_calls"));
        translated.event(DONE);
        assertThat(parts()).containsExactly(called("x", "{}"), called("y", "{}"),
                "{\"text\":\"\"}");
    }

    @Test
    void argumentsThatAreNoObjectAreToldAsText() {
        translated.event(call(0, "x", ""));
        translated.event(call(1, "y", "{\\\"a\\\":}"));
        translated.event(finish("tool_calls"));
        translated.event(DONE);

        assertThat(parts()).startsWith(called("x", "{}"),
                called("y", "{\"_raw\":\"{\\\"a\\\":}\"}"));
    }

    /** Whoever gets a call carries it out. */
    @Test
    void halfACallAtTheBoundOfAnAnswerIsNone() throws IOException {
        translated.event(call(0, "x", "{}"));
        translated.event(call(1, "y", "{\\\"a\\\":"));
        translated.event(finish("length"));
        translated.event(DONE);

        List<JsonNode> chunks = chunks(translated.take());
        assertThat(chunks).hasSize(2);
        assertThat(chunks.get(0).toString()).contains(called("x", "{}"));
        assertThat(chunks.get(1).at("/candidates/0/finishReason").asText())
                .isEqualTo("MAX_TOKENS");

        JsonNode whole = JSON.readTree(Translated.unary(ReplyFormat.CHAT, ReplyFormat.GEMINI,
                "{\"choices\":[{\"index\":0,\"message\":{\"content\":null,\"tool_calls\":[{\"id\":"
                + "\"y\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]},\"finish_reason\":"
                + "\"length\"}]}"));
        assertThat(whole.at("/candidates/0/content").toString()).isEqualTo("{\"role\":\"model\"}");
    }

    @Test
    void moreArgumentsForACallThatWasToldAreAnError() {
        translated.event(call(0, "x", "{}"));
        translated.event(delta("{\"content\":\"a\"}"));

        assertThat(translated.event(call(0, null, " \\n"))).isEqualTo(Meaning.CONTENT);
        assertThat(translated.event(call(0, null, "}"))).isEqualTo(Meaning.ERROR);
    }

    @Test
    void heldCallsAreBounded() {
        translated.event(call(0, "x", "{"));

        Meaning meaning = Meaning.NOTHING;
        for (int i = 0; i < 50 && meaning != Meaning.ERROR; i++) {
            meaning = translated.event(call(0, null, "x".repeat(100_000)));
        }
        assertThat(meaning).isEqualTo(Meaning.ERROR);
    }

    @Test
    void theReasonAndTheUsageComeTogether() {
        translated.event(delta("{\"content\":\"a\"}"));
        translated.event(finish("stop"));
        assertThat(chunks(translated.take())).hasSize(1);

        translated.event("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
                + "\"completion_tokens\":5,\"completion_tokens_details\":{\"reasoning_tokens\":2},"
                + "\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\n");
        translated.event(DONE);
        assertThat(translated.text()).isEqualTo("data: {\"candidates\":[{\"content\":{\"parts\":"
                + "[{\"text\":\"\"}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],"
                + "\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":3,"
                + "\"totalTokenCount\":14,\"cachedContentTokenCount\":4,\"thoughtsTokenCount\":2},"
                + "\"modelVersion\":\"m\",\"responseId\":\"c\"}\n\n");
    }

    @ParameterizedTest
    @CsvSource({"stop, STOP", "length, MAX_TOKENS", "tool_calls, STOP", "content_filter, SAFETY"})
    void reasonsAreGooglesOwn(String reason, String googles) {
        translated.event(finish(reason));
        translated.event(DONE);

        assertThat(translated.text()).contains("\"finishReason\":\"" + googles + "\"");
    }

    @Test
    void aRefusalIsATextAndAReason() {
        translated.event(delta("{\"refusal\":\"no\"}"));
        translated.event(finish("stop"));
        translated.event(DONE);

        assertThat(translated.text()).contains("{\"text\":\"no\"}")
                .contains("\"finishReason\":\"SAFETY\"");
    }

    /** A comment is an error to one of Google's SDKs, and stops another. */
    @Test
    void thereIsNoSignOfLife() {
        translated.event(delta("{\"content\":\"a\"}"));
        translated.take();
        translated.event(": ping\n\n");

        assertThat(translated.text()).isEmpty();
    }

    @Test
    void thoughtsAreToldToWhoAsks() {
        for (boolean asks : new boolean[] {true, false}) {
            String stream = Translated.stream(ReplyFormat.MESSAGES, ReplyFormat.GEMINI,
                    shape(asks, false), Bytes.fixture("anthropic-stream-thinking.sse")).text();
            String body = Translated.unary(ReplyFormat.MESSAGES, ReplyFormat.GEMINI,
                    shape(asks, false), Bytes.fixture("anthropic-unary-thinking-tool.json"));

            for (String reply : new String[] {stream, body}) {
                assertThat(reply.contains("\"thought\":true")).isEqualTo(asks);
                assertThat(reply.contains("thoughtSignature")).isEqualTo(asks);
                assertThat(reply).contains("\"finishReason\":\"STOP\"");
            }
        }
    }

    @Test
    void googlesOwnSignatureOfACallIsItsOwnAgain() {
        String stream = Translated.stream(ReplyFormat.CHAT, ReplyFormat.GEMINI, shape(true, false),
                Bytes.fixture("gemini-compat-stream-tools.sse")).text();

        assertThat(stream).containsPattern(
                "\"functionCall\":\\{[^}]*}},\"thoughtSignature\":\"cGVuc3Rv");
    }

    // Arrays

    @ParameterizedTest
    @ValueSource(strings = {"anthropic-stream-parallel-tools.sse", "anthropic-stream-thinking.sse"})
    void anArrayHoldsWhatTheEventsDo(String fixture) throws IOException {
        String events = Translated.stream(ReplyFormat.MESSAGES, ReplyFormat.GEMINI,
                shape(true, false), Bytes.fixture(fixture)).text();
        String array = Translated.stream(ReplyFormat.MESSAGES, ReplyFormat.GEMINI,
                shape(true, true), Bytes.fixture(fixture)).text();

        List<JsonNode> elements = new ArrayList<>();
        JSON.readTree(array).forEach(elements::add);
        assertThat(elements).isEqualTo(chunks(events));
    }

    @Test
    void anArrayIsClosedBehindAnError() throws IOException {
        for (String before : new String[] {"", delta("{\"content\":\"a\"}")}) {
            Translated stream = new Translated(ReplyFormat.CHAT, ReplyFormat.GEMINI,
                    shape(true, true));
            if (!before.isEmpty()) {
                stream.event(before);
            }
            stream.translator.fail(Failure.of(Failure.Kind.UPSTREAM_TIMEOUT, "late"), "[{}]",
                    stream.out());

            JsonNode array = JSON.readTree(stream.text());
            JsonNode error = array.get(array.size() - 1).get("error");
            assertThat(array.size()).isEqualTo(before.isEmpty() ? 1 : 2);
            assertThat(error.get("code").asInt()).isEqualTo(504);
            assertThat(error.get("status").asText()).isEqualTo("DEADLINE_EXCEEDED");
            assertThat(error.at("/details/1/attempts").size()).isEqualTo(1);
        }
    }

    // Google's own streams

    @Test
    void googlesOwnStreamPassesAsItCame() throws IOException {
        byte[] sample = Bytes.fixture("gemini-stream-tools-thinking.sse");
        String own = new String(sample, StandardCharsets.UTF_8).replace("\r\n", "\n").strip();
        String events = Translated.stream(ReplyFormat.GEMINI, ReplyFormat.GEMINI,
                shape(false, false), sample).text();
        String array = Translated.stream(ReplyFormat.GEMINI, ReplyFormat.GEMINI,
                shape(false, true), sample).text();

        List<JsonNode> elements = new ArrayList<>();
        JSON.readTree(array).forEach(elements::add);
        assertThat(events.strip()).isEqualTo(own);
        assertThat(elements).isEqualTo(chunks(own + "\n\n"));
    }

    @Test
    void googlesOwnAnswerPassesAsItCame() {
        byte[] sample = Bytes.fixture("gemini-unary.json");

        assertThat(Translated.unary(ReplyFormat.GEMINI, ReplyFormat.GEMINI, shape(false, false),
                sample)).isEqualTo(new String(sample, StandardCharsets.UTF_8));
        assertThat(Translated.unary(ReplyFormat.GEMINI, ReplyFormat.GEMINI,
                "{\"error\":{\"code\":503}}")).startsWith("ERROR");
    }

    @Test
    void anEventOfSeveralLinesIsStillOne() {
        Translated stream = new Translated(ReplyFormat.GEMINI, ReplyFormat.GEMINI,
                shape(false, false));
        stream.event("data: {\"candidates\":\ndata: [{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}"
                + "\n\n");

        assertThat(stream.text()).isEqualTo("data: {\"candidates\": [{\"content\":{\"parts\":"
                + "[{\"text\":\"a\"}]}}]}\n\n");
    }

    // The end at a length

    @ParameterizedTest
    @CsvSource({"CHAT, true", "CHAT, false", "GEMINI, true", "GEMINI, false"})
    void aStreamEndsInOrderWhereverItIs(ReplyFormat upstream, boolean array) {
        String fixture = upstream == ReplyFormat.CHAT ? "openai-chat-stream-parallel-tools.sse"
                : "gemini-stream-tools-thinking.sse";
        List<String> all = List.of(new String(Bytes.fixture(fixture), StandardCharsets.UTF_8)
                .replace("\r\n", "\n").split("(?<=\n\n)"));
        for (int count = 1; count < all.size() - 3; count++) {
            Translated stream = new Translated(upstream, ReplyFormat.GEMINI, shape(true, array));
            all.subList(0, count).forEach(stream::event);

            assertThat(stream.translator.endAtLength(COUNTED, stream.out())).isTrue();
            checkCut(stream.text(), array);
        }
    }

    private static void checkCut(String text, boolean array) {
        List<JsonNode> chunks = new ArrayList<>();
        try {
            if (array) {
                JSON.readTree(text).forEach(chunks::add);
            } else {
                chunks.addAll(chunks(text));
            }
        } catch (IOException e) {
            throw new AssertionError(text, e);
        }
        JsonNode last = chunks.get(chunks.size() - 1);
        assertThat(last.at("/candidates/0/finishReason").asText()).isEqualTo("MAX_TOKENS");
        assertThat(last.at("/usageMetadata/totalTokenCount").asInt()).isEqualTo(17);
        assertThat(chunks.subList(0, chunks.size() - 1)).noneMatch(
                chunk -> chunk.at("/candidates/0").has("finishReason"));
    }
}

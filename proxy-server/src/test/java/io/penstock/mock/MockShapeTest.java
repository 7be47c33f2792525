package io.penstock.mock;

import static io.penstock.mock.MockCalls.CHAT;
import static io.penstock.mock.MockCalls.GENERATE;
import static io.penstock.mock.MockCalls.MESSAGES;
import static io.penstock.mock.MockCalls.RESPONSES;
import static io.penstock.mock.MockCalls.STREAM_GENERATE;
import static io.penstock.mock.MockCalls.body;
import static io.penstock.mock.MockCalls.post;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the mock says has the members, types and order of the samples in {@code fixtures}. */
class MockShapeTest {
    private static final String TWO_TOOLS = "x-mock-tools: 2";
    private static final String SPEAKS = "x-mock-text: I'll check both.";
    private static final String THINKS = "x-mock-reasoning: Two calls are needed.";
    private static final String METERED = "x-mock-usage: prompt=1040 cached=1024 reasoning=4";

    private MockServer mock;

    @BeforeEach
    void start() throws IOException {
        mock = MockServer.start(MockSettings.DEFAULT.withEvents(3), 1);
    }

    @AfterEach
    void stop() {
        mock.close();
    }

    private void assertUnary(String path, String fixture, String[] fields, String... ignored)
            throws IOException {
        Object reply = Shape.parse(post(mock, path, body(path, false), fields).body());
        Shape.of(reply).assertSame(Shape.of(Shape.parse(Shape.fixture(fixture))), ignored);
    }

    private List<Shape.Event> assertStream(String path, String fixture, String[] fields,
            String... ignored) throws IOException {
        List<Shape.Event> said = post(mock, path, body(path, true), fields).events();
        Map<String, Shape> expected = Shape.byName(Shape.events(Shape.fixture(fixture)));
        Map<String, Shape> shapes = Shape.byName(said);
        assertThat(shapes.keySet()).isEqualTo(expected.keySet());
        shapes.forEach((name, shape) -> shape.assertSame(expected.get(name), ignored));
        return said;
    }

    private static void assertCourse(List<Shape.Event> said, String fixture) throws IOException {
        assertThat(Shape.course(said)).isEqualTo(Shape.course(Shape.events(
                Shape.fixture(fixture))));
    }

    @Test
    void wordsChatRepliesLikeOpenAi() throws Exception {
        String[] composed = {"x-mock-text: Hello there"};
        assertUnary(CHAT, "openai-chat-unary.json", new String[0]);
        assertUnary(CHAT, "openai-chat-unary.json", composed);
        assertUnary(CHAT, "openai-chat-unary-toolcalls.json", new String[] {TWO_TOOLS});
    }

    @Test
    void wordsChatStreamsLikeOpenAi() throws Exception {
        String ready = ".choices[].delta.refusal"; // that of a ready-made role event is left out
        assertStream(CHAT, "openai-chat-stream-usage.sse", new String[0], ".obfuscation", ready);
        assertStream(CHAT, "openai-chat-stream-usage.sse", new String[] {SPEAKS}, ".obfuscation");
        assertStream(CHAT, "openai-chat-stream-parallel-tools.sse",
                new String[] {TWO_TOOLS, SPEAKS});
        assertStream(CHAT, "openai-chat-stream-refusal.sse",
                new String[] {"x-mock-fail: refusal"}, ".usage");
        assertStream(CHAT, "openai-chat-stream-midstream-error.sse",
                new String[] {"x-mock-fail: error-event"}, ".usage");
    }

    @Test
    void wordsMessagesLikeAnthropic() throws Exception {
        assertUnary(MESSAGES, "anthropic-unary-thinking-tool.json",
                new String[] {THINKS, SPEAKS, TWO_TOOLS}, ".content[].input.");
        List<Shape.Event> said = assertStream(MESSAGES, "anthropic-stream-parallel-tools.sse",
                new String[] {SPEAKS, TWO_TOOLS});
        assertCourse(said, "anthropic-stream-parallel-tools.sse");
        assertStream(MESSAGES, "anthropic-stream-text.sse", new String[0]);
        assertStream(MESSAGES, "anthropic-stream-thinking.sse", new String[] {THINKS},
                ".content_block.data"); // of redacted thinking
        assertThat(Shape.byName(post(mock, MESSAGES, body(MESSAGES, true),
                "x-mock-fail: error-event").events()).keySet()).isEqualTo(Set.of("message_start",
                        "content_block_start", "ping", "content_block_delta", "error"));
    }

    @Test
    void wordsContentLikeGemini() throws Exception {
        assertUnary(GENERATE, "gemini-unary.json", new String[] {THINKS, METERED});
        List<Shape.Event> said = assertStream(STREAM_GENERATE,
                "gemini-stream-tools-thinking.sse", new String[] {THINKS, TWO_TOOLS},
                ".usageMetadata.promptTokensDetails",
                ".candidates[].content.parts[].functionCall.args.");
        assertThat(said).hasSize(4 + 1 + 1); // thoughts, both calls at once, the finish
    }

    @Test
    void wordsResponsesLikeOpenAi() throws Exception {
        assertUnary(RESPONSES, "openai-responses-unary.json",
                new String[] {THINKS}, ".tools[]", ".output[].summary[]");
        assertCourse(assertStream(RESPONSES, "openai-responses-stream-text.sse", new String[0],
                ".response.tools[]", ".obfuscation"), "openai-responses-stream-text.sse");
        assertCourse(assertStream(RESPONSES, "openai-responses-stream-reasoning-tool.sse",
                new String[] {THINKS, "x-mock-tools: 1"}, ".response.tools[]", ".obfuscation"),
                "openai-responses-stream-reasoning-tool.sse");
        assertCourse(assertStream(RESPONSES, "openai-responses-stream-failed.sse",
                new String[] {"x-mock-fail: error-first"}, ".response.tools[]"),
                "openai-responses-stream-failed.sse");
    }

    @Test
    void numbersTheEventsOfResponses() throws Exception {
        for (String fault : List.of("none", "error-first", "error-event")) {
            List<Shape.Event> events = post(mock, RESPONSES, body(RESPONSES, true),
                    "x-mock-fail: " + fault).events();
            for (int i = 0; i < events.size(); i++) {
                JsonBody data = JsonBody.of(events.get(i).data());
                assertThat(data.numberOr("sequence_number", -1)).as(fault).isEqualTo(i);
                assertThat(data.text("type")).isEqualTo(events.get(i).name());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({CHAT + ",context-length,400,openai-error-400-context.json",
        CHAT + ",quota,429,openai-error-429-quota.json",
        MESSAGES + ",529,529,anthropic-error-529.json",
        GENERATE + ",429,429,gemini-error-429.json"})
    void wordsErrorsLikeTheProvider(String path, String fault, int status, String fixture)
            throws Exception {
        MockCalls.Reply reply = post(mock, path, body(path, false), "x-mock-fail: " + fault);

        assertThat(reply.status()).isEqualTo(status);
        Shape.of(reply.json().members()).assertSame(
                Shape.of(Shape.parse(Shape.fixture(fixture))), ".error.details[].violations");
    }
}

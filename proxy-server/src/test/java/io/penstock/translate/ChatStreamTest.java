package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.loop.Scratch;
import io.penstock.sse.EventSplitter;
import io.penstock.testing.Bytes;
import io.penstock.translate.ChatStream.Meaning;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatStreamTest {
    private static final Set<Meaning> GLANCED =
            EnumSet.of(Meaning.ERROR, Meaning.FINISH, Meaning.DONE);

    private final ChatStream stream = new ChatStream();

    private Meaning read(String event) {
        return read(event, false);
    }

    private Meaning glance(String event) {
        return read(event, true);
    }

    private Meaning read(String event, boolean glance) {
        byte[] bytes = event.getBytes(StandardCharsets.UTF_8);
        ByteBuf buffer = Bytes.buffer("\"e\"e").writeBytes(bytes).writeBytes(Bytes.latin1("\"e"));
        try {
            if (!glance) {
                return stream.read(buffer, 4, bytes.length);
            }
            Meaning single = stream.glance(buffer, 4, bytes.length, true);
            int singleAt = stream.unfinishedAt();
            Meaning all = stream.glance(buffer, 4, bytes.length, false);
            if (event.split("finish_reason", -1).length <= 2) {
                assertThat(single).as(event).isEqualTo(all);
                assertThat(singleAt).isEqualTo(stream.unfinishedAt());
            }
            return all;
        } finally {
            buffer.release();
        }
    }

    private boolean isMalformed(String event) {
        byte[] bytes = event.getBytes(StandardCharsets.UTF_8);
        ByteBuf buffer = Bytes.buffer("{\n").writeBytes(bytes).writeBytes(Bytes.latin1("}"));
        try {
            return stream.isMalformed(buffer, 2, bytes.length);
        } finally {
            buffer.release();
        }
    }

    private static List<String> events(String fixture) {
        List<String> events = new ArrayList<>();
        EventSplitter splitter = new EventSplitter(new EventSplitter.Sink() {
            @Override
            public boolean onEvent(ByteBuf buffer, int index, int length) {
                events.add(buffer.toString(index, length, StandardCharsets.UTF_8));
                return true;
            }

            @Override
            public void onOversizedEvent() {
                throw new AssertionError();
            }
        }, new Scratch());
        byte[] bytes = Bytes.fixture(fixture);
        ByteBuf buffer = Bytes.buffer(bytes);
        splitter.split(PooledByteBufAllocator.DEFAULT, buffer, 0, bytes.length);
        splitter.release();
        buffer.release();
        return events;
    }

    private static String chunk(String delta, String finish) {
        return "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":" + delta
                + ",\"finish_reason\":" + finish + "}]}\n\n";
    }

    /** Meanings as letters: nothing, content, finish, error, done. */
    @ParameterizedTest
    @CsvSource({
        "openai-chat-stream-usage.sse, ncccfnd",
        "openai-chat-stream-parallel-tools.sse, ^c.*c.*fnd",
        "openai-chat-stream-refusal.sse, ^nc+fn?d",
        "openai-chat-stream-n2-logprobs.sse, ^nnc.*fc?.*f.*d",
        "openai-chat-stream-midstream-error.sse, nce",
        "openai-chat-stream-truncated.sse, ^nc+",
        "groq-stream-x-groq.sse, ^nc+fd",
        "deepseek-stream-reasoning.sse, ^nnnc+fd",
        "openrouter-stream-comments-error.sse, ^nnc+n*ed",
        "vllm-stream-error-done.sse, ^nc+ed",
        "mistral-stream-thinking.sse, ^nc+fd",
        "azure-stream-filters.sse, ^nnc+n*fn*d",
        "gemini-compat-stream-tools.sse, ^cc.*fn*d",
    })
    void readsEveryProvidersStream(String fixture, String expected) {
        StringBuilder meanings = new StringBuilder();
        events(fixture).forEach(event -> meanings.append(
                Character.toLowerCase(read(event).name().charAt(0))));

        assertThat(meanings.toString()).matches(expected.startsWith("^") ? expected.substring(1)
                : expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"openai-chat-stream-usage", "openai-chat-stream-parallel-tools",
        "openai-chat-stream-refusal", "openai-chat-stream-n2-logprobs",
        "openai-chat-stream-midstream-error", "openai-chat-stream-truncated", "groq-stream-x-groq",
        "deepseek-stream-reasoning", "openrouter-stream-comments-error", "vllm-stream-error-done",
        "mistral-stream-thinking", "azure-stream-filters", "gemini-compat-stream-tools",
        "sse-torture"})
    void seesTheSameEndsAtAGlance(String fixture) {
        for (String event : events(fixture + ".sse")) {
            Meaning close = read(event);
            Meaning glanced = glance(event);
            if (GLANCED.contains(close)) {
                assertThat(glanced).as(event).isEqualTo(close);
            } else {
                assertThat(glanced).as(event).isIn(Meaning.NOTHING, Meaning.CONTENT);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"content\":\"a\"}", "{\"refusal\":\"no\"}", "{\"reasoning\":\"x\"}",
        "{\"reasoning_content\":\"x\"}", "{\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}",
        "{\"tool_calls\":[{\"index\":0}]}", "{\"function_call\":{\"name\":\"f\"}}",
        "{\"role\":\"assistant\",\"content\":null,\"audio\":{\"id\":\"a\"}}",
        "{\"content\":\" \"}"})
    void knowsContent(String delta) {
        assertThat(read(chunk(delta, "null"))).isEqualTo(Meaning.CONTENT);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "null", "[]", "\"a\"", "{\"role\":\"assistant\"}",
        "{\"role\":\"assistant\",\"content\":\"\"}", "{\"content\":null,\"refusal\":null}",
        "{\"tool_calls\":[]}", "{\"tool_calls\":null}", "{\"function_call\":{}}",
        "{\"content\":[]}", "{\"prefix\":false}", "{\"tokens\":0}"})
    void knowsThatThereIsNoContent(String delta) {
        assertThat(read(chunk(delta, "null"))).isEqualTo(Meaning.NOTHING);
        assertThat(read(chunk(delta, "\"\""))).isEqualTo(Meaning.NOTHING);
    }

    @ParameterizedTest
    @ValueSource(strings = {": ping\n\n", "\n", "data:\n\n", "id: 7\n\n",
        "event: ping\ndata: {}\n\n",
        "data: {\"choices\":[]}\n\n", "data: {\"choices\":null,\"usage\":{}}\n\n", "data: []\n\n",
        "data: {\"choices\":[null]}\n\n", "data: {\"choices\":[[1]]}\n\n", "data: 5\n\n",
        "data: {\"error\":null,\"choices\":[]}\n\n", "data: {\"error\":{}}\n\n",
        "data: {\"error\":\"\"}\n\n", "data: {\"error\":false}\n\n", "data: {\"error\":0}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\n\n", "data: {nonsense}\n\n",
        "data: {\"choices\":[{\"error\":null}]}\n\n", "data: \u00ff\n\n"})
    void takesOdditiesForNothing(String event) {
        assertThat(read(event)).isEqualTo(Meaning.NOTHING);
        assertThat(glance(event)).isEqualTo(Meaning.NOTHING);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"stop\"", "\"length\"", "\"tool_calls\"", "\"content_filter\"",
        "\"eos\""})
    void knowsWhyTheModelStopped(String reason) {
        assertThat(read(chunk("{}", reason))).isEqualTo(Meaning.FINISH);
        assertThat(read(chunk("{\"content\":\"a\"}", reason))).isEqualTo(Meaning.FINISH);
        assertThat(glance(chunk("{}", reason))).isEqualTo(Meaning.FINISH);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "data: {\"error\":{\"message\":\"m\"}}\n\n", "data:{\"error\":{\"message\":\"m\"}}\r\n\r\n",
        "data: {\"error\":\"something went wrong\"}\n\n", "data: {\"error\":[{\"message\":1}]}\n\n",
        "event: error\ndata: {\"message\":\"m\"}\n\n",
        "event:error\r\ndata: overloaded, sorry\r\n\r\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}]}\n\n",
        "data: {\"choices\":[{\"finish_reason\":\"insufficient_system_resource\"}]}\n\n",
        "data: {\"error\":{\"code\":1},\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n",
        "data: { \"error\": {\"message\":\"m\"}}\n\n",
        "data: {\"error\":{\"code\":{\"a\":[1]}}}\n\n"})
    void knowsErrors(String event) {
        assertThat(read(event)).isEqualTo(Meaning.ERROR);
        assertThat(glance(event)).isEqualTo(Meaning.ERROR);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "data: {\"id\":\"a\",\"error\":{\"message\":\"m\"}}\n\n",
        "data: {\"choices\":[{\"error\":{\"code\":502},\"delta\":{\"content\":\"a\"}}]}\n\n",
        "data: {\"object\":\"error\",\"message\":\"m\",\"type\":\"BadRequestError\"}\n\n"})
    void knowsErrorsOfOtherShapesWhileItReadsClosely(String event) {
        assertThat(read(event)).isEqualTo(Meaning.ERROR);
    }

    @ParameterizedTest
    @ValueSource(strings = {"data: [DONE]\n\n", "data:[DONE]\r\n\r\n", "data: [DONE]\r\r",
        "data: [DONE] \n\n", "data: [DONE]"})
    void knowsTheTerminator(String event) {
        assertThat(read(event)).isEqualTo(Meaning.DONE);
        assertThat(glance(event)).isEqualTo(Meaning.DONE);
    }

    @Test
    void seesAFinishBehindAChoiceThatGoesOn() {
        String event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},"
                + "\"finish_reason\":null},{\"index\":1,\"finish_reason\" : \"stop\"}]}\n\n";

        assertThat(read(event)).isEqualTo(Meaning.FINISH);
        assertThat(glance(event)).isEqualTo(Meaning.FINISH);
    }

    @Test
    void takesNoFinishFromTheText() {
        String event = chunk("{\"content\":\"{\\\"finish_reason\\\": \\\"stop\\\"}\"}", "null");

        assertThat(read(event)).isEqualTo(Meaning.CONTENT);
        assertThat(glance(event)).isEqualTo(Meaning.NOTHING);
    }

    @Test
    void readsTheTextOfACompletion() {
        assertThat(read("data: {\"choices\":[{\"text\":\"a\"}]}\n\n")).isEqualTo(Meaning.CONTENT);
        assertThat(read("data: {\"choices\":[{\"text\":\"\"}]}\n\n")).isEqualTo(Meaning.NOTHING);
    }

    @Test
    void takesWhatIsBeyondAllBoundsForNothing() {
        String deep = "[".repeat(2000) + "]".repeat(2000);
        assertThat(read("data: {\"a\":" + deep + ",\"choices\":[]}\n\n"))
                .isEqualTo(Meaning.NOTHING);
        assertThat(read(chunk("{\"n\":" + "1".repeat(2000) + "}", "null"))).isIn(Meaning.NOTHING,
                Meaning.CONTENT);
    }

    @Test
    void readsAnEventOfSeveralLines() {
        assertThat(read("data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"a\"}}]}\n\n"))
                .isEqualTo(Meaning.CONTENT);
    }

    @Test
    void endsAsManyAnswersAsThereMayBe() {
        ChatStream.Identity stream = new ChatStream.Identity("c", "o", 1, "m");
        assertThat(ChatStream.endAtLength(stream, true, 3)).contains("\"index\":2")
                .doesNotContain("\"index\":3");
        assertThat(ChatStream.endAtLength(stream, false, 999_999_999))
                .contains("\"index\":" + (ChatStream.MAX_CHOICES - 1) + ",")
                .doesNotContain("\"index\":" + ChatStream.MAX_CHOICES + ",");
    }

    @ParameterizedTest
    @ValueSource(strings = {"data: {\"choices\":[{\"del\n\n", "data: {\"choices\":[]\r\n\r\n",
        "data: {\ndata: \"a\":\n\n", "data: {\"a\":1}x\n\n"})
    void knowsAnEventThatBeginsAsAnObjectAndIsNone(String event) {
        assertThat(isMalformed(event)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"data: {\"a\":1}\n\n", "data: {\ndata: }\r\n\r\n", "data: [DONE]\n\n",
        "data:[DONE]\r\n\r\n", ": a comment\n\n", "\n", "event: ping\n\n", "data: {} \n\n",
        "data: {\"a\":1}\nid: 7\n\n", "data: []\n\n", "data: null\n\n", "retry: 100\n\n",
        "event: error\ndata: {busy\n\n", "data: plain text\n\n", "data\n\n"})
    void takesNothingElseForMalformed(String event) {
        assertThat(isMalformed(event)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"openai-chat-stream-usage.sse", "openai-chat-stream-parallel-tools.sse",
        "openai-chat-stream-n2-logprobs.sse", "azure-stream-filters.sse",
        "deepseek-stream-reasoning.sse", "groq-stream-x-groq.sse", "mistral-stream-thinking.sse",
        "gemini-compat-stream-tools.sse", "openrouter-stream-comments-error.sse",
        "vllm-stream-error-done.sse"})
    void takesNothingForMalformedThatProvidersReallySend(String fixture) {
        assertThat(events(fixture)).noneMatch(this::isMalformed);
    }
}

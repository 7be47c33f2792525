package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.testing.Bytes;
import io.penstock.translate.ChatStream.Meaning;
import io.penstock.translate.Turn.Choice;
import io.penstock.translate.Turn.Kind;
import io.penstock.translate.Turn.Part;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every sample of every provider, translated for every caller and read back: what comes out must be
 * what the sample's sidecar says is in it.
 */
class ReplyFixtureTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern TERMINATOR =
            Pattern.compile("\\[DONE]|message_stop|response\\.(completed|incomplete)"
                    + "|\"finishReason\":");
    private static final ReplyOptions OPTIONS = new ReplyOptions(null, true, 2, null, null);

    private static Stream<Arguments> pairs(List<String> names) {
        return names.stream().flatMap(name -> ReplySamples.CLIENTS.stream().map(client ->
                Arguments.of(name, client)));
    }

    static Stream<Arguments> streams() {
        return pairs(ReplySamples.STREAMS);
    }

    static Stream<Arguments> bodies() {
        return pairs(ReplySamples.BODIES);
    }

    private static Turn readStream(ReplyFormat format, String text) {
        Turn turn = new Turn();
        ReplyLoop loop = Translated.loop();
        TurnReader reader = reader(format, loop, turn);
        for (String event : text.split("\n\n")) {
            String data = event.replaceAll("(?s).*?data: ", "");
            try {
                if (data.equals("[DONE]")) {
                    reader.onDone();
                } else if (!event.startsWith(":") && !event.isEmpty()) {
                    byte[] bytes = data.getBytes(StandardCharsets.UTF_8);
                    loop.feed().begin(bytes, 0, bytes.length);
                    reader.readEvent(loop.feed());
                }
            } catch (IOException e) {
                throw new AssertionError(event, e);
            }
        }
        return turn;
    }

    private static Turn readBody(ReplyFormat format, String text) throws IOException {
        Turn turn = new Turn();
        ReplyLoop loop = Translated.loop();
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        loop.feed().begin(bytes, 0, bytes.length);
        reader(format, loop, turn).readBody(loop.feed());
        return turn;
    }

    private static TurnReader reader(ReplyFormat format, ReplyLoop loop, Turn turn) {
        return switch (format) {
            case CHAT, COMPLETIONS -> new ChatReader(loop, turn, 2);
            case MESSAGES -> new MessagesReader(loop, turn, true);
            case GEMINI -> new GeminiReader(loop, turn, 2);
            default -> new ResponsesReader(loop, turn);
        };
    }

    private static String text(Choice choice, Kind kind) {
        StringBuilder text = new StringBuilder();
        choice.parts.stream().filter(part -> part.kind == kind)
                .forEach(part -> text.append(part.text));
        return text.toString();
    }

    /** Compares what was read back with the sidecar. */
    private static void check(String name, ReplyFormat client, Turn turn) throws IOException {
        JsonNode expect = ReplySamples.expect(name);
        Choice choice = turn.choice(0);
        boolean textOnly = client == ReplyFormat.COMPLETIONS;
        String refusal = expect.path("refusal").asText();
        boolean refusalIsText = textOnly || client == ReplyFormat.MESSAGES
                || client == ReplyFormat.GEMINI;
        String expected = expect.has("choices") ? expect.at("/choices/0/text").asText()
                : expect.path("text").asText();
        assertThat(text(choice, Kind.TEXT))
                .isEqualTo(refusalIsText ? expected + refusal : expected);
        assertThat(text(choice, Kind.REFUSAL)).isEqualTo(refusalIsText ? "" : refusal);
        assertThat(text(choice, Kind.REASONING))
                .isEqualTo(textOnly ? "" : expect.path("reasoning").asText());
        if (!textOnly) {
            checkTools(name, choice, expect.path("tools"));
        }
        if (!expect.path("outcome").asText().equals("complete")) {
            assertThat(choice.finish).isNull();
            return;
        }
        checkEnd(name, client, turn, expect);
    }

    private static void checkTools(String name, Choice choice, JsonNode expected)
            throws IOException {
        List<Part> tools = new ArrayList<>();
        choice.parts.stream().filter(part -> part.kind == Kind.TOOL).forEach(tools::add);
        assertThat(tools).hasSize(expected.size());
        for (int i = 0; i < tools.size(); i++) {
            JsonNode call = expected.get(i);
            Part tool = tools.get(i);
            if (call.get("id").isNull()) {
                assertThat(tool.id).startsWith("call_");
            } else {
                assertThat(tool.id).isEqualTo(call.get("id").asText());
            }
            assertThat(tool.name).isEqualTo(call.get("name").asText());
            String arguments = call.get("arguments").asText();
            assertThat(JSON.readTree(tool.text.isEmpty() ? "{}" : tool.text.toString()).toString())
                    .as(name).isEqualTo(JSON.readTree(arguments.isEmpty() ? "{}" : arguments)
                            .toString());
        }
    }

    private static void checkEnd(String name, ReplyFormat client, Turn turn, JsonNode expect) {
        String finish = expect.path("openai_finish_reason").asText("length"); // n = 2 has several
        boolean refusalStops = expect.has("refusal")
                && (client == ReplyFormat.MESSAGES || client == ReplyFormat.GEMINI);
        assertThat(turn.choice(0).finish.chat()).as(name).isEqualTo(refusalStops
                ? "content_filter" : client == ReplyFormat.COMPLETIONS
                && finish.equals("tool_calls") ? "stop" : finish);
        JsonNode usage = expect.get("usage");
        if (usage == null) {
            return;
        }
        ReplyUsage counted = turn.usage();
        assertThat(counted.prompt()).isEqualTo(usage.get("prompt").asLong());
        assertThat(counted.completion()).isEqualTo(usage.get("completion").asLong());
        assertThat(counted.total()).isEqualTo(usage.get("total").asLong());
        assertThat(counted.cached()).isEqualTo(usage.get("cached").asLong());
        assertThat(counted.cacheWrite()).isEqualTo(client == ReplyFormat.GEMINI ? 0
                : usage.get("cache_write").asLong()); // which Google has no word for
        assertThat(counted.reasoning()).isEqualTo(usage.get("reasoning").asLong());
    }

    @ParameterizedTest
    @MethodSource("streams")
    void aStreamSaysTheSameToEveryCaller(String name, ReplyFormat client) throws IOException {
        Translated translated = Translated.stream(ReplySamples.formatOf(name), client, OPTIONS,
                Bytes.fixture(name));

        boolean complete = ReplySamples.expect(name).get("outcome").asText().equals("complete");
        assertThat(translated.meanings).last()
                .isEqualTo(complete ? Meaning.DONE : Meaning.ERROR);
        assertThat(TERMINATOR.matcher(translated.text()).find()).isEqualTo(complete);
        check(name, client, readStream(client, translated.text()));
    }

    @ParameterizedTest
    @MethodSource("bodies")
    void aUnaryReplySaysTheSameToEveryCaller(String name, ReplyFormat client)
            throws IOException {
        String body = Translated.unary(ReplySamples.formatOf(name), client, OPTIONS,
                Bytes.fixture(name));

        assertThat(JSON.readTree(body).isObject()).isTrue();
        check(name, client, readBody(client, body));
    }

    @Test
    void secondAnswersKeepTheirPlace() throws IOException {
        String text = Translated.stream(ReplyFormat.CHAT, ReplyFormat.CHAT, OPTIONS,
                Bytes.fixture("openai-chat-stream-n2-logprobs.sse")).text();

        Choice second = readStream(ReplyFormat.CHAT, text).choice(1);
        assertThat(text(second, Kind.TEXT)).isEqualTo("Ja");
        assertThat(second.finish).isEqualTo(FinishReason.STOP);
    }

    @Test
    void usageOfAStreamThatBreaksIsKnown() {
        Translated translated = Translated.stream(ReplyFormat.CHAT, ReplyFormat.MESSAGES, OPTIONS,
                Bytes.fixture("vllm-stream-error-done.sse"));

        assertThat(translated.translator.usage()).isEqualTo(new ReplyUsage(20, 4, 0, 0, 0));
    }

    @Test
    void everyFieldTrapOfEventStreamsIsSurvived() {
        Translated translated = Translated.stream(ReplyFormat.CHAT, ReplyFormat.MESSAGES, OPTIONS,
                Bytes.fixture("sse-torture.sse"));

        assertThat(translated.meanings).contains(Meaning.ERROR); // its data is no JSON
        assertThat(translated.text()).isEmpty();
    }
}

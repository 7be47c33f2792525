package io.penstock.mock;

import static io.penstock.mock.MockCalls.CHAT;
import static io.penstock.mock.MockCalls.COMPLETIONS;
import static io.penstock.mock.MockCalls.GENERATE;
import static io.penstock.mock.MockCalls.MESSAGES;
import static io.penstock.mock.MockCalls.RESPONSES;
import static io.penstock.mock.MockCalls.STREAM_GENERATE;
import static io.penstock.mock.MockCalls.body;
import static io.penstock.mock.MockCalls.post;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.testing.RawClient;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every format of the mock has in common: texts, controls, faults, pacing, records. */
class MockFormatsTest {
    private static final List<String> PATHS =
            List.of(CHAT, COMPLETIONS, RESPONSES, MESSAGES, STREAM_GENERATE);

    /** Where a format's stream has a piece of the answer's text. */
    private static final Pattern PIECE = Pattern.compile("(?:\"(?:delta|index)\":(?:0,)?"
            + "(?:\"delta\":)?\\{(?:\"type\":\"text_delta\",)?\"(?:text|content)\":"
            + "|output_text.delta\".*\"delta\":|\"choices\":\\[\\{\"text\":"
            + "|\"parts\":\\[\\{\"text\":)\"((?:[^\"\\\\]|\\\\.)*)\"");

    private MockServer mock;

    @BeforeEach
    void start() throws IOException {
        mock = MockServer.start(MockSettings.DEFAULT.withEvents(6).withRecords(4), 1);
    }

    @AfterEach
    void stop() {
        mock.close();
    }

    private MockCalls.Reply ask(String path, boolean stream, String... fields)
            throws IOException {
        return post(mock, path, body(path, stream), fields);
    }

    private static String text(String stream) {
        StringBuilder text = new StringBuilder();
        for (Matcher piece = PIECE.matcher(stream); piece.find();) {
            text.append(piece.group(1));
        }
        return text.toString();
    }

    @Test
    void saysTheSameInEveryFormatUnaryAndStreamed() throws Exception {
        for (String path : PATHS) {
            String unary = path.equals(STREAM_GENERATE) ? GENERATE : path;
            assertThat(ask(unary, false).body()).as(path)
                    .contains("\"mock here: the water comes down\"");
            assertThat(text(ask(path, true).body())).as(path)
                    .isEqualTo("mock here: the water comes down");
        }
    }

    @Test
    void saysWhatItIsAskedToSay() throws Exception {
        for (String path : PATHS) {
            String said = ask(path, true, "x-mock-text: Gr%C3%BC%C3%9Fe, \"Z%C3%BCrich\" a+b")
                    .body();
            assertThat(text(said)).as(path).isEqualTo("Grüße, \\\"Zürich\\\" a+b");
        }
    }

    @Test
    void stopsEarlyWhereTheCallSaysSo() throws Exception {
        for (String[] each : new String[][] {
            {CHAT, "\"max_completion_tokens\":2", "\"finish_reason\":\"length\""},
            {COMPLETIONS, "\"max_tokens\":2", "\"finish_reason\":\"length\""},
            {RESPONSES, "\"max_output_tokens\":2", "\"reason\":\"max_output_tokens\""},
            {MESSAGES, "\"max_tokens\":2", "\"stop_reason\":\"max_tokens\""},
            {STREAM_GENERATE, "\"generationConfig\":{\"maxOutputTokens\":2}",
                "\"finishReason\":\"MAX_TOKENS\""}}) {
            String body = body(each[0], true).replace("\"max_tokens\":1000,", "")
                    .replaceFirst("\\{", "{" + each[1] + ",");
            String said = post(mock, each[0], body).body();
            assertThat(text(said)).as(each[0]).isEqualTo("mock here:");
            assertThat(said).contains(each[2]);
        }
    }

    @ParameterizedTest
    @CsvSource({CHAT + ",\"tool_calls\":[{\"id\":\"call_mock-",
        RESPONSES + ",\"call_id\":\"call_mock-", MESSAGES + ",\"type\":\"tool_use\"",
        GENERATE + ",\"functionCall\":{\"name\":\"get_time\""})
    void callsAsManyToolsAsItIsAskedTo(String path, String sign) throws Exception {
        String said = ask(path, false, "x-mock-tools: 3",
                "x-mock-arguments: {\"city\":\"Oslo\"}").body();

        assertThat(said).contains(sign);
        assertThat(said.split("get_weather", -1)).hasSizeGreaterThanOrEqualTo(3);
        assertThat(said.replace("\\\"", "\"")).contains("{\"city\":\"Oslo\"}");
        assertThat(post(mock, path, body(path, false).replaceAll(",\"tools\":\\[.*\\]", ""),
                "x-mock-tools: 3").body()).contains("mock here: the water");
    }

    @Test
    void cutsArgumentsAnywhereAndMixesThemWhenAsked() throws Exception {
        String inOrder = indexes(ask(CHAT, true, "x-mock-tools: 2"));
        String mixed = indexes(ask(CHAT, true, "x-mock-tools: 2 interleaved"));

        assertThat(inOrder).matches("0{3,}1{3,}");
        assertThat(mixed).matches("(01){3,}").hasSameSizeAs(inOrder);
    }

    private static String indexes(MockCalls.Reply reply) throws IOException {
        StringBuilder indexes = new StringBuilder();
        for (Shape.Event event : reply.events()) {
            for (JsonBody choice : JsonBody.of(event.data()).objects("choices")) {
                for (JsonBody call : choice.object("delta").objects("tool_calls")) {
                    indexes.append(call.numberOr("index", 9));
                }
            }
        }
        return indexes.toString();
    }

    @ParameterizedTest
    @CsvSource({CHAT + ",\"cached_tokens\":64,\"reasoning_tokens\":7",
        MESSAGES + ",\"input_tokens\":26,\"thinking_tokens\":7",
        STREAM_GENERATE + ",\"cachedContentTokenCount\":64,\"thoughtsTokenCount\":7",
        RESPONSES + ",\"cached_tokens\":64,\"reasoning_tokens\":7"})
    void tellsTheFiguresItIsAskedToTell(String path, String first, String second)
            throws Exception {
        assertThat(ask(path, true, "x-mock-usage: prompt=100 cached=64 written=10 completion=9 "
                + "reasoning=7").body()).contains(first, second);
        assertThat(ask(path, true, "x-mock-usage: none").body())
                .doesNotContain("\"total_tokens\"", "Count\":", "\"input_tokens\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {CHAT, MESSAGES, RESPONSES, GENERATE})
    void continuesWhatTheAssistantHasBegun(String path) throws Exception {
        String begun = path.equals(GENERATE)
                ? ",{\"role\":\"model\",\"parts\":[{\"text\":\"mock here: the\"}]}]"
                : ",{\"role\":\"assistant\",\"content\":\"mock here: the\"}]";
        String body = body(path, false).replaceFirst("]}]|(?<=\"Hi\"})]",
                path.equals(GENERATE) ? "]}" + begun : begun);

        assertThat(post(mock, path, body).body()).contains("\"mock here: the water comes down\"");
        assertThat(post(mock, path, body, "x-mock-prefill: continue").body())
                .contains("\" water comes down\"");
        assertThat(post(mock, path, body, "x-mock-prefill: continue", "x-mock-text: other").body())
                .contains("\"other\"");
        MockCalls.Reply rejected = post(mock, path, body, "x-mock-prefill: reject");
        assertThat(rejected.status()).isEqualTo(400);
        assertThat(rejected.body()).contains("must end with a user message");
    }

    @Test
    void refusesWhatAnthropicWouldRefuse() throws Exception {
        String good = body(MESSAGES, false);
        for (String[] each : new String[][] {
            {good.replace("\"max_tokens\":1000,", ""), "max_tokens: Field required"},
            {good.replaceFirst("\\{", "{\"fallbacks\":[],"), "fallbacks: Extra inputs"},
            {good.replace("\"Hi\"", "[{\"type\":\"tool_result\",\"tool_use_id\":\"t\"}]"),
                "unexpected `tool_use_id`"},
            {good.replace("}]", "},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
                    + "\"id\":\"t1\"}]},{\"role\":\"user\",\"content\":\"x\"}]"), "t1"},
            {good.replace("\"Hi\"}]", "\"Hi\"},{\"role\":\"assistant\",\"content\":\"so \"}]"),
                "trailing whitespace"}}) {
            MockCalls.Reply reply = post(mock, MESSAGES, each[0]);
            assertThat(reply.status()).as(each[1]).isEqualTo(400);
            assertThat(reply.body()).contains("\"type\":\"invalid_request_error\"", each[1]);
        }
        try (RawClient client = RawClient.connect(mock.port())) {
            client.post(MESSAGES, good);
            assertThat(client.readBody(client.readHead())).contains("anthropic-version");
        }
        assertThat(post(mock, GENERATE, "{\"model\":\"x\",\"contents\":[{}]}").body())
                .contains("Unknown name \\\"model\\\"", "\"status\":\"INVALID_ARGUMENT\"");
    }

    @Test
    void streamsGeminisArrayWithoutSse() throws Exception {
        MockCalls.Reply reply = post(mock, "/v1beta/models/m-1:streamGenerateContent",
                body(GENERATE, false));

        assertThat(reply.head().header("content-type")).isEqualTo("application/json");
        assertThat((List<?>) Shape.parse(reply.body())).hasSize(7);
    }

    // Faults

    @Test
    void failsByStatusInEveryFormat() throws Exception {
        for (String path : PATHS) {
            MockCalls.Reply reply = ask(path, true, "x-mock-fail: 503");
            assertThat(reply.status()).isEqualTo(503);
            assertThat(reply.json().has("error")).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({CHAT + ",400", RESPONSES + ",400", MESSAGES + ",400", GENERATE + ",400"})
    void knowsEachProvidersErrorForALongPrompt(String path, int status) throws Exception {
        assertThat(ask(path, false, "x-mock-fail: context-length").status()).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({CHAT + ",429,401", RESPONSES + ",429,401", MESSAGES + ",400,401",
        GENERATE + ",429,400"})
    void knowsEachProvidersErrorForAnEmptyAccountAndAWrongKey(String path, int quota, int key)
            throws Exception {
        MockCalls.Reply reply = ask(path, false, "x-mock-fail: quota");
        assertThat(reply.status()).isEqualTo(quota);
        assertThat(reply.head().headers()).doesNotContainKey("retry-after");
        assertThat(ask(path, false, "x-mock-fail: invalid-key").status()).isEqualTo(key);
    }

    @Test
    void sendsAPageWhereJsonIsExpected() throws Exception {
        MockCalls.Reply reply = ask(CHAT, true, "x-mock-fail: html");
        assertThat(reply.status()).isEqualTo(502);
        assertThat(reply.head().header("content-type")).isEqualTo("text/html");
        assertThat(reply.body()).startsWith("<html>");
    }

    @Test
    void cutsEveryFormatInTheMiddle() throws Exception {
        for (String path : PATHS) {
            try (RawClient client = RawClient.connect(mock.port())) {
                client.post(path, body(path, true), "x-mock-fail: midstream",
                        "anthropic-version: 1");
                client.readHead();
                String said = client.readUntilClose();
                assertThat(text(said)).as(path).isEqualTo("mock here: the");
                assertThat(said).doesNotContain("\r\n0\r\n");
            }
            try (RawClient client = RawClient.connect(mock.port())) {
                String unary = path.equals(STREAM_GENERATE) ? GENERATE : path;
                client.post(unary, body(unary, false), "x-mock-fail: midstream",
                        "anthropic-version: 1");
                RawClient.Head head = client.readHead();
                assertThatThrownBy(() -> client.readBody(head)).isInstanceOf(EOFException.class);
            }
        }
    }

    @Test
    void endsInAnErrorEventOrBeginsWithOne() throws Exception {
        for (String path : PATHS) {
            String late = ask(path, true, "x-mock-fail: error-event").body();
            assertThat(text(late)).as(path).isEqualTo("mock here: the");
            assertThat(late).contains("mock: internal server error")
                    .doesNotContain("[DONE]", "message_stop", "response.completed",
                            "finishReason");
            String first = ask(path, true, "x-mock-fail: error-first").body();
            assertThat(text(first)).isEmpty();
            assertThat(first).contains("mock: internal server error");
            String unary = path.equals(STREAM_GENERATE) ? GENERATE : path;
            MockCalls.Reply whole = ask(unary, false, "x-mock-fail: error-first");
            assertThat(whole.status()).isEqualTo(200);
            assertThat(whole.json().has("error")).isTrue();
        }
    }

    @Test
    void leavesOutTheTerminatorOrTheWholeFinish() throws Exception {
        for (String path : List.of(CHAT, COMPLETIONS)) {
            String unmarked = ask(path, true, "x-mock-fail: no-done").body();
            assertThat(unmarked).contains("\"finish_reason\":\"stop\"").doesNotContain("[DONE]");
            String unfinished = ask(path, true, "x-mock-fail: no-finish").body();
            assertThat(text(unfinished)).isEqualTo("mock here: the water comes down");
            assertThat(unfinished).doesNotContain("[DONE]", "\"finish_reason\":\"stop\"");
        }
        assertThat(ask(MESSAGES, true, "x-mock-fail: no-done").body())
                .contains("message_delta").doesNotContain("message_stop");
        assertThat(ask(RESPONSES, true, "x-mock-fail: no-done").body())
                .contains("output_item.done").doesNotContain("response.completed");
        assertThat(ask(STREAM_GENERATE, true, "x-mock-fail: no-finish").body())
                .doesNotContain("finishReason");
    }

    @Test
    void breaksOneEventAndGoesOn() throws Exception {
        for (String path : PATHS) {
            String said = ask(path, true, "x-mock-fail: malformed").body();
            assertThatThrownBy(() -> Shape.events(said)).as(path)
                    .isInstanceOf(IOException.class);
            assertThat(text(said)).as(path).endsWith(" water comes down");
        }
        assertThatThrownBy(() -> ask(CHAT, false, "x-mock-fail: malformed").json())
                .isInstanceOf(IOException.class);
    }

    @Test
    void saysNothingBy200() throws Exception {
        for (boolean stream : new boolean[] {true, false}) {
            MockCalls.Reply reply = ask(CHAT, stream, "x-mock-fail: empty");
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.body()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void endsAGzipBodyTooEarlyInAMessageThatIsWhole(boolean stream) throws Exception {
        try (RawClient client = RawClient.connect(mock.port())) {
            client.post(CHAT, body(CHAT, stream), "x-mock-fail: gzip");
            RawClient.Head head = client.readHead();
            assertThat(head.header("content-encoding")).isEqualTo("gzip");
            client.readBody(head);
            client.post(CHAT, body(CHAT, false));
            assertThat(client.readHead().status()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void promisesMoreThanItSends(boolean stream) throws Exception {
        try (RawClient client = RawClient.connect(mock.port())) {
            client.post(CHAT, body(CHAT, stream), "x-mock-fail: wrong-length");
            RawClient.Head head = client.readHead();
            int promised = Integer.parseInt(head.header("content-length"));
            assertThat(client.readUntilClose()).hasSize(promised - 16);
        }
    }

    @Test
    void tricklesAByteAtATime() throws Exception {
        try (RawClient client = RawClient.connect(mock.port())) {
            client.post(CHAT, body(CHAT, true), "x-mock-fail: trickle", "x-mock-events: 1");
            client.readHead();
            assertThat(client.readRawChunk()).isEqualTo("1\r\nd\r\n");
            assertThat("d" + client.readChunked()).startsWith("data: {").endsWith("[DONE]\n\n");
        }
        assertThat(ask(CHAT, false, "x-mock-fail: trickle", "x-mock-events: 1").body())
                .contains("\"mock\"");
    }

    @ParameterizedTest
    @CsvSource({CHAT + ",\"finish_reason\":\"content_filter\",\"refusal\":\"I'm sorry",
        MESSAGES + ",\"stop_reason\":\"refusal\",\"stop_reason\":\"refusal\"",
        RESPONSES + ",\"reason\":\"content_filter\",\"type\":\"refusal\"",
        GENERATE + ",\"finishReason\":\"SAFETY\",\"blockReason\":\"SAFETY\""})
    void isFilteredOrDeclines(String path, String filtered, String declined) throws Exception {
        assertThat(ask(path, false, "x-mock-fail: content-filter").body()).contains(filtered);
        assertThat(ask(path, false, "x-mock-fail: refusal").body()).contains(declined);
    }

    @Test
    void failsUntilItHeals() throws Exception {
        mock.fail(Failures.always(Fault.parse("500")).withTimes(2));
        assertThat(ask(CHAT, false).status()).isEqualTo(500);
        assertThat(ask(MESSAGES, false).status()).isEqualTo(500);
        assertThat(ask(CHAT, false).status()).isEqualTo(200);

        mock.fail(Failures.always(Fault.parse("429")));
        assertThat(ask(GENERATE, false).status()).isEqualTo(429);
        mock.fail(Failures.NONE);
        assertThat(ask(GENERATE, false).status()).isEqualTo(200);
        assertThatThrownBy(() -> mock.fail(Failures.always(Fault.parse("refuse"))))
                .isInstanceOf(IllegalArgumentException.class);
    }

    // Records

    @Test
    void remembersTheLastRequests() throws Exception {
        for (int i = 0; i < 5; i++) {
            post(mock, CHAT + "?n=" + i, "{\"model\":\"m-" + i + "\"}", "X-Probe: p" + i);
        }

        assertThat(mock.records()).hasSize(4).extracting(RequestRecord::query)
                .containsExactly("n=1", "n=2", "n=3", "n=4");
        RequestRecord last = mock.records().get(3);
        assertThat(last.method()).isEqualTo("POST");
        assertThat(last.path()).isEqualTo(CHAT);
        assertThat(last.header("x-probe")).isEqualTo("p4");
        assertThat(last.header("x-prob")).isNull();
        assertThat(last.text()).isEqualTo("{\"model\":\"m-4\"}");
    }

    @Test
    void refusesMoreEventsThanItCanCompose() throws Exception {
        assertThat(ask(MESSAGES, false, "x-mock-events: " + (Composer.MAX_EVENTS + 1)).status())
                .isEqualTo(400);
    }
}

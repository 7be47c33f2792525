package io.penstock.mock;

import static io.penstock.mock.MockCalls.post;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.testing.RawClient;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bedrock's Converse, whose streams are no text. */
class MockBedrockTest {
    private static final String MODEL = "/model/us.anthropic.claude-sonnet-4-6-v1%3A0";
    private static final String UNARY = MODEL + "/converse";
    private static final String STREAM = MODEL + "/converse-stream";
    private static final String USER = "{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}";
    private static final String TOOLS = ",\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":"
            + "\"get_weather\",\"inputSchema\":{\"json\":{}}}},{\"toolSpec\":{\"name\":"
            + "\"get_time\",\"inputSchema\":{\"json\":{}}}}]}";
    private static final String CALL = "{\"role\":\"assistant\",\"content\":[{\"toolUse\":{"
            + "\"toolUseId\":\"t1\",\"name\":\"get_time\",\"input\":{}}}]}";
    private static final String RESULT = "{\"role\":\"user\",\"content\":[{\"toolResult\":{"
            + "\"toolUseId\":\"t1\",\"content\":[{\"text\":\"noon\"}]}}]}";

    private MockServer mock;

    @BeforeEach
    void start() throws IOException {
        mock = MockServer.start(MockSettings.DEFAULT.withEvents(6).withRecords(1), 1);
    }

    @AfterEach
    void stop() {
        mock.close();
    }

    private static String messages(String... messages) {
        return "{\"messages\":[" + String.join(",", messages) + "]}";
    }

    private static String withTools(String body) {
        return body.substring(0, body.length() - 1) + TOOLS + "}";
    }

    private List<EventStreams.Message> stream(String body, String... fields) throws IOException {
        try (RawClient client = RawClient.connect(mock.port())) {
            client.post(STREAM, body, fields);
            RawClient.Head head = client.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("content-type"))
                    .isEqualTo("application/vnd.amazon.eventstream");
            return EventStreams.read(client.readBodyBytes(head));
        }
    }

    private static String text(List<EventStreams.Message> messages) throws IOException {
        StringBuilder text = new StringBuilder();
        for (EventStreams.Message message : messages) {
            String piece = message.json().object("delta").text("text");
            text.append(piece == null ? "" : piece);
        }
        return text.toString();
    }

    private static byte[] fixture(String name) throws IOException {
        try (var in = MockBedrockTest.class.getResourceAsStream("/fixtures/" + name)) {
            return in.readAllBytes();
        }
    }

    @Test
    void wordsRepliesLikeBedrock() throws Exception {
        String reply = post(mock, UNARY, withTools(messages(USER)), "x-mock-reasoning: Simple.",
                "x-mock-text: Paris.", "x-mock-tools: 1", "x-mock-arguments: {\"city\":\"x\"}")
                .body();

        Shape.of(Shape.parse(reply)).assertSame(Shape.of(Shape.parse(
                Shape.fixture("bedrock-converse-unary.json"))),
                ".usage.cacheReadInputTokenCount", ".usage.cacheWriteInputTokenCount");
    }

    @Test
    void wordsStreamsLikeBedrock() throws Exception {
        List<Shape.Event> said = EventStreams.events(stream(withTools(messages(USER)),
                "x-mock-reasoning: Need weather.", "x-mock-text: Je vais", "x-mock-tools: 1"));
        List<EventStreams.Message> sample =
                EventStreams.read(fixture("bedrock-converse-stream.bin"));
        List<Shape.Event> expected = EventStreams.events(sample);

        assertThat(Shape.course(said)).isEqualTo(Shape.course(expected));
        Map<String, Shape> shapes = Shape.byName(expected);
        Shape.byName(said).forEach((name, shape) -> shape.assertSame(shapes.get(name)));
        assertThat(stream(messages(USER)).get(0).headers()).isEqualTo(sample.get(0).headers());
    }

    @Test
    void wordsExceptionsInStreamsLikeBedrock() throws Exception {
        List<EventStreams.Message> sample =
                EventStreams.read(fixture("bedrock-stream-exception.bin"));
        List<EventStreams.Message> late = stream(messages(USER), "x-mock-fail: error-event");
        List<EventStreams.Message> first = stream(messages(USER), "x-mock-fail: error-first");

        assertThat(text(late)).isEqualTo("mock here: the");
        EventStreams.Message last = late.get(late.size() - 1);
        assertThat(last.headers().keySet())
                .isEqualTo(sample.get(sample.size() - 1).headers().keySet());
        assertThat(last.type()).isEqualTo("internalServerException");
        assertThat(last.json().text("message")).contains("internal server error");
        assertThat(first).singleElement().isEqualTo(last);
    }

    @Test
    void saysTheSameUnaryAndStreamed() throws Exception {
        assertThat(post(mock, UNARY, messages(USER)).body())
                .contains("\"text\":\"mock here: the water comes down\"",
                        "\"stopReason\":\"end_turn\"");
        List<EventStreams.Message> stream = stream(messages(USER));
        assertThat(text(stream)).isEqualTo("mock here: the water comes down");
        assertThat(stream.stream().map(EventStreams.Message::type).collect(Collectors.toList()))
                .startsWith("messageStart", "contentBlockDelta")
                .endsWith("contentBlockStop", "messageStop", "metadata");
    }

    @Test
    void hidesTheLengthOfWhatItSays() throws Exception {
        assertThat(stream(messages(USER))).allSatisfy(message ->
                assertThat(message.json().text("p")).matches("[a-zA-Z]+"));
    }

    @Test
    void tellsTheFiguresAfterTheEnd() throws Exception {
        List<EventStreams.Message> stream = stream(messages(USER),
                "x-mock-usage: prompt=100 cached=64 written=10 completion=9");

        JsonBody usage = stream.get(stream.size() - 1).json().object("usage");
        assertThat(usage.members().values()).extracting(Object::toString)
                .containsExactly("26", "9", "109", "64", "10");
        List<EventStreams.Message> silent = stream(messages(USER), "x-mock-usage: none");
        assertThat(silent.get(silent.size() - 1).json().has("usage")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"\"maxTokens\":2,none,max_tokens", "\"topP\":1,content-filter,content_filtered",
        "\"topP\":1,refusal,guardrail_intervened"})
    void tellsWhyItEnds(String setting, String fault, String reason) throws Exception {
        String body = messages(USER).replaceFirst("\\{", "{\"inferenceConfig\":{" + setting
                + "},");

        assertThat(post(mock, UNARY, body, "x-mock-fail: " + fault).body())
                .contains("\"stopReason\":\"" + reason + "\"");
    }

    @Test
    void callsToolsInBlocksOfTheirOwn() throws Exception {
        List<EventStreams.Message> stream = stream(withTools(messages(USER)), "x-mock-tools: 2",
                "x-mock-arguments: {\"city\":\"Oslo\"}");

        StringBuilder calls = new StringBuilder();
        for (EventStreams.Message message : stream) {
            JsonBody use = message.json().object("start").object("toolUse");
            if (use.has("toolUseId")) {
                assertThat(use.text("toolUseId")).matches("[a-zA-Z0-9_.:-]{1,64}");
                calls.append(message.json().numberOr("contentBlockIndex", 9))
                        .append(use.text("name"));
            }
            String input = message.json().object("delta").object("toolUse").text("input");
            calls.append(input == null ? "" : input);
        }
        assertThat(calls).hasToString("0get_weather{\"city\":\"Oslo\"}"
                + "1get_time{\"city\":\"Oslo\"}");
    }

    @Test
    void takesAnyModelThatIsOneSegment() throws Exception {
        String arn = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123%3Ainference-profile%2Fus.x-v1%3A0";
        assertThat(post(mock, "/model/" + arn + "/converse", messages(USER)).status())
                .isEqualTo(200);
        MockCalls.Reply torn = post(mock, "/model/" + arn.replace("%2F", "/") + "/converse",
                messages(USER));
        assertThat(torn.status()).isEqualTo(404);
        assertThat(torn.head().header("x-amzn-errortype")).startsWith("UnknownOperation");
    }

    @Test
    void refusesWhatBedrockWouldRefuse() throws Exception {
        String assistant = USER.replace("user", "assistant");
        for (String[] each : new String[][] {
            {messages(USER).replaceFirst("\\{", "{\"model\":\"m\","), "extraneous key [model]"},
            {messages(), "at least one message"},
            {messages(assistant), "start with a user message"},
            {messages(USER, USER), "must alternate"},
            {messages(USER.replace("Hi", " ")), "messages.0.content.0 is blank"},
            {messages(USER.replace("{\"text\":\"Hi\"}", "")), "messages.0 is empty"},
            {messages(USER, CALL, RESULT), "toolConfig field must be defined"},
            {withTools(messages(USER, CALL, USER)), "for the following Ids: t1"},
            {withTools(messages(RESULT)), "but found: t1"},
            {withTools(messages(USER)).replace("get_time", "get time"), "get time"},
            {messages(USER, assistant.replace("Hi", "so ")), "trailing whitespace"}}) {
            MockCalls.Reply reply = post(mock, UNARY, each[0]);
            assertThat(reply.status()).as(each[1]).isEqualTo(400);
            assertThat(reply.json().text("message")).contains(each[1]);
            assertThat(reply.head().header("x-amzn-errortype"))
                    .startsWith("ValidationException:");
        }
        assertThat(post(mock, UNARY, withTools(messages(USER, CALL, RESULT))).status())
                .isEqualTo(200);
    }

    @Test
    void continuesWhatTheAssistantHasBegun() throws Exception {
        String body = messages(USER, USER.replace("user", "assistant")
                .replace("Hi", "mock here: the"));

        assertThat(post(mock, UNARY, body, "x-mock-prefill: continue").body())
                .contains("\" water comes down\"");
    }

    @ParameterizedTest
    @CsvSource({"400,400,ValidationException", "403,403,AccessDeniedException",
        "404,404,ResourceNotFoundException", "408,408,ModelTimeoutException",
        "424,424,ModelErrorException", "429,429,ThrottlingException",
        "500,500,InternalServerException", "503,503,ServiceUnavailableException",
        "quota,400,ServiceQuotaExceededException", "context-length,400,ValidationException",
        "invalid-key,403,UnrecognizedClientException"})
    void namesErrorsInAHeader(String fault, int status, String type) throws Exception {
        MockCalls.Reply reply = post(mock, UNARY, messages(USER), "x-mock-fail: " + fault);

        assertThat(reply.status()).isEqualTo(status);
        assertThat(reply.head().header("x-amzn-errortype")).startsWith(type + ":http://");
        assertThat(reply.head().headers()).doesNotContainKey("retry-after");
        Shape.of(reply.json().members()).assertSame(
                Shape.of(Shape.parse(Shape.fixture("bedrock-error-429.json"))));
    }

    @Test
    void breaksOneEventInAWholeFrame() throws Exception {
        List<EventStreams.Message> stream = stream(messages(USER), "x-mock-fail: malformed");

        assertThat(stream).filteredOn(message -> !message.payload().endsWith("}")).hasSize(1);
        assertThat(stream.get(stream.size() - 1).type()).isEqualTo("metadata");
    }

    @ParameterizedTest
    @ValueSource(strings = {UNARY, STREAM})
    void cutsAReplyInTheMiddle(String path) throws Exception {
        try (RawClient client = RawClient.connect(mock.port())) {
            client.post(path, messages(USER), "x-mock-fail: midstream");
            RawClient.Head head = client.readHead();
            assertThatThrownBy(() -> client.readBodyBytes(head)).isInstanceOf(EOFException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {UNARY, MockCalls.CHAT})
    void wantsASignatureOrAKeyOnceItKnowsACaller(String path) throws Exception {
        String body = path.equals(UNARY) ? messages(USER) : MockCalls.body(path, false);
        try (MockServer strict = MockServer.start(MockSettings.DEFAULT.withSigningKey(
                new SigningKey("AKID", "secret", null, "us-east-1")), 1)) {
            MockCalls.Reply unsigned = post(strict, path, body);
            assertThat(unsigned.status()).isEqualTo(403);
            assertThat(unsigned.body()).contains("Missing Authentication Token");
            assertThat(post(strict, path, body, "authorization: Bearer any").status())
                    .isEqualTo(200);
        }
    }
}

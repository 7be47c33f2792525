package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.loop.Transport;
import io.penstock.mock.Fault;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.mock.RequestRecord;
import io.penstock.provider.Options;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.Bytes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.TypeByName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.converter.ConvertWith;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Callers of every format are served by providers of every other, and none can tell. */
class FormatsIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final MockSettings MOCK = MockSettings.DEFAULT.withText("One two three four");

    /** A format of callers: how it asks, and where the answer stands in it. */
    enum Client {
        CHAT("/v1/chat/completions") {
            @Override
            String body(String model, String members) {
                return "{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":"
                        + "\"Hi\"}]" + members + "}";
            }

            @Override
            String tools() {
                return ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"get_weather\","
                        + "\"parameters\":" + SCHEMA + "}},{\"type\":\"function\",\"function\":{"
                        + "\"name\":\"get_time\",\"parameters\":" + SCHEMA + "}}]";
            }

            @Override
            String text(JsonNode reply) {
                return reply.at("/choices/0/message/content").asText();
            }

            @Override
            List<String> calls(JsonNode reply) {
                List<String> calls = new ArrayList<>();
                reply.at("/choices/0/message/tool_calls").forEach(call -> calls.add(
                        call.at("/function/name").asText()
                                + call.at("/function/arguments").asText()));
                return calls;
            }

            @Override
            String finish(JsonNode reply) {
                return reply.at("/choices/0/finish_reason").asText();
            }

            @Override
            String streamed(List<JsonNode> events) {
                StringBuilder text = new StringBuilder();
                events.forEach(e -> text.append(
                        e.at("/choices/0/delta/content").asText("")));
                return text.toString().replace("null", "");
            }

            @Override
            String lastWord() {
                return "data: [DONE]\n\n";
            }
        },
        MESSAGES("/v1/messages") {
            @Override
            String body(String model, String members) {
                return "{\"model\":\"" + model + "\",\"max_tokens\":1000,\"messages\":[{\"role\":"
                        + "\"user\",\"content\":\"Hi\"}]" + members + "}";
            }

            @Override
            String tools() {
                return ",\"tools\":[{\"name\":\"get_weather\",\"input_schema\":" + SCHEMA
                        + "},{\"name\":\"get_time\",\"input_schema\":" + SCHEMA + "}]";
            }

            @Override
            String text(JsonNode reply) {
                return reply.at("/content/0/text").asText();
            }

            @Override
            List<String> calls(JsonNode reply) {
                List<String> calls = new ArrayList<>();
                reply.at("/content").forEach(block -> {
                    if (block.at("/type").asText().equals("tool_use")) {
                        calls.add(block.at("/name").asText() + block.at("/input"));
                    }
                });
                return calls;
            }

            @Override
            String finish(JsonNode reply) {
                return reply.at("/stop_reason").asText();
            }

            @Override
            String streamed(List<JsonNode> events) {
                StringBuilder text = new StringBuilder();
                events.forEach(e -> text.append(e.at("/delta/text").asText("")));
                return text.toString();
            }

            @Override
            String lastWord() {
                return "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
            }
        },
        RESPONSES("/v1/responses") {
            @Override
            String body(String model, String members) {
                return "{\"model\":\"" + model + "\",\"input\":\"Hi\"" + members + "}";
            }

            @Override
            String tools() {
                return ",\"tools\":[{\"type\":\"function\",\"name\":\"get_weather\",\"parameters\":"
                        + SCHEMA + "},{\"type\":\"function\",\"name\":\"get_time\",\"parameters\":"
                        + SCHEMA + "}]";
            }

            @Override
            String text(JsonNode reply) {
                return reply.at("/output/0/content/0/text").asText();
            }

            @Override
            List<String> calls(JsonNode reply) {
                List<String> calls = new ArrayList<>();
                reply.at("/output").forEach(item -> {
                    if (item.at("/type").asText().equals("function_call")) {
                        calls.add(item.at("/name").asText() + item.at("/arguments").asText());
                    }
                });
                return calls;
            }

            @Override
            String finish(JsonNode reply) {
                return reply.at("/status").asText();
            }

            @Override
            String streamed(List<JsonNode> events) {
                StringBuilder text = new StringBuilder();
                events.stream().filter(e -> e.at("/type").asText().endsWith("output_text.delta"))
                        .forEach(e -> text.append(e.at("/delta").asText()));
                return text.toString();
            }

            @Override
            String lastWord() {
                return "}\n\n"; // of response.completed
            }
        },
        GEMINI("/v1beta/models/") {
            @Override
            String path(String model, String members) {
                return super.path(model, members) + model + (members.contains(STREAM)
                        ? ":streamGenerateContent?alt=sse" : ":generateContent");
            }

            @Override
            String body(String model, String members) {
                return "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]"
                        + members.replace("," + STREAM, "") + "}";
            }

            @Override
            String tools() {
                return ",\"tools\":[{\"functionDeclarations\":[{\"name\":\"get_weather\","
                        + "\"parametersJsonSchema\":" + SCHEMA + "},{\"name\":\"get_time\","
                        + "\"parameters\":" + SCHEMA + "}]}]";
            }

            @Override
            String text(JsonNode reply) {
                return reply.at("/candidates/0/content/parts/0/text").asText();
            }

            @Override
            List<String> calls(JsonNode reply) {
                List<String> calls = new ArrayList<>();
                reply.at("/candidates/0/content/parts").forEach(part -> {
                    if (part.has("functionCall")) {
                        calls.add(part.at("/functionCall/name").asText()
                                + part.at("/functionCall/args"));
                    }
                });
                return calls;
            }

            @Override
            String finish(JsonNode reply) {
                return reply.at("/candidates/0/finishReason").asText();
            }

            @Override
            String streamed(List<JsonNode> events) {
                StringBuilder text = new StringBuilder();
                events.forEach(e -> text.append(text(e)));
                return text.toString();
            }

            @Override
            String lastWord() {
                return "}"; // of the chunk with a finish reason; the stream just ends
            }
        };

        static final String STREAM = "\"stream\":true";

        static final String SCHEMA = "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":"
                + "\"string\"}}}";

        private final String path;

        Client(String path) {
            this.path = path;
        }

        /** Where it asks; {@code members} are further ones of the body. */
        String path(String model, String members) {
            return path;
        }

        abstract String body(String model, String members);

        abstract String tools();

        abstract String text(JsonNode reply);

        abstract List<String> calls(JsonNode reply);

        abstract String finish(JsonNode reply);

        abstract String streamed(List<JsonNode> events);

        abstract String lastWord();
    }

    @TempDir
    Path directory;

    static Stream<Arguments> pairs() {
        return Stream.of(Client.values()).flatMap(client -> Stream.of(ProviderTypes.OPENAI,
                        ProviderTypes.OPENAI_COMPATIBLE, ProviderTypes.ANTHROPIC,
                        ProviderTypes.GEMINI)
                .map(type -> Arguments.of(client, type)));
    }

    private ProxyUnderTest.Builder before(MockServer mock, ProviderType type) {
        return ProxyUnderTest.on(Transport.auto())
                .provider(mock.settings().name(), "http://127.0.0.1:" + mock.port()).type(type)
                .accessLog(log());
    }

    private Path log() {
        return directory.resolve("access.log");
    }

    private String onlyLine(ProxyUnderTest proxy) throws IOException {
        proxy.awaitQuiet();
        proxy.stop(PATIENCE);
        assertThat(Files.readAllLines(log())).hasSize(1);
        return Files.readString(log());
    }

    private static RawClient ask(ProxyUnderTest proxy, Client client, String members,
            String... fields) throws IOException {
        List<String> all = new ArrayList<>(List.of(fields));
        all.add("x-api-key: " + CALLER_KEY);
        return proxy.connect().post(client.path(SMART, members), client.body(SMART, members),
                all.toArray(String[]::new));
    }

    private static JsonNode whole(RawClient caller) throws IOException {
        RawClient.Head head = caller.readHead();
        String body = caller.readBody(head);
        assertThat(head.status()).as(body).isEqualTo(200);
        assertThat(head.header("content-type")).startsWith("application/json");
        return JSON.readTree(body);
    }

    private static String stream(RawClient caller) throws IOException {
        RawClient.Head head = caller.readHead();
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.header("content-type")).startsWith("text/event-stream");
        return caller.readChunked();
    }

    static List<JsonNode> events(String stream) throws IOException {
        List<JsonNode> events = new ArrayList<>();
        for (String line : stream.split("\n")) {
            if (line.startsWith("data: {")) {
                events.add(JSON.readTree(line.substring(6)));
            }
        }
        return events;
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void answersAsAWhole(Client client, ProviderType type) throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, type).start()) {
            JsonNode reply = whole(ask(proxy, client, "", "x-mock-usage: prompt=11 completion=4"));

            assertThat(client.text(reply)).isEqualTo("One two three four");
            assertThat(client.finish(reply)).isIn("stop", "end_turn", "completed", "STOP");
            assertThat(onlyLine(proxy)).contains("\"prompt_tokens\":11,\"completion_tokens\":4")
                    .contains("\"api\":\"" + client.name().toLowerCase(Locale.ROOT) + "\"")
                    .contains("\"upstream_api\":\"" + (type == ProviderTypes.ANTHROPIC ? "messages"
                            : type == ProviderTypes.GEMINI ? "gemini"
                            : type == ProviderTypes.OPENAI && client == Client.RESPONSES
                            ? "responses" : "chat") + "\"").doesNotContain("estimated\":true");
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void streams(Client client, ProviderType type) throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, type).start()) {
            String stream = stream(ask(proxy, client, ",\"stream\":true",
                    "x-mock-usage: prompt=11 cached=3 completion=4"));

            assertThat(client.streamed(events(stream))).isEqualTo("One two three four");
            assertThat(stream.stripTrailing()).endsWith(client.lastWord().stripTrailing());
            assertThat(onlyLine(proxy)).contains("\"prompt_tokens\":11,\"completion_tokens\":4")
                    .contains("\"cached_tokens\":3").doesNotContain("estimated\":true");
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void callsTools(Client client, ProviderType type) throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, type).start()) {
            JsonNode reply = whole(ask(proxy, client, client.tools(), "x-mock-tools: 2",
                    "x-mock-arguments: {\"city\":\"Paris\"}"));

            assertThat(client.calls(reply)).containsExactly("get_weather{\"city\":\"Paris\"}",
                    "get_time{\"city\":\"Paris\"}");
            assertThat(client.finish(reply)).isIn("tool_calls", "tool_use", "completed", "STOP");
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void streamsCallsOfTools(Client client, ProviderType type) throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, type).start()) {
            String stream = stream(ask(proxy, client, client.tools() + ",\"stream\":true",
                    "x-mock-tools: 2", "x-mock-arguments: {\"city\":\"Paris\"}"));

            assertThat(stream.stripTrailing()).contains("get_weather").contains("get_time")
                    .endsWith(client.lastWord().stripTrailing());
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void tellsTheCallersOwnMistakesInItsFormat(Client client, ProviderType type)
            throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a")
                        .withFail(new Fault(Fault.Kind.STATUS, 400), 1), 1);
                ProxyUnderTest proxy = before(mock, type).start()) {
            RawClient caller = ask(proxy, client, ",\"stream\":true");
            RawClient.Head head = caller.readHead();
            JsonNode error = JSON.readTree(caller.readBody(head));

            assertThat(head.status()).isEqualTo(400);
            assertThat(error.at(client == Client.GEMINI ? "/error/status" : "/error/type").asText())
                    .isIn("invalid_request_error", "INVALID_ARGUMENT");
            assertThat(error.at("/type").asText())
                    .isEqualTo(client == Client.MESSAGES ? "error" : "");
            assertThat(error.at("/error/message").asText()).isNotBlank();
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void passesOnThatAllAreBusyInItsFormat(Client client, ProviderType type) throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a")
                        .withFail(new Fault(Fault.Kind.STATUS, 503), 1), 1);
                ProxyUnderTest proxy = before(mock, type).start()) {
            RawClient caller = ask(proxy, client, "");
            RawClient.Head head = caller.readHead();
            JsonNode error = JSON.readTree(caller.readBody(head));

            assertThat(head.status()).isIn(503, 529);
            assertThat(head.header("x-penstock-attempts")).contains("a/model-a=503");
            assertThat(error.at("/error/message").asText()).isNotBlank();
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void endsAStreamThatBreaksInAnErrorOfItsFormat(Client client, ProviderType type)
            throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a").withText(null).withEvents(40)
                        .withFail(new Fault(Fault.Kind.MIDSTREAM, 0), 1), 1);
                ProxyUnderTest proxy = before(mock, type).start()) {
            RawClient caller = ask(proxy, client, ",\"stream\":true");
            assertThat(caller.readHead().status()).isEqualTo(200);
            String rest = caller.readUntilClose();

            assertThat(rest).contains("broke off").doesNotContain("[DONE]")
                    .doesNotContain("message_stop").doesNotContain("response.completed");
            assertThat(rest).contains(switch (client) {
                case CHAT -> "data: {\"error\":{\"message\":";
                case GEMINI -> "data: {\"error\":{\"code\":502,";
                case MESSAGES -> "event: error\ndata: {\"type\":\"error\",";
                case RESPONSES -> "\"type\":\"";
            });
            List<JsonNode> events = client == Client.RESPONSES ? events(rest) : List.of();
            for (int i = 0; i < events.size(); i++) {
                assertThat(events.get(i).get("sequence_number").asInt()).isEqualTo(i);
            }
            assertThat(onlyLine(proxy)).contains("\"estimated\":true");
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void leavesOutAnEventWithoutItsEnd(Client client, ProviderType type) throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a")
                        .withFail(new Fault(Fault.Kind.MALFORMED, 0), 1), 1);
                ProxyUnderTest proxy = before(mock, type).start()) {
            String stream = stream(ask(proxy, client, ",\"stream\":true"));

            assertThat(client.streamed(events(stream))).isEqualTo("One two three four");
            assertThat(onlyLine(proxy)).contains("\"malformed_events\":1");
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void goesToTheNextProviderWhateverItsFormat(Client client, ProviderType type)
            throws Exception {
        try (MockServer dying = MockServer.start(MOCK.withName("a")
                        .withFail(new Fault(Fault.Kind.ERROR_FIRST, 0), 1), 1);
                MockServer mock = MockServer.start(MOCK.withName("b"), 1);
                ProxyUnderTest proxy = before(dying, type)
                        .provider("b", "http://127.0.0.1:" + mock.port())
                        .type(type == ProviderTypes.ANTHROPIC ? ProviderTypes.OPENAI
                                : ProviderTypes.ANTHROPIC).start()) {
            RawClient caller = ask(proxy, client, ",\"stream\":true");
            RawClient.Head head = caller.readHead();

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=error_in_reply, b/model-b=200");
            assertThat(client.streamed(events(caller.readChunked())))
                    .isEqualTo("One two three four");
        }
    }

    @ParameterizedTest
    @EnumSource(Client.class)
    void answersItsOwnErrorsInTheCallersFormat(Client client) throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.OPENAI).start()) {
            RawClient caller = proxy.connect();
            caller.post(client.path(SMART, ""), client.body(SMART, ""), "x-api-key: wrong");
            RawClient.Head head = caller.readHead();
            JsonNode denied = JSON.readTree(caller.readBody(head));
            caller.post(client.path("nobody-has-it", ""), client.body("nobody-has-it", ""),
                    "x-api-key: " + CALLER_KEY);
            RawClient.Head second = caller.readHead();
            JsonNode unknown = JSON.readTree(caller.readBody(second));

            assertThat(head.status()).isEqualTo(401);
            assertThat(second.status()).isEqualTo(404);
            boolean anthropic = client == Client.MESSAGES;
            if (client == Client.GEMINI) {
                assertThat(denied.at("/error/code").asInt()).isEqualTo(401);
                assertThat(denied.at("/error/status").asText()).isEqualTo("UNAUTHENTICATED");
                assertThat(unknown.at("/error/status").asText()).isEqualTo("NOT_FOUND");
                assertThat(unknown.at("/error/details/0/reason").asText())
                        .isEqualTo("MODEL_NOT_FOUND");
                return;
            }
            assertThat(denied.at("/error/type").asText())
                    .isEqualTo(anthropic ? "authentication_error" : "invalid_request_error");
            assertThat(unknown.at("/error/type").asText())
                    .isEqualTo(anthropic ? "not_found_error" : "invalid_request_error");
            assertThat(denied.has("type")).isEqualTo(anthropic);
        }
    }

    /** It could be put to the other one in a moment: a 400 would tell the caller never to ask. */
    @Test
    void doesNotBlameTheRequestWhileATargetThatKnowsItsWordsRests() throws Exception {
        try (MockServer a = MockServer.start(MOCK.withName("a"), 1);
                ScriptedUpstream b = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(429, "retry-after: 30", "content-length: 0").flush();
                });
                ProxyUnderTest proxy = before(a, ProviderTypes.ANTHROPIC)
                        .provider("b", b.url()).start()) {
            RawClient first = ask(proxy, Client.CHAT, ",\"n\":2");
            assertThat(first.readHead().status()).isEqualTo(429);

            RawClient caller = ask(proxy, Client.CHAT, ",\"n\":2");
            RawClient.Head head = caller.readHead();

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=untranslatable, b/model-b=cooldown");
            assertThat(head.status()).isEqualTo(503);
            caller.readBody(head);
        }
    }

    @Test
    void passesOverATargetWhoseFormatHasNoWordForTheRequest() throws Exception {
        try (MockServer a = MockServer.start(MOCK.withName("a"), 1);
                MockServer b = MockServer.start(MOCK.withName("b"), 1);
                ProxyUnderTest proxy = before(a, ProviderTypes.ANTHROPIC)
                        .provider("b", "http://127.0.0.1:" + b.port()).start()) {
            RawClient caller = ask(proxy, Client.CHAT, ",\"n\":2");
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=untranslatable, b/model-b=200");
            assertThat(a.requests()).isZero();
            caller.readBody(head);
        }
    }

    @Test
    void refusesWhatNoTargetHasAWordFor() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.ANTHROPIC).start()) {
            RawClient caller = ask(proxy, Client.CHAT, ",\"n\":2");
            RawClient.Head head = caller.readHead();
            JsonNode error = JSON.readTree(caller.readBody(head));

            assertThat(head.status()).isEqualTo(400);
            assertThat(error.at("/error/code").asText()).isEqualTo("unsupported_parameter");
            assertThat(error.at("/error/param").asText()).isEqualTo("n");
            assertThat(mock.requests()).isZero();
        }
    }

    @Test
    void refusesAThreadByTheCodeOnWhichItsCallersSendTheWholeConversation() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.OPENAI).start()) {
            for (String thread : List.of("{\"type\":\"create\"}",
                    "{\"type\":\"continue\",\"previous_message_id\":\"msg_1\"}")) {
                RawClient caller = ask(proxy, Client.MESSAGES, ",\"thread\":" + thread);
                RawClient.Head head = caller.readHead();
                JsonNode error = JSON.readTree(caller.readBody(head));

                assertThat(head.status()).isEqualTo(400);
                assertThat(error.at("/error/type").asText()).isEqualTo("invalid_request_error");
                assertThat(error.at("/error/details/error_code").asText())
                        .isEqualTo("thread_unsupported_request");
            }
            assertThat(mock.requests()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("othersThanAnthropic")
    void servesWhatClaudeCodeSendsUnasked(ProviderType type) throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, type).start()) {
            RawClient caller = ask(proxy, Client.MESSAGES, ",\"context_management\":{\"edits\":["
                    + "{\"type\":\"clear_thinking_20251015\",\"keep\":\"all\"}]},\"metadata\":"
                    + "{\"user_id\":\"{}\"},\"thinking\":{\"type\":\"adaptive\"},\"output_config\":"
                    + "{\"effort\":\"high\"},\"tools\":[{\"name\":\"Read\",\"input_schema\":{"
                    + "\"type\":\"object\"},\"defer_loading\":true}]",
                    "anthropic-version: 2023-06-01", "anthropic-beta: context-management");
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("x-penstock-dropped")).contains("context_management")
                    .contains("tools.defer_loading");
            caller.readBody(head);
        }
    }

    static Stream<ProviderType> othersThanAnthropic() {
        return Stream.of(ProviderTypes.OPENAI, ProviderTypes.GEMINI, ProviderTypes.MISTRAL);
    }

    @Test
    void beginsAMessagesStreamWithTheEstimateOfItsPrompt() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.OPENAI).start()) {
            List<JsonNode> events = events(stream(ask(proxy, Client.MESSAGES,
                    ",\"stream\":true", "x-mock-usage: prompt=11 completion=4")));

            assertThat(events.get(0).at("/message/usage/input_tokens").asInt()).isPositive();
            assertThat(events.get(events.size() - 2).at("/usage/input_tokens").asInt())
                    .isEqualTo(11);
        }
    }

    @Test
    void tellsWhichFieldsWereDropped() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.ANTHROPIC).start()) {
            RawClient caller = ask(proxy, Client.CHAT,
                    ",\"seed\":7,\"logit_bias\":{\"1\":5},\"stop\":[\"x\"]");
            RawClient.Head head = caller.readHead();
            caller.readBody(head);

            assertThat(head.header("x-penstock-dropped").split(","))
                    .containsExactlyInAnyOrder("seed", "logit_bias");
            assertThat(head.header("x-penstock-changed")).isNull();
        }
    }

    @Test
    void tellsWhichFieldsWereChanged() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.ANTHROPIC).start()) {
            RawClient caller = ask(proxy, Client.CHAT,
                    ",\"temperature\":1.5,\"response_format\":{\"type\":\"json_object\"}");
            RawClient.Head head = caller.readHead();
            caller.readBody(head);

            assertThat(head.header("x-penstock-changed").split(","))
                    .containsExactlyInAnyOrder("temperature", "response_format");
            assertThat(head.header("x-penstock-dropped")).isNull();
        }
    }

    @Test
    void repeatsTheSettingsOfAResponsesRequest() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 2);
                ProxyUnderTest proxy = before(mock, ProviderTypes.ANTHROPIC).start()) {
            String settings = ",\"instructions\":\"Be\\nbrief\",\"temperature\":0.5,\"tools\":[\n{"
                    + "\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"a\":1.0}}]";

            JsonNode reply = whole(ask(proxy, Client.RESPONSES, settings));
            assertThat(reply.get("instructions").asText()).isEqualTo("Be\nbrief");
            assertThat(reply.get("temperature").asDouble()).isEqualTo(0.5);
            assertThat(reply.at("/tools/0/name").asText()).isEqualTo("f");

            List<JsonNode> events = events(stream(ask(proxy, Client.RESPONSES, settings
                    + ",\"stream\":true")));
            assertThat(events.get(0).at("/response/instructions").asText())
                    .isEqualTo("Be\nbrief");
            assertThat(events.get(events.size() - 1).at("/response/tools"))
                    .isEqualTo(reply.get("tools"));
        }
    }

    @Test
    void asksInTheProvidersWay() throws Exception {
        try (MockServer a = MockServer.start(MOCK.withName("a").withRecords(2), 1);
                ProxyUnderTest proxy = before(a, ProviderTypes.ANTHROPIC).start()) {
            whole(ask(proxy, Client.CHAT, "", "anthropic-beta: nonsense"));
            whole(ask(proxy, Client.MESSAGES, "", "anthropic-beta: b1,b2"));

            for (RequestRecord record : a.records()) {
                assertThat(record.path()).isEqualTo("/v1/messages");
                assertThat(record.header("x-api-key")).isEqualTo(ProxyUnderTest.keyOf("a"));
                assertThat(record.header("authorization")).isNull();
                assertThat(record.header("anthropic-version")).isEqualTo("2023-06-01");
            }
            assertThat(a.records().get(0).header("anthropic-beta")).isNull();
            assertThat(a.records().get(1).header("anthropic-beta")).isEqualTo("b1,b2");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void asksGeminiWithItsKeyInItsOwnField(boolean stream) throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a").withRecords(1), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.GEMINI).start()) {
            RawClient caller = ask(proxy, Client.CHAT, stream ? ",\"stream\":true" : "");
            caller.readBody(caller.readHead());

            assertThat(mock.records().get(0).path()).isEqualTo("/v1beta/models/model-a:"
                    + (stream ? "streamGenerateContent" : "generateContent"));
            assertThat(mock.records().get(0).header("x-goog-api-key"))
                    .isEqualTo(ProxyUnderTest.keyOf("a"));
        }
    }

    @Test
    void relaysMessagesAsTheyAre() throws Exception {
        String event = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\","
                + "\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\", "
                + "\"new_member\":[1.0]}}\n\n";
        String unknown = "event: new_event\ndata: {\"type\":\"new_event\",\"x\":{}}\n\n";
        String stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "content-type: text/event-stream", "transfer-encoding: chunked")
                            .chunk(unknown + event).chunk(unknown).chunk(stop).lastChunk();
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto()).provider("a", a.url())
                        .type(ProviderTypes.ANTHROPIC).start()) {
            assertThat(stream(ask(proxy, Client.MESSAGES, ",\"stream\":true")))
                    .isEqualTo(unknown + event + unknown + stop);
        }
    }

    @Test
    void translatesALongAnswer() throws Exception {
        String text = "word ".repeat(40_000);
        try (MockServer mock = MockServer.start(MOCK.withName("a").withText(text), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.ANTHROPIC).start()) {
            JsonNode reply = whole(ask(proxy, Client.CHAT, ",\"max_tokens\":64000"));

            assertThat(Client.CHAT.text(reply)).isEqualTo(text);
        }
    }

    /** The event that ends a response repeats all of it. */
    @ParameterizedTest
    @ValueSource(strings = {"openai", "anthropic"})
    void streamsALongResponseToItsEnd(@ConvertWith(TypeByName.class) ProviderType type)
            throws Exception {
        String text = "word ".repeat(40_000).strip();
        try (MockServer mock = MockServer.start(MOCK.withName("a").withText(text), 1);
                ProxyUnderTest proxy = before(mock, type).start()) {
            String stream = stream(ask(proxy, Client.RESPONSES,
                    ",\"stream\":true,\"max_output_tokens\":64000"));

            assertThat(Client.RESPONSES.streamed(events(stream))).isEqualTo(text);
            assertThat(stream).contains("event: response.completed");
            assertThat(onlyLine(proxy)).contains("\"failure\":null")
                    .doesNotContain("estimated\":true");
        }
    }

    @Test
    void translatesALongRequest() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a").withRecords(1), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.ANTHROPIC).start()) {
            String system = "\"" + "Be kind. ".repeat(30_000) + "\"";
            RawClient caller = proxy.connect().post("/v1/chat/completions", "{\"model\":\"" + SMART
                    + "\",\"messages\":[{\"role\":\"system\",\"content\":" + system
                    + "},{\"role\":\"user\",\"content\":\"Hi\"}]}", "x-api-key: " + CALLER_KEY);
            whole(caller);

            assertThat(mock.records().get(0).text()).contains(system);
        }
    }

    @Test
    void endsALengthOfZeroAsAnError() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(400, "content-length: 0");
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto()).provider("a", a.url())
                        .type(ProviderTypes.ANTHROPIC).start()) {
            RawClient caller = ask(proxy, Client.CHAT, "");
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(400);
            assertThat(JSON.readTree(caller.readBody(head)).at("/error/type").asText())
                    .isEqualTo("invalid_request_error");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"type\":\"message\"}", "nonsense", ""})
    void takesNoOtherThingForAnAnswer(String body) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "content-type: application/json", "content-length: "
                            + body.length()).write(body);
                });
                MockServer mock = MockServer.start(MOCK.withName("b"), 1);
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto()).provider("a", a.url())
                        .type(ProviderTypes.ANTHROPIC)
                        .provider("b", "http://127.0.0.1:" + mock.port()).start()) {
            assertThat(Client.CHAT.text(whole(ask(proxy, Client.CHAT, ""))))
                    .isEqualTo("One two three four");
        }
    }

    @Test
    void tellsTheUsageToACallerWhoAsks() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.ANTHROPIC).start()) {
            String asked = stream(ask(proxy, Client.CHAT,
                    ",\"stream\":true,\"stream_options\":{\"include_usage\":true}",
                    "x-mock-usage: prompt=11 completion=4"));
            String unasked = stream(ask(proxy, Client.CHAT, ",\"stream\":true"));

            assertThat(asked).contains("\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":4");
            assertThat(unasked).doesNotContain("prompt_tokens");
        }
    }

    @Test
    void relaysACountOfTokensToWhoeverCounts() throws Exception {
        try (MockServer a = MockServer.start(MOCK.withName("a"), 1);
                MockServer b = MockServer.start(MOCK.withName("b").withRecords(1), 1);
                ProxyUnderTest proxy = before(a, ProviderTypes.OPENAI)
                        .provider("b", "http://127.0.0.1:" + b.port())
                        .type(ProviderTypes.ANTHROPIC).start()) {
            RawClient caller = proxy.connect().post("/v1/messages/count_tokens",
                    "{\"model\":\"" + SMART + "\",\"messages\":[{\"role\":\"user\",\"content\":"
                            + "\"Hi\"}]}", "x-api-key: " + CALLER_KEY);

            assertThat(whole(caller).at("/input_tokens").asInt()).isPositive();
            assertThat(b.records().get(0).path()).isEqualTo("/v1/messages/count_tokens");
            assertThat(onlyLine(proxy)).doesNotContain("prompt_tokens");
        }
    }

    @Test
    void estimatesTokensWhereNobodyCounts() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.OPENAI).start()) {
            RawClient caller = proxy.connect().post("/v1/messages/count_tokens",
                    "{\"model\":\"" + SMART + "\",\"messages\":[{\"role\":\"user\",\"content\":"
                            + "\"Hi\"}]}", "x-api-key: " + CALLER_KEY);
            RawClient.Head head = caller.readHead();

            assertThat(head.header("x-penstock-estimated")).isEqualTo("input_tokens");
            assertThat(JSON.readTree(caller.readBody(head)).at("/input_tokens").asInt())
                    .isPositive();
            assertThat(mock.requests()).isZero();
            assertThat(onlyLine(proxy)).contains("\"status\":200").doesNotContain("prompt_tokens");
        }
    }

    @Test
    void asksAnOlderCompletionAsAChatWhereThereAreOnlyChats() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a").withRecords(1), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.GROQ).start()) {
            RawClient caller = proxy.connect().post("/v1/completions", "{\"model\":\"" + SMART
                    + "\",\"prompt\":\"Hi\",\"max_tokens\":50}", "x-api-key: " + CALLER_KEY);

            assertThat(whole(caller).at("/choices/0/text").asText())
                    .isEqualTo("One two three four");
            assertThat(mock.records().get(0).path()).isEqualTo("/v1/chat/completions");
        }
    }

    @Test
    void goesOnWithABrokenStreamAtAProviderOfAnotherFormat() throws Exception {
        String text = "One two three four five six seven eight nine ten eleven twelve";
        try (MockServer dying = MockServer.start(MOCK.withName("a").withText(text)
                        .withFail(new Fault(Fault.Kind.MIDSTREAM, 0), 1), 1);
                MockServer mock = MockServer.start(MOCK.withName("b").withText(text), 1);
                ProxyUnderTest proxy = before(dying, ProviderTypes.OPENAI)
                        .provider("b", "http://127.0.0.1:" + mock.port())
                        .type(ProviderTypes.ANTHROPIC).continues().start()) {
            String stream = stream(ask(proxy, Client.CHAT, ",\"stream\":true"));

            assertThat(Client.CHAT.streamed(events(stream))).isEqualTo(text);
            assertThat(stream).endsWith("data: [DONE]\n\n");
            assertThat(mock.requests()).isEqualTo(1);
        }
    }

    @Test
    void takesAListOfModelsToAnyFormat() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a").withRecords(1), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.ANTHROPIC).start()) {
            RawClient caller = proxy.connect().post("/v1/chat/fallback_completion",
                    "{\"models\":[\"" + SMART + "\",\"model-a\"],\"messages\":[{\"role\":\"user\","
                            + "\"content\":\"Hi\"}]}", "x-api-key: " + CALLER_KEY);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("x-penstock-dropped")).isNull();
            assertThat(Client.CHAT.text(JSON.readTree(caller.readBody(head))))
                    .isEqualTo("One two three four");
            assertThat(mock.records().get(0).text()).doesNotContain("models");
        }
    }

    @Test
    void asksAzureAtTheModelsOwnPath() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a").withRecords(3), 1);
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                        .provider("a", "http://127.0.0.1:" + mock.port())
                        .type(ProviderTypes.AZURE, "/openai?api-version=2025-01-01-preview")
                        .start()) {
            whole(ask(proxy, Client.CHAT, ""));
            whole(ask(proxy, Client.MESSAGES, ""));
            whole(ask(proxy, Client.RESPONSES, ""));

            assertThat(mock.records()).hasSize(3).allSatisfy(record -> {
                assertThat(record.path()).isEqualTo("/openai/deployments/model-a/chat/completions");
                assertThat(record.query()).contains("api-version=2025-01-01-preview");
                assertThat(record.header("api-key")).isEqualTo(ProxyUnderTest.keyOf("a"));
            });
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/openai", "/openai/v1"})
    void asksAzureForTheDeploymentThatServesTheModel(String path) throws Exception {
        boolean classic = path.equals("/openai");
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary(),
                        ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto()).provider("a", a.url())
                        .type(ProviderTypes.AZURE, path)
                        .options(new Options(Map.of("api_version", "2025-03-01"),
                                Map.of("deployments", Map.of("model-a", "our a")))).start()) {
            whole(ask(proxy, Client.CHAT, ""));
            whole(ask(proxy, Client.MESSAGES, ""));

            assertThat(a.requests()).hasSize(2).allSatisfy(request -> {
                assertThat(request.path()).isEqualTo((classic ? "/openai/deployments/our%20a"
                        : "/openai/v1") + "/chat/completions?api-version=2025-03-01");
                assertThat(request.text()).contains("\"model\":\"our a\"")
                        .doesNotContain("model-a");
            });
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 100_000})
    void readsBedrocksStreamsInAnyPieces(int size) throws Exception {
        byte[] stream = Bytes.fixture("bedrock-converse-stream.bin");
        BlockingQueue<String> asked = new LinkedBlockingQueue<>();
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    asked.add(x.readRequest().path());
                    x.head(200, "content-type: application/vnd.amazon.eventstream",
                            "content-length: " + stream.length);
                    for (int at = 0; at < stream.length; at += size) {
                        x.write(Arrays.copyOfRange(stream, at, Math.min(at + size,
                                stream.length))).flush();
                    }
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto()).provider("a", a.url())
                        .type(ProviderTypes.BEDROCK).accessLog(log()).start()) {
            String chat = stream(ask(proxy, Client.CHAT, ",\"stream\":true"));
            assertThat(chat).endsWith("data: [DONE]\n\n").contains("\"finish_reason\":\"");
            String messages = stream(ask(proxy, Client.MESSAGES, ",\"stream\":true"));
            assertThat(messages).endsWith(Client.MESSAGES.lastWord());
            assertThat(asked).containsOnly("/model/model-a/converse-stream");
        }
    }

    @Test
    void readsBedrocksWholeReplies() throws Exception {
        byte[] reply = Bytes.fixture("bedrock-converse-unary.json");
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "content-type: application/json",
                            "content-length: " + reply.length).write(reply);
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto()).provider("a", a.url())
                        .type(ProviderTypes.BEDROCK).start()) {
            assertThat(whole(ask(proxy, Client.CHAT, "")).at("/object").asText())
                    .isEqualTo("chat.completion");
        }
    }
}

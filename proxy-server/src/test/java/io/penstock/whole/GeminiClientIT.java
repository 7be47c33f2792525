package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.caller.Allowance;
import io.penstock.loop.Transport;
import io.penstock.mock.Fault;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.TypeByName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.converter.ConvertWith;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Callers in Google's way: what is peculiar to them, beside what all formats share. */
class GeminiClientIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final MockSettings MOCK = MockSettings.DEFAULT.withText("One two three four");
    private static final String KEY = "x-goog-api-key: " + CALLER_KEY;
    private static final String ASK =
            "{ \"contents\" : [{\"parts\":[{\"text\":\"Hi\"}]}], \"safety_settings\":[] }";
    private static final String ANSWER = "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":"
            + "\"Hi\",\"new_member\":1.0}],\"role\":\"model\"},\"finishReason\":\"STOP\"}],\r\n"
            + "\"usageMetadata\":{\"promptTokenCount\":11,\"candidatesTokenCount\":4,"
            + "\"toolUsePromptTokenCount\":2,\"totalTokenCount\":20,\"promptTokensDetails\":"
            + "[{\"modality\":\"TEXT\",\"tokenCount\":99}],\"thoughtsTokenCount\":3},"
            + "\"modelVersion\":\"m\"}";
    private static final String PIECE = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":"
            + "\"word \", \"x\":[1.0]}],\"role\":\"model\"}}]}\r\n\r\n";
    private static final String LAST = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":"
            + "\"\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":11,"
            + "\"candidatesTokenCount\":4}}\r\n\r\n";

    private static ProxyUnderTest.Builder before(MockServer mock, ProviderType type) {
        return ProxyUnderTest.on(Transport.auto())
                .provider(mock.settings().name(), "http://127.0.0.1:" + mock.port()).type(type);
    }

    private static ProxyUnderTest.Builder before(ScriptedUpstream google) {
        return ProxyUnderTest.on(Transport.auto()).provider("a", google.url())
                .type(ProviderTypes.GEMINI);
    }

    private static RawClient ask(ProxyUnderTest proxy, String call, String body)
            throws IOException {
        return proxy.connect().post("/v1beta/models/" + SMART + ":" + call, body, KEY);
    }

    private static ScriptedUpstream.Script answers() {
        return answers(ANSWER);
    }

    private static ScriptedUpstream.Script answers(String json) {
        return x -> {
            x.readRequest();
            x.head(200, "content-type: application/json; charset=UTF-8",
                    "content-length: " + json.length()).write(json).flush();
        };
    }

    private static ScriptedUpstream.Script streams(String... events) {
        return x -> {
            x.readRequest();
            x.sseHead();
            for (String event : events) {
                x.chunk(event);
            }
            x.lastChunk();
        };
    }

    // Google's own answers

    @ParameterizedTest
    @ValueSource(strings = {"/v1beta/models/smart", "/v1/models/smart", "/v1beta/models%2Fsmart",
        "/v1beta1/publishers/google/models/smart"})
    void relaysACallByteForByteWithTheProvidersKeyAndModel(String path) throws Exception {
        try (ScriptedUpstream google = ScriptedUpstream.start(answers());
                ProxyUnderTest proxy = before(google).start()) {
            RawClient caller = proxy.connect().post(path + ":generateContent", ASK, KEY,
                    "x-goog-api-client: sdk", "x-goog-user-project: mine");
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(200);
            assertThat(caller.readBody(head)).isEqualTo(ANSWER);
            ScriptedUpstream.Request asked = google.requests().get(0);
            assertThat(asked.path()).isEqualTo("/v1beta/models/model-a:generateContent");
            assertThat(asked.text()).isEqualTo(ASK);
            assertThat(asked.header("x-goog-api-key")).isEqualTo(ProxyUnderTest.keyOf("a"));
            assertThat(asked.header("x-goog-api-client")).isNull();
            assertThat(asked.header("x-goog-user-project")).isNull();
            assertThat(head.header("x-penstock-dropped")).isNull();
        }
    }

    @Test
    void countsWhatAProviderReports(@TempDir Path directory) throws Exception {
        Path log = directory.resolve("access.log");
        try (ScriptedUpstream google = ScriptedUpstream.start(answers(), streams(PIECE, LAST));
                ProxyUnderTest proxy = before(google).accessLog(log).start()) {
            RawClient caller = ask(proxy, "generateContent", ASK);
            caller.readBody(caller.readHead());
            RawClient second = ask(proxy, "streamGenerateContent?alt=sse", ASK);
            second.readHead();
            second.readChunked();
            proxy.awaitQuiet();
            proxy.stop(ProxyUnderTest.PATIENCE);
        }
        assertThat(Files.readAllLines(log)).hasSize(2).satisfiesExactly(
                first -> assertThat(first).contains("\"prompt_tokens\":13,\"completion_tokens\":7")
                        .contains("\"api\":\"gemini\"").doesNotContain("estimated\":true"),
                second -> assertThat(second).contains(
                        "\"prompt_tokens\":11,\"completion_tokens\":4"));
    }

    @Test
    void reservesWhatTheConfigurationAsksFor() throws Exception {
        try (ScriptedUpstream google = ScriptedUpstream.start(answers());
                ProxyUnderTest proxy = before(google).allowance(new Allowance(0,
                        Allowance.MINUTE_NANOS, 100_000, 0, 0, 0)).start()) {
            RawClient.Head head = ask(proxy, "generateContent", "{\"contents\":[{\"parts\":[{"
                    + "\"text\":\"Hi\"}]}],\"generation_config\":{\"maxOutputTokens\":\"50000\","
                    + "\"candidateCount\":3}}").readHead();

            assertThat(head.status()).as("three answers of 50,000 tokens").isEqualTo(429);
            assertThat(google.requests()).isEmpty();
        }
    }

    @Test
    void relaysAStreamByteForByte() throws Exception {
        try (ScriptedUpstream google = ScriptedUpstream.start(streams(PIECE, PIECE, LAST));
                ProxyUnderTest proxy = before(google).start()) {
            RawClient caller = ask(proxy, "streamGenerateContent?alt=sse", ASK);
            assertThat(caller.readHead().header("content-type")).startsWith("text/event-stream");

            assertThat(caller.readChunked()).isEqualTo(PIECE + PIECE + LAST);
            assertThat(google.requests().get(0).path())
                    .isEqualTo("/v1beta/models/model-a:streamGenerateContent?alt=sse");
        }
    }

    @Test
    void endsARelayedStreamThatBreaksInAnErrorOfGoogles() throws Exception {
        try (ScriptedUpstream google = ScriptedUpstream.start(streams(PIECE, PIECE));
                ProxyUnderTest proxy = before(google).start()) {
            RawClient caller = ask(proxy, "streamGenerateContent?alt=sse", ASK);
            caller.readHead();

            assertThat(caller.readUntilClose()).contains("data: {\"error\":{\"code\":502,")
                    .contains("\"status\":\"UNAVAILABLE\"");
        }
    }

    /** Of the time when another provider served the conversation: Google takes its own only. */
    @Test
    void givesGoogleNoSignatureThatWasMadeHere() throws Exception {
        String before = "{\"contents\":[{\"role\":\"model\",\"parts\":[{\"text\":\"\",\"thought\":"
                + "true,\"thoughtSignature\" : \"";
        String behind = "\"}]},{\"parts\":[{\"text\":\"cGVuc3RvY2s6\"}]}]}";
        try (ScriptedUpstream google = ScriptedUpstream.start(answers());
                ProxyUnderTest proxy = before(google).start()) {
            RawClient caller = ask(proxy, "generateContent",
                    before + "cGVuc3RvY2s6c2lnbmF0dXJlOmE=" + behind);
            RawClient.Head head = caller.readHead();

            assertThat(caller.readBody(head)).isEqualTo(ANSWER);
            assertThat(google.requests().get(0).text())
                    .isEqualTo(before + "skip_thought_signature_validator" + behind);
        }
    }

    /** As the base URL is by default, for callers of OpenAI's format. */
    @Test
    void relaysACallBesideTheImitationOfOpenAi() throws Exception {
        String count = "{\"totalTokens\":3}";
        try (ScriptedUpstream google = ScriptedUpstream.start(answers(), answers(count),
                        ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                        .provider("a", google.url())
                        .type(ProviderTypes.GEMINI, "/v1beta/openai").start()) {
            for (String call : List.of("generateContent", "countTokens")) {
                RawClient caller = ask(proxy, call, ASK);
                assertThat(caller.readBody(caller.readHead()))
                        .isEqualTo(call.equals("countTokens") ? count : ANSWER);
            }
            RawClient chat = proxy.ask(SMART, false);
            chat.readBody(chat.readHead());

            String key = ProxyUnderTest.keyOf("a");
            assertThat(google.requests()).extracting(ScriptedUpstream.Request::path)
                    .containsExactly("/v1beta/models/model-a:generateContent",
                            "/v1beta/models/model-a:countTokens",
                            "/v1beta/openai/chat/completions");
            assertThat(google.requests()).extracting(asked -> asked.header("x-goog-api-key"))
                    .containsExactly(key, key, null);
            assertThat(google.requests()).extracting(asked -> asked.header("authorization"))
                    .containsExactly(null, null, "Bearer " + key);
        }
    }

    // Streams as arrays

    @ParameterizedTest
    @ValueSource(strings = {"gemini", "openai", "anthropic"})
    void streamsAnArrayToWhoAsksForNoEvents(@ConvertWith(TypeByName.class) ProviderType type)
            throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a").withRecords(1), 1);
                ProxyUnderTest proxy = before(mock, type).start()) {
            RawClient caller = ask(proxy, "streamGenerateContent", ASK);
            assertThat(caller.readHead().header("content-type")).startsWith("application/json");

            StringBuilder text = new StringBuilder();
            JsonNode array = JSON.readTree(caller.readChunked());
            array.forEach(chunk -> text.append(
                    chunk.at("/candidates/0/content/parts/0/text").asText()));
            assertThat(array.isArray()).isTrue();
            assertThat(text).hasToString("One two three four");
            assertThat(array.get(array.size() - 1).at("/candidates/0/finishReason").asText())
                    .isEqualTo("STOP");
            if (type == ProviderTypes.GEMINI) {
                assertThat(mock.records().get(0).query()).contains("alt=sse");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gemini", "anthropic"})
    void closesAnArrayThatBreaksBehindAnError(@ConvertWith(TypeByName.class) ProviderType type)
            throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a").withText(null).withEvents(40)
                        .withFail(new Fault(Fault.Kind.MIDSTREAM, 0), 1), 1);
                ProxyUnderTest proxy = before(mock, type).start()) {
            RawClient caller = ask(proxy, "streamGenerateContent", ASK);
            caller.readHead();
            String rest = caller.readUntilClose();

            assertThat(rest.replaceAll("\r\n[0-9a-f]+\r\n|^[0-9a-f]+\r\n|\r\n$", ""))
                    .startsWith("[{\"candidates\"").contains("\n\n,{\"error\":{\"code\":502,")
                    .endsWith("}}\n\n]\n\n");
        }
    }

    // Failing over

    @ParameterizedTest
    @CsvSource({"gemini, openai", "openai, gemini", "gemini, anthropic", "gemini, gemini"})
    void goesToTheNextProvider(@ConvertWith(TypeByName.class) ProviderType first,
            @ConvertWith(TypeByName.class) ProviderType second) throws Exception {
        for (String call : List.of("generateContent", "streamGenerateContent?alt=sse",
                "streamGenerateContent")) {
            try (MockServer dying = MockServer.start(MOCK.withName("a")
                            .withFail(new Fault(Fault.Kind.STATUS, 503), 1), 1);
                    MockServer mock = MockServer.start(MOCK.withName("b"), 1);
                    ProxyUnderTest proxy = before(dying, first)
                            .provider("b", "http://127.0.0.1:" + mock.port()).type(second)
                            .start()) {
                RawClient caller = ask(proxy, call, ASK);
                RawClient.Head head = caller.readHead();
                String body = call.equals("generateContent") ? caller.readBody(head)
                        : caller.readChunked();

                assertThat(head.status()).isEqualTo(200);
                assertThat(head.header("x-penstock-attempts"))
                        .isEqualTo("a/model-a=503, b/model-b=200");
                assertThat(body).contains("One").contains("\"finishReason\":\"STOP\"");
            }
        }
    }

    @Test
    void passesOverAProviderThatCannotSearchForOneThatCan() throws Exception {
        String search = "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}],"
                + "\"tools\":[{\"googleSearch\":{}}]}";
        try (MockServer openAi = MockServer.start(MOCK.withName("a"), 1);
                ScriptedUpstream google = ScriptedUpstream.start(answers());
                ProxyUnderTest proxy = before(openAi, ProviderTypes.OPENAI)
                        .provider("b", google.url()).type(ProviderTypes.GEMINI).start()) {
            RawClient caller = ask(proxy, "generateContent", search);
            RawClient.Head head = caller.readHead();

            assertThat(caller.readBody(head)).isEqualTo(ANSWER);
            assertThat(google.requests().get(0).text()).isEqualTo(search);
        }
        try (MockServer openAi = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(openAi, ProviderTypes.OPENAI).start()) {
            RawClient caller = ask(proxy, "generateContent", search);
            RawClient.Head head = caller.readHead();
            JsonNode error = JSON.readTree(caller.readBody(head)).get("error");

            assertThat(head.status()).isEqualTo(400);
            assertThat(error.get("status").asText()).isEqualTo("INVALID_ARGUMENT");
            assertThat(error.at("/details/0/reason").asText()).isEqualTo("UNSUPPORTED_PARAMETER");
            assertThat(error.at("/details/1/fieldViolations/0/field").asText())
                    .isEqualTo("tools[0].googleSearch");
        }
    }

    // Counting

    @Test
    void relaysACountOfTokensToWhoeverCounts() throws Exception {
        try (MockServer a = MockServer.start(MOCK.withName("a"), 1);
                MockServer b = MockServer.start(MOCK.withName("b").withRecords(1), 1);
                ProxyUnderTest proxy = before(a, ProviderTypes.OPENAI)
                        .provider("b", "http://127.0.0.1:" + b.port())
                        .type(ProviderTypes.GEMINI).start()) {
            RawClient caller = ask(proxy, "countTokens", ASK);
            RawClient.Head head = caller.readHead();

            assertThat(JSON.readTree(caller.readBody(head)).get("totalTokens").asInt())
                    .isPositive();
            assertThat(head.header("x-penstock-estimated")).isNull();
            assertThat(b.records().get(0).path()).isEqualTo("/v1beta/models/model-b:countTokens");
        }
    }

    @Test
    void estimatesTokensWhereNobodyCounts() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.ANTHROPIC).start()) {
            RawClient caller = ask(proxy, "countTokens", ASK);
            RawClient.Head head = caller.readHead();

            assertThat(head.header("x-penstock-estimated")).isEqualTo("totalTokens");
            assertThat(JSON.readTree(caller.readBody(head)).get("totalTokens").asInt())
                    .isPositive();
            assertThat(mock.requests()).isZero();
        }
    }

    // Thoughts

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void tellsThoughtsToWhoAsksForThem(boolean asks) throws Exception {
        String config = ",\"generationConfig\":{\"thinkingConfig\":{\"includeThoughts\":" + asks
                + ",\"thinkingBudget\":2000}}}";
        for (String call : List.of("generateContent", "streamGenerateContent?alt=sse")) {
            try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                    ProxyUnderTest proxy = before(mock, ProviderTypes.ANTHROPIC)
                            .models("claude-sonnet-4-6").start()) {
                RawClient caller = proxy.connect().post("/v1beta/models/claude-sonnet-4-6:" + call,
                        ASK.substring(0, ASK.length() - 2) + config, KEY,
                        "x-mock-reasoning: Hm hm");
                RawClient.Head head = caller.readHead();
                String body = call.equals("generateContent") ? caller.readBody(head)
                        : caller.readChunked();

                assertThat(body.contains("\"thought\":true")).as(body).isEqualTo(asks);
                assertThat(body.contains("thoughtSignature\":\"cGVuc3RvY2s6")).isEqualTo(asks);
                assertThat(body).contains("\"text\":\"One");
            }
        }
    }

    // Refusals

    @Test
    void refusesInGooglesDress() throws Exception {
        List<JsonNode> errors = new ArrayList<>();
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.OPENAI).start()) {
            String path = "/v1beta/models/" + SMART;
            for (RawClient caller : List.of(proxy.connect().get(path + ":generateContent", KEY),
                    proxy.connect().post(path + ":embedContent", ASK, KEY),
                    proxy.connect().post(path + ":generateContent?key=" + CALLER_KEY, ASK),
                    ask(proxy, "generateContent", "{"),
                    ask(proxy, "generateContent", "{\"contents\":[]}"),
                    proxy.connect().post("/v1beta/models/" + "m".repeat(600)
                            + ":generateContent", ASK, KEY))) {
                RawClient.Head head = caller.readHead();
                JsonNode error = JSON.readTree(caller.readBody(head)).get("error");
                assertThat(error.get("code").asInt()).isEqualTo(head.status());
                errors.add(error);
            }
        }
        assertThat(errors).extracting(error -> error.get("code").asInt())
                .containsExactly(405, 404, 401, 400, 400, 404);
        assertThat(errors.get(2).get("status").asText()).isEqualTo("UNAUTHENTICATED");
        assertThat(errors.get(2).get("message").asText()).contains("x-goog-api-key");
    }

    @Test
    void tellsALimitInGooglesDress() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock, ProviderTypes.OPENAI).allowance(
                        new Allowance(1, Allowance.MINUTE_NANOS, 0, 0, 0, 0)).start()) {
            RawClient first = ask(proxy, "generateContent", ASK);
            assertThat(first.readHead().status()).isEqualTo(200);
            RawClient second = ask(proxy, "generateContent", ASK);
            RawClient.Head head = second.readHead();

            assertThat(head.status()).isEqualTo(429);
            assertThat(JSON.readTree(second.readBody(head)).at("/error/status").asText())
                    .isEqualTo("RESOURCE_EXHAUSTED");
        }
    }
}

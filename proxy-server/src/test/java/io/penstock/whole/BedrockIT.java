package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.limit.LimitSettings;
import io.penstock.loop.Transport;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.mock.RequestRecord;
import io.penstock.mock.SigningKey;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.whole.SdkCaller.Kind;
import io.penstock.whole.SdkCaller.Question;
import io.penstock.whole.SdkCaller.Said;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bedrock is shown signatures that it believes, and what it refuses goes to the next target. */
class BedrockIT {
    private static final String TEXT = "One two three four";
    private static final Map<String, String> OPTIONS = Map.of("region", "eu-west-1",
            "access_key_id", "AKIDTEST", "secret_access_key", "se/cret+", "session_token",
            "to+ken==");
    private static final MockSettings MOCK = MockSettings.DEFAULT.withName("a").withText(TEXT)
            .withRecords(4)
            .withSigningKey(new SigningKey("AKIDTEST", "se/cret+", "to+ken==", "eu-west-1"));

    private static ProxyUnderTest.Builder before(int port) {
        return ProxyUnderTest.on(Transport.auto()).provider("a", "http://127.0.0.1:" + port)
                .signed("/", OPTIONS);
    }

    private static Map<String, String> options(String name, String value) {
        Map<String, String> changed = new HashMap<>(OPTIONS);
        changed.put(name, value);
        return changed;
    }

    private static ProxyUnderTest.Builder withNext(ProxyUnderTest.Builder proxy,
            MockServer next) {
        return proxy.provider("b", "http://127.0.0.1:" + next.port());
    }

    private static RawClient post(ProxyUnderTest proxy, String path, String body,
            String... fields) throws IOException {
        List<String> all = new ArrayList<>(List.of(fields));
        all.add("authorization: Bearer " + CALLER_KEY);
        return proxy.connect().post(path, body, all.toArray(String[]::new));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void answersWhatIsSignedWholeAndStreamed(Kind kind) throws Exception {
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = before(mock.port()).start();
                SdkCaller sdk = kind.before(proxy, CALLER_KEY)) {
            Question question = Question.of(SMART, false, Map.of());
            for (Said said : List.of(sdk.whole(question), sdk.streamed(question))) {
                assertThat(said.text()).isEqualTo(TEXT);
                assertThat(said.finish()).isEqualTo(kind.finish);
            }
            assertThat(mock.records()).extracting(RequestRecord::path).containsExactly(
                    "/model/model-a/converse", "/model/model-a/converse-stream");
            assertThat(mock.records()).allSatisfy(record -> {
                assertThat(record.header("authorization"))
                        .startsWith("AWS4-HMAC-SHA256 Credential=AKIDTEST/");
                assertThat(record.header("x-api-key")).isNull();
            });
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void callsToolsInTwoTurns(Kind kind) throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withText(null), 1);
                ProxyUnderTest proxy = before(mock.port()).start();
                SdkCaller sdk = kind.before(proxy, CALLER_KEY)) {
            Question question = Question.of(SMART, true, Map.of("x-mock-tools", "2"));
            Said calls = sdk.streamed(question);
            assertThat(calls.calls()).hasSize(2);
            Said said = sdk.whole(question.after(calls, Map.of("get_weather", "sunny",
                    "get_time", "noon"), Map.of("x-mock-text", TEXT)));
            assertThat(said.text()).isEqualTo(TEXT);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"us.anthropic.claude-sonnet-4-6-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.example-v1:0"})
    void signsThePathAsItIsSent(String model) throws Exception {
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = before(mock.port()).models("model-a", model).start();
                SdkCaller sdk = Kind.OPENAI_CHAT.before(proxy, CALLER_KEY)) {
            assertThat(sdk.whole(Question.of(model, false, Map.of())).text()).isEqualTo(TEXT);
            assertThat(mock.records().get(0).path()).isEqualTo("/model/"
                    + model.replace(":", "%3A").replace("/", "%2F") + "/converse");
        }
    }

    @ParameterizedTest
    @CsvSource({"/, /v1/chat/completions", "/openai/v1, /v1/chat/completions"})
    void signsALargeBodyThatIsRewritten(String base, String path) throws Exception {
        String prompt = "Grüße ".repeat(200_000);
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                        .provider("a", "http://127.0.0.1:" + mock.port()).signed(base, OPTIONS)
                        .start()) {
            for (boolean stream : new boolean[] {false, true}) {
                RawClient caller = post(proxy, path, ProxyUnderTest.chat(SMART, stream)
                        .replace("Hi", prompt));
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(200);
                caller.readBody(head);
            }
            assertThat(mock.records()).hasSize(2).allSatisfy(record ->
                    assertThat(record.text()).contains(prompt));
        }
    }

    @ParameterizedTest
    @CsvSource({"secret_access_key, wrong", "session_token, old", "region, us-east-1",
        "access_key_id, AKIDOTHER"})
    void goesToTheNextTargetWhereItIsNotBelieved(String option, String value) throws Exception {
        try (MockServer mock = MockServer.start(MOCK, 1);
                MockServer next = MockServer.start(
                        MockSettings.DEFAULT.withName("b").withText("next"), 1);
                ProxyUnderTest proxy = withNext(ProxyUnderTest.on(Transport.auto())
                        .provider("a", "http://127.0.0.1:" + mock.port())
                        .signed("/", options(option, value)), next).start()) {
            for (boolean stream : new boolean[] {false, true}) {
                RawClient caller = ProxyUnderTest.ask(proxy.connect(), SMART, stream);
                RawClient.Head head = caller.readHead();
                assertThat(caller.readBody(head)).contains("next");
                assertThat(head.header("x-penstock-attempts"))
                        .isEqualTo("a/model-a=403, b/model-b=200");
            }
        }
    }

    @Test
    void goesToTheNextTargetAtOnceWhereThereIsNothingToSignWith() throws Exception {
        String before = System.setProperty("aws.disableEc2Metadata", "true");
        try (MockServer mock = MockServer.start(MOCK, 1);
                MockServer next = MockServer.start(
                        MockSettings.DEFAULT.withName("b").withText("next"), 1);
                ProxyUnderTest proxy = withNext(ProxyUnderTest.on(Transport.auto())
                        .provider("a", "http://127.0.0.1:" + mock.port()).signed("/", Map.of(
                                "region", "eu-west-1", "profile", "no-such-profile")), next)
                        .start()) {
            RawClient caller = proxy.connect();
            RawClient.Head head = ProxyUnderTest.ask(caller, SMART, false).readHead();
            assertThat(caller.readBody(head)).contains("next");
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=no_credentials, b/model-b=200");
            RawClient.Head alone = ProxyUnderTest.ask(caller, "model-a", true).readHead();
            assertThat(alone.status()).isEqualTo(503);
            assertThat(caller.readBody(alone)).contains("a/model-a=no_credentials");
            assertThat(mock.connections()).isZero();
        } finally {
            if (before == null) {
                System.clearProperty("aws.disableEc2Metadata");
            } else {
                System.setProperty("aws.disableEc2Metadata", before);
            }
        }
    }

    @Test
    void signsWhatIsPassedThrough() throws Exception {
        String converse = "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\""
                + "x".repeat(400_000) + "\"}]}]}"; // more than is held of other uploads
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = before(mock.port()).start()) {
            RawClient caller = post(proxy, "/passthrough/a/model/m%3A0/converse", converse);
            RawClient.Head head = caller.readHead();
            String body = caller.readBody(head);

            assertThat(head.status()).as(body).isEqualTo(200);
            assertThat(body).contains(TEXT).contains("\"stopReason\"");
            assertThat(mock.records().get(0).text()).isEqualTo(converse);
        }
    }

    @Test
    void refusesAnUploadThatItCannotSign() throws Exception {
        LimitSettings usual = LimitSettings.DEFAULT;
        int most = 512 * 1024;
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = before(mock.port()).limits(new LimitSettings(
                        null, usual.concurrent(), most, usual.headerBytes(),
                        usual.connections(), null)).start()) {
            RawClient caller = proxy.connect();
            caller.send("POST /passthrough/a/model/m/converse HTTP/1.1\r\nhost: x\r\n"
                    + "content-type: application/json\r\nauthorization: Bearer " + CALLER_KEY
                    + "\r\ncontent-length: " + 2 * most + "\r\n\r\n");
            caller.send("{\"a\":\"" + "x".repeat(most));
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(502);
            assertThat(caller.readBody(head)).contains("unsignable");
            assertThat(mock.requests()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"400, ServiceQuotaExceededException, 200", "424, ModelErrorException, 200",
        "408, ModelTimeoutException, 200", "403, AccessDeniedException, 200",
        "400, ValidationException, 400"})
    void goesByWhatTheHeadSaysOfAnError(int status, String type, int seen) throws Exception {
        String error = "{\"message\":\"No more of that.\"}";
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(status, "content-type: application/json",
                            "x-amzn-errortype: " + type + ":http://internal.amazon.com/",
                            "content-length: " + error.length()).write(error).flush();
                });
                MockServer next = MockServer.start(MockSettings.DEFAULT.withName("b"), 1);
                ProxyUnderTest proxy = withNext(ProxyUnderTest.on(Transport.auto())
                        .provider("a", a.url()).type(ProviderTypes.BEDROCK), next).start()) {
            RawClient caller = ProxyUnderTest.ask(proxy.connect(), SMART, false);
            RawClient.Head head = caller.readHead();
            caller.readBody(head);

            assertThat(head.status()).isEqualTo(seen);
        }
    }
}

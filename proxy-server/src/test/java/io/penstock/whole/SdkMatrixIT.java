package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.penstock.exchange.call.RetrySettings;
import io.penstock.loop.Transport;
import io.penstock.mock.Fault;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.mock.Prefill;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.route.HoldSettings;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.whole.SdkCaller.Kind;
import io.penstock.whole.SdkCaller.Question;
import io.penstock.whole.SdkCaller.Refused;
import io.penstock.whole.SdkCaller.Said;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every official client gets the whole of an answer from every kind of provider. */
class SdkMatrixIT {
    private static final MockSettings MOCK = MockSettings.DEFAULT.withName("a");
    private static final String TEXT = "Grüße, \"Zürich\"! One two three four five six";
    private static final String USAGE = "prompt=100 cached=64 completion=9";
    private static final String ARGUMENTS = "{\"city\":\"Zürich \\\"Nord\\\"\",\"days\":[1,2.5]}";
    private static final Map<String, String> RESULTS =
            Map.of("get_weather", "sunny and dry", "get_time", "noon, or so");

    /** A provider as the mock can be one. */
    enum Upstream {
        CHAT(ProviderTypes.OPENAI_COMPATIBLE, "/v1"),
        OPENAI(ProviderTypes.OPENAI, "/v1"),
        ANTHROPIC(ProviderTypes.ANTHROPIC, "/v1"),
        GEMINI(ProviderTypes.GEMINI, "/v1beta"),
        GEMINI_LIKE_OPENAI(ProviderTypes.GEMINI, "/v1beta/openai"),
        BEDROCK(ProviderTypes.BEDROCK, "/"),
        BEDROCK_LIKE_OPENAI(ProviderTypes.BEDROCK, "/openai/v1"),
        AZURE(ProviderTypes.AZURE, "/openai/v1"),
        AZURE_DEPLOYMENTS(ProviderTypes.AZURE, "/openai");

        private final ProviderType type;
        private final String path;

        Upstream(ProviderType type, String path) {
            this.type = type;
            this.path = path;
        }

        ProxyUnderTest.Builder addTo(ProxyUnderTest.Builder proxy, MockServer mock) {
            return proxy.provider(mock.settings().name(), "http://127.0.0.1:" + mock.port())
                    .type(type, path);
        }
    }

    static Stream<Arguments> pairs() {
        return Stream.of(Kind.values()).flatMap(kind -> Stream.of(Upstream.values())
                .map(upstream -> Arguments.of(kind, upstream)));
    }

    private static ProxyUnderTest before(Upstream upstream, MockServer mock) throws Exception {
        return upstream.addTo(ProxyUnderTest.on(Transport.auto()), mock).start();
    }

    /** What the mock is to do, by its fields. */
    private static Map<String, String> mock(String... namesAndValues) {
        Map<String, String> fields = new HashMap<>(Map.of("x-mock-usage", USAGE));
        for (int i = 0; i < namesAndValues.length; i += 2) {
            fields.put("x-mock-" + namesAndValues[i], encoded(namesAndValues[i + 1]));
        }
        return fields;
    }

    private static String encoded(String text) {
        return text.replace("ü", "%C3%BC").replace("ß", "%C3%9F");
    }

    private static Question ask(String... namesAndValues) {
        return Question.of(SMART, false, mock(namesAndValues));
    }

    private static Question askForCalls() {
        return Question.of(SMART, true, mock("reasoning", "Two calls, then.", "text",
                "I'll look.", "tools", "2", "arguments", ARGUMENTS));
    }

    private static void assertMetered(Said said) {
        assertThat(said.promptTokens()).isEqualTo(100);
        assertThat(said.cachedTokens()).isEqualTo(64);
        assertThat(said.completionTokens()).isEqualTo(9);
    }

    private static void assertCalls(Said said, Kind kind) {
        assertThat(said.text()).isEqualTo("I'll look.");
        assertThat(said.calls()).containsExactly("get_weather" + ARGUMENTS,
                "get_time" + ARGUMENTS);
        assertThat(said.finish()).isEqualTo(kind.finishInCalls);
        assertMetered(said);
    }

    private static Refused refused(SdkCaller sdk, Question question, boolean stream) {
        Throwable thrown = catchThrowable(() -> {
            if (stream) {
                sdk.streamed(question);
            } else {
                sdk.whole(question);
            }
        });
        Refused refused = sdk.refused(thrown);
        assertThat(refused).as("%s", thrown).isNotNull();
        return refused;
    }

    @ParameterizedTest(name = "{0} from {1}")
    @MethodSource("pairs")
    void getsTheSameWholeAndStreamed(Kind kind, Upstream upstream) throws Exception {
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = before(upstream, mock);
                SdkCaller sdk = kind.before(proxy, CALLER_KEY)) {
            for (Said said : List.of(sdk.whole(ask("text", TEXT)),
                    sdk.streamed(ask("text", TEXT)))) {
                assertThat(said.model()).isEqualTo("model-a");
                assertThat(said.text()).isEqualTo(TEXT);
                assertThat(said.calls()).isEmpty();
                assertThat(said.finish()).isEqualTo(kind.finish);
                assertMetered(said);
            }
        }
    }

    @ParameterizedTest(name = "{0} from {1}")
    @MethodSource("pairs")
    void isToldThatTheAnswerWasCutShort(Kind kind, Upstream upstream) throws Exception {
        Question question = ask("events", "" + (SdkCaller.MAX_TOKENS + 1));
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = before(upstream, mock);
                SdkCaller sdk = kind.before(proxy, CALLER_KEY)) {
            Said whole = sdk.whole(question);
            assertThat(whole.text()).isNotBlank().isEqualTo(sdk.streamed(question).text());
            assertThat(whole.finish()).isEqualTo(kind.finishCutShort)
                    .isEqualTo(sdk.streamed(question).finish());
        }
    }

    @ParameterizedTest(name = "{0} from {1}")
    @MethodSource("pairs")
    void callsToolsAtOnceAndSendsTheirResults(Kind kind, Upstream upstream) throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withRecords(1), 1);
                ProxyUnderTest proxy = before(upstream, mock);
                SdkCaller sdk = kind.before(proxy, CALLER_KEY)) {
            Question question = askForCalls();
            Said whole = sdk.whole(question);
            Said streamed = sdk.streamed(question);
            assertCalls(whole, kind);
            assertCalls(streamed, kind);

            Said next = sdk.whole(question.after(whole, RESULTS, mock("text", TEXT)));
            assertThat(mock.records().get(0).text()).contains(RESULTS.values());
            Said nextStreamed = sdk.streamed(
                    question.after(streamed, RESULTS, mock("text", TEXT)));
            assertThat(mock.records().get(0).text()).contains(RESULTS.values());
            for (Said said : List.of(next, nextStreamed)) {
                assertThat(said.text()).isEqualTo(TEXT);
                assertThat(said.finish()).isEqualTo(kind.finish);
            }
        }
    }

    @ParameterizedTest(name = "{0} from {1}")
    @MethodSource("pairs")
    void isToldOfItsMistakesAndOfABusyProvider(Kind kind, Upstream upstream) throws Exception {
        RetrySettings once = new RetrySettings(1, 0, Duration.ZERO, 0);
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = upstream.addTo(
                        ProxyUnderTest.on(Transport.auto()).retry(once), mock).start();
                SdkCaller sdk = kind.before(proxy, CALLER_KEY);
                SdkCaller unknown = kind.before(proxy, "pk-wrong")) {
            for (boolean stream : new boolean[] {false, true}) {
                Refused mistake = refused(sdk, ask("fail", "400"), stream);
                assertThat(mistake.status()).isEqualTo(400);
                assertThat(mistake.type()).isEqualTo("invalid_request_error");
                assertThat(mistake.message()).contains("bad request");
                Refused key = refused(unknown, ask(), stream);
                assertThat(key.status()).isEqualTo(401);
                assertThat(key.type()).isEqualTo(kind == Kind.ANTHROPIC_MESSAGES
                        ? "authentication_error" : "invalid_request_error");
            }
            Refused busy = refused(sdk, ask("fail", "429"), false);
            assertThat(busy.status()).isEqualTo(429);
            assertThat(busy.message()).containsIgnoringCase("rate limit");
        }
    }

    @ParameterizedTest(name = "{0} from {1}")
    @MethodSource("pairs")
    void raisesWhenAStreamBreaksOff(Kind kind, Upstream upstream) throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withEvents(40), 1);
                ProxyUnderTest proxy = before(upstream, mock);
                SdkCaller sdk = kind.before(proxy, CALLER_KEY)) {
            assertThat(refused(sdk, ask("fail", "midstream"), true).message())
                    .contains("broke off");
            assertThat(refused(sdk, ask("fail", "error-event"), true).message())
                    .isNotBlank();
        }
    }

    // Failover across formats

    private static ProxyUnderTest before(Upstream first, MockServer dying, Upstream second,
            MockServer mock, HoldSettings hold) throws Exception {
        return second.addTo(first.addTo(ProxyUnderTest.on(Transport.auto()).hold(hold), dying),
                mock).start();
    }

    @ParameterizedTest(name = "{0} from a dying {1} and then {2}: {3}")
    @CsvSource({"OPENAI_CHAT, OPENAI, ANTHROPIC, MIDSTREAM",
        "OPENAI_CHAT, OPENAI, GEMINI, MIDSTREAM", "OPENAI_CHAT, OPENAI, BEDROCK, MIDSTREAM",
        "OPENAI_CHAT, OPENAI, ANTHROPIC, ERROR_EVENT", "OPENAI_CHAT, OPENAI, GEMINI, ERROR_EVENT",
        "OPENAI_CHAT, OPENAI, BEDROCK, ERROR_EVENT", "OPENAI_CHAT, BEDROCK, OPENAI, MIDSTREAM",
        "OPENAI_CHAT, BEDROCK, ANTHROPIC, ERROR_EVENT",
        "OPENAI_RESPONSES, OPENAI, BEDROCK, MIDSTREAM",
        "OPENAI_RESPONSES, OPENAI, ANTHROPIC, ERROR_EVENT",
        "ANTHROPIC_MESSAGES, ANTHROPIC, OPENAI, MIDSTREAM",
        "ANTHROPIC_MESSAGES, ANTHROPIC, OPENAI, ERROR_EVENT",
        "ANTHROPIC_MESSAGES, ANTHROPIC, BEDROCK, MIDSTREAM",
        "ANTHROPIC_MESSAGES, BEDROCK, ANTHROPIC, RESET"})
    void getsParallelCallsFromTheNextProvider(Kind kind, Upstream first, Upstream second,
            Fault.Kind fault) throws Exception {
        try (MockServer dying = MockServer.start(MOCK.withFail(new Fault(fault, 0), 1), 1);
                MockServer mock = MockServer.start(MOCK.withName("b"), 1);
                ProxyUnderTest proxy = before(first, dying, second, mock,
                        new HoldSettings(100, 64 * 1024, null));
                SdkCaller sdk = kind.before(proxy, CALLER_KEY)) {
            assertCalls(sdk.streamed(askForCalls()), kind);
            assertThat(dying.requests()).isPositive();
            assertThat(mock.requests()).isEqualTo(1);
        }
    }

    @ParameterizedTest(name = "a broken {0} gone on with by {1}, which answers {2}")
    @CsvSource({"OPENAI, ANTHROPIC, CONTINUE", "OPENAI, ANTHROPIC, ANEW",
        "OPENAI, ANTHROPIC, REJECT", "OPENAI, BEDROCK, CONTINUE", "OPENAI, GEMINI, ANEW",
        "ANTHROPIC, OPENAI, ANEW", "ANTHROPIC, CHAT, CONTINUE", "BEDROCK, ANTHROPIC, CONTINUE",
        "ANTHROPIC, BEDROCK, REJECT"})
    void getsTheWholeOfAStreamThatBroke(Upstream first, Upstream second, Prefill prefill)
            throws Exception {
        String text = "One two three four five six seven eight nine ten eleven twelve thirteen";
        try (MockServer dying = MockServer.start(MOCK.withText(text)
                        .withFail(new Fault(Fault.Kind.MIDSTREAM, 0), 1), 1);
                MockServer mock = MockServer.start(MOCK.withName("b").withText(text)
                        .withPrefill(prefill), 1);
                ProxyUnderTest proxy = second.addTo(first.addTo(
                        ProxyUnderTest.on(Transport.auto()).continues(), dying), mock).start();
                SdkCaller sdk = Kind.OPENAI_CHAT.before(proxy, CALLER_KEY)) {
            Said said = sdk.streamed(Question.of(SMART, false, Map.of()));

            assertThat(said.text()).isEqualTo(text);
            assertThat(said.finish()).isEqualTo("stop");
            assertThat(said.completionTokens()).isPositive();
            assertThat(mock.requests()).isEqualTo(prefill == Prefill.REJECT ? 2 : 1);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void getsTheNextAnswerWhereTheFirstProviderIsBusy(Kind kind) throws Exception {
        for (Upstream first : List.of(Upstream.OPENAI, Upstream.ANTHROPIC, Upstream.BEDROCK)) {
            try (MockServer busy = MockServer.start(MOCK.withFail(
                            new Fault(Fault.Kind.STATUS, 429), 1), 1);
                    MockServer mock = MockServer.start(MOCK.withName("b").withText(TEXT), 1);
                    ProxyUnderTest proxy = before(first, busy, Upstream.GEMINI, mock,
                            HoldSettings.DEFAULT);
                    SdkCaller sdk = kind.before(proxy, CALLER_KEY)) {
                assertThat(sdk.whole(ask()).text()).isEqualTo(TEXT);
                assertThat(busy.requests()).isPositive();
            }
        }
    }
}

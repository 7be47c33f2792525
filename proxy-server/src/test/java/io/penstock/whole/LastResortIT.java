package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SHORT;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.exchange.call.RetrySettings;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a caller is told when no provider can help, and how far the proxy goes before that. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class LastResortIT {
    @Parameter
    Transport transport;

    private static Script status(int status, String body, String... fields) {
        return x -> {
            x.readRequest();
            List<String> all = new ArrayList<>(List.of(fields));
            all.add("content-type: application/json");
            all.add("content-length: " + body.getBytes(StandardCharsets.UTF_8).length);
            x.head(status, all.toArray(String[]::new)).write(body).flush();
        };
    }

    private static Script reset() {
        return x -> {
            x.readRequest();
            x.reset();
        };
    }

    private static final String REFUSAL =
            "{\"error\":{\"message\":\"a word of the provider's\",\"type\":\"t\",\"code\":null}}";

    // The caller's own faults

    @ParameterizedTest
    @CsvSource({"400,false", "400,true", "405,false", "413,false", "415,true", "422,false"})
    void passesOnTheCallersOwnFaultAtOnce(int status, boolean stream) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(status, REFUSAL));
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, stream);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(status);
            assertThat(caller.readBody(head)).isEqualTo(REFUSAL);
            assertThat(head.header("x-penstock-attempts")).isEqualTo("a/model-a=" + status);
            assertThat(a.requests()).hasSize(1);
            assertThat(b.requests()).isEmpty();
        }
    }

    @Test
    void passesOnAContentFiltersRefusal() throws Exception {
        String refusal = Wire.fixture("azure-error-400-content-filter.json");
        try (ScriptedUpstream a = ScriptedUpstream.start(status(400, refusal));
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(400);
            assertThat(caller.readBody(head)).isEqualTo(refusal);
            assertThat(b.requests()).isEmpty();
        }
    }

    // All failed

    @ParameterizedTest
    @CsvSource({"429,1", "500,2", "502,2", "503,1", "529,1"})
    void passesOnTheLastProvidersOwnWord(int status, int asks) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(reset());
                ScriptedUpstream b = ScriptedUpstream.start(status(status, REFUSAL));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(status);
            assertThat(caller.readBody(head)).isEqualTo(REFUSAL);
            assertThat(head.header("x-penstock-attempts")).isEqualTo(
                    "a/model-a=reset, a/model-a=reset"
                    + (", b/model-b=" + status).repeat(asks));
            assertThat(b.requests()).hasSize(asks);
        }
    }

    @Test
    void passesOnThatThePromptIsTooLongForAll() throws Exception {
        String tooLong = Wire.fixture("openai-error-400-context.json");
        try (ScriptedUpstream a = ScriptedUpstream.start(status(400, tooLong));
                ScriptedUpstream b = ScriptedUpstream.start(status(400, tooLong));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(400);
            assertThat(caller.readBody(head)).isEqualTo(tooLong);
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=400, b/model-b=400");
        }
    }

    @Test
    void asksNobodyElseForAModelWhoseContextIsTooShort() throws Exception {
        String tooLong = Wire.fixture("openai-error-400-context.json");
        try (ScriptedUpstream a = ScriptedUpstream.start(status(400, tooLong));
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(ProxyUnderTest.SAME, false);

            assertThat(caller.readHead().status()).isEqualTo(400);
            assertThat(b.requests()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 402, 403, 408, 409, 424, 498})
    void neverPassesOnWhatIsNoneOfTheCallersBusiness(int status) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(status, REFUSAL));
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(502);
            assertThat(head.header("x-penstock-attempts")).isEqualTo("a/model-a=" + status);
            assertThat(caller.readBody(head)).contains("\"code\":\"upstream_error\"")
                    .containsPattern("\"attempts\":\\[\\{\"provider\":\"a\",\"model\":\"model-a\","
                            + "\"outcome\":\"" + status + "\",\"ms\":[0-9.]+}]")
                    .doesNotContain("a word of the provider's");
        }
    }

    @Test
    void saysThatNobodyKnowsTheModel() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(404, REFUSAL));
                ScriptedUpstream b = ScriptedUpstream.start(status(404, REFUSAL));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(404);
            assertThat(caller.readBody(head)).contains("\"code\":\"model_not_found\"")
                    .contains("\"attempts\":[");
        }
    }

    @Test
    void answers502WhenNobodyReplies() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(reset());
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(502);
            assertThat(caller.readBody(head)).startsWith("{\"error\":{\"message\":\"")
                    .contains("\"code\":\"upstream_error\"").contains("\"outcome\":\"reset\"");
            assertThat(a.requests()).hasSize(2);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void answers504WhenTheLastOneWasSilent(boolean stream) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(503, REFUSAL));
                ScriptedUpstream b = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.stall();
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).head(SHORT).start()) {
            RawClient caller = proxy.ask(SMART, stream);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(504);
            assertThat(caller.readBody(head)).contains("\"code\":\"upstream_timeout\"")
                    .contains("\"outcome\":\"503\"").contains("\"outcome\":\"head_timeout\"");
            assertThat(b.requests()).as("a silent one is not asked again").hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void answers504WhenAllTheTimeIsUp(boolean stream) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.stall();
                });
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .total(SHORT).head(PATIENCE).provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, stream);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(504);
            assertThat(caller.readBody(head)).contains("\"outcome\":\"total_timeout\"");
            assertThat(b.requests()).isEmpty();
        }
    }

    @Test
    void capsALongRetryAfterAndTellsSdksNotToWait() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(429, REFUSAL,
                        "retry-after: 86400", "x-should-retry: true"));
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(429);
            assertThat(head.headers().get("retry-after")).containsExactly("60");
            assertThat(head.headers().get("x-should-retry")).containsExactly("false");
            assertThat(caller.readBody(head)).isEqualTo(REFUSAL);

            // Its key rests by its own word: it is left alone.
            ProxyUnderTest.ask(caller, SMART, false);
            head = caller.readHead();
            assertThat(head.status()).isEqualTo(503);
            assertThat(head.header("retry-after")).isEqualTo("60");
            assertThat(caller.readBody(head)).contains("\"code\":\"no_healthy_provider\"")
                    .contains("\"outcome\":\"cooldown\"");
            assertThat(a.requests()).hasSize(1);
        }
    }

    @Test
    void passesAShortRetryAfterOnAsItIs() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(429, REFUSAL,
                        "retry-after: 30"));
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(429);
            assertThat(head.header("retry-after")).isEqualTo("30");
            assertThat(head.header("x-should-retry")).isNull();
            caller.readBody(head);
        }
    }

    @Test
    void waitsOutAShortRetryAfterWhenNobodyElseIsLeft() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        status(429, REFUSAL, "retry-after-ms: 300"),
                        ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(200);
            assertThat(caller.readBody(head)).isEqualTo(ScriptedUpstream.GOOD_UNARY);
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=429, a/model-a=200");
        }
    }

    // Keys

    @ParameterizedTest
    @ValueSource(ints = {401, 429})
    void triesTheNextKeyAtOnceAndLetsTheBadOneRest(int status) throws Exception {
        Script byKey = x -> {
            String key = x.readRequest().header("authorization");
            if (key.equals("Bearer sk-first-00000000")) {
                x.head(status, "retry-after: 30", "content-length: 0").flush();
            } else {
                x.head(200, "content-type: application/json",
                        "content-length: " + ScriptedUpstream.GOOD_UNARY.length())
                        .write(ScriptedUpstream.GOOD_UNARY).flush();
            }
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(byKey);
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .keys("sk-first-00000000", "sk-second-0000000")
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.connect();
            int calls = 4;
            for (int i = 0; i < calls; i++) {
                ProxyUnderTest.ask(caller, SMART, false);
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(200);
                assertThat(caller.readBody(head)).isEqualTo(ScriptedUpstream.GOOD_UNARY);
                assertThat(head.header("x-penstock-provider")).isEqualTo("a");
            }
            List<String> shown = a.requests().stream()
                    .map(request -> request.header("authorization")).toList();
            assertThat(shown).hasSize(calls + 1)
                    .containsOnlyOnce("Bearer sk-first-00000000");
            assertThat(b.requests()).isEmpty();
        }
    }

    @Test
    void leavesAProviderAloneThatAskedForIt() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        status(429, REFUSAL, "retry-after: 30"), ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            caller.readBody(caller.readHead());
            ProxyUnderTest.ask(caller, SMART, false);
            RawClient.Head head = caller.readHead();
            caller.readBody(head);

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=cooldown, b/model-b=200");
            assertThat(a.requests()).hasSize(1);
        }
    }

    @Test
    void waitsForASoleProviderThatWillHaveRestedInAMoment() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        status(429, REFUSAL, "retry-after-ms: 900"),
                        ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .retry(new RetrySettings(1, 0, Duration.ZERO, 0)).start()) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(429);
            caller.readBody(head);

            ProxyUnderTest.ask(caller, SMART, false);
            head = caller.readHead();
            caller.readBody(head);

            assertThat(head.status()).isEqualTo(200);
            assertThat(a.requests()).hasSize(2);
        }
    }

    @Test
    void forgetsACallThatWaitsAndWhoseCallerGoes() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        status(429, REFUSAL, "retry-after-ms: 900"),
                        ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .retry(new RetrySettings(1, 0, Duration.ZERO, 0)).start()) {
            RawClient caller = proxy.ask(SMART, false);
            caller.readBody(caller.readHead());
            ProxyUnderTest.ask(caller, SMART, false);
            caller.close();

            proxy.awaitQuiet();
            assertThat(a.requests()).hasSize(1);
        }
    }

    /** Whoever watches the rests does not end them. */
    @Test
    void letsAKeyRestOnThoughItsRestIsLookedAt() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        status(429, REFUSAL, "retry-after: 30"), ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            caller.readBody(caller.readHead());

            caller.get("/providers", "authorization: Bearer " + ProxyUnderTest.CALLER_KEY);
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(caller.readBody(head)).containsPattern(
                    "\\{\"name\":\"a\",[^{]*\"cooldown_until\":null,[^{]*"
                    + "\"keys\":\\[\\{\"key\":\"[^\"]*\",\"cooldown_until\":null,"
                    + "\"cooldowns\":\\[\\{\"model\":\"model-a\",\"until\":\"[^\"]+\"}]}],"
                    + "\"cooldowns\":\\[\\{\"model\":\"model-a\",\"until\":\"[^\"]+\"}]")
                    .containsPattern("\\{\"name\":\"b\",[^{]*\"cooldown_until\":null");

            ProxyUnderTest.ask(caller, SMART, false);
            head = caller.readHead();
            caller.readBody(head);
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=cooldown, b/model-b=200");
            assertThat(a.requests()).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 500, 503})
    void goesOnWhereAProviderAsksToWaitForNoTime(int status) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        status(status, REFUSAL, "retry-after: 0"));
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(200);
            assertThat(caller.readBody(head)).isEqualTo(ScriptedUpstream.GOOD_UNARY);
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=" + status + ", b/model-b=200");
            assertThat(a.requests()).hasSize(1);
        }
    }

    /** Most providers count for each model: a busy one is no reason not to ask another. */
    @ParameterizedTest
    @CsvSource({
        "429, 'Rate limit reached for big in organization org-1', a/big=429; a/small=200",
        "429, 'Rate limit reached for organization org-1', a/big=429; a/small=cooldown",
        "503, overloaded, a/big=503; a/small=200",
        "401, no, a/big=401; a/small=cooldown; a/small=200",
    })
    void asksAnotherModelOfTheSameProvider(int status, String text, String attempts)
            throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        status(status, "{\"error\":{\"message\":\"" + text + "\"}}",
                                "retry-after: 30"), ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .targets("a/big", "a/small").start()) {
            RawClient.Head head = proxy.ask(SMART, false).readHead();

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo(attempts.replace(';', ','));
        }
    }

    /** A provider that wants no key says just as well when it is busy. */
    @ParameterizedTest
    @ValueSource(ints = {429, 503})
    void letsAProviderWithoutKeysRest(int status) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        status(status, REFUSAL, "retry-after: 30"), ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url()).keyless()
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            caller.readBody(caller.readHead());
            ProxyUnderTest.ask(caller, SMART, false);
            RawClient.Head head = caller.readHead();
            caller.readBody(head);

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=cooldown, b/model-b=200");
            assertThat(a.requests()).hasSize(1);
        }
    }

    /** A moment's fault that says when it will be over is waited out where nothing else is left. */
    @ParameterizedTest
    @ValueSource(ints = {408, 429, 500, 502, 503, 504, 529})
    void waitsForTheOnlyTargetAsItAsks(int status) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        status(status, REFUSAL, "retry-after: 0.2"), ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .start()) {
            RawClient.Head head = proxy.ask(SMART, false).readHead();

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=" + status + ", a/model-a=200");
            assertThat(a.requests()).hasSize(2);
        }
    }

    /** One caller's prompt may be too large for a minute's limit; the next one's is not. */
    @Test
    void letsNoKeyRestForOneOversizedPrompt() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(429,
                        "{\"error\":{\"message\":\"Request too large for gpt-4o\","
                        + "\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}"),
                        ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();
            caller.readBody(head);
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=429, b/model-b=200");

            ProxyUnderTest.ask(caller, SMART, false);
            head = caller.readHead();
            caller.readBody(head);
            assertThat(head.header("x-penstock-attempts")).isEqualTo("a/model-a=200");
        }
    }

    // How far it goes

    @Test
    void makesNoMoreAttemptsThanAllowed() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(reset());
                ScriptedUpstream b = ScriptedUpstream.start(reset());
                ScriptedUpstream c = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).provider("c", c.url())
                        .retry(new RetrySettings(3, 1, Duration.ZERO, 0.2)).start()) {
            RawClient.Head head = proxy.ask(SMART, false).readHead();

            assertThat(head.status()).isEqualTo(502);
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=reset, a/model-a=reset, b/model-b=reset");
            assertThat(c.requests()).isEmpty();
        }
    }

    @Test
    void triesNoTargetTwiceWhereThatIsOff() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(reset());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url())
                        .retry(new RetrySettings(4, 0, Duration.ZERO, 0.2)).start()) {
            RawClient.Head head = proxy.ask(SMART, false).readHead();

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=reset, b/model-b=200");
        }
    }

    @Test
    void doesNotAmplifyAnOutage() throws Exception {
        int calls = 30;
        int burst = 10;
        try (ScriptedUpstream a = ScriptedUpstream.start(status(500, REFUSAL));
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url())
                        .retry(new RetrySettings(4, 1, Duration.ZERO, 0.1)).withoutBreaker()
                        .start()) {
            RawClient caller = proxy.connect();
            for (int i = 0; i < calls; i++) {
                ProxyUnderTest.ask(caller, SMART, false);
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(200);
                caller.readBody(head);
            }
            assertThat(a.requests().size())
                    .isBetween(calls + burst, calls + burst + calls / 10 + 1);
        }
    }

    @Test
    void retriesAfterTheOneThatIsHealthyAgain() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(500, REFUSAL),
                        ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();

            assertThat(caller.readBody(head)).isEqualTo(ScriptedUpstream.GOOD_UNARY);
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=500, a/model-a=200");
            assertThat(a.awaitRequests(2, PATIENCE)).isTrue();
            assertThat(a.opened()).as("an error reply read to its end spares the connection")
                    .isEqualTo(1);
        }
    }
}

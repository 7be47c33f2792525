package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.keyOf;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static io.penstock.testing.ScriptedUpstream.goodStream;
import static io.penstock.testing.ScriptedUpstream.goodUnary;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.caller.Allowance;
import io.penstock.exchange.call.RetrySettings;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A caller says for one request which models may answer, and how long that may take. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class FallbacksIT {
    private static final String MESSAGES =
            "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
    private static final String FALLBACK_PATH = "/chat/fallback_completion";

    @Parameter
    Transport transport;

    private String body;

    private static Script status(int status) {
        return x -> {
            x.readRequest();
            x.head(status, "content-type: application/json", "content-length: 25")
                    .write("{\"error\":{\"message\":\"no\"}}".substring(0, 25));
        };
    }

    private static Script embedding() {
        String text = "{\"data\":[{\"embedding\":[0.5]}]}";
        return x -> {
            x.readRequest();
            x.head(200, "content-type: application/json", "content-length: " + text.length())
                    .write(text).flush();
        };
    }

    private static Script silent() {
        return x -> {
            x.readRequest();
            x.stall();
        };
    }

    private ProxyUnderTest.Builder before(ScriptedUpstream a, ScriptedUpstream b) {
        return ProxyUnderTest.on(transport).provider("a", a.url()).provider("b", b.url());
    }

    private RawClient.Head post(ProxyUnderTest proxy, String path, String json, String... fields)
            throws Exception {
        String[] all = Arrays.copyOf(fields, fields.length + 1);
        all[fields.length] = "authorization: Bearer " + CALLER_KEY;
        RawClient caller = proxy.connect().post(path, json, all);
        RawClient.Head head = caller.readHead();
        body = caller.readBody(head);
        return head;
    }

    // fallback_completion

    @ParameterizedTest
    @ValueSource(strings = {"", "/v1"})
    void triesTheModelsOfTheBodyInTheirOrder(String prefix) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(503));
                ScriptedUpstream b = ScriptedUpstream.start(goodUnary());
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient.Head head = post(proxy, prefix + FALLBACK_PATH,
                    "{\"models\":[\"model-a\",\"model-b\"]," + MESSAGES + "}");

            assertThat(head.status()).isEqualTo(200);
            assertThat(body).isEqualTo(GOOD_UNARY);
            assertThat(head.header("x-penstock-model")).isEqualTo("model-b");
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=503, b/model-b=200");
            assertThat(a.requests().get(0).path()).isEqualTo("/v1/chat/completions");
            assertThat(a.requests().get(0).text())
                    .isEqualTo("{\"model\":\"model-a\"," + MESSAGES + "}");
            assertThat(b.requests().get(0).text())
                    .isEqualTo("{\"model\":\"model-b\"," + MESSAGES + "}");
            assertThat(b.requests().get(0).header("authorization"))
                    .isEqualTo("Bearer " + keyOf("b"));
        }
    }

    @Test
    void triesThemForAStreamToo() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(503));
                ScriptedUpstream b = ScriptedUpstream.start(goodStream(2));
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient.Head head = post(proxy, FALLBACK_PATH,
                    "{\"stream\":true,\"models\":[\"model-a\",\"model-b\"]," + MESSAGES + "}");

            assertThat(head.header("x-penstock-provider")).isEqualTo("b");
            assertThat(body).endsWith("data: [DONE]\n\n");
            assertThat(b.requests().get(0).text()).isEqualTo("{\"stream\":true,"
                    + "\"model\":\"model-b\",\"stream_options\":{\"include_usage\":true},"
                    + MESSAGES + "}");
        }
    }

    @Test
    void passesOverAModelThatNobodyServesAsLongAsAnotherIsLeft() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start();
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient.Head head = post(proxy, FALLBACK_PATH,
                    "{\"models\":[\"gpt-9\",\"model-a\"]," + MESSAGES + "}");
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("-/gpt-9=model_not_found, a/model-a=200");

            head = post(proxy, FALLBACK_PATH, "{\"models\":[\"x\",\"y\"]," + MESSAGES + "}");
            assertThat(head.status()).isEqualTo(404);
            assertThat(body).contains("model_not_found").contains("'x', 'y'");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"{\"messages\":[]}|missing_model",
        "{\"models\":[]}|invalid_request", "{\"models\":\"model-a\"}|invalid_request",
        "{\"models\":[\"model-a\",7]}|invalid_request",
        "{\"models\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\"]}"
            + "|invalid_request"})
    void refusesModelsThatAreNone(String json, String code) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start();
                ScriptedUpstream b = ScriptedUpstream.start();
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient.Head head = post(proxy, FALLBACK_PATH, json);

            assertThat(head.status()).isEqualTo(400);
            assertThat(body).contains("\"code\":\"" + code + "\"")
                    .contains("\"param\":\"models\"");
            assertThat(a.opened() + b.opened()).isZero();
        }
    }

    // fallbacks

    @ParameterizedTest
    @ValueSource(strings = {"/v1/chat/completions", "/v1/completions", "/v1/embeddings"})
    void fallsBackOnModelsOfTheBody(String path) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(503));
                ScriptedUpstream b = ScriptedUpstream.start(
                        path.endsWith("embeddings") ? embedding() : goodUnary());
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient.Head head = post(proxy, path,
                    "{\"model\":\"model-a\",\"fallbacks\":[\"model-b\"],\"input\":\"x\"}");

            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=503, b/model-b=200");
            assertThat(b.requests().get(0).path()).isEqualTo(path);
            assertThat(b.requests().get(0).text())
                    .isEqualTo("{\"model\":\"model-b\",\"input\":\"x\"}");
        }
    }

    @Test
    void fallsBackOnModelsOfTheHeadWhichGoNoFurther() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(503));
                ScriptedUpstream b = ScriptedUpstream.start(goodUnary());
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient.Head head = post(proxy, "/v1/chat/completions",
                    "{\"model\":\"model-a\"," + MESSAGES + "}",
                    "x-penstock-fallbacks: gpt-9, model-b", "x-penstock-timeout: 60s");

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("-/gpt-9=model_not_found, a/model-a=503, b/model-b=200");
            for (ScriptedUpstream each : List.of(a, b)) {
                assertThat(each.requests().get(0).headers().keySet())
                        .noneMatch(name -> name.startsWith("x-penstock"));
            }
        }
    }

    @Test
    void asksEachTargetOnceHoweverManyModelsLeadToIt() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(503));
                ScriptedUpstream b = ScriptedUpstream.start(status(503));
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient.Head head = post(proxy, "/v1/chat/completions", "{\"model\":\"model-a\","
                    + "\"fallbacks\":[\"a/model-a\",\"smart\",\"model-b\"]," + MESSAGES + "}");

            assertThat(head.status()).isEqualTo(503);
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=503, b/model-b=503");
        }
    }

    @Test
    void boundsAllTriesTogether() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(503));
                ScriptedUpstream b = ScriptedUpstream.start(goodUnary());
                ProxyUnderTest proxy = before(a, b)
                        .retry(new RetrySettings(1, 0, Duration.ZERO, 0)).start()) {
            RawClient.Head head = post(proxy, FALLBACK_PATH,
                    "{\"models\":[\"model-a\",\"model-b\"]," + MESSAGES + "}");

            assertThat(head.status()).isEqualTo(503);
            assertThat(b.opened()).isZero();
        }
    }

    @Test
    void passesTheCallersOwnMistakeOnWithoutFallingBack() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(422));
                ScriptedUpstream b = ScriptedUpstream.start();
                ProxyUnderTest proxy = before(a, b).start()) {
            assertThat(post(proxy, "/v1/chat/completions",
                    "{\"model\":\"model-a\",\"fallbacks\":[\"model-b\"]}").status())
                    .isEqualTo(422);
            assertThat(b.opened()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "/v1/chat/completions|{\"model\":\"model-a\",\"fallbacks\":[\"model-b\"]}|x-a: b",
        "/v1/chat/completions|{\"model\":\"model-a\"}|x-penstock-fallbacks: model-b",
        "/chat/fallback_completion|{\"models\":[\"model-a\",\"model-b\"]}|x-a: b",
        "/chat/fallback_completion|{\"models\":[\"model-a\",\"no-such\"]}|x-a: b",
    })
    void asksNobodyWhereAModelIsNotOpenToTheCaller(String path, String json, String field)
            throws Exception {
        AuthSettings auth = new AuthSettings(List.of(new ApiKeySettings("tester",
                ProxyUnderTest.Builder.hash(CALLER_KEY), List.of("model-a"),
                Allowance.UNBOUNDED)), false);
        try (ScriptedUpstream a = ScriptedUpstream.start();
                ScriptedUpstream b = ScriptedUpstream.start();
                ProxyUnderTest proxy = before(a, b).auth(auth).start()) {
            assertThat(post(proxy, path, json, field).status()).isEqualTo(403);

            assertThat(body).contains("model_not_allowed");
            assertThat(a.opened() + b.opened()).isZero();
        }
    }

    // The time

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void takesNoLongerThanTheCallerAllows(boolean stream) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(silent());
                ScriptedUpstream b = ScriptedUpstream.start();
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient.Head head = post(proxy, "/v1/chat/completions",
                    ProxyUnderTest.chat("model-a", stream), "x-penstock-timeout: 200ms");

            assertThat(head.status()).isEqualTo(504);
            assertThat(body).contains("upstream_timeout").contains("total_timeout");
            proxy.awaitResidue(".* upstream_in_flight=0 upstream_open=0 .*");
        }
    }

    @Test
    void neverWidensTheTimeThatIsConfigured() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(silent());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .total(Duration.ofMillis(200)).start()) {
            assertThat(post(proxy, "/v1/chat/completions", ProxyUnderTest.chat("model-a", false),
                    "x-penstock-timeout: 1h").status()).isEqualTo(504);
        }
    }

    @Test
    void endsAStreamWhoseTimeIsUpWithAnErrorEvent() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    Wire.sendBeginning(x, 2).stall();
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = ProxyUnderTest.askWith(proxy.connect(),
                    ProxyUnderTest.chat("model-a", true), "x-penstock-timeout: 0.3");
            caller.readHead();
            Wire.assertCut(caller.readUntilClose(), Wire.dataOf(Wire.beginning(2)),
                    "upstream_timeout", "total_timeout");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"soon", "0", "-1s", "30 s"})
    void refusesATimeThatIsNone(String time) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start();
                ScriptedUpstream b = ScriptedUpstream.start();
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient.Head head = post(proxy, "/v1/chat/completions",
                    ProxyUnderTest.chat("model-a", false), "x-penstock-timeout: " + time);

            assertThat(head.status()).isEqualTo(400);
            assertThat(body).contains("\"param\":\"x-penstock-timeout\"");
            assertThat(a.opened()).isZero();
        }
    }

    // Where the time goes

    @Test
    void tellsWhereTheTimeGoesOnWhateverItAnswers() throws Exception {
        String local = "receive;dur=T, queue;dur=T, upstream;dur=T, proxy;dur=T, total;dur=T"
                .replace("T", "[0-9]+\\.[0-9]{3}");
        try (ScriptedUpstream a = ScriptedUpstream.start(status(401));
                ScriptedUpstream b = ScriptedUpstream.start();
                ProxyUnderTest proxy = before(a, b).start()) {
            assertThat(post(proxy, "/v1/chat/completions", "{\"model\":\"model-a\"}")
                    .header("server-timing")).matches(local);
            assertThat(post(proxy, "/v1/chat/completions", "{}").header("server-timing"))
                    .matches(local);
            assertThat(post(proxy, "/v1/nothing", "{}").header("server-timing"))
                    .matches("total;dur=[0-9]+\\.[0-9]{3}");
            RawClient caller = proxy.connect().get("/health");
            RawClient.Head head = caller.readHead();
            assertThat(head.header("server-timing")).matches("total;dur=[0-9]+\\.[0-9]{3}");
            caller.readBody(head);
        }
    }

    @Test
    void countsWaitingForAProviderAsNoneOfTheProxysOwnTime() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.pause(Duration.ofMillis(300));
                    x.head(200, "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY);
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            String timing = post(proxy, "/v1/chat/completions",
                    ProxyUnderTest.chat("model-a", false)).header("server-timing");

            assertThat(phase(timing, "head")).isGreaterThanOrEqualTo(299);
            assertThat(phase(timing, "total") - phase(timing, "proxy"))
                    .isGreaterThanOrEqualTo(299);
        }
    }

    private static double phase(String timing, String name) {
        return Double.parseDouble(timing.replaceAll(".*\\b" + name + ";dur=([0-9.]+).*", "$1"));
    }
}

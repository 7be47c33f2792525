package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ProxyUnderTest.askWith;
import static io.penstock.testing.ProxyUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scripts of web pages that call the proxy, and what every reply tells a browser. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class CorsIT {
    private static final String PATH = "/v1/chat/completions";
    private static final String APP = "https://app.example";
    private static final String FROM_APP = "origin: " + APP;
    private static final String FROM_EVIL = "origin: https://evil.example";

    @Parameter
    Transport transport;

    private static String preflight(String path, String... fields) {
        return "OPTIONS " + path + " HTTP/1.1\r\nhost: x\r\n" + String.join("\r\n", fields)
                + "\r\n\r\n";
    }

    private static void assertReadableByApp(RawClient.Head head) {
        assertThat(head.header("access-control-allow-origin")).isEqualTo(APP);
        assertThat(head.headers().get("access-control-allow-origin")).hasSize(1);
        assertThat(head.header("access-control-allow-credentials")).isEqualTo("true");
        assertThat(head.header("access-control-expose-headers")).contains("x-request-id");
        assertThat(head.header("vary")).isEqualTo("Origin");
    }

    @ParameterizedTest
    @ValueSource(strings = {PATH, "/v1/models", "/nowhere"})
    void answersABrowserThatAsksFirstWithoutAKey(String path) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.ofYaml(transport, """
                        providers:
                          - name: a
                            type: openai-compatible
                            base_url: %s/v1
                            models: [smart]
                        cors: {allowed_origins: ["https://app.example"]}
                        """.formatted(a.url())).start()) {
            RawClient page = proxy.connect().send(preflight(path, FROM_APP,
                    "access-control-request-method: POST",
                    "access-control-request-headers: authorization,content-type"));

            RawClient.Head head = page.readHead();
            assertThat(head.status()).isEqualTo(204);
            assertThat(head.header("access-control-allow-origin")).isEqualTo(APP);
            assertThat(head.header("access-control-allow-methods")).contains("POST");
            assertThat(head.header("access-control-allow-headers"))
                    .isEqualTo("authorization,content-type");
            assertThat(head.headers()).doesNotContainKeys("content-length", "content-type");

            askWith(page, chat(SMART, false), FROM_APP); // on the same connection
            assertThat(page.readHead().status()).isEqualTo(200);
        }
    }

    @Test
    void refusesABrowserThatAsksForAnotherOrigin() throws Exception {
        try (ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                .provider("a", "http://127.0.0.1:1").origins(APP).start()) {
            RawClient page = proxy.connect().send(preflight(PATH, FROM_EVIL,
                    "access-control-request-method: POST"));

            RawClient.Head head = page.readHead();
            assertThat(head.status()).isEqualTo(403);
            assertThat(head.header("vary")).isEqualTo("Origin");
            assertThat(head.headers().keySet()).noneMatch(name -> name.startsWith("access-"));
            assertThat(page.readBody(head)).contains("\"code\":\"origin_not_allowed\"");
        }
    }

    @Test
    void takesOptionsForAWrongMethodUnlessABrowserAsks() throws Exception {
        try (ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                .provider("a", "http://127.0.0.1:1").origins(APP).start()) {
            RawClient caller = proxy.connect().send(preflight(PATH, FROM_APP));
            assertThat(caller.readHead().status()).isEqualTo(405);
        }
        try (ProxyUnderTest off = ProxyUnderTest.on(transport)
                .provider("a", "http://127.0.0.1:1").start()) {
            RawClient caller = off.connect().send(preflight(PATH, FROM_APP,
                    "access-control-request-method: POST"));
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(405);
            assertThat(head.headers()).doesNotContainKeys("vary", "access-control-allow-origin");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void letsThePageReadWhatAProviderSaid(boolean stream) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(stream ? ScriptedUpstream.goodStream(3)
                        : ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .origins(APP).start()) {
            RawClient page = askWith(proxy.connect(), chat(SMART, stream), FROM_APP);

            RawClient.Head head = page.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertReadableByApp(head);
            assertThat(a.requests().get(0).header("origin")).isNull();
        }
    }

    @Test
    void saysWhoMayReadInsteadOfTheProvider() throws Exception {
        ScriptedUpstream.Script open = x -> {
            x.readRequest();
            x.head(200, "content-type: application/json", "access-control-allow-origin: *",
                    "Access-Control-Expose-Headers: x-a", "X-Content-Type-Options: nosniff",
                    "strict-transport-security: max-age=1",
                    "content-length: " + ScriptedUpstream.GOOD_UNARY.length())
                    .write(ScriptedUpstream.GOOD_UNARY).flush();
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(open);
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .origins(APP).start();
                ProxyUnderTest off = ProxyUnderTest.on(transport).provider("a", a.url())
                        .start()) {
            RawClient.Head head = askWith(proxy.connect(), chat(SMART, false), FROM_APP)
                    .readHead();
            assertReadableByApp(head);
            assertThat(head.headers().get("access-control-expose-headers")).hasSize(1);
            assertThat(head.headers().get("x-content-type-options")).containsExactly("nosniff");
            assertThat(head.headers()).doesNotContainKey("strict-transport-security");

            head = askWith(off.connect(), chat(SMART, false), FROM_APP).readHead();
            assertThat(head.headers().keySet()).noneMatch(name -> name.startsWith("access-"));
        }
    }

    @Test
    void letsThePageReadWhyItWasRefused() throws Exception {
        try (ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                .provider("a", "http://127.0.0.1:1").origins(APP).start()) {
            RawClient page = proxy.connect().post(PATH, chat(SMART, false), FROM_APP);
            RawClient.Head head = page.readHead();
            assertThat(head.status()).isEqualTo(401);
            assertReadableByApp(head);
            page.readBody(head);

            askWith(page, "{\"messages\":[]}", FROM_APP); // refused by the exchange
            head = page.readHead();
            assertThat(head.status()).isEqualTo(400);
            assertReadableByApp(head);
            page.readBody(head);

            head = askWith(page, chat(SMART, false), FROM_APP).readHead(); // every provider failed
            assertThat(head.status()).isEqualTo(502);
            assertReadableByApp(head);
            page.readBody(head);

            head = page.get("/v1/models", FROM_APP, "x-api-key: " + CALLER_KEY).readHead();
            assertThat(head.status()).isEqualTo(200);
            assertReadableByApp(head);
            page.readBody(head);

            head = page.get("/v1/models", "x-api-key: " + CALLER_KEY).readHead();
            assertThat(head.header("vary")).isEqualTo("Origin");
            assertThat(head.headers()).doesNotContainKey("access-control-allow-origin");
        }
    }

    @Test
    void forgetsThePageBeforeWhenWhatFollowsIsNoRequest() throws Exception {
        try (ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                .provider("a", "http://127.0.0.1:1").origins(APP).start()) {
            RawClient caller = proxy.connect().get("/health", FROM_APP);
            RawClient.Head head = caller.readHead();
            assertReadableByApp(head);
            caller.readBody(head);

            head = caller.send("NONSENSE\r\n\r\n").readHead();
            assertThat(head.status()).isEqualTo(400);
            assertThat(head.headers()).doesNotContainKey("access-control-allow-origin");
        }
    }

    @Test
    void asksAnAllowedPageForNoKeyWhereNobodyNeedsOne() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .withoutKeys().origins(APP).start()) {
            assertThat(proxy.connect().post(PATH, chat(SMART, false), FROM_APP).readHead()
                    .status()).isEqualTo(200);
            assertThat(proxy.connect().post(PATH, chat(SMART, false), FROM_EVIL).readHead()
                    .status()).isEqualTo(403);
        }
    }

    @Test
    void tellsBrowsersToKeepNothingAndToGuessNothing() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .start()) {
            RawClient.Head local = proxy.connect().get("/health").readHead();
            assertThat(local.header("cache-control")).isEqualTo("no-store");
            assertThat(local.header("referrer-policy")).isEqualTo("no-referrer");
            assertThat(local.header("x-content-type-options")).isEqualTo("nosniff");
            assertThat(local.headers()).doesNotContainKey("strict-transport-security");

            RawClient.Head relayed = proxy.ask(SMART, false).readHead();
            assertThat(relayed.header("x-content-type-options")).isEqualTo("nosniff");
            assertThat(relayed.headers()).doesNotContainKey("strict-transport-security");
        }
    }
}

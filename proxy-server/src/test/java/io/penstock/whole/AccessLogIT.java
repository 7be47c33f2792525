package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.auth.AuthSettings;
import io.penstock.auth.JwtKeySettings;
import io.penstock.auth.JwtSettings;
import io.penstock.auth.TokenAlgorithm;
import io.penstock.auth.TokenSigner;
import io.penstock.caller.Allowance;
import io.penstock.loop.Transport;
import io.penstock.route.HoldSettings;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What is written of a call is what became of that call. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class AccessLogIT {
    @Parameter
    Transport transport;

    @TempDir
    Path directory;

    private Path log() {
        return directory.resolve("access.log");
    }

    /** All that was written; the proxy stops for it. */
    private List<String> lines(ProxyUnderTest proxy) throws Exception {
        proxy.awaitQuiet();
        proxy.stop(PATIENCE);
        return Files.readAllLines(log());
    }

    /** The calls of one connection share their state, one after the other. */
    @Test
    void saysNothingOfTheCallBefore() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .accessLog(log()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            caller.readBody(caller.readHead());
            ProxyUnderTest.ask(caller, "no-such-model", false);
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(404);
            caller.readBody(head);
            assertThat(proxy.server().residue()).contains(" connections=1 ");

            List<String> lines = lines(proxy);

            assertThat(lines).hasSize(2);
            assertThat(lines.get(0)).contains("\"status\":200").contains("\"provider\":\"a\"")
                    .contains("\"attempts\":[\"a/model-a=200\"]").contains("\"prompt_tokens\":7,");
            assertThat(lines.get(1)).contains("\"model\":\"no-such-model\"")
                    .contains("\"status\":404").contains("\"failure\":\"model_not_found\"")
                    .contains("\"provider\":null,\"upstream_api\":null,\"attempts\":[]")
                    .contains("\"api\":\"chat\"").doesNotContain("tokens")
                    .doesNotContain("first_content_ms");
        }
    }

    @Test
    void quotesWhatACallerIsCalledInText() throws Exception {
        JwtKeySettings.Secret secret = new JwtKeySettings.Secret("0123456789abcdef".repeat(2));
        ProxyUnderTest.Builder builder = ProxyUnderTest.on(transport)
                .provider("a", "http://127.0.0.1:1")
                .auth(new AuthSettings(List.of(), new JwtSettings(TokenAlgorithm.HS256, secret,
                        null, null, JwtSettings.DEFAULT_LEEWAY, List.of(), Allowance.UNBOUNDED),
                        false, Allowance.UNBOUNDED)).textLog(log());
        String token = TokenSigner.of(TokenAlgorithm.HS256, secret)
                .sign(null, Map.of("sub", "alice status=200", "exp", Long.MAX_VALUE / 1_000_000));
        try (ProxyUnderTest proxy = builder.start()) {
            RawClient caller = proxy.connect().post("/v1/chat/completions",
                    ProxyUnderTest.chat("no-such-model", false), "x-api-key: " + token);
            caller.readBody(caller.readHead());

            assertThat(lines(proxy)).singleElement().asString()
                    .contains(" caller=\"jwt:alice status=200\" ").contains(" status=404 ");
        }
    }

    @Test
    void namesNoProviderOfTheCallBeforeWhenAllOfThemRest() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary(), x -> {
                    x.readRequest();
                    x.head(429, "retry-after: 30", "content-length: 0").flush();
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .accessLog(log()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            caller.readBody(caller.readHead());
            RawClient other = proxy.ask(SMART, false);
            assertThat(other.readHead().status()).isEqualTo(429);

            ProxyUnderTest.ask(caller, SMART, false);
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(503);
            caller.readBody(head);

            List<String> lines = lines(proxy);
            assertThat(lines).hasSize(3);
            assertThat(lines.get(2)).contains("\"status\":503")
                    .contains("\"attempts\":[\"a/model-a=cooldown\"]")
                    .contains("\"provider\":null")
                    .doesNotContain("tokens").doesNotContain("first_content_ms");
        }
    }

    /** Whoever reads the log for an attack, or for a client that was set up wrong, needs them. */
    @Test
    void tellsOfRequestsThatWereRefusedOnTheHead() throws Exception {
        try (ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", "http://127.0.0.1:1")
                .accessLog(log()).start()) {
            for (String request : List.of(
                    "POST /v1/chat/completions?key=sk-secret HTTP/1.1\r\nhost: x\r\n"
                            + "x-request-id: one\r\nx-api-key: wrong\r\ncontent-length: 0\r\n\r\n",
                    "GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n",
                    "GET /v1/chat/completions HTTP/1.1\r\nhost: x\r\n\r\n",
                    "GET / HTTP/1.1\r\nhost: x\r\nbad field\r\n\r\n")) {
                RawClient caller = proxy.connect().send(request);
                caller.readBody(caller.readHead());
            }

            List<String> lines = lines(proxy);
            assertThat(lines).hasSize(4).noneMatch(line -> line.contains("sk-secret"));
            assertThat(lines.get(0)).contains("\"id\":\"one\"").contains("\"caller\":null")
                    .contains("\"status\":401").contains("\"failure\":\"invalid_api_key\"")
                    .contains("\"detail\":\"POST /v1/chat/completions\"")
                    .contains("\"attempts\":[]");
            assertThat(lines.get(1)).contains("\"status\":404")
                    .contains("\"detail\":\"GET /nowhere\"");
            assertThat(lines.get(2)).contains("\"failure\":\"method_not_allowed\"");
            assertThat(lines.get(3)).contains("\"status\":400").doesNotContain("detail");
        }
    }

    /** The caller has the first half before the second is sent: they are read apart. */
    @Test
    void countsTokensThatComeInTwoPieces() throws Exception {
        int held = 1024;
        String reply = GOOD_UNARY.replace("All is well.", "All is well. ".repeat(held / 10));
        int middle = reply.indexOf("\"prompt_tokens\"") + 5;
        CountDownLatch halfRead = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "content-type: application/json",
                            "content-length: " + reply.length());
                    x.write(reply.substring(0, middle)).flush();
                    halfRead.await();
                    x.write(reply.substring(middle)).flush();
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .hold(new HoldSettings(1, held, null)).accessLog(log()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            assertThat(caller.readHead().status()).isEqualTo(200);
            assertThat(new String(caller.readBytes(middle), StandardCharsets.US_ASCII))
                    .isEqualTo(reply.substring(0, middle));
            halfRead.countDown();
            caller.readBytes(reply.length() - middle);

            assertThat(lines(proxy)).singleElement().asString()
                    .contains("\"prompt_tokens\":7,").contains("\"completion_tokens\":3,");
        }
    }

    /** What logrotate does: the file is renamed, and the proxy is told. */
    @Test
    void beginsANewFileAtAReload() throws Exception {
        Path rotated = directory.resolve("access.log.1");
        try (ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", "http://127.0.0.1:1")
                .accessLog(log()).start()) {
            RawClient caller = proxy.connect().get("/first");
            caller.readBody(caller.readHead());
            ProxyUnderTest.await("the first line is written",
                    () -> log().toFile().length() > 0);
            Files.move(log(), rotated);

            proxy.prepareBadReload("providers: a mistake, which is no reason to keep the file");
            RawClient.Head reload = proxy.connectAdmin().post("/admin/reload", "").readHead();

            assertThat(reload.status()).isEqualTo(422);
            ProxyUnderTest.await("the file is there again", () -> Files.exists(log()));
            RawClient other = proxy.connect().get("/second");
            other.readBody(other.readHead());
            assertThat(lines(proxy)).singleElement().asString().contains("GET /second");
            assertThat(Files.readAllLines(rotated)).singleElement().asString()
                    .contains("GET /first");
        }
    }
}

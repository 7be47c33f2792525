package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.loop.Transport;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A provider that answers before it has read the prompt, and closes: what it said counts. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class EarlyReplyIT {
    private static final int PROMPT_BYTES = 1024 * 1024;
    private static final int READ_BYTES = 1024;
    private static final String ERROR =
            "{\"error\":{\"message\":\"Not this one.\",\"type\":\"invalid_request_error\"}}";
    private static final String WORDS = "\"" + "word ".repeat(PROMPT_BYTES / 5) + "\"";

    @Parameter
    Transport transport;

    @TempDir
    Path directory;

    /** A way to ask. */
    enum Ask {
        UNARY("/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":" + WORDS
                + "}]"),
        STREAM("/v1/chat/completions", "\"stream\":true,\"messages\":[{\"role\":\"user\","
                + "\"content\":" + WORDS + "}]"),
        EMBEDDINGS("/v1/embeddings", "\"input\":" + WORDS),
        IMAGES("/v1/images/generations", "\"prompt\":" + WORDS);

        private final String path;
        private final String fields;

        Ask(String path, String fields) {
            this.path = path;
            this.fields = fields;
        }

        RawClient of(ProxyUnderTest proxy, String model) throws Exception {
            return proxy.connect().post(path, "{\"model\":\"" + model + "\"," + fields + "}",
                    "authorization: Bearer " + CALLER_KEY);
        }
    }

    record Early(Ask ask, int status, String framing) {}

    static Stream<Early> earlyReplies() {
        List<Early> all = new ArrayList<>();
        for (Ask ask : Ask.values()) {
            for (int status : new int[] {400, 413, 422}) {
                all.add(new Early(ask, status, "content-length: " + ERROR.length()));
            }
            all.add(new Early(ask, 413, "connection: close"));
        }
        return all.stream();
    }

    /** Answers behind the beginning of the body; the end with input unread is a reset. */
    private static Script early(int status, String framing) {
        return x -> {
            x.readHead();
            x.readBytes(READ_BYTES);
            x.head(status, "content-type: application/json", framing).write(ERROR).flush();
        };
    }

    @ParameterizedTest
    @MethodSource("earlyReplies")
    void passesOnWhatWasSaidBeforeTheReset(Early early) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        early(early.status(), early.framing()));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .start()) {
            RawClient caller = early.ask().of(proxy, "model-a");
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(early.status());
            assertThat(caller.readBody(head)).isEqualTo(ERROR);
            assertThat(head.header("x-penstock-attempts")).isEqualTo("a/model-a=" + early.status());
            assertThat(a.requests()).hasSize(1);
        }
    }

    @Test
    void passesOnWhatWasSaidInAnotherFormat() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(early(413, "connection: close"));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .type(ProviderTypes.ANTHROPIC).start()) {
            RawClient caller = Ask.UNARY.of(proxy, "model-a");
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(413);
            assertThat(caller.readBody(head)).contains("Not this one.");
            assertThat(a.requests()).hasSize(1);
        }
    }

    @Test
    void passesOnWhatWasSaidUnderTls() throws Exception {
        X509Bundle bundle = new CertificateBuilder().subject("CN=upstream")
                .addSanDnsName("localhost").addSanIpAddress("127.0.0.1")
                .setIsCertificateAuthority(true).buildSelfSigned();
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(bundle.toKeyManagerFactory().getKeyManagers(), null, null);
        Path ca = Files.writeString(directory.resolve("ca.pem"), bundle.getCertificatePEM());
        try (ScriptedUpstream a = ScriptedUpstream.startTls(tls,
                        early(413, "content-length: " + ERROR.length()));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .ca(ca).start()) {
            RawClient caller = Ask.UNARY.of(proxy, "model-a");
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(413);
            assertThat(caller.readBody(head)).isEqualTo(ERROR);
            assertThat(a.requests()).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 503})
    void asksTheNextTargetWhereTheAnswerSaysSo(int status) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        early(status, "content-length: " + ERROR.length()));
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).start()) {
            RawClient caller = Ask.UNARY.of(proxy, SMART);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(200);
            assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
            assertThat(head.header("x-penstock-attempts"))
                    .startsWith("a/model-a=" + status).endsWith("b/model-b=200");
            assertThat(a.requests()).hasSize(1);
        }
    }

    @Test
    void asksAgainWhereNothingWasSaidBeforeTheReset() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readHead();
                    x.readBytes(READ_BYTES);
                    x.reset();
                }, ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .start()) {
            RawClient caller = Ask.UNARY.of(proxy, "model-a");
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(200);
            assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
            assertThat(head.header("x-penstock-attempts")) // closed, to the read behind a write
                    .matches("a/model-a=(reset|closed), a/model-a=200");
        }
    }
}

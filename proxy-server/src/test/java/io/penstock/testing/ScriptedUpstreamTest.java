package io.penstock.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;

class ScriptedUpstreamTest {
    private static final Duration SOON = Duration.ofSeconds(10);

    @Test
    void answersRequestsOnOneConnectionByTheScriptsInTurnAndKeepsTheLast() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(
                        ScriptedUpstream.goodUnary(), ScriptedUpstream.goodStream(2));
                RawClient client = RawClient.connect(upstream.port())) {
            client.post("/v1/chat/completions", "{\"a\":1}", "X-Twice: 1", "x-twice: 2");
            assertThat(client.readBody(client.readHead())).isEqualTo(ScriptedUpstream.GOOD_UNARY);
            for (int i = 0; i < 2; i++) {
                client.post("/v1/chat/completions", "{}");
                RawClient.Head head = client.readHead();
                assertThat(head.header("content-type")).startsWith("text/event-stream");
                assertThat(client.readBody(head)).contains("word0").contains("word1")
                        .doesNotContain("word2").endsWith("data: [DONE]\n\n");
            }

            assertThat(upstream.opened()).isEqualTo(1);
            assertThat(upstream.requests()).hasSize(3);
            ScriptedUpstream.Request first = upstream.requests().get(0);
            assertThat(first.method()).isEqualTo("POST");
            assertThat(first.path()).isEqualTo("/v1/chat/completions");
            assertThat(first.headers().get("x-twice")).containsExactly("1", "2");
            assertThat(first.header("X-Twice")).isEqualTo("1");
            assertThat(first.text()).isEqualTo("{\"a\":1}");
        }
    }

    @Test
    void readsAChunkedBody() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                RawClient client = RawClient.connect(upstream.port())) {
            client.send("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
                    + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nt: u\r\n\r\n");

            assertThat(client.readHead().status()).isEqualTo(200);
            assertThat(upstream.requests().get(0).text()).isEqualTo("abcde");
        }
    }

    @Test
    void closesInOrderAfterWhatWasWritten() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(x -> {
                    x.write("HTTP/1.1 200 OK\r\n").closeFin(); // the request is left unread
                });
                RawClient client = RawClient.connect(upstream.port())) {
            client.get("/");

            assertThat(client.readUntilClose()).isEqualTo("HTTP/1.1 200 OK\r\n");
        }
    }

    @Test
    void resets() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.reset();
                });
                RawClient client = RawClient.connect(upstream.port())) {
            client.get("/");

            assertThatThrownBy(client::readUntilClose).isInstanceOf(SocketException.class)
                    .hasMessageContaining("reset");
            assertThat(upstream.awaitClosed(1, SOON)).isTrue();
        }
    }

    @Test
    void seesThePeerGo() throws Exception {
        AtomicBoolean gone = new AtomicBoolean();
        try (ScriptedUpstream upstream = ScriptedUpstream.start(x -> {
            x.readRequest();
            assertThat(x.awaitClosed(Duration.ofMillis(1))).isFalse();
            x.sseHead().event("1");
            gone.set(x.awaitClosed(SOON));
        })) {
            try (RawClient client = RawClient.connect(upstream.port())) {
                client.get("/");
                client.readHead();
                assertThat(client.readChunk()).isEqualTo("data: 1\n\n");
                client.reset();
            }

            assertThat(upstream.awaitClosed(1, SOON)).isTrue();
            assertThat(gone).isTrue();
        }
    }

    @Test
    void tricklesByteByByte() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.trickle("HTTP/1.1 204 No\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
                            Duration.ofNanos(1000));
                });
                RawClient client = RawClient.connect(upstream.port())) {
            client.get("/");

            assertThat(client.readHead().status()).isEqualTo(204);
        }
    }

    @Test
    void stallsUntilTheTestEnds() throws Exception {
        RawClient client;
        try (ScriptedUpstream upstream = ScriptedUpstream.start(x -> {
            x.readRequest();
            x.sseHead().stall();
        })) {
            client = RawClient.connect(upstream.port());
            client.get("/");
            assertThat(client.readHead().status()).isEqualTo(200);
            assertThat(client.awaitClosed(Duration.ofMillis(20))).isFalse();
        }
        assertThat(client.awaitClosed(SOON)).isTrue();
        client.close();
    }

    @Test
    void acceptsAndNeverReads() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.startNeverReading();
                RawClient client = RawClient.connect(upstream.port())) {
            client.get("/");

            assertThat(upstream.awaitOpened(1, SOON)).isTrue();
            assertThat(client.awaitClosed(Duration.ofMillis(20))).isFalse();
            assertThat(upstream.requests()).isEmpty();
        }
    }

    @Test
    void actsBeforeAnyRequest() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start()
                        .onConnect(ScriptedUpstream.Exchange::closeFin);
                RawClient client = RawClient.connect(upstream.port())) {
            assertThat(client.readUntilClose()).isEmpty();
        }
    }

    @Test
    void speaksTls() throws Exception {
        X509Bundle bundle = new CertificateBuilder().subject("CN=localhost")
                .addSanDnsName("localhost").setIsCertificateAuthority(true).buildSelfSigned();
        SSLContext server = SSLContext.getInstance("TLS");
        server.init(bundle.toKeyManagerFactory().getKeyManagers(), null, null);
        TrustManagerFactory trust = bundle.toTrustManagerFactory();
        SSLContext caller = SSLContext.getInstance("TLS");
        caller.init(null, trust.getTrustManagers(), null);

        try (ScriptedUpstream upstream =
                        ScriptedUpstream.startTls(server, ScriptedUpstream.goodUnary());
                RawClient client =
                        RawClient.connectTls(upstream.port(), caller, "localhost")) {
            client.get("/");

            assertThat(upstream.url()).startsWith("https://");
            assertThat(client.readBody(client.readHead())).isEqualTo(ScriptedUpstream.GOOD_UNARY);
        }
    }

    @Test
    void tellsThatAScriptFailed() throws Exception {
        ScriptedUpstream upstream = ScriptedUpstream.start(x -> {
            throw new IllegalStateException("no such luck");
        });
        try (RawClient client = RawClient.connect(upstream.port())) {
            client.get("/");
            upstream.awaitClosed(1, SOON);
        }

        assertThatThrownBy(upstream::close).isInstanceOf(AssertionError.class)
                .hasRootCauseMessage("no such luck");
    }

    @Test
    void keepsHowAPeerBrokeOff() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(
                ScriptedUpstream.Exchange::readRequest)) {
            try (RawClient client = RawClient.connect(upstream.port())) {
                client.send("POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc");
            }
            assertThat(upstream.awaitClosed(1, SOON)).isTrue();

            assertThat(upstream.broken()).singleElement().isInstanceOf(IOException.class);
        }
    }
}

package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.listen.TlsSettings;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Callers that speak TLS. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class ListenTlsIT {
    @Parameter
    Transport transport;

    @TempDir
    Path directory;

    private X509Bundle certificate(String name) throws Exception {
        return new CertificateBuilder().subject("CN=" + name).addSanDnsName("localhost")
                .setIsCertificateAuthority(true).buildSelfSigned();
    }

    private TlsSettings settings(X509Bundle server, X509Bundle clientCa) throws Exception {
        Path certificate = Files.writeString(directory.resolve("tls.crt"),
                server.getCertificatePathPEM());
        Path key = Files.writeString(directory.resolve("tls.key"), server.getPrivateKeyPEM());
        return new TlsSettings(certificate, key, clientCa == null ? null : Files.writeString(
                directory.resolve("ca.pem"), clientCa.getCertificatePEM()));
    }

    private static SSLContext client(X509Bundle trusted, X509Bundle own) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        store.setCertificateEntry("server", trusted.getCertificate());
        TrustManagerFactory trust =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        KeyManager[] keys = own == null ? null : own.toKeyManagerFactory().getKeyManagers();
        context.init(keys, trust.getTrustManagers(), null);
        return context;
    }

    private static RawClient ask(RawClient client, boolean stream) throws IOException {
        return ProxyUnderTest.ask(client, SMART, stream);
    }

    @Test
    void servesUnaryAndStreamedRepliesOnOneConnection() throws Exception {
        X509Bundle server = certificate("penstock");
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary(),
                        ScriptedUpstream.goodStream(50));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .listenTls(settings(server, null)).start();
                RawClient caller = RawClient.connectTls(proxy.port(), client(server, null),
                        "localhost")) {
            RawClient.Head head = ask(caller, false).readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("strict-transport-security")).isEqualTo("max-age=31536000");
            assertThat(caller.readBody(head)).isEqualTo(ScriptedUpstream.GOOD_UNARY);

            head = caller.get("/health").readHead();
            assertThat(head.header("strict-transport-security")).isEqualTo("max-age=31536000");
            caller.readBody(head);

            head = ask(caller, true).readHead();
            assertThat(caller.readBody(head)).contains("data: [DONE]");
        }
    }

    @Test
    void answersNobodyWhoSpeaksPlainHttp() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .listenTls(settings(certificate("penstock"), null)).start();
                RawClient caller = proxy.connect()) {
            caller.send("GET /health HTTP/1.1\r\nhost: x\r\n\r\n");

            assertThat(caller.readUntilClose()).doesNotContain("HTTP/1.1");
        }
    }

    @Test
    void asksForAClientsCertificateWhereOneIsRequired() throws Exception {
        X509Bundle server = certificate("penstock");
        X509Bundle known = certificate("caller");
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .listenTls(settings(server, known)).start()) {
            try (RawClient caller = RawClient.connectTls(proxy.port(), client(server, known),
                    "localhost")) {
                assertThat(ask(caller, false).readHead().status()).isEqualTo(200);
            }
            assertThatThrownBy(() -> {
                try (RawClient stranger = RawClient.connectTls(proxy.port(), client(server, null),
                        "localhost")) {
                    stranger.send("GET /health HTTP/1.1\r\nhost: x\r\nauthorization: Bearer "
                            + CALLER_KEY + "\r\n\r\n");
                    stranger.readHead();
                }
            }).isInstanceOf(IOException.class);
        }
    }
}

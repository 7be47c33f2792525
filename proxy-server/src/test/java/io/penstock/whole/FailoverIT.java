package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SHORT;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ProxyUnderTest.keyOf;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.loop.Transport;
import io.penstock.route.HoldSettings;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
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

/** Whatever a provider does before its reply is known to be good, the caller notices nothing. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class FailoverIT {
    @Parameter
    Transport transport;

    @TempDir
    Path directory;

    /**
     * A way to fail.
     *
     * @param outcome as {@code x-penstock-attempts} says it
     * @param asks how often the provider is asked before the next one is
     */
    record Failing(String name, boolean stream, String outcome, int asks, Script script) {
        @Override
        public String toString() {
            return name + (stream ? ", streamed" : ", unary");
        }
    }

    static Stream<Failing> failures() {
        List<Failing> all = new ArrayList<>();
        for (boolean stream : new boolean[] {false, true}) {
            all.add(new Failing("reset before the head", stream, "reset", 2, x -> {
                x.readRequest();
                x.reset();
            }));
            all.add(new Failing("reset within the head", stream, "reset", 2, x -> {
                x.readRequest();
                x.write("HTTP/1.1 200 OK\r\ncontent-ty").flush();
                x.reset();
            }));
            all.add(new Failing("closed before the head", stream, "closed", 2, x -> {
                x.readRequest();
                x.closeFin();
            }));
            all.add(new Failing("closed within the head", stream, "closed", 2, x -> {
                x.readRequest();
                x.write("HTTP/1.1 200 OK\r\ncontent-type: te").closeFin();
            }));
            all.add(new Failing("silent", stream, "head_timeout", 1, x -> {
                x.readRequest();
                x.stall();
            }));
            for (int status : new int[] {401, 402, 403, 404, 408, 409, 424, 429, 498, 503, 504,
                520, 529}) {
                all.add(new Failing("status " + status, stream, "" + status, 1,
                        status(status, "{\"error\":{\"message\":\"no\",\"type\":\"t\"}}")));
            }
            for (int status : new int[] {500, 502}) {
                all.add(new Failing("status " + status, stream, "" + status, 2,
                        status(status, Wire.fixture("openai-error-500.json"))));
            }
            all.add(new Failing("429 with retry-after", stream, "429", 1,
                    status(429, Wire.fixture("openai-error-429-rate.json"), "retry-after: 7")));
            all.add(new Failing("400 for the key", stream, "400", 1,
                    status(400, Wire.fixture("xai-error-400-key.json"))));
            all.add(new Failing("400 for the context", stream, "400", 1,
                    status(400, Wire.fixture("openai-error-400-context.json"))));
            all.add(new Failing("an error page without a length", stream, "503", 1, x -> {
                x.readRequest();
                x.head(503, "content-type: text/html").write("<h1>Busy</h1>").closeFin();
            }));
            all.add(new Failing("200 with an error", stream, "error_in_reply", 1,
                    status(200, Wire.fixture("openai-error-500.json"))));
            all.add(new Failing("200 with an error, chunked", stream, "error_in_reply", 1, x -> {
                x.readRequest();
                x.head(200, "content-type: application/json", "transfer-encoding: chunked")
                        .chunk("{\"id\":1, \"err").chunk("or\": {\"message\"")
                        .chunk(":\"x\"}}").lastChunk();
            }));
            all.add(new Failing("200 with nothing", stream, "empty_reply", 1, status(200, "")));
            all.add(new Failing("200 with nothing, chunked", stream, "empty_reply", 1, x -> {
                x.readRequest();
                x.head(200, "content-type: application/json", "transfer-encoding: chunked")
                        .lastChunk();
            }));
            all.add(new Failing("204", stream, "empty_reply", 1, x -> {
                x.readRequest();
                x.head(204).flush();
            }));
            all.add(new Failing("a redirect", stream, "302", 1,
                    status(302, "", "location: http://127.0.0.1:1/")));
            all.add(new Failing("an unasked upgrade", stream, "bad_response", 1,
                    raw("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n")));
            all.add(new Failing("no HTTP", stream, "bad_response", 1, raw("SSH-2.0-x\r\n\r\n")));
            all.add(new Failing("HTTP/2.0", stream, "bad_response", 1,
                    raw("HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n")));
            all.add(new Failing("two framings", stream, "bad_response", 1,
                    raw("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked"
                            + "\r\n\r\n5\r\nhello\r\n0\r\n\r\n")));
            all.add(new Failing("two lengths", stream, "bad_response", 1,
                    raw("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello")));
            all.add(new Failing("no length but a word", stream, "bad_response", 1,
                    raw("HTTP/1.1 200 OK\r\ncontent-length: five\r\n\r\nhello")));
            all.add(new Failing("a chunk size that is none", stream, "bad_response", 1,
                    raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n{}\r\n")));
            all.add(new Failing("an unknown coding", stream, "bad_response", 1,
                    raw("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n")));
            all.add(new Failing("a body shorter than its length", stream, "closed", 2, x -> {
                x.readRequest();
                x.head(200, "content-type: application/json",
                        "content-length: " + (GOOD_UNARY.length() + 1)).write(GOOD_UNARY)
                        .closeFin();
            }));
            all.add(new Failing("chunks without the last", stream, "closed", 2, x -> {
                x.readRequest();
                x.head(200, "content-type: application/json", "transfer-encoding: chunked")
                        .chunk(GOOD_UNARY).closeFin();
            }));
        }
        all.add(new Failing("silent after a unary head", false, "gap_timeout", 1, x -> {
            x.readRequest();
            x.head(200, "content-type: application/json", "content-length: 5").write("{").stall();
        }));
        all.add(new Failing("a role, then silence", true, "first_content_timeout", 1, x -> {
            x.readRequest();
            Wire.sendBeginning(x, 0).stall();
        }));
        all.add(new Failing("comments for ever", true, "first_content_timeout", 1, x -> {
            x.readRequest();
            x.sseHead();
            while (!x.chunk(": PROCESSING\n\n").awaitClosed(SHORT.dividedBy(10))) {
                continue;
            }
        }));
        all.add(new Failing("opens with an error", true, "error_in_reply", 1, x -> {
            x.readRequest();
            x.sseHead().event("{\"error\":{\"message\":\"overloaded\",\"code\":503}}").lastChunk();
        }));
        all.add(new Failing("an error behind the role", true, "error_in_reply", 1, x -> {
            x.readRequest();
            Wire.sendBeginning(x, 0).event("{\"error\":{\"message\":\"overloaded\"}}").stall();
        }));
        all.add(new Failing("a named error", true, "error_in_reply", 1, x -> {
            x.readRequest();
            x.sseHead().chunk("event: error\ndata: {\"message\":\"no\"}\n\n").stall();
        }));
        all.add(new Failing("done at once", true, "no_content", 1, x -> {
            x.readRequest();
            x.sseHead().event("[DONE]").lastChunk();
        }));
        all.add(new Failing("a role, then the end", true, "no_content", 1, x -> {
            x.readRequest();
            Wire.sendBeginning(x, 0).lastChunk();
        }));
        all.add(new Failing("a role, then closed", true, "closed", 2, x -> {
            x.readRequest();
            Wire.sendBeginning(x, 0).closeFin();
        }));
        all.add(new Failing("a role, then reset", true, "reset", 2, x -> {
            x.readRequest();
            Wire.sendBeginning(x, 0).reset();
        }));
        return all.stream();
    }

    private static Script status(int status, String body, String... fields) {
        return x -> {
            x.readRequest();
            List<String> all = new ArrayList<>(List.of(fields));
            all.add("content-type: application/json");
            all.add("content-length: " + body.getBytes(StandardCharsets.UTF_8).length);
            x.head(status, all.toArray(String[]::new)).write(body).flush();
        };
    }

    private static Script raw(String reply) {
        return x -> {
            x.readRequest();
            x.write(reply).awaitClosed(PATIENCE);
        };
    }

    private static Script good(boolean stream) {
        return stream ? ScriptedUpstream.goodStream(3) : ScriptedUpstream.goodUnary();
    }

    /** Reads a whole reply, and checks that it is {@link #good}'s, byte for byte. */
    private static RawClient.Head readGood(RawClient client, boolean stream) throws IOException {
        RawClient.Head head = client.readHead();
        assertThat(head.status()).isEqualTo(200);
        if (stream) {
            assertThat(client.readChunked())
                    .isEqualTo(Wire.dataOf(Wire.goodStream(3)));
        } else {
            assertThat(head.header("content-length")).isEqualTo("" + GOOD_UNARY.length());
            assertThat(client.readBody(head)).isEqualTo(GOOD_UNARY);
        }
        return head;
    }

    private static String attempts(String target, String outcome, int times) {
        return String.join(", ", Collections.nCopies(times, target + "=" + outcome));
    }

    private static void assertNoCredentials(RawClient.Head head, ScriptedUpstream... upstreams) {
        assertThat(new String(head.raw(), StandardCharsets.ISO_8859_1))
                .doesNotContain("sk-upstream").doesNotContain(CALLER_KEY);
        for (ScriptedUpstream upstream : upstreams) {
            for (ScriptedUpstream.Request request : upstream.requests()) {
                assertThat(request.headers().toString()).doesNotContain(CALLER_KEY)
                        .doesNotContain("cookie");
                assertThat(request.text()).doesNotContain(CALLER_KEY);
                assertThat(request.headers().get("authorization")).hasSize(1);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("failures")
    void hidesAFailureBeforeTheCommit(Failing failing) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(failing.script());
                ScriptedUpstream b = ScriptedUpstream.start(good(failing.stream()));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("a", a.url()).head(failing.outcome().equals("head_timeout")
                                ? SHORT : PATIENCE)
                        .firstContent(failing.outcome().equals("first_content_timeout")
                                ? SHORT : PATIENCE)
                        .gap(failing.outcome().equals("gap_timeout") ? SHORT : PATIENCE)
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.connect();
            ProxyUnderTest.askWith(caller, ProxyUnderTest.chat(SMART, failing.stream()),
                    "cookie: session=" + CALLER_KEY, "openai-organization: org-caller");

            RawClient.Head head = readGood(caller, failing.stream());

            assertThat(head.header("x-penstock-attempts")).isEqualTo(
                    attempts("a/model-a", failing.outcome(), failing.asks())
                            + ", b/model-b=200");
            assertThat(head.header("x-penstock-provider")).isEqualTo("b");
            assertThat(head.header("x-penstock-model")).isEqualTo("model-b");
            assertThat(a.requests()).hasSize(failing.asks());
            assertThat(b.requests()).hasSize(1);
            assertThat(a.requests().get(0).header("authorization"))
                    .isEqualTo("Bearer " + keyOf("a"));
            assertThat(b.requests().get(0).header("authorization"))
                    .isEqualTo("Bearer " + keyOf("b"));
            assertThat(b.requests().get(0).text())
                    .isEqualTo(failing.stream() ? ProxyUnderTest.metered("model-b")
                            : ProxyUnderTest.chat("model-b", false));
            assertNoCredentials(head, a, b);
            // The caller's connection is none the worse for it.
            ProxyUnderTest.ask(caller, "model-b", failing.stream());
            readGood(caller, failing.stream());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void hidesARefusedConnection(boolean stream) throws Exception {
        int nobody;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = socket.getLocalPort();
        }
        try (ScriptedUpstream b = ScriptedUpstream.start(good(stream));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("a", "http://127.0.0.1:" + nobody)
                        .provider("b", b.url()).start()) {
            RawClient.Head head = readGood(proxy.ask(SMART, stream), stream);

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=connect_failed, b/model-b=200");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void hidesANameThatDoesNotResolve(boolean stream) throws Exception {
        try (ScriptedUpstream b = ScriptedUpstream.start(good(stream));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("a", "http://no-such-host.invalid").connect(SHORT)
                        .provider("b", b.url()).start()) {
            RawClient.Head head = readGood(proxy.ask(SMART, stream), stream);

            assertThat(head.header("x-penstock-attempts"))
                    .matches("a/model-a=connect_(failed|timeout), b/model-b=200");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void hidesAConnectionThatIsNeverMade(boolean stream) throws Exception {
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket first = new Socket();
                Socket second = new Socket();
                Socket third = new Socket();
                ScriptedUpstream b = ScriptedUpstream.start(good(stream));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("a", "http://127.0.0.1:" + full.getLocalPort()).connect(SHORT)
                        .provider("b", b.url()).start()) {
            first.connect(full.getLocalSocketAddress());
            second.connect(full.getLocalSocketAddress());
            assumeThat(hangs(third, full)).as("a full backlog makes connecting hang").isTrue();

            RawClient.Head head = readGood(proxy.ask(SMART, stream), stream);

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=connect_timeout, b/model-b=200");
        }
    }

    private static boolean hangs(Socket socket, ServerSocket server) throws IOException {
        try {
            socket.connect(server.getLocalSocketAddress(), 200);
            return false;
        } catch (SocketTimeoutException e) {
            return true;
        }
    }

    // TLS

    private record Pki(SSLContext server, Path ca) {}

    private Pki pki(CertificateBuilder subject) throws Exception {
        X509Bundle bundle = subject.subject("CN=upstream").setIsCertificateAuthority(true)
                .buildSelfSigned();
        SSLContext server = SSLContext.getInstance("TLS");
        server.init(bundle.toKeyManagerFactory().getKeyManagers(), null, null);
        Path ca = Files.writeString(directory.resolve("ca.pem"), bundle.getCertificatePEM());
        return new Pki(server, ca);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void trustsTheCertificateThatItIsTold(boolean stream) throws Exception {
        Pki pki = pki(new CertificateBuilder().addSanIpAddress("127.0.0.1"));
        try (ScriptedUpstream a = ScriptedUpstream.startTls(pki.server(), good(stream));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("a", a.url()).ca(pki.ca()).start()) {
            readGood(proxy.ask(SMART, stream), stream);
            readGood(proxy.ask(SMART, stream), stream);

            assertThat(a.opened()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void hidesACertificateThatNobodyVouchesFor(boolean stream) throws Exception {
        Pki pki = pki(new CertificateBuilder().addSanIpAddress("127.0.0.1"));
        try (ScriptedUpstream a = ScriptedUpstream.startTls(pki.server(), good(stream));
                ScriptedUpstream b = ScriptedUpstream.start(good(stream));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("a", a.url()).provider("b", b.url()).start()) {
            RawClient.Head head = readGood(proxy.ask(SMART, stream), stream);

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=tls_failed, b/model-b=200");
            assertThat(a.requests()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void hidesACertificateForAnotherHost(boolean stream) throws Exception {
        Pki pki = pki(new CertificateBuilder().addSanDnsName("other.example"));
        try (ScriptedUpstream a = ScriptedUpstream.startTls(pki.server(), good(stream));
                ScriptedUpstream b = ScriptedUpstream.start(good(stream));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("a", a.url()).ca(pki.ca())
                        .provider("b", b.url()).start()) {
            RawClient.Head head = readGood(proxy.ask(SMART, stream), stream);

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=tls_failed, b/model-b=200");
            assertThat(a.requests()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void verifiesTheNameThatIsConfigured(boolean stream) throws Exception {
        Pki pki = pki(new CertificateBuilder().addSanDnsName("other.example"));
        try (ScriptedUpstream a = ScriptedUpstream.startTls(pki.server(), good(stream));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("a", a.url()).ca(pki.ca()).sni("other.example").start()) {
            readGood(proxy.ask(SMART, stream), stream);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void hidesAHandshakeThatIsNeverAnswered(boolean stream) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.startNeverReading();
                ScriptedUpstream b = ScriptedUpstream.start(good(stream));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("a", "https://127.0.0.1:" + a.port()).tls(SHORT)
                        .provider("b", b.url()).start()) {
            RawClient.Head head = readGood(proxy.ask(SMART, stream), stream);

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=tls_timeout, b/model-b=200");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void hidesAPeerThatSpeaksNoTls(boolean stream) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start()
                        .onConnect(x -> x.write("HTTP/1.1 400 Bad Request\r\n\r\n").closeFin());
                ScriptedUpstream b = ScriptedUpstream.start(good(stream));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("a", "https://127.0.0.1:" + a.port())
                        .provider("b", b.url()).start()) {
            RawClient.Head head = readGood(proxy.ask(SMART, stream), stream);

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=tls_failed, b/model-b=200");
        }
    }

    @Test
    void keepsProviderNamesToItselfWhereToldTo() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(503, "{}"));
                ScriptedUpstream b = ScriptedUpstream.start(good(true));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).idHeadersOnly().start()) {
            RawClient.Head head = readGood(proxy.ask(SMART, true), true);

            assertThat(head.headers().keySet()).contains("x-request-id")
                    .doesNotContain("server-timing")
                    .noneMatch(name -> name.startsWith("x-penstock"));
        }
    }

    /** Held until ten events have come, or 200 ms are over: by then there have to be twenty. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void leavesASlowStreamForTheNextProviderIfThereIsOne(boolean isAnotherLeft) throws Exception {
        HoldSettings hold = new HoldSettings(10, 64 * 1024, Duration.ofMillis(200), 100);
        String content = "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"slow\"},"
                + "\"finish_reason\":null}]}";
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead().event(content).event(content).flush();
                    x.awaitClosed(PATIENCE);
                });
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodStream(12))) {
            ProxyUnderTest.Builder before =
                    ProxyUnderTest.on(transport).provider("a", a.url()).hold(hold);
            try (ProxyUnderTest proxy =
                    (isAnotherLeft ? before.provider("b", b.url()) : before).start()) {
                RawClient caller = proxy.ask(SMART, true);
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(200);
                assertThat(head.header("x-penstock-attempts")).isEqualTo(isAnotherLeft
                        ? "a/model-a=too_slow, b/model-b=200" : "a/model-a=200");
                assertThat(caller.readChunk()).isNotEmpty();
            }
        }
    }

    /** A unary call has no timer of its own for the head, unless one is set. */
    @Test
    void leavesABlackHoleInTimeForTheNext() throws Exception {
        Script silent = x -> {
            x.readRequest();
            x.stall();
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(silent);
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.ofYaml(transport, """
                        providers:
                          - {name: a, type: vllm, base_url: "%s", models: [m],
                             timeouts: {total: 4s}}
                          - {name: b, type: vllm, base_url: "%s", models: [m]}
                        routes: [{model: smart, targets: [a/m, b/m]}]
                        """.formatted(a.url(), b.url())).start()) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();
            caller.readBody(head);

            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/m=head_timeout, b/m=200");
        }
    }

    /** Of four seconds that it has, it took more than one: another try would double the wait. */
    @Test
    void asksAProviderOnceThatFailsLate() throws Exception {
        List<Script> late = List.of(x -> {
            x.readRequest();
            x.awaitClosed(Duration.ofMillis(1100));
            x.reset();
        }, x -> {
            x.readRequest();
            x.awaitClosed(Duration.ofMillis(1100));
            x.head(502, "content-length: 0").flush();
        });
        for (Script script : late) {
            try (ScriptedUpstream a = ScriptedUpstream.start(script);
                    ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                    ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                            .provider("a", a.url()).head(Duration.ofSeconds(4))
                            .provider("b", b.url()).start()) {
                RawClient caller = proxy.ask(SMART, false);
                RawClient.Head head = caller.readHead();
                caller.readBody(head);

                assertThat(head.header("x-penstock-attempts"))
                        .matches("a/model-a=(reset|502), b/model-b=200");
                assertThat(a.requests()).hasSize(1);
            }
        }
    }
}

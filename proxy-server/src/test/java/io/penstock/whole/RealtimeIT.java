package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SHORT;
import static io.penstock.testing.ProxyUnderTest.keyOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.caller.Allowance;
import io.penstock.limit.LimitSettings;
import io.penstock.limit.QueueSettings;
import io.penstock.limit.StreamLimits;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Request;
import io.penstock.testing.ScriptedUpstream.Script;
import io.penstock.usage.BudgetSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** WebSockets byte by byte: what goes in comes out, and each side hears of the other's end. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class RealtimeIT {
    private static final String PATH = "/v1/realtime?model=model-a";
    private static final String[] UPGRADE = {"connection: keep-alive, Upgrade",
        "upgrade: WebSocket", "sec-websocket-version: 13",
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-protocol: realtime",
        "sec-websocket-extensions: permessage-deflate; client_max_window_bits",
        "openai-beta: realtime=v1"};
    private static final String NOTHING =
            "concurrent=0 .* upstream_in_flight=0 upstream_open=0 .*";

    @Parameter
    Transport transport;

    @TempDir
    Path directory;

    private final BlockingQueue<byte[]> said = new LinkedBlockingQueue<>();

    /** What is in a masked frame of a few bytes. */
    private static String unmasked(byte[] frame) {
        byte[] text = Arrays.copyOfRange(frame, 6, frame.length);
        for (int i = 0; i < text.length; i++) {
            text[i] ^= frame[2 + i % 4];
        }
        return new String(text, StandardCharsets.ISO_8859_1);
    }

    private ProxyUnderTest.Builder before(ScriptedUpstream a) {
        return ProxyUnderTest.on(transport).provider("a", a.url());
    }

    private static RawClient open(ProxyUnderTest proxy, String path, String... fields)
            throws IOException {
        String[] all = Arrays.copyOf(UPGRADE, UPGRADE.length + fields.length + 1);
        System.arraycopy(fields, 0, all, UPGRADE.length, fields.length);
        all[all.length - 1] = "authorization: Bearer " + CALLER_KEY;
        return proxy.connect().get(path, all);
    }

    private static Request accept(ScriptedUpstream.Exchange x) throws IOException {
        Request request = x.readRequest();
        x.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                + "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                + "Sec-WebSocket-Protocol: realtime\r\nset-cookie: a=b\r\n\r\n").flush();
        return request;
    }

    private static RawClient opened(ProxyUnderTest proxy) throws IOException {
        RawClient caller = open(proxy, PATH);
        assertThat(caller.readHead().status()).isEqualTo(101);
        return caller;
    }

    private static byte[] noise(int length) {
        byte[] noise = new byte[length];
        new Random(3).nextBytes(noise);
        return noise;
    }

    @Test
    void passesTheHandshakeThroughWithTheProvidersKey() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    accept(x);
                    x.closeFin();
                });
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = open(proxy, "/v1/realtime?x=1&model=smart&y=%20", "cookie: c=d");

            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(101);
            assertThat(head.header("connection")).isEqualTo("Upgrade");
            assertThat(head.header("upgrade")).isEqualTo("websocket");
            assertThat(head.header("sec-websocket-accept"))
                    .isEqualTo("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
            assertThat(head.header("sec-websocket-extensions")).isEqualTo("permessage-deflate");
            assertThat(head.header("sec-websocket-protocol")).isEqualTo("realtime");
            assertThat(head.header("x-penstock-attempts")).isEqualTo("a/model-a=101");
            assertThat(head.headers()).doesNotContainKeys("set-cookie", "content-length");
            Request got = a.requests().get(0);
            assertThat(got.method()).isEqualTo("GET");
            assertThat(got.path()).isEqualTo("/v1/realtime?x=1&model=model-a&y=%20");
            assertThat(got.header("connection")).isEqualToIgnoringCase("upgrade");
            assertThat(got.header("upgrade")).isEqualTo("websocket");
            for (int i = 2; i < UPGRADE.length; i++) {
                String[] field = UPGRADE[i].split(": ");
                assertThat(got.headers().get(field[0])).containsExactly(field[1]);
            }
            assertThat(got.header("authorization")).isEqualTo("Bearer " + keyOf("a"));
            assertThat(got.headers().toString()).doesNotContain(CALLER_KEY);
            assertThat(got.headers()).doesNotContainKeys("cookie", "content-length",
                    "accept-encoding");
        }
    }

    @Test
    void passesBytesBothWaysAtTheSameTime() throws Exception {
        byte[] up = noise(3_000_000);
        byte[] down = noise(5_000_000);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
                            + "connection: upgrade\r\n\r\nearly").flush();
                    Thread writer = new Thread(() -> {
                        try {
                            x.write(down).flush();
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    });
                    writer.start();
                    assertThat(Arrays.equals(x.readBytes(up.length), up)).isTrue();
                    writer.join();
                    x.write("done").flush();
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = before(a).start()) {
            for (String path : List.of(PATH, "/passthrough/a/v1/anything?x=y")) {
                RawClient caller = open(proxy, path);
                assertThat(caller.readHead().status()).isEqualTo(101);
                assertThat(new String(caller.readBytes(5), StandardCharsets.US_ASCII))
                        .isEqualTo("early");
                Thread writer = new Thread(() -> {
                    try {
                        caller.send(up);
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
                writer.start();
                assertThat(Arrays.equals(caller.readBytes(down.length), down)).isTrue();
                writer.join();
                assertThat(new String(caller.readBytes(4), StandardCharsets.US_ASCII))
                        .isEqualTo("done");
                caller.close();
                proxy.awaitResidue(NOTHING);
            }
            assertThat(a.requests().get(1).path()).isEqualTo("/v1/anything?x=y");
        }
    }

    @Test
    void carriesBytesToAProviderThatSpeaksTls() throws Exception {
        X509Bundle bundle = new CertificateBuilder().subject("CN=localhost")
                .addSanIpAddress("127.0.0.1").setIsCertificateAuthority(true).buildSelfSigned();
        Path ca = Files.writeString(directory.resolve("ca.pem"), bundle.getCertificatePathPEM());
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(bundle.toKeyManagerFactory().getKeyManagers(), null, null);
        byte[] up = noise(1_000_000);
        try (ScriptedUpstream a = ScriptedUpstream.startTls(tls, x -> {
                    accept(x);
                    x.write(x.readBytes(up.length)).closeFin();
                });
                ProxyUnderTest proxy = before(a).ca(ca).start()) {
            RawClient caller = opened(proxy);
            Thread writer = new Thread(() -> {
                try {
                    caller.send(up);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            writer.start();
            assertThat(Arrays.equals(caller.readBytes(up.length), up)).isTrue();
            writer.join();
            assertThat(caller.awaitClosed(PATIENCE)).isTrue();
            caller.close();
            proxy.awaitResidue(NOTHING);
        }
    }

    @Test
    void keepsTheSlowerSidesPace() throws Exception {
        AtomicLong sent = new AtomicLong();
        int blocks = 512;
        byte[] block = noise(64 * 1024);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    accept(x);
                    for (int i = 0; i < blocks; i++) {
                        x.write(block).flush();
                        sent.addAndGet(block.length);
                    }
                    x.closeFin();
                });
                ProxyUnderTest proxy = before(a).start()) {
            PooledByteBufAllocator pool = PooledByteBufAllocator.DEFAULT;
            long before = pool.pinnedDirectMemory();
            String fields = String.join("\r\n", UPGRADE);
            RawClient caller = proxy.connectSmall(64 * 1024).get(PATH, fields,
                    "authorization: Bearer " + CALLER_KEY);
            caller.readHead();
            long last = -1;
            for (int same = 0; same < 20; same = sent.get() == last ? same + 1 : 0) {
                last = sent.get();
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(25));
            }

            assertThat(pool.pinnedDirectMemory() - before).isLessThan(512 * 1024);
            assertThat(sent.get()).isLessThan((long) blocks * block.length);
            for (int i = 0; i < blocks; i++) {
                assertThat(Arrays.equals(caller.readBytes(block.length), block)).isTrue();
            }
        }
    }

    // The end

    @Test
    void letsTheProviderAnswerACallerWhoHasSentItsLast() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    accept(x);
                    assertThat(new String(x.readBytes(3), StandardCharsets.US_ASCII))
                            .isEqualTo("bye");
                    x.closeAfterPeer("and bye");
                });
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = opened(proxy).send("bye");
            caller.shutdownOutput();

            assertThat(caller.readUntilClose()).isEqualTo("and bye");
            proxy.awaitResidue(NOTHING);
        }
    }

    @Test
    void letsTheCallerAnswerAProviderThatHasSentItsLast() throws Exception {
        CountDownLatch heard = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    accept(x);
                    x.write("bye").endOutput();
                    assertThat(new String(x.readBytes(7), StandardCharsets.US_ASCII))
                            .isEqualTo("and bye");
                    heard.countDown();
                });
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = opened(proxy);
            assertThat(caller.readUntilClose()).isEqualTo("bye");
            caller.send("and bye");
            assertThat(heard.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            caller.close();
            proxy.awaitResidue(NOTHING);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void tellsTheProviderThatTheCallerHasGone(boolean reset) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    accept(x);
                    x.readBytes(4);
                    assertThat(x.awaitClosed(PATIENCE)).isTrue();
                });
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = opened(proxy).send("last");
            proxy.awaitResidue("concurrent=1 .*");
            if (reset) {
                caller.reset();
            } else {
                caller.close();
            }
            assertThat(a.awaitClosed(1, PATIENCE)).isTrue();
            proxy.awaitResidue(NOTHING);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void tellsTheCallerThatTheProviderHasGone(boolean reset) throws Exception {
        Path log = directory.resolve("access.log");
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    accept(x);
                    x.readBytes(4);
                    x.write("last").flush();
                    if (reset) {
                        x.readBytes(4); // of which the caller knows by then
                        x.reset();
                    } else {
                        x.closeFin();
                    }
                });
                ProxyUnderTest proxy = before(a).accessLog(log).start()) {
            RawClient caller = opened(proxy).send("last");
            assertThat(new String(caller.readBytes(4), StandardCharsets.US_ASCII))
                    .isEqualTo("last");
            caller.send("more");
            assertThat(caller.awaitClosed(PATIENCE)).isTrue();
            caller.close();
            proxy.awaitResidue(NOTHING);
            proxy.stop(Duration.ZERO);
        }
        assertThat(Files.readString(log)).contains("\"status\":101").contains(reset
                ? "\"a/model-a=101\",\"a/model-a=reset\"" : "\"attempts\":[\"a/model-a=101\"]");
    }

    private static LimitSettings streams(Duration idle, Duration total) {
        LimitSettings usual = LimitSettings.DEFAULT;
        return new LimitSettings(null, 1, usual.bodyBytes(), usual.headerBytes(), 100, null,
                QueueSettings.NONE, new StreamLimits(1024, idle, total));
    }

    @Test
    void endsATunnelThroughWhichNothingGoes() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    accept(x);
                    x.write("\u0001\u0001x").flush();
                    said.add(x.readBytes(19));
                    assertThat(x.awaitClosed(PATIENCE)).isTrue();
                });
                ProxyUnderTest proxy = before(a).limits(streams(SHORT, PATIENCE)).start()) {
            RawClient caller = opened(proxy);

            assertThat(caller.readUntilClose().substring(3))
                    .endsWith("\u0003\ufffdtunnel_idle"); // 1008, of which the rest is no UTF-8
            assertThat(unmasked(said.take())).isEqualTo("\u0003\u00f0tunnel_idle");
            caller.close();
            proxy.awaitResidue(NOTHING);
        }
    }

    @Test
    void endsATunnelThatIsOpenForTooLongHoweverBusy() throws Exception {
        Script busy = x -> {
            accept(x);
            try {
                while (true) {
                    x.write("x").flush();
                    x.pause(Duration.ofMillis(5));
                }
            } catch (IOException e) {
                assertThat(e).isNotNull(); // it was ended
            }
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(busy);
                ProxyUnderTest proxy = before(a).limits(streams(PATIENCE, SHORT)).start()) {
            RawClient caller = opened(proxy);

            assertThat(caller.readUntilClose()).startsWith("x");
            caller.close();
            proxy.awaitResidue(NOTHING);
        }
    }

    @Test
    void endsTunnelsWhenTheGraceOfAShutdownIsOver() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    accept(x);
                    assertThat(x.awaitClosed(PATIENCE)).isTrue();
                });
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = opened(proxy);

            assertThat(proxy.stop(SHORT)).as("quiet").isFalse();

            assertThat(caller.awaitClosed(PATIENCE)).isTrue();
            assertThat(a.awaitClosed(1, PATIENCE)).isTrue();
        }
    }

    // Whom it lets in

    @Test
    void holdsAPlaceAmongTheConcurrentCallsForAsLongAsItIsOpen() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    accept(x);
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = before(a).limits(streams(PATIENCE, PATIENCE)).start()) {
            RawClient first = opened(proxy);
            assertThat(open(proxy, PATH).readHead().status()).isEqualTo(503);
            first.close();
            proxy.awaitResidue(NOTHING);
            opened(proxy);
        }
        Allowance one = new Allowance(1, Allowance.MINUTE_NANOS, 0, 0, 0, 0);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    accept(x);
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = before(a).allowance(one).start()) {
            RawClient caller = open(proxy, PATH);
            assertThat(caller.readHead().header("x-ratelimit-remaining-requests"))
                    .isEqualTo("0");
            assertThat(open(proxy, PATH).readHead().status()).isEqualTo(429);
        }
    }

    @Test
    void refusesWhatItWouldHaveToGuess() throws Exception {
        AuthSettings restricted = new AuthSettings(List.of(new ApiKeySettings("tester",
                ProxyUnderTest.Builder.hash(CALLER_KEY), List.of("model-a"))), false);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> accept(x));
                ProxyUnderTest proxy = before(a).auth(restricted).start()) {
            assertThat(proxy.connect().get(PATH, UPGRADE).readHead().status()).isEqualTo(401);
            assertThat(proxy.connect().get(PATH, "authorization: Bearer " + CALLER_KEY)
                    .readHead().status()).isEqualTo(400);
            assertThat(open(proxy, "/v1/realtime").readHead().status()).isEqualTo(403);
            assertThat(open(proxy, "/v1/realtime?model=other").readHead().status())
                    .isEqualTo(403);
            assertThat(open(proxy, PATH + "&mode%6C=other").readHead().status()).isEqualTo(400);
            assertThat(open(proxy, PATH + "&model=%zz").readHead().status()).isEqualTo(400);
            assertThat(open(proxy, PATH, "sec-websocket-protocol: openai-insecure-api-key."
                    + CALLER_KEY).readHead().status()).isEqualTo(400);
            assertThat(open(proxy, PATH, "sec-websocket-protocol: realtime, "
                    + "OpenAI-Organization.org-1").readHead().status())
                    .as("whose fields don't go up either").isEqualTo(400);
            assertThat(open(proxy, PATH, "content-length: 1").readHead().status())
                    .isEqualTo(400);
            assertThat(a.opened()).isZero();
        }
    }

    @Test
    void passesOnAnAnswerThatIsNoTunnel() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(404, "content-length: 2").write("no").flush();
                });
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = open(proxy, PATH);
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(404);
            assertThat(caller.readBody(head)).isEqualTo("no");
            caller.get("/health");
            assertThat(caller.readHead().status()).isEqualTo(200);
            assertThat(a.awaitClosed(1, PATIENCE)).as("never used again").isTrue();
        }
    }

    @Test
    void passesNothingOnAsATunnelThatIsNone() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n"
                            + "Connection: Upgrade\r\n\r\n").awaitClosed(PATIENCE);
                }, x -> {
                    x.readRequest();
                    x.write("HTTP/1.1 101 Switching Protocols\r\n\r\n").awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = before(a).start()) {
            for (int i = 0; i < 2; i++) {
                RawClient.Head head = open(proxy, PATH).readHead();
                assertThat(head.status()).isEqualTo(502);
                assertThat(head.header("x-penstock-attempts"))
                        .isEqualTo("a/model-a=bad_response");
            }
        }
    }

    @Test
    void passesOnWhatTheCallerSentAheadOfTheAnswer() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    accept(x);
                    x.write(x.readBytes(5)).flush();
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = before(a).start()) {
            StringBuilder request = new StringBuilder("GET " + PATH + " HTTP/1.1\r\nhost: x\r\n"
                    + "authorization: Bearer " + CALLER_KEY + "\r\n");
            for (String field : UPGRADE) {
                request.append(field).append("\r\n");
            }
            RawClient caller = proxy.connect().send(request + "\r\nhello");
            assertThat(caller.readHead().status()).isEqualTo(101);
            assertThat(new String(caller.readBytes(5), StandardCharsets.US_ASCII))
                    .isEqualTo("hello");
        }
    }

    @Test
    void goesOnToTheNextTargetBeforeTheTunnelIsOpen() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(503, "content-length: 2").write("no").flush();
                });
                ScriptedUpstream b = ScriptedUpstream.start(x -> {
                    accept(x);
                    x.write(x.readBytes(4)).flush();
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = before(a).provider("b", b.url()).start()) {
            RawClient caller = open(proxy, "/v1/realtime?model=smart");
            assertThat(caller.readHead().header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=503, b/model-b=101");
            caller.send("echo");
            assertThat(new String(caller.readBytes(4), StandardCharsets.US_ASCII))
                    .isEqualTo("echo");
        }
    }

    @Test
    void booksWhatTheRepliesInItTell() throws Exception {
        Path log = directory.resolve("access.log");
        String done = "\u0081~{\"type\":\"response.done\",\"response\":{\"usage\":{"
                + "\"total_tokens\":253,\"input_tokens\":132,\"output_tokens\":121}}}";
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    accept(x);
                    x.write(done).flush();
                    x.write(done).closeFin();
                });
                ProxyUnderTest proxy = before(a).accessLog(log).start()) {
            RawClient caller = opened(proxy);
            caller.readUntilClose();
            caller.close();
            proxy.awaitQuiet();
            proxy.stop(Duration.ZERO);
        }
        assertThat(Files.readString(log)).contains("\"prompt_tokens\":264")
                .contains("\"completion_tokens\":242");
    }

    @Test
    void endsATunnelWhoseCallerHasSpentItsBudget() throws Exception {
        String usage = "{\"usage\":{\"input_tokens\":132,\"output_tokens\":121}}";
        String done = "\u0001" + (char) usage.length() + usage;
        Allowance little = new Allowance(0, Allowance.MINUTE_NANOS, 0, 0, 400, 0);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    accept(x);
                    x.write(done).flush();
                    x.readBytes(1);
                    x.write(done).flush();
                    assertThat(x.awaitClosed(PATIENCE)).isTrue();
                });
                ProxyUnderTest proxy = before(a).allowance(little).budget(new BudgetSettings(
                        BudgetSettings.Enforce.CUT, BudgetSettings.OnStoreFailure.CONTINUE))
                        .start()) {
            RawClient caller = opened(proxy);
            caller.readBytes(done.getBytes(StandardCharsets.UTF_8).length);
            caller.send("\u0001"); // half a frame: the provider's can't be added to it

            assertThat(caller.readUntilClose()).endsWith("budget_spent");
            assertThat(open(proxy, PATH).readHead().status()).isEqualTo(429);
        }
    }

    @Test
    void countsWhatATunnelHasCostWhileItIsOpen() throws Exception {
        String done = "\u0081~{\"usage\":{\"total_tokens\":253,\"input_tokens\":132,"
                + "\"output_tokens\":121}}";
        Allowance little = new Allowance(0, Allowance.MINUTE_NANOS, 0, 0, 250, 0);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    accept(x);
                    x.write(done).flush();
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = before(a).allowance(little).start()) {
            RawClient caller = opened(proxy);
            caller.readBytes(done.getBytes(StandardCharsets.UTF_8).length);

            assertThat(open(proxy, PATH).readHead().status()).isEqualTo(429);
        }
    }
}

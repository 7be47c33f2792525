package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ProxyUnderTest.chat;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.limit.LimitSettings;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import io.penstock.upstream.LoadSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever goes, whenever: the other side hears of it, and nothing is left. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class CancellationIT {
    private static final String PATH = "/v1/chat/completions";
    private static final String NOTHING_UPSTREAM = ".* upstream_in_flight=0 .*upstream_open=0 .*";

    enum Leaving { CLOSE, RESET, HALF_CLOSE }

    @Parameter
    Transport transport;

    private static void leave(RawClient caller, Leaving how) throws IOException {
        switch (how) {
            case CLOSE -> caller.close();
            case RESET -> caller.reset();
            case HALF_CLOSE -> caller.shutdownOutput();
            default -> throw new AssertionError(how);
        }
    }

    private static void expectClose(ScriptedUpstream.Exchange x) throws IOException {
        if (!x.awaitClosed(PATIENCE)) {
            throw new AssertionError("the call was not cancelled");
        }
    }

    // The caller goes

    @ParameterizedTest
    @EnumSource
    void cancelsACallThatIsQueued(Leaving how) throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    go.await();
                    x.head(200, "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY);
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .maxConnections(1).start()) {
            RawClient first = proxy.ask(SMART, false);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();
            RawClient queued = proxy.ask(SMART, false);
            proxy.awaitResidue(".* upstream_in_flight=2 .*upstream_open=1 upstream_waiting=1 .*");

            leave(queued, how);

            proxy.awaitResidue(".* upstream_in_flight=1 .*upstream_open=1 upstream_waiting=0 .*");
            go.countDown();
            assertThat(first.readBody(first.readHead())).isEqualTo(GOOD_UNARY);
            assertThat(a.requests()).hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void cancelsACallThatIsConnecting(Leaving how) throws Exception {
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket one = new Socket();
                Socket two = new Socket();
                Socket three = new Socket();
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("a", "http://127.0.0.1:" + full.getLocalPort()).start()) {
            one.connect(full.getLocalSocketAddress());
            two.connect(full.getLocalSocketAddress());
            assumeThat(hangs(three, full)).isTrue();
            RawClient caller = proxy.ask(SMART, true);
            proxy.awaitResidue(".* upstream_in_flight=1 .*upstream_open=1 .*");

            leave(caller, how);

            proxy.awaitResidue(NOTHING_UPSTREAM);
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

    @ParameterizedTest
    @EnumSource
    void cancelsATlsHandshake(Leaving how) throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start().onConnect(x -> {
                    x.readBytes(10);
                    begun.countDown();
                    expectClose(x);
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("a", "https://127.0.0.1:" + a.port()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            assertThat(begun.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();

            leave(caller, how);

            assertThat(a.awaitClosed(1, PATIENCE)).isTrue();
            proxy.awaitResidue(NOTHING_UPSTREAM);
        }
    }

    @ParameterizedTest
    @EnumSource
    void cancelsACallThatWaitsForItsReply(Leaving how) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    expectClose(x);
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();

            leave(caller, how);

            assertThat(a.awaitClosed(1, PATIENCE)).isTrue();
            proxy.awaitResidue(NOTHING_UPSTREAM);
        }
    }

    @ParameterizedTest
    @EnumSource
    void cancelsAReplyThatIsHeld(Leaving how) throws Exception {
        CountDownLatch sent = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    Wire.sendBeginning(x, 0);
                    sent.countDown();
                    expectClose(x);
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            assertThat(sent.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();

            leave(caller, how);

            assertThat(a.awaitClosed(1, PATIENCE)).isTrue();
            proxy.awaitResidue(NOTHING_UPSTREAM);
        }
    }

    @ParameterizedTest
    @EnumSource
    void cancelsAStreamThatRuns(Leaving how) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    Wire.sendBeginning(x, 2).write("20\r\ndata: half").flush();
                    expectClose(x);
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            caller.readHead();
            caller.readChunk();

            leave(caller, how);

            assertThat(a.awaitClosed(1, PATIENCE)).isTrue();
            proxy.awaitResidue(NOTHING_UPSTREAM);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"CLOSE", "RESET"})
    void cancelsAStreamThatTheCallerStoppedReading(Leaving how) throws Exception {
        AtomicLong sent = new AtomicLong();
        try (ScriptedUpstream a = ScriptedUpstream.start(flood(sent, 1024));
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.connectSmall(4 * 1024);
            ProxyUnderTest.ask(caller, SMART, true);
            caller.readHead();
            awaitStill(sent);

            leave(caller, how);

            assertThat(a.awaitClosed(1, PATIENCE)).isTrue();
            assertThat(sent.get()).isLessThan(1024L * BLOCK.length());
            proxy.awaitResidue(NOTHING_UPSTREAM);
        }
    }

    @Test
    void forgetsARequestThatNeverEnds() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            for (String piece : List.of("POST /v1/ch", "POST " + PATH + " HTTP/1.1\r\nhost: x\r\n"
                    + "authorization: Bearer " + CALLER_KEY
                    + "\r\ncontent-length: 100\r\n\r\n{\"model\":")) {
                RawClient caller = proxy.connect().send(piece);
                proxy.awaitResidue(piece.endsWith(":") ? "concurrent=1 .*" : ".* connections=1 .*");
                caller.close();
                proxy.awaitResidue("concurrent=0 waiting=0 connections=0 .*");
            }
            assertThat(a.opened()).isZero();
        }
    }

    // Pace

    private static final String BLOCK = Wire.eventChunk("{\"choices\":[{\"delta\":{\"content\":\""
            + "z".repeat(16 * 1024) + "\"}}]}").repeat(4);

    /** Sends so many blocks, and counts their bytes. */
    private static Script flood(AtomicLong sent, int blocks) {
        return x -> {
            x.readRequest();
            x.sseHead();
            for (int i = 0; i < blocks; i++) {
                x.write(BLOCK).flush();
                sent.addAndGet(BLOCK.length());
            }
            x.event(ScriptedUpstream.goodEvents(0).get(1)).event("[DONE]").lastChunk();
        };
    }

    /** Waits until nothing more is taken: no progress over many looks in a row. */
    private static void awaitStill(AtomicLong counter) {
        long last = -1;
        int same = 0;
        while (same < 20) {
            long now = counter.get();
            same = now == last && now > 0 ? same + 1 : 0;
            last = now;
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(25));
        }
    }

    @Test
    void takesNoMoreThanTheCallerHasRoomForAndLosesNothing() throws Exception {
        int blocks = 320; // more than all socket buffers on the way can take
        long all = (long) blocks * BLOCK.length();
        AtomicLong sent = new AtomicLong();
        try (ScriptedUpstream a = ScriptedUpstream.start(flood(sent, blocks),
                        ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .gap(Duration.ofSeconds(1)).start()) {
            PooledByteBufAllocator pool = PooledByteBufAllocator.DEFAULT;
            long before = pool.pinnedDirectMemory();
            RawClient caller = proxy.connectSmall(128 * 1024);
            ProxyUnderTest.ask(caller, SMART, true);
            caller.readHead();

            for (int i = 0; i < 3; i++) {
                awaitStill(sent); // in all longer than the gap timer, which is not the caller's
            }

            // One read of 64 KiB, the 64 KiB watermark, an unfinished event of 64 KiB at most,
            // and what the allocator rounds up; the rest is in socket buffers.
            assertThat(pool.pinnedDirectMemory() - before).isLessThan(512 * 1024);
            assertThat(sent.get()).isLessThan(all);

            String data = caller.readChunked();
            assertThat(data.startsWith(Wire.dataOf(BLOCK).repeat(blocks))).isTrue();

            // The connection was paused at times; it has to serve the next call all the same.
            ProxyUnderTest.ask(caller, SMART, false);
            RawClient.Head head = caller.readHead();
            assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
            assertThat(a.opened()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {60, 64, 65, 100, 128, 500, 8000})
    void returnsNoPausedConnectionToThePool(int kibibytes) throws Exception {
        String body = "{\"choices\":[{\"text\":\"" + "x".repeat(kibibytes * 1024) + "\"}]}";
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "content-length: " + body.length()).write(body).flush();
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .maxConnections(1).start()) {
            RawClient slow = proxy.connectSmall(128 * 1024);
            for (int i = 0; i < 2; i++) {
                ProxyUnderTest.ask(slow, SMART, false);
                RawClient quick = proxy.ask(SMART, false);
                RawClient.Head head = slow.readHead();
                assertThat(slow.readBody(head).equals(body)).isTrue();
                assertThat(quick.readBody(quick.readHead()).equals(body)).isTrue();
            }
            assertThat(a.opened()).isEqualTo(1);
        }
    }

    // Connections to providers

    @Test
    void hidesThatARestingConnectionWasClosed() throws Exception {
        Script closes = x -> {
            x.readRequest();
            x.closeFin();
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary(), closes,
                        ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.connect();
            for (int i = 0; i < 2; i++) {
                ProxyUnderTest.ask(caller, SMART, false);
                RawClient.Head head = caller.readHead();
                assertThat(head.header("x-penstock-attempts")).isEqualTo("a/model-a=200");
                assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
            }
            assertThat(a.requests()).hasSize(3);
            assertThat(a.opened()).isEqualTo(2);
        }
    }

    @Test
    void noticesThatARestingConnectionWasClosed() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY)
                            .closeFin();
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.connect();
            for (int i = 1; i <= 3; i++) {
                ProxyUnderTest.ask(caller, SMART, false);
                RawClient.Head head = caller.readHead();
                assertThat(head.header("x-penstock-attempts")).isEqualTo("a/model-a=200");
                assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
                assertThat(a.awaitClosed(i, PATIENCE)).isTrue();
                proxy.awaitResidue(".* upstream_open=0 .*");
            }
            assertThat(a.requests()).hasSize(3);
        }
    }

    @Test
    void boundsConnectionsAndWhoWaitsForThem() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    go.await();
                    x.head(200, "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY);
                });
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .maxConnections(2).load(new LoadSettings(null, 2, PATIENCE.multipliedBy(2),
                                false, 1)).provider("b", b.url()).start()) {
            List<RawClient> callers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                callers.add(proxy.ask("model-a", false));
            }
            proxy.awaitResidue(".* upstream_in_flight=4 .*upstream_open=2 upstream_waiting=2 .*");

            RawClient hidden = proxy.ask(SMART, false);
            assertThat(hidden.readHead().header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=saturated, b/model-b=200");
            RawClient refused = proxy.ask("model-a", false);
            RawClient.Head head = refused.readHead();
            assertThat(head.status()).isEqualTo(503);
            assertThat(head.header("retry-after")).isEqualTo("1");
            assertThat(refused.readBody(head)).contains("\"code\":\"overloaded\"");

            go.countDown();
            for (RawClient caller : callers) {
                assertThat(caller.readBody(caller.readHead())).isEqualTo(GOOD_UNARY);
            }
            assertThat(a.opened()).isEqualTo(2);
        }
    }

    @Test
    void bringsWaitersThroughWhenConnectionsDie() throws Exception {
        int calls = 8;
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "connection: close", "content-length: " + GOOD_UNARY.length())
                            .write(GOOD_UNARY).flush();
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .maxConnections(calls / 2).start()) {
            List<RawClient> callers = new ArrayList<>();
            for (int i = 0; i < calls; i++) {
                callers.add(proxy.ask(SMART, false));
            }
            for (RawClient caller : callers) {
                RawClient.Head head = caller.readHead();
                assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
            }
            assertThat(a.opened()).isEqualTo(calls);
        }
    }

    // Large requests

    @Test
    void sendsALongPromptWholeAndAgain() throws Exception {
        String json = "{\"pad\":\"" + "p".repeat(30 * 1024 * 1024) + "\",\"model\":\"smart\"}";
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(503, "content-length: 0").flush();
                });
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.connect();
            ProxyUnderTest.askWith(caller, json);
            assertThat(caller.readHead().status()).isEqualTo(200);

            assertThat(a.requests().get(0).text().equals(json.replace("smart", "model-a")))
                    .isTrue();
            assertThat(b.requests().get(0).text().equals(json.replace("smart", "model-b")))
                    .isTrue();
        }
    }

    @Test
    void goesOnWhenAProviderAnswersBeforeItHasReadThePrompt() throws Exception {
        String json = "{\"pad\":\"" + "p".repeat(20 * 1024 * 1024) + "\",\"model\":\"smart\"}";
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readBytes(1000);
                    x.head(503, "content-length: 0").flush();
                    expectClose(x);
                });
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.connect();
            ProxyUnderTest.askWith(caller, json);

            assertThat(caller.readHead().header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=503, b/model-b=200");
            assertThat(a.awaitClosed(1, PATIENCE)).isTrue();
        }
    }

    private ProxyUnderTest smallBodies(ScriptedUpstream a) throws Exception {
        return ProxyUnderTest.on(transport).provider("a", a.url())
                .limits(new LimitSettings(null, 10, 64 * 1024, 32 * 1024, 100, null)).start();
    }

    @Test
    void refusesATooLongBodyByItsLengthAlone() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = smallBodies(a)) {
            RawClient caller = proxy.connect();
            for (int length : new int[] {64 * 1024 + 1, 100_000_000}) {
                caller.send("POST " + PATH + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer "
                        + CALLER_KEY + (length < 100_000 ? "" : "\r\nexpect: 100-continue")
                        + "\r\ncontent-length: " + length + "\r\n\r\n");
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(413);
                assertThat(caller.readBody(head)).contains("\"code\":\"request_too_large\"");
                if (length < 100_000) {
                    assertThat(head.header("connection")).isNull();
                    caller.send("x".repeat(length)); // on its way already, for all we know
                    ProxyUnderTest.ask(caller, SMART, false);
                    head = caller.readHead();
                    assertThat(head.status()).isEqualTo(200);
                    caller.readBody(head);
                } else {
                    assertThat(head.header("connection")).isEqualTo("close");
                }
            }
            assertThat(caller.awaitClosed(PATIENCE)).isTrue();
            assertThat(a.requests()).hasSize(1);
        }
    }

    @Test
    void refusesATooLongBodyOfChunks() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = smallBodies(a)) {
            RawClient caller = proxy.connect().send("POST " + PATH + " HTTP/1.1\r\nhost: x\r\n"
                    + "authorization: Bearer " + CALLER_KEY
                    + "\r\ntransfer-encoding: chunked\r\n\r\n"
                    + Wire.chunk("{\"pad\":\"" + "x".repeat(30_000))
                    + Wire.chunk("y".repeat(40_000)));
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(413);
            assertThat(head.header("connection")).isEqualTo("close");
            assertThat(caller.readBody(head)).contains("request_too_large");
            assertThat(a.opened()).isZero();
        }
    }

    @Test
    void takesABodyOfExactlyTheLimit() throws Exception {
        String json = chat("model-a", false);
        String padded = json + " ".repeat(64 * 1024 - json.length());
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = smallBodies(a)) {
            RawClient caller = proxy.connect();
            ProxyUnderTest.askWith(caller, padded);

            assertThat(caller.readHead().status()).isEqualTo(200);
            assertThat(a.requests().get(0).text()).isEqualTo(padded);
        }
    }

    @Test
    void refusesABodyThatItCannotDecompress() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = smallBodies(a)) {
            RawClient caller = proxy.connect();
            ProxyUnderTest.askWith(caller, "\u001f", "content-encoding: br");

            assertThat(caller.readHead().status()).isEqualTo(415);
            assertThat(a.opened()).isZero();
        }
    }

    @Test
    void letsACallerReadTheRefusalWhileItStillSends() throws Exception {
        byte[] piece = "z".repeat(64 * 1024).getBytes(StandardCharsets.US_ASCII);
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = smallBodies(a)) {
            RawClient caller = proxy.connect().send("POST " + PATH + " HTTP/1.1\r\nhost: x\r\n"
                    + "authorization: Bearer wrong\r\ncontent-length: 10000000\r\n\r\n");
            for (int i = 0; i < 3; i++) {
                caller.send(piece);
            }
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(401);
            assertThat(caller.readBody(head)).contains("invalid_api_key");
        }
    }
}

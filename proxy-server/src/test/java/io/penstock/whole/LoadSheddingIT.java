package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SHORT;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static io.penstock.testing.ScriptedUpstream.goodStream;
import static io.penstock.testing.ScriptedUpstream.goodUnary;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.exchange.call.RetrySettings;
import io.penstock.limit.LimitSettings;
import io.penstock.limit.QueueSettings;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import io.penstock.upstream.LoadSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A provider gets no more at once than it may; what can't wait goes elsewhere, or is told so. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class LoadSheddingIT {
    private static final Duration LONG = PATIENCE.multipliedBy(2);
    private static final LoadSettings ONE = new LoadSettings(1, 100, LONG, false, 1);
    private static final LoadSettings ONE_AND_NONE_WAITING = new LoadSettings(1, 0, LONG, false, 1);
    private static final LoadSettings ONE_AND_SHORT_WAITS =
            new LoadSettings(1, 100, SHORT, false, 1);

    @Parameter
    Transport transport;

    /** Answers when it is let. */
    private static Script gated(Semaphore gate) {
        return x -> {
            x.readRequest();
            gate.acquire();
            x.head(200, "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY).flush();
        };
    }

    private ProxyUnderTest.Builder before(ScriptedUpstream a, LoadSettings load) {
        return ProxyUnderTest.on(transport).provider("a", a.url()).load(load);
    }

    private static void expectGood(RawClient caller) throws IOException {
        RawClient.Head head = caller.readHead();
        assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
        assertThat(head.status()).isEqualTo(200);
    }

    private static String expectOverloaded(RawClient caller) throws IOException {
        RawClient.Head head = caller.readHead();
        String body = caller.readBody(head);
        assertThat(head.status()).isEqualTo(503);
        assertThat(head.header("retry-after")).isEqualTo("1");
        assertThat(body).contains("\"code\":\"overloaded\"");
        return head.header("server-timing");
    }

    private static double phase(String timing, String name) {
        return Double.parseDouble(timing.replaceAll(".*\\b" + name + ";dur=([0-9.]+).*", "$1"));
    }

    // Waiting

    @Test
    void servesCallsInTheOrderInWhichTheyCame() throws Exception {
        Semaphore gate = new Semaphore(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(gated(gate));
                ProxyUnderTest proxy = before(a, ONE).start()) {
            List<RawClient> callers = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                callers.add(ProxyUnderTest.askWith(proxy.connect(),
                        "{\"model\":\"model-a\",\"n\":" + (i + 1) + "}"));
                proxy.awaitResidue(".* upstream_waiting=" + i + " upstream_slots=1 .*");
            }
            for (int i = 0; i < 5; i++) {
                gate.release();
                expectGood(callers.get(i));
                assertThat(a.requests().get(i).text()).contains("\"n\":" + (i + 1));
            }
            assertThat(a.opened()).isEqualTo(1);
        }
    }

    @Test
    void tellsWhoWaitedInVain() throws Exception {
        Semaphore gate = new Semaphore(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(gated(gate));
                ProxyUnderTest proxy = before(a, ONE_AND_SHORT_WAITS).start()) {
            RawClient first = proxy.ask("model-a", false);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();

            String timing = expectOverloaded(proxy.ask("model-a", false));

            assertThat(phase(timing, "queue")).isGreaterThanOrEqualTo(SHORT.toMillis() - 1);
            gate.release();
            expectGood(first);
            assertThat(a.requests()).hasSize(1);
        }
    }

    @Test
    void goesToTheNextTargetAtOnceWhereNobodyMayWait() throws Exception {
        Semaphore gate = new Semaphore(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(gated(gate));
                ScriptedUpstream b = ScriptedUpstream.start(goodUnary());
                ProxyUnderTest proxy = before(a, ONE_AND_NONE_WAITING).provider("b", b.url())
                        .retry(new RetrySettings(1, 0, Duration.ZERO, 0)).start()) {
            RawClient first = proxy.ask(SMART, false);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();

            RawClient second = proxy.ask(SMART, false);
            RawClient.Head head = second.readHead();
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=saturated, b/model-b=200");
            assertThat(second.readBody(head)).isEqualTo(GOOD_UNARY);
            expectOverloaded(proxy.ask("model-a", false));

            gate.release();
            expectGood(first);
        }
    }

    @Test
    void goesToTheNextTargetWhenTheTimeToWaitIsUp() throws Exception {
        Semaphore gate = new Semaphore(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(gated(gate));
                ScriptedUpstream b = ScriptedUpstream.start(goodStream(1));
                ProxyUnderTest proxy = before(a, ONE_AND_SHORT_WAITS).provider("b", b.url())
                        .start()) {
            RawClient first = proxy.ask("model-a", false);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();

            RawClient second = proxy.ask(SMART, true);
            RawClient.Head head = second.readHead();
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=saturated, b/model-b=200");
            assertThat(second.readRawChunked()).isEqualTo(Wire.goodStream(1));
            assertThat(phase(head.header("server-timing"), "queue"))
                    .isGreaterThanOrEqualTo(SHORT.toMillis() - 1);

            gate.release();
            expectGood(first);
        }
    }

    @Test
    void waitsForNoLongerThanTheCallItself() throws Exception {
        Semaphore gate = new Semaphore(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(gated(gate));
                ProxyUnderTest proxy = before(a, ONE).start()) {
            RawClient first = proxy.ask("model-a", false);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();

            RawClient second = ProxyUnderTest.askWith(proxy.connect(),
                    ProxyUnderTest.chat("model-a", false), "x-penstock-timeout: 200ms");
            RawClient.Head head = second.readHead();
            assertThat(head.status()).isEqualTo(504);
            assertThat(second.readBody(head)).contains("total_timeout");
            proxy.awaitResidue(".* upstream_waiting=0 upstream_slots=1 .*");

            gate.release();
            expectGood(first);
        }
    }

    @Test
    void boundsCallsOfAllEventLoopsTogether() throws Exception {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    most.accumulateAndGet(running.incrementAndGet(), Math::max);
                    x.pause(Duration.ofMillis(5));
                    running.decrementAndGet();
                    x.head(200, "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY)
                            .flush();
                });
                ProxyUnderTest proxy = before(a, new LoadSettings(2, 100, LONG, false, 1))
                        .threads(4).start()) {
            List<RawClient> callers = new ArrayList<>();
            for (int i = 0; i < 24; i++) {
                callers.add(proxy.ask("model-a", false));
            }
            for (RawClient caller : callers) {
                expectGood(caller);
            }
            assertThat(most.get()).isBetween(1, 2);
        }
    }

    // Slots come back

    /** One way in which a call ends. */
    record Ending(String name, boolean stream, Script script, boolean callerLeaves) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Ending> endings() {
        Script silent = x -> {
            x.readRequest();
            x.awaitClosed(PATIENCE);
        };
        return Stream.of(
                new Ending("a good reply", false, goodUnary(), false),
                new Ending("a good stream", true, goodStream(3), false),
                new Ending("an error", false, x -> {
                    x.readRequest();
                    x.head(500, "content-length: 2").write("{}").flush();
                }, false),
                new Ending("the caller's own mistake", false, x -> {
                    x.readRequest();
                    x.head(400, "content-length: 2").write("{}").flush();
                }, false),
                new Ending("a reset", false, x -> {
                    x.readRequest();
                    x.reset();
                }, false),
                new Ending("no HTTP", false, x -> {
                    x.readRequest();
                    x.write("nonsense\r\n\r\n").closeFin();
                }, false),
                new Ending("a stream that breaks off", true, x -> {
                    x.readRequest();
                    Wire.sendBeginning(x, 2).reset();
                }, false),
                new Ending("a stream that opens with an error", true, x -> {
                    x.readRequest();
                    x.sseHead().event("{\"error\":{\"message\":\"no\"}}").lastChunk();
                }, false),
                new Ending("a caller that leaves before the head", false, silent, true),
                new Ending("a caller that leaves while the reply is held", true, x -> {
                    x.readRequest();
                    Wire.sendBeginning(x, 0).awaitClosed(PATIENCE);
                }, true),
                new Ending("a caller that leaves a running stream", true, x -> {
                    x.readRequest();
                    Wire.sendBeginning(x, 2).awaitClosed(PATIENCE);
                }, true));
    }

    @ParameterizedTest
    @MethodSource("endings")
    void givesTheSlotBackWhateverEndsTheCall(Ending ending) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ending.script(), goodUnary());
                ProxyUnderTest proxy = before(a, ONE_AND_NONE_WAITING)
                        .retry(new RetrySettings(1, 0, Duration.ZERO, 0)).start()) {
            RawClient caller = proxy.ask("model-a", ending.stream());
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();
            if (ending.callerLeaves()) {
                caller.reset();
            }
            proxy.awaitResidue(".* upstream_slots=0 .*");

            expectGood(proxy.ask("model-a", false));
        }
    }

    @Test
    void givesTheSlotBackWhenNoConnectionCanBeMade() throws Exception {
        int port;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }
        try (ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                .provider("a", "http://127.0.0.1:" + port).load(ONE_AND_NONE_WAITING).start()) {
            for (int i = 0; i < 3; i++) {
                assertThat(proxy.ask("model-a", false).readHead().header("x-penstock-attempts"))
                        .isEqualTo("a/model-a=connect_failed");
            }
            proxy.awaitResidue(".* upstream_slots=0 .*");
        }
    }

    @Test
    void keepsTheSlotForACallThatCrossedTheCloseOfItsConnection() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary(), x -> {
                    x.readRequest();
                    x.closeFin();
                }, goodUnary());
                ProxyUnderTest proxy = before(a, ONE_AND_NONE_WAITING).start()) {
            RawClient caller = proxy.connect();
            expectGood(ProxyUnderTest.ask(caller, "model-a", false));

            ProxyUnderTest.ask(caller, "model-a", false);
            RawClient.Head head = caller.readHead();
            assertThat(head.header("x-penstock-attempts")).isEqualTo("a/model-a=200");
            assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
        }
    }

    @Test
    void forgetsACallerWhoLeavesWhileItWaits() throws Exception {
        Semaphore gate = new Semaphore(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(gated(gate));
                ProxyUnderTest proxy = before(a, ONE).start()) {
            RawClient first = proxy.ask("model-a", false);
            RawClient leaving = proxy.ask("model-a", false);
            proxy.awaitResidue(".* upstream_waiting=1 upstream_slots=1 .*");
            RawClient third = proxy.ask("model-a", false);
            proxy.awaitResidue(".* upstream_waiting=2 upstream_slots=1 .*");

            leaving.reset();
            proxy.awaitResidue(".* upstream_waiting=1 upstream_slots=1 .*");

            gate.release(2);
            expectGood(first);
            expectGood(third);
            assertThat(a.requests()).hasSize(2);
        }
    }

    @Test
    void servesThoseWhoWaitedOverAReload() throws Exception {
        Semaphore gate = new Semaphore(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(gated(gate));
                ProxyUnderTest proxy = before(a, ONE).start()) {
            RawClient first = proxy.ask("model-a", false);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();
            RawClient second = proxy.ask("model-a", false);
            proxy.awaitResidue(".* upstream_waiting=1 .*");

            proxy.prepareReload(before(a, new LoadSettings(3, 100, LONG, false, 1)));
            assertThat(proxy.server().reload()).isEmpty();
            RawClient third = proxy.ask("model-a", false);
            assertThat(a.awaitRequests(2, PATIENCE)).isTrue(); // by its own, higher limit

            gate.release(3);
            expectGood(first);
            expectGood(second);
            expectGood(third);
        }
    }

    @Test
    void tellsThoseWhoWaitThatTheProxyStops() throws Exception {
        Semaphore gate = new Semaphore(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(gated(gate));
                ProxyUnderTest proxy = before(a, ONE).start()) {
            RawClient first = proxy.ask("model-a", false);
            RawClient second = proxy.ask("model-a", false);
            proxy.awaitResidue(".* upstream_waiting=1 upstream_slots=1 .*");

            assertThat(proxy.stop(Duration.ZERO)).isFalse();

            for (RawClient caller : List.of(first, second)) {
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(503);
                assertThat(caller.readBody(head)).contains("shutting down");
            }
        }
    }

    // A limit that moves

    @Test
    void lowersAnAdaptiveLimitWhenTheProviderHasTooMuchToDo() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(529, "content-length: 2").write("{}").flush();
                });
                ProxyUnderTest proxy = before(a, new LoadSettings(100, 0, LONG, true, 2))
                        .start()) {
            assertThat(limitShown(proxy)).isEqualTo("20");
            proxy.ask("model-a", false).readHead();
            assertThat(limitShown(proxy)).isEqualTo("18");
        }
    }

    private static String limitShown(ProxyUnderTest proxy) throws IOException {
        RawClient admin = proxy.connectAdmin().get("/providers");
        return admin.readBody(admin.readHead())
                .replaceAll(".*\"waiting\":0,\"concurrency_limit\":([0-9]+).*", "$1");
    }

    // All exchanges together

    private static LimitSettings all(int concurrent, int waiting, Duration time) {
        LimitSettings limits = LimitSettings.DEFAULT;
        return new LimitSettings(null, concurrent, limits.bodyBytes(), limits.headerBytes(),
                limits.connections(), null, new QueueSettings(waiting, time),
                limits.streams());
    }

    @Test
    void letsExchangesWaitForTheirTurnAndReadsTheirBodiesMeanwhile() throws Exception {
        Semaphore gate = new Semaphore(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(gated(gate));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .limits(all(1, 2, LONG)).start()) {
            RawClient first = proxy.ask("model-a", false);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();
            RawClient second = proxy.ask("model-a", false);
            proxy.awaitResidue("concurrent=1 waiting=1 .*");
            String body = ProxyUnderTest.chat("model-a", false);
            RawClient third = proxy.connect().send("POST /v1/chat/completions HTTP/1.1\r\n"
                    + "host: a\r\nauthorization: Bearer " + CALLER_KEY + "\r\ncontent-length: "
                    + body.length() + "\r\n\r\n" + body.substring(0, 10));
            proxy.awaitResidue("concurrent=1 waiting=2 .*");
            expectOverloaded(proxy.ask("model-a", false));

            gate.release(2);
            expectGood(first);
            RawClient.Head head = second.readHead();
            assertThat(phase(head.header("server-timing"), "queue")).isPositive();
            assertThat(second.readBody(head)).isEqualTo(GOOD_UNARY);
            proxy.awaitResidue("concurrent=1 waiting=0 .*"); // its turn has come, its body hasn't
            gate.release();
            third.send(body.substring(10));
            expectGood(third);
        }
    }

    @Test
    void tellsExchangesThatTheirTurnDidNotComeInTime() throws Exception {
        Semaphore gate = new Semaphore(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(gated(gate));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .limits(all(1, 2, SHORT)).start()) {
            RawClient first = proxy.ask("model-a", false);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();

            assertThat(phase(expectOverloaded(proxy.ask("model-a", false)), "queue"))
                    .isPositive();
            RawClient half = proxy.connect().send("POST /v1/chat/completions HTTP/1.1\r\n"
                    + "host: a\r\nauthorization: Bearer " + CALLER_KEY
                    + "\r\ncontent-length: 100\r\n\r\n{");
            expectOverloaded(half);

            gate.release();
            expectGood(first);
        }
    }

    @Test
    void letsNoExchangeWaitBeyondItsCallersOwnTime() throws Exception {
        Semaphore gate = new Semaphore(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(gated(gate));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .limits(all(1, 2, LONG)).start()) {
            RawClient first = proxy.ask("model-a", false);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();

            expectOverloaded(ProxyUnderTest.askWith(proxy.connect(),
                    ProxyUnderTest.chat("model-a", false), "x-penstock-timeout: 100ms"));

            gate.release();
            expectGood(first);
        }
    }

    @Test
    void forgetsAnExchangeThatEndsBeforeItsTurn() throws Exception {
        Semaphore gate = new Semaphore(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(gated(gate));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .limits(all(1, 2, LONG)).start()) {
            RawClient first = proxy.ask("model-a", false);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();

            RawClient leaving = proxy.ask("model-a", false);
            proxy.awaitResidue("concurrent=1 waiting=1 .*");
            leaving.reset();
            proxy.awaitResidue("concurrent=1 waiting=0 .*");
            RawClient mistaken = ProxyUnderTest.askWith(proxy.connect(), "[]");
            assertThat(mistaken.readHead().status()).isEqualTo(400);
            proxy.awaitResidue("concurrent=1 waiting=0 .*");

            gate.release();
            expectGood(first);
        }
    }
}

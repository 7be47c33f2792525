package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SAME;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.penstock.admin.AdminSettings;
import io.penstock.config.Settings;
import io.penstock.limit.LimitSettings;
import io.penstock.listen.ListenSettings;
import io.penstock.loop.Transport;
import io.penstock.mock.Fault;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.server.Penstock;
import io.penstock.server.StartException;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Starting, reloading, draining, and many callers at once. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class LifecycleIT {
    @Parameter
    Transport transport;

    private final CountDownLatch go = new CountDownLatch(1);

    /** A good stream of three events that stands still after the second until it may go on. */
    private Script halting() {
        String all = Wire.goodStream(3);
        String first = Wire.beginning(2);
        return x -> {
            x.readRequest();
            x.sseHead().write(first).flush();
            go.await();
            x.write(all.substring(first.length()));
        };
    }

    private RawClient beginStream(ProxyUnderTest proxy, String model) throws IOException {
        RawClient caller = proxy.ask(model, true);
        assertThat(caller.readHead().status()).isEqualTo(200);
        assertThat(caller.readRawChunk()).isEqualTo(Wire.beginning(0));
        return caller;
    }

    private void endStream(RawClient caller) throws IOException {
        go.countDown();
        assertThat(Wire.dataOf(Wire.beginning(0)) + caller.readChunked())
                    .isEqualTo(Wire.dataOf(Wire.goodStream(3)));
    }

    // The end

    @Test
    void drainsWithoutCuttingAnybodyShort() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(halting());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).threads(2)
                        .provider("a", a.url()).start()) {
            int port = proxy.port();
            RawClient idle = proxy.connect().get("/health/ready");
            RawClient.Head ready = idle.readHead();
            assertThat(ready.status()).isEqualTo(200);
            idle.readBody(ready);
            RawClient caller = beginStream(proxy, SMART);

            CompletableFuture<Boolean> stopping =
                    CompletableFuture.supplyAsync(() -> proxy.stop(PATIENCE.multipliedBy(2)));

            assertThat(idle.awaitClosed(PATIENCE)).as("an idle connection closes").isTrue();
            ProxyUnderTest.await("no connection is accepted", () -> isRefused(port));
            RawClient admin = proxy.connectAdmin().get("/health/ready");
            RawClient.Head head = admin.readHead();
            assertThat(head.status()).isEqualTo(503);
            assertThat(admin.readBody(head)).contains("\"status\":\"draining\"");
            assertThat(stopping).isNotDone();

            endStream(caller);

            assertThat(stopping.get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as("nothing had to be cut").isTrue();
            assertThat(caller.awaitClosed(PATIENCE)).isTrue();
        }
    }

    private static boolean isRefused(int port) {
        try (RawClient late = RawClient.connect(port)) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    @Test
    void closesAConnectionWhoseNextAnswerComesWhileDraining() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    asked.countDown();
                    go.await();
                    x.head(200, "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY);
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient idle = proxy.connect().get("/health");
            idle.readBody(idle.readHead());
            RawClient caller = proxy.ask(SMART, false);
            asked.await();
            CompletableFuture<Boolean> stopping =
                    CompletableFuture.supplyAsync(() -> proxy.stop(PATIENCE.multipliedBy(2)));
            assertThat(idle.awaitClosed(PATIENCE)).isTrue();

            go.countDown();

            RawClient.Head head = caller.readHead();
            assertThat(head.header("connection")).isEqualTo("close");
            assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
            assertThat(stopping.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void cutsWhatOutlastsTheGrace() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    Wire.sendBeginning(x, 2).awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = beginStream(proxy, SMART);

            assertThat(proxy.stop(Duration.ofMillis(50))).isFalse();

            assertThat(caller.awaitClosed(PATIENCE)).isTrue();
            assertThat(a.awaitClosed(1, PATIENCE)).isTrue();
        }
    }

    /** Nobody is left to guess whether the model had finished. */
    @Test
    void tellsWhomItCutsThatItStops() throws Exception {
        Script begins = x -> {
            x.readRequest();
            Wire.sendBeginning(x, 2).awaitClosed(PATIENCE);
        };
        Script isSilent = x -> {
            x.readRequest();
            x.awaitClosed(PATIENCE);
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(begins, isSilent);
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient streaming = beginStream(proxy, SMART);
            RawClient waiting = proxy.ask(SMART, false);
            assertThat(a.awaitRequests(2, PATIENCE)).isTrue();

            assertThat(proxy.stop(Duration.ZERO)).isFalse();

            String cut = streaming.readUntilClose();
            Wire.assertCut(cut, Wire.dataOf(Wire.beginning(2)).substring(
                    Wire.dataOf(Wire.beginning(0)).length()), "overloaded", "shutdown");
            assertThat(cut).contains("shutting down").doesNotContain("[DONE]");
            RawClient.Head head = waiting.readHead();
            assertThat(head.status()).isEqualTo(503);
            assertThat(waiting.readBody(head)).contains("\"code\":\"overloaded\"")
                    .contains("shutting down");
        }
    }

    @Test
    void stopsOnceHoweverOftenItIsTold() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .start()) {
            assertThat(proxy.stop(ProxyUnderTest.PATIENCE)).isTrue();
            assertThat(proxy.server().stop(ProxyUnderTest.PATIENCE)).isTrue();
        }
    }

    @Test
    void tellsTheProcessThatADrainWasAskedFor() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            proxy.server().onDrainAsked(asked::countDown);
            RawClient admin = proxy.connectAdmin().send(
                    "POST /admin/drain HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");

            RawClient.Head head = admin.readHead();
            assertThat(head.status()).isEqualTo(202);
            admin.readBody(head);
            assertThat(asked.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            admin.get("/health/ready");
            assertThat(admin.readHead().status()).isEqualTo(503);
        }
    }

    /** A page whose owner points a name of theirs at this machine reads nothing. */
    @ParameterizedTest
    @CsvSource({"127.0.0.1:9091, 200", "[::1]:9091, 200", "localhost, 200", "penstock:9091, 200",
        "host.docker.internal:9091, 200", "evil.example:9091, 403", "127.0.0.1.evil.example, 403"})
    void answersToLocalNamesOnlyOnAnAdminPortWithoutToken(String host, int status)
            throws Exception {
        try (ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", "http://127.0.0.1:1")
                .start()) {
            RawClient admin = proxy.connectAdmin()
                    .send("GET /providers HTTP/1.1\r\nhost: " + host + "\r\n\r\n");

            assertThat(admin.readHead().status()).isEqualTo(status);
        }
    }

    @Test
    void answersEveryConnectionOfTheAdminPort() throws Exception {
        try (ProxyUnderTest proxy = ProxyUnderTest.on(transport).threads(3)
                .provider("a", "http://127.0.0.1:1").start()) {
            for (int i = 0; i < 6; i++) {
                RawClient admin = proxy.connectAdmin().get("/health");
                RawClient.Head head = admin.readHead();
                assertThat(head.status()).isEqualTo(200);
                assertThat(admin.readBody(head)).contains("uptime_seconds");
            }
        }
    }

    // Reload

    private static RawClient.Head reload(ProxyUnderTest proxy) throws IOException {
        RawClient admin = proxy.connectAdmin().send(
                "POST /admin/reload HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
        RawClient.Head head = admin.readHead();
        String body = admin.readBody(head);
        assertThat(body).startsWith("{\"reloaded\":" + (head.status() == 200));
        return head;
    }

    @Test
    void swapsProvidersAtomicallyAndTouchesNoOpenStream() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(halting());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).threads(2)
                        .provider("a", a.url()).start()) {
            RawClient caller = beginStream(proxy, SAME);
            proxy.prepareReload(ProxyUnderTest.on(transport).provider("b", b.url()));

            assertThat(reload(proxy).status()).isEqualTo(200);

            RawClient other = proxy.ask(SAME, false);
            RawClient.Head head = other.readHead();
            assertThat(head.header("x-penstock-provider")).isEqualTo("b");
            other.readBody(head);
            ProxyUnderTest.ask(other, "model-a", false);
            assertThat(other.readHead().status()).isEqualTo(404);
            assertThat(a.closed()).as("the stream's connection").isZero();
            endStream(caller);
            assertThat(a.awaitClosed(1, PATIENCE)).as("nobody needs it any more").isTrue();
        }
    }

    @Test
    void keepsTheConnectionsOfAProviderThatStays() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SAME, false);
            caller.readBody(caller.readHead());
            proxy.prepareReload(ProxyUnderTest.on(transport).provider("a", a.url())
                    .provider("b", b.url()));

            assertThat(reload(proxy).status()).isEqualTo(200);

            ProxyUnderTest.ask(caller, SAME, false);
            caller.readBody(caller.readHead());
            assertThat(a.opened()).isEqualTo(1);
        }
    }

    @Test
    void leavesTheOldConfigurationInForceWhenTheNewOneIsBad() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            proxy.prepareBadReload("f.yaml:1:1: providers: no such thing");
            RawClient admin = proxy.connectAdmin().send(
                    "POST /admin/reload HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
            RawClient.Head head = admin.readHead();
            assertThat(head.status()).isEqualTo(422);
            assertThat(admin.readBody(head)).contains("f.yaml:1:1: providers: no such thing");

            RawClient caller = proxy.ask(SMART, false);
            head = caller.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
        }
    }

    /** The old port stays bound to every address, whatever the new configuration says of it. */
    @Test
    void dropsNoKeysWhileOthersThanTheLoopbackAreServed() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .listenOn("0.0.0.0").start()) {
            proxy.prepareReload(ProxyUnderTest.on(transport).provider("a", a.url())
                    .withoutKeys());

            assertThat(proxy.server().reload()).contains("auth.keys");

            RawClient stranger = proxy.connect().get("/v1/models");
            assertThat(stranger.readHead().status()).isEqualTo(401);
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reload", "drain"})
    void letsNoWebPageControlIt(String what) throws Exception {
        try (ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                .provider("a", "http://127.0.0.1:1").start()) {
            proxy.prepareBadReload("was read");
            RawClient admin = proxy.connectAdmin().send("POST /admin/" + what + " HTTP/1.1\r\n"
                    + "host: x\r\norigin: https://evil.example\r\ncontent-length: 0\r\n\r\n");
            RawClient.Head head = admin.readHead();
            assertThat(head.status()).isEqualTo(403);
            assertThat(admin.readBody(head)).contains("\"code\":\"origin_not_allowed\"");

            RawClient other = proxy.connectAdmin().get("/health/ready");
            assertThat(other.readHead().status()).as("it goes on").isEqualTo(200);
        }
    }

    // Limits of the whole

    @Test
    void refusesMoreCallsAtOnceThanAllowed() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(halting(),
                        ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .limits(new LimitSettings(null, 1, 1024, 1024, 100, null)).start()) {
            RawClient first = beginStream(proxy, SMART);
            RawClient second = proxy.ask(SMART, false);
            RawClient.Head head = second.readHead();
            assertThat(head.status()).isEqualTo(503);
            assertThat(head.header("retry-after")).isEqualTo("1");
            assertThat(second.readBody(head)).contains("\"code\":\"overloaded\"");

            endStream(first);

            proxy.awaitResidue("concurrent=0 .*");
            ProxyUnderTest.ask(second, SMART, false);
            assertThat(second.readHead().status()).isEqualTo(200);
        }
    }

    @Test
    void acceptsNoMoreConnectionsThanAllowed() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .limits(new LimitSettings(null, 10, 1024, 1024, 2, null)).start()) {
            List<RawClient> callers = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                RawClient caller = proxy.connect().get("/health");
                caller.readBody(caller.readHead());
                callers.add(caller);
            }
            assertThat(proxy.connect().awaitClosed(PATIENCE)).isTrue();

            callers.get(0).close();
            proxy.awaitResidue(".* connections=1 .*");
            RawClient next = proxy.connect().get("/health");
            assertThat(next.readHead().status()).isEqualTo(200);
        }
    }

    // The beginning

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void saysInOneLineThatAPortIsTaken(boolean admin) throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            Settings free = ProxyUnderTest.on(transport).provider("a", "http://127.0.0.1:1")
                    .settings();
            Settings settings = new Settings(
                    List.of(new ListenSettings("127.0.0.1", admin ? 0 : port, null)),
                    new AdminSettings("127.0.0.1", admin ? port : 0, null), free.providers(),
                    free.routes(), free.auth(), free.cors(), free.limits(), free.budget(),
                    free.prices(), free.breaker(), free.retry(), free.observe(),
                    free.shutdownGrace(), false);

            assertThatThrownBy(() -> Penstock.start(settings, transport, 2, () -> null))
                    .isInstanceOf(StartException.class)
                    .hasMessageStartingWith("cannot listen on 127.0.0.1:" + port + ": ")
                    .hasMessageNotContaining("\n");
        }
    }

    // Many at once

    @Test
    void servesManyStreamsAtOnceThroughFailingProviders() throws Exception {
        int callers = 60;
        int callsEach = 5;
        MockSettings mock = MockSettings.DEFAULT.withEvents(20)
                .withInterval(Duration.ofMillis(2));
        try (MockServer a = MockServer.start(
                        mock.withName("a").withFail(new Fault(Fault.Kind.RESET, 0), 0.3), 1);
                MockServer b = MockServer.start(
                        mock.withName("b").withFail(new Fault(Fault.Kind.STATUS, 503), 0.5), 1);
                MockServer c = MockServer.start(mock.withName("c"), 1);
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).threads(2)
                        .provider("a", "http://127.0.0.1:" + a.port())
                        .provider("b", "http://127.0.0.1:" + b.port())
                        .provider("c", "http://127.0.0.1:" + c.port()).start()) {
            ExecutorService pool = Executors.newFixedThreadPool(callers);
            try {
                Callable<Integer> task = () -> {
                    int complete = 0;
                    try (RawClient caller = RawClient.connect(proxy.port()).timeout(PATIENCE)) {
                        for (int i = 0; i < callsEach; i++) {
                            ProxyUnderTest.ask(caller, SMART, true);
                            RawClient.Head head = caller.readHead();
                            String body = caller.readBody(head);
                            complete += head.status() == 200 && body.endsWith("data: [DONE]\n\n")
                                    && body.split("\"content\":\"").length > 20 ? 1 : 0;
                        }
                    }
                    return complete;
                };
                int complete = 0;
                for (Future<Integer> each : pool.invokeAll(
                        Collections.nCopies(callers, task))) {
                    complete += each.get();
                }
                assertThat(complete).isEqualTo(callers * callsEach);
            } finally {
                pool.shutdownNow();
            }
            assertThat(c.requests() + b.requests()).as("not all went well at once").isPositive();
        }
    }

    /** Some callers leave in the middle, some streams break off: nothing is left of any. */
    @Test
    void forgetsManyCallsThatEndBadly() throws Exception {
        int callers = 60;
        MockSettings mock = MockSettings.DEFAULT.withEvents(50)
                .withInterval(Duration.ofMillis(2));
        try (MockServer a = MockServer.start(
                        mock.withName("a").withFail(new Fault(Fault.Kind.MIDSTREAM, 0), 0.5), 1);
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).threads(2)
                        .provider("a", "http://127.0.0.1:" + a.port()).start()) {
            ExecutorService pool = Executors.newFixedThreadPool(callers);
            try {
                List<Future<String>> ends = new ArrayList<>();
                for (int i = 0; i < callers; i++) {
                    boolean leaves = i % 3 == 0;
                    ends.add(pool.submit(() -> {
                        try (RawClient caller =
                                RawClient.connect(proxy.port()).timeout(PATIENCE)) {
                            ProxyUnderTest.askWith(caller, ProxyUnderTest.chat(SMART, true),
                                    "connection: close");
                            caller.readHead();
                            return leaves ? "left" : Wire.dataOf(caller.readUntilClose());
                        }
                    }));
                }
                for (Future<String> end : ends) {
                    assertThat(end.get()).matches("(?s)left|.*data: \\[DONE]\n\n"
                            + "|.*data: \\{\"error\":\\{[^\n]*}}\n\n");
                }
            } finally {
                pool.shutdownNow();
            }
        }
    }

    @Test
    void worksOnIoUring() throws Exception {
        assumeThat(Transport.IO_URING.isAvailable()).isTrue();
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.reset();
                });
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodStream(3),
                        ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.IO_URING)
                        .provider("a", a.url()).provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            assertThat(caller.readHead().status()).isEqualTo(200);
            assertThat(caller.readChunked())
                    .isEqualTo(Wire.dataOf(Wire.goodStream(3)));
            ProxyUnderTest.ask(caller, SMART, false);
            RawClient.Head head = caller.readHead();
            assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
        }
    }
}

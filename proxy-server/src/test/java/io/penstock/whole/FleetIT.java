package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ProxyUnderTest.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.caller.Allowance;
import io.penstock.loop.Transport;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.redis.RedisSettings.OnFailure;
import io.penstock.store.Month;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.RedisServer;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.usage.LedgerRow;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.SynchronousQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three proxies and one Redis, which is killed, held and emptied: they count as one. */
class FleetIT {
    private static final int NODES = 3;
    private static final int SLOW_REFILL = 60; // requests that an hour brings back

    @TempDir
    Path directory;

    private final List<AutoCloseable> closing = new ArrayList<>();
    private final List<ProxyUnderTest> nodes = new ArrayList<>();
    private RedisServer redis;
    private MockServer provider;

    @BeforeEach
    void start() throws Exception {
        redis = closing(RedisServer.start(directory));
        provider = closing(MockServer.start(MockSettings.DEFAULT.withName("a")
                .withText("All is well."), 1));
    }

    @AfterEach
    void stop() throws Exception {
        for (int i = closing.size() - 1; i >= 0; i--) {
            closing.get(i).close();
        }
    }

    private <T extends AutoCloseable> T closing(T each) {
        closing.add(each);
        return each;
    }

    private ProxyUnderTest.Builder node() {
        return ProxyUnderTest.on(Transport.auto())
                .provider("a", "http://127.0.0.1:" + provider.port())
                .redis(redis.url(), OnFailure.LOCAL);
    }

    private static Allowance requests(int count) {
        return Allowance.ofRequests(count, Duration.ofHours(1).toNanos() * count / SLOW_REFILL);
    }

    private static Allowance budget(long tokens) {
        return new Allowance(0, Allowance.MINUTE_NANOS, 0, 0, tokens, 0);
    }

    private void startNodes(Allowance allowance, OnFailure onFailure) throws Exception {
        for (int i = 0; i < NODES; i++) {
            nodes.add(closing(node().allowance(allowance).redis(redis.url(), onFailure)
                    .data(Files.createDirectories(directory.resolve("node-" + i))).start()));
        }
        awaitTogether();
    }

    private void awaitTogether() {
        await("the nodes know each other", () -> nodes.stream().allMatch(each ->
                metric(each, "penstock_fleet_nodes") == nodes.size()
                        && metric(each, "penstock_redis_circuit_open") == 0));
    }

    private void awaitAlone() {
        await("the nodes notice", () -> nodes.stream().allMatch(each ->
                metric(each, "penstock_redis_circuit_open") > 0));
    }

    private static double metric(ProxyUnderTest node, String name) {
        try (RawClient client = RawClient.connect(node.server().adminAddress().getPort())
                .timeout(ProxyUnderTest.PATIENCE)) {
            String page = client.get("/metrics", "accept: text/plain").readBody(client.readHead());
            return page.lines().filter(line -> line.startsWith(name + " "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                    .findFirst().orElse(-1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean refuse(List<ProxyUnderTest> nodes) {
        return nodes.stream().allMatch(each -> status(each) == 429);
    }

    private static int status(ProxyUnderTest node) {
        try {
            return call(node).status();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static RawClient.Head call(ProxyUnderTest node) throws IOException {
        try (RawClient client = RawClient.connect(node.port()).timeout(ProxyUnderTest.PATIENCE)) {
            ProxyUnderTest.ask(client, SMART, false);
            RawClient.Head head = client.readHead();
            client.readBody(head);
            return head;
        }
    }

    /** Calls so often, each time another node; returns how many were let in. */
    private int callAround(int times) throws IOException {
        int let = 0;
        for (int i = 0; i < times; i++) {
            RawClient.Head head = call(nodes.get(i % NODES));
            assertThat(head.status()).isIn(200, 429);
            let += head.status() == 200 ? 1 : 0;
        }
        return let;
    }

    @Test
    void nodesTogetherLetInWhatOneWould() throws Exception {
        startNodes(requests(30), OnFailure.LOCAL);

        int let = callAround(90);

        assertThat(let).isBetween(30, 30 + NODES * 10 + 1);
        await("all nodes know", () -> refuse(nodes));
        assertThat(redis.command("EXISTS", "test:rate:requests:tester")).isEqualTo(":1\r\n");
    }

    @Test
    void eachGoesByTheWholeLimitWhileRedisIsGoneAndTogetherAgainThen() throws Exception {
        startNodes(requests(5), OnFailure.LOCAL);

        redis.kill();
        awaitAlone();
        assertThat(callAround(30)).isBetween(15, 16);

        redis.start();
        awaitTogether();
        await("a node lets in again what the new Redis knows nothing of",
                () -> status(nodes.get(0)) == 200);
        assertThat(callAround(30)).isLessThanOrEqualTo(5 + NODES * 2 + 1);
    }

    @Test
    void beginsWithoutRedisAndJoinsOthersLater() throws Exception {
        redis.kill();
        nodes.add(closing(node().allowance(requests(3)).start()));
        for (int i = 0; i < 3; i++) {
            assertThat(call(nodes.get(0)).status()).isEqualTo(200);
        }
        assertThat(call(nodes.get(0)).status()).isEqualTo(429);

        redis.start();
        awaitTogether();
    }

    @Test
    void refusesOnceTheSliceIsSpentWhereItIsToldTo() throws Exception {
        startNodes(requests(6), OnFailure.REJECT);

        redis.hold();
        try {
            for (ProxyUnderTest node : nodes) {
                int let = 0;
                RawClient.Head head = call(node);
                while (head.status() != 503) {
                    let += head.status() == 200 ? 1 : 0;
                    head = call(node);
                }
                assertThat(let).as("a slice").isBetween(1, 2);
                assertThat(head.header("retry-after")).isEqualTo("1");
            }
        } finally {
            redis.letGo();
        }
        awaitTogether();
        await("calls are let in again, or refused for the limit alone",
                () -> status(nodes.get(0)) != 503);
    }

    /** Each event is sent when the one before has been read, all while Redis hangs. */
    @Test
    void streamsPassWhileRedisHangs() throws Exception {
        int events = 300;
        SynchronousQueue<String> read = new SynchronousQueue<>();
        try (ScriptedUpstream upstream = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead();
                    List<String> all = ScriptedUpstream.goodEvents(events);
                    x.event(all.get(0)); // names the role: it is held until there is content
                    for (String event : all.subList(1, all.size())) {
                        x.event(event).flush();
                        read.take();
                    }
                    x.event("[DONE]").lastChunk();
                });
                ProxyUnderTest node = ProxyUnderTest.on(Transport.auto())
                        .provider("a", upstream.url()).allowance(new Allowance(600,
                                Allowance.MINUTE_NANOS, 100_000, 10, 1_000_000, 0))
                        .redis(redis.url(), OnFailure.LOCAL).start()) {
            nodes.add(node);
            awaitTogether();
            RawClient caller = node.ask(SMART, true);
            assertThat(caller.readHead().status()).isEqualTo(200);
            redis.hold();
            try {
                StringBuilder stream = new StringBuilder();
                int begun = 1; // those that have been read, and the role
                while (!stream.toString().contains("[DONE]")) {
                    stream.append(caller.readChunk());
                    for (int count = stream.toString().split("data: \\{", -1).length - 1;
                            begun < count; begun++) {
                        read.put("go on");
                    }
                }
                assertThat(begun).isGreaterThan(events);
            } finally {
                redis.letGo();
            }
        }
    }

    private long usedOf(String field) throws IOException {
        String reply = redis.command("HGET",
                "test:use:" + Month.text(Month.of(System.currentTimeMillis())) + ":tester", field);
        return reply.equals("$-1\r\n") ? 0 : Long.parseLong(reply.split("\r\n")[1]);
    }

    private long booked() {
        return nodes.stream().flatMap(each -> each.server().ledger()
                .rows(Month.of(System.currentTimeMillis())).stream())
                .mapToLong(LedgerRow::tokens).sum();
    }

    private void awaitUse() {
        await("Redis knows what was used", () -> {
            try {
                return usedOf("tokens") == booked();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @Test
    void noSettlementIsLostOrCountedTwice() throws Exception {
        startNodes(budget(1_000_000), OnFailure.LOCAL);

        assertThat(callAround(9)).isEqualTo(9);
        awaitUse();
        long before = booked();
        assertThat(before).isPositive();

        redis.hold();
        assertThat(callAround(9)).isEqualTo(9);
        redis.letGo();
        awaitUse();
        assertThat(booked()).isEqualTo(2 * before);

        redis.kill(); // and everything it knew is gone
        awaitAlone();
        assertThat(callAround(9)).isEqualTo(9);
        redis.start();
        awaitUse();

        redis.command("FLUSHALL");
        awaitUse();
        assertThat(booked()).isEqualTo(3 * before);
    }

    @Test
    void aNodeThatComesBackTellsWhatItsStoreRemembers() throws Exception {
        startNodes(budget(1_000_000), OnFailure.LOCAL);
        callAround(6);
        awaitUse();
        redis.kill();
        awaitAlone();
        callAround(3);
        long used = booked();

        for (ProxyUnderTest node : nodes) {
            node.awaitNoCallers();
            node.stop(Duration.ZERO);
        }
        nodes.clear();
        redis.start();
        startNodes(budget(used), OnFailure.LOCAL);

        awaitUse();
        assertThat(usedOf("tokens")).isEqualTo(used);
        await("the budget is spent everywhere", () -> refuse(nodes));
        assertThat(booked()).isEqualTo(used);
    }

    @Test
    void aBudgetThatOneNodeSpendsIsSpentOnAll() throws Exception {
        startNodes(budget(40), OnFailure.LOCAL);
        ProxyUnderTest first = nodes.get(0);
        while (call(first).status() == 200) {
            Thread.onSpinWait();
        }
        awaitUse();

        await("the others know", () -> refuse(nodes.subList(1, NODES)));
    }

    @Test
    void aKeyThatOneNodeMustLeaveAloneIsLeftAloneByAll() throws Exception {
        try (ScriptedUpstream limited = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(429, "retry-after: 50", "content-length: 0").flush();
                })) {
            ProxyUnderTest.Builder two = ProxyUnderTest.on(Transport.auto())
                    .provider("limited", limited.url())
                    .provider("b", "http://127.0.0.1:" + provider.port())
                    .redis(redis.url(), OnFailure.LOCAL);
            nodes.add(closing(two.start()));
            nodes.add(closing(two.start()));
            awaitTogether();

            assertThat(call(nodes.get(0)).header("x-penstock-attempts"))
                    .isEqualTo("limited/model-limited=429, b/model-b=200");
            awaitRest(nodes.get(1));
            assertThat(call(nodes.get(1)).header("x-penstock-provider")).isEqualTo("b");

            nodes.add(closing(two.start()));
            awaitRest(nodes.get(2));
            assertThat(call(nodes.get(2)).header("x-penstock-provider")).isEqualTo("b");
            assertThat(limited.requests()).hasSize(1);
        }
    }

    private static void awaitRest(ProxyUnderTest node) {
        await("the key rests", () -> page(node, "/providers").contains("\"until\":\"2"));
    }

    private static String page(ProxyUnderTest node, String path) {
        try (RawClient client = RawClient.connect(node.server().adminAddress().getPort())
                .timeout(ProxyUnderTest.PATIENCE)) {
            return client.get(path).readBody(client.readHead());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aBreakerThatOpensOnOneNodeIsTriedWithCareOnAll() throws Exception {
        ScriptedUpstream.Script failing = x -> {
            x.readRequest();
            x.head(500, "content-length: 0").flush();
        };
        ScriptedUpstream.Script[] scripts = new ScriptedUpstream.Script[100];
        Arrays.fill(scripts, failing);
        try (ScriptedUpstream broken = ScriptedUpstream.start(scripts)) {
            ProxyUnderTest.Builder two = ProxyUnderTest.on(Transport.auto())
                    .provider("broken", broken.url())
                    .provider("b", "http://127.0.0.1:" + provider.port())
                    .redis(redis.url(), OnFailure.LOCAL);
            nodes.add(closing(two.start()));
            nodes.add(closing(two.start()));
            awaitTogether();
            while (!page(nodes.get(0), "/providers").contains("\"open\"")) {
                assertThat(call(nodes.get(0)).status()).isEqualTo(200);
            }

            await("the other is told", () ->
                    page(nodes.get(1), "/providers").contains("\"half_open\""));
        }
    }
}

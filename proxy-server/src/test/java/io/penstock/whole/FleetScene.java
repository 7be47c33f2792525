package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ProxyUnderTest.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.caller.Allowance;
import io.penstock.loop.Transport;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.redis.RedisSettings.OnFailure;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.RedisServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Proxies and one Redis, all of which end with the test. */
abstract class FleetScene {
    static final int NODES = 3;

    @TempDir
    Path directory;

    final List<AutoCloseable> closing = new ArrayList<>();
    final List<ProxyUnderTest> nodes = new ArrayList<>();
    RedisServer redis;
    MockServer provider;

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

    <T extends AutoCloseable> T closing(T each) {
        closing.add(each);
        return each;
    }

    ProxyUnderTest.Builder node() {
        return ProxyUnderTest.on(Transport.auto())
                .provider("a", "http://127.0.0.1:" + provider.port())
                .redis(redis.url(), OnFailure.LOCAL);
    }

    void startNodes(Allowance allowance, OnFailure onFailure) throws Exception {
        for (int i = 0; i < NODES; i++) {
            nodes.add(closing(node().allowance(allowance).redis(redis.url(), onFailure)
                    .data(Files.createDirectories(directory.resolve("node-" + i))).start()));
        }
        awaitTogether();
    }

    void awaitTogether() {
        await("the nodes know each other", () -> nodes.stream().allMatch(each ->
                metric(each, "penstock_fleet_nodes") == nodes.size()
                        && metric(each, "penstock_redis_circuit_open") == 0));
    }

    void awaitAlone() {
        await("the nodes notice", () -> nodes.stream().allMatch(each ->
                metric(each, "penstock_redis_circuit_open") > 0));
    }

    static double metric(ProxyUnderTest node, String name) {
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

    static boolean refuse(List<ProxyUnderTest> nodes) {
        return nodes.stream().allMatch(each -> status(each) == 429);
    }

    static int status(ProxyUnderTest node) {
        try {
            return call(node).status();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static RawClient.Head call(ProxyUnderTest node) throws IOException {
        try (RawClient client = RawClient.connect(node.port()).timeout(ProxyUnderTest.PATIENCE)) {
            ProxyUnderTest.ask(client, SMART, false);
            RawClient.Head head = client.readHead();
            client.readBody(head);
            return head;
        }
    }

    /** Calls so often, each time another node; returns how many were let in. */
    int callAround(int times) throws IOException {
        int let = 0;
        for (int i = 0; i < times; i++) {
            RawClient.Head head = call(nodes.get(i % NODES));
            assertThat(head.status()).isIn(200, 429);
            let += head.status() == 200 ? 1 : 0;
        }
        return let;
    }
}

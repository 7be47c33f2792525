package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.caller.Allowance;
import io.penstock.redis.RedisSettings.OnFailure;
import io.penstock.store.Month;
import io.penstock.testing.RedisServer;
import io.penstock.usage.LedgerRow;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Proxies whose Redis is a cluster that loses a node, or a server that sentinels replace. */
class FleetElsewhereIT extends FleetScene {
    private static final Allowance ALLOWANCE = new Allowance(1000, Allowance.MINUTE_NANOS,
            1_000_000, 10, 1_000_000, 0);
    private static final String KEY =
            "test:use:" + Month.text(Month.of(System.currentTimeMillis())) + ":tester";

    private void startNodes(String url) throws Exception {
        for (int i = 0; i < NODES; i++) {
            nodes.add(closing(node().allowance(ALLOWANCE).redis(url, OnFailure.LOCAL)
                    .data(Files.createDirectories(directory.resolve("node-" + i))).start()));
        }
        awaitTogether();
    }

    private void awaitUse(List<RedisServer> servers) {
        await("Redis knows what was used", () -> {
            long booked = nodes.stream().flatMap(each -> each.server().ledger()
                    .rows(Month.of(System.currentTimeMillis())).stream())
                    .mapToLong(LedgerRow::tokens).sum();
            return servers.stream().anyMatch(each -> used(each) == booked);
        });
    }

    private static long used(RedisServer server) {
        try {
            String reply = server.tryCommand("HGET", KEY, "tokens");
            return reply.startsWith("$") && !reply.startsWith("$-1")
                    ? Long.parseLong(reply.split("\r\n")[1]) : -1;
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    @Test
    void aClusterThatLosesANodeKeepsTheOthersAtWork() throws Exception {
        List<RedisServer> cluster = RedisServer.startCluster(directory, 3);
        cluster.forEach(this::closing);
        startNodes("redis-cluster://127.0.0.1:" + cluster.get(0).port() + ",127.0.0.1:"
                + cluster.get(1).port());
        assertThat(callAround(9)).isEqualTo(9);
        awaitUse(cluster);

        RedisServer keeper = cluster.stream().filter(each -> used(each) > 0).findFirst()
                .orElseThrow();
        keeper.hold();
        try {
            assertThat(callAround(9)).isEqualTo(9);
        } finally {
            keeper.letGo();
        }
        assertThat(callAround(3)).isEqualTo(3);
        awaitUse(cluster);
    }

    @Test
    void aServerThatSentinelsReplaceIsToldAgain() throws Exception {
        RedisServer replica = closing(redis.startReplica());
        RedisServer sentinel = closing(redis.startSentinel());
        await("the sentinel knows the replica", () -> isReady(sentinel, replica));
        startNodes("redis-sentinel://127.0.0.1:" + sentinel.port() + "#mymaster");
        assertThat(callAround(9)).isEqualTo(9);
        awaitUse(List.of(redis));

        redis.kill();
        awaitAlone();
        assertThat(callAround(9)).isEqualTo(9);

        awaitTogether();
        awaitUse(List.of(replica));
    }

    private static boolean isReady(RedisServer sentinel, RedisServer replica) {
        try {
            return sentinel.command("SENTINEL", "replicas", "mymaster")
                    .contains("" + replica.port())
                    && replica.command("INFO", "replication").contains("master_link_status:up");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

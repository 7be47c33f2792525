package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.caller.Allowance;
import io.penstock.redis.RedisSettings.OnFailure;
import io.penstock.store.Month;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.usage.LedgerRow;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Proxies that share a Redis, which is killed, held and emptied, book as one. */
class FleetUsageIT extends FleetScene {
    private static Allowance budget(long tokens) {
        return new Allowance(0, Allowance.MINUTE_NANOS, 0, 0, tokens, 0);
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

        redis.command("CLIENT", "PAUSE", "700"); // slow, and then late
        assertThat(callAround(9)).isEqualTo(9);
        awaitUse();
        assertThat(booked()).isEqualTo(3 * before);

        redis.kill(); // and everything it knew is gone
        awaitAlone();
        assertThat(callAround(9)).isEqualTo(9);
        redis.start();
        awaitUse();

        redis.command("FLUSHALL");
        awaitUse();
        assertThat(booked()).isEqualTo(4 * before);
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
}

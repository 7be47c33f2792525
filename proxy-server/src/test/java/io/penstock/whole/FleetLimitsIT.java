package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ProxyUnderTest.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.caller.Allowance;
import io.penstock.loop.Transport;
import io.penstock.redis.RedisSettings.OnFailure;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.SynchronousQueue;
import org.junit.jupiter.api.Test;

/** Proxies that share a Redis, which is killed and held, let in together what one would. */
class FleetLimitsIT extends FleetScene {
    private static final int SLOW_REFILL = 60; // requests that an hour brings back

    private static Allowance requests(int count) {
        return Allowance.ofRequests(count, Duration.ofHours(1).toNanos() * count / SLOW_REFILL);
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
}

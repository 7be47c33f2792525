package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.cache.CacheSettings;
import io.penstock.loop.Transport;
import io.penstock.redis.RedisSettings.OnFailure;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Proxies that share a Redis learn from each other. */
class FleetNewsIT extends FleetScene {
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
    void aReplyThatOneNodeHasIsGivenAgainByAll() throws Exception {
        CacheSettings cache = new CacheSettings(true, Duration.ofHours(1), 1 << 20,
                CacheSettings.Scope.KEY, CacheSettings.Replay.FAST);
        for (int i = 0; i < NODES; i++) {
            nodes.add(closing(node().cache(cache).start()));
        }
        awaitTogether();

        assertThat(call(nodes.get(0)).header("x-penstock-cache")).isEqualTo("miss");
        await("the reply is there", () -> redisHas("test:reply:*"));

        assertThat(call(nodes.get(1)).header("x-penstock-cache")).isEqualTo("hit");
        assertThat(call(nodes.get(2)).header("x-penstock-cache")).isEqualTo("hit");
        assertThat(provider.requests()).isOne();
    }

    private boolean redisHas(String pattern) {
        try {
            return !redis.command("KEYS", pattern).equals("*0\r\n");
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

package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.cache.CacheSettings;
import io.penstock.cache.SharedStore;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proxies that share a store give each other's replies. */
class SharedCacheIT {
    private static final CacheSettings ON = new CacheSettings(true, Duration.ofHours(1),
            1024 * 1024, CacheSettings.Scope.KEY, CacheSettings.Replay.FAST);

    /** A store in memory, which answers when it is told to. */
    private static final class Store implements SharedStore {
        private final Map<String, byte[]> values = new ConcurrentHashMap<>();
        private final List<Runnable> pending = new ArrayList<>();
        private boolean holds;

        @Override
        public boolean isUp() {
            return true;
        }

        @Override
        public synchronized CompletableFuture<byte[]> get(String name, Duration deadline) {
            CompletableFuture<byte[]> answer = new CompletableFuture<>();
            Runnable task = () -> answer.completeAsync(() -> values.get(name));
            if (holds) {
                pending.add(task);
            } else {
                task.run();
            }
            return answer;
        }

        @Override
        public CompletableFuture<Boolean> put(String name, byte[] value, Duration ttl) {
            values.put(name, value);
            return CompletableFuture.completedFuture(true);
        }

        synchronized void hold() {
            holds = true;
        }

        synchronized int asked() {
            return pending.size();
        }

        synchronized void answer() {
            holds = false;
            pending.forEach(Runnable::run);
        }
    }

    private final Store store = new Store();

    private ProxyUnderTest before(ScriptedUpstream upstream) throws Exception {
        ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto()).provider("a", upstream.url())
                .cache(ON).threads(2).start();
        proxy.server().shareReplies(store);
        return proxy;
    }

    private static String use(RawClient caller, String body) throws Exception {
        RawClient.Head head = caller.readHead();
        assertThat(head.header("content-length") == null ? caller.readChunked()
                : caller.readBody(head)).contains(body);
        return head.header("x-penstock-cache");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void givesWhatAnotherProxyGot(boolean stream) throws Exception {
        String body = stream ? "data: [DONE]" : GOOD_UNARY;
        try (ScriptedUpstream upstream = ScriptedUpstream.start(stream
                        ? ScriptedUpstream.goodStream(3) : ScriptedUpstream.goodUnary());
                ProxyUnderTest first = before(upstream);
                ProxyUnderTest second = before(upstream)) {
            assertThat(use(first.ask(SMART, stream), body)).isEqualTo("miss");
            assertThat(use(second.ask(SMART, stream), body)).isEqualTo("hit");
            store.values.clear();
            assertThat(use(second.ask(SMART, stream), body)).isEqualTo("hit");
            assertThat(upstream.requests()).hasSize(1);
        }
    }

    @Test
    void givesItToAllWhoWaitForTheStore() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest first = before(upstream);
                ProxyUnderTest second = before(upstream)) {
            use(first.ask(SMART, false), GOOD_UNARY);
            store.hold();
            List<RawClient> callers = List.of(second.ask(SMART, false), second.ask(SMART, false),
                    second.ask(SMART, false));
            second.awaitResidue("concurrent=3 .*");
            assertThat(store.asked()).isEqualTo(1);
            store.answer();

            for (RawClient caller : callers) {
                assertThat(use(caller, GOOD_UNARY)).isIn("hit", "joined");
            }
            assertThat(upstream.requests()).hasSize(1);
        }
    }

    @Test
    void leavesTheLeadToAFollowerWhereTheCallerLeavesMeanwhile() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(upstream)) {
            store.hold();
            RawClient leader = proxy.ask(SMART, false);
            proxy.awaitResidue("concurrent=1 .*");
            RawClient follower = proxy.ask(SMART, false);
            proxy.awaitResidue("concurrent=2 .*");
            leader.reset();

            assertThat(use(follower, GOOD_UNARY)).isEqualTo("miss");
            store.answer();
            proxy.awaitQuiet();
            assertThat(upstream.requests()).hasSize(1);
        }
    }

    @Test
    void stopsWhileTheStoreIsAsked() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start();
                ProxyUnderTest proxy = before(upstream)) {
            store.hold();
            RawClient caller = proxy.ask(SMART, false);
            proxy.awaitResidue("concurrent=1 .*");
            proxy.stop(Duration.ZERO);

            assertThat(caller.readHead().status()).isEqualTo(503);
            store.answer();
        }
    }
}

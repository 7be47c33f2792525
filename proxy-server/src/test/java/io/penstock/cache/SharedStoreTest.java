package io.penstock.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.cache.CachedReply.Tokens;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SharedStoreTest {
    private static final CacheKey KEY = new CacheKey(1, 2, 3, 4);
    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

    private final Map<String, byte[]> values = new HashMap<>();
    private boolean up = true;
    private final SharedStore store = new SharedStore() {
        @Override
        public boolean isUp() {
            return up;
        }

        @Override
        public CompletableFuture<byte[]> get(String name, Duration deadline) {
            return CompletableFuture.completedFuture(values.get(name));
        }

        @Override
        public CompletableFuture<Boolean> put(String name, byte[] value, Duration ttl) {
            values.put(name, value);
            return CompletableFuture.completedFuture(true);
        }
    };
    private final AtomicLong now = new AtomicLong();
    private final ReplyCache first = sharing();
    private final ReplyCache second = sharing();

    private ReplyCache sharing() {
        ReplyCache cache = new ReplyCache(1024 * 1024, now::get);
        cache.share(store);
        return cache;
    }

    private static Flight lead(ReplyCache cache) {
        return ((Lookup.Lead) look(cache)).flight();
    }

    private static Lookup look(ReplyCache cache) {
        return cache.look(KEY, ReplyKind.EVENTS, (reply, to) -> null, Runnable::run, () -> { });
    }

    private static void give(Flight flight, byte[] body) {
        flight.open("p", "m");
        flight.append(body);
        flight.complete(new Tokens(7, 3, 2, 1, false), 55, MINUTE, true);
    }

    private static List<CachedReply> ask(ReplyCache cache, Flight flight) {
        List<CachedReply> answers = new ArrayList<>();
        assertThat(cache.tryAskShared(flight, Runnable::run, answers::add)).isTrue();
        return answers;
    }

    @Test
    void givesOneProcessWhatAnotherGot() {
        byte[] body = "data: ü\n\n".getBytes(StandardCharsets.UTF_8);
        give(lead(first), body);

        Flight flight = lead(second);
        List<CachedReply> answers = ask(second, flight);
        assertThat(answers).singleElement().satisfies(reply -> {
            assertThat(reply.body()).isEqualTo(body);
            assertThat(reply.kind()).isEqualTo(ReplyKind.EVENTS);
            assertThat(reply.provider() + "/" + reply.model()).isEqualTo("p/m");
            assertThat(reply.tokens()).isEqualTo(new Tokens(7, 3, 2, 1, false));
            assertThat(reply.tookNanos()).isEqualTo(55);
            assertThat(reply.ttlNanos()).isEqualTo(MINUTE);
        });
        flight.complete(answers.get(0));
        assertThat(look(second)).isInstanceOf(Lookup.Hit.class);
    }

    @Test
    void isNotAskedWhereThereIsNoneOrItIsAway() {
        up = false;
        give(lead(first), new byte[1]);
        assertThat(values).isEmpty();
        assertThat(second.tryAskShared(lead(second), Runnable::run, reply -> { })).isFalse();

        up = true;
        second.share(null);
        assertThat(second.tryAskShared(new Flight(second, new ReplyCache.Place(KEY,
                ReplyKind.WHOLE)), Runnable::run, reply -> { })).isFalse();
    }

    @Test
    void findsNothingInBytesOfSomebodyElses() {
        give(lead(first), new byte[10]);
        String name = values.keySet().iterator().next();
        byte[] good = values.get(name);
        Flight flight = lead(second);
        for (int length = 0; length < good.length - 10; length++) {
            values.put(name, Arrays.copyOf(good, length));
            assertThat(ask(second, flight)).containsExactly((CachedReply) null);
        }
        byte[] other = good.clone();
        other[0]++;
        values.put(name, other);
        assertThat(ask(second, flight)).containsExactly((CachedReply) null);
    }

    @Test
    void givesNothingThatIsTooOld() {
        CachedReply reply = new CachedReply(ReplyKind.WHOLE, new byte[1], "p", "m", Tokens.NONE, 0,
                0, MINUTE);
        long millis = 1_000_000;
        byte[] bytes = SharedForm.write(reply, millis, TimeUnit.SECONDS.toNanos(10));

        assertThat(SharedForm.read(bytes, ReplyKind.WHOLE, millis + 49_999, 7).ageSeconds(7))
                .isEqualTo(59);
        assertThat(SharedForm.read(bytes, ReplyKind.WHOLE, millis + 50_000, 7)).isNull();
        assertThat(SharedForm.read(bytes, ReplyKind.WHOLE, millis - 99_999, 7).ageSeconds(7))
                .isZero();
        assertThat(SharedForm.read(bytes, ReplyKind.EVENTS, millis, 7)).isNull();
    }
}

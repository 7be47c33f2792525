package io.penstock.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.cache.CachedReply.Tokens;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ReplyCacheTest {
    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);
    private static final ReplyCache.Reshaper NONE = (reply, to) -> null;

    private final AtomicLong now = new AtomicLong(-5); // as nanoTime may be
    private final ReplyCache cache = new ReplyCache(1024 * 1024, now::get);

    private static CacheKey key(long number) {
        return new CacheKey(number, 0, 0, 0);
    }

    private Lookup look(long key, ReplyKind kind, ReplyCache.Reshaper reshaper) {
        return cache.look(key(key), kind, reshaper, Runnable::run, () -> { });
    }

    private void keep(long key, ReplyKind kind, byte[] body, long ttlNanos) {
        Flight flight = ((Lookup.Lead) look(key, kind, NONE)).flight();
        flight.open("mock", "m");
        flight.append(body);
        flight.complete(Tokens.NONE, 0, ttlNanos, true);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void givesAReplyAgainUntilItsTimeIsUp() {
        keep(1, ReplyKind.WHOLE, bytes("one"), MINUTE);

        now.addAndGet(MINUTE - 1);
        CachedReply hit = ((Lookup.Hit) look(1, ReplyKind.WHOLE, NONE)).reply();
        assertThat(hit.body()).isEqualTo(bytes("one"));
        assertThat(hit.provider() + "/" + hit.model()).isEqualTo("mock/m");
        assertThat(hit.ageSeconds(now.get())).isEqualTo(59);

        now.addAndGet(1);
        assertThat(look(1, ReplyKind.WHOLE, NONE)).isInstanceOf(Lookup.Lead.class);
    }

    @Test
    void livesNoLongerForBeingAskedFor() {
        keep(1, ReplyKind.WHOLE, bytes("one"), MINUTE);
        for (int i = 0; i < 3; i++) {
            now.addAndGet(MINUTE / 4);
            assertThat(look(1, ReplyKind.WHOLE, NONE)).isInstanceOf(Lookup.Hit.class);
        }
        now.addAndGet(MINUTE / 4);

        assertThat(look(1, ReplyKind.WHOLE, NONE)).isInstanceOf(Lookup.Lead.class);
    }

    @Test
    void keepsTheShapesOfAReplyApart() {
        keep(1, ReplyKind.WHOLE, bytes("{}"), MINUTE);
        keep(1, ReplyKind.EVENTS, bytes("data: {}\n\n"), MINUTE);

        assertThat(((Lookup.Hit) look(1, ReplyKind.EVENTS, NONE)).reply().kind())
                .isEqualTo(ReplyKind.EVENTS);
        assertThat(look(1, ReplyKind.EVENTS_WITH_USAGE, NONE)).isInstanceOf(Lookup.Lead.class);
    }

    @Test
    void givesAReplyInAnotherShapeWhereItHasOne() {
        keep(1, ReplyKind.WHOLE, bytes("{}"), MINUTE);
        now.addAndGet(MINUTE / 2);

        CachedReply shaped = ((Lookup.Hit) look(1, ReplyKind.EVENTS,
                (reply, to) -> reply.as(to, bytes("data: {}\n\n")))).reply();

        assertThat(shaped.body()).isEqualTo(bytes("data: {}\n\n"));
        assertThat(((Lookup.Hit) look(1, ReplyKind.EVENTS, NONE)).reply()).isEqualTo(shaped);
        now.addAndGet(MINUTE / 2); // it is as old as what it was made from
        assertThat(look(1, ReplyKind.EVENTS, NONE)).isInstanceOf(Lookup.Lead.class);
    }

    @Test
    void keepsNothingOfAReplyThatShouldNotBeKept() {
        Flight flight = ((Lookup.Lead) look(1, ReplyKind.WHOLE, NONE)).flight();
        flight.open("mock", "m");
        flight.append(bytes("one"));
        flight.complete(Tokens.NONE, 0, MINUTE, false);

        assertThat(look(1, ReplyKind.WHOLE, NONE)).isInstanceOf(Lookup.Lead.class);
    }

    @Test
    void staysWithinItsBytesWhateverIsPutIntoIt() {
        byte[] body = new byte[10_000];
        for (int i = 0; i < 20_000; i++) { // 200 MB, two hundred times what there is room for
            keep(i, ReplyKind.WHOLE, body, MINUTE);
            assertThat(cache.bytes()).isLessThanOrEqualTo(1024 * 1024);
        }

        assertThat(cache.count()).isBetween(90L, 105L);
        assertThat(cache.evicted()).isEqualTo(20_000 - cache.count());
        assertThat(cache.expired()).isZero();
        assertThat(cache.recordedBytes()).isZero();
    }

    @Test
    void countsWhatHasExpired() {
        keep(1, ReplyKind.WHOLE, bytes("one"), MINUTE);
        now.addAndGet(2 * MINUTE);
        keep(2, ReplyKind.WHOLE, bytes("two"), MINUTE);

        assertThat(cache.expired()).isEqualTo(1);
        assertThat(cache.evicted()).isZero();
    }

    @Test
    void doesNotKeepAReplyThatWouldTakeALargePartOfAll() {
        keep(1, ReplyKind.WHOLE, new byte[1024 * 1024 / ReplyCache.REPLY_SHARE], MINUTE);
        assertThat(look(1, ReplyKind.WHOLE, NONE)).isInstanceOf(Lookup.Hit.class);

        keep(2, ReplyKind.WHOLE, new byte[1024 * 1024 / ReplyCache.REPLY_SHARE + 1], MINUTE);
        assertThat(look(2, ReplyKind.WHOLE, NONE)).isInstanceOf(Lookup.Lead.class);
    }

    @Test
    void makesRoomWhenItsBoundIsLowered() {
        for (int i = 0; i < 50; i++) {
            keep(i, ReplyKind.WHOLE, new byte[10_000], MINUTE);
        }
        cache.setMaxBytes(100_000);

        assertThat(cache.bytes()).isLessThanOrEqualTo(100_000);
    }

    @Test
    void forgetsAllRepliesAndCountsNoneOfThemAsEvicted() {
        keep(1, ReplyKind.WHOLE, bytes("one"), MINUTE);
        cache.clear();

        assertThat(look(1, ReplyKind.WHOLE, NONE)).isInstanceOf(Lookup.Lead.class);
        assertThat(cache.bytes()).isZero();
        assertThat(cache.evicted()).isZero();
    }

    @Test
    void neverTakesMoreThanAPartOfTheHeap() {
        ReplyCache huge = new ReplyCache(Long.MAX_VALUE / 2, now::get);
        long bound = Runtime.getRuntime().maxMemory() / ReplyCache.HEAP_SHARE;

        assertThat(huge.maxBytes()).isEqualTo(bound);
        huge.setMaxBytes(Long.MAX_VALUE);
        assertThat(huge.maxBytes()).isEqualTo(bound);
    }

    @Test
    void leavesNoFlightBehindThatHasEnded() {
        keep(1, ReplyKind.WHOLE, bytes("one"), MINUTE);
        ((Lookup.Lead) look(2, ReplyKind.WHOLE, NONE)).flight().fail();
        ((Lookup.Lead) look(3, ReplyKind.WHOLE, NONE)).flight().handOver();

        assertThat(cache.flights()).isZero();
    }
}

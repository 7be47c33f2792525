package io.penstock.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.cache.CachedReply.Tokens;
import io.penstock.cache.Seat.News;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class FlightTest {
    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);
    private static final CacheKey KEY = new CacheKey(1, 2, 3, 4);

    private final ReplyCache cache = new ReplyCache(32 * 1024 * 1024, System::nanoTime);
    private final Queue<Runnable> tasks = new ArrayDeque<>(); // of the followers' loop
    private int woken;

    private Lookup look(ReplyKind kind) {
        return cache.look(KEY, kind, (reply, to) -> null, tasks::add, () -> woken++);
    }

    private Flight lead(ReplyKind kind) {
        return ((Lookup.Lead) look(kind)).flight();
    }

    private Seat follow(ReplyKind kind) {
        return ((Lookup.Follow) look(kind)).seat();
    }

    private void runTasks() {
        while (!tasks.isEmpty()) {
            tasks.poll().run();
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String readAll(Seat seat) {
        StringBuilder all = new StringBuilder();
        for (byte[] next = seat.poll(); next != null; next = seat.poll()) {
            all.append(new String(next, StandardCharsets.UTF_8));
        }
        return all.toString();
    }

    private static void complete(Flight flight) {
        flight.complete(Tokens.NONE, 0, MINUTE, true);
    }

    @Test
    void givesAFollowerTheEventsAsTheyCome() {
        Flight flight = lead(ReplyKind.EVENTS);
        Seat seat = follow(ReplyKind.EVENTS);
        assertThat(seat.look()).isEqualTo(News.NOTHING);

        flight.open("p", "m");
        flight.append(bytes("one "));
        runTasks();
        assertThat(woken).isEqualTo(1); // for both
        assertThat(seat.look()).isEqualTo(News.EVENTS);
        assertThat(seat.provider() + "/" + seat.model()).isEqualTo("p/m");
        assertThat(readAll(seat)).isEqualTo("one ");

        flight.append(bytes("two"));
        complete(flight);
        assertThat(seat.look()).isEqualTo(News.ALL_EVENTS);
        assertThat(readAll(seat)).isEqualTo("two");
    }

    @Test
    void givesWhoComesLateAllThatWentBefore() {
        Flight flight = lead(ReplyKind.EVENTS);
        flight.open("p", "m");
        flight.append(bytes("one "));
        Seat late = follow(ReplyKind.EVENTS);
        flight.append(bytes("two"));

        assertThat(late.look()).isEqualTo(News.EVENTS);
        assertThat(readAll(late)).isEqualTo("one two");
    }

    @Test
    void givesAWholeReplyOnlyWhenItIsWhole() {
        Flight flight = lead(ReplyKind.WHOLE);
        Seat seat = follow(ReplyKind.WHOLE);
        flight.open("p", "m");
        flight.append(bytes("{\"a\""));
        assertThat(seat.look()).isEqualTo(News.NOTHING);

        flight.append(bytes(":1}"));
        complete(flight);

        assertThat(seat.look()).isEqualTo(News.WHOLE);
        assertThat(seat.reply().body()).isEqualTo(bytes("{\"a\":1}"));
        assertThat(look(ReplyKind.WHOLE)).isInstanceOf(Lookup.Hit.class);
    }

    @Test
    void doesNotMixCallsOfOneShapeWithThoseOfAnother() {
        lead(ReplyKind.EVENTS);

        assertThat(look(ReplyKind.WHOLE)).isInstanceOf(Lookup.Lead.class);
    }

    @Test
    void hasTheFirstFollowerLeadWhereTheLeaderFails() {
        Flight flight = lead(ReplyKind.EVENTS);
        Seat first = follow(ReplyKind.EVENTS);
        Seat second = follow(ReplyKind.EVENTS);

        flight.fail();
        assertThat(first.look()).isEqualTo(News.LEAD);
        assertThat(second.look()).isEqualTo(News.NOTHING);

        first.flight().open("other", "m");
        first.flight().append(bytes("text"));
        complete(first.flight());
        assertThat(second.look()).isEqualTo(News.ALL_EVENTS);
        assertThat(second.provider()).isEqualTo("other");
        assertThat(readAll(second)).isEqualTo("text");
    }

    @Test
    void startsAWholeReplyAnewWhenItBreaksOff() {
        Flight flight = lead(ReplyKind.WHOLE);
        Seat first = follow(ReplyKind.WHOLE);
        Seat second = follow(ReplyKind.WHOLE);
        flight.open("p", "m");
        flight.append(bytes("{\"half"));
        flight.fail();

        assertThat(first.look()).isEqualTo(News.LEAD);
        flight.open("q", "m");
        flight.append(bytes("{}"));
        complete(flight);
        assertThat(second.reply().body()).isEqualTo(bytes("{}"));
        assertThat(second.reply().provider()).isEqualTo("q");
    }

    @Test
    void breaksWhoHasReadOfAStreamThatBreaksAndStartsAnewForTheOthers() {
        Flight flight = lead(ReplyKind.EVENTS);
        Seat reader = follow(ReplyKind.EVENTS);
        Seat other = follow(ReplyKind.EVENTS);
        flight.open("p", "m");
        flight.append(bytes("one"));
        reader.look();
        assertThat(readAll(reader)).isEqualTo("one");

        flight.fail();

        assertThat(reader.look()).isEqualTo(News.BROKEN);
        assertThat(other.look()).isEqualTo(News.LEAD);
    }

    @Test
    void leavesFollowersAloneWhenTooManyLeadersHaveFailed() {
        Flight flight = lead(ReplyKind.WHOLE);
        List<Seat> seats = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            seats.add(follow(ReplyKind.WHOLE));
        }
        for (int i = 0; i < Flight.MAX_LEADERS; i++) {
            flight.fail();
        }

        assertThat(seats).extracting(Seat::look).containsExactly(News.LEAD, News.LEAD, News.ALONE,
                News.ALONE, News.ALONE);
        assertThat(cache.flights()).isZero();
    }

    @Test
    void handsOverAsOftenAsCallersLeave() {
        Flight flight = lead(ReplyKind.WHOLE);
        for (int i = 0; i < 10; i++) {
            Seat seat = follow(ReplyKind.WHOLE);
            flight.handOver();
            assertThat(seat.look()).isEqualTo(News.LEAD);
        }
        flight.handOver();

        assertThat(cache.flights()).isZero();
    }

    @Test
    void passesTheLeadOnWhereTheOneThatShouldTakeItHasGone() {
        Flight flight = lead(ReplyKind.WHOLE);
        Seat first = follow(ReplyKind.WHOLE);
        Seat second = follow(ReplyKind.WHOLE);
        flight.fail();

        first.leave(); // before it has looked

        assertThat(second.look()).isEqualTo(News.LEAD);
        second.leave(); // of no effect: it leads
        assertThat(cache.flights()).isEqualTo(1);
    }

    @Test
    void forgetsAFollowerThatLeaves() {
        Flight flight = lead(ReplyKind.WHOLE);
        Seat seat = follow(ReplyKind.WHOLE);
        assertThat(flight.isFollowed()).isTrue();

        seat.leave();
        seat.leave();

        assertThat(flight.isFollowed()).isFalse();
        flight.fail();
        runTasks();
        assertThat(woken).isZero();
        assertThat(cache.flights()).isZero();
    }

    @Test
    void takesNoMoreFollowersThanItsBound() {
        lead(ReplyKind.WHOLE);
        for (int i = 0; i < Flight.MAX_FOLLOWERS; i++) {
            follow(ReplyKind.WHOLE);
        }

        assertThat(look(ReplyKind.WHOLE)).isInstanceOf(Lookup.Bypass.class);
    }

    @Test
    void leavesFollowersOfAWholeReplyAloneThatGrowsTooLong() {
        Flight flight = lead(ReplyKind.WHOLE);
        Seat seat = follow(ReplyKind.WHOLE);
        flight.open("p", "m");
        flight.append(new byte[ReplyCache.MAX_REPLY_BYTES]);
        flight.append(new byte[1]);

        assertThat(seat.look()).isEqualTo(News.ALONE);
        assertThat(cache.recordedBytes()).isZero();
        complete(flight);
        assertThat(look(ReplyKind.WHOLE)).isInstanceOf(Lookup.Lead.class);
    }

    @Test
    void cutsOffWhoReadsALongStreamTooSlowlyAndNobodyElse() {
        Flight flight = lead(ReplyKind.EVENTS);
        Seat slow = follow(ReplyKind.EVENTS);
        Seat quick = follow(ReplyKind.EVENTS);
        flight.open("p", "m");
        slow.look();
        byte[] page = new byte[1024 * 1024];
        for (int i = 0; i < 12; i++) {
            flight.append(page);
            assertThat(quick.look()).isEqualTo(News.EVENTS);
            assertThat(quick.poll()).isEqualTo(page);
        }

        assertThat(slow.look()).isEqualTo(News.BROKEN);
        complete(flight);
        assertThat(quick.look()).isEqualTo(News.ALL_EVENTS);
        assertThat(cache.recordedBytes()).isZero();
    }

    @Test
    void recordsNoMoreOfAllCallsUnderWayThanItsShare() {
        List<Flight> flights = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Flight flight = ((Lookup.Lead) cache.look(new CacheKey(i, 0, 0, 0), ReplyKind.WHOLE,
                    (reply, to) -> null, tasks::add, () -> { })).flight();
            flight.open("p", "m");
            flight.append(new byte[1024 * 1024]);
            flights.add(flight);
        }

        assertThat(cache.recordedBytes()).isEqualTo(cache.maxBytes() / ReplyCache.RECORDING_SHARE);
        flights.forEach(FlightTest::complete);
        assertThat(cache.recordedBytes()).isZero();
        assertThat(cache.count()).isEqualTo(8);
    }

    @Test
    void givesAllWhoFollowAReplyThatTurnsUpElsewhere() {
        Flight flight = lead(ReplyKind.EVENTS);
        Seat seat = follow(ReplyKind.EVENTS);

        flight.complete(new CachedReply(ReplyKind.EVENTS, bytes("known"), "p", "m", Tokens.NONE, 0,
                System.nanoTime(), MINUTE));

        assertThat(seat.look()).isEqualTo(News.ALL_EVENTS);
        assertThat(readAll(seat)).isEqualTo("known");
        assertThat(cache.flights()).isZero();
    }
}

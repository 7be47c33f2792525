package io.penstock.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.caller.Allowance;
import io.penstock.caller.Caller;
import io.penstock.exchange.Finished;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.AttemptFigures;
import io.penstock.exchange.call.AttemptRecord;
import io.penstock.failure.Failure;
import io.penstock.observe.RecentExchanges.Part;
import io.penstock.route.Route.TargetName;
import io.penstock.usage.TokenUsage;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class RecentExchangesTest {
    private static final Predicate<Finished> ALL = each -> true;

    private final RecentExchanges recent = new RecentExchanges();

    private static Finished finished(String id, String caller) {
        return Finished.refused(new Caller(caller, caller, List.of(), Allowance.UNBOUNDED), id,
                Failure.of(Failure.Kind.RATE_LIMITED, "x"), "POST /", 0, 1, null);
    }

    private void finish(int from, int to) {
        for (int i = from; i < to; i++) {
            recent.onFinished(finished("req_" + i, i % 2 == 0 ? "even" : "odd"));
        }
    }

    private static List<String> ids(Part part) {
        return part.exchanges().stream().map(Finished::requestId).toList();
    }

    @Test
    void tellsWhatHasFinishedSinceTheLastTime() {
        finish(0, 2);
        long next = recent.next();
        finish(2, 4);

        assertThat(recent.since(next, 10, ALL)).satisfies(part -> {
            assertThat(ids(part)).containsExactly("req_2", "req_3");
            assertThat(part.missed()).isZero();
        });
        assertThat(ids(recent.since(recent.next(), 10, ALL))).isEmpty();
    }

    @Test
    void keepsTheNewestAndSaysHowManyAreMissed() {
        finish(0, 1);
        long next = recent.next();
        finish(1, RecentExchanges.CAPACITY + 11);

        Part part = recent.since(next, 3, ALL);

        assertThat(ids(part)).containsExactly("req_508", "req_509", "req_510");
        assertThat(part.missed()).isEqualTo(RecentExchanges.CAPACITY + 10 - 3);
    }

    @Test
    void missesNothingOfAllThatAreKnown() {
        finish(0, RecentExchanges.CAPACITY + 1);

        Part part = recent.since(0, RecentExchanges.CAPACITY, ALL);

        assertThat(part.exchanges()).hasSize(RecentExchanges.CAPACITY);
        assertThat(part.missed()).isZero();
    }

    @Test
    void leavesOutWhatDoesNotPassTheTest() {
        finish(0, 4);

        assertThat(ids(recent.since(0, 10, each -> each.caller().id().equals("odd"))))
                .containsExactly("req_1", "req_3");
        assertThat(recent.find("req_2", each -> each.caller().id().equals("odd"))).isNull();
    }

    @Test
    void findsTheNewestOfAnId() {
        recent.onFinished(finished("same", "first"));
        recent.onFinished(finished("same", "second"));

        assertThat(recent.find("same", ALL)).extracting(each -> each.caller().id())
                .isEqualTo("second");
        assertThat(recent.find("other", ALL)).isNull();
    }

    @Test
    void forgetsTheOldest() {
        finish(0, RecentExchanges.CAPACITY + 1);

        assertThat(recent.find("req_0", ALL)).isNull();
        assertThat(recent.find("req_1", ALL)).isNotNull();
    }

    /** An attempt holds connection and buffers, which must not outlive it in here. */
    @Test
    void keepsFiguresOfAttemptsButNotTheAttempts() {
        AttemptFigures attempt = new Figures();
        TargetName target = new TargetName("a", "model-a");
        List<AttemptRecord> attempts = List.of(
                new AttemptRecord(target, null, "cooldown", 0, null),
                new AttemptRecord(target, Ask.Why.FIRST, "200", 5, attempt),
                new AttemptRecord(target, Ask.Why.FIRST, "reset", 9, attempt));

        recent.onFinished(new Finished(null, "id", "m", null, null, true, 200, null, attempts,
                target, null, 0, 0, 0, 10, 0, 5, null, null, null));

        List<AttemptRecord> kept =
                Objects.requireNonNull(recent.find("id", ALL)).attempts();
        assertThat(kept.get(0)).isEqualTo(attempts.get(0));
        assertThat(kept.get(1).figures()).isNotSameAs(attempt).isSameAs(kept.get(2).figures());
        assertThat(kept.get(2).figures()).isEqualTo(
                new AttemptFigures.Copy(200, 1, 2, 3, 4, 5, 6, true, null, 7));
    }

    /** As an attempt tells them. */
    private static final class Figures implements AttemptFigures {
        @Override
        public Ask ask() {
            throw new AssertionError("it would keep the request's bytes");
        }

        @Override
        public int status() {
            return 200;
        }

        @Override
        public long startedNanos() {
            return 1;
        }

        @Override
        public long slotNanos() {
            return 2;
        }

        @Override
        public long readyNanos() {
            return 3;
        }

        @Override
        public long headNanos() {
            return 4;
        }

        @Override
        public long contentNanos() {
            return 5;
        }

        @Override
        public long endedNanos() {
            return 6;
        }

        @Override
        public boolean isReplayed() {
            return true;
        }

        @Override
        public TokenUsage booked() {
            return null;
        }

        @Override
        public long bookedNanoDollars() {
            return 7;
        }
    }
}

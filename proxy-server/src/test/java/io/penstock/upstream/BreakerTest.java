package io.penstock.upstream;

import static io.penstock.upstream.Breaker.PASSED;
import static io.penstock.upstream.Breaker.REFUSED;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BreakerTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final BreakerSettings SETTINGS = new BreakerSettings(true, 0.5, 10,
            Duration.ofSeconds(30), Duration.ofSeconds(15), 2);

    private final Breaker breaker = new Breaker(SETTINGS);
    private long now = -7 * SECOND; // the clock's zero is anywhere

    private void succeed(int times) {
        for (int i = 0; i < times; i++) {
            breaker.onSuccess(PASSED, now);
        }
    }

    private void fail(int times) {
        for (int i = 0; i < times; i++) {
            breaker.onFailure(PASSED, false, now);
        }
    }

    private void open() {
        fail(10);
        assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    }

    private long halfOpen() {
        open();
        now += 15 * SECOND;
        long ticket = breaker.tryPass(now);
        assertThat(ticket).isGreaterThan(PASSED);
        return ticket;
    }

    @Test
    void opensWithTheFailureThatMakesTheRatio() {
        succeed(6);
        fail(5);
        assertThat(breaker.tryPass(now)).isEqualTo(PASSED);

        assertThat(breaker.onFailure(PASSED, false, now)).isTrue();

        assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
        assertThat(breaker.tryPass(now)).isEqualTo(REFUSED);
        assertThat(breaker.isPassable(now)).isFalse();
        assertThat(breaker.readyInNanos(now)).isEqualTo(15 * SECOND);
        assertThat(breaker.failureRatio(now)).isEqualTo(0.5);
    }

    @Test
    void judgesNoneByTooFewCalls() {
        fail(9);

        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
        assertThat(breaker.failureRatio(now)).isEqualTo(1);
    }

    @Test
    void forgetsWhatHasLeftTheWindow() {
        fail(9);
        now += 30 * SECOND;

        fail(1);

        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
        assertThat(breaker.failureRatio(now)).isEqualTo(1);
        now += 31 * SECOND;
        assertThat(breaker.failureRatio(now)).isZero();
    }

    @Test
    void forgetsOneBucketAfterTheOther() {
        for (int i = 0; i < Breaker.BUCKETS; i++) {
            fail(i == 0 ? 3 : 0);
            succeed(1);
            now += 3 * SECOND;
        }
        assertThat(breaker.failureRatio(now - 3 * SECOND)).isEqualTo(3.0 / 13);
        assertThat(breaker.failureRatio(now)).isZero();
        now += 3 * SECOND;
        assertThat(breaker.failureRatio(now)).isZero();
        assertThat(breaker.isPartlyGood(now)).isTrue();
    }

    @Test
    void countsWhatALoopSaysWhoseClockIsBehind() {
        succeed(1);
        breaker.onFailure(PASSED, false, now - 4 * SECOND);

        assertThat(breaker.failureRatio(now)).isEqualTo(0.5);
    }

    @Test
    void neverOpensWhereItIsOff() {
        breaker.use(new BreakerSettings(false, 0.5, 10, Duration.ofSeconds(30),
                Duration.ofSeconds(15), 2));

        fail(1000);

        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
    }

    @Test
    void closesWhenItIsTurnedOff() {
        long probe = halfOpen();

        breaker.use(new BreakerSettings(false, 0.5, 10, Duration.ofSeconds(30),
                Duration.ofSeconds(15), 2));
        breaker.onFailure(probe, false, now);

        assertThat(breaker.tryPass(now)).isEqualTo(PASSED);
    }

    @Test
    void staysAsItIsWhenTheSettingsAreTheSame() {
        open();

        breaker.use(new BreakerSettings(true, 0.5, 10, Duration.ofSeconds(30),
                Duration.ofSeconds(15), 2));

        assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    }

    @Test
    void letsNoMoreProbesPassAtATimeThanAllowed() {
        long first = halfOpen();

        assertThat(breaker.state()).isEqualTo(Breaker.State.HALF_OPEN);
        assertThat(breaker.tryPass(now)).isEqualTo(first);
        assertThat(breaker.tryPass(now)).isEqualTo(REFUSED);
        assertThat(breaker.isPassable(now)).isFalse();
        assertThat(breaker.readyInNanos(now)).isPositive();

        breaker.onNothing(first);
        assertThat(breaker.isPassable(now)).isTrue();
        assertThat(breaker.tryPass(now)).isEqualTo(first);
        assertThat(breaker.tryPass(now)).isEqualTo(REFUSED);
    }

    @Test
    void closesWhenAllProbesWentWellAndForgetsTheOutage() {
        long probe = halfOpen();
        assertThat(breaker.onSuccess(probe, now)).isFalse();
        assertThat(breaker.state()).isEqualTo(Breaker.State.HALF_OPEN);
        assertThat(breaker.tryPass(now)).isEqualTo(probe);

        assertThat(breaker.onSuccess(probe, now)).isTrue();

        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
        assertThat(breaker.failureRatio(now)).isZero();
    }

    @Test
    void opensAgainWithTheFirstProbeThatFails() {
        long probe = halfOpen();
        breaker.onSuccess(probe, now);

        assertThat(breaker.onFailure(probe, false, now)).isTrue();

        assertThat(breaker.readyInNanos(now)).isEqualTo(15 * SECOND);
        now += 15 * SECOND;
        long next = breaker.tryPass(now);
        assertThat(next).isGreaterThan(probe);
        breaker.onSuccess(next, now);
        assertThat(breaker.state()).as("what went well before does not count")
                .isEqualTo(Breaker.State.HALF_OPEN);
    }

    @Test
    void opensAgainWithAProbeWhoseReplyBreaksOff() {
        long probe = halfOpen();
        breaker.onSuccess(probe, now);

        breaker.onFailure(probe, true, now);

        assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void isNotMovedByCallsThatBeganBeforeItOpened(boolean well) {
        long probe = halfOpen();

        for (int i = 0; i < 20; i++) {
            if (well) {
                breaker.onSuccess(PASSED, now);
            } else {
                breaker.onFailure(PASSED, false, now);
            }
        }

        assertThat(breaker.state()).isEqualTo(Breaker.State.HALF_OPEN);
        breaker.onFailure(probe, false, now);
        now += 15 * SECOND;
        long next = breaker.tryPass(now);
        breaker.onSuccess(probe, now);
        breaker.onNothing(probe);
        breaker.onFailure(probe, true, now);
        assertThat(breaker.state()).as("a probe of the round before")
                .isEqualTo(Breaker.State.HALF_OPEN);
        assertThat(breaker.tryPass(now)).isEqualTo(next);
        assertThat(breaker.tryPass(now)).isEqualTo(REFUSED);
    }

    @Test
    void countsAReplyThatBreaksOffAsTheSameCall() {
        succeed(10);
        for (int i = 0; i < 4; i++) {
            breaker.onFailure(PASSED, true, now);
        }
        assertThat(breaker.failureRatio(now)).isEqualTo(0.4);

        breaker.onFailure(PASSED, true, now);

        assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    }

    @Test
    void neverTakesMoreThanAllForFailures() {
        succeed(2);
        now += 60 * SECOND;
        breaker.onFailure(PASSED, true, now);
        breaker.onFailure(PASSED, true, now);

        assertThat(breaker.failureRatio(now)).isEqualTo(1);
        assertThat(breaker.isPartlyGood(now)).isFalse();
    }

    @Test
    void isPartlyGoodWhileSomethingInTheWindowWentWell() {
        assertThat(breaker.isPartlyGood(now)).isFalse();
        succeed(1);
        fail(100);

        assertThat(breaker.isPartlyGood(now)).isTrue();
        now += 33 * SECOND;
        assertThat(breaker.isPartlyGood(now)).isFalse();
    }

    @Test
    void letsProbesPassWhenItOpenedElsewhere() {
        succeed(20);
        assertThat(breaker.onOpenedElsewhere()).isTrue();
        assertThat(breaker.state()).isEqualTo(Breaker.State.HALF_OPEN);
        long one = breaker.tryPass(now);
        long other = breaker.tryPass(now);
        assertThat(breaker.tryPass(now)).isEqualTo(REFUSED);
        breaker.onSuccess(one, now);
        breaker.onSuccess(other, now);
        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
    }

    @Test
    void opensHereTooWhenAProbeFails() {
        breaker.onOpenedElsewhere();
        assertThat(breaker.onFailure(breaker.tryPass(now), false, now)).isTrue();
        assertThat(breaker.onOpenedElsewhere()).as("it knows already").isFalse();
        assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    }

    @Test
    void isNotMovedByOthersWhereItIsOff() {
        breaker.use(new BreakerSettings(false, 0.5, 10, SETTINGS.window(), SETTINGS.openFor(), 2));
        assertThat(breaker.onOpenedElsewhere()).isFalse();
        assertThat(breaker.tryPass(now)).isEqualTo(PASSED);
    }

    @Test
    void givesNoPlaceOfAProbeTwiceToManyThreads() throws Exception {
        int threads = 4;
        int rounds = 2000;
        open();
        now += 15 * SECOND;
        AtomicInteger probing = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger probes = new AtomicInteger();
        CyclicBarrier start = new CyclicBarrier(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        Callable<Void> caller = () -> {
            start.await();
            for (int i = 0; i < rounds; i++) {
                long ticket = breaker.tryPass(now);
                if (ticket != REFUSED) {
                    most.accumulateAndGet(probing.incrementAndGet(), Math::max);
                    probes.incrementAndGet();
                    probing.decrementAndGet();
                    breaker.onNothing(ticket);
                }
            }
            return null;
        };
        try {
            List<Future<Void>> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                all.add(pool.submit(caller));
            }
            for (Future<Void> each : all) {
                each.get(30, TimeUnit.SECONDS);
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(most.get()).isBetween(1, 2);
        assertThat(probes.get()).isPositive();
        assertThat(breaker.tryPass(now)).as("all places were given back").isNotEqualTo(REFUSED);
        assertThat(breaker.tryPass(now)).isNotEqualTo(REFUSED);
        assertThat(breaker.tryPass(now)).isEqualTo(REFUSED);
    }
}

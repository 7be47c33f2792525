package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TrialTest {
    private static final long NOW = 5_000;
    private static final BreakerSettings TWO_FAILURES = new BreakerSettings(true, 0.5, 2,
            Duration.ofSeconds(30), Duration.ofSeconds(15), 1);

    private final HealthTable table = new HealthTable("p");
    private final Trial trial = new Trial();
    private TargetHealth health;

    @BeforeEach
    void configure() {
        table.use(TWO_FAILURES, Set.of("m"));
        health = table.of("m");
    }

    private void begin(boolean stream) {
        trial.begin(health, health.tryPass(NOW), stream, NOW);
    }

    @Test
    void isInFlightFromItsBeginningToItsFirstEnd() {
        begin(true);
        assertThat(health.inFlight()).isEqualTo(1);

        trial.end(false, NOW);
        trial.end(true, NOW);

        assertThat(health.inFlight()).isZero();
        assertThat(health.failureRatio(NOW)).isZero();
    }

    @Test
    void tellsOfFirstContentOnceStreamedAndUnaryApart() {
        begin(true);
        trial.onGood(700, NOW);
        trial.onGood(900, NOW);
        trial.end(false, NOW);

        assertThat(health.averageNanos(true)).isEqualTo(700);
        assertThat(health.averageNanos(false)).isZero();
        begin(false);
        trial.onGood(-1, NOW);
        trial.end(false, NOW);
        assertThat(health.averageNanos(false)).as("nothing was seen").isZero();
    }

    @Test
    void opensTheBreakerWithFailures() {
        for (int i = 0; i < 2; i++) {
            assertThat(health.breakerState()).isEqualTo("closed");
            begin(true);
            trial.end(true, NOW);
        }

        assertThat(health.breakerState()).isEqualTo("open");
        assertThat(health.tryPass(NOW)).isEqualTo(TargetHealth.REFUSED);
        assertThat(health.averageNanos(true)).as("a failure is slow").isPositive();
    }

    @Test
    void countsAReplyThatBreaksOffAsOneCall() {
        begin(true);
        trial.onGood(700, NOW);
        trial.end(true, NOW);

        assertThat(health.failureRatio(NOW)).isEqualTo(1);
        assertThat(health.breakerState()).as("one call is too few").isEqualTo("closed");
        assertThat(health.averageNanos(true)).as("it was not slow").isEqualTo(700);
    }

    @Test
    void asksTheLastOneLeftAsLongAsSomethingGoesWell() {
        begin(true);
        trial.onGood(700, NOW);
        trial.end(false, NOW);
        begin(true);
        trial.end(true, NOW);
        assertThat(health.breakerState()).isEqualTo("open");

        assertThat(health.tryPassAsLast(NOW)).isNotEqualTo(TargetHealth.REFUSED);
        long past = NOW + Duration.ofSeconds(33).toNanos();
        long probe = health.tryPassAsLast(past);
        assertThat(probe).isNotEqualTo(TargetHealth.REFUSED);
        assertThat(health.breakerState()).isEqualTo("half_open");
        assertThat(health.tryPassAsLast(past)).as("nothing went well of late")
                .isEqualTo(TargetHealth.REFUSED);
    }

    @Test
    void leavesNothingInFlightHoweverItEnds() {
        SplittableRandom random = new SplittableRandom(11);
        Trial[] trials = IntStream.range(0, 8).mapToObj(i -> new Trial()).toArray(Trial[]::new);
        boolean[] on = new boolean[trials.length];
        long now = NOW;
        int running = 0;
        for (int step = 0; step < 2_000; step++) {
            int i = random.nextInt(trials.length);
            now += random.nextInt(1_000_000_000);
            long ticket = on[i] ? 0 : health.tryPass(now);
            if (!on[i] && ticket != TargetHealth.REFUSED) {
                trials[i].begin(health, ticket, random.nextBoolean(), now);
                on[i] = true;
                running++;
            } else if (random.nextInt(3) == 0) {
                trials[i].onGood(random.nextInt(1000), now);
            } else {
                trials[i].end(random.nextInt(4) == 0, now);
                running -= on[i] ? 1 : 0;
                on[i] = false;
            }
            assertThat(health.inFlight()).isEqualTo(running);
        }
        for (Trial each : trials) {
            each.end(false, now);
        }
        assertThat(health.inFlight()).isZero();
        assertThat(health.tryPass(now + Duration.ofSeconds(60).toNanos()))
                .as("no probe's place is lost").isNotEqualTo(TargetHealth.REFUSED);
    }

    @Test
    void keepsModelsApartAndNamesThoseOfTheConfiguration() {
        assertThat(table.of("m")).isSameAs(health);
        TargetHealth asked = table.of("asked");

        assertThat(table.all()).containsExactly(asked, health);
        assertThat(asked.isConfigured()).isFalse();
        assertThat(health.isConfigured()).isTrue();
        table.use(TWO_FAILURES, Set.of("asked"));
        assertThat(List.of(asked.isConfigured(), health.isConfigured()))
                .containsExactly(true, false);
    }

    @Test
    void sharesOneThatNeverOpensBeyondItsBound() {
        for (int i = 1; i < HealthTable.MAX_MODELS; i++) {
            table.of("x" + i);
        }
        TargetHealth others = table.of("one-more");

        assertThat(table.of("and-another")).isSameAs(others);
        assertThat(table.of("m")).isSameAs(health);
        for (int i = 0; i < 100; i++) {
            trial.begin(others, others.tryPass(NOW), true, NOW);
            trial.end(true, NOW);
        }
        assertThat(others.breakerState()).isEqualTo("closed");
        assertThat(table.all()).hasSize(HealthTable.MAX_MODELS);
    }
}

package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.concurrent.TimeUnit;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatencyTest {
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);
    private static final Offset<Double> ROUNDING = within(1.0);

    private final Latency latency = new Latency();
    private long now = -MILLI;

    private void add(int times, long nanos) {
        for (int i = 0; i < times; i++) {
            latency.add(nanos, now);
        }
    }

    @Test
    void knowsNothingAtFirst() {
        assertThat(latency.averageNanos()).isZero();
        assertThat(latency.percentileNanos(0.5, now)).isEqualTo(-1);
    }

    @Test
    void jumpsUpAtOnceAndComesDownSlowly() {
        latency.add(100 * MILLI, now);
        latency.add(3000 * MILLI, now);
        assertThat(latency.averageNanos()).isEqualTo(3000.0 * MILLI);

        now += Latency.DECAY_NANOS / 100;
        latency.add(100 * MILLI, now);
        assertThat(latency.averageNanos()).isCloseTo(
                (100 + 2900 * Math.exp(-0.01)) * MILLI, ROUNDING);

        now += 10 * Latency.DECAY_NANOS;
        latency.add(100 * MILLI, now);
        assertThat(latency.averageNanos()).isBetween(100.0 * MILLI, 101.0 * MILLI);
    }

    @Test
    void knowsHowOldItsNewsIs() {
        latency.add(MILLI, now);

        assertThat(latency.ageNanos(now + 7)).isEqualTo(7);
        assertThat(latency.ageNanos(now - 7)).isZero();
    }

    @Test
    void takesAFailureForSlowHoweverSoonItCame() {
        latency.add(800 * MILLI, now);
        latency.addFailure(MILLI, now);
        assertThat(latency.averageNanos()).isEqualTo(1600.0 * MILLI);

        for (int i = 0; i < 10; i++) {
            latency.addFailure(MILLI, now);
        }
        assertThat(latency.averageNanos()).isEqualTo(10_000.0 * MILLI);
        latency.addFailure(60_000 * MILLI, now);
        assertThat(latency.averageNanos()).isEqualTo(60_000.0 * MILLI);
        assertThat(latency.percentileNanos(0.5, now)).as("no time to content").isEqualTo(-1);
    }

    @Test
    void countsAFirstFailureAsASecond() {
        latency.addFailure(MILLI, now);

        assertThat(latency.averageNanos()).isEqualTo(1000.0 * MILLI);
    }

    @Test
    void saysNothingOfPercentilesBeforeItHasEnough() {
        add(Latency.MIN_SAMPLES - 1, 50 * MILLI);
        assertThat(latency.percentileNanos(0.5, now)).isEqualTo(-1);

        add(1, 50 * MILLI);
        assertThat(latency.percentileNanos(0.5, now)).isPositive();
    }

    @ParameterizedTest
    @ValueSource(longs = {2, 10, 333, 1000, 1024, 7777, 60_000, 600_000})
    void isAtMostAnEighthOff(long millis) {
        add(100, millis * MILLI);

        for (double share : new double[] {0.01, 0.5, 0.99}) {
            assertThat(latency.percentileNanos(share, now))
                    .isCloseTo(millis * MILLI, Percentage.withPercentage(12.5));
        }
    }

    @Test
    void tellsTheQuickFromTheSlow() {
        for (int i = 1; i <= 100; i++) {
            latency.add(i * 10 * MILLI, now);
        }

        assertThat(latency.percentileNanos(0.5, now))
                .isCloseTo(500 * MILLI, Percentage.withPercentage(12.5));
        assertThat(latency.percentileNanos(0.95, now))
                .isCloseTo(950 * MILLI, Percentage.withPercentage(12.5));
        assertThat(latency.percentileNanos(0.99, now))
                .isGreaterThanOrEqualTo(latency.percentileNanos(0.95, now));
    }

    @Test
    void takesTimesBeyondAllBuckets() {
        add(10, 1);
        add(10, Long.MAX_VALUE);

        assertThat(latency.percentileNanos(0.25, now)).isBetween(0L, 1L << 20);
        assertThat(latency.percentileNanos(0.99, now)).isGreaterThan(1L << 39);
    }

    @Test
    void prefersTheNewToTheOld() {
        add(100, 100 * MILLI);
        now += 20 * Latency.DECAY_NANOS; // an eighth is left
        add(30, 1000 * MILLI);

        assertThat(latency.percentileNanos(0.5, now)).isGreaterThan(800 * MILLI);
    }

    @Test
    void forgetsAllInTheEnd() {
        add(100, 100 * MILLI);
        now += 30 * Latency.DECAY_NANOS;
        assertThat(latency.percentileNanos(0.5, now)).isEqualTo(-1);

        now += 100_000 * Latency.DECAY_NANOS;
        add(10, 200 * MILLI);
        assertThat(latency.percentileNanos(0.01, now))
                .isCloseTo(200 * MILLI, Percentage.withPercentage(12.5));
    }
}

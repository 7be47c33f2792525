package io.penstock.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    private final Endpoint direct = Endpoint.parse("direct=http://127.0.0.1:1/v1");
    private final Endpoint first = Endpoint.parse("first=http://127.0.0.1:2/v1");
    private final Endpoint second = Endpoint.parse("second=http://127.0.0.1:3/v1");

    @Test
    void takesTheMiddleOfAnOddNumber() {
        assertThat(Spread.of(9, 1, 5)).isEqualTo(new Spread(5, 1, 9));
    }

    @Test
    void takesTheMeanOfTheTwoInTheMiddle() {
        assertThat(Spread.of(1, 100, 3, 5)).isEqualTo(new Spread(4, 1, 100));
    }

    @Test
    void leavesOutWhatIsUnknown() {
        assertThat(Spread.of(Double.NaN, 7)).isEqualTo(new Spread(7, 7, 7));
        assertThat(Spread.of(Double.NaN).isKnown()).isFalse();
    }

    @Test
    void takesRatiosWithinEachRound() {
        Comparison comparison = new Comparison(null, List.of(first, second));
        // The machine slowed down to a half after the first round; the ratio did not change.
        comparison.add(first, round(1_000, 10_000, 50));
        comparison.add(second, round(1_000, 5_000, 50));
        comparison.add(first, round(1_000, 20_000, 50));
        comparison.add(second, round(1_000, 10_000, 50));

        assertThat(comparison.value(first, Metric.CPU_PER_CALL)).isEqualTo(new Spread(15, 10, 20));
        assertThat(comparison.ratio(second, Metric.CPU_PER_CALL))
                .isEqualTo(new Spread(0.5, 0.5, 0.5));
        assertThat(comparison.ratio(first, Metric.CPU_PER_CALL)).isEqualTo(new Spread(1, 1, 1));
    }

    @Test
    void takesWhatIsAddedWithinEachRound() {
        Comparison comparison = new Comparison(direct, List.of(first));
        comparison.add(direct, round(10, 0, 1_000));
        comparison.add(first, round(10, 0, 1_500));
        comparison.add(direct, round(10, 0, 900));
        comparison.add(first, round(10, 0, 1_200));

        Spread added = comparison.added(first, Metric.TOTAL_P50);
        assertThat(added.median()).isCloseTo(400, within(3.0));
        assertThat(added.min()).isCloseTo(300, within(3.0));
    }

    @Test
    void knowsNoRatioToNothing() {
        Comparison comparison = new Comparison(null, List.of(first, second));
        comparison.add(first, round(0, 1_000, 50));
        comparison.add(second, round(10, 1_000, 50));

        assertThat(comparison.ratio(second, Metric.CPU_PER_CALL).isKnown()).isFalse();
        assertThat(Figure.ratio(comparison.ratio(second, Metric.CPU_PER_CALL))).isEqualTo("-");
    }

    static Round round(long calls, double cpuMicros, long totalNanos) {
        Recording recording = new Recording();
        recording.calls = calls;
        recording.record(Recording.Timing.TOTAL, totalNanos, 10);
        return new Round(recording, 1_000_000_000, cpuMicros, 5e6, 1e6, 10);
    }
}

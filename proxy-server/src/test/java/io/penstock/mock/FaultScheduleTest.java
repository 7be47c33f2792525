package io.penstock.mock;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FaultScheduleTest {
    private static final Fault DOWN = Fault.parse("503");
    private static final long START = Long.MAX_VALUE - 5; // the clock may turn over

    private static String strikes(FaultSchedule schedule, int calls, long nanos) {
        StringBuilder strikes = new StringBuilder();
        for (int i = 0; i < calls; i++) {
            strikes.append(schedule.next(nanos) == DOWN ? 'x' : '.');
        }
        return strikes.toString();
    }

    @Test
    void strikesNobodyWithoutAFault() {
        assertThat(new FaultSchedule(Failures.NONE, START).next(START)).isEqualTo(Fault.NONE);
    }

    @Test
    void spreadsFailuresEvenly() {
        List<String> seen = new ArrayList<>();
        for (double ratio : new double[] {0, 0.25, 0.5, 1}) {
            seen.add(strikes(new FaultSchedule(Failures.always(DOWN).withRatio(ratio), START), 8,
                    START));
        }
        assertThat(seen).containsExactly("........", "x...x...", "x.x.x.x.", "xxxxxxxx");
    }

    @Test
    void healsAfterANumberOfFailures() {
        Failures three = Failures.always(DOWN).withTimes(3);
        assertThat(strikes(new FaultSchedule(three, START), 6, START)).isEqualTo("xxx...");
        assertThat(strikes(new FaultSchedule(three.withRatio(0.5), START), 9, START))
                .isEqualTo("x.x.x....");
    }

    @Test
    void healsAfterATime() {
        FaultSchedule schedule = new FaultSchedule(
                Failures.always(DOWN).withLasting(Duration.ofNanos(10)), START);
        assertThat(strikes(schedule, 2, START + 9)).isEqualTo("xx");
        assertThat(strikes(schedule, 2, START + 10)).isEqualTo("..");
    }
}

package io.penstock.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ScheduleTest {
    @Test
    void isDueAtEvenSteps() {
        Schedule schedule = new Schedule(1_000, 1_000_000, 0, 1);

        assertThat(schedule.dueNanos()).isEqualTo(1_000);
        schedule.advance();
        assertThat(schedule.dueNanos()).isEqualTo(2_000);
    }

    @Test
    void doesNotDriftWhereTheStepIsNoWholeNumber() {
        Schedule schedule = new Schedule(0, 3, 0, 1);
        for (int i = 0; i < 3_000_000; i++) {
            schedule.advance();
        }

        assertThat(schedule.dueNanos()).isEqualTo(1_000_000_000_000_000L);
    }

    @Test
    void sharesItsArrivalsAmongEventLoops() {
        Schedule first = new Schedule(0, 1_000_000_000, 0, 2);
        Schedule second = new Schedule(0, 1_000_000_000, 1, 2);
        second.advance();

        assertThat(first.dueNanos()).isZero();
        assertThat(second.dueNanos()).isEqualTo(3);
    }
}

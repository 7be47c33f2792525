package io.penstock.caller;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AllowanceTest {
    private static final long SECOND = 1_000_000_000;

    @Test
    void takesOfEachBoundTheSmallerOneWhereZeroIsNone() {
        Allowance a = new Allowance(100, 60 * SECOND, 0, 5, 1000, 0);
        Allowance b = new Allowance(200, 60 * SECOND, 70, 6, 0, 9);

        assertThat(a.and(b)).isEqualTo(new Allowance(100, 60 * SECOND, 70, 5, 1000, 9))
                .isEqualTo(b.and(a));
        assertThat(a.and(Allowance.UNBOUNDED)).isEqualTo(a);
        assertThat(Allowance.UNBOUNDED.and(a)).isEqualTo(a);
    }

    @Test
    void widensNeitherRateNorBurstWhereWindowsDiffer() {
        Allowance shortBursts = Allowance.ofRequests(10, SECOND);
        Allowance perMinute = Allowance.ofRequests(300, 60 * SECOND);
        assertThat(shortBursts.and(perMinute)).isEqualTo(Allowance.ofRequests(10, 2 * SECOND));

        Allowance perHour = Allowance.ofRequests(1000, 3600 * SECOND);
        Allowance sixty = Allowance.ofRequests(60, 60 * SECOND);
        assertThat(perHour.and(sixty)).isEqualTo(Allowance.ofRequests(60, 216 * SECOND));
    }

    @Test
    void knowsWhetherAMonthHasABound() {
        assertThat(Allowance.UNBOUNDED.hasBudget()).isFalse();
        assertThat(new Allowance(0, 1, 0, 0, 1, 0).hasBudget()).isTrue();
        assertThat(new Allowance(0, 1, 0, 0, 0, 1).hasBudget()).isTrue();
    }
}

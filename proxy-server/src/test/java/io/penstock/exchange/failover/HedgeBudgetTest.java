package io.penstock.exchange.failover;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HedgeBudgetTest {
    private final HedgeBudget budget = new HedgeBudget();

    private void calls(int count, double maxRatio) {
        for (int i = 0; i < count; i++) {
            budget.onCall(maxRatio);
        }
    }

    private int taken() {
        int taken = 0;
        while (budget.tryTake()) {
            taken++;
        }
        return taken;
    }

    @Test
    void allowsNoneBeforeAnyCall() {
        assertThat(budget.tryTake()).isFalse();
    }

    @Test
    void allowsTheShareOfTheCallsThatItIsFor() {
        calls(3, 0.25);
        assertThat(budget.tryTake()).isFalse();
        calls(1, 0.25);
        assertThat(taken()).isEqualTo(1);
        calls(8, 0.25);
        assertThat(taken()).isEqualTo(2);
    }

    @Test
    void allowsNoneWhereTheShareIsNothing() {
        calls(1000, 0);
        assertThat(budget.tryTake()).isFalse();
    }

    @Test
    void savesNoMoreThanABurst() {
        calls(1000, 1);
        assertThat(taken()).isEqualTo(HedgeBudget.BURST);
        assertThat(budget.tryTake()).isFalse();
    }

    @Test
    void losesNothingByARefusal() {
        calls(1, 0.5);
        assertThat(budget.tryTake()).isFalse();
        calls(1, 0.5);
        assertThat(budget.tryTake()).isTrue();
    }
}

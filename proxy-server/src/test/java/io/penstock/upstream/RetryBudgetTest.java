package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RetryBudgetTest {
    private final RetryBudget budget = new RetryBudget();

    private int spend() {
        int taken = 0;
        while (taken < 1000 && budget.tryTake()) {
            taken++;
        }
        return taken;
    }

    @Test
    void allowsABurstThenNothing() {
        assertThat(spend()).isEqualTo(RetryBudget.BURST);
        assertThat(budget.tryTake()).isFalse();
    }

    @Test
    void isFilledByFirstTries() {
        spend();
        for (int i = 0; i < 41; i++) { // one more than 8 / 0.2, for the rounding of doubles
            budget.onFirstTry(0.2);
        }
        assertThat(spend()).isEqualTo(8);
    }

    @Test
    void holdsNoMoreThanABurst() {
        for (int i = 0; i < 1000; i++) {
            budget.onFirstTry(1);
        }
        assertThat(spend()).isEqualTo(RetryBudget.BURST);
    }

    @Test
    void aRatioOfZeroNeverFillsIt() {
        spend();
        for (int i = 0; i < 1000; i++) {
            budget.onFirstTry(0);
        }
        assertThat(spend()).isZero();
    }
}

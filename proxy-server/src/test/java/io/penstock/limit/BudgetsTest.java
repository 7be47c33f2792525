package io.penstock.limit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BudgetsTest {
    private static final int NOVEMBER = 2026 * 12 + 10;

    private final Budgets budgets = new Budgets(4);

    private Refusal reserve(String caller, int month, long tokens, long maxTokens) {
        MonthlyUse use = budgets.use(caller, month);
        return use == null ? Refusal.TOO_MANY_CALLERS : use.tryReserve(tokens, 0, maxTokens, 0);
    }

    @Test
    void knowsNothingOfAStranger() {
        assertThat(budgets.usedTokens("a", NOVEMBER)).isZero();
        assertThat(budgets.usedNanoDollars("a", NOVEMBER)).isZero();
        assertThat(budgets.reservedTokens("a", NOVEMBER)).isZero();
        assertThat(budgets.size()).isZero();
    }

    @Test
    void goesOnFromWhatTheStoreHad() {
        assertThat(budgets.seed("a", NOVEMBER, 90, 7)).isTrue();
        assertThat(budgets.usedTokens("a", NOVEMBER)).isEqualTo(90);
        assertThat(budgets.usedNanoDollars("a", NOVEMBER)).isEqualTo(7);
        assertThat(reserve("a", NOVEMBER, 11, 100)).isEqualTo(Refusal.BUDGET_SPENT);
        assertThat(reserve("a", NOVEMBER, 10, 100)).isNull();
    }

    @Test
    void countsWhatWasUsedWithoutAReservation() {
        budgets.add("a", NOVEMBER, 60, 1);
        budgets.add("a", NOVEMBER, 60, 2);
        assertThat(budgets.usedTokens("a", NOVEMBER)).isEqualTo(120);
        assertThat(budgets.usedNanoDollars("a", NOVEMBER)).isEqualTo(3);
        assertThat(budgets.reservedTokens("a", NOVEMBER)).isZero();
        assertThat(reserve("a", NOVEMBER, 0, 100)).isEqualTo(Refusal.BUDGET_SPENT);
    }

    @Test
    void tellsSpentFromReserved() {
        budgets.add("a", NOVEMBER, 50, 0);
        assertThat(reserve("a", NOVEMBER, 40, 100)).isNull();
        assertThat(budgets.reservedTokens("a", NOVEMBER)).isEqualTo(40);
        assertThat(reserve("a", NOVEMBER, 50, 100)).isEqualTo(Refusal.BUDGET_RESERVED);
        assertThat(reserve("a", NOVEMBER, 51, 100)).isEqualTo(Refusal.BUDGET_SPENT);
        assertThat(reserve("a", NOVEMBER, 10, 100)).isNull();
        assertThat(budgets.reservedTokens("a", NOVEMBER)).isEqualTo(50);
    }

    @Test
    void reservesBothKindsOrNeither() {
        MonthlyUse use = budgets.use("a", NOVEMBER);
        assertThat(use.tryReserve(10, 101, 100, 100)).isEqualTo(Refusal.DOLLARS_SPENT);
        assertThat(use.tryReserve(10, 60, 100, 100)).isNull();
        assertThat(use.tryReserve(10, 41, 100, 100)).isEqualTo(Refusal.DOLLARS_RESERVED);
        assertThat(budgets.reservedTokens("a", NOVEMBER)).isEqualTo(10);
        assertThat(budgets.reservedNanoDollars("a", NOVEMBER)).isEqualTo(60);
    }

    @Test
    void boundsOnlyTheKindThatHasABound() {
        MonthlyUse use = budgets.use("a", NOVEMBER);
        assertThat(use.tryReserve(Long.MAX_VALUE, 100, 0, 100)).isNull();
        use.settle(Long.MAX_VALUE, 100, 5, 5);
        assertThat(use.tryReserve(Long.MAX_VALUE, 95, 0, 100)).isNull();
        assertThat(use.tryReserve(Long.MAX_VALUE, 1, 0, 100)).isEqualTo(Refusal.DOLLARS_RESERVED);
        use.settle(Long.MAX_VALUE, 95, 0, 0);
        assertThat(budgets.usedTokens("a", NOVEMBER)).isEqualTo(5);
        assertThat(budgets.reservedTokens("a", NOVEMBER)).isZero();
    }

    @Test
    void beginsEachMonthFromZero() {
        budgets.add("a", NOVEMBER, 100, 0);
        assertThat(reserve("a", NOVEMBER, 1, 100)).isEqualTo(Refusal.BUDGET_SPENT);
        assertThat(reserve("a", NOVEMBER + 1, 100, 100)).isNull();
        assertThat(budgets.usedTokens("a", NOVEMBER)).isEqualTo(100);
        assertThat(budgets.usedTokens("a", NOVEMBER + 1)).isZero();
    }

    @Test
    void stillKnowsTheMonthBeforeButNoneBeforeThat() {
        for (int i = 0; i < 3; i++) {
            budgets.add("a", NOVEMBER + i, 1 + i, 0);
        }
        assertThat(budgets.usedTokens("a", NOVEMBER)).isZero();
        assertThat(budgets.usedTokens("a", NOVEMBER + 1)).isEqualTo(2);
        assertThat(budgets.usedTokens("a", NOVEMBER + 2)).isEqualTo(3);
        assertThat(budgets.size()).isEqualTo(2);
    }

    @Test
    void losesNothingWhenTheClockLeapsAndComesBack() {
        budgets.add("a", NOVEMBER, 100, 0);
        budgets.add("a", NOVEMBER + 140, 5, 0);
        assertThat(reserve("a", NOVEMBER, 1, 100)).isEqualTo(Refusal.BUDGET_SPENT);
    }

    @Test
    void keepsRoomForCallersThatHaveABudget() {
        for (String caller : new String[] {"a", "b", "c", "d", "e"}) {
            budgets.add(caller, NOVEMBER, 1, 1);
        }
        assertThat(budgets.usedTokens("b", NOVEMBER)).isOne();
        assertThat(budgets.size()).isEqualTo(2);
        assertThat(reserve("f", NOVEMBER, 1, 100)).isNull();
        assertThat(budgets.seed("g", NOVEMBER, 1, 1)).isTrue();
        assertThat(budgets.add("f", NOVEMBER, 1, 1)).as("known").isTrue();
    }

    @Test
    void refusesOnlyStrangersAtItsBound() {
        for (String caller : new String[] {"a", "b", "c", "d"}) {
            assertThat(reserve(caller, NOVEMBER, 1, 100)).isNull();
        }
        assertThat(reserve("e", NOVEMBER, 1, 100)).isEqualTo(Refusal.TOO_MANY_CALLERS);
        assertThat(budgets.add("e", NOVEMBER, 1, 1)).isFalse();
        assertThat(budgets.seed("e", NOVEMBER, 1, 1)).isFalse();
        assertThat(reserve("a", NOVEMBER, 99, 100)).isNull();
        assertThat(budgets.size()).isEqualTo(4);
    }

    @Test
    void forgetsTheMonthBeforeWhenTheNextNeedsItsRoom() {
        for (String caller : new String[] {"a", "b", "c"}) {
            budgets.seed(caller, NOVEMBER, 1, 0);
        }
        budgets.seed("a", NOVEMBER + 1, 1, 0);
        assertThat(budgets.usedTokens("b", NOVEMBER)).isEqualTo(1);
        budgets.seed("b", NOVEMBER + 1, 1, 0);
        assertThat(budgets.usedTokens("b", NOVEMBER)).isZero();
        assertThat(budgets.usedTokens("a", NOVEMBER + 1)).isEqualTo(1);
        assertThat(budgets.usedTokens("b", NOVEMBER + 1)).isEqualTo(1);
        assertThat(budgets.size()).isEqualTo(2);
    }

    @Test
    void neverForgetsThisMonthForTheOneBefore() {
        for (String caller : new String[] {"a", "b", "c", "d"}) {
            budgets.seed(caller, NOVEMBER + 1, 1, 0);
        }
        assertThat(reserve("e", NOVEMBER, 1, 100)).isEqualTo(Refusal.TOO_MANY_CALLERS);
        assertThat(budgets.usedTokens("d", NOVEMBER + 1)).isEqualTo(1);
        assertThat(reserve("d", NOVEMBER + 1, 100, 100)).isEqualTo(Refusal.BUDGET_SPENT);
    }
}

package io.penstock.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.limit.Refusal.Limit;
import org.junit.jupiter.api.Test;

class PermitTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MINUTE = 60 * SECOND;
    private static final int MONTH = 2026 * 12 + 10;

    private final Accounts accounts = new Accounts(100);
    private final Budgets budgets = new Budgets(100);
    private final Permit permit = permit();
    private final Permit other = permit();
    private long now = -5 * SECOND;

    private Permit permit() {
        return new Permit(accounts, budgets);
    }

    private Refusal begin(Permit permit, long requests, int concurrent, long tokensPerMinute) {
        return permit.begin("a", requests, MINUTE, concurrent, tokensPerMinute, now);
    }

    private Refusal reserve(Permit permit, long tokensPerMonth, long tokens) {
        return permit.reserve("caller", MONTH, tokensPerMonth, 0, tokens, 0, now);
    }

    private static Limit limit(Refusal refusal) {
        return refusal == null ? null : refusal.limit();
    }

    @Test
    void keepsNoAccountOfACallerWithoutBounds() {
        assertThat(begin(permit, 0, 0, 0)).isNull();
        assertThat(permit.isHeld()).isTrue();
        assertThat(reserve(permit, 0, Long.MAX_VALUE)).isNull();
        assertThat(permit.extend(1, 1, now)).isTrue();
        permit.settle(5, 5, now);
        permit.end(now);
        assertThat(permit.isHeld()).isFalse();
        assertThat(permit.hasRequestLimit()).isFalse();
        assertThat(permit.hasTokenLimit()).isFalse();
        assertThat(permit.hasTokenBudget()).isFalse();
        assertThat(permit.hasDollarBudget()).isFalse();
        assertThat(accounts.size()).isZero();
        assertThat(budgets.size()).isZero();
    }

    @Test
    void refusesWhatIsAboveTheRateOfRequestsAndSaysUntilWhen() {
        for (int i = 0; i < 3; i++) {
            assertThat(begin(permit, 3, 0, 0)).isNull();
            permit.end(now);
        }
        assertThat(begin(permit, 3, 0, 0)).isEqualTo(new Refusal(Limit.REQUESTS, 20 * SECOND));
        assertThat(permit.isHeld()).isFalse();
        now += 20 * SECOND;
        assertThat(begin(permit, 3, 0, 0)).isNull();
    }

    @Test
    void refusesMoreCallsInFlightThanItsBound() {
        assertThat(begin(permit, 0, 1, 0)).isNull();
        assertThat(limit(begin(other, 0, 1, 0))).isEqualTo(Limit.CONCURRENT);
        assertThat(begin(other, 0, 1, 0).retryAfterNanos()).isPositive();
        permit.end(now);
        assertThat(begin(other, 0, 1, 0)).isNull();
    }

    @Test
    void countsCallsInFlightOfOneAccountWhoeverMadeThem() {
        assertThat(begin(permit, 0, 0, 1000)).isNull();
        assertThat(limit(begin(other, 0, 1, 0))).isEqualTo(Limit.CONCURRENT);
    }

    @Test
    void takesNoRequestFromOneWhoHasTooManyInFlight() {
        begin(permit, 2, 1, 0);
        begin(other, 2, 1, 0);
        permit.end(now);
        assertThat(begin(other, 2, 1, 0)).isNull();
    }

    @Test
    void refusesWhatIsAboveTheRateOfAllCallers() {
        accounts.setGlobal(2, MINUTE);
        assertThat(permit.begin("a", 10, MINUTE, 0, 0, now)).isNull();
        assertThat(other.begin("b", 0, MINUTE, 0, 0, now)).isNull();
        assertThat(permit().begin("c", 0, MINUTE, 0, 0, now))
                .isEqualTo(new Refusal(Limit.GLOBAL_REQUESTS, 30 * SECOND));
        now += 30 * SECOND;
        assertThat(permit().begin("c", 0, MINUTE, 0, 0, now)).isNull();
        accounts.setGlobal(0, MINUTE);
        assertThat(permit().begin("c", 0, MINUTE, 0, 0, now)).isNull();
    }

    @Test
    void takesNothingOfTheCallersForACallThatAllTogetherHadNoRoomFor() {
        accounts.setGlobal(1, MINUTE);
        permit.begin("b", 0, MINUTE, 0, 0, now);
        for (int i = 0; i < 10; i++) {
            assertThat(limit(begin(other, 1, 1, 0))).isEqualTo(Limit.GLOBAL_REQUESTS);
        }
        accounts.setGlobal(0, MINUTE);
        assertThat(begin(other, 1, 1, 0)).isNull();
    }

    @Test
    void bringsTheRateOfAllIntoAShorterWindowAtOnce() {
        accounts.setGlobal(1, 60 * MINUTE);
        begin(permit, 0, 0, 0);
        accounts.setGlobal(1, SECOND);
        assertThat(begin(other, 0, 0, 0))
                .isEqualTo(new Refusal(Limit.GLOBAL_REQUESTS, SECOND));
    }

    @Test
    void keepsToTheRateOfAllWhereItIsNoWholeNumberOfNanoseconds() {
        accounts.setGlobal(600, 1000);
        int granted = 0;
        for (int i = 0; i < 2000; i++) {
            granted += begin(permit, 0, 0, 0) == null ? 1 : 0;
            permit.end(now);
        }
        assertThat(granted).isEqualTo(600);
    }

    @Test
    void refusesWhatIsAboveTheRateOfTokens() {
        begin(permit, 0, 0, 600);
        assertThat(reserve(permit, 0, 500)).isNull();
        begin(other, 0, 0, 600);
        assertThat(reserve(other, 0, 160)).isEqualTo(new Refusal(Limit.TOKENS, 6 * SECOND));
        now += 6 * SECOND;
        assertThat(reserve(other, 0, 160)).isNull();
    }

    @Test
    void saysThatACallIsTooLargeForEveryMinute() {
        begin(permit, 0, 0, 600);
        assertThat(reserve(permit, 0, 601)).isEqualTo(new Refusal(Limit.TOKENS_TOO_MANY, 0));
        assertThat(reserve(permit, 0, 600)).isNull();
    }

    @Test
    void usesNoRequestUpForACallThatIsRefusedLater() {
        accounts.setGlobal(2, MINUTE);
        for (int i = 0; i < 5; i++) {
            assertThat(begin(permit, 2, 0, 100)).isNull();
            assertThat(limit(reserve(permit, 0, 101))).isEqualTo(Limit.TOKENS_TOO_MANY);
            assertThat(permit.requestsRemaining(now)).isEqualTo(2);
            permit.end(now);
            assertThat(begin(permit, 2, 0, 100)).isNull();
            assertThat(limit(reserve(permit, 10, 50))).isEqualTo(Limit.BUDGET_SPENT);
            permit.end(now);
        }
        assertThat(begin(permit, 2, 0, 100)).isNull();
        assertThat(reserve(permit, 0, 100)).isNull();
        permit.end(now);
        assertThat(permit.requestsRemaining(now)).isEqualTo(1);
        assertThat(begin(permit, 2, 0, 100)).isNull();
        permit.end(now);
        assertThat(limit(begin(permit, 2, 0, 100))).isEqualTo(Limit.REQUESTS);
    }

    @Test
    void takesNoTokensForACallThatTheBudgetHasNoRoomFor() {
        begin(permit, 0, 0, 600);
        assertThat(reserve(permit, 100, 500)).isEqualTo(new Refusal(Limit.BUDGET_SPENT, 0));
        assertThat(permit.tokensRemaining(now)).isEqualTo(600);
        assertThat(budgets.reservedTokens("caller", MONTH)).isZero();
        permit.end(now);
        assertThat(permit.isHeld()).isFalse();
    }

    @Test
    void saysWhenOnlyReservationsStandInTheWay() {
        begin(permit, 0, 0, 0);
        begin(other, 0, 0, 0);
        assertThat(reserve(permit, 100, 60)).isNull();
        assertThat(reserve(other, 100, 60))
                .isEqualTo(new Refusal(Limit.BUDGET_RESERVED, SECOND));
        permit.settle(40, 0, now);
        assertThat(reserve(other, 100, 60)).isNull();
    }

    @Test
    void givesBackWhatWasNotUsedAtOnce() {
        begin(permit, 0, 0, 600);
        reserve(permit, 1000, 600);
        permit.settle(50, 0, now);
        assertThat(permit.tokensRemaining(now)).isEqualTo(550);
        assertThat(budgets.usedTokens("caller", MONTH)).isEqualTo(50);
        assertThat(budgets.reservedTokens("caller", MONTH)).isZero();
        assertThat(permit.budgetRemainingTokens()).isEqualTo(950);
        permit.end(now);
        assertThat(permit.tokensRemaining(now)).isEqualTo(550);
    }

    @Test
    void turnsWhatWasUsedBeyondTheReservationIntoDebt() {
        begin(permit, 0, 0, 600);
        reserve(permit, 1000, 600);
        permit.settle(1200, 0, now);
        permit.end(now);
        assertThat(budgets.usedTokens("caller", MONTH)).isEqualTo(1200);
        begin(permit, 0, 0, 600);
        assertThat(reserve(permit, 0, 60)).isEqualTo(new Refusal(Limit.TOKENS, 66 * SECOND));
        assertThat(permit.tokensResetNanos(now)).isEqualTo(2 * MINUTE);
        now += 66 * SECOND;
        assertThat(reserve(permit, 1000, 60)).isEqualTo(new Refusal(Limit.BUDGET_SPENT, 0));
    }

    @Test
    void givesBackEverythingOfACallThatWasNotSettled() {
        begin(permit, 0, 1, 600);
        reserve(permit, 1000, 600);
        permit.extend(100, 0, now);
        permit.end(now);
        assertThat(budgets.usedTokens("caller", MONTH)).isZero();
        assertThat(budgets.reservedTokens("caller", MONTH)).isZero();
        begin(permit, 0, 1, 600);
        assertThat(permit.tokensRemaining(now)).isEqualTo(600);
    }

    @Test
    void extendsWhileTheBudgetLasts() {
        begin(permit, 0, 0, 60);
        reserve(permit, 100, 50);
        assertThat(permit.extend(30, 0, now)).isTrue(); // beyond the rate, which doesn't refuse
        assertThat(permit.extend(21, 0, now)).isFalse();
        assertThat(permit.extend(20, 0, now)).isTrue();
        assertThat(permit.extend(1, 0, now)).isFalse();
        assertThat(permit.tokensResetNanos(now)).isEqualTo(100 * SECOND);
        permit.settle(100, 0, now);
        assertThat(budgets.usedTokens("caller", MONTH)).isEqualTo(100);
        assertThat(permit.tokensResetNanos(now)).isEqualTo(100 * SECOND);
    }

    @Test
    void countsWhatACallHasUsedThatGoesOn() {
        begin(permit, 0, 0, 100);
        assertThat(reserve(permit, 50, 10)).isNull();

        permit.count(30, 0, now);
        assertThat(permit.isBudgetSpent()).isFalse();
        assertThat(permit.budgetRemainingTokens()).isEqualTo(10);
        assertThat(permit.tokensRemaining(now)).isEqualTo(60);
        permit.count(25, 0, now);
        assertThat(permit.isBudgetSpent()).isTrue();

        permit.settle(60, 0, now);
        permit.end(now);
        assertThat(budgets.usedTokens("caller", MONTH)).isEqualTo(60);
        assertThat(budgets.reservedTokens("caller", MONTH)).isZero();
        begin(permit, 0, 0, 100);
        assertThat(permit.tokensRemaining(now)).isEqualTo(40);
    }

    @Test
    void keepsWhatWasCountedOfACallThatWasNotSettled() {
        begin(permit, 0, 0, 0);
        assertThat(reserve(permit, 50, 10)).isNull();
        permit.count(30, 0, now);
        permit.end(now);
        assertThat(budgets.usedTokens("caller", MONTH)).isEqualTo(30);
        assertThat(budgets.reservedTokens("caller", MONTH)).isZero();
    }

    @Test
    void keepsToABudgetOfMoney() {
        begin(permit, 0, 0, 0);
        assertThat(permit.reserve("caller", MONTH, 0, 1000, 5, 600, now)).isNull();
        assertThat(permit.extend(5, 401, now)).isFalse();
        assertThat(permit.extend(5, 400, now)).isTrue();
        assertThat(permit.hasTokenBudget()).isFalse();
        assertThat(permit.hasDollarBudget()).isTrue();
        assertThat(permit.budgetRemainingNanoDollars()).isZero();
        permit.settle(7, 800, now);
        assertThat(permit.budgetRemainingNanoDollars()).isEqualTo(200);
        assertThat(budgets.usedTokens("caller", MONTH)).isEqualTo(7);
        assertThat(budgets.usedNanoDollars("caller", MONTH)).isEqualTo(800);
        assertThat(budgets.reservedNanoDollars("caller", MONTH)).isZero();
    }

    @Test
    void settlesOnceAndEndsOnce() {
        begin(permit, 0, 2, 600);
        reserve(permit, 1000, 100);
        permit.settle(10, 0, now);
        permit.settle(500, 0, now);
        permit.end(now);
        permit.settle(500, 0, now);
        permit.end(now);
        permit.end(now);
        assertThat(budgets.usedTokens("caller", MONTH)).isEqualTo(10);
        assertThat(permit.tokensRemaining(now)).isEqualTo(590);
        assertThat(accounts.find("a").inFlight()).isZero();
    }

    @Test
    void chargesTheRateForWhatWasUsedWithoutAReservation() {
        begin(permit, 0, 0, 600);
        permit.settle(100, 0, now);
        assertThat(permit.tokensRemaining(now)).isEqualTo(500);
        permit.end(now);
        assertThat(permit.tokensRemaining(now)).isEqualTo(500);
    }

    @Test
    void settlesIntoTheMonthThatItReservedIn() {
        begin(permit, 0, 0, 0);
        reserve(permit, 100, 100);
        begin(other, 0, 0, 0);
        assertThat(other.reserve("caller", MONTH + 1, 100, 0, 100, 0, now)).isNull();
        permit.settle(70, 0, now);
        other.settle(30, 0, now);
        assertThat(budgets.usedTokens("caller", MONTH)).isEqualTo(70);
        assertThat(budgets.usedTokens("caller", MONTH + 1)).isEqualTo(30);
    }

    @Test
    void settlesEvenIntoAMonthThatIsForgotten() {
        begin(permit, 0, 0, 0);
        reserve(permit, 100, 100);
        budgets.add("caller", MONTH + 1, 1, 0);
        budgets.add("caller", MONTH + 2, 2, 0);
        permit.settle(70, 0, now);
        permit.end(now);
        assertThat(budgets.usedTokens("caller", MONTH)).isZero();
        assertThat(budgets.usedTokens("caller", MONTH + 1)).isEqualTo(1);
        assertThat(budgets.usedTokens("caller", MONTH + 2)).isEqualTo(2);
    }

    @Test
    void saysWhatIsLeftOfTheRates() {
        begin(permit, 10, 0, 600);
        reserve(permit, 0, 60);
        assertThat(permit.hasRequestLimit()).isTrue();
        assertThat(permit.requestLimit()).isEqualTo(10);
        assertThat(permit.requestsRemaining(now)).isEqualTo(9);
        assertThat(permit.requestsResetNanos(now)).isEqualTo(6 * SECOND);
        assertThat(permit.hasTokenLimit()).isTrue();
        assertThat(permit.tokenLimit()).isEqualTo(600);
        assertThat(permit.tokensRemaining(now)).isEqualTo(540);
        assertThat(permit.tokensResetNanos(now)).isEqualTo(6 * SECOND);
    }

    @Test
    void saysSoForARefusedCallToo() {
        begin(permit, 1, 0, 600);
        assertThat(limit(begin(other, 1, 0, 600))).isEqualTo(Limit.REQUESTS);
        assertThat(other.isHeld()).isFalse();
        assertThat(other.hasRequestLimit()).isTrue();
        assertThat(other.requestsRemaining(now)).isZero();
        assertThat(other.requestsResetNanos(now)).isEqualTo(MINUTE);
        assertThat(other.tokensRemaining(now)).isEqualTo(600);
    }

    @Test
    void servesOneCallerAfterAnother() {
        for (String name : new String[] {"a", "b", "a", "b"}) {
            assertThat(permit.begin(name, 2, MINUTE, 1, 0, now)).isNull();
            permit.end(now);
        }
        assertThat(limit(begin(permit, 2, 1, 0))).isEqualTo(Limit.REQUESTS);
        assertThat(accounts.size()).isEqualTo(2);
    }

    @Test
    void makesRoomAtOnceWhereAReloadRaisesABound() {
        for (int i = 0; i < 3; i++) {
            assertThat(begin(permit, 3, 0, 100)).isNull();
            assertThat(reserve(permit, 0, 33)).isNull();
            permit.settle(33, 0, now);
            permit.end(now);
        }
        assertThat(limit(begin(permit, 3, 0, 100))).isEqualTo(Limit.REQUESTS);

        accounts.onReload();
        assertThat(begin(permit, 10, 0, 1000)).isNull();
        assertThat(permit.requestsRemaining(now)).isEqualTo(6);
        assertThat(permit.tokensRemaining(now)).isEqualTo(901);
        permit.end(now);

        accounts.onReload();
        assertThat(begin(permit, 5, 0, 200)).isNull();
        assertThat(permit.requestsRemaining(now)).isZero();
        assertThat(permit.tokensRemaining(now)).isEqualTo(101);
        permit.end(now);
    }

    @Test
    void makesRoomAtOnceWhereAReloadRaisesTheRateOfAll() {
        accounts.setGlobal(2, MINUTE);
        for (int i = 0; i < 2; i++) {
            assertThat(begin(permit, 0, 0, 0)).isNull();
            permit.end(now);
        }
        assertThat(limit(begin(permit, 0, 0, 0))).isEqualTo(Limit.GLOBAL_REQUESTS);
        accounts.setGlobal(4, MINUTE);
        for (int i = 0; i < 2; i++) {
            assertThat(begin(permit, 0, 0, 0)).isNull();
            permit.end(now);
        }
        assertThat(limit(begin(permit, 0, 0, 0))).isEqualTo(Limit.GLOBAL_REQUESTS);
    }

    @Test
    void keepsDebtWhenAReloadLeavesTheBoundAsItIs() {
        begin(permit, 0, 0, 600);
        permit.settle(6000, 0, now);
        permit.end(now);
        begin(permit, 0, 0, 600);
        permit.end(now);
        accounts.onReload();
        begin(permit, 0, 0, 600);
        assertThat(permit.tokensResetNanos(now)).isEqualTo(10 * MINUTE);
    }

    @Test
    void letsNobodyWaitForLongerThanTheNewWindowAfterAReload() {
        permit.begin("a", 1, 60 * MINUTE, 0, 600, now);
        permit.settle(6000, 0, now);
        permit.end(now);
        accounts.onReload();
        assertThat(permit.begin("a", 1, SECOND, 0, 60, now))
                .isEqualTo(new Refusal(Limit.REQUESTS, SECOND));
        now += SECOND;
        assertThat(permit.begin("a", 1, SECOND, 0, 60, now)).isNull();
        assertThat(permit.tokensRemaining(now)).isEqualTo(1);
        assertThat(permit.tokensResetNanos(now)).isEqualTo(59 * SECOND);
    }

    @Test
    void forgivesNoDebtForAnotherBoundWithoutAReload() {
        begin(permit, 0, 0, 600);
        permit.settle(6000, 0, now);
        permit.end(now);
        begin(permit, 0, 0, 60); // a token of the same caller's with tighter claims
        assertThat(permit.tokensResetNanos(now)).isEqualTo(10 * MINUTE);
    }

    @Test
    void countsACallInFlightOverAReload() {
        begin(permit, 0, 2, 600);
        reserve(permit, 0, 600);
        accounts.onReload();
        assertThat(limit(begin(other, 0, 1, 1200))).isEqualTo(Limit.CONCURRENT);
        assertThat(begin(other, 0, 2, 1200)).isNull();
        assertThat(other.tokensRemaining(now)).isEqualTo(600);
        permit.settle(300, 0, now);
        permit.end(now);
        assertThat(other.tokensRemaining(now)).isEqualTo(900); // what was used, and no more
    }

    @Test
    void refusesToBeUsedOutOfOrder() {
        assertThatThrownBy(() -> reserve(permit, 0, 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> permit.extend(1, 0, now))
                .isInstanceOf(IllegalStateException.class);
        begin(permit, 0, 0, 0);
        assertThatThrownBy(() -> begin(permit, 0, 0, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> reserve(permit, 0, -1))
                .isInstanceOf(IllegalArgumentException.class);
        reserve(permit, 0, 1);
        assertThatThrownBy(() -> reserve(permit, 0, 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> permit.settle(-1, 0, now))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

package io.penstock.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.limit.Refusal.Limit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class AccountsTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MINUTE = 60 * SECOND;

    private final Budgets budgets = new Budgets(1);
    private long now = Long.MAX_VALUE - SECOND;

    private Permit permit(Accounts accounts) {
        return new Permit(accounts, budgets);
    }

    private static Limit limit(Refusal refusal) {
        return refusal == null ? null : refusal.limit();
    }

    /** A call that uses more tokens than it may in ten minutes. */
    private void runIntoDebt(Accounts accounts, String name) {
        Permit permit = permit(accounts);
        assertThat(permit.begin(name, 0, MINUTE, 0, 100, now)).isNull();
        permit.settle(1000, 0, now);
        permit.end(now);
    }

    @Test
    void growsToItsBoundUnderAMillionAddressesAndForgetsNoDebtor() {
        Accounts accounts = new Accounts(10_000);
        for (int i = 0; i < 1000; i++) {
            runIntoDebt(accounts, "debtor" + i);
        }
        Permit permit = permit(accounts);
        int most = 0;
        for (int i = 0; i < 1_000_000; i++) {
            now += 10_000; // 100,000 a second; each is at rest again a second later
            permit.begin("ip:10." + i, 60, MINUTE, 0, 100, now);
            permit.end(now);
            most = Math.max(most, accounts.size());
        }
        assertThat(most).isLessThanOrEqualTo(10_000).isGreaterThan(9000);
        for (int i = 0; i < 1000; i++) {
            permit.begin("debtor" + i, 0, MINUTE, 0, 100, now);
            assertThat(permit.tokensResetNanos(now)).isPositive();
            permit.end(now);
        }
    }

    @Test
    void hasRoomForEveryAddressThatComesWhileThoseBeforeItComeToRest() {
        Accounts accounts = new Accounts(10_000);
        Permit permit = permit(accounts);
        for (int i = 0; i < 200_000; i++) {
            now += 200_000; // 5,000 a second; each is at rest again a second later
            assertThat(permit.begin("ip:10." + i, 60, MINUTE, 0, 100, now)).as("%d", i).isNull();
            permit.end(now);
        }
        assertThat(accounts.size()).isLessThan(10_000);
    }

    @Test
    void refusesOnlyCallersThatAreNotInItWhenItIsFull() {
        Accounts accounts = new Accounts(100);
        for (int i = 0; i < 100; i++) {
            runIntoDebt(accounts, "debtor" + i);
        }
        Permit permit = permit(accounts);
        for (int i = 0; i < 1000; i++) {
            assertThat(limit(permit.begin("new" + i, 60, MINUTE, 0, 0, now)))
                    .isEqualTo(Limit.TOO_MANY_CALLERS);
            assertThat(permit.hasRequestLimit()).isFalse();
        }
        assertThat(permit.begin("unbounded", 0, MINUTE, 0, 0, now)).isNull();
        permit.end(now);
        for (int i = 0; i < 100; i++) {
            assertThat(permit.begin("debtor" + i, 60, MINUTE, 0, 100, now)).isNull();
            assertThat(permit.tokensResetNanos(now)).isEqualTo(10 * MINUTE);
            permit.end(now);
        }
        assertThat(accounts.size()).isEqualTo(100);
        now += 10 * MINUTE;
        assertThat(permit.begin("new", 60, MINUTE, 0, 0, now)).isNull();
    }

    @Test
    void forgetsNoneWithACallInFlight() {
        Accounts accounts = new Accounts(10);
        List<Permit> running = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            running.add(permit(accounts));
            assertThat(running.get(i).begin("c" + i, 0, MINUTE, 1, 0, now)).isNull();
        }
        Permit permit = permit(accounts);
        now += 60 * MINUTE;
        assertThat(limit(permit.begin("new", 0, MINUTE, 1, 0, now)))
                .isEqualTo(Limit.TOO_MANY_CALLERS);
        running.get(3).end(now);
        assertThat(permit.begin("new", 0, MINUTE, 1, 0, now)).isNull();
        for (int i = 0; i < 10; i++) {
            Limit expected = i == 3 ? Limit.TOO_MANY_CALLERS : Limit.CONCURRENT;
            assertThat(limit(permit(accounts).begin("c" + i, 0, MINUTE, 1, 0, now)))
                    .isEqualTo(expected);
        }
    }

    @Test
    void keepsNobodysAccountThatIsRefusedByAll() {
        Accounts accounts = new Accounts(100);
        accounts.setGlobal(1, MINUTE);
        Permit permit = permit(accounts);
        permit.begin("first", 10, MINUTE, 0, 0, now);
        permit.end(now);
        for (int i = 0; i < 10_000; i++) {
            assertThat(limit(permit.begin("c" + i, 10, MINUTE, 0, 0, now)))
                    .isEqualTo(Limit.GLOBAL_REQUESTS);
        }
        assertThat(accounts.size()).isLessThanOrEqualTo(100);
    }

    @Test
    void findsACallersNewAccountAfterTheOldWasForgotten() {
        Accounts accounts = new Accounts(2);
        Permit permit = permit(accounts);
        permit.begin("a", 2, MINUTE, 0, 0, now);
        permit.end(now);
        Account first = accounts.find("a");
        now += MINUTE;
        for (int i = 0; i < 10; i++) {
            Permit passing = permit(accounts);
            assertThat(passing.begin("b" + i, 2, MINUTE, 0, 0, now)).isNull();
            passing.end(now);
            now += MINUTE;
        }
        assertThat(first.isRetired()).isTrue();
        assertThat(permit.begin("a", 2, MINUTE, 1, 0, now)).isNull();
        assertThat(accounts.find("a")).isNotSameAs(first);
        assertThat(accounts.find("a").inFlight()).isOne();
        permit.end(now);
        assertThat(accounts.find("a").inFlight()).isZero();
    }

    /**
     * Threads take from callers' buckets, from some more than there is, while those of the others
     * are driven out of a table that is tiny. They share a clock that each call moves on.
     */
    @Test
    void neverLetsMoreThroughWhileAccountsAreForgottenAndCalledFor() throws Exception {
        long seed = new Random().nextLong();
        long requests = 50;
        long window = SECOND / 1000;
        int callers = 40;
        Accounts accounts = new Accounts(30);
        AtomicLong[] granted = new AtomicLong[callers];
        for (int i = 0; i < callers; i++) {
            granted[i] = new AtomicLong();
        }
        AtomicLong forgotten = new AtomicLong();
        AtomicLong refused = new AtomicLong();
        List<Runnable> loops = new ArrayList<>();
        AtomicLong clock = new AtomicLong(now);
        for (int t = 0; t < 4; t++) {
            Random random = new Random(seed + t);
            loops.add(() -> {
                Permit permit = permit(accounts);
                Account rare = null;
                for (int i = 0; i < 300_000; i++) {
                    int caller = random.nextInt(random.nextInt(callers) + 1); // the first most
                    long time = clock.addAndGet(700);
                    Refusal refusal =
                            permit.begin("c" + caller, requests, window, 0, 0, time);
                    if (refusal == null) {
                        granted[caller].incrementAndGet();
                        permit.end(time);
                    } else if (refusal.limit() == Limit.REQUESTS) {
                        refused.incrementAndGet();
                    }
                    Account seen = accounts.find("c" + (callers - 1));
                    if (seen != rare && rare != null) {
                        forgotten.incrementAndGet();
                    }
                    rare = seen;
                }
            });
        }
        Threads.runTogether(loops);
        double windows = (double) (clock.get() - now) / window;
        for (int i = 0; i < callers; i++) {
            assertThat((double) granted[i].get()).as("seed %d, caller %d", seed, i)
                    .isLessThanOrEqualTo(requests + windows * requests);
        }
        assertThat(forgotten).as("seed %d", seed).hasPositiveValue();
        assertThat(refused).as("seed %d", seed).hasPositiveValue();
        assertThat(accounts.size()).isLessThanOrEqualTo(30);
    }
}

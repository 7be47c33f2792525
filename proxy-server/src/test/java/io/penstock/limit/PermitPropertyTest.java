package io.penstock.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.limit.Refusal.Limit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What stays true of permits whatever becomes of their calls, in any order, on any threads. */
class PermitPropertyTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MINUTE = 60 * SECOND;
    private static final int CALLERS = 20;
    private static final int MONTHS = 7;

    /** One call, as far as it got. */
    private final class Call {
        final Permit permit = new Permit(accounts, budgets);
        int caller;
        int month;
        boolean counted; // its caller had some bound when it began, and so an account
        boolean reserved;
        boolean settled;
        long tokens;
        long nanoDollars;
    }

    private final Accounts accounts = new Accounts(CALLERS);
    private final Budgets budgets = new Budgets(CALLERS * MONTHS);

    // What all of it should come to: by caller, or by caller and month.
    private final int[] inFlight = new int[CALLERS];
    private final long[][] usedTokens = new long[CALLERS][MONTHS];
    private final long[][] usedNanoDollars = new long[CALLERS][MONTHS];
    private final long[][] reservedTokens = new long[CALLERS][MONTHS];
    private final long[][] reservedNanoDollars = new long[CALLERS][MONTHS];

    private Random random;
    private long now;
    private int month;
    private final int[] concurrent = new int[CALLERS];
    private final long[] requests = new long[CALLERS];
    private final long[] tokensPerMinute = new long[CALLERS];
    private final long[] maxTokens = new long[CALLERS];
    private final long[] maxNanoDollars = new long[CALLERS];

    private void drawBounds() {
        for (int i = 0; i < CALLERS; i++) {
            concurrent[i] = random.nextInt(4);
            requests[i] = random.nextInt(3) * 100L;
            tokensPerMinute[i] = random.nextInt(3) * 5_000L;
            maxTokens[i] = random.nextInt(3) * 50_000L;
            maxNanoDollars[i] = random.nextInt(3) * 50_000L;
        }
        accounts.setGlobal(random.nextInt(2) * 3_000L, MINUTE);
        accounts.onReload();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void booksEveryCallWhateverBecomesOfIt(long seed) {
        runCalls(seed);
    }

    @Test
    void doesSoForASeedOfItsOwnEachTime() {
        runCalls(new Random().nextLong());
    }

    private void runCalls(long seed) {
        random = new Random(seed);
        now = random.nextLong();
        drawBounds();
        List<Call> calls = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            calls.add(new Call());
        }
        int granted = 0;
        for (int step = 0; step < 60_000; step++) {
            now += random.nextInt(4) == 0 ? random.nextLong(SECOND / 5) : 0;
            if (random.nextInt(5_000) == 0) {
                drawBounds();
            }
            if (step % 10_000 == 9_999) {
                month++;
            }
            Call call = calls.get(random.nextInt(calls.size()));
            granted += step(call);
            check(call, seed);
        }
        for (Call call : calls) {
            end(call);
        }
        for (Call call : calls) {
            check(call, seed);
            assertThat(reservedTokens[call.caller][call.month]).as("seed %d", seed).isZero();
        }
        assertThat(inFlight).as("seed %d", seed).containsOnly(0);
        assertThat(granted).as("seed %d", seed).isGreaterThan(1000);
    }

    /** Lets a call go one step on, or die; 1 if it was granted its reservation by that. */
    private int step(Call call) {
        if (!call.permit.isHeld()) {
            begin(call);
            return 0;
        }
        int choice = random.nextInt(10);
        if (choice == 0) {
            end(call);
        } else if (!call.reserved && !call.settled) {
            return reserve(call) ? 1 : 0;
        } else if (choice < 4 && !call.settled) {
            extend(call);
        } else if (choice < 7) {
            settle(call);
        } else {
            end(call);
        }
        return 0;
    }

    private void begin(Call call) {
        int caller = random.nextInt(CALLERS);
        call.caller = caller;
        call.month = month;
        call.reserved = false;
        call.settled = false;
        Refusal refusal = call.permit.begin("c" + caller, requests[caller], MINUTE,
                concurrent[caller], tokensPerMinute[caller], now);
        call.counted = concurrent[caller] > 0 || requests[caller] > 0
                || tokensPerMinute[caller] > 0;
        if (refusal == null) {
            inFlight[caller] += call.counted ? 1 : 0;
            if (concurrent[caller] > 0) {
                assertThat(inFlight[caller]).isLessThanOrEqualTo(concurrent[caller]);
            }
        } else {
            assertThat(refusal.limit())
                    .isIn(Limit.CONCURRENT, Limit.REQUESTS, Limit.GLOBAL_REQUESTS);
            assertThat(call.permit.isHeld()).isFalse();
        }
    }

    private boolean reserve(Call call) {
        int caller = call.caller;
        long tokens = random.nextInt(4_000);
        long nanoDollars = random.nextInt(4_000);
        if (maxTokens[caller] == 0 && maxNanoDollars[caller] == 0) {
            maxTokens[caller] = 60_000; // without a budget nothing is counted
        }
        long allTokens = tokens + usedTokens[caller][call.month]
                + reservedTokens[caller][call.month];
        long allNanoDollars = nanoDollars + usedNanoDollars[caller][call.month]
                + reservedNanoDollars[caller][call.month];
        boolean fits = (maxTokens[caller] == 0 || allTokens <= maxTokens[caller])
                && (maxNanoDollars[caller] == 0 || allNanoDollars <= maxNanoDollars[caller]);
        Refusal refusal = call.permit.reserve("c" + caller, call.month, maxTokens[caller],
                maxNanoDollars[caller], tokens, nanoDollars, now);
        if (refusal == null) {
            assertThat(fits).isTrue();
            call.reserved = true;
            call.tokens = tokens;
            call.nanoDollars = nanoDollars;
            reservedTokens[caller][call.month] += tokens;
            reservedNanoDollars[caller][call.month] += nanoDollars;
            return true;
        }
        boolean byRate = refusal.limit() == Limit.TOKENS
                || refusal.limit() == Limit.TOKENS_TOO_MANY;
        assertThat(byRate || !fits).as("%s", refusal).isTrue();
        return false;
    }

    private void extend(Call call) {
        long tokens = random.nextInt(500);
        long nanoDollars = random.nextInt(500);
        if (call.permit.extend(tokens, nanoDollars, now)) {
            call.tokens += tokens;
            call.nanoDollars += nanoDollars;
            reservedTokens[call.caller][call.month] += tokens;
            reservedNanoDollars[call.caller][call.month] += nanoDollars;
        }
    }

    private void settle(Call call) {
        long tokens = random.nextInt(5_000);
        long nanoDollars = random.nextInt(5_000);
        call.permit.settle(tokens, nanoDollars, now);
        if (call.reserved) {
            book(call, tokens, nanoDollars);
        }
        call.settled = true;
    }

    private void end(Call call) {
        if (call.permit.isHeld()) {
            inFlight[call.caller] -= call.counted ? 1 : 0;
            if (call.reserved) {
                book(call, 0, 0);
            }
        }
        call.permit.end(now);
        call.permit.end(now);
    }

    private void book(Call call, long tokens, long nanoDollars) {
        call.reserved = false;
        usedTokens[call.caller][call.month] += tokens;
        usedNanoDollars[call.caller][call.month] += nanoDollars;
        reservedTokens[call.caller][call.month] -= call.tokens;
        reservedNanoDollars[call.caller][call.month] -= call.nanoDollars;
    }

    private void check(Call call, long seed) {
        int caller = call.caller;
        String name = "c" + caller;
        Account account = accounts.find(name);
        assertThat(account == null ? 0 : account.inFlight()).as("seed %d", seed)
                .isEqualTo(inFlight[caller]);
        if (call.month < month - 1) {
            return; // forgotten by now
        }
        assertThat(budgets.usedTokens(name, call.month)).as("seed %d", seed)
                .isEqualTo(usedTokens[caller][call.month]);
        assertThat(budgets.usedNanoDollars(name, call.month)).as("seed %d", seed)
                .isEqualTo(usedNanoDollars[caller][call.month]);
        assertThat(budgets.reservedTokens(name, call.month)).as("seed %d", seed)
                .isEqualTo(reservedTokens[caller][call.month]);
        assertThat(budgets.reservedNanoDollars(name, call.month)).as("seed %d", seed)
                .isEqualTo(reservedNanoDollars[caller][call.month]);
    }

    @Test
    void letsNotOneOfTenThousandCallsBeyondABudgetForAThousand() throws Exception {
        int calls = 10_000;
        AtomicInteger granted = new AtomicInteger();
        List<Permit> permits = new ArrayList<>();
        List<Runnable> loops = new ArrayList<>();
        for (int i = 0; i < calls; i++) {
            permits.add(new Permit(accounts, budgets));
        }
        for (int t = 0; t < 4; t++) {
            List<Permit> own = permits.subList(t * calls / 4, (t + 1) * calls / 4);
            loops.add(() -> {
                for (Permit permit : own) {
                    permit.begin("a", 0, MINUTE, 0, 0, 0);
                    if (permit.reserve("a", 0, 1000 * 7, 0, 7, 0, 0) == null) {
                        granted.incrementAndGet();
                    }
                }
            });
        }
        Threads.runTogether(loops);
        assertThat(granted).hasValue(1000);
        assertThat(budgets.reservedTokens("a", 0)).isEqualTo(7000);
        for (Permit permit : permits) {
            permit.settle(6, 0, 0); // those refused have nothing to settle
            permit.end(0);
        }
        assertThat(budgets.reservedTokens("a", 0)).isZero();
        assertThat(budgets.usedTokens("a", 0)).isEqualTo(6000);
    }

    @Test
    void keepsToEveryBoundWhileThreadsRace() throws Exception {
        long seed = new Random().nextLong();
        int bound = 3;
        long maxTokens = 4_000_000;
        AtomicInteger running = new AtomicInteger();
        AtomicInteger mostRunning = new AtomicInteger();
        AtomicLong used = new AtomicLong(); // never above what the budgets know of
        AtomicLong tooMany = new AtomicLong();
        List<Runnable> loops = new ArrayList<>();
        long tokensPerMinute = 3_000_000_000L;
        AtomicLong admitted = new AtomicLong();
        long begun = System.nanoTime();
        for (int t = 0; t < 4; t++) {
            Random random = new Random(seed + t);
            loops.add(() -> {
                Permit[] permits = {new Permit(accounts, budgets), new Permit(accounts, budgets)};
                for (int i = 0; i < 100_000; i++) {
                    Permit permit = permits[random.nextInt(2)];
                    if (permit.isHeld()) {
                        running.decrementAndGet();
                        permit.end(System.nanoTime());
                        continue;
                    }
                    if (permit.begin("a", 0, MINUTE, bound, tokensPerMinute, System.nanoTime())
                            != null) {
                        continue;
                    }
                    mostRunning.accumulateAndGet(running.incrementAndGet(), Math::max);
                    int tokens = 1 + random.nextInt(1000);
                    if (permit.reserve("a", 0, maxTokens, 0, tokens, 0, System.nanoTime())
                            == null) {
                        int fate = random.nextInt(4);
                        if (fate > 0) {
                            int spent = random.nextInt(tokens + 1);
                            permit.settle(spent, 0, System.nanoTime());
                            used.addAndGet(spent);
                            admitted.addAndGet(spent);
                        }
                        if (budgets.usedTokens("a", 0) > maxTokens) {
                            tooMany.incrementAndGet();
                        }
                    }
                }
                for (Permit permit : permits) {
                    if (permit.isHeld()) {
                        running.decrementAndGet();
                        permit.end(System.nanoTime());
                    }
                }
            });
        }
        Threads.runTogether(loops);
        double minutes = (double) (System.nanoTime() - begun) / MINUTE;
        assertThat(mostRunning.get()).as("seed %d", seed).isBetween(1, bound);
        assertThat(accounts.find("a").inFlight()).as("seed %d", seed).isZero();
        assertThat(budgets.reservedTokens("a", 0)).as("seed %d", seed).isZero();
        assertThat(budgets.usedTokens("a", 0)).as("seed %d", seed).isEqualTo(used.get())
                .isGreaterThan(maxTokens / 2);
        assertThat(tooMany).as("seed %d", seed).hasValue(0);
        assertThat((double) admitted.get()).as("seed %d", seed)
                .isLessThanOrEqualTo(tokensPerMinute * (1 + minutes));
        Permit last = new Permit(accounts, budgets);
        long end = System.nanoTime() + 2 * MINUTE;
        last.begin("a", 0, MINUTE, bound, tokensPerMinute, end);
        assertThat(last.tokensRemaining(end)).isEqualTo(tokensPerMinute);
    }
}

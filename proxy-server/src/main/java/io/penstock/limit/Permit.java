package io.penstock.limit;

import io.penstock.caller.Allowance;
import io.penstock.caller.Caller;
import io.penstock.limit.Account.Entrance;
import io.penstock.limit.Refusal.Limit;
import org.jspecify.annotations.Nullable;

/**
 * What one exchange has taken of its caller's rates and budget, from {@link #begin} to {@link
 * #end}; then used for the next.
 *
 * <p>What a call uses is known only after its reply, when it is too late to refuse it. So its
 * estimated maximum is taken before, and replaced by what it used afterwards, once, however the
 * exchange ends.
 *
 * <pre>{@code
 * Refusal refusal = permit.begin(caller, nowNanos);        // a place in flight, and one request
 * refusal = permit.reserve(caller, month, tokens, nanoDollars, nowNanos);
 * permit.extend(tokens, nanoDollars, nowNanos);            // while a stream grows
 * permit.settle(usedTokens, usedNanoDollars, nowNanos);    // the rest goes back
 * permit.end(nowNanos);
 * }</pre>
 *
 * <p>The limits that it tells are valid from {@code begin}, even if that refused, until the next
 * {@code begin}.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
public final class Permit {
    private static final long MINUTE_NANOS = 60_000_000_000L;

    private enum Phase { IDLE, BEGUN, RESERVED, SETTLED }

    private final Accounts accounts;
    private final Budgets budgets;
    private Phase phase = Phase.IDLE;

    private @Nullable Account account; // kept for the next call, which mostly is the same caller's
    private boolean hasAccount; // it is this exchange's
    private boolean inAccount; // which is among its calls in flight
    private long requests;
    private long requestIntervalNanos;
    private long tokensPerMinute;
    private long tokenIntervalNanos;
    private long followedTokenIntervalNanos; // the account's, when the call began

    private @Nullable MonthlyUse budget; // of the month it reserved in
    private long maxTokens;
    private long maxNanoDollars;
    private long reservedTokens;
    private long reservedNanoDollars;
    private long countedTokens; // used for certain, while the call goes on
    private long countedNanoDollars;

    public Permit(Accounts accounts, Budgets budgets) {
        this.accounts = accounts;
        this.budgets = budgets;
    }

    /**
     * Lets a call begin: its caller's calls in flight, the caller's rate of requests, then that of
     * all callers. A call that is refused takes none of them. Zero stands for no bound; a caller
     * without any gets no account.
     *
     * @param caller whose rates count, by its account
     * @return null when granted; {@link #end} has to follow
     */
    public @Nullable Refusal begin(Caller caller, long nowNanos) {
        Allowance allowance = caller.allowance();
        return begin(caller.account(), allowance.requests(), allowance.requestWindowNanos(),
                allowance.concurrent(), allowance.tokensPerMinute(), nowNanos);
    }

    @Nullable Refusal begin(String name, long requests, long requestWindowNanos, int concurrent,
            long tokensPerMinute, long nowNanos) {
        if (phase != Phase.IDLE) {
            throw new IllegalStateException("begun, and not ended");
        }
        this.requests = requests;
        this.tokensPerMinute = tokensPerMinute;
        budget = null;
        reservedTokens = 0;
        reservedNanoDollars = 0;
        countedTokens = 0;
        countedNanoDollars = 0;
        hasAccount = false;
        if (requests > 0 || concurrent > 0 || tokensPerMinute > 0) {
            Refusal refusal = enter(name, concurrent, requestWindowNanos, nowNanos);
            if (refusal != null) {
                return refusal;
            }
        }
        long waitNanos = accounts.tryTakeGlobal(nowNanos);
        if (waitNanos != 0) {
            giveBackRequest(nowNanos);
            leave();
            return Refusal.of(Limit.GLOBAL_REQUESTS, waitNanos);
        }
        moveTo(Phase.BEGUN);
        return null;
    }

    private @Nullable Refusal enter(String name, int concurrent, long requestWindowNanos,
            long nowNanos) {
        if (requests > 0) {
            requestIntervalNanos = Bucket.intervalNanos(requests, requestWindowNanos);
        }
        if (tokensPerMinute > 0) {
            tokenIntervalNanos = Bucket.intervalNanos(tokensPerMinute, MINUTE_NANOS);
        }
        if (account == null || !account.name().equals(name)) {
            account = accounts.account(name, nowNanos);
        }
        Entrance entrance = Entrance.RETIRED;
        while (account != null
                && (entrance = account.enter(concurrent)) == Entrance.RETIRED) {
            account = accounts.account(name, nowNanos);
        }
        if (account == null) {
            return Refusal.TOO_MANY_CALLERS;
        }
        hasAccount = true;
        if (entrance == Entrance.FULL) {
            return Refusal.CONCURRENT;
        }
        inAccount = true;
        account.follow(accounts.reloads(), requests, requestIntervalNanos, tokensPerMinute,
                tokenIntervalNanos, nowNanos);
        followedTokenIntervalNanos = account.tokenIntervalNanos();
        if (requests > 0) {
            long waitNanos = account.tryTakeRequest(requests, requestIntervalNanos, nowNanos);
            if (waitNanos != 0) {
                leave();
                return Refusal.of(Limit.REQUESTS, waitNanos);
            }
        }
        return null;
    }

    private void giveBackRequest(long nowNanos) {
        if (inAccount && requests > 0) {
            assert account != null;
            account.giveBackRequest(requestIntervalNanos, nowNanos);
        }
    }

    private void leave() {
        if (inAccount) {
            assert account != null;
            inAccount = false;
            account.leave();
        }
    }

    /**
     * Reserves what the call may come to: of the caller's tokens per minute, then of its budget for
     * a month. A call that is refused takes none of them, and what it took of the rates of
     * requests goes back, its caller's and that of all; it has yet to {@link #end}. Once.
     *
     * @param caller whose budget counts, by its id
     * @return null when granted
     */
    public @Nullable Refusal reserve(Caller caller, int month, long tokens, long nanoDollars,
            long nowNanos) {
        Allowance allowance = caller.allowance();
        return reserve(caller.id(), month, allowance.tokensPerMonth(),
                allowance.nanoDollarsPerMonth(), tokens, nanoDollars, nowNanos);
    }

    @Nullable Refusal reserve(String caller, int month, long tokensPerMonth,
            long nanoDollarsPerMonth, long tokens, long nanoDollars, long nowNanos) {
        if (phase != Phase.BEGUN) {
            throw new IllegalStateException("reserves while " + phase);
        }
        checkAmounts(tokens, nanoDollars);
        Refusal refusal = tryReserve(caller, month, tokensPerMonth, nanoDollarsPerMonth, tokens,
                nanoDollars, nowNanos);
        if (refusal != null) {
            giveBackRequest(nowNanos);
            accounts.giveBackGlobal(nowNanos);
            return refusal;
        }
        reservedTokens = tokens;
        reservedNanoDollars = nanoDollars;
        moveTo(Phase.RESERVED);
        return null;
    }

    private @Nullable Refusal tryReserve(String caller, int month, long tokensPerMonth,
            long nanoDollarsPerMonth, long tokens, long nanoDollars, long nowNanos) {
        if (tokensPerMinute > 0) {
            if (tokens > tokensPerMinute) {
                return Refusal.TOKENS_TOO_MANY;
            }
            assert account != null;
            long waitNanos = account.tryTakeTokens(tokens, tokensPerMinute, tokenIntervalNanos,
                    nowNanos);
            if (waitNanos != 0) {
                return Refusal.of(Limit.TOKENS, waitNanos);
            }
        }
        maxTokens = tokensPerMonth;
        maxNanoDollars = nanoDollarsPerMonth;
        if (tokensPerMonth > 0 || nanoDollarsPerMonth > 0) {
            MonthlyUse use = budgets.use(caller, month);
            Refusal refusal = use == null ? Refusal.TOO_MANY_CALLERS
                    : use.tryReserve(tokens, nanoDollars, maxTokens, maxNanoDollars);
            if (refusal != null) {
                if (tokensPerMinute > 0) {
                    assert account != null;
                    account.giveBackTokens(tokens, tokenIntervalNanos, nowNanos);
                }
                return refusal;
            }
            budget = use;
        }
        return null;
    }

    /**
     * Reserves more for a running stream: all of it or nothing. Rates are charged and never refuse.
     *
     * @return false if the month's budget has not as much left, beside what other calls reserved
     */
    public boolean extend(long tokens, long nanoDollars, long nowNanos) {
        if (phase != Phase.RESERVED) {
            throw new IllegalStateException("extends while " + phase);
        }
        checkAmounts(tokens, nanoDollars);
        if (budget != null
                && budget.tryReserve(tokens, nanoDollars, maxTokens, maxNanoDollars) != null) {
            return false;
        }
        reservedTokens += tokens;
        reservedNanoDollars += nanoDollars;
        if (tokensPerMinute > 0) {
            assert account != null;
            account.takeTokensAnyway(tokens, currentTokenInterval(), nowNanos);
        }
        return true;
    }

    /**
     * Counts what a call has come to for certain that still goes on, beside what is reserved for
     * it: even above the bounds.
     */
    public void count(long tokens, long nanoDollars, long nowNanos) {
        if (phase != Phase.RESERVED) {
            throw new IllegalStateException("counts while " + phase);
        }
        checkAmounts(tokens, nanoDollars);
        countedTokens += tokens;
        countedNanoDollars += nanoDollars;
        if (budget != null) {
            budget.settle(0, 0, tokens, nanoDollars);
        }
        if (tokensPerMinute > 0) {
            assert account != null;
            account.takeTokensAnyway(tokens, currentTokenInterval(), nowNanos);
        }
    }

    /** What was taken before a reload is worth as much as the account counts it since then. */
    private long currentTokenInterval() {
        assert account != null; // it has a rate of tokens
        long current = account.tokenIntervalNanos();
        return current == followedTokenIntervalNanos ? tokenIntervalNanos : current;
    }

    /** Whether calls have used the month's budget up; what others only reserved is not meant. */
    public boolean isBudgetSpent() {
        return budget != null && (maxTokens > 0 && budget.usedTokens() >= maxTokens
                || maxNanoDollars > 0 && budget.usedNanoDollars() >= maxNanoDollars);
    }

    /**
     * Says what the call really came to, all that was counted included: what was reserved beyond
     * that goes back, and what was not becomes debt of the rate, and counts in the budget even
     * above its bound. Nothing happens when that was said before, or nothing has begun. Where
     * nothing was reserved, only the rate is charged, since it isn't known whose budget that would
     * be.
     */
    public void settle(long usedTokens, long usedNanoDollars, long nowNanos) {
        if (phase != Phase.BEGUN && phase != Phase.RESERVED) {
            return;
        }
        checkAmounts(usedTokens, usedNanoDollars);
        moveTo(Phase.SETTLED);
        if (budget != null) {
            budget.settle(reservedTokens, reservedNanoDollars, usedTokens - countedTokens,
                    usedNanoDollars - countedNanoDollars);
        }
        if (tokensPerMinute > 0) {
            assert account != null;
            long more = usedTokens - countedTokens - reservedTokens;
            if (more > 0) {
                account.takeTokensAnyway(more, currentTokenInterval(), nowNanos);
            } else if (more < 0) {
                account.giveBackTokens(-more, currentTokenInterval(), nowNanos);
            }
        }
    }

    private void moveTo(Phase next) {
        phase = next;
    }

    /**
     * The exchange is over, whatever ended it: what is not settled goes back whole, and its place
     * among the caller's calls in flight. A request that was granted stays counted. Nothing happens
     * when nothing has begun.
     */
    public void end(long nowNanos) {
        if (phase == Phase.RESERVED) {
            settle(countedTokens, countedNanoDollars, nowNanos);
        }
        moveTo(Phase.IDLE);
        leave();
    }

    /** Whether something has begun that has not ended. */
    public boolean isHeld() {
        return phase != Phase.IDLE;
    }

    public boolean hasRequestLimit() {
        return hasAccount && requests > 0;
    }

    /** Requests that may begin within the window, which is also how many may at once. */
    public long requestLimit() {
        return requests;
    }

    public long requestsRemaining(long nowNanos) {
        return Account.REQUESTS.remaining(account, requests, requestIntervalNanos, nowNanos);
    }

    /** The time until as many as ever may begin at once. */
    public long requestsResetNanos(long nowNanos) {
        return Account.REQUESTS.fullInNanos(account, nowNanos);
    }

    public boolean hasTokenLimit() {
        return hasAccount && tokensPerMinute > 0;
    }

    /** Tokens that may be asked for within a minute, which is also how many may at once. */
    public long tokenLimit() {
        return tokensPerMinute;
    }

    public long tokensRemaining(long nowNanos) {
        return Account.TOKENS.remaining(account, tokensPerMinute, tokenIntervalNanos, nowNanos);
    }

    /** The time until as many as ever may be asked for at once. */
    public long tokensResetNanos(long nowNanos) {
        return Account.TOKENS.fullInNanos(account, nowNanos);
    }

    public boolean hasTokenBudget() {
        return budget != null && maxTokens > 0;
    }

    /** What is left of the month's tokens, beside what calls in flight reserved. */
    public long budgetRemainingTokens() {
        assert budget != null;
        return Math.max(0, maxTokens - budget.claimedTokens());
    }

    public boolean hasDollarBudget() {
        return budget != null && maxNanoDollars > 0;
    }

    /** What is left of the month's money, beside what calls in flight reserved. */
    public long budgetRemainingNanoDollars() {
        assert budget != null;
        return Math.max(0, maxNanoDollars - budget.claimedNanoDollars());
    }

    private static void checkAmounts(long tokens, long nanoDollars) {
        if (tokens < 0 || nanoDollars < 0) {
            throw new IllegalArgumentException(
                    "below zero: " + tokens + " tokens, " + nanoDollars + " nano-dollars");
        }
    }
}

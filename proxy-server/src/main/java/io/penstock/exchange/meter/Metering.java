package io.penstock.exchange.meter;

import io.penstock.caller.Caller;
import io.penstock.exchange.call.Demand;
import io.penstock.exchange.call.Policy;
import io.penstock.limit.Budgets;
import io.penstock.limit.Permit;
import io.penstock.limit.Refusal;
import io.penstock.store.Month;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.Estimator;
import io.penstock.usage.Ledger;
import io.penstock.usage.TokenUsage;

/**
 * What one exchange may use and has used: reserves the most that it will probably come to before a
 * provider is asked, and settles in the end, once, what it did come to.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
public final class Metering {
    /** How many tokens at a time a running stream is granted beyond its reservation. */
    static final long STEP_TOKENS = 64;

    private final Estimator estimator;
    private final Ledger ledger;
    private final Budgets budgets;

    private final Permit permit;
    private final Caller caller;
    private final Policy policy;
    private Demand demand = Demand.unknown(0);
    private int month;
    private long grantedTokens; // of all drafts of the answer
    private long usedTokens; // of all attempts
    private long usedNanoDollars;

    /** For one exchange; {@code permit} has begun. */
    public Metering(MeterLoop loop, Permit permit, Caller caller, Policy policy) {
        estimator = loop.estimator();
        ledger = loop.ledger();
        budgets = loop.budgets();
        this.permit = permit;
        this.caller = caller;
        this.policy = policy;
    }

    public Permit permit() {
        return permit;
    }

    /** Whether usage cannot be stored at the moment, and the caller has a budget to keep. */
    public boolean isUncountable() {
        return caller.allowance().hasBudget() && ledger.isFailing()
                && policy.budget().onStoreFailure() == BudgetSettings.OnStoreFailure.REJECT;
    }

    /** Reserves what the call may use at most; returns why it is refused, or null. */
    public Refusal reserve(Demand demand, String model, long nowNanos) {
        this.demand = demand;
        month = Month.of(System.currentTimeMillis());
        // A budget that is spent refuses even a call of which nothing is known.
        long prompt = Math.max(demand.understood() ? 0 : 1,
                estimator.promptTokens(model, demand.promptBytes()));
        grantedTokens = !demand.generates() ? 0 : demand.drafts() * (demand.isBounded()
                ? demand.maxTokens() : estimator.completionTokens(model));
        long tokens = prompt + grantedTokens;
        long perMinute = caller.allowance().tokensPerMinute();
        if (perMinute > 0 && (!demand.isBounded() || !demand.understood())) {
            // A guess of ours must not make a call impossible that never asked for so much.
            tokens = Math.min(tokens, perMinute);
        }
        return permit.reserve(caller, month, tokens,
                policy.prices().nanoDollars(model, prompt, grantedTokens), nowNanos);
    }

    /** What the prompt is thought to come to for that model. */
    public long promptTokens(String model) {
        return estimator.promptTokens(model, demand.promptBytes());
    }

    /**
     * How many tokens of that model's context the call takes, prompt and answer, if it says; 0 for
     * a call that is not understood.
     */
    public long contextTokens(String model) {
        return !demand.understood() ? 0 : promptTokens(model) + Math.max(0, demand.maxTokens());
    }

    /**
     * Whether a stream may go on that has come to so many tokens, where a spent budget cuts it.
     */
    public boolean tryGoOn(String model, long passedTokens, long nowNanos) {
        while (passedTokens > grantedTokens) {
            if (!permit.extend(STEP_TOKENS, policy.prices().nanoDollars(model, 0, STEP_TOKENS),
                    nowNanos)) {
                return false;
            }
            grantedTokens += STEP_TOKENS;
        }
        return true;
    }

    /** Whether a running stream has to be watched. */
    public boolean isWatching() {
        return policy.budget().enforce() == BudgetSettings.Enforce.CUT
                && caller.allowance().hasBudget();
    }

    /** An estimate of a reply's usage, where the provider reports none. */
    public TokenUsage estimate(String model, long completionTokens) {
        return new TokenUsage(promptTokens(model), completionTokens, 0, 0, true);
    }

    /**
     * Books what an attempt came to, whether or not its reply was the one to pass on; returns what
     * that costs.
     */
    public long book(String provider, String model, TokenUsage usage) {
        if (demand.understood()) {
            estimator.learn(model, demand.promptBytes(), demand.drafts(), usage);
        }
        long nanoDollars = policy.prices().nanoDollars(model, usage);
        usedTokens += usage.total();
        usedNanoDollars += nanoDollars;
        ledger.add(caller.id(), provider, model, month, usage, nanoDollars);
        return nanoDollars;
    }

    /**
     * Books what a call has come to that goes on: it counts at once, for the calls beside it too.
     * Returns whether the call may go on.
     */
    public boolean bookSoFar(String provider, String model, TokenUsage usage, long nowNanos) {
        book(provider, model, usage);
        permit.count(usage.total(), policy.prices().nanoDollars(model, usage), nowNanos);
        return !isWatching() || !permit.isBudgetSpent();
    }

    /** What all attempts cost by the configured prices, so far. */
    public long usedNanoDollars() {
        return usedNanoDollars;
    }

    /** Settles with all that was booked, and gives the rest of the reservation back. */
    public void settle(long nowNanos) {
        permit.settle(usedTokens, usedNanoDollars, nowNanos);
        if (usedTokens > 0 && !caller.allowance().hasBudget()) {
            budgets.add(caller.id(), month, usedTokens, usedNanoDollars); // it may get one yet
        }
    }
}

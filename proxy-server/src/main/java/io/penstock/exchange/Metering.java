package io.penstock.exchange;

import io.penstock.caller.Allowance;
import io.penstock.caller.Caller;
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
final class Metering {
    /** How many tokens at a time a running stream is granted beyond its reservation. */
    static final long STEP_TOKENS = 64;

    private final Estimator estimator;
    private final Ledger ledger;
    private final Budgets budgets;

    private Permit permit;
    private Caller caller;
    private Policy policy;
    private long bodyBytes;
    private boolean learns; // the reply is one of which the length of the prompt says something
    private int month;
    private long drafts; // of the answer
    private long grantedTokens; // of all of them
    private long usedTokens; // of all attempts
    private long usedNanoDollars;

    Metering(ExchangeLoop loop) {
        estimator = loop.estimator();
        ledger = loop.ledger();
        budgets = loop.budgets();
    }

    /** Begins with an exchange; {@code permit} has begun. */
    void begin(Permit permit, Caller caller, Policy policy) {
        this.permit = permit;
        this.caller = caller;
        this.policy = policy;
        bodyBytes = 0;
        usedTokens = 0;
        usedNanoDollars = 0;
    }

    Permit permit() {
        return permit;
    }

    /** Whether the caller's budget can't be kept at the moment, and must not be guessed. */
    boolean isUncountable() {
        return caller.allowance().hasBudget() && ledger.isFailing()
                && policy.budget().onStoreFailure() == BudgetSettings.OnStoreFailure.REJECT;
    }

    /** Takes what the call may come to; returns why it may not go on, or null. */
    Refusal reserve(Endpoint endpoint, RequestFields request, String model, long bodyBytes,
            long nowNanos) {
        this.bodyBytes = bodyBytes;
        learns = true;
        Allowance allowance = caller.allowance();
        month = Month.of(System.currentTimeMillis());
        long prompt = estimator.promptTokens(model, bodyBytes);
        boolean bounded = !endpoint.generates() || request.maxTokens() >= 0;
        drafts = request.drafts();
        grantedTokens = !endpoint.generates() ? 0 : drafts
                * (bounded ? request.maxTokens() : estimator.completionTokens(model));
        long tokens = prompt + grantedTokens;
        if (!bounded && allowance.tokensPerMinute() > 0) {
            // A guess of ours must not make a call impossible that never asked for so much.
            tokens = Math.min(tokens, allowance.tokensPerMinute());
        }
        return permit.reserve(caller.id(), month, allowance.tokensPerMonth(),
                allowance.nanoDollarsPerMonth(), tokens,
                policy.prices().nanoDollars(model, prompt, grantedTokens), nowNanos);
    }

    /** How many tokens of that model's context the call takes, prompt and answer, if it says. */
    long contextTokens(RequestFields request, String model) {
        return estimator.promptTokens(model, bodyBytes) + Math.max(0, request.maxTokens());
    }

    /**
     * The same for a call that is relayed without being understood: its prompt by the length of
     * what it asks, and no answer, since nobody knows what one would come to. A budget that is
     * spent refuses it all the same.
     */
    Refusal reserve(String model, long bodyBytes, long nowNanos) {
        this.bodyBytes = bodyBytes;
        learns = false;
        Allowance allowance = caller.allowance();
        month = Month.of(System.currentTimeMillis());
        grantedTokens = 0;
        long tokens = Math.max(1, estimator.promptTokens(model, bodyBytes));
        if (allowance.tokensPerMinute() > 0) {
            tokens = Math.min(tokens, allowance.tokensPerMinute());
        }
        return permit.reserve(caller.id(), month, allowance.tokensPerMonth(),
                allowance.nanoDollarsPerMonth(), tokens,
                policy.prices().nanoDollars(model, tokens, 0), nowNanos);
    }

    /**
     * Whether a stream may go on that has come to so many tokens, where a spent budget cuts it.
     */
    boolean mayGoOn(String model, long passedTokens, long nowNanos) {
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
    boolean isWatching() {
        return policy.budget().enforce() == BudgetSettings.Enforce.CUT
                && caller.allowance().hasBudget();
    }

    /** What passed of a reply, for want of the provider's own word. */
    TokenUsage estimate(String model, long completionTokens) {
        return new TokenUsage(estimator.promptTokens(model, bodyBytes), completionTokens, 0, 0,
                true);
    }

    /** Books what an attempt came to, whether or not its reply was the one to pass on. */
    void book(String provider, String model, TokenUsage usage) {
        if (learns) {
            estimator.learn(model, bodyBytes, drafts, usage);
        }
        long nanoDollars = policy.prices().nanoDollars(model, usage);
        usedTokens += usage.total();
        usedNanoDollars += nanoDollars;
        ledger.add(caller.id(), provider, model, month, usage, nanoDollars);
    }

    /**
     * Books what a call has come to that goes on: it counts at once, for the calls beside it too.
     * Returns whether the call may go on.
     */
    boolean bookSoFar(String provider, String model, TokenUsage usage, long nowNanos) {
        book(provider, model, usage);
        permit.count(usage.total(), policy.prices().nanoDollars(model, usage), nowNanos);
        return !isWatching() || !permit.isBudgetSpent();
    }

    /** Settles with all that was booked, and gives the rest of the reservation back. */
    void settle(long nowNanos) {
        if (usedTokens == 0) {
            return; // whoever ends the permit gives all of it back
        }
        permit.settle(usedTokens, usedNanoDollars, nowNanos);
        if (!caller.allowance().hasBudget()) {
            budgets.add(caller.id(), month, usedTokens, usedNanoDollars); // it may get one yet
        }
    }
}

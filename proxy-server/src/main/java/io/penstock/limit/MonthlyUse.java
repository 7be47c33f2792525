package io.penstock.limit;

import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import org.jspecify.annotations.Nullable;

/**
 * What one caller has used, and reserved, of one month's budget. Never retired: a month is
 * forgotten as a whole, and a call that still holds this one settles into it all the same.
 *
 * <p><b>Thread:</b> safe. Two kinds are reserved one after the other, so that for a moment a call
 * that is about to be refused for its dollars may stand in the way of another's tokens; never the
 * other way round.
 */
class MonthlyUse extends CallerTable.Entry {
    private static final AtomicLongFieldUpdater<MonthlyUse> CLAIMED_TOKENS =
            AtomicLongFieldUpdater.newUpdater(MonthlyUse.class, "claimedTokens");
    private static final AtomicLongFieldUpdater<MonthlyUse> USED_TOKENS =
            AtomicLongFieldUpdater.newUpdater(MonthlyUse.class, "usedTokens");
    private static final AtomicLongFieldUpdater<MonthlyUse> CLAIMED_NANO_DOLLARS =
            AtomicLongFieldUpdater.newUpdater(MonthlyUse.class, "claimedNanoDollars");
    private static final AtomicLongFieldUpdater<MonthlyUse> USED_NANO_DOLLARS =
            AtomicLongFieldUpdater.newUpdater(MonthlyUse.class, "usedNanoDollars");

    private volatile long claimedTokens; // used and reserved
    private volatile long usedTokens;
    private volatile long claimedNanoDollars;
    private volatile long usedNanoDollars;

    MonthlyUse(String name) {
        super(name);
    }

    /** Reserves both or neither, within what a month may come to, 0 for no bound; null if done. */
    @Nullable Refusal tryReserve(long tokens, long nanoDollars, long maxTokens,
            long maxNanoDollars) {
        if (!tryClaim(CLAIMED_TOKENS, tokens, maxTokens)) {
            return tokens > maxTokens - usedTokens ? Refusal.BUDGET_SPENT
                    : Refusal.BUDGET_RESERVED;
        }
        if (!tryClaim(CLAIMED_NANO_DOLLARS, nanoDollars, maxNanoDollars)) {
            CLAIMED_TOKENS.addAndGet(this, -tokens);
            return nanoDollars > maxNanoDollars - usedNanoDollars ? Refusal.DOLLARS_SPENT
                    : Refusal.DOLLARS_RESERVED;
        }
        return null;
    }

    /** Adds what was used before the process began. */
    void seed(long tokens, long nanoDollars) {
        settle(0, 0, tokens, nanoDollars);
    }

    /** Books what was used in place of what was reserved for it. */
    void settle(long reservedTokens, long reservedNanoDollars, long tokens, long nanoDollars) {
        USED_TOKENS.addAndGet(this, tokens);
        CLAIMED_TOKENS.addAndGet(this, tokens - reservedTokens);
        USED_NANO_DOLLARS.addAndGet(this, nanoDollars);
        CLAIMED_NANO_DOLLARS.addAndGet(this, nanoDollars - reservedNanoDollars);
    }

    long usedTokens() {
        return usedTokens;
    }

    long usedNanoDollars() {
        return usedNanoDollars;
    }

    long claimedTokens() {
        return claimedTokens;
    }

    long claimedNanoDollars() {
        return claimedNanoDollars;
    }

    private boolean tryClaim(AtomicLongFieldUpdater<MonthlyUse> claimed, long amount, long max) {
        if (max == 0) {
            claimed.addAndGet(this, amount);
            return true;
        }
        while (true) {
            long before = claimed.get(this);
            if (amount > max - before) {
                return false;
            }
            if (claimed.compareAndSet(this, before, before + amount)) {
                return true;
            }
        }
    }

    @Override
    boolean tryRetire(long nowNanos) {
        return false;
    }

    @Override
    boolean isRetired() {
        return false;
    }
}

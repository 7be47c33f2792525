package io.penstock.limit;

import java.util.concurrent.atomic.AtomicLongFieldUpdater;

/**
 * What one caller has used of its rates, and its calls in flight. A call enters the account before
 * it takes anything, and leaves when it is over. An account without calls whose buckets are both
 * full can be retired, and is never entered again.
 *
 * <p><b>Thread:</b> safe.
 */
class Account extends CallerTable.Entry {
    static final Bucket<Account> REQUESTS = new Bucket<>(
            AtomicLongFieldUpdater.newUpdater(Account.class, "requestsFullAtNanos"));
    static final Bucket<Account> TOKENS = new Bucket<>(
            AtomicLongFieldUpdater.newUpdater(Account.class, "tokensFullAtNanos"));

    private static final AtomicLongFieldUpdater<Account> STATE =
            AtomicLongFieldUpdater.newUpdater(Account.class, "state");
    private static final long ENTERED = (1L << 32) + 1;
    private static final long RETIRED = -1;

    /** What came of an attempt to enter. */
    enum Entrance { OPEN, FULL, RETIRED }

    // Calls in flight in the lower half; in the upper half how many ever were, so that the thread
    // that retires the account notices a call that came while it looked at the buckets.
    private volatile long state;
    @SuppressWarnings("UnusedVariable") // by its VarHandle, as the next
    private volatile long requestsFullAtNanos;
    @SuppressWarnings("UnusedVariable")
    private volatile long tokensFullAtNanos;
    private volatile int reloads = -1; // those that this account has followed
    private volatile long requestIntervalNanos; // since then; 0 before the first
    private volatile long tokenIntervalNanos;

    Account(String name, long nowNanos) {
        super(name);
        requestsFullAtNanos = nowNanos;
        tokensFullAtNanos = nowNanos;
    }

    /** One more call in flight, if fewer than {@code concurrent} are; 0 for no bound. */
    Entrance enter(int concurrent) {
        while (true) {
            long before = state;
            if (before == RETIRED) {
                return Entrance.RETIRED;
            }
            if (concurrent > 0 && (int) before >= concurrent) {
                return Entrance.FULL;
            }
            if (STATE.compareAndSet(this, before, before + ENTERED)) {
                return Entrance.OPEN;
            }
        }
    }

    void leave() {
        STATE.decrementAndGet(this);
    }

    /** Takes one of the rate of requests: {@link Bucket#tryTake}, or {@link SharedRate#AWAY}. */
    long tryTakeRequest(long capacity, long intervalNanos, long nowNanos) {
        return REQUESTS.tryTake(this, 1, capacity, intervalNanos, nowNanos);
    }

    void giveBackRequest(long intervalNanos, long nowNanos) {
        REQUESTS.giveBack(this, 1, intervalNanos, nowNanos);
    }

    void forgiveRequests(long capacity, long intervalNanos, long nowNanos) {
        REQUESTS.forgive(this, capacity, intervalNanos, nowNanos);
    }

    /** Takes of the rate of tokens: {@link Bucket#tryTake}, or {@link SharedRate#AWAY}. */
    long tryTakeTokens(long amount, long capacity, long intervalNanos, long nowNanos) {
        return TOKENS.tryTake(this, amount, capacity, intervalNanos, nowNanos);
    }

    void takeTokensAnyway(long amount, long intervalNanos, long nowNanos) {
        TOKENS.takeAnyway(this, amount, intervalNanos, nowNanos);
    }

    void giveBackTokens(long amount, long intervalNanos, long nowNanos) {
        TOKENS.giveBack(this, amount, intervalNanos, nowNanos);
    }

    void forgiveTokens(long capacity, long intervalNanos, long nowNanos) {
        TOKENS.forgive(this, capacity, intervalNanos, nowNanos);
    }

    /** By which tokens have counted since the last reload; 0 before the first. */
    long tokenIntervalNanos() {
        return tokenIntervalNanos;
    }

    int inFlight() {
        long now = state;
        return now == RETIRED ? 0 : (int) now;
    }

    /**
     * Brings what is left of other bounds into the new ones, once after each reload: what was used
     * stays used, and no more. So an emptied bucket fills within the new window, and has room where
     * the bound was raised; where the bound for tokens differs, debt beyond it is forgiven.
     *
     * <p>Not whenever bounds differ: a caller whose tokens carry different claims could go back and
     * forth between them, and be rid of its debt.
     */
    void follow(int reloads, long requests, long requestIntervalNanos, long tokensPerMinute,
            long tokenIntervalNanos, long nowNanos) {
        if (this.reloads != reloads) {
            followAgain(reloads, requests, requestIntervalNanos, tokensPerMinute,
                    tokenIntervalNanos, nowNanos);
        }
    }

    private synchronized void followAgain(int reloads, long requests, long requestIntervalNanos,
            long tokensPerMinute, long tokenIntervalNanos, long nowNanos) {
        if (this.reloads == reloads) {
            return; // another loop was faster
        }
        if (requests > 0) {
            followRequests(requests, requestIntervalNanos, nowNanos);
        }
        if (tokensPerMinute > 0 && this.tokenIntervalNanos != tokenIntervalNanos) {
            if (this.tokenIntervalNanos > 0) {
                TOKENS.convert(this, this.tokenIntervalNanos, tokenIntervalNanos, nowNanos);
            }
            forgiveTokens(tokensPerMinute, tokenIntervalNanos, nowNanos);
            this.tokenIntervalNanos = tokenIntervalNanos;
        }
        this.reloads = reloads;
    }

    /** Brings the requests that were made under another bound into this one, if it is another. */
    void followRequests(long requests, long intervalNanos, long nowNanos) {
        if (requestIntervalNanos == intervalNanos) {
            return;
        }
        synchronized (this) {
            if (requestIntervalNanos == intervalNanos) {
                return;
            }
            if (requestIntervalNanos > 0) {
                REQUESTS.convert(this, requestIntervalNanos, intervalNanos, nowNanos);
            }
            forgiveRequests(requests, intervalNanos, nowNanos);
            requestIntervalNanos = intervalNanos;
        }
    }

    @Override
    boolean tryRetire(long nowNanos) {
        long before = state;
        if (before == RETIRED) {
            return true;
        }
        return (int) before == 0 && REQUESTS.fullInNanos(this, nowNanos) == 0
                && TOKENS.fullInNanos(this, nowNanos) == 0
                && STATE.compareAndSet(this, before, RETIRED);
    }

    @Override
    boolean isRetired() {
        return state == RETIRED;
    }
}

package io.penstock.limit;

import java.util.concurrent.atomic.AtomicLongFieldUpdater;

/**
 * What one caller has used of its rates, and its calls in flight. Whoever takes from it has entered
 * it, and stays in until the call is over; when nobody is in and both buckets are full, it can be
 * retired, and is then never entered again.
 *
 * <p><b>Thread:</b> safe.
 */
final class Account extends CallerTable.Entry {
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

    // Calls in flight in the lower half; in the upper one how many ever were, so that whoever
    // retires the account notices that it was used while he looked at the buckets.
    private volatile long state;
    @SuppressWarnings("UnusedVariable") // by its VarHandle, as the next
    private volatile long requestsFullAtNanos;
    @SuppressWarnings("UnusedVariable")
    private volatile long tokensFullAtNanos;
    private volatile int reloads = -1; // those that this account has followed
    private long tokensPerMinute; // since then

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

    int inFlight() {
        long now = state;
        return now == RETIRED ? 0 : (int) now;
    }

    /**
     * Brings what is left of other bounds into the new ones, once after each reload: an
     * emptied bucket fills within the new window, and where the bound for tokens is another one,
     * debt beyond that is forgiven.
     *
     * <p>Not whenever bounds differ: a caller whose tokens carry different claims could go back and
     * forth between them, and be rid of its debt.
     */
    void follow(int reloads, long requests, long requestIntervalNanos, long tokensPerMinute,
            long tokenIntervalNanos, long nowNanos) {
        if (this.reloads == reloads) {
            return;
        }
        if (requests > 0) {
            REQUESTS.forgive(this, requests, requestIntervalNanos, nowNanos);
        }
        if (tokensPerMinute > 0 && this.tokensPerMinute != tokensPerMinute) {
            TOKENS.forgive(this, tokensPerMinute, tokenIntervalNanos, nowNanos);
            this.tokensPerMinute = tokensPerMinute;
        }
        this.reloads = reloads;
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

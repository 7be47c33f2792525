package io.penstock.limit;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What callers have used of their rates; one for the process, kept over reloads.
 *
 * <p>An account at rest (no call in flight, no debt, its buckets full) says no more than none at
 * all, and may be forgotten; from half of the bound on, each new account looks for some. One that
 * is not at rest never is, so that no caller can wash away a debt with a flood of others. At
 * the bound a new account looks further, though not through all; when that finds no place, its
 * caller is refused, and those that have an account are not.
 *
 * <p><b>Thread:</b> safe; without a lock but for an account's first call after a reload.
 * <br><b>Bounds:</b> {@code maxAccounts}. Each takes 70 bytes, measured, and its name (60 for an
 * address): 34 MB with {@link #MAX_ACCOUNTS}, and 0.5 MB when there is none.
 */
public final class Accounts {
    public static final int MAX_ACCOUNTS = 1 << 18;

    private static final int BINS_A_NEW_ACCOUNT_LOOKS_THROUGH = 4; // about as many accounts
    private static final int BINS_WHEN_FULL = 32;

    /** The rate of all callers together. */
    private record Global(long requests, long intervalNanos) {}

    private final CallerTable.Maker<Account> maker;
    private final CallerTable<Account> table;
    private final AtomicInteger reloads = new AtomicInteger();
    private final AtomicReference<Account> all = new AtomicReference<>(); // from the first call on
    private volatile @Nullable Global global; // null for no bound

    public Accounts(int maxAccounts) {
        this(maxAccounts, Account::new);
    }

    /** Those whose rates count on all nodes together. */
    public Accounts(int maxAccounts, Sharing sharing) {
        this(maxAccounts, (name, nowNanos) -> new SharedAccount(name, sharing, nowNanos));
    }

    private Accounts(int maxAccounts, CallerTable.Maker<Account> maker) {
        this.maker = maker;
        table = new CallerTable<>(maxAccounts, maker);
    }

    /** How many requests all callers together may begin in a window; 0 for no bound. */
    public void setGlobal(long requests, long windowNanos) {
        global = requests == 0 ? null
                : new Global(requests, Bucket.intervalNanos(requests, windowNanos));
    }

    /**
     * Says that callers' bounds may be others from now on: what an account's caller has used counts
     * as so much used under the new ones, and no request waits longer than the new window for it.
     */
    public void onReload() {
        reloads.incrementAndGet();
    }

    public int size() {
        return table.size();
    }

    /** The account of that name, which may be retired before it is entered; null for no room. */
    @Nullable Account account(String name, long nowNanos) {
        Account known = table.find(name);
        if (known != null) {
            return known;
        }
        if (table.size() >= table.maxEntries() / 2) {
            table.forget(BINS_A_NEW_ACCOUNT_LOOKS_THROUGH, nowNanos);
        }
        Account added = table.findOrAdd(name, nowNanos);
        if (added == null) {
            table.forget(BINS_WHEN_FULL, nowNanos);
            added = table.findOrAdd(name, nowNanos);
        }
        return added;
    }

    /** The account of that name, if there is one already. */
    @Nullable Account find(String name) {
        return table.find(name);
    }

    int reloads() {
        return reloads.get();
    }

    /** A request that was taken of the rate of all callers did not come to anything. */
    void giveBackGlobal(long nowNanos) {
        Global rate = global;
        Account used = all.get();
        if (rate != null && used != null) {
            used.giveBackRequest(rate.intervalNanos(), nowNanos);
        }
    }

    /** Takes a request of the rate of all callers; what {@link Bucket#tryTake} says. */
    long tryTakeGlobal(long nowNanos) {
        Global rate = global;
        if (rate == null) {
            return 0;
        }
        Account used = all.get();
        if (used == null) {
            all.compareAndSet(null, maker.make("", nowNanos));
            used = all.get();
            assert used != null; // one of two has just put it there
        }
        used.followRequests(rate.requests(), rate.intervalNanos(), nowNanos);
        return used.tryTakeRequest(rate.requests(), rate.intervalNanos(), nowNanos);
    }
}

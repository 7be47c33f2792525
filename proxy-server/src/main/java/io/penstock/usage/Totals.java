package io.penstock.usage;

import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of one row of the ledger: what was used since the process began, and what the store
 * knew before, once that has been read.
 *
 * <p><b>Thread:</b> safe by its lock, which is held for a few additions and never while anything
 * waits.
 */
final class Totals {
    static final int COLUMNS = 7;
    private static final int CALLS = 0;
    private static final int PROMPT = 1;
    private static final int COMPLETION = 2;
    private static final int CACHED = 3;
    private static final int REASONING = 4;
    private static final int ESTIMATED = 5;
    private static final int NANO_DOLLARS = 6;

    private final int month;
    private final RowKey key;
    private final long[] values = new long[COLUMNS];
    private boolean whole; // what the store had is in it
    private boolean waiting; // for the writer, in its queue

    Totals(int month, RowKey key) {
        this.month = month;
        this.key = key;
    }

    int month() {
        return month;
    }

    RowKey key() {
        return key;
    }

    /** Adds a call; enters the queue of the writer unless it waits there already. */
    void add(TokenUsage usage, long nanoDollars, ConcurrentLinkedQueue<Totals> queue) {
        synchronized (this) {
            plus(CALLS, 1);
            plus(PROMPT, usage.prompt());
            plus(COMPLETION, usage.completion());
            plus(CACHED, usage.cached());
            plus(REASONING, usage.reasoning());
            plus(ESTIMATED, usage.estimated() ? usage.total() : 0);
            plus(NANO_DOLLARS, nanoDollars);
            if (waiting) {
                return;
            }
            waiting = true;
        }
        queue.add(this);
    }

    /** Adds what the store had when the process began; null for nothing; only the first counts. */
    synchronized void complete(long @Nullable [] stored) {
        if (!whole) {
            for (int i = 0; stored != null && i < Math.min(COLUMNS, stored.length); i++) {
                plus(i, stored[i]);
            }
            whole = true;
        }
    }

    synchronized boolean isWhole() {
        return whole;
    }

    /** All there is to write; what comes from now on enters the queue again. */
    synchronized long[] take() {
        waiting = false;
        return values.clone();
    }

    synchronized LedgerRow row() {
        return row(key, values);
    }

    static LedgerRow row(RowKey key, long[] values) {
        return new LedgerRow(key.caller(), key.provider(), key.model(), values[CALLS],
                values[PROMPT], values[COMPLETION], values[CACHED], values[REASONING],
                values[ESTIMATED], values[NANO_DOLLARS]);
    }

    private void plus(int column, long amount) {
        values[column] = sum(values[column], amount);
    }

    /** Never below zero and never past the end: no provider's figure may turn a budget around. */
    static long sum(long one, long other) {
        long sum = one + Math.max(0, other);
        return sum < 0 ? Long.MAX_VALUE : sum;
    }
}

package io.penstock.usage;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is used this month and was used in the last one, in memory.
 *
 * <p><b>Thread:</b> safe; nothing in it waits for anything but a few additions.
 * <br><b>Bounds:</b> {@code maxRows} rows a month, about 300 bytes each. From three quarters on, a
 * caller's further models share a row for each provider, so that budgets are still known after a
 * restart; in the end, further callers share one for each provider, all under {@value #OTHERS}.
 */
final class Book {
    static final int MAX_ROWS = 200_000;
    static final String OTHERS = "(others)";
    private static final Logger LOG = LoggerFactory.getLogger(Book.class);

    private static final class MonthOf {
        final ConcurrentHashMap<RowKey, Totals> rows = new ConcurrentHashMap<>();
        volatile boolean whole; // holds what the store has of it, too
    }

    private final int maxRows;
    private final ConcurrentHashMap<Integer, MonthOf> months = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<Totals> unwritten = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean overflowTold = new AtomicBoolean();

    Book(int maxRows) {
        this.maxRows = maxRows;
    }

    void add(RowKey key, int month, TokenUsage usage, long nanoDollars) {
        find(key, month).add(usage, nanoDollars, unwritten);
    }

    private Totals find(RowKey key, int month) {
        MonthOf rows = month(month);
        Totals row = rows.rows.get(key);
        if (row != null) {
            return row;
        }
        RowKey tidy = key.tidy();
        row = rows.rows.get(tidy);
        if (row != null) {
            return row;
        }
        if (rows.rows.size() >= maxRows - maxRows / 4) {
            tidy = shared(rows, tidy);
        }
        return rows.rows.computeIfAbsent(tidy, unknown -> new Totals(month, unknown));
    }

    private RowKey shared(MonthOf rows, RowKey tidy) {
        if (!overflowTold.getAndSet(true)) {
            LOG.warn("usage_rows_full max={} further_models=\"{}\"", maxRows, OTHERS);
        }
        RowKey allModels = new RowKey(tidy.caller(), tidy.provider(), OTHERS);
        return rows.rows.size() < maxRows || rows.rows.containsKey(allModels) ? allModels
                : new RowKey(OTHERS, tidy.provider(), OTHERS);
    }

    private MonthOf month(int month) {
        MonthOf rows = months.get(month);
        if (rows == null) {
            // No exchange is as old as those: its timers ended it weeks ago. What of them is still
            // unwritten is in the queue.
            months.keySet().removeIf(old -> old < month - 1);
            rows = months.computeIfAbsent(month, unknown -> new MonthOf());
        }
        return rows;
    }

    /** Adds what the store has of a row, unless that has been done. */
    void complete(int month, RowKey key, long[] stored) {
        month(month).rows.computeIfAbsent(key, unknown -> new Totals(month, unknown))
                .complete(stored);
    }

    /** All that the store has of this month is in it. */
    void markWhole(int month) {
        month(month).whole = true;
    }

    boolean isWhole(int month) {
        MonthOf rows = months.get(month);
        return rows != null && rows.whole;
    }

    List<LedgerRow> rows(int month) {
        MonthOf rows = months.get(month);
        List<LedgerRow> found = new ArrayList<>(rows == null ? 0 : rows.rows.size());
        if (rows != null) {
            rows.rows.values().forEach(each -> found.add(each.row()));
        }
        return found;
    }

    void forEach(Consumer<Totals> action) {
        months.values().forEach(rows -> rows.rows.values().forEach(action));
    }

    /** The next row to write, if any. */
    @Nullable Totals nextUnwritten() {
        return unwritten.poll();
    }

    boolean hasUnwritten() {
        return !unwritten.isEmpty();
    }
}

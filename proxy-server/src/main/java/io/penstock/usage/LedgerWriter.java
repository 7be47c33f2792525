package io.penstock.usage;

import io.penstock.store.Month;
import io.penstock.store.StoreException;
import io.penstock.store.UsageStore;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the book into the store: in each round the rows that have changed, as they stand, in one
 * commit. A row is written as its whole total, never as what came on top, so that no failure and no
 * repetition can count anything twice. See ADR-0010.
 *
 * <p>When the store fails it is closed, and opened again each second until that works; then all
 * rows in memory are written, for a disk that failed may have forgotten what it had promised.
 *
 * <p><b>Thread:</b> its own, which does all that touches the store; reads and {@link #written} may
 * be asked for, and {@link #isFailing} read, by any.
 * <br><b>Bounds:</b> a round begins {@value #ROUND_MILLIS} ms after the last one began; reads wait,
 * {@value #MAX_READS} of them at most, and get {@value #ROWS_AT_A_TIME} rows a round, so that none
 * keeps a commit waiting.
 */
final class LedgerWriter {
    static final long ROUND_MILLIS = 50;
    static final long FORCE_NANOS = TimeUnit.SECONDS.toNanos(1);
    static final long REOPEN_NANOS = TimeUnit.SECONDS.toNanos(1);
    static final long BEHIND_NANOS = TimeUnit.SECONDS.toNanos(2);
    static final int MONTHS_KEPT = 24;
    static final int MAX_READS = 16;
    static final int ROWS_AT_A_TIME = 10_000;
    private static final long CLOSE_MILLIS = 5000;
    private static final Logger LOG = LoggerFactory.getLogger(LedgerWriter.class);

    /** Opens the store, at first and after a failure. */
    interface Opening {
        UsageStore open() throws StoreException;
    }

    /** Somebody waits for a month that is not in memory. */
    private static final class Read {
        final int month;
        final CompletableFuture<List<LedgerRow>> result = new CompletableFuture<>();
        final List<LedgerRow> rows = new ArrayList<>();
        String after = "";

        Read(int month) {
            this.month = month;
        }
    }

    private final Book book;
    private final Opening opening;
    private final LongSupplier nanoTime;
    private final LongSupplier epochMillis;
    private final Thread thread = new Thread(this::run, "penstock-ledger");
    private final ArrayBlockingQueue<Read> reads = new ArrayBlockingQueue<>(MAX_READS);
    private final ConcurrentLinkedQueue<CompletableFuture<Void>> awaited =
            new ConcurrentLinkedQueue<>();
    private volatile boolean failing;
    private volatile boolean closing;
    private volatile long lastRoundNanos; // one that went well

    // Of the writer's thread
    private @Nullable UsageStore store; // until a failure
    private final Set<Totals> uncommitted = new LinkedHashSet<>(); // written, or failed to be
    private boolean writesAll;
    private long lastForceNanos;
    private long lastOpenNanos;
    private int prunedMonth = -1;
    private @Nullable Read reading;

    LedgerWriter(Book book, Opening opening, LongSupplier nanoTime, LongSupplier epochMillis)
            throws StoreException {
        this.book = book;
        this.opening = opening;
        this.nanoTime = nanoTime;
        this.epochMillis = epochMillis;
        thread.setDaemon(true);
        store = opening.open();
        try {
            load(Month.of(epochMillis.getAsLong()));
        } catch (StoreException e) {
            store.abandon();
            throw e;
        }
        lastRoundNanos = nanoTime.getAsLong();
        lastForceNanos = lastRoundNanos;
    }

    void start() {
        thread.start();
    }

    /** Whether the last round failed, or what is booked has not been written for two seconds. */
    boolean isFailing() {
        return failing || book.hasUnwritten()
                && nanoTime.getAsLong() - lastRoundNanos > BEHIND_NANOS;
    }

    /** The rows of a month, read behind what is booked now. */
    CompletableFuture<List<LedgerRow>> read(int month) {
        Read read = new Read(month);
        if (closing || !reads.offer(read)) {
            read.result.completeExceptionally(new RejectedExecutionException(closing
                    ? "the ledger is closed" : MAX_READS + " reads of the ledger wait already"));
        }
        return read.result;
    }

    /** Completes once all that is booked now outlives the process. */
    CompletableFuture<Void> written() {
        CompletableFuture<Void> result = new CompletableFuture<>();
        awaited.add(result);
        return result;
    }

    /** Writes what is left and ends; waits for that, {@value #CLOSE_MILLIS} ms at most. */
    void close() {
        closing = true;
        LockSupport.unpark(thread);
        try {
            thread.join(CLOSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (thread.isAlive()) {
            LOG.error("usage_store_stuck: what was booked last may be missing");
        }
    }

    private void run() {
        while (!closing) {
            long begun = nanoTime.getAsLong();
            round();
            LockSupport.parkNanos(Math.max(TimeUnit.MILLISECONDS.toNanos(1),
                    TimeUnit.MILLISECONDS.toNanos(ROUND_MILLIS)
                            - (nanoTime.getAsLong() - begun)));
        }
        finish();
    }

    /** One round: write, commit, force when it is time, and answer the waiting readers. */
    void round() {
        List<CompletableFuture<Void>> done = new ArrayList<>();
        for (CompletableFuture<Void> each = awaited.poll(); each != null; each = awaited.poll()) {
            done.add(each);
        }
        try {
            if (store == null && !reopen()) {
                awaited.addAll(done);
                return;
            }
            writeChanged();
            tidyUp();
            long now = nanoTime.getAsLong();
            if (now - lastForceNanos >= FORCE_NANOS) {
                opened().force();
                lastForceNanos = now;
            }
            lastRoundNanos = now;
            if (failing) {
                failing = false;
                LOG.info("usage_store_recovered file={}", opened().file());
            }
            done.forEach(each -> each.complete(null));
            readOn();
        } catch (StoreException | RuntimeException e) { // a mistake here must not end the thread
            awaited.addAll(done);
            onFailure(e);
        }
    }

    private UsageStore opened() {
        assert store != null;
        return store;
    }

    private void writeChanged() throws StoreException {
        for (Totals row = book.nextUnwritten(); row != null; row = book.nextUnwritten()) {
            uncommitted.add(row);
        }
        if (writesAll) {
            book.forEach(uncommitted::add);
        }
        if (uncommitted.isEmpty()) {
            return;
        }
        for (Totals row : uncommitted) {
            write(row);
        }
        opened().commit();
        uncommitted.clear();
        writesAll = false;
    }

    private void write(Totals row) throws StoreException {
        String name = row.key().text();
        if (!row.isWhole()) {
            row.complete(opened().read(row.month(), name));
        }
        opened().write(row.month(), name, row.take());
    }

    /** What each month brings: its rows into memory, those of two years ago out of the store. */
    private void tidyUp() throws StoreException {
        int month = Month.of(epochMillis.getAsLong());
        if (!book.isWhole(month)) {
            load(month);
        }
        if (prunedMonth != month) {
            int dropped = opened().dropBefore(month - MONTHS_KEPT, ROWS_AT_A_TIME);
            if (dropped > 0) {
                opened().commit();
            }
            prunedMonth = dropped < ROWS_AT_A_TIME ? month : prunedMonth;
        }
    }

    private void load(int month) throws StoreException {
        List<UsageStore.Row> rows;
        String after = "";
        do {
            rows = opened().read(month, after, ROWS_AT_A_TIME);
            for (UsageStore.Row row : rows) {
                book.complete(month, RowKey.parse(row.name()), row.values());
                after = row.name();
            }
        } while (rows.size() == ROWS_AT_A_TIME);
        book.markWhole(month);
    }

    private void readOn() throws StoreException {
        reading = reading == null ? reads.poll() : reading;
        if (reading == null) {
            return;
        }
        List<UsageStore.Row> rows = opened().read(reading.month, reading.after, ROWS_AT_A_TIME);
        for (UsageStore.Row row : rows) {
            reading.rows.add(Totals.row(RowKey.parse(row.name()), row.values()));
            reading.after = row.name();
        }
        if (rows.size() < ROWS_AT_A_TIME) {
            reading.result.complete(reading.rows);
            reading = null;
        }
    }

    private boolean reopen() throws StoreException {
        long now = nanoTime.getAsLong();
        if (!closing && now - lastOpenNanos < REOPEN_NANOS) {
            return false;
        }
        lastOpenNanos = now;
        store = opening.open();
        writesAll = true;
        return true;
    }

    private void onFailure(Exception e) {
        if (!failing) {
            failing = true;
            LOG.error("usage_store_failed cause=\"{}\" (usage is kept in memory, and written once "
                    + "that works again)", e instanceof StoreException ? e.getMessage() : e);
        }
        if (store != null) {
            store.abandon();
            store = null;
            lastOpenNanos = nanoTime.getAsLong();
        }
        failReads(e);
    }

    private void failReads(Exception e) {
        for (Read read = reading == null ? reads.poll() : reading; read != null;
                read = reads.poll()) {
            read.result.completeExceptionally(e);
        }
        reading = null;
    }

    private void finish() {
        round();
        failReads(new RejectedExecutionException("the ledger is closed"));
        if (store == null) {
            LOG.error("usage_lost: the store failed to the end, and what was booked since is "
                    + "missing from it");
            return;
        }
        try {
            store.close();
        } catch (StoreException e) {
            LOG.error("usage_store_failed cause=\"{}\"", e.getMessage());
        }
    }
}

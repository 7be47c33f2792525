package io.penstock.usage;

import io.penstock.store.StoreException;
import io.penstock.store.UsageStore;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Who used what, by the month: booked in memory, and by a thread of its own in the store, where it
 * outlives the process. What is older than 100 ms survives {@code kill -9}; what is older than a
 * second or so, a loss of power.
 *
 * <p><b>Thread:</b> safe; booking never waits for the disk.
 * <br><b>Bounds:</b> see {@link Book}; months older than two years leave the store.
 */
public final class Ledger implements AutoCloseable {
    /** Where what is booked goes. */
    public enum State {
        /** Into the store. */
        OK,
        /** Into memory for now: the store fails, or is late by more than two seconds. */
        FAILING,
        /** Into memory, and nowhere else. */
        MEMORY
    }

    private final Book book;
    private final @Nullable LedgerWriter writer; // null in memory

    private Ledger(Book book, @Nullable LedgerWriter writer) {
        this.book = book;
        this.writer = writer;
    }

    /** One that ends with the process; it knows this month and the last. */
    public static Ledger inMemory() {
        return new Ledger(new Book(Book.MAX_ROWS), null);
    }

    /**
     * One that goes on where the store of that directory ended. Reads the current month; waits for
     * the disk.
     */
    public static Ledger open(Path directory) throws StoreException {
        Book book = new Book(Book.MAX_ROWS);
        LedgerWriter writer = new LedgerWriter(book, () -> UsageStore.open(directory),
                System::nanoTime, System::currentTimeMillis);
        writer.start();
        return new Ledger(book, writer);
    }

    /** One whose rounds a test runs. */
    static Ledger unstarted(Book book, LedgerWriter.Opening opening, LongSupplier nanoTime,
            LongSupplier epochMillis) throws StoreException {
        return new Ledger(book, new LedgerWriter(book, opening, nanoTime, epochMillis));
    }

    @Nullable LedgerWriter writer() {
        return writer;
    }

    /** Books a call, in the month that it is to count in. */
    public void add(String caller, String provider, String model, int month, TokenUsage usage,
            long nanoDollars) {
        book.add(new RowKey(caller, provider, model), month, usage, nanoDollars);
    }

    public State state() {
        return writer == null ? State.MEMORY : writer.isFailing() ? State.FAILING : State.OK;
    }

    /** Whether what is booked now may not outlive the process. */
    public boolean isFailing() {
        return state() == State.FAILING;
    }

    /**
     * What is in memory of a month: all of the current one, and of others what was booked since the
     * process began. Takes its time where there are very many rows.
     */
    public List<LedgerRow> rows(int month) {
        return book.rows(month);
    }

    /**
     * All rows of any month, from the store where they are not in memory; fails when it does. Never
     * waits, but may complete on the thread that writes the store: go on elsewhere.
     */
    public CompletableFuture<List<LedgerRow>> read(int month) {
        return writer == null || book.isWhole(month)
                ? CompletableFuture.completedFuture(book.rows(month)) : writer.read(month);
    }

    /** Writes what is left, and closes the store; nothing may be booked any more. */
    @Override
    public void close() {
        if (writer != null) {
            writer.close();
        }
    }
}

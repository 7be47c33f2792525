package io.penstock.usage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.store.FaultyDisk;
import io.penstock.store.Month;
import io.penstock.store.StoreException;
import io.penstock.store.UsageStore;
import io.penstock.store.UsageStores;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LedgerTest {
    private static final int MONTH = Month.parse("2026-11");
    private static final TokenUsage REPORTED = new TokenUsage(10, 5, 4, 3);
    private static final TokenUsage ESTIMATED = new TokenUsage(7, 2, 0, 0, true);

    @TempDir
    Path directory;

    private long nanos;
    private long millis = Instant.parse("2026-11-21T12:00:00Z").toEpochMilli();
    private Ledger ledger;
    private UsageStore store; // the one it opened last

    @BeforeEach
    void open() throws StoreException {
        FaultyDisk.plugIn();
        ledger = ledger(Book.MAX_ROWS);
    }

    @AfterEach
    void close() {
        FaultyDisk.repair();
        if (ledger != null) {
            kill();
        }
    }

    private Ledger ledger(int maxRows) throws StoreException {
        return Ledger.unstarted(new Book(maxRows), () -> {
            store = UsageStores.openFaulty(directory);
            return store;
        }, () -> nanos, () -> millis);
    }

    /** Ends it as {@code kill -9} would: nothing more is written. */
    private void kill() {
        store.abandon();
        ledger = null;
    }

    private void restart() throws StoreException {
        kill();
        ledger = ledger(Book.MAX_ROWS);
    }

    private void round() {
        nanos += TimeUnit.MILLISECONDS.toNanos(LedgerWriter.ROUND_MILLIS);
        ledger.writer().round();
    }

    private void passSeconds(int seconds) {
        nanos += TimeUnit.SECONDS.toNanos(seconds);
    }

    private void add(String caller, TokenUsage usage) {
        ledger.add(caller, "openai", "gpt-4o", MONTH, usage, 1000);
    }

    private static List<LedgerRow> sorted(List<LedgerRow> rows) {
        return rows.stream().sorted(Comparator.comparing(LedgerRow::toString)).toList();
    }

    private List<LedgerRow> rows() {
        return sorted(ledger.rows(MONTH));
    }

    /** What a month's read brings, in as many rounds as it takes. */
    private List<LedgerRow> read(int month) {
        CompletableFuture<List<LedgerRow>> read = ledger.read(month);
        for (int i = 0; i < 100 && !read.isDone(); i++) {
            round();
        }
        return sorted(read.getNow(null));
    }

    private static LedgerRow row(String caller, long calls, long prompt, long completion,
            long cached, long reasoning, long estimated, long nanoDollars) {
        return new LedgerRow(caller, "openai", "gpt-4o", calls, prompt, completion, cached,
                reasoning, estimated, nanoDollars);
    }

    // Booking

    @Test
    void sumsUpByCallerProviderAndModel() {
        add("a", REPORTED);
        add("a", ESTIMATED);
        ledger.add("a", "azure", "gpt-4o", MONTH, REPORTED, 1);
        ledger.add("b", "openai", "gpt-4o", MONTH, REPORTED, 1);

        assertThat(rows()).containsExactly(
                new LedgerRow("a", "azure", "gpt-4o", 1, 10, 5, 4, 3, 0, 1),
                row("a", 2, 17, 7, 4, 3, 9, 2000),
                row("b", 1, 10, 5, 4, 3, 0, 1));
        assertThat(rows().get(1).tokens()).isEqualTo(24);
    }

    @Test
    void keepsMonthsApart() {
        ledger.add("a", "openai", "gpt-4o", MONTH - 1, REPORTED, 1);
        add("a", ESTIMATED);

        assertThat(rows()).containsExactly(row("a", 1, 7, 2, 0, 0, 9, 1000));
        assertThat(ledger.rows(MONTH - 1)).containsExactly(row("a", 1, 10, 5, 4, 3, 0, 1));
    }

    @Test
    void losesNothingThatManyThreadsBookWhileItIsWritten() throws Exception {
        int threads = 4;
        int calls = 20_000;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> done = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                done.add(pool.submit(() -> {
                    for (int call = 0; call < calls; call++) {
                        add("caller-" + call % 7, REPORTED);
                    }
                }));
            }
            while (!done.stream().allMatch(Future::isDone)) {
                round();
            }
            for (Future<?> each : done) {
                each.get();
            }
        } finally {
            pool.shutdownNow();
        }
        round();
        List<LedgerRow> booked = rows();
        restart();

        assertThat(booked.stream().mapToLong(LedgerRow::calls).sum())
                .isEqualTo((long) threads * calls);
        assertThat(rows()).isEqualTo(booked);
    }

    @Test
    void booksForOthersWhatHasNoRoomOfItsOwn() throws StoreException {
        kill();
        ledger = ledger(3);
        for (int i = 0; i < 10; i++) {
            add("caller-" + i, REPORTED);
        }
        ledger.add("caller-0", "openai", "gpt-4o", MONTH, REPORTED, 0);
        ledger.add("caller-9", "azure", "made-up", MONTH, REPORTED, 5);

        assertThat(rows()).hasSize(5).contains(
                row("caller-0", 2, 20, 10, 8, 6, 0, 1000),
                new LedgerRow("(others)", "openai", "(others)", 7, 70, 35, 28, 21, 0, 7000),
                new LedgerRow("(others)", "azure", "(others)", 1, 10, 5, 4, 3, 0, 5));
    }

    @Test
    void knowsTheSumOfACallerWhoMakesUpModels() throws StoreException {
        kill();
        ledger = ledger(12);
        for (int i = 0; i < 50; i++) {
            ledger.add("a", "openai", "made-up-" + i, MONTH, REPORTED, 0);
        }
        add("b", REPORTED);
        round();
        restart();

        assertThat(rows()).hasSizeLessThanOrEqualTo(12)
                .contains(new LedgerRow("b", "openai", "(others)", 1, 10, 5, 4, 3, 0, 1000));
        assertThat(rows().stream().filter(row -> row.caller().equals("a"))
                .mapToLong(LedgerRow::calls).sum()).isEqualTo(50);
    }

    @Test
    void knowsTheLongestCallersByTheirNamesAfterARestart() throws StoreException {
        String caller = "jwt:" + "s".repeat(256);
        ledger.add(caller, "openai", "gpt-4o", MONTH, REPORTED, 0);
        round();
        restart();

        assertThat(rows()).singleElement().extracting(LedgerRow::caller).isEqualTo(caller);
    }

    @Test
    void tidiesNamesThatACallerMadeUp() throws StoreException {
        String longName = "m".repeat(5000);
        ledger.add("a", "p", "two\u0001three\u0000", MONTH, REPORTED, 1);
        ledger.add("a", "p", longName + "1", MONTH, REPORTED, 1);
        ledger.add("a", "p", longName + "2", MONTH, REPORTED, 1);
        round();
        restart();

        assertThat(rows()).hasSize(3).extracting(LedgerRow::model).contains("two?three?")
                .allMatch(model -> model.length() <= RowKey.MAX_NAME_CHARS);
    }

    @Test
    void neverTurnsAroundAtTheEndOfANumber() {
        for (int i = 0; i < 3; i++) {
            ledger.add("a", "openai", "gpt-4o", MONTH,
                    new TokenUsage(Long.MAX_VALUE / 2, Long.MAX_VALUE, -5, 0), Long.MAX_VALUE);
        }

        assertThat(rows()).singleElement().satisfies(row -> {
            assertThat(row.prompt()).isEqualTo(Long.MAX_VALUE);
            assertThat(row.tokens()).isEqualTo(Long.MAX_VALUE);
            assertThat(row.cached()).isZero();
            assertThat(row.nanoDollars()).isEqualTo(Long.MAX_VALUE);
        });
    }

    // Outliving the process

    @Test
    void knowsAfterAKillWhatWasBookedARoundBefore() throws StoreException {
        add("a", REPORTED);
        round();
        add("a", REPORTED);
        restart();

        assertThat(rows()).containsExactly(row("a", 1, 10, 5, 4, 3, 0, 1000));
    }

    @Test
    void goesOnFromTheStoredTotals() throws StoreException {
        for (int run = 1; run <= 5; run++) {
            add("a", REPORTED);
            round();
            round();
            restart();

            assertThat(rows()).containsExactly(
                    row("a", run, 10 * run, 5 * run, 4 * run, 3 * run, 0, 1000 * run));
        }
    }

    @Test
    void addsToAMonthThatItHasNotRead() throws StoreException {
        ledger.add("a", "openai", "gpt-4o", MONTH - 1, REPORTED, 1);
        round();
        restart();
        ledger.add("a", "openai", "gpt-4o", MONTH - 1, REPORTED, 1);
        round();
        ledger.add("a", "openai", "gpt-4o", MONTH - 1, REPORTED, 1);
        round();

        assertThat(read(MONTH - 1)).containsExactly(row("a", 3, 30, 15, 12, 9, 0, 3));
    }

    @Test
    void writesWhatIsLeftWhenItCloses() throws StoreException {
        Ledger running = ledger;
        add("a", REPORTED);
        running.writer().start();
        running.close();
        ledger = ledger(Book.MAX_ROWS);

        assertThat(rows()).containsExactly(row("a", 1, 10, 5, 4, 3, 0, 1000));
    }

    @Test
    void tellsWhenWhatWasBookedOutlivesTheProcess() {
        add("a", REPORTED);
        CompletableFuture<Void> written = ledger.writer().written();
        assertThat(written).isNotDone();

        round();

        assertThat(written).isCompleted();
    }

    @Test
    void forcesOnceASecondAndOnlyWhatIsNew() {
        round();
        int before = FaultyDisk.forces();
        for (int i = 0; i < 18; i++) { // 950 ms with the one before
            add("a", REPORTED);
            round();
        }
        assertThat(FaultyDisk.forces()).isEqualTo(before);
        round();
        assertThat(FaultyDisk.forces()).isEqualTo(before + 1);

        for (int i = 0; i < 200; i++) {
            round();
        }
        int settled = FaultyDisk.forces();
        assertThat(settled).as("tidied the file up once").isLessThanOrEqualTo(before + 2);
        for (int i = 0; i < 200; i++) {
            round();
        }
        assertThat(FaultyDisk.forces()).isEqualTo(settled);
    }

    // Months

    @Test
    void readsPastMonthsFromTheStore() throws StoreException {
        int rows = LedgerWriter.ROWS_AT_A_TIME * 2;
        for (int i = 0; i < rows; i++) {
            ledger.add("caller-" + i, "openai", "gpt-4o", MONTH - 1, REPORTED, i);
        }
        round();
        restart();

        CompletableFuture<List<LedgerRow>> read = ledger.read(MONTH - 1);
        round();
        assertThat(read).as("a long read leaves room for commits").isNotDone();
        round();
        round();
        assertThat(read).isCompleted();
        assertThat(read.join()).hasSize(rows);
        assertThat(read(MONTH - 2)).isEmpty();
    }

    @Test
    void knowsTheNewMonthOnceItHasBegun() throws StoreException {
        ledger.add("a", "openai", "gpt-4o", MONTH + 1, REPORTED, 1); // a clock that was wrong
        round();
        restart();
        millis = Instant.parse("2026-12-01T00:00:00Z").toEpochMilli();
        ledger.add("a", "openai", "gpt-4o", MONTH + 1, REPORTED, 1);
        round();

        assertThat(ledger.rows(MONTH + 1)).containsExactly(row("a", 2, 20, 10, 8, 6, 0, 2));
        assertThat(ledger.read(MONTH + 1)).isCompleted();
        restart();
        assertThat(ledger.rows(MONTH + 1)).containsExactly(row("a", 2, 20, 10, 8, 6, 0, 2));
    }

    @Test
    void forgetsMonthsInMemoryButNotInTheStore() {
        add("a", REPORTED);
        ledger.add("a", "openai", "gpt-4o", MONTH + 2, REPORTED, 1);

        assertThat(ledger.rows(MONTH)).isEmpty();
        assertThat(read(MONTH)).containsExactly(row("a", 1, 10, 5, 4, 3, 0, 1000));
    }

    @Test
    void dropsMonthsOfTwoYearsAgo() throws StoreException {
        ledger.add("a", "openai", "gpt-4o", MONTH - 25, REPORTED, 1);
        ledger.add("a", "openai", "gpt-4o", MONTH - 24, REPORTED, 1);
        round();
        restart();
        round();

        assertThat(read(MONTH - 25)).isEmpty();
        assertThat(read(MONTH - 24)).hasSize(1);
    }

    @Test
    void refusesMoreReadsThanWaitForTheDisk() {
        for (int i = 0; i < LedgerWriter.MAX_READS; i++) {
            assertThat(ledger.read(MONTH - 1)).isNotDone();
        }

        assertThat(ledger.read(MONTH - 1)).isCompletedExceptionally();
    }

    // The store fails

    private void failWhile(Runnable fault) {
        add("a", REPORTED);
        round();
        assertThat(ledger.state()).isEqualTo(Ledger.State.OK);
        fault.run();
        add("a", REPORTED);
        add("b", REPORTED);
        passSeconds(1);
        round();
    }

    @Test
    void losesNothingToADiskThatWasFullForAWhile() throws StoreException {
        failWhile(FaultyDisk::fill);
        assertThat(ledger.isFailing()).isTrue();
        CompletableFuture<Void> written = ledger.writer().written();
        passSeconds(1);
        round();
        add("b", ESTIMATED);
        assertThat(ledger.isFailing()).isTrue();
        assertThat(written).isNotDone();
        assertThat(ledger.read(MONTH)).as("memory still knows").isCompleted();

        FaultyDisk.repair();
        passSeconds(1);
        round();

        assertThat(ledger.isFailing()).isFalse();
        assertThat(written).isCompleted();
        List<LedgerRow> booked = rows();
        assertThat(booked).containsExactly(row("a", 2, 20, 10, 8, 6, 0, 2000),
                row("b", 2, 17, 7, 4, 3, 9, 2000));
        restart();
        assertThat(rows()).isEqualTo(booked);
    }

    @Test
    void takesAFailedForceForALossOfWhatWasCommitted() throws StoreException {
        failWhile(FaultyDisk::failForces);
        assertThat(ledger.isFailing()).isTrue();

        FaultyDisk.repair();
        passSeconds(1);
        round();

        assertThat(ledger.isFailing()).isFalse();
        restart();
        assertThat(rows()).containsExactly(row("a", 2, 20, 10, 8, 6, 0, 2000),
                row("b", 1, 10, 5, 4, 3, 0, 1000));
    }

    @Test
    void writesAllItKnowsWhereTheFileWasRemoved() throws Exception {
        Path file = directory.resolve("usage.db");
        failWhile(() -> {
            try {
                Files.delete(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        assertThat(ledger.isFailing()).isTrue();

        passSeconds(1);
        round();

        assertThat(ledger.isFailing()).isFalse();
        assertThat(file).exists();
        restart();
        assertThat(rows()).containsExactly(row("a", 2, 20, 10, 8, 6, 0, 2000),
                row("b", 1, 10, 5, 4, 3, 0, 1000));
    }

    @Test
    void triesAgainOnceASecond() throws StoreException {
        failWhile(FaultyDisk::fill);
        FaultyDisk.repair();

        round();
        assertThat(ledger.isFailing()).isTrue();
        for (int i = 1; i < 20; i++) {
            round();
        }
        assertThat(ledger.isFailing()).isFalse();
    }

    @Test
    void failsReadsOfTheStoreWhileItFails() {
        failWhile(FaultyDisk::fill);

        CompletableFuture<List<LedgerRow>> read = ledger.read(MONTH - 1);
        passSeconds(1);
        round();

        assertThat(read).isCompletedExceptionally();
        assertThatThrownBy(read::join).hasRootCauseMessage("No space left on device");
    }

    @Test
    void isFailingWhenTheWriterStandsStill() {
        add("a", REPORTED);
        passSeconds(2);
        assertThat(ledger.isFailing()).isFalse();
        nanos++;
        assertThat(ledger.isFailing()).isTrue();
        round();
        assertThat(ledger.isFailing()).isFalse();
        passSeconds(100);
        assertThat(ledger.isFailing()).as("nothing waits").isFalse();
    }

    // Without a store

    @Test
    void worksInMemoryAlone() {
        try (Ledger memory = Ledger.inMemory()) {
            memory.add("a", "openai", "gpt-4o", MONTH, REPORTED, 1);

            assertThat(memory.state()).isEqualTo(Ledger.State.MEMORY);
            assertThat(memory.isFailing()).isFalse();
            assertThat(memory.read(MONTH)).isCompletedWithValue(
                    List.of(row("a", 1, 10, 5, 4, 3, 0, 1)));
            assertThat(memory.read(MONTH - 1)).isCompletedWithValue(List.of());
        }
    }
}

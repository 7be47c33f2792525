package io.penstock.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UsageStoreTest {
    private static final int MONTH = Month.parse("2026-11");

    @TempDir
    Path temporary;

    private Path directory;

    @BeforeEach
    void nameADirectoryThatIsNotThere() {
        directory = temporary.resolve("a/data");
    }

    private Path file() {
        return directory.resolve(UsageStore.FILE);
    }

    private static List<String> names(UsageStore store, int month) throws StoreException {
        return store.read(month, "", 100).stream().map(UsageStore.Row::name).toList();
    }

    private void assertRefused(String... parts) {
        assertThatExceptionOfType(StoreException.class)
                .isThrownBy(() -> UsageStore.open(directory))
                .satisfies(e -> assertThat(e.getMessage()).contains(parts)
                        .doesNotContain("\n"));
    }

    /** A store with some rows, closed as it should be. */
    private void fill(int rows) throws StoreException {
        try (UsageStore store = UsageStore.open(directory)) {
            for (int i = 0; i < rows; i++) {
                store.write(MONTH, "row-" + i, new long[] {i});
            }
            store.commit();
        }
    }

    // What is in it

    @Test
    void keepsRowsWhenItIsOpenedAgain() throws StoreException {
        try (UsageStore store = UsageStore.open(directory)) {
            store.write(MONTH, "a", new long[] {1, Long.MAX_VALUE, -1});
            store.write(MONTH, "a", new long[] {2, Long.MAX_VALUE, -1});
            store.commit();
        }

        try (UsageStore store = UsageStore.open(directory)) {
            assertThat(store.read(MONTH, "a")).containsExactly(2, Long.MAX_VALUE, -1);
            assertThat(store.read(MONTH, "b")).isNull();
            assertThat(store.read(MONTH + 1, "a")).isNull();
        }
    }

    @Test
    void keepsNamesAsTheyAre() throws StoreException {
        List<String> names = List.of("", "\u0001", "/", "a\uD800b", "ünï→💧");
        try (UsageStore store = UsageStore.open(directory)) {
            for (String name : names) {
                store.write(MONTH, name, new long[] {name.length()});
            }
            store.commit();
        }

        try (UsageStore store = UsageStore.open(directory)) {
            for (String name : names) {
                assertThat(store.read(MONTH, name)).containsExactly(name.length());
            }
        }
    }

    @Test
    void readsAMonthInPieces() throws StoreException {
        try (UsageStore store = UsageStore.open(directory)) {
            for (String name : List.of("c", "a", "b")) {
                store.write(MONTH, name, new long[1]);
                store.write(MONTH - 1, "last-" + name, new long[1]);
                store.write(MONTH + 1, "next-" + name, new long[1]);
            }

            List<String> found = new ArrayList<>();
            String after = "";
            for (List<UsageStore.Row> rows = store.read(MONTH, after, 2); !rows.isEmpty();
                    rows = store.read(MONTH, after, 2)) {
                rows.forEach(row -> found.add(row.name()));
                after = rows.get(rows.size() - 1).name();
            }
            assertThat(found).containsExactly("a", "b", "c");
        }
    }

    @Test
    void dropsEarlierMonths() throws StoreException {
        try (UsageStore store = UsageStore.open(directory)) {
            for (int month = MONTH - 2; month <= MONTH; month++) {
                store.write(month, "a", new long[1]);
                store.write(month, "b", new long[1]);
            }
            store.commit();

            assertThat(store.dropBefore(MONTH, 3)).isEqualTo(3);
            assertThat(store.dropBefore(MONTH, 3)).isEqualTo(1);
            assertThat(store.dropBefore(MONTH, 3)).isZero();
            store.commit();
        }
        try (UsageStore store = UsageStore.open(directory)) {
            assertThat(names(store, MONTH - 1)).isEmpty();
            assertThat(names(store, MONTH)).containsExactly("a", "b");
        }
    }

    @Test
    void holdsWhatWasCommittedWhenItIsAbandoned() throws StoreException {
        UsageStore store = UsageStore.open(directory);
        store.write(MONTH, "a", new long[] {1});
        store.commit();
        store.write(MONTH, "a", new long[] {2});
        store.write(MONTH, "b", new long[] {2});
        store.abandon();

        try (UsageStore again = UsageStore.open(directory)) {
            assertThat(again.read(MONTH, "a")).containsExactly(1);
            assertThat(again.read(MONTH, "b")).isNull();
        }
    }

    // How large it gets, and how often it goes to the disk

    @Test
    void staysSmallUnderASteadyLoad() throws Exception {
        FaultyDisk.plugIn();
        try (UsageStore store = UsageStore.open(directory, FaultyDisk.SCHEME)) {
            int before = FaultyDisk.forces();
            long largest = 0;
            int commits = 20_000;
            for (int commit = 0; commit < commits; commit++) {
                for (int row = 0; row < 100; row++) {
                    store.write(MONTH, "caller-" + row + "\u0001openai\u0001gpt-4o-mini",
                            new long[] {commit, row, 3, 4, 5, 6, 7});
                }
                store.commit();
                largest = Math.max(largest, Files.size(file()));
            }
            assertThat(largest).isLessThan(2 * 1024 * 1024);
            assertThat(FaultyDisk.forces() - before)
                    .as("forced every so many commits, and where the file got shorter")
                    .isBetween(commits / UsageStore.COMMITS_PER_FORCE, commits / 4);
        }
    }

    @Test
    void staysWithinAMultipleOfWhatItHoldsWhereRowsChangeHereAndThere() throws Exception {
        try (UsageStore store = UsageStore.open(directory)) {
            for (int row = 0; row < 5000; row++) {
                store.write(MONTH, "caller-" + row, new long[7]);
            }
            store.commit();
            store.force();
            long middle = 0;
            for (int commit = 0; commit < 600; commit++) {
                for (int row = 0; row < 50; row++) {
                    store.write(MONTH, "caller-" + (commit * 7919 + row * 104_729) % 5000,
                            new long[] {commit, row, 3, 4, 5, 6, 7});
                }
                store.commit();
                middle = commit == 300 ? Files.size(file()) : middle;
            }
            assertThat(Files.size(file())).isLessThan(middle * 3 / 2).isLessThan(24 * 1024 * 1024);
        }
    }

    // Whose it is

    @Test
    void isForItsOwnerOnly() throws Exception {
        assumeThat(directory.getFileSystem().supportedFileAttributeViews()).contains("posix");
        fill(1);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
                .isEqualTo("rwx------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
                .isEqualTo("rw-------");
    }

    @Test
    void belongsToOneAtATime() throws StoreException {
        try (UsageStore store = UsageStore.open(directory)) {
            assertRefused(directory + "/" + UsageStore.LOCK_FILE,
                    " is in use by another process: stop that, or choose another directory");
            store.write(MONTH, "a", new long[1]);
            store.commit();
        }
        UsageStore.open(directory).close();
    }

    // What is wrong with it

    @Test
    void saysThatAFileIsInTheWay() throws IOException {
        Files.createDirectories(directory.getParent());
        Files.writeString(directory, "not a directory");

        assertRefused(directory + " cannot be used for data (it is no directory): ",
                "--data-dir");
    }

    @Test
    void saysThatADirectoryCannotBeMade() throws IOException {
        Files.createDirectories(directory.getParent().getParent());
        Files.writeString(directory.getParent(), "not a directory");

        assertRefused(directory + " cannot be used for data (", "--data-dir");
    }

    @Test
    void saysThatItMayNotWriteThere() throws IOException {
        Files.createDirectories(directory);
        assumeThat(directory.toFile().setWritable(false)).isTrue();
        try {
            assumeThat(Files.isWritable(directory)).as("root may write anywhere").isFalse();

            assertRefused(directory + " cannot be used for data (permission denied): ");
        } finally {
            assertThat(directory.toFile().setWritable(true)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.02, 0.1, 0.5})
    void refusesATruncatedFileAndLeavesItAsItIs(double share) throws Exception {
        fill(2000);
        long size = (long) (Files.size(file()) * share);
        try (RandomAccessFile cut = new RandomAccessFile(file().toFile(), "rw")) {
            cut.setLength(size);
        }
        byte[] before = Files.readAllBytes(file());

        assertRefused(file() + (share < 0.5 ? " is damaged (" : " has lost what was on the disk"));
        assertThat(Arrays.equals(Files.readAllBytes(file()), before)).isTrue();
    }

    @Test
    void goesOnWithAnOlderFileOnceThatIsMeant() throws Exception {
        fill(1);
        byte[] older = Files.readAllBytes(file());
        fill(5);
        Files.write(file(), older);

        assertRefused(file() + " has lost what was on the disk already (it is at version ",
                "put the whole file back, or remove " + directory + "/" + UsageStore.LOCK_FILE);
        Files.delete(directory.resolve(UsageStore.LOCK_FILE));
        try (UsageStore store = UsageStore.open(directory)) {
            assertThat(names(store, MONTH)).containsExactly("row-0");
        }
    }

    @Test
    void beginsWithANewFileOnceTheDamagedOneIsAway() throws Exception {
        fill(5);
        Files.delete(file());

        try (UsageStore store = UsageStore.open(directory)) {
            assertThat(names(store, MONTH)).isEmpty();
        }
    }

    @Test
    void refusesAFileOfAnotherKind() throws IOException {
        Files.createDirectories(directory);
        Files.writeString(file(), "This is no store. ".repeat(1000));

        assertRefused(file() + " is damaged (");
        assertThat(file()).content().startsWith("This is no store. ");
    }

    @Test
    void refusesARowWithAFlippedBit() throws Exception {
        fill(10);
        byte[] bytes = Files.readAllBytes(file());
        byte[] name = "row-7".getBytes(StandardCharsets.ISO_8859_1);
        for (int i = 0; i + name.length < bytes.length; i++) {
            boolean found = true;
            for (int j = 0; j < name.length; j++) {
                found &= bytes[i + j] == name[j];
            }
            if (found) {
                bytes[i + name.length - 1] ^= 1; // it is row-6's now
            }
        }
        Files.write(file(), bytes);

        try (UsageStore store = UsageStore.open(directory)) {
            assertThatExceptionOfType(StoreException.class)
                    .isThrownBy(() -> store.read(MONTH, "", 100))
                    .withMessageStartingWith(file() + " is damaged (the checksum of a row is ");
        }
    }

    @Test
    void leavesTheFileOfANewerVersionAlone() throws Exception {
        fill(1);
        MVStore newer = MVStore.open(file().toString());
        newer.setStoreVersion(9);
        newer.close();

        assertRefused(file() + " was written by a newer version (its schema is 9, this one knows "
                + "1): run that, or move the file away");
    }

    @Test
    void beginsAgainWhereAProcessWasKilledWhileItMadeTheFile() throws Exception {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve(UsageStore.NEW_FILE), "half of it");

        fill(1);

        try (UsageStore store = UsageStore.open(directory)) {
            assertThat(names(store, MONTH)).containsExactly("row-0");
        }
        assertThat(directory.resolve(UsageStore.NEW_FILE)).doesNotExist();
    }

    // What fails later

    @Test
    void saysThatTheDiskIsFullAndOpensAgainWithWhatWasCommitted() throws Exception {
        FaultyDisk.plugIn();
        UsageStore store = UsageStore.open(directory, FaultyDisk.SCHEME);
        try {
            store.write(MONTH, "a", new long[] {1});
            store.commit();
            FaultyDisk.fill();
            store.write(MONTH, "a", new long[] {2});

            assertThatExceptionOfType(StoreException.class).isThrownBy(store::commit)
                    .withMessageStartingWith(file() + " cannot be used (")
                    .withMessageContaining("space on its disk");
        } finally {
            store.abandon();
            FaultyDisk.repair();
        }
        try (UsageStore again = UsageStore.open(directory, FaultyDisk.SCHEME)) {
            assertThat(again.read(MONTH, "a")).containsExactly(1);
        }
    }

    @Test
    void noticesThatItsFileWasRemoved() throws Exception {
        UsageStore store = UsageStore.open(directory);
        try {
            Files.delete(file());

            assertThatExceptionOfType(StoreException.class).isThrownBy(store::force)
                    .withMessage(file() + " was removed while it was in use");
        } finally {
            store.abandon();
        }
    }
}

package io.penstock.store;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.h2.mvstore.Cursor;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.StringDataType;
import org.jspecify.annotations.Nullable;

/**
 * Rows of numbers by month and name, in one file of a data directory: what outlives the process.
 * What is written becomes part of the file with the next commit, all of it or nothing; a commit
 * outlives the process, {@link #force} the power. See ADR-0010.
 *
 * <p>Once a method has thrown, the store may have closed itself: close it and open another.
 *
 * <p><b>Thread:</b> confined to one at a time, which waits for the disk.
 * <br><b>Bounds:</b> forces by itself every {@value #COMMITS_PER_FORCE} commits. The file holds its
 * rows, in pieces that are half empty at worst, and what the last {@value #VERSIONS_KEPT} commits
 * replaced.
 */
public final class UsageStore implements AutoCloseable {
    static final String FILE = "usage.db";
    static final String LOCK_FILE = "usage.lock";
    static final String NEW_FILE = "usage.db.new";
    static final int COMMITS_PER_FORCE = 24;
    private static final int VERSIONS_KEPT = COMMITS_PER_FORCE + 4;
    private static final int SCHEMA = 1;
    private static final String ROWS = "usage";
    private static final int CACHE_MIB = 8;
    private static final int LEAST_FILL_PERCENT = 50;
    private static final int COMPACTED_BYTES = 1024 * 1024; // a time
    private static final char SEPARATOR = '/';

    private final Path file;
    private final DirectoryLock lock;
    private final MVStore store;
    private final MVMap<String, byte[]> rows;
    private int unforced; // commits
    private boolean changed; // since it was compacted last

    /** One row: its name within the month, and its numbers. */
    public record Row(String name, long[] values) {}

    private UsageStore(Path file, DirectoryLock lock, MVStore store,
            MVMap<String, byte[]> rows) {
        this.file = file;
        this.lock = lock;
        this.store = store;
        this.rows = rows;
    }

    /**
     * Opens the store of that directory; makes both if they are not there. Nothing is ever removed
     * to make that work.
     */
    public static UsageStore open(Path directory) throws StoreException {
        return open(directory, "");
    }

    /** {@code scheme} names the file system of H2's to go through, with a colon. */
    static UsageStore open(Path directory, String scheme) throws StoreException {
        Path home = directory.toAbsolutePath().normalize();
        DirectoryLock lock = DirectoryLock.take(home, LOCK_FILE);
        boolean opened = false;
        try {
            Path file = home.resolve(FILE);
            if (Files.notExists(file)) {
                lock.setNumber(0);
                create(home, file, scheme);
            } else if (Files.size(file) == 0) { // H2 would take it for a new one
                throw damaged(file, "it is empty", null);
            }
            UsageStore store = openFile(file, lock, scheme);
            opened = true;
            return store;
        } catch (IOException e) {
            throw unusable(home, e);
        } finally {
            if (!opened) {
                lock.close();
            }
        }
    }

    /** Makes the file beside its place: there it is whole, whenever the process may be killed. */
    private static void create(Path home, Path file, String scheme) throws StoreException {
        Path begun = home.resolve(NEW_FILE);
        try {
            Files.deleteIfExists(begun); // of a process that was killed right here
            Files.createFile(begun, DirectoryLock.ownerOnly(home, "rw-------"));
        } catch (IOException e) {
            throw unusable(begun, e);
        }
        MVStore store = null;
        try {
            store = openStore(scheme + begun);
            store.setStoreVersion(SCHEMA);
            openRows(store);
            store.commit();
            store.sync();
            store.close();
            Files.move(begun, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (RuntimeException | IOException e) {
            if (store != null) {
                store.closeImmediately();
            }
            throw unusable(begun, e);
        }
    }

    private static UsageStore openFile(Path file, DirectoryLock lock, String scheme)
            throws StoreException {
        MVStore store;
        try {
            store = openStore(scheme + file);
        } catch (RuntimeException e) {
            throw unusable(file, e);
        }
        try {
            if (store.getFileStore().isReadOnly()) {
                throw unusable(file, new AccessDeniedException(file.toString()));
            }
            int schema = store.getStoreVersion();
            if (schema > SCHEMA) {
                throw new StoreException(file + " was written by a newer version (its schema is "
                        + schema + ", this one knows " + SCHEMA + "): run that, or move the file "
                        + "away to start without what it holds");
            }
            if (schema < SCHEMA || !store.hasMap(ROWS)) {
                throw damaged(file, "its schema is missing", null);
            }
            if (store.getCurrentVersion() < lock.number()) {
                // H2 goes back to an older version where the newest is not whole. After a loss of
                // power that may be one that was not forced, but never an older one.
                throw new StoreException(file + " has lost what was on the disk already (it is at "
                        + "version " + store.getCurrentVersion() + ", and was at " + lock.number()
                        + "): put the whole file back, or remove " + lock.file()
                        + " to go on with what is left");
            }
            return new UsageStore(file, lock, store, openRows(store));
        } catch (RuntimeException | IOException e) {
            store.closeImmediately();
            throw unusable(file, e);
        } catch (StoreException e) {
            store.closeImmediately();
            throw e;
        }
    }

    private static MVStore openStore(String name) {
        MVStore store = new MVStore.Builder().fileName(name).autoCommitDisabled()
                .autoCommitBufferSize(0).cacheSize(CACHE_MIB).open();
        // What the last forced version consists of must not be written over before another is on
        // the disk. That is counted in versions, not left to the clock: more of them are kept than
        // are committed between two forces.
        store.setRetentionTime(0);
        store.setVersionsToKeep(VERSIONS_KEPT);
        return store;
    }

    private static MVMap<String, byte[]> openRows(MVStore store) {
        return store.openMap(ROWS, new MVMap.Builder<String, byte[]>()
                .keyType(StringDataType.INSTANCE).valueType(ByteArrayDataType.INSTANCE));
    }

    public Path file() {
        return file;
    }

    /** The numbers of a row, if any. */
    public long @Nullable [] read(int month, String name) throws StoreException {
        String key = key(month, name);
        try {
            byte[] value = rows.get(key);
            return value == null ? null : values(key, value);
        } catch (RuntimeException e) {
            throw unusable(file, e);
        }
    }

    /** The rows of a month behind {@code after}, in order of their names, some at a time. */
    public List<Row> read(int month, String after, int most) throws StoreException {
        String prefix = key(month, "");
        List<Row> found = new ArrayList<>();
        try {
            Cursor<String, byte[]> cursor = rows.cursor(prefix + after);
            while (found.size() < most && cursor.hasNext()) {
                String key = cursor.next();
                if (!key.startsWith(prefix)) {
                    break;
                }
                String name = key.substring(prefix.length());
                if (!name.equals(after)) {
                    found.add(new Row(name, values(key, cursor.getValue())));
                }
            }
        } catch (RuntimeException e) {
            throw unusable(file, e);
        }
        return found;
    }

    /** Sets the numbers of a row, with the next commit. */
    public void write(int month, String name, long[] values) throws StoreException {
        String key = key(month, name);
        try {
            rows.put(key, bytes(key, values));
        } catch (RuntimeException e) {
            throw unusable(file, e);
        }
    }

    /** Removes rows of earlier months with the next commit, some at a time; returns how many. */
    public int dropBefore(int month, int most) throws StoreException {
        String first = key(month, "");
        List<String> old = new ArrayList<>();
        try {
            Cursor<String, byte[]> cursor = rows.cursor(null);
            while (old.size() < most && cursor.hasNext()) {
                String key = cursor.next();
                if (key.compareTo(first) >= 0) {
                    break;
                }
                old.add(key);
            }
            old.forEach(rows::remove);
        } catch (RuntimeException e) {
            throw unusable(file, e);
        }
        return old.size();
    }

    /** Puts what was written into the file, where the process's end can't reach it. */
    public void commit() throws StoreException {
        try {
            store.commit();
            unforced++;
            changed = true;
        } catch (RuntimeException e) {
            throw unusable(file, e);
        }
        if (unforced >= COMMITS_PER_FORCE) {
            force();
        }
    }

    /** Puts what was committed on the disk, where the power's end can't reach it. */
    public void force() throws StoreException {
        if (Files.notExists(file)) {
            throw new StoreException(file + " was removed while it was in use");
        }
        if (unforced == 0) {
            return;
        }
        try {
            long version = store.getCurrentVersion();
            store.sync();
            lock.setNumber(version);
            unforced = 0;
            if (changed && store.getFileStore().getChunksFillRate() < LEAST_FILL_PERCENT
                    && store.compact(LEAST_FILL_PERCENT, COMPACTED_BYTES)) {
                store.commit();
                unforced++;
            }
            changed = false; // so that an idle store comes to rest
        } catch (RuntimeException | IOException e) {
            throw unusable(file, e);
        }
    }

    /** Commits, forces and closes. */
    @Override
    public void close() throws StoreException {
        try {
            store.commit();
            long version = store.getCurrentVersion();
            store.close(); // which forces
            lock.setNumber(version);
        } catch (RuntimeException | IOException e) {
            store.closeImmediately();
            throw unusable(file, e);
        } finally {
            lock.close();
        }
    }

    /** Closes without another write, after a failure. */
    public void abandon() {
        store.closeImmediately();
        lock.close();
    }

    // How a row is written

    private static String key(int month, String name) {
        return Month.text(month) + SEPARATOR + name;
    }

    private static byte[] bytes(String key, long[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * values.length + Integer.BYTES);
        for (long value : values) {
            bytes.putLong(value);
        }
        return bytes.putInt(checksum(key, bytes.array(), bytes.position())).array();
    }

    private long[] values(String key, byte[] value) throws StoreException {
        int length = value.length - Integer.BYTES;
        if (length < 0 || length % Long.BYTES != 0
                || checksum(key, value, length) != ByteBuffer.wrap(value).getInt(length)) {
            throw damaged(file, "the checksum of a row is wrong", null);
        }
        long[] values = new long[length / Long.BYTES];
        ByteBuffer.wrap(value).asLongBuffer().get(values);
        return values;
    }

    /** Of the name, too: a row in another's place is as wrong as a flipped bit. */
    private static int checksum(String key, byte[] value, int length) {
        CRC32C crc = new CRC32C();
        for (int i = 0; i < key.length(); i++) {
            crc.update(key.charAt(i));
            crc.update(key.charAt(i) >> 8);
        }
        crc.update(value, 0, length);
        return (int) crc.getValue();
    }

    // What is wrong

    private static StoreException damaged(Path file, String what, @Nullable Throwable cause) {
        return new StoreException(file + " is damaged (" + what + "): move it away to start "
                + "without what it holds, or put a copy of it back", cause);
    }

    private static StoreException unusable(Path file, Exception e) {
        if (e instanceof MVStoreException store) {
            switch (store.getErrorCode()) {
                case DataUtils.ERROR_FILE_LOCKED -> {
                    return DirectoryLock.taken(file, e);
                }
                case DataUtils.ERROR_FILE_CORRUPT, DataUtils.ERROR_CHUNK_NOT_FOUND,
                        DataUtils.ERROR_UNSUPPORTED_FORMAT, DataUtils.ERROR_SERIALIZATION -> {
                    return damaged(file, reason(e), e);
                }
                default -> {
                    if (innermost(e) instanceof EOFException) {
                        return damaged(file, "it ends too early", e);
                    }
                }
            }
        }
        if (e instanceof AccessDeniedException) {
            return new StoreException(file + " cannot be written: check the owner and the "
                    + "permissions of the file and its directory, or choose another with "
                    + "--data-dir", e);
        }
        return new StoreException(file + " cannot be used (" + reason(e) + "): check the directory "
                + "and the space on its disk, or choose another with --data-dir", e);
    }

    private static Throwable innermost(Throwable e) {
        Throwable innermost = e;
        while (innermost.getCause() != null) {
            innermost = innermost.getCause();
        }
        return innermost;
    }

    /** The innermost message, on one line; H2 appends its version and code to its own. */
    private static String reason(Throwable e) {
        Throwable innermost = innermost(e);
        String message = innermost.getMessage() == null ? innermost.toString()
                : innermost.getMessage();
        return message.replaceAll("\\s+", " ").replaceAll(" ?\\[[0-9.]+/[0-9]+]$", "");
    }
}

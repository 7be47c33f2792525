package io.penstock.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The right to a data directory, which one process has at a time. The operating system takes it
 * back from a process that ends, however that ends. In its file stands a number that the next
 * process can read: how far what is beside it must have got.
 *
 * <p><b>Thread:</b> confined to one at a time.
 */
final class DirectoryLock implements AutoCloseable {
    private static final FileAttribute<?>[] NONE = {};

    private final Path file;
    private final FileChannel channel;

    private DirectoryLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Takes it; makes a directory that is not there, for its owner only. */
    static DirectoryLock take(Path directory, String name) throws StoreException {
        Path file = directory.resolve(name);
        FileChannel channel = null;
        FileLock lock = null;
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectories(directory, ownerOnly(directory, "rwx------"));
            }
            channel = FileChannel.open(file, Set.of(StandardOpenOption.CREATE,
                    StandardOpenOption.READ, StandardOpenOption.WRITE),
                    ownerOnly(directory, "rw-------"));
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null; // by this very process
        } catch (IOException e) {
            closeQuietly(channel);
            throw unusable(directory, e);
        }
        if (channel == null || lock == null) {
            closeQuietly(channel);
            throw taken(file, null);
        }
        return new DirectoryLock(file, channel);
    }

    Path file() {
        return file;
    }

    /** The number; zero if there is none. */
    long number() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES);
        return channel.read(bytes, 0) < Long.BYTES ? 0 : bytes.getLong(0);
    }

    void setNumber(long number) throws IOException {
        channel.write(ByteBuffer.allocate(Long.BYTES).putLong(0, number), 0);
    }

    static StoreException taken(Path file, @Nullable Throwable cause) {
        return new StoreException(file + " is in use by another process: stop that, or choose "
                + "another directory with --data-dir", cause);
    }

    private static StoreException unusable(Path directory, IOException e) {
        String why = e instanceof AccessDeniedException ? "permission denied"
                : e instanceof NoSuchFileException ? "it cannot be made"
                : Files.exists(directory) && !Files.isDirectory(directory) ? "it is no directory"
                : e.getMessage();
        return new StoreException(directory + " cannot be used for data (" + why + "): make it a "
                + "directory that this process may write to, or choose another with --data-dir", e);
    }

    /** What the owner alone may do with what is made; nothing where there are no such rights. */
    static FileAttribute<?>[] ownerOnly(Path path, String rights) {
        if (!path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return NONE;
        }
        return new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(
                PosixFilePermissions.fromString(rights))};
    }

    private static void closeQuietly(@Nullable FileChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                // nothing was written; the failure that led here is the one to tell
            }
        }
    }

    @Override
    public void close() {
        closeQuietly(channel); // which gives the lock back
    }
}

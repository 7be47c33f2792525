package io.penstock.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.util.concurrent.atomic.AtomicInteger;
import org.h2.store.fs.FileBase;
import org.h2.store.fs.FilePath;
import org.h2.store.fs.FilePathWrapper;

/**
 * A disk that can be full, or break down when it is to force what it was given. One for the whole
 * JVM, since H2 looks its file systems up by name.
 */
public final class FaultyDisk extends FilePathWrapper {
    /** What to write before the path of a file on it. */
    public static final String SCHEME = "faulty:";

    private static final AtomicInteger FORCES = new AtomicInteger();
    private static volatile boolean full;
    private static volatile boolean forgetful;

    /** H2 makes one for each path. */
    public FaultyDisk() {}

    /** Puts it in; all is well with it then. */
    public static void plugIn() {
        repair();
        FilePath.register(new FaultyDisk());
    }

    public static void repair() {
        full = false;
        forgetful = false;
    }

    /** From now on half of each write fits, and the rest does not. */
    public static void fill() {
        full = true;
    }

    /** From now on nothing can be forced. */
    public static void failForces() {
        forgetful = true;
    }

    /** How often something was forced so far. */
    public static int forces() {
        return FORCES.get();
    }

    @Override
    public String getScheme() {
        return SCHEME.substring(0, SCHEME.length() - 1);
    }

    @Override
    public FileChannel open(String mode) throws IOException {
        return new Channel(super.open(mode));
    }

    private static final class Channel extends FileBase {
        private final FileChannel channel;

        Channel(FileChannel channel) {
            this.channel = channel;
        }

        @Override
        public int write(ByteBuffer src, long position) throws IOException {
            if (full) {
                ByteBuffer half = src.duplicate();
                channel.write(half.limit(half.position() + half.remaining() / 2), position);
                throw new IOException("No space left on device");
            }
            return channel.write(src, position);
        }

        @Override
        public int write(ByteBuffer src) throws IOException {
            int written = write(src, channel.position());
            channel.position(channel.position() + written);
            return written;
        }

        @Override
        public void force(boolean metaData) throws IOException {
            if (forgetful) {
                throw new IOException("Input/output error");
            }
            FORCES.incrementAndGet();
            channel.force(metaData);
        }

        @Override
        public int read(ByteBuffer dst, long position) throws IOException {
            return channel.read(dst, position);
        }

        @Override
        public int read(ByteBuffer dst) throws IOException {
            return channel.read(dst);
        }

        @Override
        public long position() throws IOException {
            return channel.position();
        }

        @Override
        public FileChannel position(long position) throws IOException {
            channel.position(position);
            return this;
        }

        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public FileChannel truncate(long size) throws IOException {
            channel.truncate(size);
            return this;
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) throws IOException {
            return channel.tryLock(position, size, shared);
        }

        @Override
        protected void implCloseChannel() throws IOException {
            channel.close();
        }
    }
}

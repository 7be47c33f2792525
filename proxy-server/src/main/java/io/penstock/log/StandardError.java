package io.penstock.log;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Standard error that keeps no thread waiting: lines are queued, and written by a thread of their
 * own. A reader that has stopped (a pager, a log driver that blocks) costs lines, which are counted
 * and told of once they flow again; with the plain stream, the first warning on an event loop would
 * stop all calls of that loop.
 *
 * <p><b>Thread:</b> safe by its monitor, which is never held while something is written.
 * <br><b>Bounds:</b> {@value #MAX_WAITING_BYTES} bytes wait; a line is cut at {@value
 * #MAX_LINE_BYTES}. The end waits {@value #LAST_WORDS_MILLIS} ms for what is queued.
 */
public final class StandardError extends OutputStream {
    static final int MAX_WAITING_BYTES = 1024 * 1024;
    static final int MAX_LINE_BYTES = 64 * 1024;
    static final int LAST_WORDS_MILLIS = 1000;

    private static final AtomicLong DROPPED = new AtomicLong();
    private static final AtomicLong WRITTEN = new AtomicLong();

    private final OutputStream target;
    private final ArrayDeque<byte[]> lines = new ArrayDeque<>();
    private final Thread writer = new Thread(this::writeLines, "penstock-standard-error");
    private @Nullable PrintStream before; // null where nothing was replaced
    private ByteArrayOutputStream line = new ByteArrayOutputStream();
    private int waitingBytes;
    private long dropped;
    private boolean writing;
    private boolean closed;

    StandardError(OutputStream target) {
        this.target = target;
        writer.setDaemon(true);
        writer.start();
    }

    /** Puts one in the place of {@link System#err} until it is closed. */
    public static StandardError install() {
        PrintStream before = System.err;
        StandardError queued = new StandardError(before);
        queued.before = before;
        System.setErr(new PrintStream(queued, true, Charset.defaultCharset()));
        return queued;
    }

    /** Lines that were written since the start of the process. */
    public static long writtenLines() {
        return WRITTEN.get();
    }

    /** Lines that were dropped since the start of the process. */
    public static long droppedLines() {
        return DROPPED.get();
    }

    @Override
    public synchronized void write(int b) {
        add((byte) b);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            add(bytes[i]);
        }
    }

    private void add(byte b) {
        if (line.size() < MAX_LINE_BYTES || b == '\n') {
            line.write(b);
        }
        if (b == '\n') {
            endLine();
        }
    }

    private void endLine() {
        byte[] ended = Logs.isJson() ? asJson(line.toByteArray()) : line.toByteArray();
        if (waitingBytes + ended.length > MAX_WAITING_BYTES) {
            dropped++;
            DROPPED.incrementAndGet();
        } else {
            lines.add(ended);
            waitingBytes += ended.length;
            notifyAll();
        }
        line.reset();
    }

    /** A line that no logger wrote becomes an object, too: the log has one form. */
    private static byte[] asJson(byte[] line) {
        String wrapped = LogLine.wrapped(
                new String(line, 0, line.length - 1, Charset.defaultCharset()));
        return wrapped == null ? line : wrapped.getBytes(StandardCharsets.UTF_8);
    }

    private void writeLines() {
        try {
            byte[] next = take();
            while (next != null) {
                target.write(next);
                target.flush();
                WRITTEN.incrementAndGet();
                next = take();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            stopQueueing(); // the stream is gone, and with it the place to say so
        }
    }

    /** The next line; waits for one. Null at the end. */
    private synchronized byte @Nullable [] take() throws InterruptedException {
        writing = false;
        notifyAll();
        while (lines.isEmpty() && dropped == 0 && !closed) {
            wait();
        }
        if (lines.isEmpty() && dropped == 0) {
            return null;
        }
        writing = true;
        if (lines.isEmpty()) {
            byte[] told = ("penstock: log_dropped lines=" + dropped + "\n")
                    .getBytes(StandardCharsets.US_ASCII);
            dropped = 0;
            return Logs.isJson() ? asJson(told) : told;
        }
        byte[] next = lines.remove();
        waitingBytes -= next.length;
        return next;
    }

    private synchronized void stopQueueing() {
        closed = true;
        writing = false;
        lines.clear();
        waitingBytes = MAX_WAITING_BYTES; // nothing fits any more
        notifyAll();
    }

    /** Waits until all lines so far are written. Returns whether they are, in that time. */
    synchronized boolean awaitWritten(Duration atMost) {
        long end = System.nanoTime() + atMost.toNanos();
        try {
            while (writing || !lines.isEmpty() || dropped > 0 && !closed) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /**
     * Writes what is queued, if it is taken in time. Then {@link System#err} is what it was; but
     * not where a reader has stopped, since the end of the process would wait for that reader.
     */
    @Override
    public void close() {
        synchronized (this) {
            if (line.size() > 0) {
                add((byte) '\n');
            }
        }
        boolean written = awaitWritten(Duration.ofMillis(LAST_WORDS_MILLIS));
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        if (written && before != null) {
            System.setErr(before);
        }
    }
}

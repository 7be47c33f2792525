package io.penstock.auth;

import java.io.IOException;
import java.text.ParseException;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keys that somebody else keeps: read on a thread of its own, exchanged as a whole. While the place
 * they come from is away, or holds no key set, those from before go on. A set that was read and
 * holds no fitting key replaces them all the same: they may have been withdrawn (ADR-0009).
 *
 * <p><b>Thread:</b> safe; everything slow happens on one daemon thread.
 * <br><b>Bounds:</b> two tasks at most, the next regular read and one that was asked for; one read
 * at a time; {@value #PAUSE_SECONDS} s between the end of a read and the next that is asked for, so
 * made-up key ids can't keep the issuer's server busy.
 */
final class JwksKeys implements KeySource {
    static final int PAUSE_SECONDS = 10;

    private static final Logger LOG = LoggerFactory.getLogger(JwksKeys.class);
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(PAUSE_SECONDS);

    private final TokenAlgorithm algorithm;
    private final JwksReader reader;
    private final LongSupplier nanoTime;
    private final AtomicBoolean started = new AtomicBoolean();
    private final AtomicBoolean asked = new AtomicBoolean(); // one that was asked for is to come
    private final ScheduledThreadPoolExecutor executor =
            new ScheduledThreadPoolExecutor(1, JwksKeys::daemon);
    private volatile @Nullable KeyRing ring; // from the first set on
    private volatile boolean reading;
    private volatile long lastEndNanos;
    private boolean away; // confined to the thread, as the reader is

    JwksKeys(TokenAlgorithm algorithm, JwksReader reader, LongSupplier nanoTime) {
        this.algorithm = algorithm;
        this.reader = reader;
        this.nanoTime = nanoTime;
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        lastEndNanos = nanoTime.getAsLong() - PAUSE_NANOS;
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "penstock-jwks");
        thread.setDaemon(true);
        return thread;
    }

    @Override
    public @Nullable KeyRing ring() {
        return ring;
    }

    @Override
    public void start() {
        if (started.compareAndSet(false, true)) {
            executor.execute(this::readRegularly);
        }
    }

    @Override
    public boolean askAgain() {
        if (reading || asked.get()) {
            return true;
        }
        if (nanoTime.getAsLong() - lastEndNanos < PAUSE_NANOS) {
            return false;
        }
        if (asked.compareAndSet(false, true)) {
            try {
                executor.execute(this::readAsAsked);
            } catch (RejectedExecutionException e) {
                return false; // closed: whoever comes now goes by the last keys
            }
        }
        return true;
    }

    private void readAsAsked() {
        try {
            if (nanoTime.getAsLong() - lastEndNanos >= PAUSE_NANOS) { // none came in between
                read();
            }
        } finally {
            asked.set(false);
        }
    }

    /** Reads, and sees to it that it happens again. */
    private void readRegularly() {
        read();
        long period = reader.period().toNanos();
        try {
            executor.schedule(this::readRegularly, away ? Math.min(period, PAUSE_NANOS) : period,
                    TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("jwks_closed source={}", reader.place());
        }
    }

    private void read() {
        reading = true;
        try {
            String text = reader.read();
            if (text != null) {
                exchange(KeyRing.parse(algorithm, text));
            }
        } catch (IOException | ParseException | RuntimeException e) {
            onAway(e); // whatever it is, the next read has to come
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed
        } finally {
            lastEndNanos = nanoTime.getAsLong();
            reading = false;
        }
    }

    private void exchange(KeyRing next) {
        KeyRing before = ring;
        boolean isNew = before == null || !before.hasKeysOf(next);
        if (isNew) {
            ring = next;
        }
        if (next.isEmpty() && (isNew || away)) {
            LOG.warn("jwks_empty source={} algorithm={} reason=\"no key in it fits, so no token "
                    + "is accepted\"", reader.place(), algorithm.text());
        } else if (isNew || away) {
            LOG.info("jwks_read source={} keys={}", reader.place(), next.size());
        }
        away = false;
    }

    private void onAway(Exception cause) {
        reader.forget();
        if (!away) {
            away = true;
            KeyRing kept = ring;
            LOG.warn("jwks_away source={} keys_kept={} reason=\"{}\"", reader.place(),
                    kept == null ? 0 : kept.size(), reason(cause));
        }
    }

    /** On one line, whatever a server made the message say. */
    private static String reason(Exception cause) {
        String reason = cause instanceof ParseException ? "no key set: " + cause.getMessage()
                : cause.toString();
        return reason.replaceAll("[\\p{Cntrl}\"]", " ");
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }

    /** Whether what runs has ended by then. */
    boolean awaitClosed(Duration most) throws InterruptedException {
        return executor.awaitTermination(most.toNanos(), TimeUnit.NANOSECONDS);
    }
}

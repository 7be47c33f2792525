package io.penstock.loop;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The deadlines of one event loop: a list of entries that may run out of time, swept when the
 * earliest may be due.
 *
 * <p>A proxy with a timer for each event of each stream would spend its time scheduling and
 * cancelling. Here an entry that moves its deadline away only stores a {@code long}: nothing is
 * scheduled, cancelled or allocated for that.
 *
 * <pre>{@code
 * final class Gap extends Deadlines.Entry {
 *     private long lastReadNanos;                 // all that an event has to write
 *
 *     protected long remainingNanos(long nowNanos) { return lastReadNanos + GAP - nowNanos; }
 *
 *     protected void onDeadline(long nowNanos) { close(); }
 * }
 * deadlines.add(gap);
 * deadlines.expectBy(nowNanos + GAP);             // whenever a deadline moves closer
 * deadlines.remove(gap);
 * }</pre>
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> sweeps are {@value #MIN_SWEEP_MILLIS} ms apart at least, which is how late a
 * deadline may be noticed.
 */
public final class Deadlines implements Runnable {
    static final long MIN_SWEEP_MILLIS = 10;

    /** The remaining time of an entry that waits for nothing. */
    public static final long NEVER = Long.MAX_VALUE;

    private static final Logger LOG = LoggerFactory.getLogger(Deadlines.class);
    private static final long MIN_SWEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(MIN_SWEEP_MILLIS);

    private final EventLoop loop;
    private final Entry ring = new Sentinel();
    private @Nullable Entry cursor;
    private @Nullable ScheduledFuture<?> sweep;
    private long sweepAtNanos;
    private int size;

    public Deadlines(EventLoop loop) {
        this.loop = loop;
        ring.previous = ring;
        ring.next = ring;
    }

    /** The loop's clock; compare by subtraction. */
    public long nowNanos() {
        return loop.ticker().nanoTime();
    }

    /** Starts to watch {@code entry}. */
    public void add(Entry entry) {
        assert entry.next == null;
        Entry last = ring.previous;
        assert last != null;
        entry.previous = last;
        entry.next = ring;
        last.next = entry;
        ring.previous = entry;
        size++;
    }

    /** Stops watching {@code entry}; harmless if it isn't watched. */
    public void remove(Entry entry) {
        if (entry.next == null) {
            return;
        }
        assert entry.previous != null;
        if (cursor == entry) {
            cursor = entry.next;
        }
        entry.previous.next = entry.next;
        entry.next.previous = entry.previous;
        entry.previous = null;
        entry.next = null;
        size--;
    }

    /**
     * Makes sure that a sweep runs by {@code nanos}. Call it whenever a deadline moves closer; one
     * that moves away needs nothing.
     */
    public void expectBy(long nanos) {
        if (sweep != null) {
            if (sweepAtNanos - nanos <= MIN_SWEEP_NANOS) {
                return;
            }
            sweep.cancel(false);
        }
        schedule(Math.max(nanos - nowNanos(), MIN_SWEEP_NANOS));
    }

    private void schedule(long delay) {
        sweepAtNanos = nowNanos() + delay;
        sweep = loop.schedule(this, delay, TimeUnit.NANOSECONDS);
    }

    /** Entries watched now. */
    public int size() {
        return size;
    }

    @Override
    public void run() {
        sweep = null;
        long now = nowNanos();
        long soonest = NEVER;
        cursor = ring.next;
        while (cursor != ring) {
            Entry entry = cursor;
            assert entry != null;
            cursor = entry.next;
            try {
                long remaining = entry.remainingNanos(now);
                if (remaining <= 0) {
                    entry.onDeadline(now);
                    remaining = entry.next == null ? NEVER
                            : Math.max(entry.remainingNanos(now), 0);
                }
                soonest = Math.min(soonest, remaining);
            } catch (RuntimeException e) {
                LOG.error("deadline_failed", e); // one must not keep the others from being swept
                remove(entry);
            }
        }
        cursor = null;
        if (sweep == null && soonest != NEVER) {
            schedule(Math.max(soonest, MIN_SWEEP_NANOS));
        } else if (soonest != NEVER) {
            expectBy(now + soonest);
        }
    }

    /** Something that may run out of time. */
    public abstract static class Entry {
        private @Nullable Entry previous;
        private @Nullable Entry next;

        /** Nanoseconds left, {@link #NEVER} when waiting for nothing. */
        protected abstract long remainingNanos(long nowNanos);

        /** Time is up; the entry stays watched unless it removes itself. */
        protected abstract void onDeadline(long nowNanos);
    }

    private static final class Sentinel extends Entry {
        @Override
        protected long remainingNanos(long nowNanos) {
            return NEVER;
        }

        @Override
        protected void onDeadline(long nowNanos) {
            throw new AssertionError("the ring's own entry is never due");
        }
    }
}

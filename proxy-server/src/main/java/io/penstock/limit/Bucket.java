package io.penstock.limit;

import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import org.jspecify.annotations.Nullable;

/**
 * A token bucket in one {@code long} of its owner: the time at which it is full again (the generic
 * cell rate algorithm's <i>theoretical arrival time</i>, ITU-T I.371). It holds {@code capacity},
 * and is refilled evenly, one for every {@code intervalNanos}; over any time it lets no more
 * through than it holds, plus what that time refills, plus what is given back within it. That fills
 * it at once, however long ago it was taken, and never above its capacity.
 *
 * <p>The numbers come with each call, so that they may be others after a reload; the time keeps its
 * meaning under all of them.
 *
 * <p><b>Thread:</b> safe; a lost race is run again. Clocks may be behind each other: an older time
 * finds less in the bucket, never more.
 */
final class Bucket<T> {
    // Some 36, 73 and 146 years: no sum of them overflows.
    private static final long MAX_WINDOW_NANOS = 1L << 60;
    private static final long MAX_COST_NANOS = 1L << 61;
    private static final long MAX_DEBT_NANOS = 1L << 62;

    private final AtomicLongFieldUpdater<T> fullAtNanos;

    Bucket(AtomicLongFieldUpdater<T> fullAtNanos) {
        this.fullAtNanos = fullAtNanos;
    }

    /**
     * The time that refills one, in whole nanoseconds. Rounded up, so that the rate is never above
     * what was asked: below it by less than 1 % up to 600 million a minute.
     */
    static long intervalNanos(long capacity, long windowNanos) {
        long window = Math.min(windowNanos, MAX_WINDOW_NANOS);
        return Math.max(1, window / capacity + (window % capacity == 0 ? 0 : 1));
    }

    /**
     * Takes {@code amount}, which is not above the capacity, if the bucket holds as much.
     *
     * @return 0 if taken, else the nanoseconds after which the same call would take it
     */
    long tryTake(@Nullable T owner, long amount, long capacity, long intervalNanos, long nowNanos) {
        while (true) {
            long before = fullAtNanos.get(owner);
            long after = Math.max(0, before - nowNanos) + cost(amount, intervalNanos);
            long lacking = after - cost(capacity, intervalNanos);
            if (lacking > 0) {
                return lacking;
            }
            if (fullAtNanos.compareAndSet(owner, before, nowNanos + after)) {
                return 0;
            }
        }
    }

    /** Takes {@code amount} whatever the bucket holds; what is missing delays later calls. */
    void takeAnyway(@Nullable T owner, long amount, long intervalNanos, long nowNanos) {
        long before;
        long after;
        do {
            before = fullAtNanos.get(owner);
            after = Math.max(0, before - nowNanos) + cost(amount, intervalNanos);
        } while (!fullAtNanos.compareAndSet(owner, before,
                nowNanos + Math.min(after, MAX_DEBT_NANOS)));
    }

    /** Puts back what was taken at this interval and not used. */
    void giveBack(@Nullable T owner, long amount, long intervalNanos, long nowNanos) {
        while (true) {
            long before = fullAtNanos.get(owner);
            long lack = before - nowNanos;
            if (lack <= 0) {
                return; // full: time has given it back already
            }
            long after = Math.max(0, lack - cost(amount, intervalNanos));
            if (fullAtNanos.compareAndSet(owner, before, nowNanos + after)) {
                return;
            }
        }
    }

    /**
     * Lets the bucket be empty and no worse: forgives debt, and what a longer window left behind.
     */
    void forgive(@Nullable T owner, long capacity, long intervalNanos, long nowNanos) {
        long empty = cost(capacity, intervalNanos);
        while (true) {
            long before = fullAtNanos.get(owner);
            if (before - nowNanos <= empty
                    || fullAtNanos.compareAndSet(owner, before, nowNanos + empty)) {
                return;
            }
        }
    }

    /** Has that much lacking, in nanoseconds of refilling, whatever was lacking before. */
    void set(T owner, long lackNanos, long nowNanos) {
        fullAtNanos.set(owner, nowNanos + Math.min(lackNanos, MAX_DEBT_NANOS));
    }

    /** Has as much lacking at another interval as was lacking at one. */
    void convert(T owner, long fromIntervalNanos, long toIntervalNanos, long nowNanos) {
        while (true) {
            long before = fullAtNanos.get(owner);
            long lack = before - nowNanos;
            if (lack <= 0) {
                return;
            }
            long part = (long) ((double) (lack % fromIntervalNanos) / fromIntervalNanos
                    * toIntervalNanos);
            long after = cost(lack / fromIntervalNanos, toIntervalNanos) + part;
            if (fullAtNanos.compareAndSet(owner, before,
                    nowNanos + Math.min(after, MAX_DEBT_NANOS))) {
                return;
            }
        }
    }

    /** How much can be taken now. */
    long remaining(@Nullable T owner, long capacity, long intervalNanos, long nowNanos) {
        long left = cost(capacity, intervalNanos) - fullInNanos(owner, nowNanos);
        return Math.max(0, left / intervalNanos);
    }

    /** The time until it is full; 0 if it is. */
    long fullInNanos(@Nullable T owner, long nowNanos) {
        return Math.max(0, fullAtNanos.get(owner) - nowNanos);
    }

    /** The time that refills so much. */
    static long cost(long amount, long intervalNanos) {
        long cost = amount * intervalNanos;
        boolean fits = Math.multiplyHigh(amount, intervalNanos) == 0 && cost >= 0;
        return fits ? Math.min(cost, MAX_COST_NANOS) : MAX_COST_NANOS;
    }
}

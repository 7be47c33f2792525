package io.penstock.limit;

import java.util.concurrent.atomic.AtomicLong;

/**
 * An amount in use, all event loops together, that must not exceed its bound: calls in flight, or
 * bytes of request bodies in memory.
 *
 * <p><b>Thread:</b> safe.
 */
public final class Gauge {
    private final AtomicLong used = new AtomicLong();
    private volatile long max;

    public Gauge(long max) {
        this.max = max;
    }

    /** Another bound from now on; what is in use stays. */
    public void setMax(long max) {
        this.max = max;
    }

    /** Takes {@code amount} if there is room for it; {@link #release} has to follow if so. */
    public boolean tryTake(long amount) {
        if (used.addAndGet(amount) > max) {
            used.addAndGet(-amount);
            return false;
        }
        return true;
    }

    /** Takes {@code amount} unasked; others find less room. {@link #release} has to follow. */
    public void take(long amount) {
        used.addAndGet(amount);
    }

    public void release(long amount) {
        used.addAndGet(-amount);
    }

    public long used() {
        return used.get();
    }
}

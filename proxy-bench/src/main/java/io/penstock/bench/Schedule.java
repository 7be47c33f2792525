package io.penstock.bench;

/**
 * When calls are due: one every {@code 1/rate} seconds, whatever became of those before. Several
 * event loops share a schedule by taking every n-th arrival each.
 *
 * <p><b>Thread:</b> confined to one event loop.
 */
final class Schedule {
    private final long startNanos;
    private final double nanosPerArrival;
    private final int share;
    private final int shares;
    private long next;

    Schedule(long startNanos, double arrivalsPerSecond, int share, int shares) {
        this.startNanos = startNanos;
        this.nanosPerArrival = 1e9 / arrivalsPerSecond;
        this.share = share;
        this.shares = shares;
    }

    /** When the next call is due, in the terms of {@link System#nanoTime}. */
    long dueNanos() {
        return startNanos + Math.round((next * shares + share) * nanosPerArrival);
    }

    void advance() {
        next++;
    }
}

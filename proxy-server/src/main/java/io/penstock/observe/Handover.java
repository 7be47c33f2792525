package io.penstock.observe;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bounded queue from the event loops to a thread of its own, for telemetry that leaves the
 * process: the thread may wait for a network, the loops never do.
 *
 * <pre>{@code
 * var handover = new Handover<Event>("penstock-events", 2048, 512, Duration.ofSeconds(1), sender);
 * handover.offer(event);                // on an event loop: queued, or dropped and counted
 * handover.close(Duration.ofSeconds(2)); // the sender gets what is queued, if it is quick enough
 * }</pre>
 *
 * <p><b>Thread:</b> safe; the taker is called by the one thread alone.
 * <br><b>Bounds:</b> {@code capacity} items wait, beside the batch that the taker has; further ones
 * are dropped and counted.
 */
public final class Handover<T> {
    private static final long LAST_MILLIS = 200; // for the taker to notice its interruption
    private static final Logger LOG = LoggerFactory.getLogger(Handover.class);

    private final ConcurrentLinkedQueue<T> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger queued = new AtomicInteger();
    private final LongAdder dropped = new LongAdder();
    private final int capacity;
    private final int maxBatch;
    private final long gatherNanos;
    private final Consumer<List<T>> taker;
    private final Thread thread;
    private volatile boolean waiting; // the thread, for a first item
    private volatile boolean closing;

    /**
     * Starts the thread.
     *
     * @param maxBatch items that the taker gets at once, at most
     * @param gather how long further items are waited for once there is a first one
     * @param taker gets a list that is used again; it must not throw
     */
    public Handover(String threadName, int capacity, int maxBatch, Duration gather,
            Consumer<List<T>> taker) {
        this.capacity = capacity;
        this.maxBatch = maxBatch;
        this.taker = taker;
        gatherNanos = gather.toNanos();
        thread = new Thread(this::run, threadName);
        thread.setDaemon(true);
        thread.start();
    }

    /** Queues the item; returns false if there is no room, or no more time. */
    public boolean offer(T item) {
        int now = queued.incrementAndGet();
        if (now > capacity || closing) {
            queued.decrementAndGet();
            dropped.increment();
            return false;
        }
        queue.add(item);
        if (waiting || now == maxBatch) {
            LockSupport.unpark(thread);
        }
        return true;
    }

    /** Items that found no room, since the start, or that were left when the time was over. */
    public long dropped() {
        return dropped.sum();
    }

    /** Has the taker take what is queued, then ends the thread; waits that long at most. */
    public void close(Duration bound) {
        closing = true;
        LockSupport.unpark(thread);
        try {
            thread.join(Math.max(1, bound.toMillis()));
            thread.interrupt(); // a network that takes nothing must not keep the process
            thread.join(LAST_MILLIS);
        } catch (InterruptedException e) {
            thread.interrupt();
            Thread.currentThread().interrupt();
        }
        while (queue.poll() != null) {
            dropped.increment();
        }
    }

    private void run() {
        List<T> batch = new ArrayList<>(maxBatch);
        while (!Thread.currentThread().isInterrupted()) {
            T first = awaitFirst();
            if (first == null) {
                return;
            }
            batch.add(first);
            gather(batch);
            queued.addAndGet(-batch.size());
            try {
                taker.accept(batch);
            } catch (RuntimeException e) { // one bad batch must not be the end of all
                dropped.add(batch.size());
                LOG.error("telemetry_failed thread={}", thread.getName(), e);
            }
            batch.clear();
        }
    }

    /** The next item; null if none will come. */
    private @Nullable T awaitFirst() {
        T first = queue.poll();
        while (first == null && !closing && !Thread.currentThread().isInterrupted()) {
            waiting = true;
            if (queue.isEmpty() && !closing) {
                LockSupport.park(this);
            }
            waiting = false;
            first = queue.poll();
        }
        return first == null ? queue.poll() : first;
    }

    private void gather(List<T> batch) {
        long since = System.nanoTime();
        long left = gatherNanos;
        while (left > 0 && queued.get() < maxBatch && !closing
                && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(this, left);
            left = gatherNanos - (System.nanoTime() - since);
        }
        T next = batch.size() < maxBatch ? queue.poll() : null;
        while (next != null) {
            batch.add(next);
            next = batch.size() < maxBatch ? queue.poll() : null;
        }
    }
}

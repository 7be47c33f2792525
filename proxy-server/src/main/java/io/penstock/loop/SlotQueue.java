package io.penstock.loop;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The calls of one event loop that have a slot, or wait for one in the order of their arrival.
 * Slots are bounded for this loop, or together with other loops, or both.
 *
 * <p>A limit over all loops usually needs a lock, or calls from one loop to another. Here a slot
 * that is given back on this loop goes to the next call at once; a slot that was given back on
 * another loop is looked for every {@value #POLL_MILLIS} ms while a call waits.
 *
 * <pre>{@code
 * if (queue.tryTake(nowNanos)) {
 *     start(call);                                // has a slot
 * } else if (!queue.offer(call, maxWaiting, maxWaitNanos, nowNanos)) {
 *     refuse(call);                               // the queue is full, or the call may not wait
 * }                                               // else the listener hears onSlot or onNoSlot
 * queue.release();                                // when a call with a slot has ended
 * queue.remove(call);                             // when a waiting call has ended
 * }</pre>
 *
 * <p><b>Thread:</b> confined to the event loop, but for what is said to be for any.
 * <br><b>Bounds:</b> each call says how many may wait before it, and how long it waits.
 *
 * @param <W> who waits
 */
public final class SlotQueue<W> extends Deadlines.Entry {
    static final long POLL_MILLIS = 10;
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS);

    /** Who is told what has become of those that waited; on the loop, each once. */
    public interface Listener<W> {
        /** It has a slot: {@link SlotQueue#release} has to follow. */
        void onSlot(W waiter);

        /** Its time is up. */
        void onNoSlot(W waiter);
    }

    private record Waiting<W>(W who, long sinceNanos, long untilNanos) {}

    private final @Nullable Slots shared; // where there is a limit beside this loop's
    private final int maxHere;
    private final Deadlines deadlines;
    private final Executor loop;
    private final Listener<W> listener;
    private final ArrayDeque<Waiting<W>> waiting = new ArrayDeque<>();
    private final Counter waitingCount = new Counter();
    private int usedHere;
    private long polledNanos;
    private boolean serving; // on a turn that is still to come
    private boolean entered; // among those who wait for a shared slot
    private volatile long firstSinceNanos;

    /**
     * Makes an empty one.
     *
     * @param shared null where only this loop's own slots are bounded
     * @param maxHere slots of this loop
     */
    public SlotQueue(@Nullable Slots shared, int maxHere, Deadlines deadlines, Executor loop,
            Listener<W> listener) {
        this.shared = shared;
        this.maxHere = maxHere;
        this.deadlines = deadlines;
        this.loop = loop;
        this.listener = listener;
    }

    /** Takes a slot at once, if one is free and nobody waits; {@link #release} follows if so. */
    public boolean tryTake(long nowNanos) {
        return waiting.isEmpty() && take(nowNanos);
    }

    private boolean take(long sinceNanos) {
        if (usedHere < maxHere && (shared == null || shared.tryTake(this, sinceNanos))) {
            usedHere++;
            return true;
        }
        return false;
    }

    /**
     * Waits behind the others; the listener is told what comes of it. Returns whether there is room
     * and time to wait at all.
     *
     * @param maxWaiting calls that may wait, this one included
     */
    public boolean offer(W who, int maxWaiting, long maxWaitNanos, long nowNanos) {
        if (waiting.size() >= maxWaiting || maxWaitNanos <= 0) {
            return false;
        }
        waiting.add(new Waiting<>(who, nowNanos, nowNanos + maxWaitNanos));
        waitingCount.add(1);
        if (waiting.size() == 1) {
            deadlines.add(this);
            polledNanos = nowNanos;
            publish();
        }
        deadlines.expectBy(nowNanos + Math.min(maxWaitNanos, polls() ? POLL_NANOS : maxWaitNanos));
        return true;
    }

    /** Stops waiting; harmless if it doesn't wait. */
    public void remove(W who) {
        for (Iterator<Waiting<W>> each = waiting.iterator(); each.hasNext();) {
            if (each.next().who() == who) {
                each.remove();
                onLeft();
                return;
            }
        }
    }

    /** Gives a slot back. */
    public void release() {
        usedHere--;
        if (shared != null) {
            shared.release();
        }
        if (!waiting.isEmpty() && !serving) {
            serving = true; // on a turn of its own: what is served may end at once
            loop.execute(this::serve);
        }
    }

    private void serve() {
        serving = false;
        publish();
        while (!waiting.isEmpty() && take(waiting.peek().sinceNanos())) {
            W who = waiting.poll().who();
            onLeft();
            listener.onSlot(who);
        }
        if (!waiting.isEmpty() && polls()) { // polling may have become necessary since they joined
            deadlines.expectBy(deadlines.nowNanos() + POLL_NANOS);
        }
    }

    private void onLeft() {
        waitingCount.add(-1);
        if (waiting.isEmpty()) {
            deadlines.remove(this);
        }
        publish();
    }

    /** Shows the other loops since when this one waits for them, if it does. */
    private void publish() {
        if (shared == null) {
            return;
        }
        boolean waits = !waiting.isEmpty() && usedHere < maxHere;
        if (waits) {
            firstSinceNanos = waiting.peek().sinceNanos();
        }
        if (waits != entered) {
            entered = waits;
            if (waits) {
                shared.enter(this);
            } else {
                shared.leave(this);
            }
        }
    }

    /** Since when its first call waits; for other loops. */
    long firstSinceNanos() {
        return firstSinceNanos;
    }

    /** Whether a slot may get free without this loop having a part in it. */
    private boolean polls() {
        return shared != null && usedHere < maxHere
                && (usedHere < shared.limit() || shared.isMoving());
    }

    /** Calls that have a slot; on the loop. */
    public int used() {
        return usedHere;
    }

    /** Calls that wait for one; any thread. */
    public long waiting() {
        return waitingCount.get();
    }

    @Override
    protected long remainingNanos(long nowNanos) {
        long left = waiting.peek().untilNanos() - nowNanos;
        return polls() ? Math.min(left, POLL_NANOS - (nowNanos - polledNanos)) : left;
    }

    @Override
    protected void onDeadline(long nowNanos) {
        polledNanos = nowNanos;
        serve();
        while (!waiting.isEmpty() && waiting.peek().untilNanos() - nowNanos <= 0) {
            W who = waiting.poll().who();
            onLeft();
            listener.onNoSlot(who);
        }
    }
}

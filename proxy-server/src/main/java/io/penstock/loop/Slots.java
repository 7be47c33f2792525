package io.penstock.loop;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Calls in flight, those of all event loops together, that must not exceed a limit. Each loop keeps
 * its own {@link SlotQueue} of calls that wait; a slot that gets free goes to the loop whose first
 * call has waited longest, give or take {@value #LEAD_MILLIS} ms, so that none of them starves.
 *
 * <p><b>Thread:</b> safe, and without a lock.
 * <br><b>Bounds:</b> the limit holds exactly; a lower one takes effect as calls end.
 */
public final class Slots {
    static final long LEAD_MILLIS = 20;
    private static final long LEAD_NANOS = TimeUnit.MILLISECONDS.toNanos(LEAD_MILLIS);
    private static final SlotQueue<?>[] NONE = {};

    private final AtomicInteger used = new AtomicInteger();
    private final AtomicReference<SlotQueue<?>[]> waiting = new AtomicReference<>(NONE);
    private volatile int limit;
    private volatile boolean moving;

    public Slots(int limit) {
        this.limit = limit;
    }

    /** Another limit from now on; calls in flight go on. */
    public void setLimit(int limit) {
        if (limit != this.limit) {
            moving = true;
            this.limit = limit;
        }
    }

    /** Whether the limit has been another before. */
    boolean isMoving() {
        return moving;
    }

    public int limit() {
        return limit;
    }

    /** Calls in flight. */
    public int used() {
        return used.get();
    }

    /** Takes a slot for a call of {@code queue} that has waited since then, if it is its turn. */
    boolean tryTake(SlotQueue<?> queue, long sinceNanos) {
        for (SlotQueue<?> other : queues()) {
            if (other != queue && sinceNanos - other.firstSinceNanos() > LEAD_NANOS) {
                return false;
            }
        }
        int now = used.get();
        while (now < limit) {
            if (used.compareAndSet(now, now + 1)) {
                return true;
            }
            now = used.get();
        }
        return false;
    }

    @SuppressWarnings("NullAway") // begins as an array, and stays one
    private SlotQueue<?>[] queues() {
        return waiting.get();
    }

    void release() {
        used.decrementAndGet();
    }

    /** The first call of {@code queue} waits for a slot of these. */
    void enter(SlotQueue<?> queue) {
        waiting.updateAndGet(queues -> {
            SlotQueue<?>[] more = Arrays.copyOf(queues, queues.length + 1);
            more[queues.length] = queue;
            return more;
        });
    }

    /** It waits no more. */
    void leave(SlotQueue<?> queue) {
        waiting.updateAndGet(queues -> Arrays.stream(queues).filter(each -> each != queue)
                .toArray(SlotQueue<?>[]::new));
    }
}

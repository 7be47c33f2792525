package io.penstock.limit;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Where the bringing into step of one {@link Shared} count stands: queued when something has
 * changed, under way until there is an answer or none will come.
 *
 * <p><b>Thread:</b> safe. One thread begins, whichever has the answer ends.
 */
public final class Turn {
    private final AtomicBoolean queued = new AtomicBoolean();
    private volatile boolean busy;
    private volatile boolean unanswered;
    private volatile boolean begun; // once at least
    private volatile long begunNanos;

    /** Takes the place in the queue; false if it is taken. */
    public boolean tryQueue() {
        return !queued.get() && !queued.getAndSet(true);
    }

    /** Whether another one may begin. */
    public boolean isDue(Shared of, long gapNanos, long nowNanos) {
        return !busy && (!begun || nowNanos - begunNanos >= gapNanos * of.patience()
                || of.isUrgent() && !unanswered);
    }

    /** It leaves the queue; what changes from now on queues it again. */
    public void begin(long nowNanos) {
        begunNanos = nowNanos;
        begun = true;
        busy = true;
        queued.set(false);
    }

    void end(boolean answered) {
        unanswered = !answered;
        busy = false;
    }

    /** Whether nothing has to be told, and no answer is waited for. */
    boolean isAtRest() {
        return !busy && !queued.get();
    }

    /** Whether the last one had no answer. */
    boolean isUnanswered() {
        return unanswered;
    }
}

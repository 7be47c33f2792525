package io.penstock.fleet;

import io.penstock.limit.Shared;
import java.util.ArrayDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/**
 * Counts that have changed here and have to be told.
 *
 * <p><b>Thread:</b> any adds; one goes {@linkplain #round round}.
 * <br><b>Bounds:</b> each count is in it once: as many as there are.
 */
final class Changes<T extends Shared> {
    private final ConcurrentLinkedQueue<T> changed = new ConcurrentLinkedQueue<>();
    private final ArrayDeque<T> waiting = new ArrayDeque<>();
    private volatile int size; // of both, as of the last round

    /** Adds it unless it is there; whether it was added. */
    boolean add(T count) {
        return count.turn().tryQueue() && changed.add(count);
    }

    /** Hands on what is due, {@code most} at most. */
    void round(long gapNanos, long nowNanos, int most, Consumer<T> tell) {
        int told = 0;
        for (int i = waiting.size(); i > 0 && told < most; i--) {
            told += tellOrWait(waiting.remove(), gapNanos, nowNanos, tell);
        }
        while (told < most) {
            T each = changed.poll();
            if (each == null) {
                break;
            }
            told += tellOrWait(each, gapNanos, nowNanos, tell);
        }
        size = count();
    }

    private int tellOrWait(T each, long gapNanos, long nowNanos, Consumer<T> tell) {
        if (each.turn().isDue(each, gapNanos, nowNanos)) {
            tell.accept(each);
            return 1;
        }
        waiting.add(each);
        return 0;
    }

    /** Whether anything is left, for the thread that goes round. */
    boolean isEmpty() {
        return waiting.isEmpty() && changed.isEmpty();
    }

    /** Whether something has come since the last round. */
    boolean hasNew() {
        return !changed.isEmpty();
    }

    /** How many are left, for the thread that goes round. */
    int count() {
        return waiting.size() + changed.size();
    }

    /** How many were left after the last round. */
    int size() {
        return size;
    }
}

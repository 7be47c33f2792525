package io.penstock.mock;

import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Wakes the connections of one event loop whose next event is due: one timer for all of them, at
 * most a tick late, never early. It rests while nobody waits.
 *
 * <p><b>Thread:</b> confined to its event loop.
 * <br><b>Bounds:</b> a wheel of {@link #SLOTS} ticks; who waits longer stays for another turn.
 */
final class Pacer implements Runnable {
    static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    static final int SLOTS = 1024; // a power of two

    /** One that waits; it keeps its own place, so that leaving early costs nothing. */
    static final class Waiter {
        private final Runnable onDue;
        private long dueTick;
        private int place = -1; // in its slot's list, -1 when it does not wait

        Waiter(Runnable onDue) {
            this.onDue = onDue;
        }
    }

    private final EventLoop loop;
    private final long originNanos;
    private final List<List<Waiter>> slots = new ArrayList<>(SLOTS);
    private long lastTick;
    private int waiting;
    private boolean armed;

    Pacer(EventLoop loop) {
        this.loop = loop;
        originNanos = loop.ticker().nanoTime();
        for (int i = 0; i < SLOTS; i++) {
            slots.add(new ArrayList<>(0));
        }
    }

    /** Wakes it at this time, once; who waits already goes on waiting as before. */
    void add(Waiter waiter, long dueNanos) {
        assert loop.inEventLoop();
        if (waiter.place >= 0) {
            return;
        }
        if (!armed) {
            lastTick = tick();
            armed = true;
            loop.schedule(this, TICK_NANOS, TimeUnit.NANOSECONDS);
        }
        long tick = Math.floorDiv(dueNanos - originNanos + TICK_NANOS - 1, TICK_NANOS);
        waiter.dueTick = Math.max(tick, lastTick + 1);
        List<Waiter> slot = slot(waiter.dueTick);
        waiter.place = slot.size();
        slot.add(waiter);
        waiting++;
    }

    /** Lets it sleep on. */
    void remove(Waiter waiter) {
        if (waiter.place < 0) {
            return;
        }
        List<Waiter> slot = slot(waiter.dueTick);
        Waiter last = slot.remove(slot.size() - 1);
        if (last != waiter) {
            slot.set(waiter.place, last);
            last.place = waiter.place;
        }
        waiter.place = -1;
        waiting--;
    }

    /** The timer. */
    @Override
    public void run() {
        long now = tick();
        long first = Math.max(lastTick + 1, now - SLOTS + 1); // once round is enough
        lastTick = now;
        for (long tick = first; tick <= now; tick++) {
            wake(slot(tick), now);
        }
        armed = waiting > 0;
        if (armed) {
            loop.schedule(this, TICK_NANOS, TimeUnit.NANOSECONDS);
        }
    }

    private void wake(List<Waiter> slot, long now) {
        // Downwards: who is moved into a gap has been seen, who joins meanwhile joins at the end.
        for (int i = slot.size() - 1; i >= 0; i--) {
            if (i >= slot.size()) {
                continue; // several left at once
            }
            Waiter waiter = slot.get(i);
            if (waiter.dueTick <= now) {
                remove(waiter);
                waiter.onDue.run();
            }
        }
    }

    private List<Waiter> slot(long tick) {
        return slots.get((int) (tick & (SLOTS - 1)));
    }

    private long tick() {
        return Math.floorDiv(loop.ticker().nanoTime() - originNanos, TICK_NANOS);
    }
}

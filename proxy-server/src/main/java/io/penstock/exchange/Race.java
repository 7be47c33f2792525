package io.penstock.exchange;

import io.penstock.loop.Deadlines;

/**
 * The attempt that leads, and the second that is started beside it when the first is slow. Whoever
 * shows first that it is good, leads.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> two attempts at a time; both objects are used again for later exchanges.
 */
final class Race {
    private Attempt leader;
    private Attempt second; // null until there was one
    private boolean on; // both are under way
    private boolean planned;
    private long secondAtNanos;

    Race(Attempt leader) {
        this.leader = leader;
    }

    /** Begins with an exchange. */
    void begin() {
        leader.forget();
        on = false;
        planned = false;
    }

    /** The attempt that counts: it was good, or is under way, or was the last to fail. */
    Attempt leader() {
        return leader;
    }

    Attempt second() {
        return second;
    }

    boolean isOn() {
        return on;
    }

    /** The second is due at that time, if the first has not shown anything by then. */
    void plan(long nanos) {
        planned = true;
        secondAtNanos = nanos;
    }

    /** There will be no second one. */
    void unplan() {
        planned = false;
    }

    /** Nanoseconds until the second is due; {@link Deadlines#NEVER} if it never will be. */
    long dueInNanos(long nowNanos) {
        return planned ? secondAtNanos - nowNanos : Deadlines.NEVER;
    }

    /** The second one enters; {@code fresh} is it if there was none so far. */
    void enter(Attempt fresh) {
        second = fresh;
        second.forget();
        on = true;
    }

    /** That attempt is over: whether the other goes on alone. */
    boolean leaveToOther(Attempt over) {
        if (!on) {
            return false;
        }
        on = false;
        if (over == leader) {
            swap();
        }
        return true;
    }

    /** That attempt leads from here on. */
    void lead(Attempt good) {
        if (on && good == second) {
            swap();
        }
    }

    /** The leader goes on alone; gives the one that has to stop, or null. */
    Attempt end() {
        if (!on) {
            return null;
        }
        on = false;
        return second;
    }

    private void swap() {
        Attempt former = leader;
        leader = second;
        second = former;
    }
}

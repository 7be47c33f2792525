package io.penstock.exchange.failover;

import io.penstock.exchange.attempt.Attempt;
import io.penstock.loop.Deadlines;

/**
 * The attempt that leads, and the second that is started beside it when the first is slow. The one
 * that first shows that it is good leads from then on.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> two attempts at a time.
 */
final class Race {
    private Attempt leader; // null until the first target is asked
    private Attempt second; // null while there is one alone
    private long secondAtNanos;
    private boolean planned;

    /** The attempt that counts: it was good, or is under way, or was the last to fail. */
    Attempt leader() {
        return leader;
    }

    /** The attempt beside the leader; null if there is none. */
    Attempt second() {
        return second;
    }

    boolean isOn() {
        return second != null;
    }

    /** Another attempt takes the place of {@code former}, which is over; null for the leader's. */
    void replace(Attempt former, Attempt fresh) {
        if (former != null && former == second) {
            second = fresh;
        } else {
            leader = fresh;
        }
    }

    /** Plans a second attempt for that time, should the first not be good by then. */
    void plan(long nanos) {
        planned = true;
        secondAtNanos = nanos;
    }

    /** Plans no second attempt any more. */
    void unplan() {
        planned = false;
    }

    /** Nanoseconds until the second is due; {@link Deadlines#NEVER} if it never will be. */
    long dueInNanos(long nowNanos) {
        return planned ? secondAtNanos - nowNanos : Deadlines.NEVER;
    }

    /** Adds the second attempt. */
    void enter(Attempt fresh) {
        second = fresh;
    }

    /** Removes an attempt that is over; returns whether the other continues alone. */
    boolean leaveToOther(Attempt over) {
        if (second == null) {
            return false;
        }
        if (over == leader) {
            leader = second;
        }
        second = null;
        return true;
    }

    /** Makes that attempt the only one; returns the other, which has to stop, or null. */
    Attempt settleOn(Attempt good) {
        if (second == null) {
            return null;
        }
        Attempt loser = good == second ? leader : second;
        leader = good;
        second = null;
        return loser;
    }
}

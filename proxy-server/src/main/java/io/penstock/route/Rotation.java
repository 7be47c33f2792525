package io.penstock.route;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Where a route's calls have got to: whose turn it is by weight (smooth weighted round robin, as in
 * nginx), and when a target is to be tried again that has been left alone for slowness.
 *
 * <p><b>Thread:</b> safe; all event loops share it, and the monitor is held for a few nanoseconds a
 * target.
 */
final class Rotation {
    /** One of so many calls may go to a target that would not have been the first. */
    static final int EXPLORING_ONE_IN = 32;

    /** A call explores a target of which nothing has been heard for so long. */
    static final long STALE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final long[] shares;
    private final AtomicInteger calls = new AtomicInteger();

    Rotation(int targets) {
        shares = new long[targets];
    }

    /** Whose turn it is among those that are ready, or among all if none is. */
    synchronized int next(Route route, TargetFigures figures) {
        int next = next(route, figures, true);
        return next >= 0 ? next : next(route, figures, false);
    }

    private int next(Route route, TargetFigures figures, boolean readyOnly) {
        int best = -1;
        long total = 0;
        for (int i = 0; i < shares.length; i++) {
            if (readyOnly && !figures.isReady(i)) {
                continue;
            }
            int weight = route.terms(i).weight();
            total += weight;
            shares[i] += weight;
            if (best < 0 || shares[i] > shares[best]) {
                best = i;
            }
        }
        if (best >= 0) {
            shares[best] -= total;
        }
        return best;
    }

    /** Whether this call may be used to look at a target that has not been heard of. */
    boolean isExploring() {
        return calls.incrementAndGet() % EXPLORING_ONE_IN == 0;
    }
}

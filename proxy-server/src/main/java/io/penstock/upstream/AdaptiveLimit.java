package io.penstock.upstream;

import java.util.concurrent.atomic.AtomicReference;

/**
 * A limit of calls in flight that follows how a provider bears them, after the Gradient2 limit of
 * Netflix's concurrency-limits. It compares the mean time to first content of the last calls with
 * that of many: as long as they are alike the limit rises, by about the square root of what it is;
 * when the last ones take longer it falls in proportion, since what comes on top only waits in the
 * provider's own queue. A call that is refused for overload lowers it by a tenth, once for as many
 * calls as were in flight.
 *
 * <p>While the last calls take longer and as many are in flight as may be, what is remembered of
 * many hardly moves: the wait is of our own making. A provider that has become slower for good,
 * however few calls it gets, is got used to all the same, after some thousand calls. So is one that
 * is kept at its limit for that long without a pause: then the maximum is what bounds it.
 *
 * <p><b>Thread:</b> safe, and without a lock.
 * <br><b>Bounds:</b> minimum and maximum; begins with {@value #FIRST_LIMIT} between them, so that
 * it sees the provider at ease before it sees it at work.
 */
final class AdaptiveLimit {
    static final int FIRST_LIMIT = 20;
    static final int SHORT_CALLS = 30; // with fewer, prompts of different length look like load
    static final int LONG_CALLS = 600;
    private static final int LONG_CALLS_UNDER_LOAD = 20 * LONG_CALLS;
    private static final double LOAD_RATIO = 1.3; // of the last calls to many
    private static final double TOLERANCE = 1.5;
    private static final double LEAST_GRADIENT = 0.5;
    private static final double SMOOTHING = 0.2;
    private static final double OVERLOAD_FACTOR = 0.9;
    private static final double OUTDATED_RATIO = 2; // of what was, to what is
    private static final double OUTDATED_FACTOR = 0.95;

    /**
     * What is known.
     *
     * @param shortNanos to first content, mean of the last calls
     * @param longNanos the same of many
     * @param times how many times it is the mean of, as long as they are few
     * @param deaf calls still to come back that were sent before overload showed
     */
    private record State(double limit, double shortNanos, double longNanos, int times, int deaf) {}

    private final int min;
    private final int max;
    private final AtomicReference<State> state;

    AdaptiveLimit(int min, int max) {
        this.min = min;
        this.max = max;
        state = new AtomicReference<>(new State(within(FIRST_LIMIT), 0, 0, 0, 0));
    }

    int limit() {
        State now = state.get();
        assert now != null; // it begins as one
        return (int) now.limit();
    }

    /** A stream has shown its first content after so long; returns the limit. */
    int onFirstContent(long nanos, int inFlight) {
        return (int) state.updateAndGet(s -> next(s, nanos, inFlight)).limit();
    }

    private State next(State s, long nanos, int inFlight) {
        int times = Math.min(s.times() + 1, LONG_CALLS);
        double shortNanos =
                s.shortNanos() + (nanos - s.shortNanos()) / Math.min(SHORT_CALLS, times);
        boolean isUsed = isUsed(s.limit(), inFlight);
        boolean underLoad = isUsed && times > SHORT_CALLS
                && shortNanos > s.longNanos() * LOAD_RATIO;
        double longNanos = s.longNanos() + (nanos - s.longNanos())
                / (underLoad ? LONG_CALLS_UNDER_LOAD : times);
        if (longNanos > shortNanos * OUTDATED_RATIO) {
            longNanos *= OUTDATED_FACTOR; // it was slow, and is no more
        }
        double limit = s.limit();
        double gradient = Math.max(LEAST_GRADIENT,
                Math.min(1, TOLERANCE * longNanos / Math.max(1, shortNanos)));
        double wanted = limit * gradient + Math.sqrt(limit);
        if (wanted < limit || isUsed) {
            limit += SMOOTHING * (wanted - limit);
        }
        return new State(within(limit), shortNanos, longNanos, times, Math.max(0, s.deaf() - 1));
    }

    /** Whether calls come near the limit: else there is no reason to raise it. */
    private static boolean isUsed(double limit, int inFlight) {
        return inFlight * 2 >= limit;
    }

    /** A whole reply came, which tells no time to first content: it raises the limit a little. */
    int onUnaryReply(int inFlight) {
        return (int) state.updateAndGet(s -> new State(
                isUsed(s.limit(), inFlight) ? within(s.limit() + 1 / s.limit()) : s.limit(),
                s.shortNanos(), s.longNanos(), s.times(), Math.max(0, s.deaf() - 1))).limit();
    }

    /** A call was refused for overload, or not answered in time. */
    int onOverload() {
        return (int) state.updateAndGet(s -> s.deaf() > 0
                ? new State(s.limit(), s.shortNanos(), s.longNanos(), s.times(), s.deaf() - 1)
                : new State(within(s.limit() * OVERLOAD_FACTOR), s.shortNanos(), s.longNanos(),
                        s.times(), (int) s.limit())).limit();
    }

    private double within(double limit) {
        return Math.max(min, Math.min(max, limit));
    }
}

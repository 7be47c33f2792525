package io.penstock.exchange.failover;

import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.Candidate;
import io.penstock.route.Route.TargetName;

/**
 * The targets that may be asked in one exchange, and which of them is next.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
interface Targets {
    /** The first of the configuration, whichever is asked first. */
    TargetName first();

    /**
     * The next target, which has to be asked now or given back; null if none is left. Notes in the
     * log which targets it passes over.
     */
    Candidate next(long nowNanos, AttemptLog log);

    /** Like {@link #next}, but neither from routes to fall back on nor from those passed over. */
    Candidate nextOfRoute(long nowNanos, AttemptLog log);

    /** None was asked so far, and some time has passed: looks at all of them once more. */
    void beginAnew(long nowNanos);

    /** Whether a target is left that was not looked at yet. */
    boolean isAnotherLeft();

    /** Whether that target would be asked once more just now. */
    boolean isPassable(Candidate candidate, long nowNanos);

    /** That target again, to be asked now or given back; null if it may not be asked. */
    Candidate again(Candidate candidate, long nowNanos);

    /** The target can't be asked after all. */
    void giveBack(Candidate candidate);

    /** The prompt is too long for that model, wherever it is served. */
    void exclude(String model);

    /** Nanoseconds until a target that is well has a rested key; {@code NEVER} if none will. */
    long restedInNanos(long nowNanos);

    /** Nanoseconds until some target may be asked; {@code Deadlines.NEVER} if there is none. */
    long readyInNanos(long nowNanos);
}

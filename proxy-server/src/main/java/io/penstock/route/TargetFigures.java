package io.penstock.route;

/** How a route's targets are at the moment, by their places in the route. */
public interface TargetFigures {
    /** Whether a call would be let pass: neither its breaker nor its keys are out. */
    boolean isReady(int target);

    /** Calls in flight. */
    int inFlight(int target);

    /** The moving average of its time to first content; 0 while nothing is known. */
    double latencyNanos(int target);

    /** How old what is known of that is; only if it is known. */
    long latencyAgeNanos(int target);
}

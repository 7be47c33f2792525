package io.penstock.route;

/** Which of a route's targets comes first. */
public enum Strategy {
    /** The first of the list, as long as it is well. */
    PRIORITY,
    /** Each in turn, by their weights. */
    WEIGHTED,
    /** The one that has been quickest to its first content. */
    LEAST_LATENCY,
    /** The one with the fewest calls in flight for its weight. */
    LEAST_BUSY
}

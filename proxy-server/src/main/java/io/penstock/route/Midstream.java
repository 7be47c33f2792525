package io.penstock.route;

/** What follows when a stream breaks after its first content. */
public enum Midstream {
    /** An error event in the caller's own format. */
    ERROR,
    /** The next target goes on from the text so far. */
    CONTINUE
}

package io.penstock.limit;

/**
 * A count that several nodes keep together. Each decides by what it knows, at once, tells the
 * others soon, and learns what they have told.
 *
 * <p><b>Thread:</b> safe, but for the steps of {@link Turn}, of which one thread takes each.
 */
public interface Shared {
    /** Where its bringing into step stands. */
    Turn turn();

    /** Whether the others should be told at once. */
    boolean isUrgent();

    /** How many of the usual pauses may pass before the others are told. */
    int patience();
}

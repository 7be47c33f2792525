package io.penstock.loop;

/**
 * Takes durations that only the byte path knows, as they happen: a histogram, mostly. Must cost
 * next to nothing, and allocate nothing.
 *
 * <p><b>Thread:</b> confined to one event loop.
 */
public interface Durations {
    /** Takes them and keeps none. */
    Durations NONE = nanos -> { };

    void record(long nanos);
}

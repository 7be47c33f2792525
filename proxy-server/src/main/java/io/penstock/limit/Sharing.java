package io.penstock.limit;

/**
 * The nodes with which counts are kept together.
 *
 * <p><b>Thread:</b> safe; nothing waits.
 */
public interface Sharing {
    /** Whether the others can be told and asked at the moment. */
    boolean isUp();

    /** Whether calls that need the others' count are refused while they can't be asked. */
    boolean rejects();

    /** How many nodes there are, this one among them; 0 while that is not known. */
    int nodes();

    /** Something was counted, or is asked for: the others are told soon, and asked. */
    void onChange(SharedRate rate);

    /** Likewise. */
    void onChange(SharedUse use);

    /** A call was refused that only the others' word could have let pass. */
    void onUnconfirmed();
}

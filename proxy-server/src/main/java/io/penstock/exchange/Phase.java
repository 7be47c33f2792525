package io.penstock.exchange;

/** Where an exchange stands, in the order of a request's life. */
public enum Phase {
    /** The head was accepted, the body comes in. */
    RECEIVED,
    /** A call like it is under way, whose reply is waited for. */
    FOLLOWING,
    /** One target after the other is tried; the caller has seen nothing yet. */
    ATTEMPTING,
    /** A reply is good, an attempt's or one that another call got: its bytes go to the caller. */
    COMMITTED,
    /** The caller has gone; the reply is read on, to learn its usage. */
    DRAINING,
    COMPLETE,
    FAILED;

    boolean canMoveTo(Phase next) {
        return switch (this) {
            case RECEIVED -> next == ATTEMPTING || next == FOLLOWING
                    || next == COMMITTED || next == FAILED; // a reply was there already
            case FOLLOWING -> next == COMMITTED || next == ATTEMPTING || next == FAILED;
            case ATTEMPTING -> // however many targets it takes
                next == COMMITTED || next == DRAINING || next == FAILED;
            case COMMITTED -> next == COMPLETE || next == DRAINING || next == FAILED;
            case DRAINING -> next == FAILED;
            case COMPLETE, FAILED -> false;
        };
    }

    /** Whether nothing follows. */
    boolean isLast() {
        return this == COMPLETE || this == FAILED;
    }
}

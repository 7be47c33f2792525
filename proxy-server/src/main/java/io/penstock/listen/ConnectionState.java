package io.penstock.listen;

/** Where a caller's HTTP/1.1 connection stands, in the order of its life. */
enum ConnectionState {
    /** Between requests: nothing of the next one has come. */
    IDLE,
    /** In the middle of a head. */
    HEAD,
    /** The head was given to the handler, the body comes in. */
    BODY,
    /** The request is whole, its answer is under way. */
    ANSWERING,
    /** The answer is out before the body was in: the rest of the body is thrown away. */
    DISCARDING,
    /** What came can't be read, and is answered with an error: all that follows is thrown away. */
    REFUSED,
    /** A tunnel: bytes go to the handler as they are. */
    TUNNEL,
    /** The last answer is queued and on its way out; nothing more is read. */
    ENDING,
    /** An answer that was cut short is out: the caller gets a moment to read it. */
    CUT,
    /** The last answer is out; what comes is thrown away until the caller closes. */
    LINGERING,
    CLOSED;

    boolean canMoveTo(ConnectionState next) {
        return switch (this) {
            case IDLE -> next == HEAD || isAfterHead(next) || next == ENDING || next == CLOSED;
            case HEAD -> isAfterHead(next) || next == ENDING || next == CLOSED;
            case BODY -> next == ANSWERING || next == DISCARDING || next == REFUSED
                    || next == ENDING || next == CLOSED;
            case ANSWERING -> next == IDLE || next == REFUSED || next == TUNNEL || next == ENDING
                    || next == CLOSED; // an expectation is refused when the request is whole
            case DISCARDING -> next == IDLE || next == ENDING || next == CLOSED;
            case REFUSED, TUNNEL -> next == ENDING || next == CLOSED;
            case ENDING -> next == CUT || next == LINGERING || next == CLOSED;
            case CUT, LINGERING -> next == CLOSED;
            case CLOSED -> false;
        };
    }

    private static boolean isAfterHead(ConnectionState next) {
        return next == BODY || next == ANSWERING || next == REFUSED;
    }

    /** Whether the last answer has been given: no other request will be read. */
    boolean isOver() {
        return this == ENDING || this == CUT || this == LINGERING || this == CLOSED;
    }
}

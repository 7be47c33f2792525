package io.penstock.translate;

/** A reply goes beyond what is held of one, or contradicts what was written of it already. */
final class TurnBoundException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TurnBoundException(String message) {
        super(message, null, false, false);
    }
}

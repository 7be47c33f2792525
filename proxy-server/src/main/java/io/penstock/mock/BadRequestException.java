package io.penstock.mock;

/** A request that a mock answers with an error and a closed connection; {@code status} is 4xx. */
final class BadRequestException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int status;

    BadRequestException(int status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    int status() {
        return status;
    }
}

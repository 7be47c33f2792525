package io.penstock.bench;

/** What came is no HTTP/1.1 response, or one that this client cannot read. */
final class MalformedResponseException extends Exception {
    private static final long serialVersionUID = 1;

    MalformedResponseException(String message) {
        super(message);
    }
}

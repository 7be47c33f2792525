package io.penstock.listen;

/** An address cannot be listened on; the message says which and why, for whoever started it. */
public final class ListenException extends Exception {
    ListenException(String message, Throwable cause) {
        super(message, cause);
    }
}

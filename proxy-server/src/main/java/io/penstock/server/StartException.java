package io.penstock.server;

/** The proxy cannot start, or cannot take a configuration; the message says why, in one line. */
public final class StartException extends Exception {
    StartException(String message, Throwable cause) {
        super(message, cause);
    }
}

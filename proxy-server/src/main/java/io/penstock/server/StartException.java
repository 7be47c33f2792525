package io.penstock.server;

import org.jspecify.annotations.Nullable;

/** The proxy cannot start, or cannot take a configuration; the message says why, in one line. */
public final class StartException extends Exception {
    StartException(@Nullable String message, Throwable cause) {
        super(message, cause);
    }
}

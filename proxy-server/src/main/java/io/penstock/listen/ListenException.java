package io.penstock.listen;

import org.jspecify.annotations.Nullable;

/** An address cannot be listened on; the message says which and why, for whoever started it. */
public final class ListenException extends Exception {
    ListenException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

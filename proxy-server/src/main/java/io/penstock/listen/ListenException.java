package io.penstock.listen;

import org.jspecify.annotations.Nullable;

/** An address cannot be listened on; the message tells the operator which and why. */
public final class ListenException extends Exception {
    ListenException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

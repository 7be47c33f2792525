package io.penstock.store;

import org.jspecify.annotations.Nullable;

/** The store can't be opened, read or written; the message says which, why, and what to do. */
public final class StoreException extends Exception {
    StoreException(String message) {
        super(message);
    }

    StoreException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

package io.penstock.store;

/** The store can't be opened, read or written; the message says which, why, and what to do. */
public final class StoreException extends Exception {
    StoreException(String message) {
        super(message);
    }

    StoreException(String message, Throwable cause) {
        super(message, cause);
    }
}

package io.penstock.http;

import io.penstock.failure.Failure;

/** A head or a body that breaks RFC 9112, or the proxy's stricter reading of it. */
public final class HttpSyntaxException extends Exception {
    private final transient Failure.Kind kind;

    HttpSyntaxException(Failure.Kind kind, String message) {
        super(message, null, false, false); // part of the traffic: a stack trace tells nothing
        this.kind = kind;
    }

    HttpSyntaxException(String message) {
        this(Failure.Kind.BAD_REQUEST, message);
    }

    public Failure.Kind kind() {
        return kind;
    }
}

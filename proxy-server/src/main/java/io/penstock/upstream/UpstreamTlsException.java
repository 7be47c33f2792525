package io.penstock.upstream;

/** A provider's TLS settings cannot be used: a file is missing, or is no certificate. */
public final class UpstreamTlsException extends Exception {
    UpstreamTlsException(String message, Throwable cause) {
        super(message, cause);
    }
}

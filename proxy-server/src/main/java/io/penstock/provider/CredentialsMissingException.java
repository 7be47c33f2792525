package io.penstock.provider;

import java.security.GeneralSecurityException;

/**
 * There is nothing to sign a request with, at the moment at least: the next target is tried. Its
 * message stands in logs and says why; it holds no secret.
 */
public final class CredentialsMissingException extends GeneralSecurityException {
    private static final long serialVersionUID = 1L;

    public CredentialsMissingException(String message) {
        super(message);
    }

    @Override
    public Throwable fillInStackTrace() {
        return this; // it is no mistake of the code's, and may come with every call
    }
}

package io.penstock.mock;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.Locale;

/** An error as a provider answers with, before any format has worded it. */
final class ProviderError extends Exception {
    private static final long serialVersionUID = 1L;

    /** What it is about, where the status alone does not say. */
    enum Reason { STATUS, CONTEXT_LENGTH, QUOTA, INVALID_KEY, INVALID_SIGNATURE, UNKNOWN_URL,
        EDGE }

    private final int status;
    private final Reason reason;

    private ProviderError(int status, Reason reason, String message) {
        super(message, null, false, false);
        this.status = status;
        this.reason = reason;
    }

    static ProviderError badRequest(String message) {
        return new ProviderError(400, Reason.STATUS, message);
    }

    /** The error by which the provider of that name answers with this status. */
    static ProviderError ofStatus(int status, String name) {
        return new ProviderError(status, Reason.STATUS, name + ": " + switch (status) {
            case 401 -> "incorrect API key provided";
            case 403 -> "this region is not supported";
            case 404 -> "the model does not exist";
            case 429 -> "rate limit reached, try again in 1s";
            default -> HttpResponseStatus.valueOf(status).reasonPhrase().toLowerCase(Locale.ROOT);
        });
    }

    static ProviderError unknownUrl(String methodAndPath) {
        return new ProviderError(404, Reason.UNKNOWN_URL, "Unknown request URL: " + methodAndPath);
    }

    /** The prompt is longer than the model takes. */
    static ProviderError contextLength() {
        return new ProviderError(400, Reason.CONTEXT_LENGTH, "");
    }

    /** The account has run out of money. */
    static ProviderError quota() {
        return new ProviderError(429, Reason.QUOTA, "");
    }

    /** The key is wrong. */
    static ProviderError invalidKey() {
        return new ProviderError(401, Reason.INVALID_KEY, "");
    }

    /** The request is not signed as it must be. */
    static ProviderError invalidSignature(String message) {
        return new ProviderError(403, Reason.INVALID_SIGNATURE, message);
    }

    /** What stands before the provider answers for it, in no format at all. */
    static ProviderError edge() {
        return new ProviderError(502, Reason.EDGE, "");
    }

    /** Of the reply; a format may have another for the same reason. */
    int status() {
        return status;
    }

    Reason reason() {
        return reason;
    }
}

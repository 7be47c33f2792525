package io.penstock.exchange.call;

import io.penstock.failure.Failure;
import io.penstock.json.JsonSyntaxException;

/** What may be wrong with the body of any kind of request. */
public final class BodyFailure {
    private BodyFailure() {}

    public static Failure tooLarge(long maxBytes) {
        return Failure.of(Failure.Kind.REQUEST_TOO_LARGE,
                "The request's body is longer than " + maxBytes + " bytes.");
    }

    /** There is no memory for it beside the other bodies that are kept. */
    public static Failure noRoom() {
        return Failure.of(Failure.Kind.OVERLOADED,
                "Too many large requests are under way. Try again in a moment.").by("memory");
    }

    public static Failure invalidJson(JsonSyntaxException e) {
        return Failure.of(Failure.Kind.INVALID_JSON,
                "The request's body is not valid JSON: " + e.getMessage() + ".");
    }
}

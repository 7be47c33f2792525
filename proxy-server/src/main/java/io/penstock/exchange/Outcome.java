package io.penstock.exchange;

import io.penstock.caller.Caller;
import io.penstock.failure.Failure;
import io.penstock.provider.Api;
import io.penstock.route.Route.TargetName;
import io.penstock.usage.TokenUsage;

/** What became of one exchange, of whatever kind, for whoever keeps books. */
public interface Outcome {
    /** Null where the request was refused before that was known. */
    Caller caller();

    String requestId();

    /** Null if the request was refused before it was known, or names none. */
    String model();

    /** In which API the caller asked; null where that is unknown, or none of ours. */
    default Api api() {
        return null;
    }

    /** In which API the serving target was asked; null if none served, or it is unknown. */
    default Api upstreamApi() {
        return null;
    }

    boolean isStream();

    /** Events of the reply that were no JSON where JSON should be. */
    int malformedEvents();

    /** What the caller was answered; 499 if it had gone by then. */
    int status();

    /** Null if all went well. */
    Failure failure();

    AttemptLog attempts();

    /** The target whose reply the caller got; null if none did. */
    TargetName servedBy();

    /** What it came to: reported, or estimated from what passed; null if it cost nothing. */
    TokenUsage usage();

    long durationNanos();

    /** From the request's head to the first content for the caller; -1 if there was none. */
    long firstContentNanos();
}

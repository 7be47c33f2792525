package io.penstock.failure;

/**
 * Why an attempt failed without a reply that could be judged by its status. The code stands in
 * {@code x-penstock-attempts}, in error bodies and in logs.
 */
public enum Fault {
    CONNECT_FAILED("connect_failed", false),
    CONNECT_TIMEOUT("connect_timeout", true),
    /** The provider has as many calls as it may have, and there was no room or time to wait. */
    SATURATED("saturated", false),
    TLS_FAILED("tls_failed", false),
    TLS_TIMEOUT("tls_timeout", true),
    /** The connection broke before a whole reply. */
    RESET("reset", false),
    /** The provider closed the connection before a whole reply. */
    CLOSED("closed", false),
    HEAD_TIMEOUT("head_timeout", true),
    FIRST_CONTENT_TIMEOUT("first_content_timeout", true),
    GAP_TIMEOUT("gap_timeout", true),
    TOTAL_TIMEOUT("total_timeout", true),
    /**
     * Not HTTP/1.1 as RFC 9112 has it, in a content coding that nobody asked for, or a 200 that is
     * something else than an answer.
     */
    BAD_RESPONSE("bad_response", false),
    /** A 200 that holds an error object, or a stream that opens with one. */
    ERROR_IN_REPLY("error_in_reply", false),
    /** A stream with fewer content events in its first seconds than the route asks for. */
    TOO_SLOW("too_slow", true),
    /** The proxy holds as much of replies as it may, and this one had to be held to its end. */
    NO_ROOM("no_room", false),
    /** A 200 with nothing in it. */
    EMPTY_REPLY("empty_reply", false),
    /** A stream that ended before its first content. */
    NO_CONTENT("no_content", false),
    /** A stream that ended without a finish reason, after content; JSON without an end. */
    TRUNCATED("truncated", false),
    /** The provider's keys are all resting, by its own {@code retry-after}. */
    COOLDOWN("cooldown", false),
    /** The target's format has no word for something in the request: it was not asked. */
    UNTRANSLATABLE("untranslatable", false),
    /** What the provider's type, a plugin's perhaps, does with a request went wrong. */
    PLUGIN_FAILED("plugin_failed", false),
    /** The provider wants the body signed, which is sent on as it comes. */
    UNSIGNABLE("unsignable", false),
    /** The provider wants requests signed, and there is nothing to sign them with. */
    NO_CREDENTIALS("no_credentials", false),
    /** Another attempt was faster. */
    HEDGE_LOST("hedge_lost", false),
    /** It has failed too often of late, and is left alone for a while. */
    BREAKER_OPEN("breaker_open", false),
    /** The prompt and the answer asked for are longer than the model takes. */
    CONTEXT_WINDOW("context_window", false),
    CALLER_GONE("caller_gone", false),
    /** A model that was to go on with another's answer says something else. */
    DIVERGED("diverged", false),
    /** The stream was ended here, in order, since the caller's budget is spent. */
    BUDGET_SPENT("budget_spent", false),
    /** A tunnel through which nothing went for too long. */
    TUNNEL_IDLE("tunnel_idle", false),
    /** A tunnel that was open for as long as any may be. */
    TUNNEL_OVERDUE("tunnel_overdue", false),
    /** The proxy was stopped, and its grace ran out. */
    SHUTDOWN("shutdown", false);

    private final String code;
    private final boolean timeout;

    Fault(String code, boolean timeout) {
        this.code = code;
        this.timeout = timeout;
    }

    public String code() {
        return code;
    }

    /** Whether a timer ran out, so that 504 rather than 502 tells the caller what happened. */
    public boolean isTimeout() {
        return timeout;
    }

    /**
     * Whether the provider is to blame for it. Not for a total timeout: other attempts, and the
     * caller's own wishes, have their share in that.
     */
    public boolean isProvidersFault() {
        return switch (this) {
            case SATURATED, NO_ROOM, TOTAL_TIMEOUT, COOLDOWN, BREAKER_OPEN, CONTEXT_WINDOW,
                    HEDGE_LOST, CALLER_GONE, DIVERGED, BUDGET_SPENT, UNSIGNABLE,
                    NO_CREDENTIALS, SHUTDOWN -> false;
            default -> true;
        };
    }

    /** Whether it may be gone in a moment, so that the same target is worth one more try. */
    public boolean isTransient() {
        return this == RESET || this == CLOSED;
    }
}

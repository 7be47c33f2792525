package io.penstock.limit;

/**
 * Why a call may not go on: what ran out, and how long until it may work again; 0 where waiting
 * doesn't help, or not before the month ends.
 */
public record Refusal(Limit limit, long retryAfterNanos) {
    /** What ran out. */
    public enum Limit {
        /** The caller's rate of requests. */
        REQUESTS,
        /** The caller's rate of tokens. */
        TOKENS,
        /** One call wants more tokens than a minute allows. */
        TOKENS_TOO_MANY,
        /** The caller's calls in flight. */
        CONCURRENT,
        /** The rate of requests of all callers together. */
        GLOBAL_REQUESTS,
        /** The month's budget of tokens, by what was used of it. */
        BUDGET_SPENT,
        /** The month's budget of tokens, by what calls in flight may yet use. */
        BUDGET_RESERVED,
        /** The month's budget of dollars, by what was used of it. */
        DOLLARS_SPENT,
        /** The month's budget of dollars, by what calls in flight may yet cost. */
        DOLLARS_RESERVED,
        /** The room for what callers have used: nothing is kept of this one, and none is left. */
        TOO_MANY_CALLERS,
        /** The count that nodes keep together, which can't be asked. */
        SHARED_COUNT_AWAY
    }

    private static final long GUESS_NANOS = 1_000_000_000; // until others' calls may have ended

    static final Refusal TOKENS_TOO_MANY = new Refusal(Limit.TOKENS_TOO_MANY, 0);
    static final Refusal CONCURRENT = new Refusal(Limit.CONCURRENT, GUESS_NANOS);
    static final Refusal BUDGET_SPENT = new Refusal(Limit.BUDGET_SPENT, 0);
    static final Refusal BUDGET_RESERVED = new Refusal(Limit.BUDGET_RESERVED, GUESS_NANOS);
    static final Refusal DOLLARS_SPENT = new Refusal(Limit.DOLLARS_SPENT, 0);
    static final Refusal DOLLARS_RESERVED = new Refusal(Limit.DOLLARS_RESERVED, GUESS_NANOS);
    static final Refusal SHARED_COUNT_AWAY =
            new Refusal(Limit.SHARED_COUNT_AWAY, GUESS_NANOS);
    static final Refusal TOO_MANY_CALLERS = new Refusal(Limit.TOO_MANY_CALLERS, GUESS_NANOS);

    /** That limit refuses for so long, or the nodes' count of it can't be asked. */
    static Refusal of(Limit limit, long waitNanos) {
        return waitNanos == SharedRate.AWAY ? SHARED_COUNT_AWAY : new Refusal(limit, waitNanos);
    }
}

package io.penstock.caller;

/**
 * How much a caller may ask for; zero stands for no bound.
 *
 * @param requests that may begin within a window
 * @param requestWindowNanos how long it takes until as many may begin again
 * @param tokensPerMinute prompt and completion together
 * @param concurrent calls in flight
 * @param tokensPerMonth in a calendar month (UTC)
 * @param nanoDollarsPerMonth in a calendar month (UTC), in billionths of a dollar
 */
public record Allowance(long requests, long requestWindowNanos, long tokensPerMinute,
        int concurrent, long tokensPerMonth, long nanoDollarsPerMonth) {
    public static final long MINUTE_NANOS = 60_000_000_000L;
    public static final Allowance UNBOUNDED = new Allowance(0, MINUTE_NANOS, 0, 0, 0, 0);

    public Allowance {
        if (requests < 0 || requestWindowNanos < 1 || tokensPerMinute < 0 || concurrent < 0
                || tokensPerMonth < 0 || nanoDollarsPerMonth < 0) {
            throw new IllegalArgumentException("a bound below zero, or a window of nothing");
        }
    }

    /** So many calls within that window, and no other bound. */
    public static Allowance ofRequests(long requests, long requestWindowNanos) {
        return new Allowance(requests, requestWindowNanos, 0, 0, 0, 0);
    }

    /** What both allow: of each bound the smaller one. */
    public Allowance and(Allowance other) {
        long most = smaller(requests, other.requests);
        return new Allowance(most, Math.max(nanosFor(most), other.nanosFor(most)),
                smaller(tokensPerMinute, other.tokensPerMinute),
                (int) smaller(concurrent, other.concurrent),
                smaller(tokensPerMonth, other.tokensPerMonth),
                smaller(nanoDollarsPerMonth, other.nanoDollarsPerMonth));
    }

    private static long smaller(long a, long b) {
        return a == 0 ? b : b == 0 ? a : Math.min(a, b);
    }

    /** The window in which that many calls come at this rate: windows of any length compare. */
    private long nanosFor(long calls) {
        return requests == 0 ? calls == 0 ? requestWindowNanos : 1
                : Math.max(1, (long) Math.ceil((double) calls / requests * requestWindowNanos));
    }

    /** Whether what is used in a month has a bound. */
    public boolean hasBudget() {
        return tokensPerMonth > 0 || nanoDollarsPerMonth > 0;
    }
}

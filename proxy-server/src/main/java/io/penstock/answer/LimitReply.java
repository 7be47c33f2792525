package io.penstock.answer;

import io.penstock.caller.Allowance;
import io.penstock.caller.Caller;
import io.penstock.failure.Failure;
import io.penstock.http.HeadWriter;
import io.penstock.limit.Permit;
import io.penstock.limit.Refusal;
import java.util.concurrent.TimeUnit;

/**
 * What callers are told of their limits: on every reply how much is left, in OpenAI's {@code
 * x-ratelimit-*} fields, and on a refusal what ran out and when to come again.
 */
public final class LimitReply {
    private static final long NANOS_A_MILLI = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long NANOS_A_SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long MAX_RETRY_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final String DO_NOT_RETRY = "x-should-retry: false\r\n";

    private LimitReply() {}

    /** Writes the fields of a reply; none where the caller has no limit. */
    public static void write(HeadWriter out, Permit permit, long nowNanos) {
        write(out, permit, false, nowNanos);
    }

    /**
     * Writes the fields of a reply; none where the caller has no limit.
     *
     * @param refused the reply is a provider's 429, beside which no field of ours may say "now"
     */
    public static void write(HeadWriter out, Permit permit, boolean refused, long nowNanos) {
        if (permit.hasRequestLimit()) {
            write(out, "requests", permit.requestLimit(), permit.requestsRemaining(nowNanos),
                    permit.requestsResetNanos(nowNanos), refused);
        }
        if (permit.hasTokenLimit()) {
            write(out, "tokens", permit.tokenLimit(), permit.tokensRemaining(nowNanos),
                    permit.tokensResetNanos(nowNanos), refused);
        }
    }

    private static void write(HeadWriter out, String what, long limit, long remaining,
            long resetNanos, boolean refused) {
        out.text("x-ratelimit-limit-").text(what).text(": ").number(limit)
                .text("\r\nx-ratelimit-remaining-").text(what).text(": ").number(remaining)
                .crlf();
        if (!refused || resetNanos > 0) {
            out.text("x-ratelimit-reset-").text(what).text(": ").text(time(resetNanos)).crlf();
        }
    }

    /** The {@code x-ratelimit-*} lines for a reply that the proxy makes itself. */
    public static String lines(Permit permit, long nowNanos) {
        if (!permit.hasRequestLimit() && !permit.hasTokenLimit()) {
            return "";
        }
        HeadWriter out = new HeadWriter();
        write(out, permit, nowNanos);
        return out.toString();
    }

    /** Returns the failure for a refusal, and adds its {@code retry-after} fields to the reply. */
    public static Failure refuse(LocalReply reply, Refusal refusal, Caller caller) {
        long wait = refusal.retryAfterNanos();
        if (wait > 0) {
            // SDKs prefer the exact one; beyond a minute they should not wait at all.
            reply.retryAfter(wait).field("retry-after-ms",
                    Long.toString((wait + NANOS_A_MILLI - 1) / NANOS_A_MILLI));
        }
        if (wait == 0 || wait > MAX_RETRY_NANOS) {
            reply.lines(DO_NOT_RETRY);
        }
        return failure(refusal.limit(), caller.allowance()).by(name(refusal.limit()));
    }

    /** What metrics call the limit; the names are stable. */
    private static String name(Refusal.Limit limit) {
        return switch (limit) {
            case REQUESTS -> "requests";
            case TOKENS -> "tokens";
            case TOKENS_TOO_MANY -> "tokens_at_once";
            case CONCURRENT -> "concurrent";
            case GLOBAL_REQUESTS -> "global_requests";
            case BUDGET_SPENT -> "budget_tokens";
            case BUDGET_RESERVED -> "budget_tokens_reserved";
            case DOLLARS_SPENT -> "budget_dollars";
            case DOLLARS_RESERVED -> "budget_dollars_reserved";
            case SHARED_COUNT_AWAY -> "shared_count";
            case TOO_MANY_CALLERS -> "callers";
        };
    }

    private static Failure failure(Refusal.Limit limit, Allowance allowance) {
        Failure.Kind limited = Failure.Kind.RATE_LIMITED;
        return switch (limit) {
            case REQUESTS -> Failure.of(limited, "Rate limit reached: " + allowance.requests()
                    + " requests in " + time(allowance.requestWindowNanos()) + ".");
            case TOKENS -> Failure.of(limited,
                    "Rate limit reached: " + allowance.tokensPerMinute() + " tokens a minute.");
            case TOKENS_TOO_MANY -> Failure.of(limited, "The request asks for more tokens at once "
                    + "than may be used in a minute: " + allowance.tokensPerMinute() + ".");
            case CONCURRENT -> Failure.of(limited,
                    "Limit of concurrent requests reached: " + allowance.concurrent() + ".");
            case GLOBAL_REQUESTS -> Failure.of(limited,
                    "Rate limit of all callers together reached.");
            case BUDGET_SPENT, DOLLARS_SPENT -> Failure.of(Failure.Kind.INSUFFICIENT_QUOTA,
                    "The budget of this month is spent, or has less left than the request asks "
                    + "for.");
            case BUDGET_RESERVED, DOLLARS_RESERVED -> Failure.of(limited, "What is left of this "
                    + "month's budget is reserved by requests under way.");
            case SHARED_COUNT_AWAY -> Failure.of(Failure.Kind.OVERLOADED, "What callers use is "
                    + "counted together with other proxies, which cannot be asked at the moment.");
            case TOO_MANY_CALLERS -> Failure.of(Failure.Kind.OVERLOADED,
                    "Too many callers at once. Try again in a moment.");
        };
    }

    /** As OpenAI writes times: {@code 20ms}, {@code 6s}, {@code 1m7s}; rounded up. */
    static String time(long nanos) {
        if (nanos < NANOS_A_SECOND) {
            return (nanos + NANOS_A_MILLI - 1) / NANOS_A_MILLI + "ms";
        }
        long seconds = (nanos + NANOS_A_SECOND - 1) / NANOS_A_SECOND;
        long hours = seconds / 3600;
        long minutes = seconds / 60 % 60;
        long rest = seconds % 60;
        return (hours > 0 ? hours + "h" : "") + (minutes > 0 ? minutes + "m" : "")
                + (rest > 0 || seconds < 60 ? rest + "s" : "");
    }
}

package io.penstock.exchange;

import io.penstock.caller.Caller;
import io.penstock.failure.Failure;
import io.penstock.route.Route.TargetName;
import io.penstock.usage.TokenUsage;

/**
 * A request that was refused on its head, or had none that could be read: no exchange began.
 *
 * @param caller null where nobody knows who called
 */
public record Refused(Caller caller, String requestId, Failure failure, long durationNanos)
        implements Outcome {
    private static final AttemptLog NO_ATTEMPTS = new AttemptLog();

    /**
     * One that was refused.
     *
     * @param what was asked for, method and path, for the operator's log; null where unknown
     */
    public static Refused of(Caller caller, String requestId, Failure why, String what,
            long durationNanos) {
        return new Refused(caller, requestId, new Failure(why.kind(), why.message(), why.param(),
                what), durationNanos);
    }

    @Override
    public String model() {
        return null;
    }

    @Override
    public boolean isStream() {
        return false;
    }

    @Override
    public int malformedEvents() {
        return 0;
    }

    @Override
    public int status() {
        return failure.kind().status();
    }

    @Override
    public AttemptLog attempts() {
        return NO_ATTEMPTS;
    }

    @Override
    public TargetName servedBy() {
        return null;
    }

    @Override
    public TokenUsage usage() {
        return null;
    }

    @Override
    public long firstContentNanos() {
        return -1;
    }
}

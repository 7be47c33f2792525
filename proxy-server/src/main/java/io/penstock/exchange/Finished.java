package io.penstock.exchange;

import io.penstock.caller.Caller;
import io.penstock.exchange.call.AttemptFigures;
import io.penstock.exchange.call.AttemptRecord;
import io.penstock.exchange.call.CacheUse;
import io.penstock.failure.Failure;
import io.penstock.provider.Api;
import io.penstock.route.Route.TargetName;
import io.penstock.trace.RequestTrace;
import io.penstock.usage.TokenUsage;
import java.util.ArrayList;
import java.util.List;

/**
 * What became of one exchange, of whatever kind, or of a request that was refused on its head: what
 * access log, metrics and traces read.
 *
 * <p><b>Thread:</b> immutable; may be handed to any thread.
 *
 * @param caller null where the request was refused before that was known
 * @param model that was asked for; null if the request was refused before that was known, or names
 *     none
 * @param api in which the caller asked; null where that is unknown, or none that is understood
 * @param upstreamApi in which the serving target was asked; null if none served, or it is unknown
 * @param status that the caller was answered; 499 if it had gone by then
 * @param failure null if all went well
 * @param attempts what was tried, in order
 * @param servedBy the target whose reply the caller got; null if none did
 * @param usage reported, or estimated from what passed; null if it cost nothing
 * @param nanoDollars what all attempts cost by the configured prices
 * @param malformedEvents of the reply, that were no JSON where JSON should be
 * @param receivedNanos when the head was accepted, by the loop's clock, as all stamps are
 * @param endedNanos when all was over
 * @param endedMillis the same moment, since 1970
 * @param firstContentNanos from the head to the first content for the caller; -1 for none
 * @param stages where the time went until the reply began; null where no exchange began
 * @param cache what the response cache was to the call; null where it is not for such calls
 * @param saved what the reply came to for the call that it was made for; null for a reply of the
 *     call's own
 * @param trace that the request belongs to; null where nothing is traced
 */
public record Finished(Caller caller, String requestId, String model, Api api, Api upstreamApi,
        boolean isStream, int status, Failure failure, List<AttemptRecord> attempts,
        TargetName servedBy, TokenUsage usage, long nanoDollars, int malformedEvents,
        long receivedNanos, long endedNanos, long endedMillis, long firstContentNanos,
        Stages stages, CacheUse cache, TokenUsage saved, RequestTrace trace) {

    /** An exchange that belongs to no trace. */
    public Finished(Caller caller, String requestId, String model, Api api, Api upstreamApi,
            boolean isStream, int status, Failure failure, List<AttemptRecord> attempts,
            TargetName servedBy, TokenUsage usage, long nanoDollars, int malformedEvents,
            long receivedNanos, long endedNanos, long endedMillis, long firstContentNanos,
            Stages stages, CacheUse cache, TokenUsage saved) {
        this(caller, requestId, model, api, upstreamApi, isStream, status, failure, attempts,
                servedBy, usage, nanoDollars, malformedEvents, receivedNanos, endedNanos,
                endedMillis, firstContentNanos, stages, cache, saved, null);
    }

    /** Nanoseconds of each stage until the reply began; they add up to the whole. */
    public record Stages(long receive, long queue, long provider, long proxy) {}

    /**
     * A request that was refused on its head, or had none that could be read.
     *
     * @param caller null where that is not known
     * @param what was asked for, method and path, for the operator's log; null where unknown
     * @param trace that the request belongs to; null for none
     */
    public static Finished refused(Caller caller, String requestId, Failure why, String what,
            long receivedNanos, long nowNanos, RequestTrace trace) {
        return new Finished(caller, requestId, null, null, null, false, why.kind().status(),
                new Failure(why.kind(), why.message(), why.param(), what, null, why.limit()),
                List.of(), null, null, 0, 0, receivedNanos, nowNanos,
                System.currentTimeMillis(), -1, null, null, null, trace);
    }

    /** Whether spans are made of it. */
    public boolean isTraced() {
        return trace != null && trace.isSampled();
    }

    /** What came of it in a word: {@code ok}, {@code passed_on}, or the code of the failure. */
    public String outcome() {
        return failure != null ? failure.kind().code() : status < 400 ? "ok" : "passed_on";
    }

    public long durationNanos() {
        return endedNanos - receivedNanos;
    }

    /** The same without the attempts' own objects, to be kept for a while. */
    public Finished copy() {
        List<AttemptRecord> copies = new ArrayList<>(attempts.size());
        for (int i = 0; i < attempts.size(); i++) {
            AttemptRecord each = attempts.get(i);
            int first = 0; // of an attempt that was good and broke off there are two records
            while (attempts.get(first).figures() != each.figures()) {
                first++;
            }
            AttemptFigures figures = each.figures() == null ? null
                    : first < i ? copies.get(first).figures() : each.figures().copy();
            copies.add(new AttemptRecord(each.target(), each.why(), each.outcome(), each.nanos(),
                    figures));
        }
        return new Finished(caller, requestId, model, api, upstreamApi, isStream, status, failure,
                List.copyOf(copies), servedBy, usage, nanoDollars, malformedEvents, receivedNanos,
                endedNanos, endedMillis, firstContentNanos, stages, cache, saved, trace);
    }
}

package io.penstock.observe;

import io.penstock.caller.Caller;
import io.penstock.exchange.Finished;
import io.penstock.exchange.call.AttemptFigures;
import io.penstock.exchange.call.AttemptRecord;
import io.penstock.provider.Api;
import io.penstock.usage.TokenUsage;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What analytics want to know of one exchange: plain values, so that nothing of the exchange is
 * kept while they wait.
 *
 * <p><b>Thread:</b> immutable.
 *
 * @param caller its id; null where no credential is asked for
 * @param traceId groups the events of the exchange
 * @param api the last one that was asked in
 * @param outcome as {@link Finished#outcome}
 */
record AiCall(@Nullable String caller, String requestId, String traceId, @Nullable String model,
        Api api, boolean stream, int status, String outcome, @Nullable String detail,
        long durationNanos, long endedMillis, List<Try> tries) {
    private static final int MAX_NAME_LENGTH = 200;

    /**
     * One attempt at one target.
     *
     * @param status of its reply; 0 if there was none
     * @param outcome the last of its outcomes
     * @param firstContentNanos from its beginning; -1 where there was none
     * @param endedMillis since 1970
     * @param usage that was booked for it; null for none
     */
    record Try(String provider, String model, int status, String outcome, boolean failed,
            long durationNanos, long firstContentNanos, long endedMillis,
            @Nullable TokenUsage usage, long nanoDollars) {}

    /** The values of an exchange that asked a model something; null for any other. */
    static @Nullable AiCall of(Finished exchange) {
        Api api = exchange.api();
        if (api == null || api == Api.COUNT_TOKENS || api == Api.GEMINI_COUNT_TOKENS
                || exchange.caller() == null) {
            return null;
        }
        List<Try> tries = tries(exchange);
        if (tries.isEmpty()) {
            return null;
        }
        String id = exchange.caller().id();
        boolean isNobody = id.equals(Caller.ANYONE.id()) || id.equals(Caller.ANONYMOUS);
        return new AiCall(isNobody ? null : cut(id), exchange.requestId(),
                exchange.trace() == null ? sane(exchange.requestId())
                        : exchange.trace().traceId(), cut(exchange.model()), api,
                exchange.isStream(),
                exchange.status(), exchange.outcome(), exchange.failure() == null ? null
                        : cut(exchange.failure().detail()), exchange.durationNanos(),
                exchange.endedMillis(), tries);
    }

    private static List<Try> tries(Finished exchange) {
        List<AttemptRecord> all = exchange.attempts();
        List<Try> tries = new ArrayList<>(all.size());
        for (int i = 0; i < all.size(); i++) {
            AttemptRecord record = all.get(i);
            if (!LoopMetrics.wasSkipped(record) && LoopMetrics.isLastOfItsAttempt(all, i)) {
                tries.add(oneOf(exchange, record, LoopMetrics.firstOf(all, record.figures())));
            }
        }
        return tries;
    }

    private static Try oneOf(Finished exchange, AttemptRecord last, AttemptRecord first) {
        AttemptFigures figures = last.figures();
        long ended = figures.endedNanos() != 0 ? figures.endedNanos() : exchange.endedNanos();
        boolean served = last.target().equals(exchange.servedBy())
                && first.outcome().charAt(0) == '2';
        TokenUsage usage = figures.booked() == null && served ? exchange.usage()
                : figures.booked();
        return new Try(last.target().provider(), String.valueOf(cut(last.target().model())),
                LoopMetrics.isStatus(first.outcome()) ? Integer.parseInt(first.outcome()) : 0,
                last.outcome(),
                AttemptResult.of(last.outcome()) == AttemptResult.FAILED,
                ended - figures.startedNanos(),
                figures.contentNanos() == 0 ? -1 : figures.contentNanos() - figures.startedNanos(),
                exchange.endedMillis() - (exchange.endedNanos() - ended) / 1_000_000, usage,
                figures.bookedNanoDollars());
    }

    /** Names may be as long as a request; more than so much tells nobody anything. */
    private static @Nullable String cut(@Nullable String text) {
        return text == null || text.length() <= MAX_NAME_LENGTH ? text
                : text.substring(0, MAX_NAME_LENGTH);
    }

    /** Of the characters that PostHog takes in a trace's id. */
    private static String sane(String id) {
        return id.replaceAll("[^A-Za-z0-9_~.@()!':|-]", "_");
    }
}

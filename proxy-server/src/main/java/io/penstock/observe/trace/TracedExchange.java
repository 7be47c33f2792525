package io.penstock.observe.trace;

import io.penstock.caller.Caller;
import io.penstock.exchange.Finished;
import io.penstock.exchange.call.AttemptFigures;
import io.penstock.exchange.call.AttemptRecord;
import io.penstock.exchange.call.CacheUse;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.trace.RequestTrace;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is to be told of one exchange: copied from it, so that nothing of the exchange is kept from
 * the collector of garbage while it waits to be exported.
 *
 * <p><b>Thread:</b> immutable.
 *
 * @param skipped targets that were not asked, and why: {@code openai/gpt-4o=cooldown}
 */
record TracedExchange(RequestTrace trace, String requestId, @Nullable String caller,
        @Nullable String model, boolean stream, int status, Failure.@Nullable Kind failure,
        @Nullable String servedBy, long nanoDollars, long receivedNanos, long endedNanos,
        long endedMillis, long firstContentNanos, Finished.@Nullable Stages stages,
        @Nullable CacheUse cache, List<String> skipped, List<TracedAttempt> attempts) {

    static TracedExchange of(Finished exchange) {
        RequestTrace trace = Objects.requireNonNull(exchange.trace());
        List<AttemptRecord> records = exchange.attempts();
        List<String> skipped = new ArrayList<>();
        List<TracedAttempt> attempts = new ArrayList<>(records.size());
        for (int i = 0; i < records.size(); i++) {
            AttemptRecord record = records.get(i);
            if (record.why() == null || record.outcome().equals(Fault.SATURATED.code())) {
                skipped.add(record.target() + "=" + record.outcome());
            } else if (isLastOfItsAttempt(records, i)) {
                attempts.add(TracedAttempt.of(exchange, record));
            }
        }
        Caller caller = exchange.caller();
        Failure failure = exchange.failure();
        return new TracedExchange(trace, exchange.requestId(),
                caller == null ? null : caller.id(), exchange.model(), exchange.isStream(),
                exchange.status(), failure == null ? null : failure.kind(),
                exchange.servedBy() == null ? null : exchange.servedBy().toString(),
                exchange.nanoDollars(), exchange.receivedNanos(), exchange.endedNanos(),
                exchange.endedMillis(), exchange.firstContentNanos(), exchange.stages(),
                exchange.cache(),
                List.copyOf(skipped), List.copyOf(attempts));
    }

    /** Of an attempt that was good and then broke off there are two records. */
    private static boolean isLastOfItsAttempt(List<AttemptRecord> all, int index) {
        AttemptFigures figures = all.get(index).figures();
        for (int i = index + 1; i < all.size(); i++) {
            if (all.get(i).figures() == figures) {
                return false;
            }
        }
        return true;
    }

    /** Nanoseconds since 1970 of a moment on the loop's clock. */
    long epochNanos(long loopNanos) {
        return endedMillis * 1_000_000 - (endedNanos - loopNanos);
    }
}

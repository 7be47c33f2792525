package io.penstock.observe.trace;

import io.penstock.exchange.Finished;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.AttemptFigures;
import io.penstock.exchange.call.AttemptRecord;
import io.penstock.provider.Api;
import io.penstock.trace.AttemptSpan;
import io.penstock.upstream.Provider;
import io.penstock.usage.TokenUsage;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * What is to be told of one attempt. Stamps are nanoseconds of the loop's clock, 0 for what did not
 * happen.
 *
 * <p><b>Thread:</b> immutable.
 *
 * @param api in which the target was asked; null for what is passed through
 * @param status of the provider's reply; 0 without one
 * @param usage that was booked; null for none
 */
record TracedAttempt(AttemptSpan span, String provider, String type, String model,
        @Nullable Api api, URI baseUrl, Ask.Why why, String outcome, int status, boolean stream,
        boolean replayed, @Nullable TokenUsage usage, long startedNanos, long slotNanos,
        long readyNanos, long headNanos, long contentNanos, long endedNanos) {

    static TracedAttempt of(Finished exchange, AttemptRecord last) {
        AttemptFigures figures = last.figures();
        Ask ask = figures.ask();
        Provider provider = ask.provider();
        return new TracedAttempt(ask.span(), provider.name(), provider.typeName(),
                ask.target().model(), ask.request().api(), provider.settings().baseUrl(),
                last.why(), last.outcome(), figures.status(), exchange.isStream(),
                figures.isReplayed(), figures.booked(), figures.startedNanos(),
                figures.slotNanos(), figures.readyNanos(), figures.headNanos(),
                figures.contentNanos(),
                figures.endedNanos() != 0 ? figures.endedNanos() : exchange.endedNanos());
    }
}

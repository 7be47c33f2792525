package io.penstock.observe;

import com.fasterxml.jackson.core.JsonGenerator;
import io.penstock.exchange.Finished;
import io.penstock.exchange.Running;
import io.penstock.exchange.call.AttemptFigures;
import io.penstock.exchange.call.AttemptRecord;
import io.penstock.provider.Api;
import io.penstock.usage.TokenUsage;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Single exchanges as JSON: metadata with all timings in milliseconds. Moments count from the head
 * of the request.
 *
 * <p><b>Thread:</b> safe, as each call has a generator of its own.
 */
public final class ExchangeJson {
    private static final int NANO_DIGITS = 9;
    private static final String[] PHASES = {"slot", "connect", "head", "content"};
    private static final String REPLY = "reply";

    private ExchangeJson() {}

    /** Writes an exchange that is under way. */
    public static void write(JsonGenerator out, Running exchange) throws IOException {
        out.writeStartObject();
        out.writeStringField("id", exchange.requestId());
        out.writeStringField("state", "running");
        out.writeStringField("caller", exchange.caller().id());
        out.writeStringField("api", name(exchange.api()));
        out.writeStringField("model", exchange.model());
        out.writeBooleanField("stream", exchange.isStream());
        millis(out, "ms", exchange.ageNanos());
        out.writeStringField("waits_for", exchange.waiting().code());
        millis(out, "waits_ms", exchange.waitingNanos());
        out.writeStringField("provider",
                exchange.target() == null ? null : exchange.target().provider());
        out.writeStringField("target_model",
                exchange.target() == null ? null : exchange.target().model());
        out.writeArrayFieldStart("attempts");
        for (AttemptRecord each : exchange.attempts()) {
            out.writeStartObject();
            result(out, each);
            out.writeEndObject();
        }
        out.writeEndArray();
        out.writeEndObject();
    }

    /**
     * Writes an exchange that has finished.
     *
     * @param detail a failure's detail is written, which may quote a provider
     */
    public static void write(JsonGenerator out, Finished exchange, boolean detail)
            throws IOException {
        out.writeStartObject();
        out.writeStringField("id", exchange.requestId());
        out.writeStringField("state", "finished");
        if (exchange.trace() != null) {
            out.writeStringField("trace_id", exchange.trace().traceId());
        }
        out.writeNumberField("ended_at", exchange.endedMillis());
        out.writeStringField("caller",
                exchange.caller() == null ? null : exchange.caller().id());
        out.writeStringField("api", name(exchange.api()));
        out.writeStringField("upstream_api", name(exchange.upstreamApi()));
        out.writeStringField("model", exchange.model());
        out.writeBooleanField("stream", exchange.isStream());
        out.writeNumberField("status", exchange.status());
        out.writeStringField("failure",
                exchange.failure() == null ? null : exchange.failure().kind().code());
        if (exchange.failure() != null) {
            out.writeStringField("message", exchange.failure().message());
            if (detail) {
                out.writeStringField("detail", exchange.failure().detail());
            }
        }
        out.writeStringField("provider",
                exchange.servedBy() == null ? null : exchange.servedBy().provider());
        out.writeStringField("target_model",
                exchange.servedBy() == null ? null : exchange.servedBy().model());
        millis(out, "ms", exchange.durationNanos());
        if (exchange.firstContentNanos() >= 0) {
            millis(out, "first_content_ms", exchange.firstContentNanos());
        }
        stages(out, exchange.stages());
        attempts(out, exchange);
        usage(out, exchange.usage());
        if (exchange.cache() != null) {
            out.writeStringField("cache", exchange.cache().word());
        }
        if (exchange.saved() != null) {
            out.writeNumberField("saved_tokens", exchange.saved().total());
        }
        if (exchange.nanoDollars() > 0) {
            out.writeNumberField("cost_usd", BigDecimal.valueOf(exchange.nanoDollars(),
                    NANO_DIGITS).stripTrailingZeros());
        }
        if (exchange.malformedEvents() > 0) {
            out.writeNumberField("malformed_events", exchange.malformedEvents());
        }
        out.writeEndObject();
    }

    private static void stages(JsonGenerator out, Finished.@Nullable Stages stages)
            throws IOException {
        if (stages != null) {
            out.writeObjectFieldStart("stages");
            millis(out, "receive", stages.receive());
            millis(out, "queue", stages.queue());
            millis(out, "provider", stages.provider());
            millis(out, "proxy", stages.proxy());
            out.writeEndObject();
        }
    }

    private static void attempts(JsonGenerator out, Finished exchange) throws IOException {
        List<AttemptRecord> all = exchange.attempts();
        out.writeArrayFieldStart("attempts");
        for (AttemptRecord each : all) {
            out.writeStartObject();
            result(out, each);
            if (each.figures() != null) {
                phases(out, each.figures(), exchange);
            }
            out.writeEndObject();
        }
        out.writeEndArray();
    }

    private static void result(JsonGenerator out, AttemptRecord attempt) throws IOException {
        out.writeStringField("provider", attempt.target().provider());
        out.writeStringField("model", attempt.target().model());
        out.writeStringField("outcome", attempt.outcome());
        out.writeStringField("why", attempt.why() == null ? "skipped"
                : attempt.why().name().toLowerCase(Locale.ROOT));
        millis(out, "ms", attempt.nanos());
    }

    /** When the attempt began, and how long it was in each phase that it came to. */
    private static void phases(JsonGenerator out, AttemptFigures figures, Finished exchange)
            throws IOException {
        millis(out, "at_ms", figures.startedNanos() - exchange.receivedNanos());
        if (figures.isReplayed()) {
            out.writeBooleanField("replayed", true);
        }
        long[] stamps = {figures.slotNanos(), figures.readyNanos(), figures.headNanos(),
            figures.contentNanos()};
        long since = figures.startedNanos();
        String rest = PHASES[0];
        out.writeObjectFieldStart("phases");
        for (int i = 0; i < stamps.length && stamps[i] != 0; i++) {
            millis(out, PHASES[i], Math.max(0, stamps[i] - since));
            since = Math.max(since, stamps[i]);
            rest = i < 2 ? PHASES[i + 1] : REPLY; // an error is read as any reply
        }
        long ended = figures.endedNanos() == 0 ? exchange.endedNanos() : figures.endedNanos();
        millis(out, rest, Math.max(0, ended - since));
        out.writeEndObject();
    }

    private static void usage(JsonGenerator out, @Nullable TokenUsage usage) throws IOException {
        if (usage != null) {
            out.writeObjectFieldStart("usage");
            out.writeNumberField("prompt", usage.prompt());
            out.writeNumberField("completion", usage.completion());
            out.writeNumberField("cached", usage.cached());
            out.writeNumberField("reasoning", usage.reasoning());
            out.writeBooleanField("estimated", usage.estimated());
            out.writeEndObject();
        }
    }

    private static @Nullable String name(@Nullable Api api) {
        return api == null ? null : api.name().toLowerCase(Locale.ROOT);
    }

    private static void millis(JsonGenerator out, String name, long nanos) throws IOException {
        out.writeNumberField(name, Math.floorDiv(nanos, 1000) / 1000.0);
    }
}

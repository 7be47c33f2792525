package io.penstock.observe;

import io.penstock.json.JsonText;
import io.penstock.provider.Api;
import io.penstock.usage.TokenUsage;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Calls as PostHog's events for LLM analytics: {@code $ai_generation} or {@code $ai_embedding} for
 * each attempt, and {@code $ai_trace} above them where there are several (posthog.com/docs, LLM
 * analytics, manual capture).
 *
 * <p><b>Thread:</b> confined to the thread that sends.
 */
final class PostHogEvents {
    private static final int NANO_DIGITS = 9;
    private static final int MILLI_NANOS_DIGITS = 3;

    private final String apiKey;

    /** A provider's type, and where its API starts. */
    record Origin(String type, String baseUrl) {}

    PostHogEvents(String apiKey) {
        this.apiKey = apiKey;
    }

    /** The body of a request that tells of these calls. */
    String batch(List<AiCall> calls, Map<String, Origin> origins) {
        StringBuilder out = new StringBuilder(1024 * (calls.size() + 1));
        JsonText.quote(out.append("{\"api_key\":"), apiKey);
        out.append(",\"historical_migration\":false,\"batch\":[");
        for (AiCall call : calls) {
            append(out, call, origins);
        }
        return out.append("]}").toString();
    }

    private static void append(StringBuilder out, AiCall call, Map<String, Origin> origins) {
        boolean hasTrace = call.tries().size() > 1;
        if (hasTrace) {
            begin(out, "$ai_trace", call, call.endedMillis());
            text(out, "$ai_span_name", name(call.api()));
            number(out, "$ai_latency", seconds(call.durationNanos()));
            flag(out, "$ai_is_error", isError(call));
            if (isError(call)) {
                text(out, "$ai_error", call.detail() == null ? call.outcome() : call.detail());
            }
            number(out, "$ai_http_status", Integer.toString(call.status()));
            end(out, call);
        }
        for (int i = 0; i < call.tries().size(); i++) {
            AiCall.Try each = call.tries().get(i);
            begin(out, call.api() == Api.EMBEDDINGS ? "$ai_embedding" : "$ai_generation", call,
                    each.endedMillis());
            text(out, "$ai_span_id", call.traceId() + "-" + (i + 1));
            text(out, "$ai_span_name", name(call.api()));
            if (hasTrace) {
                text(out, "$ai_parent_id", call.traceId());
            }
            append(out, call, each, origins.get(each.provider()));
            end(out, call);
        }
    }

    private static void append(StringBuilder out, AiCall call, AiCall.Try of,
            @Nullable Origin origin) {
        text(out, "$ai_model", of.model());
        text(out, "$ai_provider", origin == null || origin.type().equals("openai-compatible")
                ? of.provider() : origin.type());
        if (origin != null) {
            text(out, "$ai_base_url", origin.baseUrl());
        }
        text(out, "penstock_provider", of.provider());
        text(out, "penstock_outcome", of.outcome());
        flag(out, "$ai_stream", call.stream());
        number(out, "$ai_latency", seconds(of.durationNanos()));
        if (call.stream() && of.firstContentNanos() >= 0) {
            number(out, "$ai_time_to_first_token", seconds(of.firstContentNanos()));
        }
        if (of.status() != 0) {
            number(out, "$ai_http_status", Integer.toString(of.status()));
        }
        flag(out, "$ai_is_error", of.failed());
        if (of.failed()) {
            text(out, "$ai_error", of.outcome());
        }
        TokenUsage usage = of.usage();
        if (usage != null) {
            number(out, "$ai_input_tokens", Long.toString(usage.prompt()));
            if (call.api() != Api.EMBEDDINGS) {
                number(out, "$ai_output_tokens", Long.toString(usage.completion()));
                number(out, "$ai_cache_read_input_tokens", Long.toString(usage.cached()));
                number(out, "$ai_reasoning_tokens", Long.toString(usage.reasoning()));
            }
            flag(out, "penstock_estimated", usage.estimated());
        }
        if (of.nanoDollars() > 0) {
            number(out, "$ai_total_cost_usd", BigDecimal.valueOf(of.nanoDollars(), NANO_DIGITS)
                    .stripTrailingZeros().toPlainString());
        }
    }

    /** With an id of its own, by which PostHog knows an event that is sent twice. */
    private static void begin(StringBuilder out, String event, AiCall call, long millis) {
        out.append(out.charAt(out.length() - 1) == '[' ? "" : ",").append("{\"event\":\"")
                .append(event).append("\",\"uuid\":\"").append(UUID.randomUUID())
                .append("\",\"timestamp\":\"").append(Instant.ofEpochMilli(millis))
                .append("\",\"distinct_id\":");
        JsonText.quote(out, call.caller() == null ? "anonymous" : call.caller());
        JsonText.quote(out.append(",\"properties\":{\"$ai_trace_id\":"), call.traceId());
    }

    private static void end(StringBuilder out, AiCall call) {
        text(out, "$ai_lib", "penstock");
        text(out, "penstock_request_id", call.requestId());
        text(out, "penstock_requested_model", call.model());
        if (call.caller() == null) {
            flag(out, "$process_person_profile", false); // nobody in particular
        }
        out.append("}}");
    }

    /** A caller that went is no error of the call. */
    private static boolean isError(AiCall call) {
        return !call.outcome().equals("ok") && call.status() != 499;
    }

    private static void text(StringBuilder out, String name, @Nullable String value) {
        JsonText.quote(out.append(",\"").append(name).append("\":"), value);
    }

    private static void number(StringBuilder out, String name, String value) {
        out.append(",\"").append(name).append("\":").append(value);
    }

    private static void flag(StringBuilder out, String name, boolean value) {
        out.append(",\"").append(name).append("\":").append(value);
    }

    /** With microseconds. */
    private static String seconds(long nanos) {
        return BigDecimal.valueOf(Math.max(0, TimeUnit.NANOSECONDS.toMicros(nanos)),
                NANO_DIGITS - MILLI_NANOS_DIGITS).toPlainString();
    }

    private static String name(Api api) {
        return api.name().toLowerCase(Locale.ROOT);
    }
}

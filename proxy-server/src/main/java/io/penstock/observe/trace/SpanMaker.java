package io.penstock.observe.trace;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.TraceStateBuilder;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.IdGenerator;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanLimits;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.penstock.exchange.call.Ask;
import io.penstock.observe.AttemptResult;
import io.penstock.provider.Api;
import io.penstock.trace.AttemptSpan;
import io.penstock.trace.RequestTrace;
import io.penstock.usage.TokenUsage;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Makes the spans of a finished exchange: one of the request, and below it one of each attempt, at
 * the times and under the ids that they had.
 *
 * <p><b>Thread:</b> confined to the exporting thread.
 * <br><b>Bounds:</b> {@value #MAX_TEXT_CHARS} characters of each text.
 */
final class SpanMaker {
    static final String HOLD = "penstock.hold";
    static final String COMMIT = "penstock.commit";
    static final String SENT = "penstock.sent";
    static final String HEDGE = "penstock.hedge";
    static final String CONTINUATION = "penstock.continuation";

    private static final int MAX_TEXT_CHARS = 1024;
    private static final double NANOS_A_SECOND = 1e9;
    private static final Set<String> METHODS = Set.of("CONNECT", "DELETE", "GET", "HEAD",
            "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE");
    private static final Map<String, String> PROVIDERS = Map.of("gemini", "gcp.gemini",
            "azure", "azure.ai.openai", "bedrock", "aws.bedrock", "mistral", "mistral_ai",
            "xai", "x_ai");

    /** Gives the ids that were fixed long ago. */
    private static final class FixedIds implements IdGenerator {
        private String traceId = "";
        private String spanId = "";

        @Override
        public String generateTraceId() {
            return traceId;
        }

        @Override
        public String generateSpanId() {
            return spanId;
        }
    }

    /** Keeps the spans that have ended. */
    private static final class Ended implements SpanProcessor {
        private List<SpanData> spans = new ArrayList<>();

        @Override
        public void onStart(Context parentContext, ReadWriteSpan span) {}

        @Override
        public boolean isStartRequired() {
            return false;
        }

        @Override
        public void onEnd(ReadableSpan span) {
            spans.add(span.toSpanData());
        }

        @Override
        public boolean isEndRequired() {
            return true;
        }
    }

    private final FixedIds ids = new FixedIds();
    private final Ended ended = new Ended();
    private final Tracer tracer;

    /** What describes the process goes with every span. */
    SpanMaker(Resource resource, String version) {
        tracer = SdkTracerProvider.builder()
                .setResource(resource)
                .setIdGenerator(ids)
                .setSampler(Sampler.alwaysOn()) // that was decided when the request came
                .setSpanLimits(SpanLimits.builder().setMaxAttributeValueLength(MAX_TEXT_CHARS)
                        .build())
                .addSpanProcessor(ended)
                .build()
                .tracerBuilder("io.penstock").setInstrumentationVersion(version).build();
    }

    /** The spans made since the last time. */
    List<SpanData> take() {
        List<SpanData> taken = ended.spans;
        ended.spans = new ArrayList<>();
        return taken;
    }

    void add(TracedExchange exchange) {
        RequestTrace trace = exchange.trace();
        TraceState state = state(trace.state());
        ids.traceId = trace.traceId();
        ids.spanId = trace.spanId();
        SpanBuilder builder = builder(name(trace), SpanKind.SERVER, exchange,
                exchange.receivedNanos());
        if (trace.parentId() == null) {
            builder.setNoParent();
        } else {
            builder.setParent(Context.root().with(Span.wrap(SpanContext.createFromRemoteParent(
                    trace.traceId(), trace.parentId(), TraceFlags.getSampled(), state))));
        }
        Span request = builder.startSpan();
        tell(request, exchange);
        for (TracedAttempt attempt : exchange.attempts()) {
            addEvent(request, exchange, attempt);
            add(exchange, attempt, state);
        }
        request.end(exchange.epochNanos(exchange.endedNanos()), TimeUnit.NANOSECONDS);
    }

    private SpanBuilder builder(String name, SpanKind kind, TracedExchange exchange,
            long startNanos) {
        return tracer.spanBuilder(name).setSpanKind(kind)
                .setStartTimestamp(exchange.epochNanos(startNanos), TimeUnit.NANOSECONDS);
    }

    private static TraceState state(@Nullable String text) {
        if (text == null) {
            return TraceState.getDefault();
        }
        TraceStateBuilder state = TraceState.builder();
        String[] members = text.split(",", -1);
        for (int i = members.length - 1; i >= 0; i--) { // the builder puts each before the others
            String member = members[i].strip();
            int equals = member.indexOf('=');
            if (equals > 0) {
                state.put(member.substring(0, equals), member.substring(equals + 1));
            }
        }
        return state.build();
    }

    // The request

    private static String name(RequestTrace trace) {
        RequestTrace.Request request = request(trace);
        String method = METHODS.contains(request.method()) ? request.method() : "HTTP";
        return trace.route() == null ? method : method + " " + trace.route();
    }

    private static RequestTrace.Request request(RequestTrace trace) {
        RequestTrace.Request request = trace.request();
        if (request == null) {
            throw new IllegalArgumentException("a trace that is not sampled");
        }
        return request;
    }

    private static void tell(Span span, TracedExchange exchange) {
        RequestTrace.Request request = request(exchange.trace());
        put(span, SpanField.METHOD,
                METHODS.contains(request.method()) ? request.method() : "_OTHER");
        put(span, SpanField.PATH, request.path());
        put(span, SpanField.SCHEME, request.tls() ? "https" : "http");
        put(span, SpanField.ROUTE, exchange.trace().route());
        put(span, SpanField.USER_AGENT, request.userAgent());
        put(span, SpanField.STATUS, (long) exchange.status());
        put(span, SpanField.REQUEST_ID, exchange.requestId());
        put(span, SpanField.CALLER, exchange.caller());
        put(span, SpanField.MODEL, exchange.model());
        put(span, SpanField.STREAM, exchange.stream());
        put(span, SpanField.SERVED_BY, exchange.servedBy());
        put(span, SpanField.ATTEMPTS, (long) exchange.attempts().size());
        put(span, SpanField.SKIPPED, exchange.skipped().isEmpty() ? null : exchange.skipped());
        put(span, SpanField.FIRST_CONTENT, exchange.firstContentNanos() < 0 ? null
                : seconds(exchange.firstContentNanos()));
        if (exchange.stages() != null) {
            put(span, SpanField.RECEIVE, seconds(exchange.stages().receive()));
            put(span, SpanField.QUEUE, seconds(exchange.stages().queue()));
            put(span, SpanField.PROVIDER_STAGE, seconds(exchange.stages().provider()));
            put(span, SpanField.PROXY_STAGE, seconds(exchange.stages().proxy()));
        }
        put(span, SpanField.CACHE, exchange.cache() == null ? null : exchange.cache().word());
        put(span, SpanField.COST, exchange.nanoDollars() == 0 ? null
                : exchange.nanoDollars() / NANOS_A_SECOND);
        if (exchange.failure() != null) {
            put(span, SpanField.ERROR, exchange.failure().code());
            if (exchange.failure().status() >= 500) { // what callers do wrong is no error here
                span.setStatus(StatusCode.ERROR);
            }
        } else if (exchange.status() >= 500) {
            put(span, SpanField.ERROR, Integer.toString(exchange.status()));
            span.setStatus(StatusCode.ERROR);
        }
    }

    private static void addEvent(Span request, TracedExchange exchange, TracedAttempt attempt) {
        String name = attempt.why() == Ask.Why.HEDGE ? HEDGE
                : attempt.why() == Ask.Why.CONTINUE ? CONTINUATION : null;
        if (name != null) {
            request.addEvent(name, Attributes.of(SpanField.TARGET.key(),
                    attempt.provider() + "/" + attempt.model()),
                    exchange.epochNanos(attempt.startedNanos()), TimeUnit.NANOSECONDS);
        }
    }

    // An attempt

    private void add(TracedExchange exchange, TracedAttempt attempt, TraceState state) {
        RequestTrace trace = exchange.trace();
        String operation = operation(attempt.api());
        String name = operation == null ? request(trace).method()
                : operation + " " + attempt.model();
        ids.spanId = attempt.span().id();
        SpanBuilder builder = builder(name, SpanKind.CLIENT, exchange, attempt.startedNanos())
                .setParent(Context.root().with(Span.wrap(SpanContext.create(trace.traceId(),
                        trace.spanId(), TraceFlags.getSampled(), state))));
        AttemptSpan beside = attempt.span().beside();
        if (beside != null) {
            builder.addLink(SpanContext.create(trace.traceId(), beside.id(),
                    TraceFlags.getSampled(), state));
        }
        Span span = builder.startSpan();
        put(span, SpanField.OPERATION, operation);
        tell(span, attempt);
        addEvent(span, SENT, exchange, attempt.readyNanos());
        addEvent(span, HOLD, exchange, attempt.headNanos());
        addEvent(span, COMMIT, exchange, attempt.contentNanos());
        span.end(exchange.epochNanos(attempt.endedNanos()), TimeUnit.NANOSECONDS);
    }

    private static void addEvent(Span span, String name, TracedExchange exchange, long nanos) {
        if (nanos != 0) {
            span.addEvent(name, exchange.epochNanos(nanos), TimeUnit.NANOSECONDS);
        }
    }

    private static void tell(Span span, TracedAttempt attempt) {
        put(span, SpanField.GEN_AI_PROVIDER,
                PROVIDERS.getOrDefault(attempt.type(), attempt.type()));
        put(span, SpanField.REQUEST_MODEL, attempt.model());
        put(span, SpanField.REQUEST_STREAM, attempt.stream() ? true : null);
        put(span, SpanField.FIRST_CHUNK, !attempt.stream() || attempt.contentNanos() == 0
                || attempt.status() / 100 != 2 ? null
                : seconds(attempt.contentNanos() - attempt.readyNanos()));
        tell(span, attempt.usage());
        URI url = attempt.baseUrl();
        put(span, SpanField.SERVER_ADDRESS, url.getHost());
        put(span, SpanField.SERVER_PORT, url.getPort() >= 0 ? (long) url.getPort()
                : "https".equals(url.getScheme()) ? 443L : 80L);
        put(span, SpanField.STATUS, attempt.status() == 0 ? null : (long) attempt.status());
        put(span, SpanField.PROVIDER, attempt.provider());
        put(span, SpanField.WHY, attempt.why().name().toLowerCase(Locale.ROOT));
        put(span, SpanField.OUTCOME, attempt.outcome());
        put(span, SpanField.REPLAYED, attempt.replayed() ? true : null);
        if (AttemptResult.of(attempt.outcome()) == AttemptResult.FAILED) {
            put(span, SpanField.ERROR, attempt.outcome());
            span.setStatus(StatusCode.ERROR);
        }
    }

    private static void tell(Span span, @Nullable TokenUsage usage) {
        if (usage == null) {
            return;
        }
        put(span, SpanField.INPUT_TOKENS, usage.prompt());
        put(span, SpanField.OUTPUT_TOKENS, usage.completion());
        put(span, SpanField.CACHED_TOKENS, usage.cached() == 0 ? null : usage.cached());
        put(span, SpanField.REASONING_TOKENS, usage.reasoning() == 0 ? null : usage.reasoning());
        put(span, SpanField.ESTIMATED, usage.estimated() ? true : null);
    }

    private static @Nullable String operation(@Nullable Api api) {
        return api == null ? null : switch (api) {
            case CHAT, RESPONSES, MESSAGES, CONVERSE -> "chat";
            case COMPLETIONS -> "text_completion";
            case EMBEDDINGS -> "embeddings";
            case GEMINI -> "generate_content";
            case COUNT_TOKENS, GEMINI_COUNT_TOKENS -> "count_tokens";
        };
    }

    private static <T> void put(Span span, SpanField<T> field, @Nullable T value) {
        if (value != null) {
            span.setAttribute(field.key(), value);
        }
    }

    private static double seconds(long nanos) {
        return nanos / NANOS_A_SECOND;
    }
}

package io.penstock.admin;

import io.netty.util.concurrent.Ticker;
import io.penstock.answer.LocalReply;
import io.penstock.caller.Caller;
import io.penstock.failure.Failure;
import io.penstock.http.Field;
import io.penstock.http.RequestHead;
import io.penstock.json.JsonText;
import io.penstock.listen.DownstreamStream;
import io.penstock.listen.OpenRequest;
import io.penstock.observe.LoopWatch.Viewer;
import io.penstock.translate.ReplyFormat;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderKey;
import io.penstock.upstream.TargetHealth;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The pages that the proxy answers itself: health, models, providers, metrics.
 *
 * <p><b>Thread:</b> safe.
 */
public final class StatusPages {
    private static final String BUILD = ",\"version\":\"" + Build.THIS.version()
            + "\",\"commit\":\"" + Build.THIS.commit() + "\",\"built\":\"" + Build.THIS.built()
            + "\",\"uptime_seconds\":";
    private static final int MAX_TARGETS = 1000; // of one provider
    private static final String MODEL_PREFIX = "/v1/models/";

    private final ServerState state;
    private final boolean operator;
    private final MetricsPage metrics;
    private final UsagePage usage;

    /** {@code operator} shows what only whoever runs the proxy should see. */
    public StatusPages(ServerState state, boolean operator) {
        this.state = state;
        this.operator = operator;
        metrics = new MetricsPage(state, operator);
        usage = new UsagePage(state);
    }

    public boolean isPage(String path) {
        return isPublic(path) || path.equals("/v1/models") || isModel(path)
                || path.equals("/models") || path.equals("/providers")
                || path.equals(MetricsPage.PATH) || Console.isData(path, operator)
                || !operator && path.equals(UsagePage.CALLERS_PATH);
    }

    private static boolean isModel(String path) {
        return path.startsWith(MODEL_PREFIX) && path.length() > MODEL_PREFIX.length();
    }

    /** Whether no credential is asked for. */
    public boolean isPublic(String path) {
        return switch (path) {
            case "/", "/health", "/health/live", "/health/ready" -> true;
            default -> Console.isFile(path);
        };
    }

    /**
     * Answers a page, perhaps a little later. Models are told as Anthropic's clients expect them
     * where the request carries their version, else as OpenAI's do. Returns a request that stays
     * open, or null where the page is all.
     */
    public @Nullable OpenRequest answer(DownstreamStream to, LocalReply reply, String path,
            RequestHead head, Caller caller, String requestId) {
        boolean anthropic = head.has(Field.ANTHROPIC_VERSION);
        if (Console.isFile(path)) {
            state.console().answerFile(to, reply, path, head.value(Field.ACCEPT_ENCODING),
                    operator, requestId);
            return null;
        }
        if (Console.isData(path, operator)) {
            return state.console().answerData(to, reply, path, head.isMethod("HEAD"), operator,
                    operator ? Viewer.OPERATOR : Viewer.of(caller), requestId);
        }
        switch (path) {
            case "/", "/health", "/health/live" -> reply.json(to, 200, requestId, health("ok"));
            case "/health/ready" -> {
                boolean ready = state.isReady();
                reply.json(to, ready ? 200 : 503, requestId, health(ready ? "ok" : "draining"));
            }
            case "/v1/models", "/models" -> reply.json(to, 200, requestId,
                    anthropic ? modelsOfAnthropic(caller) : models(caller));
            case "/providers" -> reply.json(to, 200, requestId, providers());
            case MetricsPage.PATH ->
                metrics.answer(to, reply, head.value(Field.ACCEPT), requestId);
            case UsagePage.CALLERS_PATH -> usage.answerOwn(to, reply, caller, requestId);
            default -> model(to, reply, path.substring(MODEL_PREFIX.length()), caller, requestId,
                    anthropic);
        }
        return null;
    }

    private String health(String status) {
        return "{\"status\":\"" + status + "\"" + BUILD
                + TimeUnit.NANOSECONDS.toSeconds(state.uptimeNanos()) + "}";
    }

    private String models(Caller caller) {
        StringBuilder out = new StringBuilder("{\"object\":\"list\",\"data\":[");
        boolean first = true;
        for (String model : state.router().models()) {
            if (caller.mayUse(model)) {
                out.append(first ? "" : ",");
                describe(out, model);
                first = false;
            }
        }
        return out.append("]}").toString();
    }

    /** One page of all: there are few enough. */
    private String modelsOfAnthropic(Caller caller) {
        List<String> names = state.router().models().stream().filter(caller::mayUse).toList();
        StringBuilder out = new StringBuilder("{\"data\":[");
        for (String name : names) {
            describeToAnthropic(out.append(out.charAt(out.length() - 1) == '[' ? "" : ","), name);
        }
        out.append("],\"has_more\":false,\"first_id\":");
        quoteOrNull(out, names.isEmpty() ? null : names.get(0)).append(",\"last_id\":");
        return quoteOrNull(out, names.isEmpty() ? null : names.get(names.size() - 1)).append('}')
                .toString();
    }

    private static StringBuilder quoteOrNull(StringBuilder out,
            @Nullable String text) {
        return text == null ? out.append("null") : JsonText.quote(out, text);
    }

    private static StringBuilder describeToAnthropic(StringBuilder out, String model) {
        JsonText.quote(out.append("{\"type\":\"model\",\"id\":"), model);
        return JsonText.quote(out.append(",\"display_name\":"), model)
                .append(",\"created_at\":\"1970-01-01T00:00:00Z\"}"); // unknown, as they say it
    }

    /** The name as it stands in the path, percent-encoded or not; null for none of that name. */
    private @Nullable String find(String inPath, Caller caller) {
        for (String name : new String[] {inPath, decoded(inPath)}) {
            if (name != null && caller.mayUse(name) && state.router().find(name) != null) {
                return name;
            }
        }
        return null;
    }

    private static @Nullable String decoded(String inPath) {
        try {
            return URLDecoder.decode(inPath.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return null; // a percent sign that begins nothing
        }
    }

    private void model(DownstreamStream to, LocalReply reply, String inPath, Caller caller,
            String requestId, boolean anthropic) {
        String found = find(inPath, caller);
        String name = found == null ? inPath : found;
        if (found != null) {
            StringBuilder out = new StringBuilder();
            reply.json(to, 200, requestId, (anthropic ? describeToAnthropic(out, name)
                    : describe(out, name)).toString());
        } else {
            ReplyFormat format = anthropic ? ReplyFormat.MESSAGES : ReplyFormat.CHAT;
            reply.error(to, format, new Failure(Failure.Kind.MODEL_NOT_FOUND,
                    "The model '" + name + "' does not exist here, or is not open to this key.",
                    "model", null), requestId, null);
        }
    }

    private StringBuilder describe(StringBuilder out, String model) {
        JsonText.quote(out.append("{\"id\":"), model).append(
                ",\"object\":\"model\",\"created\":0,\"owned_by\":");
        return JsonText.quote(out, state.router().ownerOf(model)).append('}');
    }

    private String providers() {
        StringBuilder out = new StringBuilder("{\"providers\":[");
        boolean first = true;
        for (Provider provider : state.providers()) {
            describe(out.append(first ? "" : ","), provider);
            first = false;
        }
        return out.append("]}").toString();
    }

    private void describe(StringBuilder out, Provider provider) {
        var settings = provider.settings();
        JsonText.quote(out.append("{\"name\":"), settings.name()).append(",\"type\":\"")
                .append(provider.typeName()).append("\",\"base_url\":");
        JsonText.quote(out, settings.baseUrl().toString()).append(",\"enabled\":")
                .append(settings.enabled()).append(",\"priority\":").append(settings.priority())
                .append(",\"models\":[");
        for (String model : settings.models()) {
            out.append(out.charAt(out.length() - 1) == '[' ? "" : ",");
            JsonText.quote(out, model);
        }
        long now = Ticker.systemTicker().nanoTime(); // the clock of the event loops
        long rest = provider.keys().readyInNanos(now);
        out.append("],\"cooldown_until\":").append(until(rest)).append(",\"in_flight\":")
                .append(state.inFlight(provider)).append(",\"waiting\":")
                .append(state.waiting(provider)).append(",\"concurrency_limit\":")
                .append(provider.load().slots() == null ? "null"
                        : provider.load().slots().limit()).append(",\"connections_opened\":")
                .append(state.connectionsOpened(provider)).append(",\"keys\":[");
        for (ProviderKey key : provider.keys().keys()) {
            out.append(out.charAt(out.length() - 1) == '[' ? "" : ",");
            JsonText.quote(out.append("{\"key\":"), key.masked()).append(",\"cooldown_until\":")
                    .append(until(key.restNanos(now)));
            appendCooldowns(out, provider, key.restsOfModels(now));
            out.append('}');
        }
        out.append(']');
        appendCooldowns(out, provider, provider.keys().restsOfModels(now));
        out.append(",\"last_error\":");
        Provider.LastError error = provider.lastError();
        if (error == null) {
            out.append("null");
        } else {
            JsonText.quote(out.append("{\"outcome\":"), error.outcome()).append(",\"at\":\"")
                    .append(Instant.ofEpochMilli(error.atMillis())).append('"');
            if (operator) { // it may quote what a provider says of the proxy's own key
                JsonText.quote(out.append(",\"detail\":"), error.detail());
            }
            out.append('}');
        }
        appendTargets(out, provider, now);
        out.append('}');
    }

    /** Until when single models rest; shown to the same callers as {@link #appendTargets}. */
    private void appendCooldowns(StringBuilder out, Provider provider, Map<String, Long> rests) {
        out.append(",\"cooldowns\":[");
        rests.forEach((model, rest) -> {
            if (operator || provider.isConfigured(model)) {
                out.append(out.charAt(out.length() - 1) == '[' ? "" : ",");
                JsonText.quote(out.append("{\"model\":"), model).append(",\"until\":")
                        .append(until(rest)).append('}');
            }
        });
        out.append(']');
    }

    /**
     * How each model is: of those that only callers have named, none is shown to other callers.
     */
    private void appendTargets(StringBuilder out, Provider provider, long now) {
        String worst = "closed";
        StringBuilder targets = new StringBuilder();
        int shown = 0;
        for (TargetHealth health : provider.health()) {
            String breaker = health.breakerState();
            if (health.isConfigured() && !breaker.equals("closed")) {
                worst = worst.equals("open") ? worst : breaker;
            }
            if ((operator || health.isConfigured()) && shown++ < MAX_TARGETS) {
                describe(targets.append(shown == 1 ? "" : ","), health, breaker, now);
            }
        }
        out.append(",\"breaker\":\"").append(worst).append("\",\"targets\":[").append(targets)
                .append(']');
    }

    private static void describe(StringBuilder out, TargetHealth health, String breaker,
            long now) {
        JsonText.quote(out.append("{\"model\":"), health.model()).append(",\"breaker\":\"")
                .append(breaker).append("\",\"failure_ratio\":")
                .append(Math.round(health.failureRatio(now) * 1000) / 1000.0)
                .append(",\"cooldown_until\":").append(until(health.readyInNanos(now)))
                .append(",\"in_flight\":").append(health.inFlight());
        appendTimes(out.append(",\"ttft_ms\":"), health, true, now);
        appendTimes(out.append(",\"unary_ms\":"), health, false, now);
        out.append('}');
    }

    /** Percentiles of the last minutes; null while too little is known. */
    private static void appendTimes(StringBuilder out, TargetHealth health, boolean stream,
            long now) {
        long median = health.firstContentNanos(0.5, stream, now);
        if (median < 0) {
            out.append("null");
            return;
        }
        out.append("{\"p50\":").append(millis(median)).append(",\"p99\":")
                .append(millis(health.firstContentNanos(0.99, stream, now))).append('}');
    }

    private static double millis(long nanos) {
        return Math.floorDiv(nanos, 100_000) / 10.0;
    }

    /** A time in quotes; null if there is no rest. */
    private static String until(long restNanos) {
        return restNanos == 0 ? "null" : "\"" + Instant.now().plusNanos(restNanos) + "\"";
    }
}

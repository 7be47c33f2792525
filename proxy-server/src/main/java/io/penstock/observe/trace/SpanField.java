package io.penstock.observe.trace;

import io.opentelemetry.api.common.AttributeKey;
import java.util.List;

/**
 * What spans tell, under OpenTelemetry's names where there are such: HTTP's of the semantic
 * conventions 1.44.0, those of generative AI of their release 0.1.0.
 *
 * @param key the attribute
 * @param meaning as the documentation says it
 */
record SpanField<T>(AttributeKey<T> key, String meaning) {
    static final SpanField<String> METHOD = text("http.request.method",
            "The request's method; `_OTHER` for one that is not registered");
    static final SpanField<String> PATH = text("url.path",
            "Its path, without the query; of it 256 characters");
    static final SpanField<String> SCHEME = text("url.scheme", "`http` or `https`");
    static final SpanField<String> ROUTE = text("http.route",
            "The endpoint's path; not there for a path of no endpoint");
    static final SpanField<String> USER_AGENT = text("user_agent.original",
            "The caller's `user-agent`, of it 256 characters");
    static final SpanField<Long> STATUS = number("http.response.status_code",
            "The status that the caller got, 499 if it had gone; of an attempt, the provider's");
    static final SpanField<String> ERROR = text("error.type",
            "The error code of a request that failed; of an attempt that failed by the provider's "
                    + "doing, its outcome");

    static final SpanField<String> REQUEST_ID = text("penstock.request.id",
            "The value of `x-request-id`");
    static final SpanField<String> CALLER = text("penstock.caller",
            "Who called, as in the access log");
    static final SpanField<String> MODEL = text("penstock.model", "The model that was asked for");
    static final SpanField<Boolean> STREAM = flag("penstock.stream",
            "Whether a stream was asked for");
    static final SpanField<String> SERVED_BY = text("penstock.served_by",
            "The target whose reply the caller got");
    static final SpanField<Long> ATTEMPTS = number("penstock.attempts", "How many were made");
    static final SpanField<List<String>> SKIPPED = texts("penstock.targets_skipped",
            "Targets that were passed over, each with the reason");
    static final SpanField<Double> FIRST_CONTENT = decimal("penstock.first_content",
            "Seconds to the first content for the caller");
    static final SpanField<Double> RECEIVE = decimal("penstock.stage.receive",
            "Seconds that the request took to come");
    static final SpanField<Double> QUEUE = decimal("penstock.stage.queue",
            "Seconds that it waited for a slot");
    static final SpanField<Double> PROVIDER_STAGE = decimal("penstock.stage.provider",
            "Seconds that it waited for providers, until the reply began");
    static final SpanField<Double> PROXY_STAGE = decimal("penstock.stage.proxy",
            "Seconds of the proxy's own");
    static final SpanField<String> CACHE = text("penstock.cache",
            "What the response cache was to the call, as in `x-penstock-cache`");
    static final SpanField<Double> COST = decimal("penstock.cost_usd",
            "What all attempts cost, where prices are configured");

    static final SpanField<String> OPERATION = text("gen_ai.operation.name",
            "`chat`, `text_completion`, `embeddings`, `generate_content` or `count_tokens`, by the "
                    + "API in which the provider is asked; not there for what is passed through");
    static final SpanField<String> GEN_AI_PROVIDER = text("gen_ai.provider.name",
            "By the provider's type, such as `openai`, `anthropic`, `gcp.gemini`, "
                    + "`azure.ai.openai`, `aws.bedrock`; a type without a name there has its own");
    static final SpanField<String> REQUEST_MODEL = text("gen_ai.request.model",
            "The target's model");
    static final SpanField<Boolean> REQUEST_STREAM = flag("gen_ai.request.stream",
            "True for a stream, else not there");
    static final SpanField<Double> FIRST_CHUNK = decimal("gen_ai.response.time_to_first_chunk",
            "Seconds from the moment that the request went out to the first content of a stream");
    static final SpanField<Long> INPUT_TOKENS = number("gen_ai.usage.input_tokens",
            "Tokens of the prompt, cached ones included");
    static final SpanField<Long> OUTPUT_TOKENS = number("gen_ai.usage.output_tokens",
            "Tokens of the answer, reasoning included");
    static final SpanField<Long> CACHED_TOKENS = number("gen_ai.usage.cache_read.input_tokens",
            "Of those of the prompt, what came from the provider's cache");
    static final SpanField<Long> REASONING_TOKENS = number("gen_ai.usage.reasoning.output_tokens",
            "Of those of the answer, what was reasoning");
    static final SpanField<Boolean> ESTIMATED = flag("penstock.usage.estimated",
            "True where the provider reported no usage, and it was estimated");
    static final SpanField<String> SERVER_ADDRESS = text("server.address", "The provider's host");
    static final SpanField<Long> SERVER_PORT = number("server.port", "Its port");
    static final SpanField<String> PROVIDER = text("penstock.provider",
            "The provider's name in the configuration");
    static final SpanField<String> WHY = text("penstock.attempt.why",
            "`first`, `again` (the same target once more), `next`, `hedge` or `continue`");
    static final SpanField<String> OUTCOME = text("penstock.attempt.outcome",
            "The status of the reply, or what happened instead, as in `x-penstock-attempts`");
    static final SpanField<Boolean> REPLAYED = flag("penstock.attempt.replayed",
            "True where the request went out twice, since a used connection was closed first");
    static final SpanField<String> TARGET = text("penstock.target",
            "Of an event: the target that was asked");

    /** Of the span of a request. */
    static final List<SpanField<?>> OF_REQUESTS = List.of(METHOD, PATH, SCHEME, ROUTE, USER_AGENT,
            STATUS, ERROR, REQUEST_ID, CALLER, MODEL, STREAM, SERVED_BY, ATTEMPTS, SKIPPED,
            FIRST_CONTENT, RECEIVE, QUEUE, PROVIDER_STAGE, PROXY_STAGE, CACHE, COST,
            TARGET);

    /** Of the span of an attempt. */
    static final List<SpanField<?>> OF_ATTEMPTS = List.of(OPERATION, GEN_AI_PROVIDER,
            REQUEST_MODEL, REQUEST_STREAM, FIRST_CHUNK, INPUT_TOKENS, OUTPUT_TOKENS,
            CACHED_TOKENS, REASONING_TOKENS, ESTIMATED, SERVER_ADDRESS, SERVER_PORT, STATUS, ERROR,
            PROVIDER, WHY, OUTCOME, REPLAYED);

    private static SpanField<String> text(String name, String meaning) {
        return new SpanField<>(AttributeKey.stringKey(name), meaning);
    }

    private static SpanField<List<String>> texts(String name, String meaning) {
        return new SpanField<>(AttributeKey.stringArrayKey(name), meaning);
    }

    private static SpanField<Long> number(String name, String meaning) {
        return new SpanField<>(AttributeKey.longKey(name), meaning);
    }

    private static SpanField<Double> decimal(String name, String meaning) {
        return new SpanField<>(AttributeKey.doubleKey(name), meaning);
    }

    private static SpanField<Boolean> flag(String name, String meaning) {
        return new SpanField<>(AttributeKey.booleanKey(name), meaning);
    }
}

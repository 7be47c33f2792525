package io.penstock.translate.request;

import static io.penstock.translate.request.ChatDialect.Can.*;

import java.util.Locale;
import java.util.Set;

/**
 * How a provider's chat completions differ from OpenAI's. Only for requests that are translated: a
 * chat request to a chat provider is relayed as it is.
 *
 * <p><b>Thread:</b> immutable.
 */
public enum ChatDialect {
    OPENAI(MAX_COMPLETION_TOKENS, DEVELOPER, STREAM_OPTIONS, SAFETY_IDENTIFIER, JSON_SCHEMA, FILES,
            TEXT_PARTS, SEED, PENALTIES, LOGIT_BIAS, MANY_ANSWERS, ACCOUNT_FIELDS,
            NAMED_EFFORT_BY_MODEL, PARALLEL_FLAG, STRICT_TOOLS, SHORT_IDS),
    AZURE(MAX_COMPLETION_TOKENS, DEVELOPER, STREAM_OPTIONS, END_USER, JSON_SCHEMA, TEXT_PARTS,
            SEED, PENALTIES, LOGIT_BIAS, MANY_ANSWERS, NAMED_EFFORT_BY_MODEL,
            PARALLEL_FLAG, STRICT_TOOLS, SHORT_IDS),
    GROQ(MAX_COMPLETION_TOKENS, STREAM_OPTIONS, END_USER, JSON_SCHEMA, TEXT_PARTS, SEED,
            NAMED_EFFORT_BY_MODEL, PARALLEL_FLAG),
    MISTRAL(JSON_SCHEMA, TEXT_PARTS, RANDOM_SEED, PENALTIES, MANY_ANSWERS,
            MANY_STOPS, PARALLEL_FLAG, STRICT_TOOLS, PREFIX_FLAG, IDS_OF_NINE),
    OLLAMA(STREAM_OPTIONS, JSON_SCHEMA, SEED, PENALTIES, MANY_STOPS, NAMED_EFFORT,
            FETCHES_NOTHING),
    VLLM(STREAM_OPTIONS, JSON_SCHEMA, TEXT_PARTS, SEED, PENALTIES, LOGIT_BIAS,
            MANY_ANSWERS, MANY_STOPS, TOP_K, PARALLEL_FLAG, CONTINUE_FLAGS),
    OPENROUTER(STREAM_OPTIONS, END_USER, JSON_SCHEMA, FILES, TEXT_PARTS, SEED, PENALTIES,
            LOGIT_BIAS, TOP_K, NAMED_EFFORT, PARALLEL_FLAG, STRICT_TOOLS, PREFILL),
    DEEPSEEK(STREAM_OPTIONS, PENALTIES, MANY_STOPS, NAMED_EFFORT, REASONING_BACK),
    XAI(STREAM_OPTIONS, END_USER, JSON_SCHEMA, TEXT_PARTS, SEED, PENALTIES,
            MANY_ANSWERS, PARALLEL_FLAG, NAMED_EFFORT_BY_MODEL),
    TOGETHER(STREAM_OPTIONS, JSON_SCHEMA, TEXT_PARTS, SEED, PENALTIES, LOGIT_BIAS,
            MANY_ANSWERS, TOP_K),
    FIREWORKS(STREAM_OPTIONS, END_USER, JSON_SCHEMA, TEXT_PARTS, SEED, PENALTIES,
            LOGIT_BIAS, MANY_ANSWERS, TOP_K, NAMED_EFFORT, PARALLEL_FLAG),
    GEMINI(STREAM_OPTIONS, JSON_SCHEMA, TEXT_PARTS, PENALTIES, MANY_ANSWERS, NAMED_EFFORT,
            SIGNATURES_BACK),
    /** Somebody's server: what nearly all of them take. */
    COMPATIBLE(STREAM_OPTIONS, END_USER, JSON_SCHEMA, TEXT_PARTS, SEED, PENALTIES,
            LOGIT_BIAS, MANY_ANSWERS, PARALLEL_FLAG);

    /** What a dialect may be capable of. */
    enum Can {
        /** The bound is called {@code max_completion_tokens}. */
        MAX_COMPLETION_TOKENS,
        /** Reasoning models' operator speaks as {@code developer}. */
        DEVELOPER,
        STREAM_OPTIONS, SAFETY_IDENTIFIER, END_USER, JSON_SCHEMA, FILES,
        /** Images have to come with the request. */
        FETCHES_NOTHING,
        /** Content in parts where it is text alone. */
        TEXT_PARTS,
        SEED, RANDOM_SEED, PENALTIES, LOGIT_BIAS, MANY_ANSWERS, MANY_STOPS, TOP_K,
        /** {@code metadata}, {@code store}, {@code service_tier}, caching, moderation and such. */
        ACCOUNT_FIELDS,
        /** {@code reasoning_effort}, whatever the model. */
        NAMED_EFFORT,
        /** {@code reasoning_effort}, where the model is known to think. */
        NAMED_EFFORT_BY_MODEL,
        PARALLEL_FLAG, STRICT_TOOLS,
        /** Goes on from an assistant's last message, as it is or with a flag. */
        PREFILL, PREFIX_FLAG, CONTINUE_FLAGS,
        /** Wants the reasoning of earlier turns back. */
        REASONING_BACK,
        /** Wants its thought signatures back. */
        SIGNATURES_BACK,
        /** Ids of tool calls have exactly nine letters and digits. */
        IDS_OF_NINE,
        /** Ids of tool calls have at most forty characters. */
        SHORT_IDS
    }

    private final Set<Can> abilities;

    ChatDialect(Can... abilities) {
        this.abilities = Set.of(abilities);
    }

    /** The dialect of a provider type's name in the configuration; that of nobody if unknown. */
    public static ChatDialect of(String providerType) {
        for (ChatDialect dialect : values()) {
            if (dialect.name().toLowerCase(Locale.ROOT).equals(providerType)) {
                return dialect;
            }
        }
        return COMPATIBLE;
    }

    boolean can(Can ability) {
        return abilities.contains(ability);
    }
}

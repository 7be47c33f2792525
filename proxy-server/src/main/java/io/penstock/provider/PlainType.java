package io.penstock.provider;

import static io.penstock.provider.Api.CHAT;
import static io.penstock.provider.Api.COMPLETIONS;
import static io.penstock.provider.Api.EMBEDDINGS;
import static io.penstock.provider.Api.RESPONSES;
import static io.penstock.provider.ChatDialect.Can.*;

import java.util.Locale;
import java.util.Set;

/** OpenAI, and those who imitate it closely enough to need no class of their own. */
enum PlainType implements ProviderType {
    /** Answers an assistant's last message instead of going on from it. */
    OPENAI("https://api.openai.com/v1", "OPENAI_API_KEY",
            Set.of(CHAT, COMPLETIONS, RESPONSES, EMBEDDINGS), null, ChatDialect.of(
            MAX_COMPLETION_TOKENS, DEVELOPER, STREAM_OPTIONS, SAFETY_IDENTIFIER, JSON_SCHEMA,
            FILES, TEXT_PARTS, SEED, PENALTIES, LOGIT_BIAS, MANY_ANSWERS,
            ACCOUNT_FIELDS, NAMED_EFFORT_BY_MODEL, PARALLEL_FLAG, STRICT_TOOLS, SHORT_IDS)),
    GROQ("https://api.groq.com/openai/v1", "GROQ_API_KEY", Set.of(CHAT, EMBEDDINGS),
            Prefill.PLAIN, ChatDialect.of(MAX_COMPLETION_TOKENS, STREAM_OPTIONS, END_USER,
            JSON_SCHEMA, TEXT_PARTS, SEED, NAMED_EFFORT_BY_MODEL, PARALLEL_FLAG)) {
        @Override
        public boolean hasToBeAskedForUsage() {
            return false; // it tells it in x_groq in any case
        }

        /**
         * A request beyond the minute's tokens is called too large; a call of a tool that the model
         * got wrong, a bad request.
         */
        @Override
        public ReplyVerdict judge(int status, String body) {
            if (status == 413 && body.contains("rate_limit_exceeded")) {
                return ReplyVerdict.RATE_LIMITED;
            }
            return status == 400 && body.contains("tool_use_failed") ? ReplyVerdict.TRANSIENT
                    : super.judge(status, body);
        }
    },
    MISTRAL("https://api.mistral.ai/v1", "MISTRAL_API_KEY", Set.of(CHAT, EMBEDDINGS),
            new Prefill(",\"prefix\":true", ""), ChatDialect.of(JSON_SCHEMA, TEXT_PARTS,
            RANDOM_SEED, PENALTIES, MANY_ANSWERS, MANY_STOPS, PARALLEL_FLAG, STRICT_TOOLS,
            PREFIX_FLAG, IDS_OF_NINE)) {
        @Override
        public boolean hasToBeAskedForUsage() {
            return false; // it has refused the question, and tells it in any case
        }
    },
    OLLAMA("http://localhost:11434/v1", null, null, Prefill.PLAIN, ChatDialect.of(
            STREAM_OPTIONS, JSON_SCHEMA, SEED, PENALTIES, MANY_STOPS, NAMED_EFFORT,
            FETCHES_NOTHING, REASONING_TEXT_BACK)),
    VLLM("http://localhost:8000/v1", null, null,
            new Prefill("", ",\"continue_final_message\":true,\"add_generation_prompt\":false"),
            ChatDialect.of(STREAM_OPTIONS, JSON_SCHEMA, TEXT_PARTS, SEED, PENALTIES,
            LOGIT_BIAS, MANY_ANSWERS, MANY_STOPS, TOP_K, PARALLEL_FLAG, CONTINUE_FLAGS,
            REASONING_CONTENT_BACK, REASONING_TEXT_BACK)), // older ones read the first
    OPENROUTER("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", null,
            Prefill.PLAIN, ChatDialect.of(STREAM_OPTIONS, END_USER, JSON_SCHEMA, FILES,
            TEXT_PARTS, SEED, PENALTIES, LOGIT_BIAS, TOP_K, NAMED_EFFORT, PARALLEL_FLAG,
            STRICT_TOOLS, PREFILL, REASONING_DETAILS_BACK, CACHE_CONTROL)) {
        /** Most often 403 is its moderation's: no fault of the key's. */
        @Override
        public ReplyVerdict judge(int status, String body) {
            return status == 403 && (body.contains("flagged") || body.contains("moderation"))
                    ? ReplyVerdict.CALLERS_FAULT : super.judge(status, body);
        }
    },
    DEEPSEEK("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", Set.of(CHAT, EMBEDDINGS),
            new Prefill(",\"prefix\":true", ""), ChatDialect.of(STREAM_OPTIONS, PENALTIES,
            MANY_STOPS, NAMED_EFFORT, REASONING_BACK)),
    XAI("https://api.x.ai/v1", "XAI_API_KEY", Set.of(CHAT, COMPLETIONS, RESPONSES, EMBEDDINGS),
            null, ChatDialect.of(STREAM_OPTIONS, END_USER, JSON_SCHEMA, TEXT_PARTS, SEED,
            PENALTIES, MANY_ANSWERS, PARALLEL_FLAG, NAMED_EFFORT_BY_MODEL,
            REASONING_CONTENT_BACK)),
    TOGETHER("https://api.together.xyz/v1", "TOGETHER_API_KEY", null, Prefill.PLAIN,
            ChatDialect.of(STREAM_OPTIONS, JSON_SCHEMA, TEXT_PARTS, SEED, PENALTIES,
            LOGIT_BIAS, MANY_ANSWERS, TOP_K)) {
        /** A prompt that is too long is called forbidden. */
        @Override
        public ReplyVerdict judge(int status, String body) {
            return super.judge(status == 403 && ReplyVerdict.isTooLong(body) ? 400 : status, body);
        }
    },
    FIREWORKS("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", null,
            Prefill.PLAIN, ChatDialect.of(STREAM_OPTIONS, END_USER, JSON_SCHEMA, TEXT_PARTS,
            SEED, PENALTIES, LOGIT_BIAS, MANY_ANSWERS, TOP_K, NAMED_EFFORT,
            PARALLEL_FLAG, REASONING_CONTENT_BACK)),
    OPENAI_COMPATIBLE(null, null, null, Prefill.PLAIN, ChatDialect.COMPATIBLE);

    private final String configName = name().toLowerCase(Locale.ROOT).replace('_', '-');
    private final String defaultBaseUrl;
    private final String defaultKeyEnv;
    private final Set<Api> apis;
    private final Prefill prefill;
    private final ChatDialect dialect;

    /** {@code apis} null for the usual ones. */
    PlainType(String defaultBaseUrl, String defaultKeyEnv, Set<Api> apis, Prefill prefill,
            ChatDialect dialect) {
        this.defaultBaseUrl = defaultBaseUrl;
        this.defaultKeyEnv = defaultKeyEnv;
        this.apis = apis;
        this.prefill = prefill;
        this.dialect = dialect;
    }

    @Override
    public String configName() {
        return configName;
    }

    @Override
    public String defaultBaseUrl() {
        return defaultBaseUrl;
    }

    @Override
    public String defaultKeyEnv() {
        return defaultKeyEnv;
    }

    @Override
    public Set<Api> apis(Site site) {
        return apis == null ? ProviderType.super.apis(site) : apis;
    }

    @Override
    public Prefill prefill() {
        return prefill;
    }

    @Override
    public ChatDialect dialect() {
        return dialect;
    }

    @Override
    public ReplyVerdict judge(int status, String body) {
        return ReplyVerdict.of(status, body);
    }

    @Override
    public String toString() {
        return configName;
    }
}

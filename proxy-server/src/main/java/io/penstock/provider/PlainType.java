package io.penstock.provider;

import static io.penstock.provider.Api.CHAT;
import static io.penstock.provider.Api.COMPLETIONS;
import static io.penstock.provider.Api.EMBEDDINGS;
import static io.penstock.provider.Api.RESPONSES;
import static io.penstock.provider.ChatDialect.Can.*;

import io.penstock.provider.RelayRules.Ids;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

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
        /** Of the provider behind it, whose head it quotes. */
        @Override
        public @Nullable Duration retryAfter(int status, String body) {
            Matcher quoted = QUOTED_WAIT.matcher(body);
            return quoted.find() ? WaitText.read(quoted.group(1), Instant.now()) : null;
        }

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

    private static final Pattern QUOTED_WAIT = Pattern.compile(
            "\"(?:retry-after|x-ratelimit-reset)\"\\s{0,9}:\\s{0,9}\"?([^\"',}]{1,64})",
            Pattern.CASE_INSENSITIVE);

    private final String configName = name().toLowerCase(Locale.ROOT).replace('_', '-');
    private final @Nullable String defaultBaseUrl;
    private final @Nullable String defaultKeyEnv;
    private final @Nullable Set<Api> apis;
    private final @Nullable Prefill prefill;
    private final ChatDialect dialect;

    /** {@code apis} null for the usual ones. */
    PlainType(@Nullable String defaultBaseUrl, @Nullable String defaultKeyEnv,
            @Nullable Set<Api> apis, @Nullable Prefill prefill, ChatDialect dialect) {
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
    public @Nullable String defaultBaseUrl() {
        return defaultBaseUrl;
    }

    @Override
    public @Nullable String defaultKeyEnv() {
        return defaultKeyEnv;
    }

    @Override
    public Set<Api> apis(Site site) {
        return apis == null ? ProviderType.super.apis(site) : apis;
    }

    @Override
    public @Nullable Prefill prefill() {
        return prefill;
    }

    @Override
    public ChatDialect dialect() {
        return dialect;
    }

    @Override
    public RelayRules relayRules() {
        return switch (this) {
            case OPENAI -> RelayRules.NONE.removing(RelayRules.OF_OTHERS)
                    .renaming(Map.of("random_seed", "seed"))
                    .removingOfMessages(RelayRules.REASONING).withIds(Ids.FORTY).bindingByModel();
            case GROQ -> RelayRules.NARROW.removing(RelayRules.OF_OPENAI)
                    .removing(RelayRules.OF_OTHERS_THAN_GROQ)
                    .removingIfEmpty(RelayRules.EMPTY)
                    .renaming(Map.of("random_seed", "seed"))
                    .removingOfMessages(RelayRules.REASONING)
                    .removingOfMessages(Set.of("name", "refusal", "annotations", "audio"));
            case MISTRAL -> RelayRules.NARROW.removing(RelayRules.OF_OPENAI)
                    .removing(RelayRules.OF_OTHERS)
                    .removing(Set.of("user", "stream_options"))
                    .keeping(Set.of("metadata", "prompt_cache_key", "safe_prompt", "prompt_mode"))
                    .removingIfEmpty(RelayRules.EMPTY)
                    .renaming(Map.of("max_completion_tokens", "max_tokens",
                            "seed", "random_seed"))
                    .removingOfMessages(RelayRules.REASONING)
                    .removingOfMessages(Set.of("id", "name", "refusal", "annotations", "audio",
                            "function_call", "cache_control"))
                    .withIds(Ids.NINE);
            case DEEPSEEK -> RelayRules.NARROW.removing(RelayRules.OF_OPENAI)
                    .renaming(RelayRules.SHORT_BOUND)
                    .removingOfMessages(Set.of("reasoning_details", "thinking_blocks",
                            "provider_specific_fields", "extra_content"));
            case XAI -> RelayRules.NARROW.removing(RelayRules.OF_OPENAI)
                    .removingOfMessages(RelayRules.REASONING);
            case OLLAMA, TOGETHER -> RelayRules.NARROW.removing(RelayRules.OF_OPENAI)
                    .renaming(RelayRules.SHORT_BOUND);
            case FIREWORKS -> RelayRules.NARROW.removing(RelayRules.OF_OPENAI)
                    .keeping(Set.of("service_tier", "prompt_cache_key", "metadata"))
                    .renaming(RelayRules.SHORT_BOUND);
            case VLLM -> RelayRules.NARROW.removing(RelayRules.OF_OPENAI)
                    .keeping(Set.of("service_tier"));
            case OPENROUTER, OPENAI_COMPATIBLE -> RelayRules.NONE;
        };
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

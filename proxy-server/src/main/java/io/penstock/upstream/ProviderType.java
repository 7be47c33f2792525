package io.penstock.upstream;

import java.util.Locale;

/**
 * The kinds of provider: where each answers by default, and how it wants its key.
 */
public enum ProviderType {
    OPENAI("https://api.openai.com/v1", "OPENAI_API_KEY", KeyHeader.BEARER),
    ANTHROPIC("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", KeyHeader.X_API_KEY),
    GEMINI("https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY",
            KeyHeader.BEARER),
    AZURE(null, "AZURE_OPENAI_API_KEY", KeyHeader.API_KEY),
    BEDROCK(null, "AWS_BEARER_TOKEN_BEDROCK", KeyHeader.BEARER),
    GROQ("https://api.groq.com/openai/v1", "GROQ_API_KEY", KeyHeader.BEARER),
    MISTRAL("https://api.mistral.ai/v1", "MISTRAL_API_KEY", KeyHeader.BEARER),
    OLLAMA("http://localhost:11434/v1", null, KeyHeader.BEARER),
    VLLM("http://localhost:8000/v1", null, KeyHeader.BEARER),
    OPENROUTER("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", KeyHeader.BEARER),
    DEEPSEEK("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", KeyHeader.BEARER),
    XAI("https://api.x.ai/v1", "XAI_API_KEY", KeyHeader.BEARER),
    TOGETHER("https://api.together.xyz/v1", "TOGETHER_API_KEY", KeyHeader.BEARER),
    FIREWORKS("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", KeyHeader.BEARER),
    OPENAI_COMPATIBLE(null, null, KeyHeader.BEARER);

    /** Which request field carries the provider's key. */
    public enum KeyHeader { BEARER, X_API_KEY, API_KEY, X_GOOG_API_KEY }

    private final String defaultBaseUrl;
    private final String defaultKeyEnv;
    private final KeyHeader keyHeader;

    ProviderType(String defaultBaseUrl, String defaultKeyEnv, KeyHeader keyHeader) {
        this.defaultBaseUrl = defaultBaseUrl;
        this.defaultKeyEnv = defaultKeyEnv;
        this.keyHeader = keyHeader;
    }

    /** The name in the configuration: lower case, {@code openai-compatible} with a hyphen. */
    public String configName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Null where there is no sensible default and the configuration must say it. */
    public String defaultBaseUrl() {
        return defaultBaseUrl;
    }

    /** The usual environment variable of the key; null where no key is the usual case. */
    public String defaultKeyEnv() {
        return defaultKeyEnv;
    }

    public KeyHeader keyHeader() {
        return keyHeader;
    }

    /** Whether it has the endpoints of OpenAI's API beside chat: files, images, audio. */
    public boolean isLikeOpenAi() {
        return this != ANTHROPIC && this != BEDROCK && this != GEMINI;
    }

    /**
     * Whether its models may go on from a last message of the assistant's; one that refuses is not
     * asked again. OpenAI's own, and those that serve them, answer such a message instead.
     */
    public boolean mayTakePrefill() {
        return switch (this) {
            case OPENAI, AZURE, GEMINI, XAI -> false;
            default -> true;
        };
    }

    /** What such a message has to have besides, each member with a comma before it. */
    public String prefillMembers() {
        return this == MISTRAL || this == DEEPSEEK ? ",\"prefix\":true" : "";
    }

    /** What the request has to have besides, each member with a comma before it. */
    public String prefillOptions() {
        return this == VLLM ? ",\"continue_final_message\":true,\"add_generation_prompt\":false"
                : "";
    }

    /**
     * Whether a stream's usage comes only if {@code stream_options.include_usage} asks for it. The
     * others report it in any case, and Mistral has refused the question.
     */
    public boolean hasToBeAskedForUsage() {
        return switch (this) {
            case ANTHROPIC, BEDROCK, GEMINI, GROQ, MISTRAL -> false;
            default -> true;
        };
    }
}

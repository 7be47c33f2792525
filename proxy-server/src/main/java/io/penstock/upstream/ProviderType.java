package io.penstock.upstream;

import java.util.Locale;

/**
 * The kinds of provider: where each answers by default, how it wants its key, and the habits of its
 * chat endpoint that a relay has to know.
 */
public enum ProviderType {
    OPENAI("https://api.openai.com/v1", "OPENAI_API_KEY", KeyHeader.BEARER, true),
    ANTHROPIC("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", KeyHeader.X_API_KEY, false),
    GEMINI("https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY",
            KeyHeader.BEARER, true),
    AZURE(null, "AZURE_OPENAI_API_KEY", KeyHeader.API_KEY, true),
    BEDROCK(null, "AWS_BEARER_TOKEN_BEDROCK", KeyHeader.BEARER, false),
    GROQ("https://api.groq.com/openai/v1", "GROQ_API_KEY", KeyHeader.BEARER, false),
    MISTRAL("https://api.mistral.ai/v1", "MISTRAL_API_KEY", KeyHeader.BEARER, false),
    OLLAMA("http://localhost:11434/v1", null, KeyHeader.BEARER, true),
    VLLM("http://localhost:8000/v1", null, KeyHeader.BEARER, true),
    OPENROUTER("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", KeyHeader.BEARER, false),
    DEEPSEEK("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", KeyHeader.BEARER, true),
    XAI("https://api.x.ai/v1", "XAI_API_KEY", KeyHeader.BEARER, true),
    TOGETHER("https://api.together.xyz/v1", "TOGETHER_API_KEY", KeyHeader.BEARER, false),
    FIREWORKS("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", KeyHeader.BEARER,
            false),
    OPENAI_COMPATIBLE(null, null, KeyHeader.BEARER, true);

    /** Which request field carries the provider's key. */
    public enum KeyHeader { BEARER, X_API_KEY, API_KEY }

    private final String defaultBaseUrl;
    private final String defaultKeyEnv;
    private final KeyHeader keyHeader;
    private final boolean takesIncludeUsage;

    ProviderType(String defaultBaseUrl, String defaultKeyEnv, KeyHeader keyHeader,
            boolean takesIncludeUsage) {
        this.defaultBaseUrl = defaultBaseUrl;
        this.defaultKeyEnv = defaultKeyEnv;
        this.keyHeader = keyHeader;
        this.takesIncludeUsage = takesIncludeUsage;
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

    /** Whether usage in a stream must be asked for, and may be. */
    public boolean takesIncludeUsage() {
        return takesIncludeUsage;
    }
}

package io.penstock.upstream;

import java.net.URI;
import java.util.EnumSet;
import java.util.Set;

/** The APIs in which providers can be asked. */
public enum Api {
    /** OpenAI's chat completions, and everyone who imitates them. */
    CHAT,
    /** OpenAI's older completions. */
    COMPLETIONS,
    /** OpenAI's responses. */
    RESPONSES,
    /** OpenAI's embeddings. */
    EMBEDDINGS,
    /** Anthropic's messages. */
    MESSAGES,
    /** Anthropic's count of a prompt's tokens. */
    COUNT_TOKENS,
    /** Gemini's generateContent. */
    GEMINI,
    /** Bedrock's Converse. */
    CONVERSE;

    /** What a provider of that type speaks below that base URL. */
    static Set<Api> of(ProviderType type, URI baseUrl) {
        String path = baseUrl.getPath() == null ? "" : baseUrl.getPath();
        boolean openAiPath = path.contains("/openai");
        return switch (type) {
            case ANTHROPIC -> EnumSet.of(MESSAGES, COUNT_TOKENS);
            case GEMINI -> openAiPath ? EnumSet.of(CHAT, EMBEDDINGS) : EnumSet.of(GEMINI);
            case BEDROCK -> openAiPath ? EnumSet.of(CHAT) : EnumSet.of(CONVERSE);
            case AZURE -> isDeployments(type, path) ? EnumSet.of(CHAT, COMPLETIONS, EMBEDDINGS)
                    : EnumSet.of(CHAT, COMPLETIONS, RESPONSES, EMBEDDINGS);
            case OPENAI, XAI -> EnumSet.of(CHAT, COMPLETIONS, RESPONSES, EMBEDDINGS);
            case GROQ, MISTRAL, DEEPSEEK -> EnumSet.of(CHAT, EMBEDDINGS);
            default -> EnumSet.of(CHAT, COMPLETIONS, EMBEDDINGS);
        };
    }

    /** Whether each model has a path of its own, as in Azure's older form of URL. */
    static boolean isDeployments(ProviderType type, String path) {
        return type == ProviderType.AZURE && (path.endsWith("/openai") || path.endsWith("/openai/"));
    }
}

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
            case OPENAI, AZURE, XAI -> EnumSet.of(CHAT, COMPLETIONS, RESPONSES, EMBEDDINGS);
            case GROQ, MISTRAL, DEEPSEEK -> EnumSet.of(CHAT, EMBEDDINGS);
            default -> EnumSet.of(CHAT, COMPLETIONS, EMBEDDINGS);
        };
    }
}

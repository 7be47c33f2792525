package io.penstock.translate.request;

import io.penstock.provider.ChatDialect;

/** The formats in which providers want to be asked. */
public enum ProviderFormat {
    /** OpenAI chat completions, in one of its {@linkplain ChatDialect dialects}. */
    CHAT,
    /** Anthropic messages. */
    MESSAGES,
    /** Anthropic messages as the body of Bedrock's InvokeModel. */
    MESSAGES_ON_BEDROCK,
    /** Gemini's generateContent. */
    GEMINI,
    /** Bedrock's Converse. */
    CONVERSE
}

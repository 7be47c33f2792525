package io.penstock.translate.request;

/** The formats in which callers speak. */
public enum ClientFormat {
    /** OpenAI's {@code /v1/chat/completions}. */
    CHAT,
    /** Anthropic's {@code /v1/messages}. */
    MESSAGES,
    /** OpenAI's {@code /v1/responses}, as far as it needs no state at the provider. */
    RESPONSES,
    /** OpenAI's legacy {@code /v1/completions}. */
    COMPLETIONS,
    /** Google's {@code …:generateContent} and {@code …:streamGenerateContent}. */
    GEMINI
}

package io.penstock.translate;

/** The formats in which replies come and go. */
public enum ReplyFormat {
    /** OpenAI chat completions, and everyone who imitates them. */
    CHAT,
    /** Anthropic messages. */
    MESSAGES,
    /** OpenAI responses. */
    RESPONSES,
    /** OpenAI's older completions. */
    COMPLETIONS,
    /** Gemini's generateContent. */
    GEMINI,
    /** Bedrock Converse, whose streams are event-stream messages; upstream only. */
    CONVERSE,
    /** Anthropic's events inside Bedrock's InvokeModel messages; upstream only. */
    INVOKE;

    /** Whether its streams are AWS event-stream messages, not server-sent events. */
    public boolean isEventStream() {
        return this == CONVERSE || this == INVOKE;
    }

    /** Whether callers can ask in it. */
    public boolean isClient() {
        return ordinal() <= GEMINI.ordinal();
    }
}

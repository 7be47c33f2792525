package io.penstock.translate;

/** Why the model stopped, and each client format's word for it. */
enum FinishReason {
    STOP("stop", "end_turn"),
    /** At one of the caller's stop sequences. */
    STOP_SEQUENCE("stop", "stop_sequence"),
    LENGTH("length", "max_tokens"),
    TOOL_CALLS("tool_calls", "tool_use"),
    /** A filter, or the model's own refusal. */
    CONTENT_FILTER("content_filter", "refusal");

    private final String chat;
    private final String messages;

    FinishReason(String chat, String messages) {
        this.chat = chat;
        this.messages = messages;
    }

    /** OpenAI's {@code finish_reason}. */
    String chat() {
        return chat;
    }

    /** Anthropic's {@code stop_reason}. */
    String messages() {
        return messages;
    }
}

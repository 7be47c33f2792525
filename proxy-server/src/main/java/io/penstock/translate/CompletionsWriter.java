package io.penstock.translate;

import org.jspecify.annotations.Nullable;

/**
 * Writes streams of OpenAI's older completions, which hold nothing but text: reasoning and calls
 * are dropped.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class CompletionsWriter extends ChunkWriter {
    private static final byte[] TEXT = OpenAiWords.ascii("{\"text\":\"");
    private static final byte[] INDEX = OpenAiWords.ascii("\",\"index\":");
    private static final byte[] UNFINISHED =
            OpenAiWords.ascii(",\"logprobs\":null,\"finish_reason\":null");

    CompletionsWriter(ReplyLoop loop, ReplyOptions options) {
        super(loop, options, "text_completion", "cmpl-");
    }

    @Override
    public void onText(int choice, char[] chars, int from, int length) {
        chunk().put(TEXT).escaped(chars, from, length).put(INDEX).index(choice).put(UNFINISHED);
        endChunk();
    }

    @Override
    public void onRefusal(int choice, char[] chars, int from, int length) {
        onText(choice, chars, from, length);
    }

    @Override
    public void onReasoning(int choice, char[] chars, int from, int length) {}

    @Override
    public void onSignature(int choice, String signature) {}

    @Override
    public void onRedactedReasoning(int choice, String data) {}

    @Override
    public void onToolStart(int choice, int tool, String id, String name,
            @Nullable String signature) {}

    @Override
    public void onToolArguments(int choice, int tool, char[] chars, int from, int length) {}

    @Override
    public void onFinish(int choice, FinishReason reason, @Nullable String stopSequence) {
        chunk().put(TEXT).put(INDEX).index(choice).put(",\"logprobs\":null,\"finish_reason\":\"")
                .put(word(reason)).put("\"");
        endChunk();
    }

    /** The reason in this format's words, which know no calls. */
    static String word(FinishReason reason) {
        return reason == FinishReason.TOOL_CALLS ? FinishReason.STOP.chat() : reason.chat();
    }
}

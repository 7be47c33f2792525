package io.penstock.translate;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Writes OpenAI chat completion streams. Reasoning goes where most clients look for it, {@code
 * reasoning_content}; what its provider wants back goes to {@code reasoning_details}, and Gemini's
 * signature of a call to where Google's own chat endpoint has it.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class ChatWriter extends ChunkWriter {
    private static final byte[] INDEX = OpenAiWords.ascii("{\"index\":");
    private static final byte[] DELTA = OpenAiWords.ascii(",\"delta\":{");
    private static final byte[] CONTENT = OpenAiWords.ascii("\"content\":\"");
    private static final byte[] REFUSAL = OpenAiWords.ascii("\"refusal\":\"");
    private static final byte[] REASONING = OpenAiWords.ascii("\"reasoning_content\":\"");
    private static final byte[] TOOL = OpenAiWords.ascii("\"tool_calls\":[{\"index\":");
    private static final byte[] ARGUMENTS = OpenAiWords.ascii(",\"function\":{\"arguments\":\"");
    private static final byte[] FUNCTION =
            OpenAiWords.ascii("\"function_call\":{\"arguments\":\"");
    private static final byte[] UNFINISHED =
            OpenAiWords.ascii("},\"logprobs\":null,\"finish_reason\":null");

    private final BitSet begun = new BitSet(); // answers
    private int reasoningIndex; // of the piece of reasoning that is under way

    ChatWriter(ReplyLoop loop, ReplyOptions options) {
        super(loop, options, "chat.completion.chunk", "chatcmpl-");
    }

    @Override
    public void onStart(@Nullable String id, @Nullable String model, long createdSeconds) {
        super.onStart(id, model, createdSeconds);
        begin(0);
    }

    @Override
    void resume(@Nullable String id, @Nullable String model, long createdSeconds) {
        super.resume(id, model, createdSeconds);
        begun.set(0);
    }

    private void begin(int choice) {
        if (!begun.get(choice)) {
            begun.set(choice);
            chunk().put(INDEX).index(choice).put(DELTA)
                    .put("\"role\":\"assistant\",\"content\":\"\"").put(UNFINISHED);
            endChunk();
        }
    }

    private ReplyBytes delta(int choice) {
        begin(choice);
        return chunk().put(INDEX).index(choice).put(DELTA);
    }

    private void endDelta() {
        out().put(UNFINISHED);
        endChunk();
    }

    private void text(int choice, byte[] member, char[] chars, int from, int length) {
        delta(choice).put(member).escaped(chars, from, length).put("\"");
        endDelta();
    }

    @Override
    public void onText(int choice, char[] chars, int from, int length) {
        text(choice, CONTENT, chars, from, length);
    }

    @Override
    public void onRefusal(int choice, char[] chars, int from, int length) {
        text(choice, REFUSAL, chars, from, length);
    }

    @Override
    public void onReasoning(int choice, char[] chars, int from, int length) {
        text(choice, REASONING, chars, from, length);
    }

    @Override
    public void onSignature(int choice, String signature) {
        delta(choice).put("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"\","
                + "\"signature\":").quoted(signature)
                .put(",\"index\":").index(reasoningIndex++).put("}]");
        endDelta();
    }

    @Override
    public void onRedactedReasoning(int choice, String data) {
        delta(choice).put("\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":")
                .quoted(data).put(",\"index\":").index(reasoningIndex++).put("}]");
        endDelta();
    }

    @Override
    public void onToolStart(int choice, int tool, String id, String sentName,
            @Nullable String signature) {
        String name = options().tools().name(sentName);
        if (options().functionCall()) {
            if (tool == 0) {
                delta(choice).put("\"function_call\":{\"name\":").quoted(name)
                        .put(",\"arguments\":\"\"}");
                endDelta();
            }
            return;
        }
        delta(choice).put(TOOL).index(tool).put(",\"id\":").quoted(id)
                .put(",\"type\":\"function\",\"function\":{\"name\":").quoted(name)
                .put(",\"arguments\":\"\"}");
        ChatBody.writeSignature(out(), signature);
        out().put("}]");
        endDelta();
    }

    @Override
    public void onToolArguments(int choice, int tool, char[] chars, int from, int length) {
        if (options().functionCall()) {
            if (tool == 0) {
                delta(choice).put(FUNCTION).escaped(chars, from, length).put("\"}");
                endDelta();
            }
            return;
        }
        delta(choice).put(TOOL).index(tool).put(ARGUMENTS).escaped(chars, from, length)
                .put("\"}}]");
        endDelta();
    }

    @Override
    public void onFinish(int choice, FinishReason reason, @Nullable String stopSequence) {
        delta(choice).put("},\"logprobs\":null,\"finish_reason\":\"")
                .put(ChatBody.word(reason, options())).put("\"");
        endChunk();
    }
}

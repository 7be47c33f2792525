package io.penstock.translate;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Tells the arguments of one tool as the answer's text: of the tool that stands in for a schema
 * which the provider can't be held to in any other way. What the model says behind it, in text or
 * by further calls of that tool, would make the answer no JSON, and is passed over; a text that
 * comes instead of the call is all the answer there is.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class ToolAsText implements TurnSink {
    private final TurnSink next;
    private final String tool;
    private int answer = -1; // the call that is the answer
    private final BitSet hidden = new BitSet(); // calls of that tool
    private boolean others; // calls of other tools

    ToolAsText(TurnSink next, String tool) {
        this.next = next;
        this.tool = tool;
    }

    @Override
    public void onStart(@Nullable String id, @Nullable String model, long createdSeconds) {
        next.onStart(id, model, createdSeconds);
    }

    @Override
    public void onText(int choice, char[] chars, int from, int length) {
        if (answer < 0) {
            next.onText(choice, chars, from, length);
        }
    }

    @Override
    public void onRefusal(int choice, char[] chars, int from, int length) {
        next.onRefusal(choice, chars, from, length);
    }

    @Override
    public void onReasoning(int choice, char[] chars, int from, int length) {
        next.onReasoning(choice, chars, from, length);
    }

    @Override
    public void onSignature(int choice, String signature) {
        next.onSignature(choice, signature);
    }

    @Override
    public void onRedactedReasoning(int choice, String data) {
        next.onRedactedReasoning(choice, data);
    }

    @Override
    public void onToolStart(int choice, int index, String id, String name,
            @Nullable String signature) {
        if (name.equals(tool)) {
            hidden.set(index);
            answer = answer < 0 ? index : answer;
        } else {
            others = true;
            next.onToolStart(choice, shown(index), id, name, signature);
        }
    }

    @Override
    public void onToolArguments(int choice, int index, char[] chars, int from, int length) {
        if (index == answer) {
            next.onText(choice, chars, from, length);
        } else if (!hidden.get(index)) {
            next.onToolArguments(choice, shown(index), chars, from, length);
        }
    }

    /** The call's number among those that the caller sees. */
    private int shown(int index) {
        return index - hidden.get(0, index).cardinality();
    }

    @Override
    public void onFinish(int choice, FinishReason reason, @Nullable String stopSequence) {
        next.onFinish(choice, reason == FinishReason.TOOL_CALLS && !others ? FinishReason.STOP
                : reason, stopSequence);
    }

    @Override
    public void onUsage(ReplyUsage usage) {
        next.onUsage(usage);
    }

    @Override
    public void onKeepAlive() {
        next.onKeepAlive();
    }

    @Override
    public void onError(ReplyError error) {
        next.onError(error);
    }

    @Override
    public void onEnd() {
        next.onEnd();
    }
}

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
final class ToolAsText extends PassingSink {
    private final String tool;
    private int answer = -1; // the call that is the answer
    private final BitSet hidden = new BitSet(); // calls of that tool
    private boolean others; // calls of other tools

    ToolAsText(TurnSink next, String tool) {
        super(next);
        this.tool = tool;
    }

    @Override
    public void onText(int choice, char[] chars, int from, int length) {
        if (answer < 0) {
            next.onText(choice, chars, from, length);
        }
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
}

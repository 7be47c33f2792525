package io.penstock.translate;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tells the arguments of custom tools as the free text that their caller wants, though the model
 * was asked for an object that holds it. All else passes as it is.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> as many calls as a reader tells of, each with a {@link CustomInput}.
 */
final class CustomCalls extends PassingSink {
    /** A call that is under way. */
    private record Call(int choice, int tool, CustomInput input) {}

    private final CallerTools tools;
    private final List<Call> open = new ArrayList<>(2);
    private final TextRun text = new TextRun();

    CustomCalls(TurnSink next, CallerTools tools) {
        super(next);
        this.tools = tools;
    }

    @Override
    public void onToolStart(int choice, int tool, String id, String name,
            @Nullable String signature) {
        if (tools.kind(name) == CallerTool.Kind.CUSTOM) {
            open.add(new Call(choice, tool, new CustomInput()));
        }
        next.onToolStart(choice, tool, id, name, signature);
    }

    @Override
    public void onToolArguments(int choice, int tool, char[] chars, int from, int length) {
        for (Call call : open) {
            if (call.choice == choice && call.tool == tool) {
                text.clear();
                call.input.read(chars, from, length, text);
                tell(call);
                return;
            }
        }
        next.onToolArguments(choice, tool, chars, from, length);
    }

    private void tell(Call call) {
        if (text.length() > 0) {
            next.onToolArguments(call.choice, call.tool, text.chars(), 0, text.length());
        }
    }

    private void finish(Call call) {
        text.clear();
        call.input.finish(text);
        tell(call);
    }

    @Override
    public void onFinish(int choice, FinishReason reason, @Nullable String stopSequence) {
        for (Call call : open) {
            if (call.choice == choice) {
                finish(call);
            }
        }
        next.onFinish(choice, reason, stopSequence);
    }

    @Override
    public void onEnd() {
        open.forEach(this::finish);
        next.onEnd();
    }
}

package io.penstock.translate;

import org.jspecify.annotations.Nullable;

/**
 * The text of an answer that continues another provider's, piece by piece, and why it ended. Its
 * reasoning is of no concern: the caller has the beginning of the text already.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> holds what was read since the last {@link #take}.
 */
public final class AnswerText implements TurnSink {
    private final StringBuilder text = new StringBuilder();
    private boolean onlyText = true;
    private @Nullable FinishReason finish; // null while it goes on
    private @Nullable String stopSequence;

    /** Takes what came since the last call; empty if there is nothing. */
    public String take() {
        String fresh = text.toString();
        text.setLength(0);
        return fresh;
    }

    /** Whether it is one text and nothing else: no call, no refusal, no second answer. */
    public boolean isOnlyText() {
        return onlyText;
    }

    /** Whether it is complete, and told why it ended. */
    public boolean isFinished() {
        return finish != null;
    }

    @Nullable FinishReason finish() {
        return finish;
    }

    @Nullable String stopSequence() {
        return stopSequence;
    }

    @Override
    public void onStart(@Nullable String id, @Nullable String model, long createdSeconds) {}

    @Override
    public void onText(int choice, char[] chars, int from, int length) {
        onlyText &= choice == 0;
        text.append(chars, from, length);
    }

    @Override
    public void onRefusal(int choice, char[] chars, int from, int length) {
        onlyText = false;
    }

    @Override
    public void onReasoning(int choice, char[] chars, int from, int length) {}

    @Override
    public void onSignature(int choice, String signature) {}

    @Override
    public void onRedactedReasoning(int choice, String data) {}

    @Override
    public void onToolStart(int choice, int tool, String id, String name,
            @Nullable String signature) {
        onlyText = false;
    }

    @Override
    public void onToolArguments(int choice, int tool, char[] chars, int from, int length) {}

    @Override
    public void onFinish(int choice, FinishReason reason, @Nullable String sequence) {
        if (choice == 0) {
            finish = reason;
            stopSequence = sequence;
        }
    }

    @Override
    public void onUsage(ReplyUsage usage) {}

    @Override
    public void onKeepAlive() {}

    @Override
    public void onError(ReplyError error) {}

    @Override
    public void onEnd() {}
}

package io.penstock.translate;

import org.jspecify.annotations.Nullable;

/**
 * Passes a turn on as it is. A subclass that changes something of it on the way overrides the
 * methods that tell of that.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
abstract class PassingSink implements TurnSink {
    final TurnSink next;

    PassingSink(TurnSink next) {
        this.next = next;
    }

    @Override
    public void onStart(@Nullable String id, @Nullable String model, long createdSeconds) {
        next.onStart(id, model, createdSeconds);
    }

    @Override
    public void onText(int choice, char[] chars, int from, int length) {
        next.onText(choice, chars, from, length);
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
    public void onToolStart(int choice, int tool, String id, String name,
            @Nullable String signature) {
        next.onToolStart(choice, tool, id, name, signature);
    }

    @Override
    public void onToolArguments(int choice, int tool, char[] chars, int from, int length) {
        next.onToolArguments(choice, tool, chars, from, length);
    }

    @Override
    public void onUntold() {
        next.onUntold();
    }

    @Override
    public void onFinish(int choice, FinishReason reason, @Nullable String stopSequence) {
        next.onFinish(choice, reason, stopSequence);
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

package io.penstock.translate;

import org.jspecify.annotations.Nullable;

/**
 * Writes nothing of a turn, since its events are passed on as they are, but can end it as a
 * messages stream.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class SilentWriter extends MessagesWriter {
    SilentWriter(ReplyLoop loop, ReplyOptions options) {
        super(loop, options);
    }

    @Override
    public void onStart(@Nullable String id, @Nullable String model, long createdSeconds) {}

    @Override
    void writeKeepAlive() {}

    @Override
    public void onText(int choice, char[] chars, int from, int length) {}

    @Override
    public void onRefusal(int choice, char[] chars, int from, int length) {}

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
    public void onEnd() {}
}

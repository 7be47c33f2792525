package io.penstock.translate;

import org.jspecify.annotations.Nullable;

/**
 * Passes on a Gemini stream's own responses, each as it came, to a caller who reads them in another
 * shape: a JSON array in place of events.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class GeminiEcho extends GeminiWriter {
    GeminiEcho(ReplyLoop loop, ReplyOptions options) {
        super(loop, options);
    }

    /** Writes an event's data; line ends, which are blanks in JSON, would end an event's line. */
    void write(byte[] data, int length) {
        ReplyBytes out = begin();
        int from = 0;
        for (int at = 0; at < length; at++) {
            if (data[at] == '\n' || data[at] == '\r') {
                out.put(data, from, at - from).put(" ");
                from = at + 1;
            }
        }
        out.put(data, from, length - from);
        end();
    }

    @Override
    public void onStart(@Nullable String id, @Nullable String model, long createdSeconds) {}

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
    public void onEnd() {
        close();
    }
}

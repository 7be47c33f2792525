package io.penstock.translate;

import org.jspecify.annotations.Nullable;

/**
 * What a stream has told its caller, kept on its way to a writer: the text, as long as the answer
 * is nothing but one text, and what names the stream. Enough for another provider to continue it.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> {@value #MAX_CHARS} characters of text; a longer answer can't be continued.
 */
final class Transcript extends PassingSink {
    static final int MAX_CHARS = 256 * 1024;

    private final StringBuilder text = new StringBuilder();
    private boolean onlyText = true;
    private @Nullable String id;
    private @Nullable String model;
    private long createdSeconds;

    Transcript(TurnSink next) {
        super(next);
    }

    /** Whether the answer is one text so far, and no reasoning stands behind the text. */
    boolean isOnlyText() {
        return onlyText && text.length() > 0;
    }

    String text() {
        return text.toString();
    }

    @Nullable String id() {
        return id;
    }

    @Nullable String model() {
        return model;
    }

    long createdSeconds() {
        return createdSeconds;
    }

    /** Notes a piece of the text. */
    void add(char[] chars, int from, int length) {
        if (onlyText) {
            text.append(chars, from, length);
            onlyText = text.length() <= MAX_CHARS;
        }
    }

    @Override
    public void onStart(@Nullable String id, @Nullable String model, long createdSeconds) {
        this.id = id;
        this.model = model;
        this.createdSeconds = createdSeconds;
        next.onStart(id, model, createdSeconds);
    }

    @Override
    public void onText(int choice, char[] chars, int from, int length) {
        onlyText &= choice == 0;
        add(chars, from, length);
        next.onText(choice, chars, from, length);
    }

    @Override
    public void onRefusal(int choice, char[] chars, int from, int length) {
        onlyText = false;
        next.onRefusal(choice, chars, from, length);
    }

    /** Reasoning is over once there is text: a model does not continue what it has not thought. */
    private void onAnyReasoning() {
        onlyText &= text.length() == 0;
    }

    @Override
    public void onReasoning(int choice, char[] chars, int from, int length) {
        onAnyReasoning();
        next.onReasoning(choice, chars, from, length);
    }

    @Override
    public void onSignature(int choice, String signature) {
        onAnyReasoning();
        next.onSignature(choice, signature);
    }

    @Override
    public void onRedactedReasoning(int choice, String data) {
        onAnyReasoning();
        next.onRedactedReasoning(choice, data);
    }

    @Override
    public void onToolStart(int choice, int tool, String id, String name,
            @Nullable String signature) {
        onlyText = false;
        next.onToolStart(choice, tool, id, name, signature);
    }

    @Override
    public void onUntold() {
        onlyText = false;
        next.onUntold();
    }
}

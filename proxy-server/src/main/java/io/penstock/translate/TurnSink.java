package io.penstock.translate;

import org.jspecify.annotations.Nullable;

/**
 * What happens in a model's turn, in no provider's words: the one vocabulary between those who read
 * replies and those who write them.
 *
 * <p>Text comes as characters in an array that is valid only during the call; a lone surrogate is
 * half of a pair whose other half comes next. A reader calls {@link #onStart} first, in a stream;
 * out of a whole body it may come later. {@code choice} counts answers from 0, {@code tool} counts
 * the calls of one answer from 0, in the order in which they began.
 */
interface TurnSink {
    /** The turn begins; {@code id} and {@code model} may be null, {@code createdSeconds} 0. */
    void onStart(@Nullable String id, @Nullable String model, long createdSeconds);

    void onText(int choice, char[] chars, int from, int length);

    void onRefusal(int choice, char[] chars, int from, int length);

    void onReasoning(int choice, char[] chars, int from, int length);

    /** What signs the reasoning up to here, and ends that piece of it. */
    void onSignature(int choice, String signature);

    /** Reasoning that only its provider can read. */
    void onRedactedReasoning(int choice, String data);

    /** A call begins; {@code signature} is what its provider wants back with it, or null. */
    void onToolStart(int choice, int tool, String id, String name, @Nullable String signature);

    /** A piece of the JSON text of a call's arguments. */
    void onToolArguments(int choice, int tool, char[] chars, int from, int length);

    /** Something came that no other format has a word for, and that is not told. */
    default void onUntold() {}

    /** An answer is at its end; {@code stopSequence} is null where none is known. */
    void onFinish(int choice, FinishReason reason, @Nullable String stopSequence);

    /** What the provider has counted so far; the last word counts. */
    void onUsage(ReplyUsage usage);

    /** The provider is there, and has nothing to say. */
    void onKeepAlive();

    /** The provider failed; nothing follows. */
    void onError(ReplyError error);

    /** The turn is complete, by its provider's own rules; nothing follows. */
    void onEnd();
}

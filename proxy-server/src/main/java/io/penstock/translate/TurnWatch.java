package io.penstock.translate;

import io.penstock.translate.ChatStream.Meaning;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Stands between who reads a reply and who writes it: sees what an event means, that a turn begins
 * before it goes on, and that nothing follows its end. A finish reason is passed on with the end of
 * the turn: some providers give one before the last call, or with the first of several.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> {@value #MAX_NAME_CHARS} characters of a turn's id or model; a longer one is
 * taken for none.
 */
final class TurnWatch implements TurnSink {
    static final int MAX_NAME_CHARS = 512; // as of a model that callers may ask for

    private final TurnSink next;
    private final boolean ordered;
    private Meaning meaning = Meaning.NOTHING;
    private boolean started;
    private @Nullable String id;
    private boolean finished;
    private boolean ended;
    private @Nullable ReplyUsage usage;
    private @Nullable ReplyError error;
    private final List<Finish> finishes = new ArrayList<>(1); // told when the turn is complete

    /** Why an answer ended. */
    private record Finish(int choice, FinishReason reason, @Nullable String stopSequence) {}

    /** {@code ordered} if the start must come first, as in a stream. */
    TurnWatch(TurnSink next, boolean ordered) {
        this.next = next;
        this.ordered = ordered;
    }

    /** What has been seen since the last call. */
    Meaning takeMeaning() {
        Meaning seen = meaning;
        meaning = Meaning.NOTHING;
        return seen;
    }

    /** Whether any answer has its finish reason. */
    boolean isFinished() {
        return finished;
    }

    /** Whether the turn is complete, or has failed: nothing more is read of it. */
    boolean isOver() {
        return ended || error != null;
    }

    boolean isComplete() {
        return ended;
    }

    /** What the provider calls the turn; null if it has not said. */
    @Nullable String id() {
        return id;
    }

    @Nullable ReplyUsage usage() {
        return usage;
    }

    @Nullable ReplyError error() {
        return error;
    }

    private boolean see(Meaning seen) {
        if (isOver()) {
            return false;
        }
        if (!started && ordered) {
            onStart(null, null, 0);
        }
        if (seen.ordinal() > meaning.ordinal()) {
            meaning = seen;
        }
        return true;
    }

    @Override
    public void onStart(@Nullable String id, @Nullable String model, long createdSeconds) {
        if (!started && !isOver()) {
            started = true;
            this.id = bounded(id);
            next.onStart(bounded(id), bounded(model), createdSeconds);
        }
    }

    /** Writers repeat it in every event: one without end would make a flood of a trickle. */
    private static @Nullable String bounded(@Nullable String name) {
        return name == null || name.length() > MAX_NAME_CHARS ? null : name;
    }

    @Override
    public void onText(int choice, char[] chars, int from, int length) {
        if (see(Meaning.CONTENT)) {
            next.onText(choice, chars, from, length);
        }
    }

    @Override
    public void onRefusal(int choice, char[] chars, int from, int length) {
        if (see(Meaning.CONTENT)) {
            next.onRefusal(choice, chars, from, length);
        }
    }

    @Override
    public void onReasoning(int choice, char[] chars, int from, int length) {
        if (see(Meaning.CONTENT)) {
            next.onReasoning(choice, chars, from, length);
        }
    }

    @Override
    public void onSignature(int choice, String signature) {
        if (see(Meaning.CONTENT)) {
            next.onSignature(choice, signature);
        }
    }

    @Override
    public void onRedactedReasoning(int choice, String data) {
        if (see(Meaning.CONTENT)) {
            next.onRedactedReasoning(choice, data);
        }
    }

    @Override
    public void onToolStart(int choice, int tool, String id, String name,
            @Nullable String signature) {
        if (see(Meaning.CONTENT)) {
            for (int i = 0; i < finishes.size(); i++) {
                if (finishes.get(i).equals(new Finish(choice, FinishReason.STOP, null))) {
                    finishes.set(i, new Finish(choice, FinishReason.TOOL_CALLS, null));
                }
            }
            next.onToolStart(choice, tool, id, name, signature);
        }
    }

    @Override
    public void onToolArguments(int choice, int tool, char[] chars, int from, int length) {
        if (see(Meaning.CONTENT)) {
            next.onToolArguments(choice, tool, chars, from, length);
        }
    }

    @Override
    public void onUntold() {
        if (!isOver()) {
            next.onUntold();
        }
    }

    @Override
    public void onFinish(int choice, FinishReason reason, @Nullable String stopSequence) {
        if (see(Meaning.FINISH)) {
            finished = true;
            finishes.add(new Finish(choice, reason, stopSequence));
        }
    }

    @Override
    public void onUsage(ReplyUsage counted) {
        if (!isOver()) {
            usage = counted;
            next.onUsage(counted);
        }
    }

    @Override
    public void onKeepAlive() {
        if (started && !isOver()) {
            next.onKeepAlive();
        }
    }

    @Override
    public void onError(ReplyError failure) {
        if (!isOver()) {
            error = failure;
            meaning = Meaning.ERROR;
            next.onError(failure);
        }
    }

    @Override
    public void onEnd() {
        if (see(Meaning.DONE)) {
            ended = true;
            for (Finish finish : finishes) {
                next.onFinish(finish.choice, finish.reason, finish.stopSequence);
            }
            next.onEnd();
        }
    }
}

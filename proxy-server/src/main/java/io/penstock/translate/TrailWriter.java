package io.penstock.translate;

import io.penstock.failure.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * Continues a stream of OpenAI responses that was relayed up to the middle of a text: its items,
 * ids and numbers are those of the provider that began it.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop. <b>Bounds:</b> those of {@link
 * ResponseTrail}.
 */
final class TrailWriter extends TurnWriter {
    private final ResponseTrail trail;
    private long sequence;
    private FinishReason finish = FinishReason.STOP;

    /** {@code sequence} is the number of the next event. */
    TrailWriter(ReplyLoop loop, ResponseTrail trail, long sequence) {
        super(loop, ReplyOptions.DEFAULT);
        this.trail = trail;
        this.sequence = sequence;
    }

    @Override
    public void onText(int choice, char[] chars, int from, int length) {
        trail.text(out(), sequence++, new String(chars, from, length));
    }

    @Override
    public void onFinish(int choice, FinishReason reason, @Nullable String stopSequence) {
        finish = reason;
    }

    @Override
    public void onEnd() {
        ReplyUsage counted = usage();
        try {
            trail.end(out(), sequence, finish,
                    counted == null ? new ReplyUsage(0, 0, 0, 0, 0) : counted);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot happen: it was read before", e);
        }
    }

    @Override
    void fail(Failure failure, @Nullable String attempts) {
        out().putRaw(ErrorBody.event(ReplyFormat.RESPONSES, failure, attempts, sequence));
    }

    // Only a text is continued, and by a text

    @Override
    void fail(ReplyError error) {
        throw new AssertionError("told as a failure of the exchange");
    }

    @Override
    public void onStart(@Nullable String id, @Nullable String model, long createdSeconds) {
        throw new AssertionError("it has begun");
    }

    @Override
    public void onRefusal(int choice, char[] chars, int from, int length) {
        throw new AssertionError("only text continues a text");
    }

    @Override
    public void onReasoning(int choice, char[] chars, int from, int length) {
        throw new AssertionError("only text continues a text");
    }

    @Override
    public void onSignature(int choice, String signature) {
        throw new AssertionError("only text continues a text");
    }

    @Override
    public void onRedactedReasoning(int choice, String data) {
        throw new AssertionError("only text continues a text");
    }

    @Override
    public void onToolStart(int choice, int tool, String id, String name,
            @Nullable String signature) {
        throw new AssertionError("only text continues a text");
    }

    @Override
    public void onToolArguments(int choice, int tool, char[] chars, int from, int length) {
        throw new AssertionError("only text continues a text");
    }
}

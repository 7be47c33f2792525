package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.Judgement;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.relay.ResponseRelay;
import io.penstock.relay.Rewriter;
import io.penstock.translate.WholeAnswer;
import io.penstock.translate.WholeAnswer.Finding;
import io.penstock.usage.TokenUsage;
import java.nio.charset.StandardCharsets;

/**
 * A reply to a call for a stream under another type than a stream's, or without a type: some
 * servers send events so, others one JSON object or a page. The reply is read as a stream, and
 * fails unless its first line is an event's.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop. <b>Buffers:</b> borrows.
 */
final class UntypedStream extends ReplyReading implements Rewriter {
    private static final byte[][] FIELDS = {bytes("data:"), bytes("event:"), bytes("id:"),
        bytes("retry:"), bytes(":")};
    private static final int MAX_ERROR_BYTES = 64 * 1024;

    private final ReplyReading stream;
    private final ResponseRelay.Observer events;
    private final Rewriter translation; // null where the provider's own events pass
    private boolean begun; // by an event
    private boolean wrong; // it began otherwise
    private boolean errorSeen; // in its place

    UntypedStream(ReplyReading stream) {
        this.stream = stream;
        events = stream.observer();
        translation = stream.rewriter();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    // What it is

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        if (wrong) {
            return false;
        }
        int first = begun ? index : firstLine(buffer, index, index + length);
        if (!begun && first < index + length) {
            begun = translation != null || isField(buffer, first, index + length);
            if (!begun) {
                wrong = true;
                errorSeen = length <= MAX_ERROR_BYTES && isError(buffer, index, length);
                return false;
            }
        }
        return events.onEvent(buffer, index, length);
    }

    /** Where the first byte stands that is not blank; {@code end} if there is none. */
    private static int firstLine(ByteBuf buffer, int from, int end) {
        int at = from;
        while (at < end && buffer.getByte(at) <= ' ' && buffer.getByte(at) >= 0) {
            at++;
        }
        return at;
    }

    private static boolean isField(ByteBuf buffer, int from, int end) {
        for (byte[] field : FIELDS) {
            int at = 0;
            while (at < field.length && from + at < end && buffer.getByte(from + at) == field[at]) {
                at++;
            }
            if (at == field.length) {
                return true;
            }
        }
        return false;
    }

    private static boolean isError(ByteBuf buffer, int index, int length) {
        byte[] text = new byte[length];
        buffer.getBytes(index, text);
        return WholeAnswer.read(text, length) == Finding.ERROR;
    }

    @Override
    public void onOversizedEvent() {
        if (begun) {
            events.onOversizedEvent();
        } else {
            wrong = true; // nothing shows that it was an event
        }
    }

    /** Of what continues the stream, where that is none. */
    @Override
    public void onPayload(ByteBuf buffer, int index, int length) {
        events.onPayload(buffer, index, length);
    }

    @Override
    public int maxSplitEvent() {
        return events.maxSplitEvent();
    }

    @Override
    public ResponseRelay.Observer observer() {
        return this;
    }

    @Override
    public Rewriter rewriter() {
        return translation == null ? null : this;
    }

    @Override
    public void rewrite(ByteBuf buffer, int index, int length, ByteBuf out) {
        for (int at = index; !begun && !wrong && at < index + length; at++) {
            byte first = buffer.getByte(at);
            wrong = first == '{' || first == '[' || first == '<';
            begun = !wrong && (first > ' ' || first <= 0);
        }
        if (!wrong) {
            translation.rewrite(buffer, index, length, out);
        }
    }

    @Override
    public void finish(ByteBuf out) {
        if (!wrong) {
            translation.finish(out);
        }
    }

    // What follows

    @Override
    public Judgement judge(boolean ended, int heldBytes) {
        if (errorSeen) {
            return fail(Fault.ERROR_IN_REPLY, "the reply holds an error");
        }
        if (wrong) {
            return fail(Fault.BAD_RESPONSE, "a stream was asked for, and something else came");
        }
        if (ended && !begun && heldBytes == 0) {
            return fail(Fault.EMPTY_REPLY, "the reply is empty");
        }
        Judgement judgement = stream.judge(ended, heldBytes);
        return judgement == Judgement.COMMIT && !begun
                ? fail(Fault.BAD_RESPONSE, "what may be held shows no event")
                : passOn(judgement);
    }

    private Judgement passOn(Judgement judgement) {
        return judgement == Judgement.FAILED ? fail(stream.fault(), stream.detail()) : judgement;
    }

    @Override
    public Judgement judgeMore(boolean ended) {
        return passOn(stream.judgeMore(ended));
    }

    // All else is the stream's matter

    @Override
    public boolean isEvents() {
        return true;
    }

    @Override
    public boolean isShownAsEvents() {
        return stream.isShownAsEvents();
    }

    @Override
    public void onCommit() {
        stream.onCommit();
    }

    @Override
    public String takeMade() {
        return stream.takeMade();
    }

    @Override
    public boolean isComplete() {
        return stream.isComplete();
    }

    @Override
    public boolean hasSaidAll() {
        return stream.hasSaidAll();
    }

    @Override
    public boolean isErrorSeen() {
        return stream.isErrorSeen();
    }

    @Override
    public String closing(TokenUsage inAll) {
        return stream.closing(inAll);
    }

    @Override
    public String lastWord(Failure why, String attempts) {
        return stream.lastWord(why, attempts);
    }

    @Override
    public String endAtLength(TokenUsage cameTo) {
        return stream.endAtLength(cameTo);
    }

    @Override
    public boolean canBeContinuedLater() {
        return stream.canBeContinuedLater();
    }

    @Override
    public boolean canBeContinued() {
        return stream.canBeContinued();
    }

    @Override
    public boolean isContentSeen() {
        return stream.isContentSeen();
    }

    @Override
    public int contentEvents() {
        return stream.contentEvents();
    }

    @Override
    public boolean isAnswered() {
        return stream.isAnswered();
    }

    @Override
    public long passedTokens() {
        return stream.passedTokens();
    }

    @Override
    public TokenUsage usage() {
        return stream.usage();
    }

    @Override
    public int malformedEvents() {
        return stream.malformedEvents();
    }

    @Override
    public void release() {
        stream.release();
    }
}

package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.Judgement;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.relay.Rewriter;
import io.penstock.translate.ChatStream.Meaning;
import io.penstock.usage.TokenUsage;

/**
 * A stream that continues another one, in whatever format: its own events are kept back, and the
 * new part of their text goes to the caller in events that are made here.
 */
final class SplicedReply extends StreamReply {
    private final Continuation spliced;
    private final StreamTranslation reading; // writes nothing

    SplicedReply(ChatLoop loop, ChatCall call, Ask ask, StreamTranslation reading) {
        super(loop, call, ask, null);
        spliced = call.continuation();
        this.reading = reading;
        reading.tellTo(this);
    }

    @Override
    public Rewriter rewriter() {
        return reading;
    }

    @Override
    void onMeaning(Meaning meaning, int length) {
        super.onMeaning(meaning, length);
        spliced.read();
    }

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        throw new AssertionError("the rewriter leaves none");
    }

    @Override
    public boolean isSpliced() {
        return true;
    }

    @Override
    public boolean isContentSeen() {
        return spliced.isJoined();
    }

    @Override
    boolean keepsErrorsBack() {
        return true;
    }

    @Override
    public Judgement judge(boolean ended, int heldBytes) {
        if (isErrorSeen()) {
            return fail(Fault.ERROR_IN_REPLY, "the stream opens with an error");
        }
        if (spliced.isDiverged()) {
            return fail(Fault.DIVERGED, "the answer says something else");
        }
        if (spliced.isJoined()) {
            return Judgement.JOIN;
        }
        return ended ? fail(Fault.NO_CONTENT, "the stream ended before it went on")
                : Judgement.WAIT;
    }

    @Override
    public Judgement judgeMore(boolean ended) {
        return spliced.isDiverged() ? fail(Fault.DIVERGED, "the stream went wrong")
                : super.judgeMore(ended);
    }

    @Override
    public String takeMade() {
        return spliced.takeEvents();
    }

    @Override
    public boolean isComplete() {
        return isDoneSeen();
    }

    @Override
    public String closing(TokenUsage inAll) {
        return spliced.end(Usages.counted(inAll));
    }

    @Override
    public String lastWord(Failure why, String attempts) {
        return spliced.fail(why, attempts);
    }

    @Override
    public String endAtLength(TokenUsage cameTo) {
        return spliced.endAtLength(Usages.counted(cameTo));
    }

    @Override
    public boolean canBeContinuedLater() {
        return true;
    }

    @Override
    public boolean canBeContinued() {
        return !isFinishSeen() && spliced.isPossible();
    }

    @Override
    public TokenUsage usage() {
        return Usages.ofStream(reading.usage(), isDoneSeen(), passedTokens());
    }

    @Override
    public int malformedEvents() {
        return reading.malformedEvents();
    }

    @Override
    public void release() {
        reading.release();
    }
}

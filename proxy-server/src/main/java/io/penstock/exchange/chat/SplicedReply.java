package io.penstock.exchange.chat;

import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.Judgement;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.translate.ChatChunk;
import io.penstock.translate.ErrorBody;
import io.penstock.usage.TokenUsage;

/**
 * A stream that continues another one: its own chunks are kept back, and the new part of their text
 * goes to the caller in chunks that are made here.
 */
final class SplicedReply extends ContinuableReply {
    SplicedReply(ChatLoop loop, ChatCall call, Ask ask, StreamTranslation translation) {
        super(loop, call, ask, translation);
    }

    @Override
    boolean onChunk(ChatChunk chunk, boolean isUsageOnly) {
        if (!isEndRead()) { // what stands behind the end is no part of the answer
            continuation.splice(chunk);
        }
        return false;
    }

    @Override
    public boolean isSpliced() {
        return true;
    }

    @Override
    public boolean isContentSeen() {
        return continuation.isJoined();
    }

    @Override
    public Judgement judge(boolean ended, int heldBytes) {
        if (isErrorSeen()) {
            return fail(Fault.ERROR_IN_REPLY, "the stream opens with an error");
        }
        if (continuation.isDiverged()) {
            return fail(Fault.DIVERGED, "the answer says something else");
        }
        if (continuation.isJoined()) {
            return Judgement.JOIN;
        }
        return ended ? fail(Fault.NO_CONTENT, "the stream ended before it went on")
                : Judgement.WAIT;
    }

    @Override
    public Judgement judgeMore(boolean ended) {
        return continuation.isDiverged() ? fail(Fault.DIVERGED, "the stream went wrong")
                : super.judgeMore(ended);
    }

    @Override
    public String takeMade() {
        return continuation.takeEvents();
    }

    @Override
    public String closing(TokenUsage inAll) {
        return (call.fields().asksForUsage() ? ChatChunk.ofUsage(continuation.identity(),
                inAll.prompt(), inAll.completion()) : "") + "data: [DONE]\n\n";
    }

    @Override
    public String lastWord(Failure why, String attempts) {
        return ErrorBody.openAiEvent(why, attempts);
    }
}

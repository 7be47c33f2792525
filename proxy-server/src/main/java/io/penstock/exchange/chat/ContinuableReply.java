package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.Ask;
import io.penstock.relay.ResponseRelay;
import io.penstock.relay.Rewriter;
import io.penstock.translate.ChatChunk;
import io.penstock.usage.TokenUsage;

/**
 * A stream of chunks of which every chunk is read whole, since it may have to be continued by
 * another target, or continues another's. Comes as it is, or out of a translation.
 */
abstract class ContinuableReply extends StreamReply {
    final Continuation continuation;
    final StreamTranslation translation; // null where the chunks are the provider's own
    private boolean endRead; // which a translation knows of before its chunks are read

    ContinuableReply(ChatLoop loop, ChatCall call, Ask ask, StreamTranslation translation) {
        super(loop, call, ask);
        continuation = call.continuation();
        this.translation = translation;
        if (translation != null) {
            translation.tellTo(this);
        }
    }

    /** The relay outlives this reply when another one continues it, and so does its observer. */
    @Override
    public ResponseRelay.Observer observer() {
        return continuation;
    }

    @Override
    public Rewriter rewriter() {
        return translation;
    }

    /** Of a translation the chunks that come out tell by themselves whether they hold content. */
    @Override
    void onContent() {
        if (translation == null) {
            super.onContent();
        }
    }

    @Override
    boolean keepsErrorsBack() {
        return true; // not the caller's yet: another target may go on
    }

    @Override
    public boolean isComplete() {
        return isErrorSeen() || isFinishSeen() && (translation == null || isDoneSeen());
    }

    @Override
    public boolean hasSaidAll() {
        return isDoneSeen() && isFinishSeen();
    }

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        if (translation == null) {
            count(length);
        }
        ChatChunk chunk = loop.chatChunk();
        switch (chunk.read(buffer, index, length)) {
            case CHUNK -> {
                TokenUsage found = loop.usageScanner().scan(buffer, index, length);
                usage = found == null ? usage : found;
                if (chunk.text() != null || chunk.hasOther() || chunk.hasReasoning()) {
                    super.onContent();
                }
                if (chunk.finishReason() != null) {
                    onFinish();
                }
                return onChunk(chunk, found != null && isUsageOnly(buffer, index, length));
            }
            case DONE -> {
                onDone();
                endRead = true;
                return !isSpliced() && isFinishSeen(); // without a reason it is no end
            }
            case ERROR -> {
                onError();
                return false;
            }
            case MALFORMED -> {
                onMalformed();
                return false;
            }
            default -> { }
        }
        return !isSpliced();
    }

    /** Whether the chunk that ends the stream has been read. */
    boolean isEndRead() {
        return endRead;
    }

    /** Reads a chunk; returns whether it passes to the caller as it is. */
    abstract boolean onChunk(ChatChunk chunk, boolean isUsageOnly);

    @Override
    public TokenUsage usage() {
        return translation == null ? super.usage()
                : Usages.ofStream(translation.usage(), isDoneSeen(), passedTokens());
    }

    @Override
    public int malformedEvents() {
        return super.malformedEvents() + (translation == null ? 0 : translation.malformedEvents());
    }

    @Override
    public boolean canBeContinuedLater() {
        return true;
    }

    @Override
    public boolean canBeContinued() {
        return continuation.isPossible();
    }

    @Override
    public void release() {
        if (translation != null) {
            translation.release();
        }
    }
}

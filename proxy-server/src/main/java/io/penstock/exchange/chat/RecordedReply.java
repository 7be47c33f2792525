package io.penstock.exchange.chat;

import io.penstock.exchange.call.Ask;
import io.penstock.failure.Failure;
import io.penstock.translate.ChatChunk;
import io.penstock.translate.ErrorBody;

/** A stream that passes chunk by chunk, and whose text is kept so that another can continue it. */
final class RecordedReply extends ContinuableReply {
    private final boolean hidesUsage;

    RecordedReply(ChatLoop loop, ChatCall call, Ask ask, StreamTranslation translation,
            boolean hidesUsage) {
        super(loop, call, ask, translation);
        this.hidesUsage = hidesUsage;
    }

    @Override
    boolean onChunk(ChatChunk chunk, boolean isUsageOnly) {
        continuation.record(chunk);
        identity = continuation.identity();
        return !hidesUsage || !isUsageOnly;
    }

    @Override
    public String lastWord(Failure why, String attempts) {
        return translation == null ? ErrorBody.event(call.format(), why, attempts, 0)
                : translation.lastWord(why, attempts);
    }
}

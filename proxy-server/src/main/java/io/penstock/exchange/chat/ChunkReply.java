package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.Ask;
import io.penstock.translate.ChatStream.Meaning;
import io.penstock.usage.TokenUsage;

/**
 * A stream of OpenAI's chunks that passes as it is. Its chunks are read closely until they have
 * shown enough, and then only those that end otherwise than the last.
 */
final class ChunkReply extends StreamReply {
    private final boolean hidesUsage;
    private boolean oversized; // an event that was too long to be read: it may have been the last

    /** {@code hidesUsage}: the caller has not asked for the event that brings only the usage. */
    ChunkReply(ChatLoop loop, ChatCall call, Ask ask, boolean hidesUsage) {
        super(loop, call, ask, null);
        this.hidesUsage = hidesUsage;
    }

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        boolean glances = isContentSeen();
        count(length);
        if (glances && loop.familiarEnd().isFamiliar(buffer, index, length)) {
            return true; // one more piece of content
        }
        if (loop.chatStream().isMalformed(buffer, index, length)) {
            onMalformed();
            return false;
        }
        TokenUsage found = loop.usageScanner().scan(buffer, index, length);
        if (found != null) {
            usage = found;
        }
        Meaning meaning = glances ? loop.chatStream().glance(buffer, index, length,
                call.fields().choices() == 1)
                : loop.chatStream().read(buffer, index, length);
        if (glances && meaning == Meaning.NOTHING && found == null
                && loop.chatStream().unfinishedAt() >= 0) {
            loop.familiarEnd().learn(buffer, loop.chatStream().unfinishedAt(), index + length);
        }
        switch (meaning) {
            case CONTENT -> {
                onContent();
                if (ask.cutsAtBudget()) {
                    noteIdentity(buffer, index, length);
                }
            }
            case FINISH -> onFinish();
            case DONE -> {
                onDone();
                return hasReason() || isErrorSeen(); // else it is no end, and does not pass
            }
            case ERROR -> onError();
            default -> { }
        }
        return found == null || !hidesUsage || !isUsageOnly(buffer, index, length);
    }

    @Override
    public void onOversizedEvent() {
        super.onOversizedEvent();
        oversized = true;
    }

    private boolean hasReason() {
        return isFinishSeen() || oversized;
    }

    @Override
    public boolean isComplete() {
        return isErrorSeen() || hasReason();
    }

    @Override
    public boolean hasSaidAll() {
        return hasPassedError() || isDoneSeen() && hasReason();
    }
}

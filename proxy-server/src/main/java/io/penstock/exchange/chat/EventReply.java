package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.exchange.call.Ask;
import io.penstock.failure.Failure;
import io.penstock.translate.ChatStream.Meaning;
import io.penstock.translate.ErrorBody;
import io.penstock.translate.OpenStream;
import io.penstock.translate.ReplyTranslator;
import io.penstock.translate.ReplyUsage;
import io.penstock.usage.TokenUsage;
import java.nio.charset.StandardCharsets;

/**
 * A stream that passes as it is, and of which every event is read: of formats whose end is not to
 * be seen at a glance, and of OpenAI's chunks where another target may have to continue the text.
 */
final class EventReply extends StreamReply {
    private final ReplyTranslator watcher;
    private final boolean hidesUsage;
    private long watchedEvents; // that went by
    private boolean unreadLast; // the last event was too long to be read
    private boolean unread; // any was

    /** {@code hidesUsage}: the caller has not asked for the event that brings only the usage. */
    EventReply(ChatLoop loop, ChatCall call, Ask ask, boolean hidesUsage) {
        super(loop, call, ask, call.continuation());
        this.hidesUsage = hidesUsage;
        watcher = new ReplyTranslator(loop.replyLoop());
        if (call.continuation() == null) {
            watcher.watch(call.format(), ask.cutsAtBudget());
        } else {
            watcher.watchToContinue(call.format(), call.fields().asksForUsage());
        }
    }

    @Override
    public void onCommit() {
        super.onCommit();
        call.onResponse(watcher.id(), ask.provider());
    }

    @Override
    OpenStream openStream() {
        return watcher.openStream();
    }

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        watchedEvents += length > MAX_EMPTY_BYTES ? 1 : 0;
        unreadLast = false;
        int malformed = watcher.malformedEvents();
        Meaning meaning = watcher.onEvent(buffer, index, length, Unpooled.EMPTY_BUFFER);
        onMeaning(meaning, length);
        return watcher.malformedEvents() == malformed // clients give up at one
                && !(meaning == Meaning.ERROR && keepsErrorsBack())
                && (!call.endpoint().hasChunks() || passesChunk(buffer, index, length));
    }

    /** Reads on what only OpenAI's chunks have. */
    private boolean passesChunk(ByteBuf buffer, int index, int length) {
        if (ask.cutsAtBudget()) {
            noteIdentity(buffer, index, length);
        }
        TokenUsage found = loop.usageScanner().scan(buffer, index, length);
        usage = found == null ? usage : found;
        if (found != null && hidesUsage && isUsageOnly(buffer, index, length)) {
            return false;
        }
        return isFinishSeen() || !watcher.isTerminatorSeen(); // without a reason it is no end
    }

    /** Responses repeat all of the answer in the event that ends it, and tells the usage. */
    @Override
    public int maxSplitEvent() {
        return StreamTranslation.MAX_EVENT_BYTES;
    }

    @Override
    public void onOversizedEvent() {
        super.onOversizedEvent();
        unreadLast = true;
        unread = true;
        watchedEvents++;
    }

    /** The reason may have stood in an event too long to be read. */
    @Override
    boolean isFinishSeen() {
        return super.isFinishSeen() || unreadLast;
    }

    @Override
    public TokenUsage usage() {
        if (usage != null) {
            return usage; // as a chunk has it
        }
        boolean whole = isDoneSeen() // or, of Google's streams, the last figures have come
                || call.endpoint().isGoogles() && super.isFinishSeen();
        return Usages.ofStream(watcher.usage(), whole, passedTokens());
    }

    @Override
    public int malformedEvents() {
        return watcher.malformedEvents();
    }

    @Override
    public boolean canBeContinued() {
        return !unread && super.canBeContinued();
    }

    @Override
    public String lastWord(Failure why, String attempts) {
        return ErrorBody.event(call.format(), why, attempts, watchedEvents);
    }

    @Override
    public String endAtLength(TokenUsage cameTo) {
        if (call.endpoint().hasChunks()) {
            return super.endAtLength(cameTo);
        }
        ReplyUsage counted = Usages.counted(cameTo);
        ByteBuf end = Unpooled.buffer();
        return watcher.endAtLength(counted, end) ? end.toString(StandardCharsets.UTF_8) : null;
    }
}

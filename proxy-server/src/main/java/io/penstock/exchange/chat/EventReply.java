package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.exchange.call.Ask;
import io.penstock.failure.Failure;
import io.penstock.translate.ErrorBody;
import io.penstock.translate.ReplyTranslator;
import io.penstock.translate.ReplyUsage;
import io.penstock.usage.TokenUsage;
import java.nio.charset.StandardCharsets;

/**
 * A stream of messages or responses that passes as it is. All of its events are read, since what
 * ends them is not to be seen at a glance.
 */
final class EventReply extends StreamReply {
    private final ReplyTranslator watcher;
    private long watchedEvents; // that went by
    private boolean unreadLast; // the last event was too long to be read

    EventReply(ChatLoop loop, ChatCall call, Ask ask) {
        super(loop, call, ask);
        watcher = new ReplyTranslator(loop.replyLoop());
        watcher.watch(call.format(), ask.cutsAtBudget());
    }

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        watchedEvents += length > MAX_EMPTY_BYTES ? 1 : 0;
        unreadLast = false;
        int malformed = watcher.malformedEvents();
        onMeaning(watcher.onEvent(buffer, index, length, Unpooled.EMPTY_BUFFER), length);
        return watcher.malformedEvents() == malformed; // clients give up at one
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
        watchedEvents++;
    }

    /** The reason may have stood in an event too long to be read. */
    @Override
    boolean isFinishSeen() {
        return super.isFinishSeen() || unreadLast;
    }

    @Override
    public TokenUsage usage() {
        boolean whole = isDoneSeen() // or, of Google's streams, the last figures have come
                || call.endpoint().isGoogles() && super.isFinishSeen();
        return Usages.ofStream(watcher.usage(), whole, passedTokens());
    }

    @Override
    public int malformedEvents() {
        return watcher.malformedEvents();
    }

    @Override
    public String lastWord(Failure why, String attempts) {
        return ErrorBody.event(call.format(), why, attempts, watchedEvents);
    }

    @Override
    public String endAtLength(TokenUsage cameTo) {
        ReplyUsage counted = Usages.counted(cameTo);
        ByteBuf end = Unpooled.buffer();
        return watcher.endAtLength(counted, end) ? end.toString(StandardCharsets.UTF_8) : null;
    }
}

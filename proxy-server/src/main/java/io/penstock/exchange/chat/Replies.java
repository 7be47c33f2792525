package io.penstock.exchange.chat;

import io.netty.buffer.ByteBufAllocator;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.ErrorReply;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.failure.Fault;
import io.penstock.http.Field;
import io.penstock.http.ResponseHead;
import io.penstock.translate.ReplyFormat;
import java.nio.charset.StandardCharsets;

/**
 * Chooses how a reply to one call is read: by its status, its type, and what was asked.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class Replies {
    static final int MAX_JUDGED_BYTES = 4 * 1024;
    private static final String EVENTS = "text/event-stream";
    private static final String MESSAGES = "application/vnd.amazon.eventstream";

    private final ChatLoop loop;
    private final ByteBufAllocator allocator;
    private final ChatCall call;

    Replies(ChatLoop loop, ByteBufAllocator allocator, ChatCall call) {
        this.loop = loop;
        this.allocator = allocator;
        this.call = call;
    }

    /** The reply to a request in the caller's own words. */
    ReplyReading ofRelayed(RelayedRequest request, ResponseHead head, Ask ask) {
        if (head.status() >= 300) {
            return shown(ask, error());
        }
        if (isUnreadable(head)) {
            return shown(ask, unreadable());
        }
        boolean events = head.valueStartsWith(Field.CONTENT_TYPE, EVENTS);
        if (ask.continues()) {
            return shown(ask, events ? spliced(ask, call.format()) : noStream());
        }
        if (!isStreamWanted()) {
            return events ? noAnswer()
                    : new WholeReply(loop, allocator, call, ask, head.contentLength());
        }
        return typed(events, call.endpoint().hasChunks() && call.continuation() == null
                ? new ChunkReply(loop, call, ask, request.asksForUsage())
                : new EventReply(loop, call, ask, request.asksForUsage()));
    }

    /** A stream in that format, which continues the one that the caller has begun to get. */
    private SplicedReply spliced(Ask ask, ReplyFormat upstream) {
        return new SplicedReply(loop, call, ask, new StreamTranslation(loop, allocator, upstream,
                call.continuation().answer()));
    }

    private boolean isStreamWanted() {
        return call.isStream() && call.endpoint().generates();
    }

    /** A stream that calls itself something else has to show that it is one. */
    private static ReplyReading typed(boolean events, ReplyReading stream) {
        return events ? stream : new UntypedStream(stream);
    }

    /** The reply to a request in another format. */
    ReplyReading ofTranslated(TranslatedRequest request, ResponseHead head, Ask ask) {
        if (head.status() >= 300) {
            return ask.continues() ? shown(ask, error())
                    : new TranslatedError(loop, allocator, request, head.status());
        }
        if (isUnreadable(head)) {
            return shown(ask, unreadable());
        }
        boolean events = head.valueStartsWith(Field.CONTENT_TYPE,
                request.upstream().isEventStream() ? MESSAGES : EVENTS);
        if (ask.continues()) {
            return shown(ask, events ? spliced(ask, request.upstream()) : noStream());
        }
        if (!isStreamWanted()) {
            return events ? noAnswer() : new TranslatedWholeReply(loop, allocator,
                    request.upstream(), request.client(), request.options(),
                    request::remember);
        }
        return typed(events, new TranslatedReply(loop, call, ask, new StreamTranslation(loop,
                allocator, request, call.continuation() != null)));
    }

    /** The relay goes on with a reply that continues another, and shows that reading its bytes. */
    private ReplyReading shown(Ask ask, ReplyReading reading) {
        return ask.continues() ? call.continuation().passTo(reading) : reading;
    }

    private static ErrorReply error() {
        return new ErrorReply(MAX_JUDGED_BYTES, StandardCharsets.UTF_8);
    }

    private static boolean isUnreadable(ResponseHead head) {
        return head.has(Field.CONTENT_ENCODING)
                && !head.valueStartsWith(Field.CONTENT_ENCODING, "identity");
    }

    private static UselessReply unreadable() {
        return new UselessReply(Fault.BAD_RESPONSE, "a content coding that nobody asked for");
    }

    private static UselessReply noAnswer() {
        return new UselessReply(Fault.BAD_RESPONSE, "a stream came that was not asked for");
    }

    private static UselessReply noStream() {
        return new UselessReply(Fault.BAD_RESPONSE,
                "a stream was asked for, and something else came");
    }
}

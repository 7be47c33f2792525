package io.penstock.exchange.chat;

import io.netty.buffer.ByteBufAllocator;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.ErrorReply;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.failure.Fault;
import io.penstock.http.Field;
import io.penstock.http.ResponseHead;
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
            return splice(ask, error());
        }
        if (isUnreadable(head)) {
            return unreadable(ask);
        }
        boolean events = head.valueStartsWith(Field.CONTENT_TYPE, EVENTS);
        if (ask.continues()) {
            return splice(ask, events ? new SplicedReply(loop, call, ask, null) : noStream());
        }
        if (!isStreamWanted()) {
            return events ? noAnswer()
                    : new WholeReply(loop, allocator, call, ask, head.contentLength());
        }
        if (call.continuation() != null) {
            return typed(events, splice(ask,
                    new RecordedReply(loop, call, ask, null, request.asksForUsage())));
        }
        return typed(events, call.endpoint().hasChunks()
                ? new ChunkReply(loop, call, ask, request.asksForUsage())
                : new EventReply(loop, call, ask));
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
            return ask.continues() ? splice(ask, error())
                    : new TranslatedError(loop, allocator, request, head.status());
        }
        if (isUnreadable(head)) {
            return unreadable(ask);
        }
        boolean events = head.valueStartsWith(Field.CONTENT_TYPE,
                request.upstream().isEventStream() ? MESSAGES : EVENTS);
        if (ask.continues() && !events) {
            return splice(ask, noStream());
        }
        if (!isStreamWanted()) {
            return events ? noAnswer() : new TranslatedWholeReply(loop, allocator,
                    request.upstream(), request.client(), request.options(),
                    request::remember);
        }
        StreamTranslation translation = new StreamTranslation(loop, allocator, request);
        if (ask.continues()) {
            return splice(ask, new SplicedReply(loop, call, ask, translation));
        }
        return typed(events, call.continuation() != null
                ? splice(ask, new RecordedReply(loop, call, ask, translation, false))
                : new TranslatedReply(loop, call, ask, translation));
    }

    /** From here on the continuation's observer, if there is one, passes on to that reading. */
    private ReplyReading splice(Ask ask, ReplyReading reading) {
        if (ask.continues() || reading instanceof RecordedReply) {
            call.continuation().passTo(reading);
        }
        return reading;
    }

    private static ErrorReply error() {
        return new ErrorReply(MAX_JUDGED_BYTES, StandardCharsets.UTF_8);
    }

    private static boolean isUnreadable(ResponseHead head) {
        return head.has(Field.CONTENT_ENCODING)
                && !head.valueStartsWith(Field.CONTENT_ENCODING, "identity");
    }

    private ReplyReading unreadable(Ask ask) {
        return splice(ask, new UselessReply(Fault.BAD_RESPONSE,
                "a content coding that nobody asked for"));
    }

    private static UselessReply noAnswer() {
        return new UselessReply(Fault.BAD_RESPONSE, "a stream came that was not asked for");
    }

    private static UselessReply noStream() {
        return new UselessReply(Fault.BAD_RESPONSE,
                "a stream was asked for, and something else came");
    }
}

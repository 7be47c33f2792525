package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.penstock.failure.Failure;
import io.penstock.relay.Rewriter;
import io.penstock.sse.EventSplitter;
import io.penstock.translate.AnswerText;
import io.penstock.translate.ChatStream.Meaning;
import io.penstock.translate.EventStreamSplitter;
import io.penstock.translate.EventStreamSplitter.EventStreamException;
import io.penstock.translate.OpenStream;
import io.penstock.translate.ReplyFormat;
import io.penstock.translate.ReplyTranslator;
import io.penstock.translate.ReplyUsage;
import java.nio.charset.StandardCharsets;

/**
 * Makes of a provider's stream the one that the caller can read, event by event, and tells the
 * reply what each event means. It does not decide whether the caller is told of an error.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> borrows; owns what it has of an unfinished event until {@link #release}.
 * <br><b>Bounds:</b> {@value #MAX_EVENT_BYTES} bytes of an event; a longer one fails the attempt.
 */
final class StreamTranslation implements Rewriter, EventSplitter.Sink {
    static final int MAX_EVENT_BYTES = 4 * 1024 * 1024;

    private final ByteBufAllocator allocator;
    private final TranslatedRequest request; // null where only a text is read
    private final ReplyTranslator translator;
    private final EventSplitter events;
    private final EventStreamSplitter messages; // null where server-sent events come
    private StreamReply reply;
    private ByteBuf out; // the relay's, during a call

    /** {@code mayBeContinued}: another target may have to continue the text. */
    StreamTranslation(ChatLoop loop, ByteBufAllocator allocator, TranslatedRequest request,
            boolean mayBeContinued) {
        this(loop, allocator, request, request.upstream());
        translator.begin(request.upstream(), request.client(), request.options(),
                mayBeContinued);
    }

    /** A reading of a stream in that format which writes nothing: its text goes into an answer. */
    StreamTranslation(ChatLoop loop, ByteBufAllocator allocator, ReplyFormat upstream,
            AnswerText answer) {
        this(loop, allocator, null, upstream);
        translator.readText(upstream, answer);
    }

    private StreamTranslation(ChatLoop loop, ByteBufAllocator allocator,
            TranslatedRequest request, ReplyFormat upstream) {
        this.allocator = allocator;
        this.request = request;
        translator = new ReplyTranslator(loop.replyLoop());
        events = new EventSplitter(this, loop.calls().scratch(), MAX_EVENT_BYTES);
        messages = upstream.isEventStream()
                ? new EventStreamSplitter(this, MAX_EVENT_BYTES) : null;
    }

    /** The request that the stream answers; null where only a text is read. */
    TranslatedRequest request() {
        return request;
    }

    /** The stream as another target can continue it; null where it shall not. */
    OpenStream openStream() {
        return translator.openStream();
    }

    private void remember() {
        if (request != null) {
            request.remember(translator.responseAnswer());
        }
    }

    /** Tells that reply what the events mean. */
    void tellTo(StreamReply reply) {
        this.reply = reply;
    }

    /** What the provider has counted so far; null if nothing. */
    ReplyUsage usage() {
        return translator.usage();
    }

    /** Events that were no JSON; they went no further. */
    int malformedEvents() {
        return translator.malformedEvents();
    }

    /** The event that ends a stream which broke off, in the caller's format. */
    String lastWord(Failure why, String attempts) {
        ByteBuf word = Unpooled.buffer();
        if (translator.error() != null) {
            translator.fail(translator.error(), word);
        } else {
            translator.fail(why, attempts, word);
        }
        return word.toString(StandardCharsets.UTF_8);
    }

    /** The events that end the stream at the length that it may have, in the caller's format. */
    String endAtLength(ReplyUsage counted) {
        ByteBuf end = Unpooled.buffer();
        translator.endAtLength(counted, end);
        return end.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void rewrite(ByteBuf buffer, int index, int length, ByteBuf out) {
        this.out = out;
        if (messages == null) {
            events.split(allocator, buffer, index, length);
        } else {
            try {
                messages.split(allocator, buffer, index, length);
            } catch (EventStreamException e) {
                reply.onMeaning(Meaning.ERROR, 0);
            }
        }
        this.out = null;
    }

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        Meaning meaning = translator.onEvent(buffer, index, length, out);
        if (meaning == Meaning.DONE) {
            remember();
        }
        reply.onMeaning(meaning, length);
        return true;
    }

    @Override
    public void onOversizedEvent() {
        reply.onMeaning(translator.onOversizedEvent(), 0);
    }

    @Override
    public void finish(ByteBuf out) {
        this.out = out;
        events.finish();
        boolean failed = translator.error() != null;
        Meaning end = translator.onEnd(out);
        if (end == Meaning.DONE) {
            remember();
        }
        if (end == Meaning.DONE || failed) {
            reply.onMeaning(end, 0); // else it is merely cut
        }
        this.out = null;
        release();
    }

    /** Releases what has come; harmless if nothing has. */
    void release() {
        events.release();
        if (messages != null) {
            messages.release();
        }
    }
}

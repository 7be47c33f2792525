package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.penstock.failure.Failure;
import io.penstock.relay.Rewriter;
import io.penstock.sse.EventSplitter;
import io.penstock.translate.ChatStream.Meaning;
import io.penstock.translate.ErrorBody;
import io.penstock.translate.EventStreamSplitter;
import io.penstock.translate.EventStreamSplitter.EventStreamException;
import io.penstock.translate.ReplyError;
import io.penstock.translate.ReplyTranslator;
import io.penstock.translate.ReplyUsage;
import java.nio.charset.StandardCharsets;

/**
 * Makes of a provider's reply the one that the caller can read: a stream event by event, a unary
 * reply or an error as a whole. Tells the reader what each event means; whether the caller hears of
 * an error is not decided here.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> borrows; owns what it collects until {@link #release}.
 * <br><b>Bounds:</b> {@value #MAX_REPLY_BYTES} bytes of a unary reply, {@value #MAX_EVENT_BYTES} of
 * an event, which fail the attempt; of an error, {@value Attempt#MAX_ERROR_BYTES} bytes are read.
 */
final class ReplyTranslation implements Rewriter, EventSplitter.Sink {
    static final int MAX_REPLY_BYTES = 32 * 1024 * 1024;
    static final int MAX_EVENT_BYTES = 4 * 1024 * 1024;

    private enum Shape { EVENTS, MESSAGES, WHOLE, ERROR }

    private final ByteBufAllocator allocator;
    private final ExchangeLoop loop;
    private final ReplyReader reader;
    private final ReplyTranslator translator;
    private final EventSplitter events;
    private final EventStreamSplitter messages;

    private Question question;
    private Shape shape;
    private int status;
    private ByteBuf collected;
    private ByteBuf out; // the relay's, during a call
    private boolean tooLong;
    private boolean whole; // a unary reply has been read

    ReplyTranslation(ExchangeLoop loop, ByteBufAllocator allocator, ReplyReader reader) {
        this.loop = loop;
        this.allocator = allocator;
        this.reader = reader;
        translator = new ReplyTranslator(loop.replyLoop());
        events = new EventSplitter(this, loop.scratch(), MAX_EVENT_BYTES);
        messages = new EventStreamSplitter(this, MAX_EVENT_BYTES);
    }

    /** Begins with a reply whose head has come. */
    void begin(Question question, int status, boolean isStream) {
        release();
        this.question = question;
        this.status = status;
        tooLong = false;
        whole = false;
        shape = status >= 300 ? Shape.ERROR : !isStream ? Shape.WHOLE
                : question.upstream().isEventStream() ? Shape.MESSAGES : Shape.EVENTS;
        if (isStream) {
            events.reset();
            translator.begin(question.upstream(), question.client(), question.options());
        }
    }

    /** The status that the caller is told. */
    int status() {
        return status;
    }

    /** Whether the reply is longer than can be translated. */
    boolean isTooLong() {
        return tooLong;
    }

    /** Events of a stream that were no JSON; they went no further. */
    int malformedEvents() {
        return shape == Shape.EVENTS || shape == Shape.MESSAGES ? translator.malformedEvents() : 0;
    }

    /** What the provider has counted so far; null if nothing. */
    ReplyUsage usage() {
        return shape == Shape.ERROR || shape == Shape.WHOLE && !whole ? null : translator.usage();
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
        switch (shape) {
            case EVENTS -> events.split(allocator, buffer, index, length);
            case MESSAGES -> splitMessages(buffer, index, length);
            case WHOLE -> collect(buffer, index, length, MAX_REPLY_BYTES);
            case ERROR -> {
                reader.onPayload(buffer, index, length);
                collect(buffer, index, Math.min(length, Attempt.MAX_ERROR_BYTES
                        - (collected == null ? 0 : collected.readableBytes())),
                        Attempt.MAX_ERROR_BYTES);
            }
        }
        this.out = null;
    }

    private void splitMessages(ByteBuf buffer, int index, int length) {
        try {
            messages.split(allocator, buffer, index, length);
        } catch (EventStreamException e) {
            reader.onMeaning(Meaning.ERROR, 0);
        }
    }

    private void collect(ByteBuf buffer, int index, int length, int max) {
        if (collected == null) {
            collected = allocator.directBuffer(length, max);
        }
        tooLong |= length > collected.maxWritableBytes();
        if (!tooLong) {
            collected.writeBytes(buffer, index, length);
        }
    }

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        reader.onMeaning(translator.onEvent(buffer, index, length, out), length);
        return true;
    }

    @Override
    public void onOversizedEvent() {
        reader.onMeaning(translator.onOversizedEvent(), 0);
    }

    @Override
    public void finish(ByteBuf out) {
        this.out = out;
        switch (shape) {
            case EVENTS, MESSAGES -> {
                events.finish();
                boolean failed = translator.error() != null;
                Meaning end = translator.onEnd(out);
                if (end == Meaning.DONE || failed) {
                    reader.onMeaning(end, 0); // else it is merely cut
                }
            }
            case WHOLE -> finishWhole(out);
            case ERROR -> finishError(out);
        }
        this.out = null;
        release();
    }

    private void finishWhole(ByteBuf out) {
        if (collected == null || tooLong) {
            return;
        }
        Meaning end = translator.unary(question.upstream(), question.client(),
                question.options(), collected, out);
        whole = true;
        if (end == Meaning.DONE) {
            reader.onAnswer(out.readableBytes());
        } else {
            reader.onErrorInside();
        }
    }

    private void finishError(ByteBuf out) {
        ReplyError error = translator.readError(status,
                collected == null ? Unpooled.EMPTY_BUFFER : collected);
        status = error.statusFor(question.client());
        out.writeCharSequence(ErrorBody.of(question.client(), error), StandardCharsets.UTF_8);
    }

    /** Lets go of what has come; harmless if nothing has. */
    void release() {
        if (collected != null) {
            collected.release();
            collected = null;
        }
        events.release();
        messages.release();
    }
}

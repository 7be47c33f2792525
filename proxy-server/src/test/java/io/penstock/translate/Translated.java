package io.penstock.translate;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.loop.Scratch;
import io.penstock.sse.EventSplitter;
import io.penstock.testing.Bytes;
import io.penstock.translate.ChatStream.Meaning;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** A reply on its way through a translator, as a test sees it. */
final class Translated implements EventSplitter.Sink {
    static final long CLOCK_SECONDS = 1_755_000_000;
    private static final int MAX_EVENT = 1024 * 1024;
    /** Thousands of streams: watching each buffer would take most of the time. */
    private static final ByteBufAllocator UNWATCHED = new UnpooledByteBufAllocator(false, true);

    final List<Meaning> meanings = new ArrayList<>();
    final ReplyTranslator translator;
    private final ReplyFormat upstream;
    private final ByteBuf out = Unpooled.buffer();

    Translated(ReplyFormat upstream, ReplyFormat client, ReplyOptions options) {
        this(loop(), upstream, client, options);
    }

    Translated(ReplyLoop loop, ReplyFormat upstream, ReplyFormat client, ReplyOptions options) {
        this.upstream = upstream;
        translator = new ReplyTranslator(loop);
        translator.begin(upstream, client, options);
    }

    /** A loop of its own, with the clock of the fixtures and ids that count up. */
    static ReplyLoop loop() {
        AtomicLong ids = new AtomicLong();
        return new ReplyLoop(ids::incrementAndGet, () -> CLOCK_SECONDS, new AtomicLong()::get);
    }

    /** Translates a stream that comes in those two pieces. */
    static Translated stream(ReplyFormat upstream, ReplyFormat client, ReplyOptions options,
            byte[] bytes, int cut) {
        Translated translated = new Translated(upstream, client, options);
        translated.feed(bytes, cut, bytes.length - cut);
        translated.end();
        return translated;
    }

    static Translated stream(ReplyFormat upstream, ReplyFormat client, ReplyOptions options,
            byte[] bytes) {
        return stream(upstream, client, options, bytes, bytes.length);
    }

    static Translated stream(ReplyFormat upstream, ReplyFormat client, ReplyOptions options,
            String stream) {
        return stream(upstream, client, options, stream.getBytes(StandardCharsets.UTF_8));
    }

    /** Feeds a first piece, and then pieces of a size. */
    void feed(byte[] bytes, int first, int size) {
        EventSplitter events = new EventSplitter(this, new Scratch(), MAX_EVENT);
        EventStreamSplitter messages = new EventStreamSplitter(this, MAX_EVENT);
        ByteBuf buffer = Unpooled.wrappedBuffer(bytes);
        try {
            int at = 0;
            int piece = first;
            while (at < bytes.length) {
                int length = Math.min(piece, bytes.length - at);
                if (upstream.isEventStream()) {
                    messages.split(UNWATCHED, buffer, at, length);
                } else {
                    events.split(UNWATCHED, buffer, at, length);
                }
                at += length;
                piece = Math.max(1, size);
            }
            events.finish();
        } catch (EventStreamSplitter.EventStreamException e) {
            throw new AssertionError(e);
        } finally {
            events.release();
            messages.release();
            buffer.release();
        }
    }

    /** Gives it one event. */
    Meaning event(String event) {
        byte[] bytes = event.getBytes(StandardCharsets.UTF_8);
        ByteBuf buffer = Bytes.buffer("xx").writeBytes(bytes);
        try {
            return translator.onEvent(buffer, 2, bytes.length, out);
        } finally {
            buffer.release();
        }
    }

    Meaning end() {
        Meaning meaning = translator.onEnd(out);
        meanings.add(meaning);
        return meaning;
    }

    /** What has been written. */
    String text() {
        return out.toString(StandardCharsets.UTF_8);
    }

    /** What has been written since the last call. */
    String take() {
        String text = text();
        out.clear();
        return text;
    }

    ByteBuf out() {
        return out;
    }

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        meanings.add(translator.onEvent(buffer, index, length, out));
        return true;
    }

    @Override
    public void onOversizedEvent() {
        meanings.add(translator.onOversizedEvent());
    }

    /** The message of the failure as which an event with that data is told. */
    static String failure(ReplyFormat format, String data) {
        Translated translated = new Translated(format, ReplyFormat.CHAT,
                new ReplyOptions(null, false, 2, null, null));
        if (translated.event("data: " + data + "\n\n") != Meaning.ERROR) {
            throw new AssertionError("no failure");
        }
        return translated.translator.error().message();
    }

    /** Translates a unary reply; what is written, or the error. */
    static String unary(ReplyFormat upstream, ReplyFormat client, ReplyOptions options,
            byte[] body) {
        ReplyTranslator translator = new ReplyTranslator(loop());
        ByteBuf in = Bytes.buffer(body);
        ByteBuf out = Unpooled.buffer();
        try {
            Meaning meaning = translator.unary(upstream, client, options, in, out);
            return meaning == Meaning.DONE ? out.toString(StandardCharsets.UTF_8)
                    : meaning + ": " + translator.error().message();
        } finally {
            in.release();
        }
    }

    static String unary(ReplyFormat upstream, ReplyFormat client, String body) {
        return unary(upstream, client, ReplyOptions.DEFAULT,
                body.getBytes(StandardCharsets.UTF_8));
    }
}

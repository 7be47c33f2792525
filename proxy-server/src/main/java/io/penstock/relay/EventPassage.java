package io.penstock.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.penstock.http.ChunkScanner;
import io.penstock.http.Chunks;
import io.penstock.http.HttpSyntaxException;
import io.penstock.loop.Scratch;
import io.penstock.sse.EventSplitter;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Forwards the events of a stream, each as soon as it is whole, except those that its observer
 * keeps back.
 *
 * <p>Events, chunks and reads end at different places. An error event written behind half an event
 * would be part of it, and a chunk whose size was announced has to be filled before another may
 * follow. So a run of the provider's chunks that came whole is forwarded as it is, framing
 * included; around anything else the framing is made here. No caller is ever promised bytes that
 * are still to come, and the stream can end properly whenever the provider breaks off.
 *
 * <pre>{@code
 * passage.begin(callerGetsChunks, maxSplitEvent);
 * passage.takeChunks(bytes);                      // with framing; or takeData, without
 * passage.cut(errorEvent);                        // in place of an unfinished event
 * passage.release();
 * }</pre>
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Buffers:</b> borrows what comes and gives retained slices of it to {@code out}; owns the
 * beginning of an unfinished event until {@link #release}.
 * <br><b>Bounds:</b> {@value #MAX_TAIL_BYTES} bytes of an unfinished event; the beginning of a
 * longer one passes before its end has come.
 */
final class EventPassage {
    static final int MAX_TAIL_BYTES = 64 * 1024;
    private static final int NONE = -1;

    private final ByteBufAllocator allocator;
    private final EventSplitter events;
    private final Consumer<ByteBuf> out;
    private final ChunkScanner chunks = new ChunkScanner();
    private final ChunkScanner again = new ChunkScanner(); // over bytes that were followed before

    private @Nullable ByteBuf tail; // data of an unfinished event, its framing taken off
    private boolean cutEvent; // what passed last is not the end of an event
    private boolean framed; // the caller is sent chunks
    private int run; // where, in the bytes at hand, a run of whole chunks begins
    private int clean; // up to where it may pass as it is
    private int eventEnd; // behind the last event that ended in that run

    /** A passage whose whole events go to {@code out}. */
    EventPassage(ByteBufAllocator allocator, EventSplitter.Sink observer, Scratch scratch,
            Consumer<ByteBuf> out) {
        this.allocator = allocator;
        this.out = out;
        events = new EventSplitter(observer, scratch);
    }

    /**
     * Prepares for a stream.
     *
     * @param framed the caller is sent chunks
     * @param maxSplitEvent how many bytes the observer must be able to see of an event at once
     */
    void begin(boolean framed, int maxSplitEvent) {
        assert tail == null;
        this.framed = framed;
        cutEvent = false;
        chunks.reset();
        events.reset(maxSplitEvent);
    }

    /** Prepares for another source of this stream, at the end of an event. */
    void goOn() {
        release();
        chunks.reset();
        events.reset();
    }

    /** Whether what has passed ends at the end of an event. */
    boolean isBetweenEvents() {
        return !cutEvent;
    }

    /** Bytes of the event that has begun. */
    int tailBytes() {
        return tail == null ? 0 : tail.readableBytes();
    }

    /**
     * Takes the next bytes, framed as chunks.
     *
     * @return where the body ended; -1 if it goes on
     */
    int takeChunks(ByteBuf bytes) throws HttpSyntaxException {
        int at = bytes.readerIndex();
        int end = bytes.writerIndex();
        run = framed && tail == null && chunks.isBetweenChunks() ? at : NONE;
        clean = at;
        eventEnd = at;
        try {
            while (true) {
                ChunkScanner.Step step = chunks.next(bytes, at, end);
                if (chunks.chunkEnd() >= 0 && !events.isInsideEvent()) {
                    onBoundary(chunks.chunkEnd());
                }
                at = chunks.position();
                switch (step) {
                    case DATA -> takeChunkData(bytes, chunks.dataStart(), at);
                    case END -> {
                        endRun(bytes, at);
                        return at;
                    }
                    default -> {
                        endRun(bytes, at);
                        return NONE;
                    }
                }
            }
        } catch (HttpSyntaxException e) {
            endRun(bytes, at); // what stands before it is good
            throw e;
        }
    }

    /** A chunk ended, and no event is open. */
    private void onBoundary(int chunkEnd) {
        if (run == NONE && framed) {
            run = chunkEnd;
        }
        clean = chunkEnd;
        eventEnd = chunkEnd;
    }

    private void takeChunkData(ByteBuf bytes, int start, int end) {
        if (run == NONE) {
            takeData(bytes, start, end);
            return;
        }
        int seen = events.split(allocator, bytes, start, end - start);
        if (!events.isHiding()) {
            eventEnd = seen > start ? seen : eventEnd;
            return;
        }
        int hidden = events.hiddenStart();
        int next = events.hiddenEnd();
        endRun(bytes, start);
        passEvents(bytes, start, hidden);
        dropTail(); // the beginning of the hidden event, if it had any before this piece
        takeData(bytes, next, end);
    }

    /** Passes the run of whole chunks, and frames the events behind it, up to {@code to}, anew. */
    private void endRun(ByteBuf bytes, int to) {
        if (run == NONE) {
            return;
        }
        if (clean > run) {
            cutEvent = false;
            boolean all = clean - run == bytes.readableBytes();
            out.accept(all ? bytes.retain() : bytes.retainedSlice(run, clean - run));
        }
        run = NONE;
        again.reset();
        int at = clean;
        try {
            while (again.next(bytes, at, to) == ChunkScanner.Step.DATA) {
                at = again.position();
                int start = again.dataStart();
                int whole = Math.max(start, Math.min(eventEnd, at));
                passEvents(bytes, start, whole);
                keepTail(bytes, whole, at);
            }
        } catch (HttpSyntaxException e) {
            throw new IllegalStateException("cannot happen: it was followed before", e);
        }
    }

    /** Takes the next data, whatever framed it. */
    void takeData(ByteBuf bytes, int from, int end) {
        int start = from;
        while (start < end) {
            int seen = events.split(allocator, bytes, start, end - start);
            passEvents(bytes, start, seen);
            if (!events.isHiding()) {
                keepTail(bytes, seen, end);
                return;
            }
            dropTail();
            start = events.hiddenEnd();
        }
    }

    /** Passes what ends at the end of an event, behind what has come of it before. */
    private void passEvents(ByteBuf bytes, int start, int end) {
        if (end > start) {
            passTail();
            cutEvent = false;
            emit(bytes.retainedSlice(start, end - start));
        }
    }

    private void passTail() {
        if (tail != null) {
            ByteBuf whole = tail;
            tail = null;
            emit(whole);
        }
    }

    private void keepTail(ByteBuf bytes, int start, int end) {
        if (end == start) {
            return;
        }
        if (tail == null) {
            tail = allocator.directBuffer(end - start);
        }
        tail.writeBytes(bytes, start, end - start);
        if (tail.readableBytes() > MAX_TAIL_BYTES) {
            passTail();
            cutEvent = true;
        }
    }

    private void dropTail() {
        if (tail != null) {
            tail.release();
            tail = null;
        }
    }

    /** The provider's framing or connection has ended the stream, and with it the last event. */
    void finish() {
        if (!events.finish()) {
            dropTail();
        }
    }

    /** Passes the last event, though its blank line be missing. */
    void end() {
        passTail();
    }

    /** Writes a last event, made here, in the place of one that is unfinished. */
    void cut(String event) {
        dropTail();
        append(event);
    }

    /** Writes one more event, made here, behind a stream that has ended. */
    void append(String event) {
        cutEvent |= tail != null; // all but its blank line
        passTail();
        write(event);
    }

    /** Writes events made here, in the place of those that were kept back. */
    void write(String event) {
        emit(Unpooled.copiedBuffer(cutEvent ? "\n\n" + event : event, StandardCharsets.UTF_8));
        cutEvent = false;
    }

    /** Releases an unfinished event; harmless if there is none. */
    void release() {
        dropTail();
        events.release();
    }

    private void emit(ByteBuf data) {
        if (!framed) {
            out.accept(data);
            return;
        }
        out.accept(Chunks.begin(allocator, data.readableBytes()));
        out.accept(data);
        out.accept(Chunks.end());
    }
}

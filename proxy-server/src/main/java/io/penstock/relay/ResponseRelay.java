package io.penstock.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.penstock.http.BodySink;
import io.penstock.http.ChunkScanner;
import io.penstock.http.Chunks;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.ResponseHead;
import io.penstock.loop.Scratch;
import io.penstock.sse.EventSplitter;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Moves the body of one reply at a time to the caller: holds it until it is committed, then
 * forwards the provider's own bytes, framing included, wherever both sides frame alike.
 *
 * <p>A proxy that forwards each byte at once cannot fail over, and leaves half an event behind when
 * the provider breaks off. So nothing is forwarded before the commit, and of a stream only whole
 * events: the beginning of the next one waits for its rest, and an error event can follow the last
 * whole one at any time. With a {@link Rewriter}, its bytes are held, observed and forwarded in
 * place of the provider's.
 *
 * <pre>{@code
 * relay = new ResponseRelay(allocator, observer, scratch);
 * relay.begin(head, bodiless, isEvents, downstream.takesChunks(), null);
 * relay.take(bytes);                              // after every read; the observer sees it
 * if (isGood(relay.isEnded(), relay.heldBytes())) {
 *     downstream.writeHead(status, fields, relay.bodyLength());
 *     relay.commit(downstream);                   // from here on take() writes
 * }
 * relay.end();                                    // in the end, of a body that has ended; or
 * relay.cut(errorEvent);                          // of a stream that broke off; or
 * relay.discard();                                // of a reply that goes to no caller
 * }</pre>
 *
 * <p><b>Thread:</b> confined to the event loop that serves both sides.
 * <br><b>Buffers:</b> takes what comes; the downstream write takes it on, even when it fails. What
 * is held goes with {@link #commit} or {@link #discard}.
 * <br><b>Bounds:</b> its user commits or discards by {@link #heldBytes}; of an unfinished event,
 * what {@link EventPassage} keeps.
 */
public final class ResponseRelay {
    private static final int MAX_HELD_PIECES = 8;
    private static final int PINNING_FACTOR = 4;
    private static final int PACING_BYTES = 16 * 1024;

    /** What the caller is sent as framing. */
    private enum Framing {
        /** The provider's own: chunks stay chunks, a length stays a length. */
        AS_IS,
        /** Chunks made here, of a body that comes without. */
        CHUNKED,
        /** A length, of a body that is made here and goes out when it is whole. */
        LENGTH,
        /** None; the end of the stream is the end of the body. */
        NONE
    }

    /** Sees the payload as it passes, each byte once. */
    public interface Observer extends EventSplitter.Sink {
        /** The next bytes of a reply that is no stream; borrowed. */
        void onPayload(ByteBuf buffer, int index, int length);

        /** How many bytes of an event that comes in pieces are put together for it. */
        default int maxSplitEvent() {
            return EventSplitter.MAX_SPLIT_EVENT;
        }
    }

    private static final long UNTIL_CLOSE = Long.MAX_VALUE;

    private final ByteBufAllocator allocator;
    private final Observer observer;
    private final EventPassage events;
    private final ChunkScanner chunks = new ChunkScanner();
    private final ArrayDeque<ByteBuf> held = new ArrayDeque<>(2);
    private int heldBytes;
    // of a body that is no stream: what seems to be its beginning
    private @Nullable ByteBuf lastChunk;

    private @Nullable BodySink downstream; // null while held
    private boolean bodiless;
    private long length; // of the provider's body, as its head tells it
    private boolean chunked;
    private long left; // of a body that isn't chunked
    private boolean splitsEvents;
    private @Nullable Rewriter rewriter; // null where the provider's own bytes go to the caller
    private boolean rewritten; // all that it has to say
    @SuppressWarnings("NullAway.Init") // begin() says it, and comes before all else
    private Framing framing;
    private boolean ended;
    private boolean excess;
    private boolean draining; // nothing of it goes to the caller
    private boolean endWritten; // the provider's own last chunk has passed

    /** For all the replies of one connection, one at a time. */
    public ResponseRelay(ByteBufAllocator allocator, Observer observer, Scratch scratch) {
        this.allocator = allocator;
        this.observer = observer;
        this.events = new EventPassage(allocator, observer, scratch, this::put);
    }

    /**
     * Prepares for the body of that reply.
     *
     * @param bodiless no body follows, whatever the head says
     * @param splitsEvents it is a stream of server-sent events
     * @param takesChunks the caller does
     * @param rewriter makes the caller's body of the provider's
     */
    public void begin(ResponseHead head, boolean bodiless, boolean splitsEvents,
            boolean takesChunks, @Nullable Rewriter rewriter) {
        assert held.isEmpty() && lastChunk == null;
        this.splitsEvents = splitsEvents;
        this.rewriter = rewriter;
        rewritten = false;
        expect(head, bodiless);
        if (rewriter != null && !splitsEvents) {
            framing = Framing.LENGTH;
        } else if (chunked) {
            framing = !takesChunks ? Framing.NONE
                    : rewriter != null ? Framing.CHUNKED : Framing.AS_IS;
        } else if (left == UNTIL_CLOSE || splitsEvents) {
            framing = takesChunks ? Framing.CHUNKED : Framing.NONE;
        } else {
            framing = Framing.AS_IS;
        }
        this.bodiless = bodiless;
        length = left;
        chunks.reset();
        events.begin(sendsChunks(), observer.maxSplitEvent());
        downstream = null;
        endWritten = false;
        draining = false;
    }

    /** Whether another reply could continue this one, which broke off. */
    public boolean canBeContinued() {
        return splitsEvents && events.isBetweenEvents();
    }

    /** Prepares for a further reply that continues one that broke off; nothing of it has come. */
    public void goOn() {
        framing = sendsChunks() ? Framing.CHUNKED : Framing.NONE;
        events.goOn();
        splitsEvents = true;
        draining = false;
        ended = false;
    }

    /**
     * Continues with the reply of that head. The observer keeps its events back, and others are
     * {@linkplain #write written} in their place; nothing passes of a reply that is no stream.
     */
    public void goOn(ResponseHead head, boolean isStream, @Nullable Rewriter rewriter) {
        this.rewriter = rewriter;
        rewritten = false;
        expect(head, head.isBodiless());
        chunks.reset();
        splitsEvents = isStream;
        draining = !isStream;
    }

    private void expect(ResponseHead head, boolean bodiless) {
        chunked = head.isChunked() && !bodiless;
        left = bodiless ? 0
                : head.contentLength() == ResponseHead.NO_LENGTH ? UNTIL_CLOSE
                : head.contentLength();
        ended = !chunked && left == 0;
        excess = false;
    }

    /** Writes events, made here, in the place of those that were kept back. */
    public void write(String events) {
        this.events.write(events);
    }

    /** Whether no body follows the head, whatever length that tells. */
    public boolean isBodiless() {
        return bodiless;
    }

    /** How long the caller's body is; -1 if that is known only when it ends. */
    public long bodyLength() {
        return framing == Framing.LENGTH ? heldBytes() : framing == Framing.AS_IS && !chunked
                ? length : -1;
    }

    /** Whether the caller is sent chunks, the provider's or the relay's own. */
    private boolean sendsChunks() {
        return framing == Framing.CHUNKED || framing == Framing.AS_IS && chunked;
    }

    /** Whether the body has come to its proper end. */
    public boolean isEnded() {
        return ended;
    }

    /** Whether bytes came behind the end: then the connection is of no more use. */
    public boolean hasExcess() {
        return excess;
    }

    /** Whether only the end of the connection ends the body. */
    public boolean endsAtClose() {
        return !chunked && left == UNTIL_CLOSE;
    }

    /** Bytes held back so far. */
    public int heldBytes() {
        return heldBytes + events.tailBytes();
    }

    /** Forwards or holds the next bytes of the body; takes them. */
    public void take(ByteBuf bytes) throws HttpSyntaxException {
        if (!bytes.isReadable() || ended) {
            excess |= bytes.isReadable();
            bytes.release();
            if (ended) {
                finishRewriting(); // a body without a byte
            }
            return;
        }
        try {
            if (rewriter != null) {
                takeRewritten(bytes, rewriter);
            } else if (!chunked) {
                takePlain(bytes);
            } else if (splitsEvents) {
                takeEvents(bytes);
            } else if (framing == Framing.AS_IS) {
                takeChunks(bytes);
            } else {
                takeAndUnchunk(bytes);
            }
        } finally {
            bytes.release();
        }
    }

    private void takePlain(ByteBuf bytes) {
        int start = bytes.readerIndex();
        int length = (int) Math.min(left, bytes.readableBytes());
        excess = length < bytes.readableBytes();
        if (left != UNTIL_CLOSE) {
            left -= length;
        }
        ended = left == 0;
        if (splitsEvents) {
            events.takeData(bytes, start, start + length);
            finishEvents();
        } else {
            observer.onPayload(bytes, start, length);
            if (framing == Framing.CHUNKED) {
                put(Chunks.begin(allocator, length));
            }
            put(bytes.retainedSlice(start, length));
            if (framing == Framing.CHUNKED) {
                put(Chunks.end());
            }
        }
    }

    /** Holds or forwards, as one buffer, what the rewriter makes of these bytes. */
    private void takeRewritten(ByteBuf bytes, Rewriter rewriter) throws HttpSyntaxException {
        int at = bytes.readerIndex();
        int end = bytes.writerIndex();
        ByteBuf out = allocator.directBuffer(splitsEvents ? end - at : 0);
        try {
            if (!chunked) {
                int length = (int) Math.min(left, end - at);
                excess = length < end - at;
                left -= left == UNTIL_CLOSE ? 0 : length;
                ended = left == 0;
                rewriter.rewrite(bytes, at, length, out);
            } else {
                ChunkScanner.Step step = chunks.next(bytes, at, end);
                while (step == ChunkScanner.Step.DATA) {
                    rewriter.rewrite(bytes, chunks.dataStart(), chunks.dataLength(), out);
                    step = chunks.next(bytes, chunks.position(), end);
                }
                ended = step == ChunkScanner.Step.END;
                excess = ended && chunks.position() < end;
            }
        } finally {
            putRewritten(out);
        }
        if (ended) {
            finishRewriting();
        }
    }

    private void finishRewriting() {
        if (rewriter != null && !rewritten) {
            rewritten = true;
            ByteBuf out = allocator.directBuffer();
            rewriter.finish(out);
            putRewritten(rewriter.wrap(out));
        }
    }

    /** Takes it. */
    private void putRewritten(ByteBuf out) {
        if (!out.isReadable()) {
            out.release();
        } else if (splitsEvents) {
            events.takeData(out, out.readerIndex(), out.writerIndex());
            out.release();
        } else {
            put(out);
        }
    }

    private void takeEvents(ByteBuf bytes) throws HttpSyntaxException {
        int end = events.takeChunks(bytes);
        ended = end >= 0;
        excess = ended && end < bytes.writerIndex();
        finishEvents();
    }

    /** The provider's chunks as they are, all but the last one: that may come with trailers. */
    private void takeChunks(ByteBuf bytes) throws HttpSyntaxException {
        int at = bytes.readerIndex();
        int end = bytes.writerIndex();
        int safe = at;
        ChunkScanner.Step step = null;
        while (step != ChunkScanner.Step.MORE && step != ChunkScanner.Step.END) {
            try {
                step = chunks.next(bytes, at, end);
            } catch (HttpSyntaxException e) {
                passChunks(bytes, safe);
                throw e;
            }
            safe = chunks.chunkEnd() >= 0 ? chunks.chunkEnd() : safe;
            at = chunks.position();
            if (step == ChunkScanner.Step.DATA) {
                observer.onPayload(bytes, chunks.dataStart(), chunks.dataLength());
                safe = at;
            }
        }
        ended = step == ChunkScanner.Step.END;
        excess = ended && at < end;
        if (ended) {
            endWritten = !chunks.hasTrailers() && lastChunk == null;
            passChunks(bytes, endWritten ? at : safe);
            releaseLastChunk();
        } else if (chunks.isInLastChunk()) {
            passChunks(bytes, safe);
            keepLastChunk(bytes, safe, end);
        } else {
            passChunks(bytes, end);
        }
    }

    private void passChunks(ByteBuf bytes, int safe) {
        if (safe > bytes.readerIndex()) {
            if (lastChunk != null) {
                put(lastChunk); // it was none
                lastChunk = null;
            }
            put(bytes.retainedSlice(bytes.readerIndex(), safe - bytes.readerIndex()));
        }
    }

    private void keepLastChunk(ByteBuf bytes, int start, int end) {
        if (lastChunk == null) {
            lastChunk = allocator.directBuffer(end - start);
        }
        lastChunk.writeBytes(bytes, start, end - start);
    }

    private void releaseLastChunk() {
        if (lastChunk != null) {
            lastChunk.release();
            lastChunk = null;
        }
    }

    /** For a caller who knows no chunks: their data only. */
    private void takeAndUnchunk(ByteBuf bytes) throws HttpSyntaxException {
        int at = bytes.readerIndex();
        int end = bytes.writerIndex();
        while (true) {
            ChunkScanner.Step step = chunks.next(bytes, at, end);
            at = chunks.position();
            if (step == ChunkScanner.Step.DATA) {
                observer.onPayload(bytes, chunks.dataStart(), chunks.dataLength());
                put(bytes.retainedSlice(chunks.dataStart(), chunks.dataLength()));
            } else {
                ended = step == ChunkScanner.Step.END;
                excess = ended && at < end;
                return;
            }
        }
    }

    private void put(ByteBuf bytes) {
        if (draining) {
            bytes.release();
            return;
        }
        if (downstream != null) {
            downstream.write(isPinning(bytes, downstream) ? compact(bytes) : bytes);
            return;
        }
        heldBytes += bytes.readableBytes();
        if (held.size() == MAX_HELD_PIECES) {
            joinHeld(heldBytes * 2);
        }
        held.add(bytes);
    }

    private void joinHeld(int room) {
        ByteBuf all = allocator.directBuffer(room);
        while (!held.isEmpty()) {
            ByteBuf piece = held.poll();
            all.writeBytes(piece);
            piece.release();
        }
        held.add(all);
    }

    /** All that is held, in one piece, to be looked at and changed in place; borrowed. */
    public ByteBuf held() {
        if (held.isEmpty()) {
            return Unpooled.EMPTY_BUFFER;
        }
        if (held.size() > 1) {
            joinHeld(heldBytes);
        }
        return held.peek();
    }

    /** Whether a slow caller would keep much more memory waiting than these bytes take. */
    private static boolean isPinning(ByteBuf bytes, BodySink to) {
        if (to.pendingBytes() <= PACING_BYTES) {
            return false;
        }
        ByteBuf whole = bytes;
        while (whole.unwrap() != null) {
            whole = whole.unwrap();
        }
        return whole.capacity() > PINNING_FACTOR * bytes.readableBytes();
    }

    private ByteBuf compact(ByteBuf bytes) {
        ByteBuf compact = allocator.directBuffer(bytes.readableBytes()).writeBytes(bytes);
        bytes.release();
        return compact;
    }

    /**
     * The reply is good: what was held goes to the caller, who has its head, and what follows goes
     * straight on.
     */
    public void commit(BodySink to) {
        downstream = to;
        while (!held.isEmpty()) {
            to.write(held.poll());
        }
        heldBytes = 0;
    }

    /** From here on bytes are shown to the observer and released. */
    public void drain() {
        discardHeld();
        draining = true;
    }

    private void discardHeld() {
        while (!held.isEmpty()) {
            held.poll().release();
        }
        heldBytes = 0;
    }

    /** Releases what is held of the reply; harmless if nothing is. */
    public void discard() {
        discardHeld();
        releaseLastChunk();
        events.release();
    }

    /** The connection ended: the proper end of a body that has no other. Returns whether it is. */
    public boolean endAtClose() {
        if (endsAtClose() && !ended) {
            ended = true;
            finishRewriting();
            finishEvents();
        }
        return ended;
    }

    private void finishEvents() {
        if (ended && splitsEvents) {
            events.finish();
        }
    }

    /** Writes the end of a body that has ended, or of a stream that has said all it had to. */
    public void end() {
        assert downstream != null;
        events.end();
        if (sendsChunks() && !endWritten) {
            put(Chunks.last());
        }
        events.release();
    }

    /** Writes one more event of a stream that has ended, made here. */
    public void append(String event) {
        events.append(event);
    }

    /** Writes a last event, made here, into a stream that broke off, behind the last whole one. */
    public void cut(String event) {
        draining = false; // set for a reply that was no stream; the event is ours
        events.cut(event);
    }
}

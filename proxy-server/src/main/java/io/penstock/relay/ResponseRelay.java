package io.penstock.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.penstock.http.ChunkScanner;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.ResponseHead;
import io.penstock.loop.Scratch;
import io.penstock.sse.EventSplitter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;

/**
 * Moves the body of one reply at a time to the caller: holds it until it is committed, then passes
 * the provider's own bytes on, framing included, wherever both sides frame alike.
 *
 * <p>Of a stream only whole events are passed on. What has come of the next one waits for its rest,
 * so that a stream can be ended properly between two events whenever the provider breaks off.
 *
 * <p><b>Thread:</b> confined to the event loop that serves both sides.
 * <br><b>Buffers:</b> takes what comes; the downstream write takes it on, even when it fails. What
 * is held goes with {@link #commit} or {@link #discard}.
 * <br><b>Bounds:</b> whoever uses it commits or discards by {@link #heldBytes}; {@value
 * #MAX_TAIL_BYTES} bytes of an unfinished event, beyond which its beginning is passed on as it is.
 */
public final class ResponseRelay {
    static final int MAX_TAIL_BYTES = 64 * 1024;

    /** What is held up to here goes out in one buffer with the head. */
    public static final int SMALL_BYTES = 4 * 1024;

    private static final int MAX_HELD_PIECES = 8;
    private static final int PINNING_FACTOR = 4;
    private static final int PACING_BYTES = 16 * 1024;

    private static final ByteBuf LAST_CHUNK = constant("0\r\n\r\n");
    private static final ByteBuf CRLF = constant("\r\n");

    /** What the caller is sent as framing. */
    public enum Framing {
        /** The provider's own: chunks stay chunks, a length stays a length. */
        AS_IS,
        /** Chunks made here, of a body that comes without. */
        CHUNKED,
        /** None; the end of the connection, or of an HTTP/2 stream, is the end of the body. */
        NONE
    }

    /** Who looks at the payload as it goes by, each byte once. */
    public interface Observer extends EventSplitter.Sink {
        /** The next bytes of a reply that is no stream; borrowed. */
        void onPayload(ByteBuf buffer, int index, int length);
    }

    private static final long UNTIL_CLOSE = Long.MAX_VALUE;
    private static final long BETWEEN_CHUNKS = -1;
    private static final long INSIDE_FRAMING = -2;

    private final ByteBufAllocator allocator;
    private final Observer observer;
    private final EventSplitter events;
    private final ChunkScanner chunks = new ChunkScanner();
    private final ArrayDeque<ByteBuf> held = new ArrayDeque<>(2);
    private int heldBytes;
    private ByteBuf tail; // came, but not passed on: the beginning of an event, or the end of all

    private ChannelHandlerContext downstream; // null while held
    private boolean chunked;
    private long left; // of a body that isn't chunked
    private boolean splitsEvents;
    private Framing framing;
    private boolean ended;
    private boolean excess;
    private boolean cutEvent; // what was passed on last is not the end of an event
    private boolean trailersLeft; // the tail is the last chunk and a trailer section, no data
    private long promised; // data of the current chunk behind what was passed on

    /** For all the replies of one connection, one at a time. */
    public ResponseRelay(ByteBufAllocator allocator, Observer observer, Scratch scratch) {
        this.allocator = allocator;
        this.observer = observer;
        this.events = new EventSplitter(observer, scratch);
    }

    /**
     * Begins with a reply.
     *
     * @param splitsEvents it is a stream of server-sent events
     * @param http10 the caller knows no chunks
     */
    public void begin(ResponseHead head, boolean splitsEvents, boolean http10) {
        assert held.isEmpty() && tail == null;
        this.splitsEvents = splitsEvents;
        chunked = head.isChunked() && !head.isBodiless();
        left = head.isBodiless() ? 0
                : head.contentLength() == ResponseHead.NO_LENGTH ? UNTIL_CLOSE
                : head.contentLength();
        if (chunked) {
            framing = http10 ? Framing.NONE : Framing.AS_IS;
        } else if (left == UNTIL_CLOSE || splitsEvents) {
            framing = http10 ? Framing.NONE : Framing.CHUNKED;
        } else {
            framing = Framing.AS_IS;
        }
        chunks.reset();
        events.reset();
        downstream = null;
        ended = !chunked && left == 0;
        excess = false;
        cutEvent = false;
        trailersLeft = false;
        promised = chunked ? BETWEEN_CHUNKS : 0;
    }

    /** How the caller's body is framed: decides the fields of its head. */
    public Framing framing() {
        return framing;
    }

    /** Whether the caller is sent chunks, whoever made them. */
    public boolean sendsChunks() {
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
        return heldBytes + (tail == null ? 0 : tail.readableBytes());
    }

    /** Goes on with the next bytes of the body; takes them. */
    public void take(ByteBuf bytes) throws HttpSyntaxException {
        if (!bytes.isReadable() || ended) {
            excess |= bytes.isReadable();
            bytes.release();
            return;
        }
        try {
            if (!chunked) {
                takePlain(bytes.retain());
            } else if (framing == Framing.AS_IS) {
                takeChunks(bytes.retain());
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
        int safe = observe(bytes, start, length);
        finishEvents();
        bytes.writerIndex(start + length);
        pass(bytes, safe);
    }

    private void takeChunks(ByteBuf bytes) throws HttpSyntaxException {
        int at = bytes.readerIndex();
        int end = bytes.writerIndex();
        int safe = at;
        ChunkScanner.Step step = null;
        while (step != ChunkScanner.Step.MORE && step != ChunkScanner.Step.END) {
            try {
                step = chunks.next(bytes, at, end);
            } catch (HttpSyntaxException e) {
                pass(bytes.writerIndex(at), safe); // seen, and counted in what was promised
                throw e;
            }
            if (chunks.chunkEnd() >= 0 && !(splitsEvents && events.isInsideEvent())) {
                safe = chunks.chunkEnd();
                promised = BETWEEN_CHUNKS;
            }
            at = chunks.position();
            if (step == ChunkScanner.Step.DATA) {
                int start = chunks.dataStart();
                int seen = observe(bytes, start, chunks.dataLength());
                if (seen > start) {
                    safe = seen;
                    promised = at - seen + chunks.remainingInChunk();
                }
            }
        }
        if (step == ChunkScanner.Step.END) {
            ended = true;
            trailersLeft = chunks.hasTrailers() && !(splitsEvents && events.isInsideEvent());
            finishEvents();
            excess = at < end;
            bytes.writerIndex(at);
            if (!splitsEvents && !chunks.hasTrailers()) {
                safe = at;
            }
        } else if (!splitsEvents && !chunks.isInLastChunk()) {
            safe = end;
            promised = INSIDE_FRAMING;
        }
        pass(bytes, safe);
    }

    /** For a caller who knows no chunks: their data only. */
    private void takeAndUnchunk(ByteBuf bytes) throws HttpSyntaxException {
        int at = bytes.readerIndex();
        int end = bytes.writerIndex();
        while (true) {
            ChunkScanner.Step step = chunks.next(bytes, at, end);
            at = chunks.position();
            if (step == ChunkScanner.Step.DATA) {
                ByteBuf data = bytes.retainedSlice(chunks.dataStart(), chunks.dataLength());
                pass(data, observe(data, 0, data.readableBytes()));
            } else {
                ended = step == ChunkScanner.Step.END;
                finishEvents();
                excess = ended && at < end;
                return;
            }
        }
    }

    /** Shows the payload to whoever looks; returns up to where it may be passed on. */
    private int observe(ByteBuf bytes, int start, int length) {
        if (splitsEvents) {
            return events.split(allocator, bytes, start, length);
        }
        observer.onPayload(bytes, start, length);
        return start + length;
    }

    /** Passes on what stands before {@code safe}, keeps the rest; takes the buffer. */
    private void pass(ByteBuf bytes, int safe) {
        int end = bytes.writerIndex();
        boolean any = safe > bytes.readerIndex();
        if (any && tail != null) {
            emit(tail);
            tail = null;
        }
        if (safe < end) {
            keepTail(bytes, safe, end - safe);
        }
        if (any) {
            cutEvent = false;
            emit(bytes.writerIndex(safe));
        } else {
            bytes.release();
        }
        if (tail != null && tail.readableBytes() > MAX_TAIL_BYTES) {
            emit(tail);
            tail = null;
            cutEvent = true;
            promised = chunks.remainingInChunk() > 0 ? chunks.remainingInChunk() : INSIDE_FRAMING;
        }
    }

    private void keepTail(ByteBuf bytes, int index, int length) {
        if (tail == null) {
            tail = allocator.directBuffer(length);
        }
        tail.writeBytes(bytes, index, length);
    }

    private void emit(ByteBuf bytes) {
        if (framing == Framing.CHUNKED) {
            put(chunkStart(bytes.readableBytes()));
            put(bytes);
            put(CRLF.duplicate());
        } else {
            put(bytes);
        }
    }

    private ByteBuf chunkStart(int length) {
        ByteBuf start = allocator.directBuffer(16);
        start.writeCharSequence(Integer.toHexString(length), StandardCharsets.US_ASCII);
        return start.writeBytes(CRLF.duplicate());
    }

    private void put(ByteBuf bytes) {
        if (downstream != null) {
            downstream.write(isPinning(bytes) ? compact(bytes) : bytes, downstream.voidPromise());
            return;
        }
        heldBytes += bytes.readableBytes();
        if (held.size() == MAX_HELD_PIECES) {
            ByteBuf all = allocator.directBuffer(heldBytes * 2);
            while (!held.isEmpty()) {
                ByteBuf piece = held.poll();
                all.writeBytes(piece);
                piece.release();
            }
            held.add(all);
        }
        held.add(bytes);
    }

    /** Whether a slow caller would keep much more memory waiting than these bytes take. */
    private boolean isPinning(ByteBuf bytes) {
        if (bytes.capacity() <= PINNING_FACTOR * bytes.readableBytes()) {
            return false;
        }
        var outbound = downstream.channel().unsafe().outboundBuffer();
        return outbound != null && outbound.totalPendingWriteBytes() > PACING_BYTES;
    }

    private ByteBuf compact(ByteBuf bytes) {
        ByteBuf compact = allocator.directBuffer(bytes.readableBytes()).writeBytes(bytes);
        bytes.release();
        return compact;
    }

    /**
     * The reply is good: what was held goes to the caller behind {@code head}, and what follows
     * goes straight on. Takes the head.
     */
    public void commit(ChannelHandlerContext to, ByteBuf head) {
        downstream = to;
        boolean together = heldBytes <= SMALL_BYTES;
        if (!together) {
            to.write(head, to.voidPromise());
        }
        while (!held.isEmpty()) {
            ByteBuf piece = held.poll();
            if (together) {
                head.writeBytes(piece); // one buffer is cheaper to send than two
                piece.release();
            } else {
                to.write(piece, to.voidPromise());
            }
        }
        if (together) {
            to.write(head, to.voidPromise());
        }
        heldBytes = 0;
    }

    /** The reply is no good, or nobody wants it any more; harmless if nothing is held. */
    public void discard() {
        while (!held.isEmpty()) {
            held.poll().release();
        }
        heldBytes = 0;
        if (tail != null) {
            tail.release();
            tail = null;
        }
        events.release();
    }

    /** The connection ended: the proper end of a body that has no other. Returns whether it is. */
    public boolean endAtClose() {
        if (endsAtClose() && !ended) {
            ended = true;
            finishEvents();
        }
        return ended;
    }

    /** A last event may lack its blank line. */
    private void finishEvents() {
        if (ended && splitsEvents) {
            events.finish();
        }
    }

    /** Writes the end of a body that has ended. */
    public void end() {
        assert ended && downstream != null;
        if (framing == Framing.CHUNKED) {
            if (tail != null) {
                emit(tail);
                tail = null;
            }
            put(LAST_CHUNK.duplicate());
        } else if (tail != null) {
            if (trailersLeft) {
                tail.release(); // a provider's trailers are of no use to a caller
                put(LAST_CHUNK.duplicate());
            } else {
                put(tail);
            }
            tail = null;
        }
        events.release();
    }

    /** Ends a stream that broke off when all had been said. Returns whether the framing took it. */
    public boolean endEarly() {
        boolean whole = promised == BETWEEN_CHUNKS || framing == Framing.CHUNKED;
        discard();
        if (whole && sendsChunks()) {
            put(LAST_CHUNK.duplicate());
        }
        return whole;
    }

    /** Writes one more event, made here, before {@link #end}. */
    public void append(String event) {
        ByteBuf bytes = Unpooled.copiedBuffer(event, StandardCharsets.UTF_8);
        if (sendsChunks()) {
            put(chunkStart(bytes.readableBytes()));
            put(bytes);
            put(CRLF.duplicate());
        } else {
            put(bytes);
        }
    }

    /**
     * Writes a last event, made here, into a stream that broke off: behind the last whole event,
     * and whatever the framing has promised by then. The end of the body is not written.
     */
    public void cut(String event) {
        if (tail != null) {
            tail.release();
            tail = null;
        }
        events.release();
        if (framing != Framing.AS_IS || promised == BETWEEN_CHUNKS) {
            append(cutEvent ? "\n\n" + event : event);
            return;
        }
        if (promised == INSIDE_FRAMING) {
            return; // in the middle of a size: nothing can be said any more
        }
        ByteBuf bytes = Unpooled.copiedBuffer(cutEvent ? "\n\n" + event : event,
                StandardCharsets.UTF_8);
        if (promised >= bytes.readableBytes()) {
            put(bytes); // within the chunk that the provider began
            return;
        }
        bytes.release();
        ByteBuf filler = allocator.directBuffer((int) promised + 2);
        for (long i = 0; i < promised; i++) {
            filler.writeByte('\n');
        }
        put(filler.writeBytes(CRLF.duplicate()));
        append(cutEvent ? "\n\n" + event : event);
    }

    private static ByteBuf constant(String text) {
        return Unpooled.unreleasableBuffer(Unpooled.directBuffer()
                .writeBytes(text.getBytes(StandardCharsets.US_ASCII)).asReadOnly());
    }
}

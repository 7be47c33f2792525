package io.penstock.listen;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Failure;
import io.penstock.http.ChunkScanner;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestHead;
import org.jspecify.annotations.Nullable;

/**
 * Reads requests out of the bytes of one HTTP/1.1 connection: finds the end of each head, takes the
 * framing off each body (RFC 9112 sections 2 to 7), and keeps what was sent ahead of its time. What
 * the bytes belong to depends on the connection's state.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Buffers:</b> takes what was read and gives the body to the connection; holds a head that
 * came in pieces, or what was sent ahead, until {@link #release}.
 * <br><b>Bounds:</b> a head as long as {@link RequestHead#maxBytes}; the caller isn't read once it
 * has sent {@value #MAX_AHEAD_BYTES} bytes ahead.
 */
final class RequestReader {
    static final int MAX_AHEAD_BYTES = 64 * 1024;
    static final int MAX_DISCARDED_BYTES = 256 * 1024;

    private final DownstreamConnection connection;
    private final RequestHead head; // the loop's
    private @Nullable ByteBuf held; // the beginning of a head, or requests sent ahead
    private boolean reading; // in the middle of read: what is held follows by itself
    private boolean chunked;
    private long bodyLeft; // of a body that isn't chunked
    private final ChunkScanner chunks = new ChunkScanner();

    RequestReader(DownstreamConnection connection, RequestHead head) {
        this.connection = connection;
        this.head = head;
    }

    /** Goes through what was read, from wherever the last read ended; takes it. */
    void read(ByteBuf bytes) {
        reading = true;
        try {
            @Nullable ByteBuf rest = bytes;
            while (rest != null) {
                rest = switch (connection.state()) {
                    case IDLE, HEAD -> readHead(rest);
                    case BODY, DISCARDING -> readBody(rest);
                    case ANSWERING -> holdAhead(rest);
                    case TUNNEL -> giveAll(rest);
                    case REFUSED, ENDING, CUT, LINGERING, CLOSED -> discard(rest);
                };
            }
        } finally {
            reading = false;
        }
    }

    /** Whether {@link #read} is under way, and goes on by itself with the next request. */
    boolean isReading() {
        return reading;
    }

    /** Whether something was sent ahead, or a head has begun. */
    boolean isHolding() {
        return held != null;
    }

    /** Continues with bytes that were sent ahead. */
    void readAhead() {
        if (held != null) {
            ByteBuf bytes = held;
            held = null;
            connection.resumeReading();
            read(bytes);
        }
    }

    /** Releases what is held; harmless if nothing is. */
    void release() {
        if (held != null) {
            held.release();
            held = null;
        }
    }

    /** Whether so little of the body is to come that it can be read and thrown away. */
    boolean isRestShort() {
        return !chunked && bodyLeft <= MAX_DISCARDED_BYTES;
    }

    private @Nullable ByteBuf giveAll(ByteBuf bytes) {
        connection.onBody(bytes);
        return null;
    }

    private @Nullable ByteBuf discard(ByteBuf bytes) {
        int length = bytes.readableBytes();
        bytes.release();
        connection.onDiscarded(length);
        return null;
    }

    private @Nullable ByteBuf holdAhead(ByteBuf bytes) {
        if (!bytes.isReadable()) {
            bytes.release();
            return null;
        }
        if (hold(bytes).readableBytes() > MAX_AHEAD_BYTES) {
            connection.stopReading();
        }
        return null;
    }

    /** Keeps the bytes, which it takes, behind those that are held; returns all, borrowed. */
    private ByteBuf hold(ByteBuf bytes) {
        if (held == null) {
            held = connection.allocator().directBuffer(Math.max(1024, bytes.readableBytes()));
        }
        held.writeBytes(bytes);
        bytes.release();
        return held;
    }

    /** Returns the bytes behind the head; null if the head has not ended, or is malformed. */
    private @Nullable ByteBuf readHead(ByteBuf bytes) {
        if (!bytes.isReadable()) {
            bytes.release();
            return null;
        }
        ByteBuf all = bytes;
        if (held != null) {
            boolean lineEnded = bytes.indexOf(bytes.readerIndex(), bytes.writerIndex(),
                    (byte) '\n') >= 0;
            all = hold(bytes);
            if (!lineEnded && all.readableBytes() < head.maxBytes()) {
                return null; // no line more than last time: not worth another look
            }
            held = null;
        }
        int length;
        try {
            length = head.parse(all);
        } catch (HttpSyntaxException e) {
            all.release();
            connection.refuse(new Failure(e.kind(), "The request was refused: " + e.getMessage()
                    + ".", null, null));
            return null;
        }
        if (length == RequestHead.INCOMPLETE) {
            connection.onHeadBegun();
            hold(all);
            return null;
        }
        all.skipBytes(length);
        beginBody();
        connection.onHead(head, all.isReadable());
        return all;
    }

    private void beginBody() {
        chunked = head.isChunked();
        bodyLeft = Math.max(0, head.contentLength());
        if (chunked) {
            chunks.reset();
        }
    }

    /** Returns the bytes behind the body, perhaps none; null if the body has not ended. */
    private @Nullable ByteBuf readBody(ByteBuf bytes) {
        if (!bytes.isReadable()) {
            bytes.release();
            return null;
        }
        connection.onBodyBytes(bytes.readableBytes());
        return chunked ? readChunks(bytes) : readPlain(bytes);
    }

    private @Nullable ByteBuf readPlain(ByteBuf bytes) {
        int readable = bytes.readableBytes();
        if (readable <= bodyLeft) {
            bodyLeft -= readable;
            boolean ended = bodyLeft == 0;
            connection.onBody(bytes);
            if (ended) {
                connection.onBodyEnd();
            }
            return null;
        }
        ByteBuf body = bytes.readRetainedSlice((int) bodyLeft);
        bodyLeft = 0;
        connection.onBody(body);
        connection.onBodyEnd();
        return bytes;
    }

    private @Nullable ByteBuf readChunks(ByteBuf bytes) {
        int at = bytes.readerIndex();
        int end = bytes.writerIndex();
        try {
            while (true) {
                ChunkScanner.Step step = chunks.next(bytes, at, end);
                at = chunks.position();
                switch (step) {
                    case DATA -> connection.onBody(bytes.retainedSlice(chunks.dataStart(),
                            chunks.dataLength()));
                    case MORE -> {
                        bytes.release();
                        return null;
                    }
                    case END -> {
                        bytes.readerIndex(at);
                        connection.onBodyEnd();
                        return bytes;
                    }
                    default -> throw new AssertionError(step);
                }
                if (!connection.isReadingBody()) {
                    bytes.readerIndex(at);
                    return bytes;
                }
            }
        } catch (HttpSyntaxException e) {
            bytes.release();
            connection.onBodyBroken(Failure.of(Failure.Kind.BAD_REQUEST,
                    "The request was refused: " + e.getMessage() + "."));
            return null;
        }
    }
}

package io.penstock.http;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Failure;

/**
 * Follows chunked framing (RFC 9112 section 7.1) through bytes that come in any pieces, so that
 * they can be passed on untouched. Call {@link #next} until it says {@link Step#MORE} or {@link
 * Step#END}.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Buffers:</b> borrows.
 * <br><b>Bounds:</b> {@value #MAX_SIZE_LINE} bytes of size line with extensions, {@value
 * #MAX_TRAILER} bytes of trailer section.
 */
public final class ChunkScanner {
    static final int MAX_SIZE_LINE = 4 * 1024;
    static final int MAX_TRAILER = 8 * 1024;
    private static final int MAX_SIZE_DIGITS = 15;

    /** What {@link #next} came upon. */
    public enum Step {
        /** A run of data: from {@link #dataStart} for {@link #dataLength} bytes. */
        DATA,
        /** All that was given has been followed, and the body goes on. */
        MORE,
        /** The body ended at {@link #position}. */
        END
    }

    private static final int SIZE = 0;
    private static final int EXTENSION = 1;
    private static final int SIZE_LF = 2;
    private static final int DATA = 3;
    private static final int DATA_CR = 4;
    private static final int DATA_LF = 5;
    private static final int TRAILER = 6;
    private static final int TRAILER_LF = 7;
    private static final int ENDED = 8;

    private int state;
    private long size; // while the size line is read: its value; then: data bytes to come
    private int digits;
    private int lineBytes;
    private int trailerBytes;
    private boolean lineEmpty;
    private boolean quoted;
    private boolean trailers;

    private int position;
    private int chunkEnd;
    private int dataStart;
    private int dataLength;

    /** Prepares for another body. */
    public void reset() {
        state = SIZE;
        size = 0;
        digits = 0;
        lineBytes = 0;
        trailerBytes = 0;
        quoted = false;
        trailers = false;
    }

    public int position() {
        return position;
    }

    public int dataStart() {
        return dataStart;
    }

    public int dataLength() {
        return dataLength;
    }

    /** Whether a chunk, the last one perhaps, begins here and nothing of it has come. */
    public boolean isBetweenChunks() {
        return state == SIZE && digits == 0;
    }

    /** Where, during the last {@link #next}, a chunk's CRLF ended; -1 if none did. */
    public int chunkEnd() {
        return chunkEnd;
    }

    /** Whether the last chunk has begun, by its size so far: what is left seems to be no data. */
    public boolean isInLastChunk() {
        return state >= TRAILER || size == 0 && digits > 0;
    }

    /** Whether the body had a trailer section. */
    public boolean hasTrailers() {
        return trailers;
    }

    /** Goes on at index {@code from}; {@code to} is where the bytes end for now. */
    public Step next(ByteBuf buffer, int from, int to) throws HttpSyntaxException {
        int at = from;
        chunkEnd = -1;
        while (at < to) {
            switch (state) {
                case SIZE -> at = readSize(buffer, at, to);
                case EXTENSION -> at = skipExtension(buffer, at, to);
                case SIZE_LF -> {
                    expect(buffer.getByte(at++), '\n');
                    lineBytes = 0;
                    digits = 0;
                    state = size == 0 ? TRAILER : DATA;
                    lineEmpty = true;
                }
                case DATA -> {
                    dataStart = at;
                    dataLength = (int) Math.min(size, to - at);
                    size -= dataLength;
                    at += dataLength;
                    if (size == 0) {
                        state = DATA_CR;
                    }
                    position = at;
                    return Step.DATA;
                }
                case DATA_CR -> {
                    expect(buffer.getByte(at++), '\r');
                    state = DATA_LF;
                }
                case DATA_LF -> {
                    expect(buffer.getByte(at++), '\n');
                    state = SIZE;
                    chunkEnd = at;
                }
                case TRAILER -> at = skipTrailer(buffer, at, to);
                case TRAILER_LF -> {
                    expect(buffer.getByte(at++), '\n');
                    if (lineEmpty) {
                        state = ENDED;
                    } else {
                        state = TRAILER;
                        lineEmpty = true;
                    }
                }
                default -> {
                    position = at;
                    return Step.END;
                }
            }
        }
        position = at;
        return state == ENDED ? Step.END : Step.MORE;
    }

    private int readSize(ByteBuf buffer, int from, int to) throws HttpSyntaxException {
        for (int at = from; at < to; at++) {
            byte b = buffer.getByte(at);
            int digit = hexDigit(b);
            if (digit >= 0) {
                if (++digits > MAX_SIZE_DIGITS) {
                    throw new HttpSyntaxException("a chunk size that is too long");
                }
                size = size << 4 | digit;
            } else if (digits == 0) {
                throw new HttpSyntaxException("a chunk without a size");
            } else if (b == '\r') {
                state = SIZE_LF;
                return at + 1;
            } else if (b == ';') {
                state = EXTENSION;
                return at + 1;
            } else {
                throw new HttpSyntaxException("a malformed chunk size");
            }
        }
        return to;
    }

    private int skipExtension(ByteBuf buffer, int from, int to) throws HttpSyntaxException {
        for (int at = from; at < to; at++) {
            byte b = buffer.getByte(at);
            if (++lineBytes > MAX_SIZE_LINE) {
                throw new HttpSyntaxException("a chunk extension that is too long");
            }
            if (b == '\r' && !quoted) {
                state = SIZE_LF;
                return at + 1;
            }
            if (b == '"') {
                quoted = !quoted;
            }
            if (!HeadSyntax.isValue(b)) {
                throw new HttpSyntaxException("a control character in a chunk extension");
            }
        }
        return to;
    }

    private int skipTrailer(ByteBuf buffer, int from, int to) throws HttpSyntaxException {
        for (int at = from; at < to; at++) {
            byte b = buffer.getByte(at);
            if (b == '\r') {
                state = TRAILER_LF;
                return at + 1;
            }
            if (++trailerBytes > MAX_TRAILER || !HeadSyntax.isValue(b)) {
                throw new HttpSyntaxException(Failure.Kind.HEAD_TOO_LARGE, "a bad trailer section");
            }
            lineEmpty = false;
            trailers = true;
        }
        return to;
    }

    private static int hexDigit(byte b) {
        if (b >= '0' && b <= '9') {
            return b - '0';
        }
        int letter = b | 0x20;
        return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
    }

    private static void expect(byte b, char expected) throws HttpSyntaxException {
        if (b != expected) {
            throw new HttpSyntaxException("chunk framing is broken");
        }
    }
}

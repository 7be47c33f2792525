package io.penstock.translate;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.sse.EventSplitter;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Splits a stream of AWS event-stream messages that comes in any pieces: gives each to a sink as
 * one contiguous run of bytes, checksums compared. The counterpart of {@link EventSplitter} for
 * Bedrock, and here because nothing but Bedrock's dialect knows what the messages are.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Buffers:</b> borrows the pieces; owns the split message until {@link #release}.
 * <br><b>Bounds:</b> a longer message than the bound fails the stream before room is made for it.
 */
public final class EventStreamSplitter {
    static final int MAX_HEADERS = 128 * 1024;
    private static final int FIRST_CAPACITY = 512;

    private final EventSplitter.Sink sink;
    private final int maxMessageBytes;
    private final CRC32 crc = new CRC32();
    private @Nullable ByteBuf split; // the beginning of a message whose end has not come

    /** {@code maxMessageBytes} bounds what is kept of one. */
    public EventStreamSplitter(EventSplitter.Sink sink, int maxMessageBytes) {
        this.sink = sink;
        this.maxMessageBytes = maxMessageBytes;
    }

    /** Releases what is kept, and prepares for another stream. */
    public void release() {
        if (split != null) {
            split.release();
            split = null;
        }
    }

    /** Whether bytes of an unfinished message have gone by. */
    public boolean isInsideMessage() {
        return split != null;
    }

    /**
     * Goes on through {@code length} bytes at {@code index}.
     *
     * @return the index behind the last message that ended in this piece; {@code index} if none did
     */
    public int split(ByteBufAllocator allocator, ByteBuf buffer, int index, int length)
            throws EventStreamException {
        int at = index;
        int end = index + length;
        int lastEnd = index;
        while (at < end) {
            if (split != null) {
                at = fill(split, buffer, at, end);
                if (split == null) {
                    lastEnd = at;
                }
                continue;
            }
            int total = end - at >= EventStreamMessage.PRELUDE_BYTES ? total(buffer, at) : -1;
            if (total < 0 || total > end - at) {
                split = allocator.directBuffer(Math.min(FIRST_CAPACITY, maxMessageBytes),
                        maxMessageBytes);
                continue;
            }
            check(buffer, at, total);
            sink.onEvent(buffer, at, total);
            at += total;
            lastEnd = at;
        }
        return lastEnd;
    }

    /** Takes what the split message lacks, and gives it if that was all. */
    private int fill(ByteBuf split, ByteBuf buffer, int index, int end)
            throws EventStreamException {
        int at = index;
        int have = split.readableBytes();
        if (have < EventStreamMessage.PRELUDE_BYTES) {
            int more = Math.min(EventStreamMessage.PRELUDE_BYTES - have, end - at);
            split.writeBytes(buffer, at, more);
            at += more;
            have += more;
            if (have < EventStreamMessage.PRELUDE_BYTES) {
                return at;
            }
        }
        int total = total(split, 0);
        int more = Math.min(total - have, end - at);
        split.writeBytes(buffer, at, more);
        at += more;
        if (have + more == total) {
            check(split, 0, total);
            try {
                sink.onEvent(split, 0, total);
            } finally {
                release();
            }
        }
        return at;
    }

    /** The length of the message that begins there, its prelude being whole. */
    private int total(ByteBuf buffer, int at) throws EventStreamException {
        int total = buffer.getInt(at);
        int headers = buffer.getInt(at + 4);
        if (checksum(buffer, at, 8) != buffer.getInt(at + 8)) {
            throw new EventStreamException("a prelude's checksum is wrong");
        }
        int least = EventStreamMessage.PRELUDE_BYTES + EventStreamMessage.CRC_BYTES;
        if (total < least || headers < 0 || headers > total - least || headers > MAX_HEADERS) {
            throw new EventStreamException("impossible lengths");
        }
        if (total > maxMessageBytes) {
            throw new EventStreamException("a message of " + total + " bytes");
        }
        return total;
    }

    private void check(ByteBuf buffer, int at, int total) throws EventStreamException {
        int length = total - EventStreamMessage.CRC_BYTES;
        if (checksum(buffer, at, length) != buffer.getInt(at + length)) {
            throw new EventStreamException("a message's checksum is wrong");
        }
    }

    private int checksum(ByteBuf buffer, int at, int length) {
        crc.reset();
        crc.update(buffer.nioBuffer(at, length));
        return (int) crc.getValue();
    }

    /** The stream is none of event-stream messages, or is damaged. */
    public static final class EventStreamException extends Exception {
        private static final long serialVersionUID = 1L;

        EventStreamException(String message) {
            super(message, null, false, false);
        }
    }
}

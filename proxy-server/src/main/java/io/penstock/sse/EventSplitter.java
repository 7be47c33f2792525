package io.penstock.sse;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.loop.Scratch;
import org.jspecify.annotations.Nullable;

/**
 * Splits a stream of server-sent events that comes in any pieces: gives each event to a sink as one
 * contiguous run of bytes, up to and with the blank line that ends it. An event that lies within
 * one piece is given in place; only one that is split is put together by a copy.
 *
 * <p>Line ends are LF, CRLF or CR, in any mixture. Comments and blank lines between events come out
 * as events without data.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Buffers:</b> borrows the pieces; owns the split event until {@link #release}.
 * <br><b>Bounds:</b> {@value #MAX_SPLIT_EVENT} bytes of a split event, unless another bound is
 * given; a longer one is reported as {@linkplain Sink#onOversizedEvent oversized} and not kept.
 */
public final class EventSplitter {
    public static final int MAX_SPLIT_EVENT = 64 * 1024;
    /** Copied of a piece at once: whoever stops behind many hidden events has most copied anew. */
    static final int MAX_COPY = 8 * 1024;
    private static final int FIRST_CAPACITY = 512;
    private static final int NONE = -1;

    /** Who looks at the events. */
    public interface Sink {
        /**
         * One whole event; borrowed, valid only during the call. Returns whether it goes on to the
         * caller; the splitter stops behind one that doesn't.
         */
        boolean onEvent(ByteBuf buffer, int index, int length);

        /** An event too long to be put together went by. */
        void onOversizedEvent();
    }

    private final Sink sink;
    private final Scratch scratch;
    private int maxSplitEvent;
    private @Nullable ByteBuf split; // the beginning of an event whose end has not come
    private boolean oversized;
    private boolean afterLineEnd; // the last byte ended a line
    private boolean afterCr; // the last byte was a CR: an LF next belongs to it
    private boolean eventOpen; // bytes of an unfinished event have gone by
    private int hiddenStart = NONE; // where in the last piece an event began that goes no further
    private int hiddenEnd;

    /** {@code scratch} is the event loop's. */
    public EventSplitter(Sink sink, Scratch scratch) {
        this(sink, scratch, MAX_SPLIT_EVENT);
    }

    /** For whoever must read every event, however long; {@code maxSplitEvent} is in bytes. */
    public EventSplitter(Sink sink, Scratch scratch, int maxSplitEvent) {
        this.sink = sink;
        this.scratch = scratch;
        this.maxSplitEvent = maxSplitEvent;
    }

    /** Prepares for another stream, of which so many bytes of an event are kept at most. */
    public void reset(int maxSplitEvent) {
        reset();
        this.maxSplitEvent = maxSplitEvent;
    }

    /** Prepares for another stream. */
    public void reset() {
        release();
        afterLineEnd = false;
        afterCr = false;
        eventOpen = false;
        oversized = false;
        hiddenStart = NONE;
    }

    /** Lets go of what is kept; harmless if nothing is. */
    public void release() {
        if (split != null) {
            split.release();
            split = null;
        }
    }

    /** Whether bytes of an unfinished event have gone by. */
    public boolean isInsideEvent() {
        return eventOpen;
    }

    /** Whether the last {@link #split} stopped behind an event that goes no further. */
    public boolean isHiding() {
        return hiddenStart != NONE;
    }

    /** Where that event began; where the piece began if it had begun before. */
    public int hiddenStart() {
        return hiddenStart;
    }

    /** Where that event ended, and the next {@link #split} has to go on. */
    public int hiddenEnd() {
        return hiddenEnd;
    }

    /**
     * Goes on through {@code length} bytes at {@code index}, or up to an event that goes no
     * further.
     *
     * @return the index behind the last event that ended in this piece and goes on; {@code index}
     *     if none did
     */
    public int split(ByteBufAllocator allocator, ByteBuf buffer, int index, int length) {
        hiddenStart = NONE;
        int eventStart = 0;
        int at = 0;
        if (afterCr && length > 0) {
            afterCr = false;
            if (buffer.getByte(index) == '\n') {
                at++; // the second half of a CRLF
                if (!eventOpen) {
                    eventStart = at; // the event before it has been given already
                }
            }
        }
        byte[] bytes = {}; // of the piece, those from copyStart to copyEnd
        int copyStart = 0;
        int copyEnd = 0;
        while (at < length) {
            if (at >= copyEnd) {
                copyStart = at;
                copyEnd = at + Math.min(MAX_COPY, length - at);
                bytes = scratch.copy(buffer, index + copyStart, copyEnd - copyStart);
            }
            byte first = bytes[at - copyStart];
            if (afterLineEnd && (first == '\n' || first == '\r')) {
                at++;
                boolean crlf = first == '\r' && at < length && buffer.getByte(index + at) == '\n';
                at += crlf ? 1 : 0;
                afterCr = first == '\r' && !crlf;
                afterLineEnd = false;
                if (!give(allocator, buffer, index + eventStart, index + at)) {
                    hiddenStart = index + eventStart;
                    hiddenEnd = index + at;
                    return hiddenStart;
                }
                eventStart = at;
                continue;
            }
            int lineEnd = LineEnd.find(bytes, at - copyStart, copyEnd - copyStart);
            if (lineEnd == copyEnd - copyStart) {
                afterLineEnd = false;
                afterCr = false;
                at = copyEnd;
                continue;
            }
            boolean cr = bytes[lineEnd] == '\r';
            at = copyStart + lineEnd + 1;
            boolean crlf = cr && at < length && buffer.getByte(index + at) == '\n';
            at += crlf ? 1 : 0;
            afterCr = cr && !crlf;
            afterLineEnd = true;
        }
        if (eventStart < length) {
            eventOpen = true;
            keep(allocator, buffer, index + eventStart, index + length);
        }
        return index + eventStart;
    }

    /**
     * Gives what is left when the stream ends without a blank line; nothing if nothing is. Returns
     * whether it goes on.
     */
    public boolean finish() {
        boolean goesOn = split == null || oversized
                || sink.onEvent(split, split.readerIndex(), split.readableBytes());
        reset();
        return goesOn;
    }

    private boolean give(ByteBufAllocator allocator, ByteBuf buffer, int start, int end) {
        eventOpen = false;
        if (split == null && !oversized) {
            return sink.onEvent(buffer, start, end - start);
        }
        keep(allocator, buffer, start, end);
        boolean goesOn = true;
        if (oversized) {
            oversized = false;
            sink.onOversizedEvent();
        } else {
            assert split != null;
            goesOn = sink.onEvent(split, split.readerIndex(), split.readableBytes());
        }
        release();
        return goesOn;
    }

    private void keep(ByteBufAllocator allocator, ByteBuf buffer, int start, int end) {
        int length = end - start;
        if (oversized || length == 0) {
            return;
        }
        if ((split == null ? 0 : split.readableBytes()) + length > maxSplitEvent) {
            oversized = true;
            release();
            return;
        }
        if (split == null) {
            split = allocator.directBuffer(
                    Math.min(Math.max(length, FIRST_CAPACITY), maxSplitEvent), maxSplitEvent);
        }
        split.writeBytes(buffer, start, length);
    }
}

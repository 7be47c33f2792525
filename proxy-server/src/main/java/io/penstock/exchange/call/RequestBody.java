package io.penstock.exchange.call;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.limit.Gauge;
import io.penstock.upstream.UpstreamStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A request's body as it was read, kept so that it can be sent again to the next target. What has
 * to change is replaced on the way out, between two slices.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Buffers:</b> takes what is added; {@link #release} releases it.
 * <br><b>Bounds:</b> its owner's limit a body; all bodies together, beyond {@value #FREE_BYTES}
 * bytes each, what the gauge allows.
 */
public final class RequestBody {
    /** Bodies up to here are not counted among those in memory. */
    public static final int FREE_BYTES = 64 * 1024;
    private static final int SMALL_BYTES = 4 * 1024; // a copy is cheaper than one more buffer
    private static final int COALESCED_BYTES = 16 * 1024;
    private static final int WORTH_A_SLICE_BYTES = 4 * 1024;

    private final Gauge memory;
    private final List<ByteBuf> slices = new ArrayList<>(2);
    private ByteBuf coalesced; // the last slice, if it is our own and has room
    private long length;
    private long gauged;

    public RequestBody(Gauge memory) {
        this.memory = memory;
    }

    public long length() {
        return length;
    }

    /** Appends; takes the bytes. Returns whether there was memory for them. */
    public boolean add(ByteBufAllocator allocator, ByteBuf bytes) {
        int more = bytes.readableBytes();
        if (length + more > FREE_BYTES) {
            if (!memory.tryTake(more)) {
                bytes.release();
                return false;
            }
            gauged += more;
        }
        length += more;
        if (slices.isEmpty() || more >= WORTH_A_SLICE_BYTES) {
            slices.add(bytes);
            coalesced = null;
            return true;
        }
        // A body in small pieces would pin a read buffer, or cost an object, for every few bytes.
        if (coalesced == null || !coalesced.isWritable(more)) {
            coalesced = allocator.directBuffer(Math.max(more, COALESCED_BYTES));
            slices.add(coalesced);
        }
        coalesced.writeBytes(bytes);
        bytes.release();
        return true;
    }

    /** Releases everything; harmless if there is nothing. */
    public void release() {
        for (int i = 0; i < slices.size(); i++) {
            slices.get(i).release();
        }
        slices.clear();
        coalesced = null;
        length = 0;
        if (gauged > 0) {
            memory.release(gauged);
            gauged = 0;
        }
    }

    /** Whether it is so short that it goes into the same buffer as the head. */
    boolean isSmall() {
        return length <= SMALL_BYTES;
    }

    /** The one slice that holds all of it, borrowed; null if there are more. */
    public ByteBuf onlySlice() {
        return slices.size() == 1 ? slices.get(0) : null;
    }

    /** How long it is with the edits made. */
    public long lengthWith(BodyEdits edits) {
        return length + edits.growth();
    }

    /** Copies it behind a head, the edits made. */
    public void copyTo(ByteBuf out, BodyEdits edits) {
        write(edits, (slice, index, size) -> out.writeBytes(slice, index, size), out::writeBytes);
    }

    /** All of it, the edits made and nothing copied but what is short; gives the buffer. */
    public ByteBuf whole(ByteBufAllocator allocator, BodyEdits edits) {
        if (slices.size() == 1 && edits.count() == 0) {
            return slices.get(0).retainedSlice();
        }
        if (isSmall()) {
            ByteBuf whole = allocator.directBuffer((int) lengthWith(edits));
            copyTo(whole, edits);
            return whole;
        }
        CompositeByteBuf whole = allocator.compositeDirectBuffer(Integer.MAX_VALUE);
        write(edits, (slice, index, size) ->
                whole.addComponent(true, slice.retainedSlice(index, size)),
                text -> whole.addComponent(true, Unpooled.wrappedBuffer(text)));
        return whole;
    }

    /** Sends it, the edits made; keeps it for another time. */
    public void writeTo(UpstreamStream connection, ByteBufAllocator allocator,
            BodyEdits edits) {
        write(edits, (slice, index, size) -> connection.write(slice.retainedSlice(index, size)),
                text -> connection.write(
                        allocator.directBuffer(text.length).writeBytes(text)));
    }

    private interface SliceSink {
        void accept(ByteBuf slice, int index, int size);
    }

    private void write(BodyEdits edits, SliceSink kept, Consumer<byte[]> inserted) {
        long offset = 0; // of the slice
        long next = 0; // what stands before it is written, or left out
        int edit = 0;
        for (int i = 0; i < slices.size(); i++) {
            ByteBuf slice = slices.get(i);
            int first = slice.readerIndex();
            long end = offset + slice.readableBytes();
            while (edit < edits.count() && edits.start(edit) < end) {
                if (edits.start(edit) > next) {
                    kept.accept(slice, first + (int) (next - offset),
                            (int) (edits.start(edit) - next));
                }
                if (edits.text(edit).length > 0) {
                    inserted.accept(edits.text(edit));
                }
                next = edits.end(edit);
                edit++;
            }
            if (next < end) {
                kept.accept(slice, first + (int) (next - offset), (int) (end - next));
                next = end;
            }
            offset = end;
        }
    }
}

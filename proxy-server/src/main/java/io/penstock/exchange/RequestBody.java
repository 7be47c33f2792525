package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.limit.Gauge;
import io.penstock.upstream.UpstreamConnection;
import java.util.ArrayList;
import java.util.List;

/**
 * A request's body as it was read, kept so that it can be sent again to the next target. The one
 * value that may have to change is replaced on the way out, between two slices.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Buffers:</b> takes what is added; {@link #release} lets go of it.
 * <br><b>Bounds:</b> its owner's limit a body; all bodies together, beyond {@value #FREE_BYTES}
 * bytes each, what the gauge allows.
 */
final class RequestBody {
    static final int FREE_BYTES = 64 * 1024; // below it the gauge isn't worth asking
    private static final int SMALL_BYTES = 4 * 1024; // a copy is cheaper than one more buffer
    private static final int COALESCED_BYTES = 16 * 1024;
    private static final int WORTH_A_SLICE_BYTES = 4 * 1024;

    private final Gauge memory;
    private final List<ByteBuf> slices = new ArrayList<>(2);
    private ByteBuf coalesced; // the last slice, if it is our own and has room
    private long length;
    private long gauged;

    RequestBody(Gauge memory) {
        this.memory = memory;
    }

    long length() {
        return length;
    }

    /** Appends; takes the bytes. Returns whether there was memory for them. */
    boolean add(ByteBufAllocator allocator, ByteBuf bytes) {
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

    /** Lets go of everything; harmless if there is nothing. */
    void release() {
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

    /** Copies it behind a head, the bytes from {@code start} to {@code end} replaced. */
    void copyTo(ByteBuf out, long start, long end, byte[] replacement) {
        long offset = 0;
        for (int i = 0; i < slices.size(); i++) {
            ByteBuf slice = slices.get(i);
            int size = slice.readableBytes();
            int before = clamp(start - offset, size);
            int after = clamp(end - offset, size);
            out.writeBytes(slice, slice.readerIndex(), before);
            if (replacement != null && start >= offset && start < offset + size) {
                out.writeBytes(replacement);
            }
            out.writeBytes(slice, slice.readerIndex() + after, size - after);
            offset += size;
        }
    }

    /**
     * Sends it, the bytes from {@code start} to {@code end} replaced; keeps it for another time.
     */
    void writeTo(UpstreamConnection connection, ByteBufAllocator allocator, long start, long end,
            byte[] replacement) {
        long offset = 0;
        for (int i = 0; i < slices.size(); i++) {
            ByteBuf slice = slices.get(i);
            int size = slice.readableBytes();
            int before = clamp(start - offset, size);
            int after = clamp(end - offset, size);
            if (before > 0) {
                connection.write(slice.retainedSlice(slice.readerIndex(), before));
            }
            if (replacement != null && start >= offset && start < offset + size) {
                connection.write(allocator.directBuffer(replacement.length)
                        .writeBytes(replacement));
            }
            if (after < size) {
                connection.write(slice.retainedSlice(slice.readerIndex() + after, size - after));
            }
            offset += size;
        }
    }

    private static int clamp(long value, int max) {
        return (int) Math.max(0, Math.min(value, max));
    }
}

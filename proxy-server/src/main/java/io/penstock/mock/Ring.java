package io.penstock.mock;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;

/**
 * Pieces of a reply one after another in one buffer, which starts over after the last: any run of
 * them up to there is a single slice.
 *
 * <p><b>Thread:</b> confined to one event loop, so that its reference count is never contended.
 * <br><b>Buffers:</b> counted like a buffer: made with one reference; who goes on giving slices
 * holds one of their own.
 */
final class Ring {
    private final ByteBuf bytes;
    private final int[] offsets; // one more than there are pieces

    Ring(byte[][] pieces) {
        offsets = new int[pieces.length + 1];
        for (int i = 0; i < pieces.length; i++) {
            offsets[i + 1] = offsets[i] + pieces[i].length;
        }
        bytes = UnpooledByteBufAllocator.DEFAULT.directBuffer(offsets[pieces.length]);
        for (byte[] piece : pieces) {
            bytes.writeBytes(piece);
        }
    }

    /** How many of {@code count} pieces from the {@code first} on make one slice. */
    int runLength(int first, int count) {
        return Math.min(count, offsets.length - 1 - index(first));
    }

    /** Gives a slice of {@code count} pieces, which must be a {@link #runLength}. */
    ByteBuf run(int first, int count) {
        int from = index(first);
        int start = offsets[from];
        return bytes.retainedSlice(start, offsets[from + count] - start);
    }

    /** Bytes of the first {@code count} pieces, the ring gone round as often as it takes. */
    long length(int count) {
        int pieces = offsets.length - 1;
        return (long) (count / pieces) * offsets[pieces] + offsets[count % pieces];
    }

    Ring retain() {
        bytes.retain();
        return this;
    }

    void release() {
        bytes.release();
    }

    private int index(int piece) {
        return piece % (offsets.length - 1);
    }
}

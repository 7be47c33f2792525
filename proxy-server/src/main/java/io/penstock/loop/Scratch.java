package io.penstock.loop;

import io.netty.buffer.ByteBuf;

/**
 * An array into which a run of bytes is copied to be looked at closely: one copy costs less than a
 * bounds check for every byte.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Buffers:</b> borrows.
 * <br><b>Bounds:</b> grows to the longest run that was asked for.
 */
public final class Scratch {
    private byte[] bytes = new byte[4096];

    /** The array with those bytes at its beginning; valid until the next call. */
    public byte[] copy(ByteBuf buffer, int index, int length) {
        if (bytes.length < length) {
            bytes = new byte[Math.max(length, bytes.length * 2)];
        }
        buffer.getBytes(index, bytes, 0, length);
        return bytes;
    }
}

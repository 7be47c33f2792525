package io.penstock.sse;

import io.netty.buffer.ByteBuf;

/**
 * How an event ended that held nothing but content. Nearly all events of a stream, and of all
 * streams of that format, end in the same bytes; one that does need not be searched again. Where
 * each event ends in its own way, as with OpenAI's {@code obfuscation}, hardly any is learnt.
 *
 * <p><b>Thread:</b> confined to the event loop, which uses one for all its streams.
 * <br><b>Buffers:</b> borrows. <b>Bounds:</b> {@value #MAX_BYTES} bytes.
 */
public final class FamiliarEnd {
    static final int MAX_BYTES = 128;
    private static final int MIN_BYTES = 16;
    static final int PATIENCE = 16; // ends to let go by before an unmet one is given up

    // from the end; the last overlaps
    private final long[] words = new long[MAX_BYTES / Long.BYTES];
    private int length;
    private int count;
    private boolean met; // since it was learnt
    private int passedUp; // since then, or since it was met

    /** Whether the event ends like the one that was learnt. */
    public boolean isFamiliar(ByteBuf buffer, int index, int size) {
        if (count == 0 || size < length) {
            return false;
        }
        int at = index + size - Long.BYTES;
        for (int i = 0; i < count - 1; i++) {
            if (buffer.getLong(at) != words[i]) {
                return false;
            }
            at -= Long.BYTES;
        }
        boolean familiar = buffer.getLong(index + size - length) == words[count - 1];
        met |= familiar;
        return familiar;
    }

    /**
     * Learns how an event ends, from {@code start}; too short or too long an end is of no use. An
     * end that was learnt and has not been met since makes room only after {@value #PATIENCE}
     * others. Returns whether it was learnt.
     */
    public boolean learn(ByteBuf buffer, int start, int end) {
        int size = end - start;
        if (size < MIN_BYTES || size > MAX_BYTES
                || count > 0 && !met && ++passedUp < PATIENCE) {
            return false;
        }
        met = false;
        passedUp = 0;
        length = size;
        count = (size + Long.BYTES - 1) / Long.BYTES;
        for (int i = 0; i < count - 1; i++) {
            words[i] = buffer.getLong(end - Long.BYTES * (i + 1));
        }
        words[count - 1] = buffer.getLong(start);
        return true;
    }
}

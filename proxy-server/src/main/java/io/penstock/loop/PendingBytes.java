package io.penstock.loop;

import io.netty.channel.Channel;

/** What was written to a channel, and its socket has not taken yet. */
public final class PendingBytes {
    private PendingBytes() {}

    /**
     * How much that is, with what Netty adds for each buffer; 0 if the channel takes no more
     * writes.
     */
    public static long of(Channel channel) {
        if (channel.isWritable()) {
            return channel.config().getWriteBufferHighWaterMark() + 1L
                    - channel.bytesBeforeUnwritable();
        }
        long above = channel.bytesBeforeWritable();
        return above == 0 || above == Long.MAX_VALUE ? 0
                : channel.config().getWriteBufferLowWaterMark() - 1L + above;
    }

    /** Whether the channel still takes writes: not once it has closed, or one has failed. */
    public static boolean areTaken(Channel channel) {
        return channel.bytesBeforeWritable() != Long.MAX_VALUE;
    }
}

package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.penstock.limit.Gauge;

/**
 * A body that was made here, counted among those in memory until its last reader has released it: a
 * slow caller takes it long after the exchange is over.
 *
 * <p><b>Buffers:</b> takes what it is made of.
 */
final class CountedBody extends CompositeByteBuf {
    private final Gauge memory;
    private final long amount;

    /** Takes the body; {@code amount} of {@code memory} has been taken for it. */
    CountedBody(ByteBufAllocator allocator, ByteBuf body, Gauge memory, long amount) {
        super(allocator, true, 2);
        this.memory = memory;
        this.amount = amount;
        addComponent(true, body);
    }

    @Override
    protected void deallocate() {
        super.deallocate();
        memory.release(amount);
    }
}

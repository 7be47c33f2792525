package io.penstock.relay;

import io.netty.buffer.ByteBuf;
import io.penstock.loop.Deadlines;

/**
 * Bytes both ways between two connections that have left HTTP behind, as they come: what they mean
 * is the two ends' affair.
 *
 * <p><b>Thread:</b> confined to the event loop that serves both sides.
 * <br><b>Buffers:</b> takes what comes; the other side's write takes it on.
 * <br><b>Bounds:</b> reads of a side only while the other has room: one read and the other's high
 * watermark wait each way. Open for {@code idleNanos} without a byte, {@code totalNanos} at all.
 * <br>A side that sends no more is told to the other, which may go on; both together end it.
 */
public final class Tunnel {
    /** One end. */
    public interface Side {
        /** Queues bytes; takes them. */
        void write(ByteBuf bytes);

        void flush();

        boolean isWritable();

        /** Reads on or not. */
        void setReading(boolean reading);

        /** Sends what was queued, and then that there is no more. */
        void endOutput();
    }

    private final Side caller;
    private final Side provider;
    private final long idleNanos;
    private final long totalNanos;
    private final long beganNanos;
    private long lastByteNanos;
    private boolean callerEnded;
    private boolean providerEnded;
    private long callerBytes;
    private long providerBytes;

    public Tunnel(Side caller, Side provider, long idleNanos, long totalNanos, long nowNanos) {
        this.caller = caller;
        this.provider = provider;
        this.idleNanos = idleNanos;
        this.totalNanos = totalNanos;
        beganNanos = nowNanos;
        lastByteNanos = nowNanos;
    }

    /** Bytes of the caller's; takes them. */
    public void onCallerBytes(ByteBuf bytes, long nowNanos) {
        lastByteNanos = nowNanos;
        callerBytes += bytes.readableBytes();
        pass(bytes, caller, provider);
    }

    /** Bytes of the provider's; takes them. */
    public void onProviderBytes(ByteBuf bytes, long nowNanos) {
        lastByteNanos = nowNanos;
        providerBytes += bytes.readableBytes();
        pass(bytes, provider, caller);
    }

    private static void pass(ByteBuf bytes, Side from, Side to) {
        to.write(bytes);
        if (!to.isWritable()) {
            to.flush(); // perhaps it only waits for that
            if (!to.isWritable()) {
                from.setReading(false);
            }
        }
    }

    /** All that could be read of the caller for now has been given. */
    public void onCallerReadComplete() {
        provider.flush();
    }

    /** The same of the provider. */
    public void onProviderReadComplete() {
        caller.flush();
    }

    /** The caller has room again. */
    public void onCallerWritable() {
        provider.setReading(true);
    }

    /** The provider has room again. */
    public void onProviderWritable() {
        caller.setReading(true);
    }

    /** The caller sends no more; returns whether that was the end. */
    public boolean onCallerEnd() {
        if (!callerEnded) {
            callerEnded = true;
            provider.endOutput();
        }
        return providerEnded;
    }

    /** The provider sends no more; returns whether that was the end. */
    public boolean onProviderEnd() {
        if (!providerEnded) {
            providerEnded = true;
            caller.endOutput();
        }
        return callerEnded;
    }

    public long callerBytes() {
        return callerBytes;
    }

    public long providerBytes() {
        return providerBytes;
    }

    /** Whether it has been open for as long as it may be, whatever went through it. */
    public boolean isOverdue(long nowNanos) {
        return nowNanos - beganNanos >= totalNanos;
    }

    /** Nanoseconds until it has to end; see {@link Deadlines.Entry}. */
    public long remainingNanos(long nowNanos) {
        return Math.min(idleNanos - (nowNanos - lastByteNanos),
                totalNanos - (nowNanos - beganNanos));
    }
}

package io.penstock.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.http.StreamEnd;
import io.penstock.loop.Deadlines;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * A WebSocket's bytes both ways between two connections that have left HTTP behind, as they come:
 * what they mean is the two ends' affair. Frames are followed only so that the proxy, when it has
 * to end the tunnel, can say so in a frame of its own.
 *
 * <p><b>Thread:</b> confined to the event loop that serves both sides.
 * <br><b>Buffers:</b> takes what comes; the other side's write takes it on.
 * <br><b>Bounds:</b> reads of a side only while the other has room: one read and the other's high
 * watermark wait each way. Open for {@code idleNanos} without a byte, {@code totalNanos} at all.
 * <br>A side that sends no more is told to the other, which may go on, but not be silent for
 * {@value #HALF_OPEN_SECONDS} s; both together end it.
 */
public final class Tunnel {
    static final int HALF_OPEN_SECONDS = 10;
    private static final long HALF_OPEN_NANOS = TimeUnit.SECONDS.toNanos(HALF_OPEN_SECONDS);
    private static final byte CLOSE = (byte) 0x88; // the last of its message

    private final StreamEnd caller;
    private final StreamEnd provider;
    private final long idleNanos;
    private final long totalNanos;
    private final long beganNanos;
    private long lastByteNanos;
    private boolean callerEnded;
    private boolean providerEnded;
    private final FrameFollower callerFrames = new FrameFollower();
    private final FrameFollower providerFrames = new FrameFollower();

    public Tunnel(StreamEnd caller, StreamEnd provider, long idleNanos, long totalNanos,
            long nowNanos) {
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
        callerFrames.follow(bytes);
        pass(bytes, caller, provider);
    }

    /** Bytes of the provider's; takes them. */
    public void onProviderBytes(ByteBuf bytes, long nowNanos) {
        lastByteNanos = nowNanos;
        providerFrames.follow(bytes);
        pass(bytes, provider, caller);
    }

    private static void pass(ByteBuf bytes, StreamEnd from, StreamEnd to) {
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

    /** All that could be read of the provider for now has been given. */
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
    public boolean onCallerEnd(long nowNanos) {
        if (!callerEnded) {
            callerEnded = true;
            lastByteNanos = nowNanos;
            provider.endOutput();
        }
        return providerEnded;
    }

    /** The provider sends no more; returns whether that was the end. */
    public boolean onProviderEnd(long nowNanos) {
        if (!providerEnded) {
            providerEnded = true;
            lastByteNanos = nowNanos;
            caller.endOutput();
        }
        return callerEnded;
    }

    /** Tells both sides why it ends, each where no frame is half through. */
    public void sayClose(ByteBufAllocator allocator, int code, String reason) {
        byte[] words = reason.getBytes(StandardCharsets.US_ASCII);
        if (!providerEnded && providerFrames.canBeClosed()) {
            caller.write(allocator.directBuffer().writeByte(CLOSE).writeByte(2 + words.length)
                    .writeShort(code).writeBytes(words));
            caller.flush();
        }
        if (!callerEnded && callerFrames.canBeClosed()) { // a client's frames are masked
            int mask = ThreadLocalRandom.current().nextInt();
            ByteBuf frame = allocator.directBuffer().writeByte(CLOSE)
                    .writeByte(0x80 | 2 + words.length).writeInt(mask)
                    .writeShort(code ^ mask >>> 16);
            for (int i = 0; i < words.length; i++) {
                frame.writeByte(words[i] ^ mask >>> 8 * (1 - i & 3));
            }
            provider.write(frame);
            provider.flush();
        }
    }

    /** Whether one side has ended. */
    public boolean isHalfOpen() {
        return callerEnded || providerEnded;
    }

    /** Whether it has been open for as long as it may be, whatever went through it. */
    public boolean isOverdue(long nowNanos) {
        return nowNanos - beganNanos >= totalNanos;
    }

    /** Nanoseconds until it has to end; see {@link Deadlines.Entry}. */
    public long remainingNanos(long nowNanos) {
        long silence = isHalfOpen() ? Math.min(idleNanos, HALF_OPEN_NANOS) : idleNanos;
        return Math.min(silence - (nowNanos - lastByteNanos),
                totalNanos - (nowNanos - beganNanos));
    }
}

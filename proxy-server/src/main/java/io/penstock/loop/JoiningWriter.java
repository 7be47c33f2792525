package io.penstock.loop;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;

/**
 * Writes to one channel. A beginning waits until more is written or all is sent: small pieces that
 * follow join it, since one buffer is cheaper to send than two.
 *
 * <pre>{@code
 * writer.begin(ctx, head);
 * writer.write(ctx, body);                        // joins the head, if it is small
 * writer.send(ctx);                               // before each flush of the channel
 * writer.release();                               // when the channel has closed
 * }</pre>
 *
 * <p><b>Thread:</b> confined to the channel's event loop.
 * <br><b>Buffers:</b> takes what it is given; owns a beginning until more is written, or {@link
 * #send} or {@link #release}.
 * <br><b>Bounds:</b> {@value #MAX_JOINED_BYTES} bytes join a beginning.
 */
public final class JoiningWriter {
    public static final int MAX_JOINED_BYTES = 4 * 1024;

    private @Nullable ByteBuf beginning;
    private int room;

    /** Begins with that buffer, whose free room is used first. */
    public void begin(ChannelHandlerContext to, ByteBuf bytes) {
        send(to);
        beginning = bytes;
        room = MAX_JOINED_BYTES;
    }

    public void write(ChannelHandlerContext to, ByteBuf bytes) {
        if (beginning != null) {
            room -= bytes.readableBytes();
            if (room >= 0) {
                beginning.writeBytes(bytes);
                bytes.release();
                return;
            }
            send(to);
        }
        to.write(bytes, to.voidPromise());
    }

    /** Writes a beginning that still waits; harmless if there is none. */
    public void send(ChannelHandlerContext to) {
        ByteBuf waiting = beginning;
        if (waiting != null) {
            beginning = null;
            to.write(waiting, to.voidPromise());
        }
    }

    /** Releases a beginning that still waits; harmless if there is none. */
    public void release() {
        if (beginning != null) {
            beginning.release();
            beginning = null;
        }
    }
}

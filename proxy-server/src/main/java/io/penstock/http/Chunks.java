package io.penstock.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/**
 * The chunked coding of a body that comes without (RFC 9112 section 7.1).
 *
 * <p><b>Thread:</b> safe. <b>Buffers:</b> gives what it makes; the constant parts need no release.
 */
public final class Chunks {
    /** At most, around the data of one chunk. */
    public static final int FRAME_BYTES = 20;

    private static final ByteBuf END = constant("\r\n");
    private static final ByteBuf LAST = constant("0\r\n\r\n");

    private Chunks() {}

    private static ByteBuf constant(String text) {
        return Unpooled.unreleasableBuffer(Unpooled.directBuffer()
                .writeBytes(text.getBytes(StandardCharsets.US_ASCII)).asReadOnly());
    }

    /** What stands before so many bytes of data. */
    public static ByteBuf begin(ByteBufAllocator allocator, long length) {
        return begin(allocator.directBuffer(FRAME_BYTES), length);
    }

    /** Appends to {@code out} what stands before so many bytes of data. */
    public static ByteBuf begin(ByteBuf out, long length) {
        ByteBufUtil.writeAscii(out, Long.toHexString(length));
        return end(out);
    }

    /** What stands behind the data of a chunk. */
    public static ByteBuf end() {
        return END.duplicate();
    }

    /** Appends to {@code out} what stands behind the data of a chunk. */
    public static ByteBuf end(ByteBuf out) {
        return out.writeShort('\r' << 8 | '\n');
    }

    /** The chunk that ends a body, without trailers. */
    public static ByteBuf last() {
        return LAST.duplicate();
    }

    /** Writes data to a sink: as one chunk, if that takes chunks. Takes the data. */
    public static void write(BodySink to, ByteBufAllocator allocator, ByteBuf data) {
        if (!to.takesChunks()) {
            to.write(data);
            return;
        }
        to.write(begin(allocator, data.readableBytes()));
        to.write(data);
        to.write(end());
    }

    /** Ends a body that was so written. */
    public static void writeLast(BodySink to) {
        if (to.takesChunks()) {
            to.write(last());
        }
    }
}

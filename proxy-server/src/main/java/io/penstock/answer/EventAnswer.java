package io.penstock.answer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.listen.DownstreamStream;
import java.nio.charset.StandardCharsets;

/**
 * An answer of the proxy's own that goes on: events, as {@code text/event-stream} has them.
 *
 * <p><b>Thread:</b> confined to the event loop of the stream.
 * <br><b>Bounds:</b> {@link #trySend} queues nothing while the caller does not keep up.
 */
public final class EventAnswer {
    /** Of the content. */
    public static final String TYPE = "text/event-stream";

    private static final byte[] LAST_CHUNK = ascii("0\r\n\r\n");
    private static final byte[] CRLF = ascii("\r\n");

    private final DownstreamStream to;
    private boolean open = true;

    EventAnswer(DownstreamStream to) {
        this.to = to;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Sends whole events, if the caller has read enough of those before.
     *
     * @param events may be sent to others, too: nothing may change in there
     */
    public boolean trySend(byte[] events) {
        if (!open || !to.isWritable()) {
            return false;
        }
        ByteBuf bytes = Unpooled.wrappedBuffer(events);
        if (to.takesChunks()) {
            to.write(Unpooled.wrappedBuffer(ascii(Integer.toHexString(events.length) + "\r\n")));
            to.write(bytes);
            to.write(Unpooled.wrappedBuffer(CRLF));
        } else {
            to.write(bytes);
        }
        to.flush();
        return true;
    }

    /** Ends the answer in order. */
    public void end() {
        if (open) {
            open = false;
            if (to.takesChunks()) {
                to.write(Unpooled.wrappedBuffer(LAST_CHUNK));
            }
            to.endResponse();
        }
    }

    /** The caller has gone: nothing is sent any more. */
    public void onClosed() {
        open = false;
    }
}

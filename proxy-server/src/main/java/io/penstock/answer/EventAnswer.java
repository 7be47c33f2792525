package io.penstock.answer;

import io.netty.buffer.Unpooled;
import io.penstock.http.Chunks;
import io.penstock.listen.DownstreamStream;

/**
 * An answer of the proxy's own that goes on: events, as {@code text/event-stream} has them.
 *
 * <p><b>Thread:</b> confined to the event loop of the stream.
 * <br><b>Bounds:</b> {@link #trySend} queues nothing while the caller does not keep up.
 */
public final class EventAnswer {
    /** Of the content. */
    public static final String TYPE = "text/event-stream";

    private final DownstreamStream to;
    private boolean open = true;

    EventAnswer(DownstreamStream to) {
        this.to = to;
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
        Chunks.write(to, to.allocator(), Unpooled.wrappedBuffer(events));
        to.flush();
        return true;
    }

    /** Ends the answer in order. */
    public void end() {
        if (open) {
            open = false;
            Chunks.writeLast(to);
            to.endResponse();
        }
    }

    /** The caller has gone: nothing is sent any more. */
    public void onClosed() {
        open = false;
    }
}

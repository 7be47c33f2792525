package io.penstock.exchange.attempt;

import io.netty.buffer.ByteBuf;
import io.penstock.http.Chunks;
import io.penstock.listen.DownstreamStream;
import io.penstock.loop.Deadlines;
import io.penstock.upstream.UpstreamStream;

/**
 * A body that goes up as it comes, at the provider's pace.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> takes the pieces.
 * <br><b>Bounds:</b> what waits for the provider fills up the connection's high watermark; then the
 * caller isn't read, for as long as the provider's {@code gap} allows it to take nothing.
 */
final class Upload {
    private static final int SMALL_BYTES = 4 * 1024;

    private final DownstreamStream downstream;
    private final Deadlines deadlines;
    private UpstreamStream connection; // null while nothing is uploaded
    private final boolean chunks;
    private boolean unflushed;
    private final long gapNanos;
    private boolean stalled; // the provider takes no more
    private long stalledSinceNanos;
    private long stalledAtBytes;

    /**
     * The head is queued, and what follows it goes as it comes.
     *
     * @param chunks the body goes in chunks, since its length is not known
     */
    Upload(UpstreamStream to, DownstreamStream downstream, Deadlines deadlines,
            boolean chunks, long gapNanos) {
        connection = to;
        this.downstream = downstream;
        this.deadlines = deadlines;
        this.chunks = chunks;
        this.gapNanos = gapNanos;
    }

    /** Whether more is to come. */
    boolean isOn() {
        return connection != null;
    }

    /** Sends the next bytes; takes them. */
    void send(ByteBuf bytes) {
        UpstreamStream to = connection; // a write may fail at once, and end it
        int length = bytes.readableBytes();
        if (!chunks) {
            to.write(bytes);
        } else if (length > 0 && length <= SMALL_BYTES) {
            ByteBuf chunk = Chunks.begin(
                    downstream.allocator().directBuffer(length + Chunks.FRAME_BYTES), length);
            to.write(Chunks.end(chunk.writeBytes(bytes)));
            bytes.release();
        } else if (length > 0) {
            Chunks.write(to, downstream.allocator(), bytes);
        } else {
            bytes.release();
        }
        unflushed = true;
        keepPace();
    }

    /** All that could be read for now is queued. */
    void flush() {
        if (unflushed && connection != null) {
            unflushed = false;
            connection.flush();
        }
    }

    /** Stops reading from the caller while the provider has no room. */
    void keepPace() {
        if (connection != null && !connection.isWritable()) {
            connection.flush(); // perhaps it only waits for that
        }
        if (connection == null) {
            return;
        }
        if (connection.isWritable()) {
            onWritable();
        } else if (!stalled) {
            stalled = true;
            downstream.setReading(false);
            stalledSinceNanos = deadlines.nowNanos();
            stalledAtBytes = connection.pendingBytes();
            deadlines.expectBy(stalledSinceNanos + gapNanos);
        }
    }

    /** The provider has room again. */
    void onWritable() {
        stalled = false;
        downstream.setReading(true);
    }

    /** Queues the end of the body; the caller of this method flushes. */
    void end() {
        UpstreamStream to = connection;
        stop();
        if (chunks) {
            to.write(Chunks.last());
        }
    }

    /** Ends the upload; nothing more is sent. */
    void stop() {
        connection = null;
        stalled = false;
    }

    /** Nanoseconds until the provider has to have taken something. */
    long remainingNanos(long nowNanos) {
        return stalled ? gapNanos - (nowNanos - stalledSinceNanos) : Deadlines.NEVER;
    }

    /** Whether the provider took nothing in that time; one that takes some is slow, not silent. */
    boolean isStuck(long nowNanos) {
        long pending = connection.pendingBytes();
        boolean stuck = pending == stalledAtBytes;
        stalledAtBytes = pending;
        stalledSinceNanos = nowNanos;
        return stuck;
    }
}

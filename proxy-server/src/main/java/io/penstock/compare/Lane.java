package io.penstock.compare;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.penstock.exchange.Finished;
import io.penstock.failure.Failure;
import io.penstock.http.RequestHead;
import io.penstock.listen.DownstreamStream;
import io.penstock.listen.RequestHandler;
import io.penstock.loop.Scratch;
import io.penstock.sse.EventData;
import io.penstock.sse.EventSplitter;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * One model's part of a comparison: the caller's stream, as the exchange with that model sees it. A
 * whole reply is kept until all models have answered; the events of a stream go out as they come.
 *
 * <p><b>Thread:</b> confined to the comparison's event loop.
 * <br><b>Buffers:</b> takes what is written, and owns a whole reply until {@link #release}.
 * <br><b>Bounds:</b> {@value #MAX_ANSWER_BYTES} bytes of a whole reply, {@value #MAX_EVENT_BYTES}
 * of an event; a reply beyond that ends its exchange, and the others go on. Has room for as long as
 * the caller's stream has.
 */
public final class Lane implements DownstreamStream, EventSplitter.Sink {
    static final int MAX_ANSWER_BYTES = 8 * 1024 * 1024;
    static final int MAX_EVENT_BYTES = 1024 * 1024;
    private static final String DONE = "[DONE]";

    private final Comparison comparison;
    private final DownstreamStream shared;
    private final int index;
    private final String model;
    private final EventSplitter events;
    private final EventData data = new EventData();

    private @Nullable RequestHandler handler; // null until it begins
    private @Nullable CompositeByteBuf whole; // of a reply that is no stream, so far
    private boolean streams; // the reply comes as events
    private boolean over;
    private int status;
    private @Nullable String error; // JSON, of a stream that ended with it
    private @Nullable Finished finished; // null until its exchange has

    Lane(Comparison comparison, DownstreamStream shared, int index, String model,
            Scratch scratch) {
        this.comparison = comparison;
        this.shared = shared;
        this.index = index;
        this.model = model;
        events = new EventSplitter(this, scratch, MAX_EVENT_BYTES);
    }

    /** Asks the model; takes the body. It may be over before this returns. */
    void begin(RequestHandler by, RequestHead head, ByteBuf body) {
        handler = by;
        by.onRequest(head);
        if (over) {
            body.release();
            return;
        }
        by.onRequestBody(body);
        if (!over) {
            by.onRequestBodyRead();
            by.onRequestEnd();
        }
    }

    // For the comparison

    int index() {
        return index;
    }

    String model() {
        return model;
    }

    int status() {
        return status;
    }

    boolean isOver() {
        return over;
    }

    /** What an error event of its stream said, JSON; null for none. */
    @Nullable String error() {
        return error;
    }

    /** A whole reply, borrowed; null where it was a stream, or none came. */
    @Nullable ByteBuf whole() {
        return whole;
    }

    @Nullable Finished finished() {
        return finished;
    }

    /** What became of its exchange, which is told before the answer ends. */
    public void onFinished(Finished exchange) {
        finished = exchange;
    }

    void onCallerGone() {
        if (!over) {
            over = true;
            if (handler != null) {
                handler.onClosed();
            }
        }
        release();
    }

    void onShutdown() {
        if (!over && handler != null) {
            handler.onShutdown();
        }
    }

    void onWritabilityChanged(boolean writable) {
        if (!over && handler != null) {
            handler.onWritabilityChanged(writable);
        }
    }

    /** Releases what is kept of its reply; harmless if nothing is. */
    void release() {
        events.release();
        if (whole != null) {
            comparison.giveBack(whole.readableBytes());
            whole.release();
            whole = null;
        }
    }

    // The answer

    @Override
    public void writeHead(int status, ByteBuf fields, long bodyLength) {
        fields.release();
        this.status = status;
        streams = comparison.isStream() && status == 200 && bodyLength == UNKNOWN_LENGTH;
        if (streams && !over) {
            comparison.onStreamBegun();
        }
    }

    @Override
    public void writeWhole(int status, ByteBuf fields, byte @Nullable [] body) {
        writeHead(status, fields, body == null ? NO_BODY : body.length);
        if (body != null) {
            write(allocator().directBuffer(body.length).writeBytes(body));
        }
    }

    @Override
    public void write(ByteBuf bytes) {
        if (over) {
            bytes.release();
        } else if (streams) {
            try {
                events.split(allocator(), bytes, bytes.readerIndex(), bytes.readableBytes());
            } finally {
                bytes.release();
            }
        } else {
            keep(bytes);
        }
    }

    private void keep(ByteBuf bytes) {
        if (whole == null) {
            whole = allocator().compositeDirectBuffer(Integer.MAX_VALUE);
        }
        int more = bytes.readableBytes();
        if (whole.readableBytes() + more > MAX_ANSWER_BYTES || !comparison.tryKeep(more)) {
            bytes.release();
            stop("The answer is too long to be compared.");
        } else {
            whole.addComponent(true, bytes);
        }
    }

    @Override
    public boolean onEvent(ByteBuf buffer, int at, int length) {
        data.read(buffer, at, length);
        if (data.length() == 0 || isDone()) {
            return true;
        }
        String said = ArmReport.errorIn(data);
        if (said != null) {
            error = said;
        } else {
            comparison.sendChunk(this, data);
        }
        return true;
    }

    private boolean isDone() {
        return data.length() == DONE.length() && DONE.equals(
                new String(data.bytes(), 0, data.length(), StandardCharsets.ISO_8859_1));
    }

    @Override
    public void onOversizedEvent() {
        stop("An event of the answer is too long to be compared.");
    }

    /** Gives this model up, on a turn of its own: its exchange is in the middle of writing. */
    private void stop(String why) {
        if (error != null) {
            return;
        }
        error = ArmReport.error(Failure.of(Failure.Kind.UPSTREAM_ERROR, why));
        executor().execute(() -> {
            if (!over && handler != null) {
                handler.onClosed();
                status = Failure.Kind.UPSTREAM_ERROR.status();
                release();
                end();
            }
        });
    }

    @Override
    public void endResponse() {
        end();
    }

    @Override
    public void abort() {
        end();
    }

    @Override
    public void cut() {
        end();
    }

    private void end() {
        if (!over) {
            over = true;
            events.release();
            comparison.onOver(this);
        }
    }

    // The caller's stream

    @Override
    public boolean takesChunks() {
        return false; // the comparison frames what it makes of all
    }

    @Override
    public long pendingBytes() {
        return shared.pendingBytes();
    }

    @Override
    public void flush() {
        if (!over) {
            shared.flush();
        }
    }

    @Override
    public boolean isWritable() {
        return shared.isWritable();
    }

    @Override
    public Executor executor() {
        return shared.executor();
    }

    @Override
    public ByteBufAllocator allocator() {
        return shared.allocator();
    }

    @Override
    public SocketAddress remoteAddress() {
        return shared.remoteAddress();
    }

    @Override
    public boolean isTls() {
        return shared.isTls();
    }

    @Override
    public void closeAfterAnswer() {
        shared.closeAfterAnswer();
    }

    @Override
    public void setReading(boolean reading) {
        // all of the request has come
    }

    @Override
    public void writeUpgrade(String protocol, ByteBuf fields) {
        throw noTunnel();
    }

    @Override
    public void becomeTunnel() {
        throw noTunnel();
    }

    @Override
    public void endOutput() {
        throw noTunnel();
    }

    private static IllegalStateException noTunnel() {
        return new IllegalStateException("a chat asks for no tunnel");
    }
}

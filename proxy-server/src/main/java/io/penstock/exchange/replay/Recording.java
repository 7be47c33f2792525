package io.penstock.exchange.replay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.cache.CachedReply;
import io.penstock.cache.Flight;
import io.penstock.http.ChunkScanner;
import io.penstock.http.HttpSyntaxException;
import io.penstock.listen.DownstreamStream;
import java.net.SocketAddress;
import java.util.Arrays;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The caller's side of an exchange that leads a {@link Flight}: passes all on to the caller, and
 * what goes into the body to the flight as well, without its framing. When the caller has gone, the
 * reply goes to the flight alone, at any pace.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> takes what it sends, as the caller's stream does.
 */
public final class Recording implements DownstreamStream {
    private final DownstreamStream caller;
    private final Flight flight;
    private final ChunkScanner chunks = new ChunkScanner();
    private boolean records; // what is written now
    private boolean framed;
    private boolean detached; // from the caller
    private boolean ended;

    public Recording(DownstreamStream caller, Flight flight) {
        this.caller = caller;
        this.flight = flight;
    }

    /** Whether others wait for the reply. */
    public boolean isFollowed() {
        return !ended && flight.isFollowed();
    }

    /** The reply that is written from here on is good, and that target's. */
    public void begin(String provider, String model) {
        records = true;
        flight.open(provider, model);
    }

    /** The caller has gone; the reply is for the others. */
    public void detach() {
        detached = true;
    }

    /**
     * All of a reply was written; one that is not good is for this caller alone.
     *
     * @param keeps it may be given to calls that come later
     */
    public void complete(CachedReply.Tokens tokens, long tookNanos, long ttlNanos,
            boolean keeps) {
        if (!records) {
            fail();
        } else if (!ended) {
            ended = true;
            flight.complete(tokens, tookNanos, ttlNanos, keeps);
        }
    }

    /** There is a reply already: this call and the others need not ask. */
    public void complete(CachedReply known) {
        if (!ended) {
            ended = true;
            flight.complete(known);
        }
    }

    /** There will be no reply for others; harmless if there was. */
    public void fail() {
        if (!ended) {
            ended = true;
            flight.fail();
        }
    }

    /** The exchange ends because its caller has gone; harmless if the reply was complete. */
    public void handOver() {
        if (!ended) {
            ended = true;
            flight.handOver();
        }
    }

    // What is written

    @Override
    public void writeHead(int status, ByteBuf fields, long bodyLength) {
        framed = bodyLength == UNKNOWN_LENGTH && caller.takesChunks();
        if (detached) {
            fields.release();
        } else {
            caller.writeHead(status, fields, bodyLength);
        }
    }

    @Override
    public void write(ByteBuf bytes) {
        if (records && !ended) {
            record(bytes);
        }
        if (detached) {
            bytes.release();
        } else {
            caller.write(bytes);
        }
    }

    private void record(ByteBuf bytes) {
        byte[] data = new byte[bytes.readableBytes()];
        if (!framed) {
            bytes.getBytes(bytes.readerIndex(), data);
            flight.append(data);
            return;
        }
        int length = 0;
        int at = bytes.readerIndex();
        try {
            while (chunks.next(bytes, at, bytes.writerIndex()) == ChunkScanner.Step.DATA) {
                at = chunks.position();
                bytes.getBytes(chunks.dataStart(), data, length, chunks.dataLength());
                length += chunks.dataLength();
            }
        } catch (HttpSyntaxException e) {
            throw new IllegalStateException("cannot happen: the framing is the proxy's own", e);
        }
        flight.append(length == data.length ? data : Arrays.copyOf(data, length));
    }

    @Override
    public void writeWhole(int status, ByteBuf fields, byte @Nullable [] body) {
        if (detached) {
            fields.release();
        } else {
            caller.writeWhole(status, fields, body);
        }
    }

    @Override
    public void writeUpgrade(String protocol, ByteBuf fields) {
        caller.writeUpgrade(protocol, fields);
    }

    @Override
    public void flush() {
        if (!detached) {
            caller.flush();
        }
    }

    @Override
    public boolean isWritable() {
        return detached || caller.isWritable();
    }

    @Override
    public long pendingBytes() {
        return detached ? 0 : caller.pendingBytes();
    }

    // All else is the caller's

    @Override
    public boolean takesChunks() {
        return caller.takesChunks();
    }

    @Override
    public void setReading(boolean reading) {
        caller.setReading(reading);
    }

    @Override
    public void endOutput() {
        caller.endOutput();
    }

    @Override
    public Executor executor() {
        return caller.executor();
    }

    @Override
    public ByteBufAllocator allocator() {
        return caller.allocator();
    }

    @Override
    public SocketAddress remoteAddress() {
        return caller.remoteAddress();
    }

    @Override
    public boolean isTls() {
        return caller.isTls();
    }

    @Override
    public void closeAfterAnswer() {
        caller.closeAfterAnswer();
    }

    @Override
    public void becomeTunnel() {
        caller.becomeTunnel();
    }

    @Override
    public void endResponse() {
        caller.endResponse();
    }

    @Override
    public void abort() {
        caller.abort();
    }

    @Override
    public void cut() {
        caller.cut();
    }
}

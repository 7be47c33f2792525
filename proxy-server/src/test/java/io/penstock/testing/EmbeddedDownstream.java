package io.penstock.testing;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.penstock.listen.DownstreamStream;
import io.penstock.loop.PendingBytes;
import java.net.SocketAddress;
import java.util.concurrent.Executor;

/** A caller without a network: keeps what is written, and is as fast as the test wants. */
public final class EmbeddedDownstream implements DownstreamStream {
    private final EmbeddedChannel channel =
            new EmbeddedChannel(new ChannelInboundHandlerAdapter());
    private boolean writable = true;
    private boolean reading = true;
    private boolean closing;

    /** Gives the text that went to the caller since the last call. */
    public String taken() {
        channel.flushOutbound();
        StringBuilder text = new StringBuilder();
        for (ByteBuf bytes = channel.readOutbound(); bytes != null;
                bytes = channel.readOutbound()) {
            text.append(Bytes.drain(bytes));
        }
        return text.toString();
    }

    /** Whether the caller takes any more. */
    public void setWritable(boolean writable) {
        this.writable = writable;
    }

    /** Whether more of the caller's request is read. */
    public boolean isReading() {
        return reading;
    }

    /** Whether the connection ends with the answer. */
    public boolean isClosing() {
        return closing;
    }

    /** Lets go of all that the caller did not take. */
    public void finish() {
        channel.flushOutbound(); // a write that fails would count as the test's fault
        channel.finishAndReleaseAll();
    }

    @Override
    public Executor executor() {
        return channel.eventLoop();
    }

    @Override
    public ByteBufAllocator allocator() {
        return PooledByteBufAllocator.DEFAULT;
    }

    @Override
    public SocketAddress remoteAddress() {
        return channel.remoteAddress();
    }

    @Override
    public boolean isTls() {
        return false;
    }

    @Override
    public void closeAfterAnswer() {
        closing = true;
    }

    @Override
    public void writeHead(int status, ByteBuf fields, long bodyLength) {
        ByteBuf first = Bytes.buffer("status: " + status + "\r\n");
        write(first.writeBytes(fields).writeBytes(Bytes.latin1("body: " + bodyLength
                + "\r\n\r\n")));
        fields.release();
    }

    @Override
    public void writeWhole(int status, ByteBuf fields, byte[] body) {
        writeHead(status, fields, body == null ? NO_BODY : body.length);
        if (body != null) {
            write(Bytes.buffer(body));
        }
    }

    @Override
    public void writeUpgrade(String protocol, ByteBuf fields) {
        throw new AssertionError("no tunnel was asked for");
    }

    @Override
    public void write(ByteBuf bytes) {
        channel.write(bytes);
    }

    @Override
    public boolean takesChunks() {
        return true;
    }

    @Override
    public long pendingBytes() {
        return PendingBytes.of(channel);
    }

    @Override
    public void flush() {
        channel.flush();
    }

    @Override
    public boolean isWritable() {
        return writable;
    }

    @Override
    public void setReading(boolean reading) {
        this.reading = reading;
    }

    @Override
    public void becomeTunnel() {
        throw new AssertionError("no tunnel was asked for");
    }

    @Override
    public void endOutput() {
        throw new AssertionError("no tunnel was asked for");
    }

    @Override
    public void endResponse() {}

    @Override
    public void abort() {
        closing = true;
    }

    @Override
    public void cut() {
        closing = true;
    }
}

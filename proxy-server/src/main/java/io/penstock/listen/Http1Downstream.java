package io.penstock.listen;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import io.penstock.http.Field;
import io.penstock.http.RequestHead;
import io.penstock.loop.JoiningWriter;
import io.penstock.loop.PendingBytes;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The answering half of a caller's HTTP/1.1 connection: one request at a time is answered through
 * it, and each answer decides whether the connection stays (RFC 9112 section 9).
 *
 * <p><b>Thread:</b> confined to the channel's event loop.
 * <br><b>Buffers:</b> takes what is written; a head waits for the next flush, or for the end of the
 * answer, to go out with the beginning of its body.
 * <br><b>Bounds:</b> the last answer is out within {@value DownstreamConnection#STALL_SECONDS} s;
 * then the connection lingers for {@value DownstreamConnection#LINGER_SECONDS} s while the caller
 * may still be sending.
 */
final class Http1Downstream implements DownstreamStream {
    private static final ByteBuf CONTINUE = Unpooled.unreleasableBuffer(Unpooled.directBuffer()
            .writeBytes("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII))
            .asReadOnly());

    private final DownstreamConnection connection;
    private final ChannelHandlerContext context;
    private final boolean tls;
    private final ListenLoop loop;
    private final RequestReader reader;
    private final CallerClock clock;
    private final JoiningWriter writer = new JoiningWriter();

    private boolean http10;
    private boolean headRequest;
    private boolean keepAlive;
    private boolean awaitsContinue; // the caller may or may not send its body
    private boolean inputEnded; // the caller of a tunnel sends no more

    Http1Downstream(DownstreamConnection connection, ChannelHandlerContext context, ListenLoop loop,
            RequestReader reader, CallerClock clock) {
        this.connection = connection;
        this.context = context;
        this.loop = loop;
        this.reader = reader;
        this.clock = clock;
        tls = context.pipeline().get(SslHandler.class) != null;
    }

    // For the connection

    /** A request begins; {@code followed} by other bytes, perhaps of its body. */
    void begin(RequestHead head, boolean followed) {
        http10 = head.minorVersion() == 0;
        headRequest = head.isMethod("HEAD");
        keepAlive = head.isKeepAlive();
        awaitsContinue = head.has(Field.EXPECT) && head.hasBody() && !followed;
    }

    /** What came can't be read; {@code asked} if at least its head could. */
    void beginRefused(boolean asked) {
        headRequest &= asked;
        keepAlive = false;
    }

    /** The caller may send its body, which the handler has not refused. */
    void sendContinue() {
        if (awaitsContinue && !http10) {
            awaitsContinue = false;
            context.writeAndFlush(CONTINUE.duplicate());
        }
    }

    /** Some of the body has come, whether it was asked for or not. */
    void onBodyBegun() {
        awaitsContinue = false;
    }

    /** The caller sends no more, but may still read. */
    void onInputEnded() {
        inputEnded = true;
    }

    /** The connection has closed: nothing more is sent. */
    void release() {
        writer.release();
    }

    // For the handler

    @Override
    public Executor executor() {
        return context.executor();
    }

    @Override
    public ByteBufAllocator allocator() {
        return context.alloc();
    }

    @Override
    public SocketAddress remoteAddress() {
        return context.channel().remoteAddress();
    }

    @Override
    public boolean isTls() {
        return tls;
    }

    @Override
    public void closeAfterAnswer() {
        keepAlive = false;
    }

    @Override
    public void writeHead(int status, ByteBuf fields, long bodyLength) {
        decideKeepAlive(bodyLength == UNKNOWN_LENGTH && http10);
        if (bodyLength >= 0) {
            Http1Head.length(fields, bodyLength);
        } else if (bodyLength == UNKNOWN_LENGTH && !http10) {
            Http1Head.chunked(fields);
        }
        Http1Head.connection(fields, keepAlive, http10);
        writer.begin(context, Http1Head.whole(status, fields));
    }

    private void decideKeepAlive(boolean endsByClosing) {
        if (connection.state() == ConnectionState.BODY && (awaitsContinue || !reader.isRestShort())
                || loop.isDraining() || endsByClosing) {
            keepAlive = false;
        }
    }

    @Override
    public void writeWhole(int status, ByteBuf fields, byte @Nullable [] body) {
        writeHead(status, fields, body == null ? NO_BODY : body.length);
        if (body != null && !headRequest) {
            write(context.alloc().directBuffer(body.length).writeBytes(body));
        }
    }

    @Override
    public void writeUpgrade(String protocol, ByteBuf fields) {
        Http1Head.upgrade(fields, protocol);
        writer.begin(context, Http1Head.whole(101, fields));
    }

    @Override
    public void write(ByteBuf bytes) {
        writer.write(context, bytes);
    }

    @Override
    public void flush() {
        writer.send(context);
        context.flush();
    }

    @Override
    public boolean takesChunks() {
        return !http10;
    }

    @Override
    public long pendingBytes() {
        return PendingBytes.of(context.channel());
    }

    @Override
    public boolean isWritable() {
        return context.channel().isWritable();
    }

    @Override
    public void setReading(boolean reading) {
        if (connection.state() == ConnectionState.CLOSED || clock.isPaused() != reading) {
            return;
        }
        if (reading) {
            clock.resume();
        } else {
            clock.pause();
        }
        context.channel().config().setAutoRead(reading);
    }

    @Override
    public void becomeTunnel() {
        connection.moveTo(ConnectionState.TUNNEL);
        keepAlive = false;
        if (!tls) { // a half of TLS can't be closed
            context.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        }
        reader.readAhead();
    }

    @Override
    public void endOutput() {
        if (connection.state() == ConnectionState.CLOSED) {
            return;
        }
        writer.send(context);
        context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(sent -> {
            if (!tls && context.channel() instanceof DuplexChannel duplex) {
                duplex.shutdownOutput();
            } else {
                context.close();
            }
        });
    }

    @Override
    public void endResponse() {
        writer.send(context);
        if (connection.state().isOver()) {
            return;
        }
        setReading(true);
        context.flush();
        if (connection.state().isOver()) {
            return; // the flush has failed, and closed the channel
        }
        if (!keepAlive || loop.isDraining()) {
            closeGently();
        } else if (connection.state() == ConnectionState.BODY) {
            connection.moveTo(ConnectionState.DISCARDING);
        } else {
            connection.awaitRequest();
            if (!reader.isReading()) {
                reader.readAhead();
                if (loop.isDraining()) {
                    connection.closeIfIdle(); // the answer had promised to stay
                }
            }
        }
    }

    @Override
    public void abort() {
        keepAlive = false;
        writer.send(context);
        if (connection.state() == ConnectionState.CLOSED) {
            return;
        }
        if (!connection.state().isOver()) {
            connection.moveTo(ConnectionState.ENDING);
        }
        context.flush();
        context.close();
    }

    @Override
    public void cut() {
        keepAlive = false;
        writer.send(context);
        if (!connection.state().isOver()) {
            setReading(true);
            end(ConnectionState.CUT);
        }
    }

    // The end of the connection

    /** The caller may still be sending: closing at once would reset, and lose the answer. */
    void closeGently() {
        boolean callerDone = connection.state() == ConnectionState.ANSWERING
                || connection.state() == ConnectionState.IDLE && !reader.isHolding() || inputEnded;
        boolean lingers = !callerDone && context.channel() instanceof DuplexChannel;
        end(lingers ? ConnectionState.LINGERING : ConnectionState.CLOSED);
    }

    /** Sends what is queued; then the connection is left in the state {@code last}. */
    private void end(ConnectionState last) {
        connection.moveTo(ConnectionState.ENDING);
        reader.release();
        clock.await(DownstreamConnection.STALL_SECONDS);
        if (last == ConnectionState.LINGERING) {
            context.channel().config().setAutoRead(true);
        }
        writer.send(context);
        context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(sent -> onLastSent(last));
    }

    private void onLastSent(ConnectionState last) {
        if (connection.state() != ConnectionState.ENDING) {
            return; // it has closed meanwhile
        }
        switch (last) {
            case CUT -> { // some callers lose what they read in the same moment as the end
                connection.moveTo(last);
                clock.awaitCutPause();
            }
            case LINGERING -> {
                connection.moveTo(last);
                clock.await(DownstreamConnection.LINGER_SECONDS);
                if (context.pipeline().first() == connection) { // TLS would cut records short
                    ((DuplexChannel) context.channel()).shutdownOutput();
                }
            }
            default -> context.close();
        }
    }
}

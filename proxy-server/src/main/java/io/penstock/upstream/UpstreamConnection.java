package io.penstock.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.penstock.failure.Fault;
import io.penstock.http.HeadWriter;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestLine;
import io.penstock.loop.JoiningWriter;
import io.penstock.loop.PendingBytes;
import io.penstock.upstream.ReplyHeadReader.UnexpectedUpgradeException;
import java.io.IOException;
import java.nio.channels.NotYetConnectedException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to a provider: serves one request after another, each with its own listener.
 *
 * <p><b>Thread:</b> confined to the event loop of the pool, which is the exchange's too.
 * <br><b>Buffers:</b> takes what it sends; gives what it reads to the listener; holds a head that
 * came in pieces, and releases it when the channel closes.
 * <br>Either side dies: the listener is told once, and the pool gets its place back.
 */
final class UpstreamConnection extends ChannelInboundHandlerAdapter
        implements UpstreamStream {
    private static final Logger LOG = LoggerFactory.getLogger(UpstreamConnection.class);

    static final int LINGER_SECONDS = 2;

    private final ConnectionPool pool;
    private final ReplyHeadReader head;
    private final JoiningWriter writer = new JoiningWriter();
    @SuppressWarnings("NullAway.Init") // set when it is added to a channel, before any use
    private ChannelHandlerContext context;
    private @Nullable Dial connecting;
    private @Nullable ReplyListener listener; // null while idle, and after the listener has let go
    private UpstreamState state = UpstreamState.CONNECTING;
    private @Nullable String upgrade; // the protocol that the request asks for
    private boolean uploads; // the listener is told if nothing more can be sent
    private @Nullable Throwable broken; // why nothing can be sent any more; null while it can
    private int served;
    private final long bornNanos;
    private final long maxAgeNanos;
    private long idleSinceNanos;
    private long givenUpNanos; // when it was closed in a call; 0 if it was not

    UpstreamConnection(ConnectionPool pool, ReplyListener listener, long nowNanos,
            long maxAgeNanos) {
        this.pool = pool;
        head = new ReplyHeadReader(pool.responseHead());
        this.listener = listener;
        bornNanos = nowNanos;
        this.maxAgeNanos = maxAgeNanos;
    }

    private void moveTo(UpstreamState next) {
        if (!state.canMoveTo(next)) {
            throw new IllegalStateException(state + " cannot become " + next);
        }
        state = next;
    }

    // For the pool

    void onConnecting(Dial dial) {
        connecting = dial;
    }

    /** No address of the provider could be reached. */
    void onNotConnected(Throwable cause) {
        onClosed();
        tell(Fault.CONNECT_FAILED, String.valueOf(cause));
    }

    long bornNanos() {
        return bornNanos;
    }

    long maxAgeNanos() {
        return maxAgeNanos;
    }

    long idleSinceNanos() {
        return idleSinceNanos;
    }

    boolean isOpen() {
        return !state.isOver() && context != null && context.channel().isActive();
    }

    /** Lends it to a call; it is idle and alive, or ready for the first one. */
    void lend(ReplyListener to) {
        moveTo(UpstreamState.AWAITING_HEAD);
        listener = to;
        served++;
    }

    void rest(long nowNanos) {
        moveTo(UpstreamState.IDLE);
        listener = null;
        idleSinceNanos = nowNanos;
    }

    // For the listener

    @Override
    public boolean isReused() {
        return served > 1;
    }

    @Override
    public boolean isReplyStarted() {
        return state.isReplyStarted();
    }

    @Override
    public void beginHead(HeadWriter out, RequestLine line) {
        line.writeHttp1(out);
    }

    @Override
    public void writeHead(HeadWriter out, long bodyLength) {
        if (bodyLength >= 0) {
            out.text("content-length: ").number(bodyLength).crlf();
        } else if (bodyLength == UNKNOWN_LENGTH) {
            out.text("transfer-encoding: chunked\r\n");
        }
        if (upgrade != null) {
            out.text("connection: Upgrade\r\nupgrade: ").text(upgrade).crlf();
        }
        out.crlf();
        ByteBuf whole = context.alloc().directBuffer(out.length() + (int) Math.max(0,
                bodyLength > JoiningWriter.MAX_JOINED_BYTES ? 0 : bodyLength));
        out.drainTo(whole);
        writer.begin(context, whole);
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
    public boolean isWritable() {
        return context.channel().isWritable();
    }

    @Override
    public boolean takesChunks() {
        return true;
    }

    @Override
    public long pendingBytes() {
        return PendingBytes.of(context.channel());
    }

    @Override
    public void expectUpgrade(String protocol) {
        upgrade = protocol;
    }

    @Override
    public void expectEarlyReply() {
        uploads = true;
    }

    @Override
    public void becomeTunnel(ReplyListener end) {
        moveTo(UpstreamState.TUNNEL);
        listener = end;
        if (!pool.isTls()) { // a half of TLS can't be closed
            context.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        }
    }

    @Override
    public void endOutput() {
        if (!state.isOver()) {
            context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(sent -> {
                if (!pool.isTls() && context.channel() instanceof DuplexChannel duplex) {
                    duplex.shutdownOutput();
                } else {
                    context.close();
                }
            });
        }
    }

    @Override
    public void setReading(boolean reading) {
        if (!state.isOver() && context.channel().config().isAutoRead() != reading) {
            context.channel().config().setAutoRead(reading);
        }
    }

    @Override
    public void release(boolean reusable, long nowNanos) {
        listener = null;
        if (reusable && upgrade == null && isOpen() && isFullySent()) {
            setReading(true); // a connection that rests paused would never answer again
            uploads = false;
            pool.onReleased(this, nowNanos);
        } else {
            close();
        }
    }

    private boolean isFullySent() {
        return PendingBytes.areTaken(context.channel())
                && PendingBytes.of(context.channel()) == 0;
    }

    @Override
    public void close() {
        listener = null;
        if (state.isOver()) {
            return;
        }
        if (context != null) {
            givenUpNanos = state.isLent() ? context.executor().ticker().nanoTime() : 0;
            moveTo(UpstreamState.CLOSING);
            context.close();
        } else {
            if (connecting != null) {
                connecting.cancel();
            }
            onClosed();
        }
    }

    @Override
    public void closeGently() {
        listener = null;
        if (!state.isOver()) {
            setReading(false);
            moveTo(UpstreamState.CLOSING);
            context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(sent -> context.close());
            context.executor().schedule(() -> context.close(), LINGER_SECONDS, TimeUnit.SECONDS);
        }
    }

    // The channel's events

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        if (state != UpstreamState.CONNECTING) {
            return; // it was given up while it connected
        }
        if (pool.isTls()) {
            moveTo(UpstreamState.HANDSHAKE);
            if (listener != null) {
                listener.onTlsStarted();
            }
        } else {
            onReady();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent handshake) {
            pool.counts().onHandshake(handshake.isSuccess());
            if (!handshake.isSuccess()) {
                fail(Fault.TLS_FAILED, TlsFailure.describe(handshake.cause()));
            } else if (state == UpstreamState.HANDSHAKE) {
                onReady();
            }
        } else if (event instanceof ChannelInputShutdownEvent && listener != null) {
            listener.onInputEnd();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (listener != null && state.isLent() && ctx.channel().isWritable()) {
            listener.onWritable();
        }
    }

    private void onReady() {
        if (listener == null) { // the call that wanted it has ended; another one may come
            pool.onReleased(this, pool.nowNanos());
        } else {
            lend(listener);
            listener.onReady(this);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        switch (state) {
            case AWAITING_HEAD -> {
                moveTo(UpstreamState.HEAD);
                readHead(ctx, bytes);
            }
            case HEAD -> readHead(ctx, bytes);
            case BODY, TUNNEL -> {
                assert listener != null; // or the state would be another
                listener.onReplyBody(bytes);
            }
            default -> {
                bytes.release(); // nothing was asked: it must not answer the next request
                close();
            }
        }
    }

    private void readHead(ChannelHandlerContext ctx, ByteBuf bytes) {
        ByteBuf rest;
        try {
            rest = head.read(ctx.alloc(), bytes, upgrade);
        } catch (HttpSyntaxException | UnexpectedUpgradeException e) {
            fail(Fault.BAD_RESPONSE, String.valueOf(e.getMessage()));
            return;
        }
        if (rest == null) {
            return;
        }
        moveTo(UpstreamState.BODY);
        assert listener != null; // it waits for this head
        listener.onReplyHead(head.head());
        if (listener == null) {
            rest.release();
        } else {
            listener.onReplyBody(rest); // even when empty: it may be a body of no bytes
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (listener != null) {
            listener.onReplyBodyRead();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        boolean headless = state == UpstreamState.AWAITING_HEAD || state == UpstreamState.HEAD;
        if (broken != null && headless) { // else what came may be all, as far as anyone can tell
            tell(Fault.RESET, String.valueOf(broken));
        } else {
            tell(isBeforeTls() ? Fault.TLS_FAILED : Fault.CLOSED,
                    "the connection was closed by the provider");
        }
        onClosed();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(cause instanceof IOException || cause instanceof DecoderException
                || cause instanceof NotYetConnectedException)) { // a reset, to Netty's epoll
            LOG.error("upstream_connection_failed", cause); // none of the peer's doing
        } else if (state.isAsked() && !(cause instanceof DecoderException)
                && ctx.channel().isOpen() && !PendingBytes.areTaken(ctx.channel())) {
            onOutputBroken(cause);
            return;
        }
        Fault fault = isBeforeTls() ? Fault.TLS_FAILED : Fault.RESET;
        fail(fault, fault == Fault.TLS_FAILED || cause instanceof DecoderException
                ? TlsFailure.describe(cause) : String.valueOf(cause)); // TLS 1.3 may refuse late
    }

    private boolean isBeforeTls() {
        return state == UpstreamState.HANDSHAKE
                || state == UpstreamState.CONNECTING && pool.isTls();
    }

    /**
     * A write has failed. The provider may have said why before it closed: what it said is read
     * all the same, until it ends.
     */
    private void onOutputBroken(Throwable cause) {
        boolean first = broken == null;
        broken = cause;
        if (first && uploads && listener != null) {
            listener.onOutputBroken();
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        head.release();
    }

    /** The connection is of no more use, and its listener is told so. */
    private void fail(Fault fault, String detail) {
        tell(fault, detail);
        close();
    }

    private void tell(Fault fault, String detail) {
        ReplyListener told = listener;
        listener = null;
        if (told != null) {
            told.onFailed(fault, detail);
        }
    }

    private void onClosed() {
        writer.release();
        if (state != UpstreamState.CLOSED) {
            moveTo(UpstreamState.CLOSED);
            if (givenUpNanos != 0) {
                pool.counts().onClosed(context.executor().ticker().nanoTime() - givenUpNanos);
            }
            pool.onClosed(this);
        }
    }
}

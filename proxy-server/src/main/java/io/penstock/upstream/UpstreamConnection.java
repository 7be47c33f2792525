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
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.ResponseHead;
import java.io.IOException;
import java.nio.channels.NotYetConnectedException;
import java.util.concurrent.TimeUnit;
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
public final class UpstreamConnection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(UpstreamConnection.class);

    static final int LINGER_SECONDS = 2;

    private final ConnectionPool pool;
    private ChannelHandlerContext context;
    private Dial connecting;
    private ReplyListener listener; // null while idle, and after the listener has let go
    private ByteBuf partialHead;
    private boolean headSeen;
    private String upgrade; // the protocol that the request asks for; null for none
    private boolean repliesEarly; // perhaps: it is read to its end even where nothing can be sent
    private Throwable broken; // why nothing can be sent any more; only where it may reply early
    private boolean replyStarted; // some byte of the current reply came
    private boolean ready;
    private boolean tlsDone;
    private int served;
    private boolean closed;
    private final long bornNanos;
    private final long maxAgeNanos;
    private long idleSinceNanos;

    UpstreamConnection(ConnectionPool pool, ReplyListener listener, long nowNanos,
            long maxAgeNanos) {
        this.pool = pool;
        this.listener = listener;
        bornNanos = nowNanos;
        this.maxAgeNanos = maxAgeNanos;
    }

    // For the pool

    void onConnecting(Dial dial) {
        connecting = dial;
    }

    /** No address of the provider could be reached. */
    void onNotConnected(Throwable cause) {
        onClosed();
        fail(Fault.CONNECT_FAILED, String.valueOf(cause));
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
        return !closed && context != null && context.channel().isActive();
    }

    /** Makes it somebody's again; the pool has found it idle and alive. */
    void lend(ReplyListener to) {
        listener = to;
        headSeen = false;
        replyStarted = false;
    }

    void rest(long nowNanos) {
        listener = null;
        idleSinceNanos = nowNanos;
    }

    // For the listener

    /** Whether it has carried a request before: then its death may be a race, not a fault. */
    public boolean isReused() {
        return served > 1;
    }

    /** Whether some byte of the reply has come. */
    public boolean isReplyStarted() {
        return replyStarted;
    }

    /** Queues bytes of the request; takes them. */
    public void write(ByteBuf bytes) {
        context.write(bytes, context.voidPromise());
    }

    public void flush() {
        context.flush();
    }

    /** Whether more of the request can be queued; the listener is told when it can again. */
    public boolean isWritable() {
        return context.channel().isWritable();
    }

    /** Bytes of the request that the provider has not taken yet. */
    public long pendingBytes() {
        var outbound = context.channel().unsafe().outboundBuffer();
        return outbound == null ? 0 : outbound.totalPendingWriteBytes();
    }

    /**
     * The request asks for another protocol: a 101 that says so is the head of the reply then, and
     * what follows it are bytes of that protocol. Such a connection can't be used again.
     */
    public void expectUpgrade(String protocol) {
        upgrade = protocol;
    }

    /**
     * The reply may come before the request is whole, and the connection end then: what was said is
     * read all the same, where else the first write that fails would end everything.
     */
    public void expectEarlyReply() {
        repliesEarly = true;
        context.channel().config().setAutoClose(false);
    }

    /**
     * The connection became a tunnel, of which each direction ends by itself.
     *
     * @param end who is told of the rest
     */
    public void becomeTunnel(ReplyListener end) {
        listener = end;
        if (!pool.isTls()) { // a half of TLS can't be closed
            context.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        }
    }

    /** Sends what is queued, then that nothing follows. */
    public void endOutput() {
        if (!closed) {
            context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(sent -> {
                if (!pool.isTls() && context.channel() instanceof DuplexChannel duplex) {
                    duplex.shutdownOutput();
                } else {
                    context.close();
                }
            });
        }
    }

    /** Reads on or not: how the caller's pace reaches the provider. */
    public void setReading(boolean reading) {
        if (!closed && context.channel().config().isAutoRead() != reading) {
            context.channel().config().setAutoRead(reading);
        }
    }

    /**
     * Lets go of the connection after a whole reply.
     *
     * @param reusable the reply allows it, and nothing is left over
     */
    public void release(boolean reusable, long nowNanos) {
        listener = null;
        if (reusable && upgrade == null && isOpen() && isFullySent()) {
            setReading(true); // a connection that rests paused would never answer again
            if (repliesEarly) {
                repliesEarly = false;
                context.channel().config().setAutoClose(true);
            }
            pool.onReleased(this, nowNanos);
        } else {
            close();
        }
    }

    /** Lets go of the connection in the middle of things: nothing can follow on it. */
    public void close() {
        listener = null;
        if (closed) {
            return;
        }
        if (context != null) {
            context.close();
        } else {
            if (connecting != null) {
                connecting.cancel();
            }
            onClosed();
        }
    }

    /** Lets go of a tunnel: what is queued still goes out, if the provider takes it soon. */
    public void closeGently() {
        listener = null;
        if (!closed) {
            setReading(false);
            context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(sent -> context.close());
            context.executor().schedule(() -> context.close(), LINGER_SECONDS, TimeUnit.SECONDS);
        }
    }

    private boolean isFullySent() {
        var outbound = context.channel().unsafe().outboundBuffer();
        return outbound != null && outbound.isEmpty();
    }

    // The channel's events

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        if (pool.isTls()) {
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
            if (handshake.isSuccess()) {
                tlsDone = true;
                onReady();
            } else {
                fail(Fault.TLS_FAILED, TlsFailure.describe(handshake.cause()));
                ctx.close();
            }
        } else if (event instanceof ChannelInputShutdownEvent && listener != null) {
            listener.onInputEnd();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (listener != null && ready && ctx.channel().isWritable()) {
            listener.onWritable();
        }
    }

    private void onReady() {
        ready = true;
        if (listener == null) {
            // whoever wanted it has gone; somebody else will
            pool.onReleased(this, pool.nowNanos());
        } else {
            pool.hand(this, listener);
        }
    }

    void onHanded() {
        served++;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (listener == null) {
            bytes.release(); // nothing was asked: it must not answer the next request
            ctx.close();
            return;
        }
        replyStarted = true;
        if (headSeen) {
            listener.onBody(bytes);
        } else {
            readHead(ctx, bytes);
        }
    }

    private void readHead(ChannelHandlerContext ctx, ByteBuf bytes) {
        ByteBuf all = bytes;
        if (partialHead != null) {
            all = partialHead.writeBytes(bytes);
            bytes.release();
            partialHead = null;
        }
        try {
            ResponseHead head = pool.responseHead();
            int length = head.parse(all);
            while (length != ResponseHead.INCOMPLETE && head.isInterim()) {
                if (head.status() == 101) {
                    if (upgrade != null && head.isUpgradeTo(upgrade)) {
                        break;
                    }
                    throw new UnexpectedUpgradeException();
                }
                all.skipBytes(length);
                length = head.parse(all);
            }
            if (length == ResponseHead.INCOMPLETE) {
                keepPartialHead(ctx, all);
                return;
            }
            all.skipBytes(length);
            headSeen = true;
            listener.onHead(head);
        } catch (HttpSyntaxException | UnexpectedUpgradeException e) {
            all.release();
            fail(Fault.BAD_RESPONSE, e.getMessage());
            ctx.close();
            return;
        }
        if (listener == null) {
            all.release();
        } else {
            listener.onBody(all); // even when empty: it may be a body of no bytes
        }
    }

    /** Into a buffer of its own: a read buffer has no room for what follows. */
    private void keepPartialHead(ChannelHandlerContext ctx, ByteBuf all) {
        partialHead = ctx.alloc().directBuffer(Math.max(1024, all.readableBytes() * 2));
        partialHead.writeBytes(all);
        all.release();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (listener != null) {
            listener.onReadComplete();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (broken != null && !headSeen) { // else what came may be all, as far as anyone can tell
            fail(Fault.RESET, String.valueOf(broken));
        } else {
            fail(ready || !pool.isTls() ? Fault.CLOSED : Fault.TLS_FAILED,
                    "the connection was closed by the provider");
        }
        onClosed();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(cause instanceof IOException || cause instanceof DecoderException
                || cause instanceof NotYetConnectedException)) { // a reset, to Netty's epoll
            LOG.error("upstream_connection_failed", cause); // none of the peer's doing
        } else if (repliesEarly && !(cause instanceof DecoderException) && ctx.channel().isOpen()) {
            onOutputBroken(cause); // if it was a read that failed, the channel closes now
            return;
        }
        Fault fault = ready || tlsDone || !pool.isTls() ? Fault.RESET : Fault.TLS_FAILED;
        fail(fault, fault == Fault.TLS_FAILED || cause instanceof DecoderException
                ? TlsFailure.describe(cause) : String.valueOf(cause)); // TLS 1.3 may refuse late
        ctx.close();
    }

    private void onOutputBroken(Throwable cause) {
        boolean first = broken == null;
        broken = cause;
        if (first && listener != null) {
            listener.onOutputBroken();
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (partialHead != null) {
            partialHead.release();
            partialHead = null;
        }
    }

    private void fail(Fault fault, String detail) {
        ReplyListener told = listener;
        listener = null;
        if (told != null) {
            told.onFailed(fault, detail);
        }
    }

    private void onClosed() {
        if (!closed) {
            closed = true;
            pool.onClosed(this);
        }
    }

    private static final class UnexpectedUpgradeException extends Exception {
        private static final long serialVersionUID = 1L;

        UnexpectedUpgradeException() {
            super("the provider switches to a protocol that nobody asked for", null, false, false);
        }
    }
}

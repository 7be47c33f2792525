package io.penstock.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.ResponseHead;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Asks a forward proxy for a tunnel (RFC 9110 section 9.3.6), on a connection that has just been
 * made to it; hands the connection over once the proxy has agreed.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Buffers:</b> holds a head that comes in pieces, and releases it when removed.
 * <br><b>Bounds:</b> the attempt's connect timer covers all of this; the head's bound is that of
 * every response head.
 */
final class ConnectTunnel extends ChannelInboundHandlerAdapter {
    private static final int MAX_BUFFERED_BYTES = 128 * 1024; // a head, and the read that ends it

    private final Dial dial;
    private final ProxySettings proxy;
    private final String target; // HOST:PORT
    private final ResponseHead head;
    private @Nullable ByteBuf received;
    private boolean ended;

    ConnectTunnel(Dial dial, ProxySettings proxy, String target, ResponseHead head) {
        this.dial = dial;
        this.proxy = proxy;
        this.target = target;
        this.head = head;
    }

    /** The proxy is reached over TCP. */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (!proxy.tls()) {
            ask(ctx);
        }
    }

    /** The handshake with the proxy itself, which nothing behind this handler is to know of. */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent handshake) {
            if (handshake.isSuccess()) {
                ask(ctx);
            } else {
                fail(ctx, "TLS with the proxy " + proxy + ": "
                        + TlsFailure.describe(handshake.cause()));
            }
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    private void ask(ChannelHandlerContext ctx) {
        StringBuilder request = new StringBuilder("CONNECT ").append(target)
                .append(" HTTP/1.1\r\nhost: ").append(target).append("\r\n");
        if (proxy.credentials() != null) {
            request.append("proxy-authorization: Basic ").append(Base64.getEncoder()
                    .encodeToString(proxy.credentials().getBytes(StandardCharsets.UTF_8)))
                    .append("\r\n");
        }
        ctx.writeAndFlush(ByteBufUtil.writeAscii(ctx.alloc(), request.append("\r\n")));
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (ended) {
            bytes.release();
            return;
        }
        if (received == null) {
            received = ctx.alloc().buffer();
        }
        received.writeBytes(bytes);
        bytes.release();
        try {
            int length = head.parse(received);
            while (length != ResponseHead.INCOMPLETE && head.isInterim()) {
                received.skipBytes(length);
                length = head.parse(received);
            }
            if (length != ResponseHead.INCOMPLETE) {
                received.skipBytes(length);
                onAnswer(ctx, head.status(), received);
            } else if (received.readableBytes() > MAX_BUFFERED_BYTES) {
                fail(ctx, "the proxy " + proxy + " does not end its answer");
            }
        } catch (HttpSyntaxException e) {
            fail(ctx, "the proxy " + proxy + " does not answer in HTTP: " + e.getMessage());
        }
    }

    private void onAnswer(ChannelHandlerContext ctx, int status, ByteBuf received) {
        if (status >= 300) {
            fail(ctx, "the proxy " + proxy + " refuses a tunnel to " + target + " with " + status
                    + (status == 407 ? " (it wants credentials, or others)" : ""));
            return;
        }
        ended = true;
        ByteBuf first = received.isReadable() ? received.readRetainedSlice(
                received.readableBytes()) : Unpooled.EMPTY_BUFFER; // from within the tunnel
        dial.handOver(ctx, first);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        fail(ctx, "the proxy " + proxy + " closed the connection");
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        fail(ctx, "the proxy " + proxy + ": " + TlsFailure.describe(cause));
    }

    private void fail(ChannelHandlerContext ctx, String what) {
        if (!ended) {
            ended = true;
            dial.onTunnelFailed(new IOException(what));
            ctx.close();
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (received != null) {
            received.release();
            received = null;
        }
    }
}

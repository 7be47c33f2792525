package io.penstock.observe.trace;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Promise;
import java.io.IOException;

/**
 * Tells when an HTTP/2 connection may be used: its TLS handshake is done and the other side has
 * shown that it speaks HTTP/2, by its settings (RFC 9113 section 3.4).
 *
 * <p><b>Thread:</b> confined to the connection's event loop.
 */
final class ConnectionReady extends ChannelInboundHandlerAdapter {
    private final Promise<Channel> ready;

    ConnectionReady(Promise<Channel> ready) {
        this.ready = ready;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof Http2SettingsFrame) {
            ready.trySuccess(context.channel());
        }
        ReferenceCountUtil.release(message);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        ready.tryFailure(cause);
        context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        ready.tryFailure(new IOException("the collector closed the connection"));
    }
}

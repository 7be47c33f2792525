package io.penstock.mock;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketServerCompressionHandler;

/**
 * A WebSocket that says whatever is said to it: text, bytes, fragments, each frame by itself,
 * compressed where the client wants that. {@code close CODE} in a text frame has it close with that
 * code.
 *
 * <p><b>Thread:</b> confined to its channel's event loop.
 * <br><b>Buffers:</b> gives each frame back to the channel.
 * <br><b>Bounds:</b> {@value #MAX_FRAME_BYTES} bytes a frame.
 */
final class RealtimeEcho extends SimpleChannelInboundHandler<WebSocketFrame> {
    static final int MAX_FRAME_BYTES = 16 * 1024 * 1024;
    private static final int MAX_HEAD_BYTES = 64 * 1024;
    private static final String CLOSE = "close ";

    private RealtimeEcho() {}

    /** Adds it with its codecs, which expect the request's head first. */
    static void addTo(ChannelPipeline pipeline, String path) {
        pipeline.addLast(new HttpServerCodec(), new HttpObjectAggregator(MAX_HEAD_BYTES),
                new WebSocketServerCompressionHandler(MAX_FRAME_BYTES),
                new WebSocketServerProtocolHandler(WebSocketServerProtocolConfig.newBuilder()
                        .websocketPath(path).checkStartsWith(true).subprotocols("*")
                        .allowExtensions(true).maxFramePayloadLength(MAX_FRAME_BYTES).build()),
                new RealtimeEcho());
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
        if (frame instanceof TextWebSocketFrame text && frame.isFinalFragment()
                && text.text().startsWith(CLOSE)) {
            ctx.writeAndFlush(new CloseWebSocketFrame(
                    Integer.parseInt(text.text().substring(CLOSE.length()).strip()), "as told"));
        } else {
            ctx.writeAndFlush(frame.retain());
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close(); // no frame, or no peer any more
    }
}

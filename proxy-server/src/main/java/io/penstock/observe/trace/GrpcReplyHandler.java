package io.penstock.observe.trace;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.util.ReferenceCountUtil;
import io.opentelemetry.sdk.common.export.GrpcResponse;
import io.opentelemetry.sdk.common.export.GrpcStatusCode;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the status of one gRPC call from its stream: it stands in the trailers, or in the head of a
 * reply without a body. A reply that is HTTP's alone has the status that gRPC maps it to.
 *
 * <p><b>Thread:</b> confined to the connection's event loop. <b>Buffers:</b> releases what comes.
 */
final class GrpcReplyHandler extends ChannelInboundHandlerAdapter {
    private record Reply(GrpcStatusCode getStatusCode, @Nullable String getStatusDescription)
            implements GrpcResponse {
        @Override
        public byte[] getResponseMessage() {
            return new byte[0]; // nobody reads it
        }
    }

    private final Consumer<GrpcResponse> onReply;
    private final Consumer<Throwable> onBroken;
    private @Nullable CharSequence httpStatus; // null before the head
    private boolean over;

    GrpcReplyHandler(Consumer<GrpcResponse> onReply, Consumer<Throwable> onBroken) {
        this.onReply = onReply;
        this.onBroken = onBroken;
    }

    /** Sends the request of one call; takes the body. */
    static void send(Channel stream, Http2Headers headers, ByteBuf body) {
        stream.write(new DefaultHttp2HeadersFrame(headers, false));
        stream.writeAndFlush(new DefaultHttp2DataFrame(body, true)).addListener(sent -> {
            if (!sent.isSuccess()) {
                stream.pipeline().fireExceptionCaught(sent.cause());
            }
        });
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        try {
            if (message instanceof Http2HeadersFrame frame) {
                onHeaders(frame);
            } else if (message instanceof Http2DataFrame data && data.isEndStream()) {
                finish(null, null);
            } else if (message instanceof Http2ResetFrame reset) {
                onBroken(new IOException("the collector reset the call: " + reset.errorCode()));
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void onHeaders(Http2HeadersFrame frame) {
        Http2Headers headers = frame.headers();
        if (headers.status() != null) {
            httpStatus = headers.status();
        }
        if (frame.isEndStream()) {
            finish(headers.get("grpc-status"), headers.get("grpc-message"));
        }
    }

    private void finish(@Nullable CharSequence status, @Nullable CharSequence message) {
        if (over) {
            return;
        }
        over = true;
        onReply.accept(status == null
                ? new Reply(ofHttp(String.valueOf(httpStatus)), "HTTP status " + httpStatus)
                : new Reply(code(status.toString()), message == null ? null : message.toString()));
    }

    private static GrpcStatusCode code(String status) {
        return status.matches("\\d{1,2}") ? GrpcStatusCode.fromValue(Integer.parseInt(status))
                : GrpcStatusCode.UNKNOWN;
    }

    private static GrpcStatusCode ofHttp(String status) {
        return switch (status) {
            case "400" -> GrpcStatusCode.INTERNAL;
            case "401" -> GrpcStatusCode.UNAUTHENTICATED;
            case "403" -> GrpcStatusCode.PERMISSION_DENIED;
            case "404" -> GrpcStatusCode.UNIMPLEMENTED;
            case "429", "502", "503", "504" -> GrpcStatusCode.UNAVAILABLE;
            default -> GrpcStatusCode.UNKNOWN;
        };
    }

    private void onBroken(Throwable cause) {
        if (!over) {
            over = true;
            onBroken.accept(cause);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        onBroken(cause);
        context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        onBroken(new IOException("the collector closed the call"));
    }
}

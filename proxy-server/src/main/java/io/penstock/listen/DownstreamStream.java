package io.penstock.listen;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.penstock.http.StreamEnd;
import java.net.SocketAddress;
import java.util.concurrent.Executor;

/**
 * The caller's side of one request at a time, as the handler of the request sees it: a whole
 * HTTP/1.1 connection, or one stream of an HTTP/2 connection. Whether and how the connection
 * lives on is the implementation's affair.
 *
 * <p><b>Thread:</b> confined to the event loop of the connection, which is {@link #executor}.
 */
public interface DownstreamStream extends StreamEnd {
    /** The event loop of the connection, for what another thread has found out. */
    Executor executor();

    ByteBufAllocator allocator();

    /** Where the caller's connection comes from. */
    SocketAddress remoteAddress();

    /** Whether the caller's connection is encrypted. */
    boolean isTls();

    /** Where writes go: straight to the channel, past the connection's own handler. */
    ChannelHandlerContext context();

    /**
     * Whether the caller knows no chunked coding, so that the end of the connection ends an answer.
     */
    boolean isHttp10();

    /** Whether the answer has the fields of one with a body, and no body. */
    boolean isHeadRequest();

    /**
     * Whether the connection stays open after this answer; to be asked when its head is written,
     * and binding from then on.
     */
    boolean decideKeepAlive();

    /** The answer will end with the connection. */
    void closeAfterAnswer();

    /**
     * Leaves HTTP behind, with a head that says so already queued: whatever the caller sends from
     * here on goes to the handler as it is, until the stream closes.
     */
    void becomeTunnel();

    /** The answer is complete and queued. */
    void endResponse();

    /** Ends the stream at once in the middle of an answer, so that it can't be taken for whole. */
    void abort();

    /**
     * Ends an answer that the provider cut short: what was written goes out, then the stream ends
     * in a way that can't be taken for the end of a whole answer.
     */
    void cut();
}

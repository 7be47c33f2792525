package io.penstock.listen;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Failure;
import io.penstock.http.RequestHead;

/**
 * Who serves the requests of one connection, one at a time and in order. All calls come on the
 * connection's event loop. Each request is answered through the connection, whose {@link
 * DownstreamStream#endResponse} or {@link DownstreamStream#abort} ends it.
 */
public interface RequestHandler {
    /** A request begins; the head is borrowed, valid only during the call. */
    void onRequest(RequestHead head);

    /**
     * The next bytes of its body, framing taken off; takes them. Not called once it is answered.
     * After {@link DownstreamStream#becomeTunnel} whatever the caller sends.
     */
    void onBody(ByteBuf bytes);

    /** All of the body, or of a tunnel's bytes, that could be read for now has been given. */
    default void onBodyRead() {}

    /**
     * The request is whole. Not called once it is answered. Of a tunnel: the caller sends no more,
     * but may still read.
     */
    void onRequestEnd();

    /** What came is no request, or broke off; the connection closes after the answer. */
    void onBadRequest(Failure failure);

    /** The caller has gone, in the middle of a request or between two. */
    void onClosed();

    /** The proxy stops: what is under way is answered or broken off now. */
    void onShutdown();

    /** The connection has room again, or no more. */
    void onWritabilityChanged(boolean writable);
}

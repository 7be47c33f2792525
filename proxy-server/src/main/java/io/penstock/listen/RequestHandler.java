package io.penstock.listen;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Failure;
import io.penstock.http.RequestHead;

/**
 * Serves the requests of one stream, one at a time and in order. All calls come on the event loop
 * of the connection. Each request is answered through the stream, whose {@link
 * DownstreamStream#endResponse}, {@link DownstreamStream#cut} or {@link DownstreamStream#abort}
 * ends the answer.
 */
public interface RequestHandler {
    /** A request begins; the head is borrowed, valid only during the call. */
    void onRequest(RequestHead head);

    /**
     * The next bytes of the caller's body, framing taken off; takes them. Not called once the
     * request is answered. After {@link DownstreamStream#becomeTunnel} whatever the caller sends.
     */
    void onRequestBody(ByteBuf bytes);

    /** What could be read of the caller for now, of a body or a tunnel, has been given. */
    default void onRequestBodyRead() {}

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

package io.penstock.listen;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Failure;

/**
 * One request that is being handled, as its caller's stream tells of it: the head has been
 * accepted.
 *
 * <p><b>Thread:</b> confined to the event loop of the stream. <b>Buffers:</b> takes the body.
 */
public interface OpenRequest {
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

    /** The request broke off, or is malformed; the connection closes after the answer. */
    void onBadRequest(Failure failure);

    /** The caller has gone. */
    void onClosed();

    /** The proxy stops: what is under way is answered or broken off now. */
    void onShutdown();

    /** The stream has room again, or no more. */
    void onWritabilityChanged(boolean writable);
}

package io.penstock.upstream;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Fault;
import io.penstock.http.ResponseHead;

/**
 * Who waits for a connection and then for the reply on it. All calls come on the event loop; after
 * {@link #onFailed}, or once the connection was given back or closed, none comes any more.
 */
public interface ReplyListener {
    /** A connection is being made for this listener, who may {@code close} it to give up. */
    void onConnecting(UpstreamStream connection);

    /** TCP is there, TLS begins. */
    void onTlsStarted();

    /** The connection is ready for a request, and the listener's alone until it is given back. */
    void onReady(UpstreamStream connection);

    /** The head of the reply; borrowed, valid only during the call. */
    void onReplyHead(ResponseHead head);

    /** The next bytes of the reply's body, framing included; takes them. */
    void onReplyBody(ByteBuf bytes);

    /** What could be read of the provider for now has been given. */
    void onReplyBodyRead();

    /** There is room for more of the request, after there was none. */
    default void onWritable() {}

    /**
     * Of a request that is {@linkplain UpstreamStream#expectEarlyReply sent as it comes}: the
     * provider takes no more of it. What the provider said before that may still come, then {@link
     * #onFailed} or the end of the reply.
     */
    default void onOutputBroken() {}

    /** Of a connection that became a tunnel: the provider sends no more, but may still read. */
    default void onInputEnd() {}

    /**
     * There will be no reply, or no more of it.
     *
     * @param detail for the operator's log
     */
    void onFailed(Fault fault, String detail);
}

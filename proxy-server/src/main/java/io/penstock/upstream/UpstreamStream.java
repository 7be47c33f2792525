package io.penstock.upstream;

import io.penstock.http.HeadWriter;
import io.penstock.http.RequestLine;
import io.penstock.http.StreamEnd;

/**
 * The provider's side of one request, as its {@link ReplyListener} sees it: a whole HTTP/1.1
 * connection while it is lent, or one stream of an HTTP/2 connection.
 *
 * <p><b>Thread:</b> confined to the event loop of the pool, which is the exchange's too.
 * <br><b>Buffers:</b> takes what it sends; gives what it reads to the listener.
 */
public interface UpstreamStream extends StreamEnd {
    /**
     * Whether the connection has carried a request before: then its death may be a race, not a
     * fault.
     */
    boolean isReused();

    /** Whether some byte of the reply has come. */
    boolean isReplyStarted();

    /** Begins the head of a request: writes what the protocol has before the field lines. */
    void beginHead(HeadWriter out, RequestLine line);

    /**
     * Ends the head that {@link #beginHead} began, and queues it: adds what the protocol says of
     * framing and connection. The beginning of the body may go out in one buffer with it.
     *
     * @param bodyLength of the body that follows, {@link #UNKNOWN_LENGTH} or {@link #NO_BODY}
     */
    void writeHead(HeadWriter out, long bodyLength);

    /**
     * The request asks for another protocol, as its head has to say: a 101 that says so is the head
     * of the reply then, and what follows it are bytes of that protocol. Such a connection can't be
     * used again. To be called before the head is written.
     */
    void expectUpgrade(String protocol);

    /**
     * The request is sent as it comes: the listener is {@linkplain ReplyListener#onOutputBroken
     * told} if the provider takes no more of it.
     */
    void expectEarlyReply();

    /**
     * The stream became a tunnel, of which each direction ends by itself.
     *
     * @param end who is told of the rest
     */
    void becomeTunnel(ReplyListener end);

    /**
     * Gives the stream back after a whole reply.
     *
     * @param reusable the reply allows another request on the connection, and nothing is left over
     */
    void release(boolean reusable, long nowNanos);

    /** Gives the stream up before the reply is whole; nothing more of it is read. */
    void close();

    /** Gives a tunnel up: what is queued still goes out, if the provider takes it soon. */
    void closeGently();
}

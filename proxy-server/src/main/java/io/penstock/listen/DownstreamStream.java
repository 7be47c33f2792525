package io.penstock.listen;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.http.HeadWriter;
import io.penstock.http.StreamEnd;
import java.net.SocketAddress;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The caller's side of one request at a time, as the handler of the request sees it: a whole
 * HTTP/1.1 connection, or one stream of an HTTP/2 connection. Whether and how the connection
 * lives on is the implementation's affair.
 *
 * <p><b>Thread:</b> confined to the event loop of the connection, which is {@link #executor}.
 */
public interface DownstreamStream extends StreamEnd {
    /** Bytes that have to be free in front of the fields of a head, for its first line. */
    int HEAD_ROOM = 64;

    /** Room for what the stream adds to a head behind its fields. */
    int LAST_LINES_BYTES = 64;

    /** The event loop of the connection, for what another thread has found out. */
    Executor executor();

    ByteBufAllocator allocator();

    /** Where the caller's connection comes from. */
    SocketAddress remoteAddress();

    /** Whether the caller's connection is encrypted. */
    boolean isTls();

    /** The answer will be the last of its connection. */
    void closeAfterAnswer();

    /**
     * What was written of a head, as {@link #writeHead} takes it; gives the buffer.
     *
     * @param bodyRoom for the beginning of the body
     */
    default ByteBuf fields(HeadWriter written, int bodyRoom) {
        ByteBuf fields = allocator().directBuffer(
                HEAD_ROOM + written.length() + LAST_LINES_BYTES + bodyRoom);
        written.drainTo(fields.setIndex(HEAD_ROOM, HEAD_ROOM));
        return fields;
    }

    /**
     * Queues the head of an answer; the stream adds the status, and what it has to say of the
     * body's framing and of the connection. Free room behind the fields is used for the beginning
     * of the body.
     *
     * @param fields whole field lines, behind {@value #HEAD_ROOM} free bytes; takes them
     * @param bodyLength of the body that follows, or {@link #UNKNOWN_LENGTH} or {@link #NO_BODY}; a
     *     length may be told without a body (RFC 9110 section 8.6)
     */
    void writeHead(int status, ByteBuf fields, long bodyLength);

    /**
     * Queues an answer, all of it; without its body, if the caller asked for the head alone.
     *
     * @param fields whole field lines, behind {@value #HEAD_ROOM} free bytes; takes them
     * @param body null for none
     */
    void writeWhole(int status, ByteBuf fields, byte @Nullable [] body);

    /**
     * Queues the head that leaves HTTP for that protocol.
     *
     * @param fields whole field lines, behind {@value #HEAD_ROOM} free bytes; takes them
     */
    void writeUpgrade(String protocol, ByteBuf fields);

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

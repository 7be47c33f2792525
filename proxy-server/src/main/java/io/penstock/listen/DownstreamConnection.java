package io.penstock.listen;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderException;
import io.penstock.failure.Failure;
import io.penstock.http.Field;
import io.penstock.http.RequestHead;
import java.io.IOException;
import java.nio.channels.NotYetConnectedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A caller's HTTP/1.1 connection: gives the requests on it to the handler one after the other, and
 * keeps it open or closes it after each answer (RFC 9112 section 9). A {@link RequestReader} finds
 * the requests in the bytes, a {@link CallerClock} says how long the caller may take.
 *
 * <p><b>Thread:</b> confined to the channel's event loop.
 * <br><b>Buffers:</b> takes what it reads and gives the body to the handler; what its reader holds
 * is released when the channel closes.
 * <br><b>Bounds:</b> a head within {@value #HEAD_SECONDS} s; a body at {@value
 * #BODY_BYTES_PER_SECOND} bytes a second on average, after {@value #BODY_GRACE_SECONDS} s of grace;
 * {@value #STALL_SECONDS} s with no room for an answer; {@value #IDLE_SECONDS} s between requests;
 * {@value #CUT_PAUSE_MILLIS} ms between the last bytes of an answer that was cut short and the end
 * of the connection. A FIN from the caller counts as going away.
 */
final class DownstreamConnection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(DownstreamConnection.class);

    static final int HEAD_SECONDS = 10;
    static final int BODY_GRACE_SECONDS = 30;
    static final int BODY_BYTES_PER_SECOND = 1024;
    static final int IDLE_SECONDS = 75;
    static final int STALL_SECONDS = 120;
    static final int LINGER_SECONDS = 2;
    static final int CUT_PAUSE_MILLIS = 100;

    private final ListenLoop loop;
    private final RequestReader reader;
    private final CallerClock clock;
    @SuppressWarnings("NullAway.Init")
    private ChannelHandlerContext context; // this and the next two from handlerAdded on
    @SuppressWarnings("NullAway.Init")
    private Http1Downstream downstream;
    @SuppressWarnings("NullAway.Init")
    private RequestHandler handler;
    private ConnectionState state = ConnectionState.IDLE;

    DownstreamConnection(ListenLoop loop) {
        this.loop = loop;
        reader = new RequestReader(this, loop.requestHead());
        clock = new CallerClock(this, loop.deadlines());
    }

    ConnectionState state() {
        return state;
    }

    void moveTo(ConnectionState next) {
        if (!state.canMoveTo(next)) {
            throw new IllegalStateException(state + " cannot become " + next);
        }
        state = next;
    }

    void shutDown() {
        handler.onShutdown();
    }

    void closeIfIdle() {
        if (state == ConnectionState.IDLE && !reader.isHolding()) {
            downstream.closeGently(); // the end of the last answer may still be on its way
        }
    }

    void abort() {
        downstream.abort();
    }

    void onDeadline() {
        switch (state) {
            case HEAD -> refuse(Failure.of(Failure.Kind.REQUEST_TIMEOUT,
                    "The request's head did not come within " + HEAD_SECONDS + " s."));
            case BODY -> refuse(Failure.of(Failure.Kind.REQUEST_TIMEOUT,
                    "The request's body came too slowly."));
            default -> context.close();
        }
    }

    private void onClosed() {
        if (state == ConnectionState.CLOSED) {
            return;
        }
        moveTo(ConnectionState.CLOSED);
        clock.stop();
        loop.onClosed(this);
        reader.release();
        handler.onClosed();
        downstream.release();
    }

    // The channel's events

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        downstream = new Http1Downstream(this, ctx, loop, reader, clock);
        handler = loop.newHandler(downstream);
        loop.onOpened(this);
        clock.start();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        reader.read((ByteBuf) message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (state == ConnectionState.BODY || state == ConnectionState.TUNNEL) {
            handler.onRequestBodyRead();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            downstream.onInputEnded();
            if (state == ConnectionState.TUNNEL) {
                handler.onRequestEnd();
            } else if (state == ConnectionState.CUT || state == ConnectionState.LINGERING) {
                ctx.close(); // it was waited for this
            }
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        onClosed();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        onClosed();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(cause instanceof IOException || cause instanceof DecoderException
                || cause instanceof NotYetConnectedException)) { // a reset, to Netty's epoll
            LOG.error("downstream_connection_failed", cause); // none of the peer's doing
        }
        ctx.close(); // onClosed tells the handler
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        boolean writable = ctx.channel().isWritable();
        clock.onWritabilityChanged(writable);
        handler.onWritabilityChanged(writable);
    }

    // What the reader has found

    ByteBufAllocator allocator() {
        return context.alloc();
    }

    /** The beginning of a head came, but not its end. */
    void onHeadBegun() {
        if (state == ConnectionState.IDLE) {
            moveTo(ConnectionState.HEAD);
            clock.await(HEAD_SECONDS);
        }
    }

    /** A head is whole; {@code followed} by other bytes, perhaps of its body. */
    void onHead(RequestHead head, boolean followed) {
        downstream.begin(head, followed);
        boolean hasBody = head.hasBody();
        moveTo(hasBody ? ConnectionState.BODY : ConnectionState.ANSWERING);
        if (head.has(Field.EXPECT) && !head.valueStartsWith(Field.EXPECT, "100-continue")) {
            refuse(Failure.of(Failure.Kind.EXPECTATION_FAILED,
                    "The request expects something other than 100-continue."));
            return;
        }
        if (hasBody) {
            clock.awaitBody(followed);
        }
        handler.onRequest(head);
        if (state == ConnectionState.ANSWERING) {
            handler.onRequestEnd();
        } else if (state == ConnectionState.BODY) {
            downstream.sendContinue();
        }
    }

    /** So many bytes came, framing included, of a body. */
    void onBodyBytes(int length) {
        downstream.onBodyBegun();
        clock.onBodyBytes(length);
    }

    /** Bytes of a body, or of a tunnel; takes them. */
    void onBody(ByteBuf bytes) {
        if (state == ConnectionState.BODY || state == ConnectionState.TUNNEL) {
            handler.onRequestBody(bytes);
        } else {
            bytes.release(); // it has been answered
        }
    }

    boolean isReadingBody() {
        return state == ConnectionState.BODY || state == ConnectionState.DISCARDING;
    }

    void onBodyEnd() {
        if (state == ConnectionState.DISCARDING) {
            awaitRequest();
        } else if (state == ConnectionState.BODY) {
            downstream.setReading(true); // else it would not be noticed that the caller goes
            moveTo(ConnectionState.ANSWERING);
            handler.onRequestEnd();
        }
    }

    /** The framing of a body can't be read. */
    void onBodyBroken(Failure failure) {
        if (state == ConnectionState.BODY) {
            refuse(failure);
        } else {
            context.close(); // it has been answered
        }
    }

    /** So many bytes came that are thrown away. */
    void onDiscarded(int length) {
        if (clock.onProgress(length) > RequestReader.MAX_DISCARDED_BYTES && state.isOver()) {
            context.close();
        }
    }

    void refuse(Failure failure) {
        downstream.beginRefused(state == ConnectionState.BODY
                || state == ConnectionState.ANSWERING);
        moveTo(ConnectionState.REFUSED);
        handler.onBadRequest(failure);
    }

    /** Too much was sent ahead. */
    void stopReading() {
        context.channel().config().setAutoRead(false);
    }

    /** What was sent ahead is read now. */
    void resumeReading() {
        context.channel().config().setAutoRead(true);
    }

    /** The next request may come. */
    void awaitRequest() {
        moveTo(ConnectionState.IDLE);
        clock.await(IDLE_SECONDS);
    }
}

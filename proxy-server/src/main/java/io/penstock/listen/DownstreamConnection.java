package io.penstock.listen;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandler;
import io.penstock.failure.Failure;
import io.penstock.http.ChunkScanner;
import io.penstock.http.Field;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestHead;
import io.penstock.loop.Deadlines;
import java.io.IOException;
import java.nio.channels.NotYetConnectedException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A caller's HTTP/1.1 connection: reads requests off it one after the other, takes the framing off
 * their bodies, and keeps it open or closes it after each answer (RFC 9112 section 9).
 *
 * <p><b>Thread:</b> confined to the channel's event loop.
 * <br><b>Buffers:</b> takes what it reads and gives the body to the handler; holds a head that came
 * in pieces, and what was sent ahead of time, and releases both when the channel closes.
 * <br><b>Bounds:</b> a head within {@value #HEAD_SECONDS} s; a body at {@value
 * #BODY_BYTES_PER_SECOND} bytes a second on average, after {@value #BODY_GRACE_SECONDS} s of grace;
 * {@value #MAX_AHEAD_BYTES} bytes of requests sent ahead; {@value #STALL_SECONDS} s with no room
 * for an answer; {@value #IDLE_SECONDS} s between requests. A FIN from the caller counts as going
 * away.
 */
public final class DownstreamConnection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(DownstreamConnection.class);

    static final int HEAD_SECONDS = 10;
    static final int BODY_GRACE_SECONDS = 30;
    static final int BODY_BYTES_PER_SECOND = 1024;
    static final int IDLE_SECONDS = 75;
    static final int STALL_SECONDS = 120;
    static final int LINGER_SECONDS = 2;
    static final int MAX_AHEAD_BYTES = 64 * 1024;
    static final int MAX_DISCARDED_BYTES = 256 * 1024;

    private static final ByteBuf CONTINUE = Unpooled.unreleasableBuffer(Unpooled.directBuffer()
            .writeBytes("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII))
            .asReadOnly());

    private enum State {
        /** Between requests, or in the middle of a head. */
        HEAD,
        /** The head was given to the handler, the body comes in. */
        BODY,
        /** The request is whole, its answer is under way. */
        ANSWERING,
        /** The answer is out before the body was in: the rest is thrown away. */
        DISCARDING,
        /** HTTP is left behind: what comes is the handler's as it is. */
        TUNNEL,
        /** The last answer is out; what comes is thrown away until the caller closes. */
        LINGERING,
        CLOSED
    }

    private final ListenLoop loop;
    private final Timer timer = new Timer();
    @SuppressWarnings("NullAway.Init")
    private ChannelHandlerContext context;
    private boolean tls;
    @SuppressWarnings("NullAway.Init")
    private RequestHandler handler;
    private State state = State.HEAD;

    private @Nullable ByteBuf held; // the beginning of a head, or requests sent ahead
    private boolean processing;

    private boolean http10;
    private boolean headRequest;
    private boolean keepAlive;
    private boolean chunked;
    private long bodyLeft;
    private @Nullable ChunkScanner chunks;
    private boolean answered;
    private boolean awaitsContinue; // the caller may or may not send its body
    private boolean flushed; // lingering: the last answer is out

    private long sinceNanos; // when the current wait began
    private long progressBytes;
    private boolean waitsForHead;
    private boolean stalled;
    private long stalledSinceNanos;
    private boolean paused; // the body isn't read, for the provider's sake
    private long pausedSinceNanos;
    private boolean inputEnded; // the caller of a tunnel sends no more

    DownstreamConnection(ListenLoop loop) {
        this.loop = loop;
    }

    // For the handler

    public Channel channel() {
        return context.channel();
    }

    /** Whether nobody on the way can read what is said. */
    public boolean isTls() {
        return tls;
    }

    /** Where writes go: straight to the channel, past this handler. */
    public ChannelHandlerContext context() {
        return context;
    }

    /**
     * Whether the caller knows no chunked coding, so that the end of the connection ends an answer.
     */
    public boolean isHttp10() {
        return http10;
    }

    /** Whether the answer has the fields of one with a body, and no body. */
    public boolean isHeadRequest() {
        return headRequest;
    }

    /**
     * Whether the connection stays open after this answer; to be asked when its head is written,
     * and binding from then on.
     */
    public boolean decideKeepAlive() {
        if (state == State.BODY && (chunked || awaitsContinue || bodyLeft > MAX_DISCARDED_BYTES)
                || loop.isDraining()) {
            keepAlive = false;
        }
        return keepAlive;
    }

    /** The answer will end with the connection. */
    public void closeAfterAnswer() {
        keepAlive = false;
    }

    /** Queues bytes of the answer; takes them. */
    public void write(ByteBuf bytes) {
        context.write(bytes, context.voidPromise());
    }

    public void flush() {
        context.flush();
    }

    public boolean isWritable() {
        return context.channel().isWritable();
    }

    /** Reads on in the body, or the tunnel, or not: how the provider's pace reaches the caller. */
    public void setReading(boolean reading) {
        if (state == State.CLOSED || paused != reading) {
            return;
        }
        paused = !reading;
        long now = loop.deadlines().nowNanos();
        if (paused) {
            pausedSinceNanos = now;
        } else {
            sinceNanos += now - pausedSinceNanos; // that time was not the caller's
            loop.deadlines().expectBy(now + TimeUnit.SECONDS.toNanos(BODY_GRACE_SECONDS));
        }
        context.channel().config().setAutoRead(reading);
    }

    /**
     * Leaves HTTP behind, with a head that says so already queued: whatever the caller sends from
     * here on goes to the handler as it is, until the connection closes.
     */
    public void becomeTunnel() {
        assert state == State.ANSWERING;
        state = State.TUNNEL;
        keepAlive = false;
        if (!tls) { // a half of TLS can't be closed
            context.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        }
        readAhead();
    }

    /** Of a tunnel: sends what is queued, then that nothing follows. */
    public void endOutput() {
        if (state == State.CLOSED) {
            return;
        }
        context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(sent -> {
            if (!tls && context.channel() instanceof SocketChannel socket) {
                socket.shutdownOutput();
            } else {
                context.close();
            }
        });
    }

    /** The answer is complete and queued. */
    public void endResponse() {
        answered = true;
        if (state == State.CLOSED) {
            return;
        }
        setReading(true);
        context.flush();
        if (!keepAlive || loop.isDraining()) {
            closeGently();
        } else if (state == State.BODY) {
            state = State.DISCARDING;
        } else {
            state = State.HEAD;
            waitsForHead = false;
            waitForRequest();
            if (!processing) {
                readAhead();
                if (loop.isDraining()) {
                    closeIfIdle(); // the answer had promised to stay before the drain began
                }
            }
        }
    }

    /** Ends the connection in the middle of an answer, so that nobody takes it for whole. */
    public void abort() {
        answered = true;
        keepAlive = false;
        if (state != State.CLOSED) {
            context.flush();
            context.close();
        }
    }

    /**
     * An answer was cut short by the provider: what was written goes out, then the connection ends.
     */
    public void cut() {
        answered = true;
        keepAlive = false;
        if (state != State.CLOSED) {
            setReading(true);
            state = State.ANSWERING; // nothing more is read
            closeGently();
        }
    }

    void shutDown() {
        handler.onShutdown();
    }

    void closeIfIdle() {
        if (state == State.HEAD && held == null) {
            closeGently(); // the end of the last answer may still be on its way
        }
    }

    /** The caller may still be sending: closing at once would reset, and lose the answer. */
    private void closeGently() {
        boolean callerDone = state == State.ANSWERING || state == State.HEAD && held == null
                || inputEnded;
        state = State.LINGERING;
        releaseHeld();
        flushed = false;
        sinceNanos = loop.deadlines().nowNanos();
        progressBytes = 0;
        expectWithin(STALL_SECONDS);
        if (callerDone || !(context.channel() instanceof SocketChannel socket)) {
            context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            return;
        }
        context.channel().config().setAutoRead(true);
        context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(done -> {
            flushed = true;
            sinceNanos = loop.deadlines().nowNanos();
            expectWithin(LINGER_SECONDS);
            if (context.pipeline().first() == this) {
                socket.shutdownOutput(); // under TLS it would cut the peer's last records short
            }
        });
    }

    // The channel's events

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        tls = ctx.pipeline().get(SslHandler.class) != null;
        handler = loop.newHandler(this);
        sinceNanos = loop.deadlines().nowNanos();
        loop.onOpened(this);
        loop.deadlines().add(timer);
        expectWithin(IDLE_SECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        switch (state) {
            case ANSWERING -> holdAhead(bytes);
            case LINGERING, CLOSED -> discard(bytes);
            case TUNNEL -> handler.onBody(bytes);
            default -> process(bytes);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (state == State.BODY && !answered || state == State.TUNNEL) {
            handler.onBodyRead();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            if (state == State.TUNNEL) {
                handler.onRequestEnd();
            } else if (flushed) {
                ctx.close(); // it was lingered for this
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
        stalled = !writable;
        if (stalled) {
            stalledSinceNanos = loop.deadlines().nowNanos();
            expectWithin(STALL_SECONDS);
        }
        handler.onWritabilityChanged(writable);
    }

    private void expectWithin(int seconds) {
        loop.deadlines().expectBy(loop.deadlines().nowNanos() + TimeUnit.SECONDS.toNanos(seconds));
    }

    private void onClosed() {
        if (state == State.CLOSED) {
            return;
        }
        state = State.CLOSED;
        loop.deadlines().remove(timer);
        loop.onClosed(this);
        releaseHeld();
        handler.onClosed();
    }

    // Reading requests

    /** Goes through what was read, from wherever the last read ended; takes it. */
    private void process(ByteBuf bytes) {
        processing = true;
        try {
            ByteBuf rest = bytes;
            while (rest != null) {
                rest = switch (state) {
                    case HEAD -> readHead(rest);
                    case BODY, DISCARDING -> readBody(rest);
                    case ANSWERING -> holdAhead(rest);
                    case TUNNEL -> giveAll(rest);
                    case LINGERING, CLOSED -> discard(rest);
                };
            }
        } finally {
            processing = false;
        }
    }

    private @Nullable ByteBuf holdAhead(ByteBuf bytes) {
        if (!bytes.isReadable()) {
            bytes.release();
            return null;
        }
        hold(bytes);
        assert held != null;
        if (held.readableBytes() > MAX_AHEAD_BYTES) {
            context.channel().config().setAutoRead(false);
        }
        return null;
    }

    private void readAhead() {
        if (held != null) {
            ByteBuf bytes = held;
            held = null;
            context.channel().config().setAutoRead(true);
            process(bytes);
        }
    }

    private @Nullable ByteBuf discard(ByteBuf bytes) {
        progressBytes += bytes.readableBytes();
        bytes.release();
        if (progressBytes > MAX_DISCARDED_BYTES && state == State.LINGERING) {
            context.close();
        }
        return null;
    }

    /** Returns what is left behind the head; null if there is nothing to go on with. */
    private @Nullable ByteBuf readHead(ByteBuf bytes) {
        if (!bytes.isReadable()) {
            bytes.release();
            return null;
        }
        ByteBuf all = bytes;
        if (held != null) {
            boolean lineEnded = bytes.indexOf(bytes.readerIndex(), bytes.writerIndex(),
                    (byte) '\n') >= 0;
            hold(bytes);
            if (!lineEnded && held.readableBytes() < loop.requestHead().maxBytes()) {
                return null; // no line more than last time: not worth another look
            }
            all = held;
            held = null;
        }
        RequestHead head = loop.requestHead();
        int length;
        try {
            length = head.parse(all);
        } catch (HttpSyntaxException e) {
            all.release();
            refuse(new Failure(e.kind(), "The request was refused: " + e.getMessage() + ".", null,
                    null));
            return null;
        }
        if (length == RequestHead.INCOMPLETE) {
            if (!waitsForHead) {
                waitsForHead = true;
                sinceNanos = loop.deadlines().nowNanos();
                expectWithin(HEAD_SECONDS);
            }
            hold(all);
            return null;
        }
        all.skipBytes(length);
        begin(head, all);
        return all;
    }

    private void begin(RequestHead head, ByteBuf rest) {
        waitsForHead = false;
        answered = false;
        http10 = head.minorVersion() == 0;
        headRequest = head.isMethod("HEAD");
        keepAlive = head.isKeepAlive();
        chunked = head.isChunked();
        bodyLeft = Math.max(0, head.contentLength());
        boolean hasBody = head.hasBody();
        state = hasBody ? State.BODY : State.ANSWERING;
        boolean expects = head.has(Field.EXPECT);
        if (expects && !head.valueStartsWith(Field.EXPECT, "100-continue")) {
            refuse(Failure.of(Failure.Kind.EXPECTATION_FAILED,
                    "The request expects something other than 100-continue."));
            return;
        }
        if (hasBody) {
            if (chunked) {
                chunks = chunks == null ? new ChunkScanner() : chunks;
                chunks.reset();
            }
            progressBytes = 0;
            if (!rest.isReadable()) {
                waitForBody();
            }
        }
        awaitsContinue = expects && hasBody && !rest.isReadable();
        handler.onRequest(head);
        if (!hasBody && !answered) {
            handler.onRequestEnd();
        } else if (awaitsContinue && !answered && !http10) {
            awaitsContinue = false;
            context.writeAndFlush(CONTINUE.duplicate());
        }
    }

    private void waitForRequest() {
        sinceNanos = loop.deadlines().nowNanos();
        loop.deadlines().expectBy(sinceNanos + TimeUnit.SECONDS.toNanos(IDLE_SECONDS));
    }

    private void waitForBody() {
        sinceNanos = loop.deadlines().nowNanos();
        expectWithin(BODY_GRACE_SECONDS);
    }

    /** Returns what is left behind the body, perhaps nothing; null when the body goes on. */
    private @Nullable ByteBuf readBody(ByteBuf bytes) {
        if (!bytes.isReadable()) {
            bytes.release();
            return null;
        }
        if (progressBytes == 0) {
            waitForBody();
        }
        awaitsContinue = false;
        progressBytes += bytes.readableBytes();
        return chunked ? readChunks(bytes) : readPlain(bytes);
    }

    private @Nullable ByteBuf readPlain(ByteBuf bytes) {
        int readable = bytes.readableBytes();
        if (readable <= bodyLeft) {
            bodyLeft -= readable;
            boolean ended = bodyLeft == 0;
            give(bytes);
            if (ended) {
                onBodyEnd();
            }
            return null;
        }
        ByteBuf body = bytes.readRetainedSlice((int) bodyLeft);
        bodyLeft = 0;
        give(body);
        onBodyEnd();
        return bytes;
    }

    private @Nullable ByteBuf readChunks(ByteBuf bytes) {
        int at = bytes.readerIndex();
        int end = bytes.writerIndex();
        assert chunks != null;
        try {
            while (true) {
                ChunkScanner.Step step = chunks.next(bytes, at, end);
                at = chunks.position();
                switch (step) {
                    case DATA -> give(bytes.retainedSlice(chunks.dataStart(),
                            chunks.dataLength()));
                    case MORE -> {
                        bytes.release();
                        return null;
                    }
                    case END -> {
                        bytes.readerIndex(at);
                        onBodyEnd();
                        return bytes;
                    }
                    default -> throw new AssertionError(step);
                }
                if (state != State.BODY && state != State.DISCARDING) {
                    bytes.readerIndex(at);
                    return bytes;
                }
            }
        } catch (HttpSyntaxException e) {
            bytes.release();
            if (answered) {
                context.close();
            } else {
                refuse(Failure.of(Failure.Kind.BAD_REQUEST,
                        "The request was refused: " + e.getMessage() + "."));
            }
            return null;
        }
    }

    private @Nullable ByteBuf giveAll(ByteBuf bytes) {
        handler.onBody(bytes);
        return null;
    }

    private void give(ByteBuf body) {
        if (answered) {
            body.release();
        } else {
            handler.onBody(body);
        }
    }

    private void onBodyEnd() {
        if (state == State.DISCARDING) {
            state = State.HEAD;
            waitForRequest();
        } else if (state == State.BODY) {
            setReading(true); // else it would not be noticed that the caller goes
            state = State.ANSWERING;
            if (!answered) {
                handler.onRequestEnd();
            }
        }
    }

    private void refuse(Failure failure) {
        headRequest &= state != State.HEAD; // unless it is the one before that was
        keepAlive = false;
        state = State.BODY; // whatever else comes is unreadable: it is thrown away
        chunked = true;
        handler.onBadRequest(failure);
    }

    private void hold(ByteBuf bytes) {
        if (held == null) {
            held = context.alloc().directBuffer(Math.max(1024, bytes.readableBytes()));
        }
        held.writeBytes(bytes);
        bytes.release();
    }

    private void releaseHeld() {
        if (held != null) {
            held.release();
            held = null;
        }
    }

    /** The connection's own deadlines; the exchange has others. */
    private final class Timer extends Deadlines.Entry {
        @Override
        protected long remainingNanos(long nowNanos) {
            long waited = nowNanos - sinceNanos;
            return switch (state) {
                case HEAD -> TimeUnit.SECONDS.toNanos(waitsForHead ? HEAD_SECONDS : IDLE_SECONDS)
                        - waited;
                case BODY, DISCARDING -> paused ? Deadlines.NEVER
                        : TimeUnit.SECONDS.toNanos(BODY_GRACE_SECONDS
                                + progressBytes / BODY_BYTES_PER_SECOND) - waited;
                case ANSWERING -> stalled
                        ? TimeUnit.SECONDS.toNanos(STALL_SECONDS) - (nowNanos - stalledSinceNanos)
                        : Deadlines.NEVER;
                case LINGERING -> TimeUnit.SECONDS.toNanos(flushed ? LINGER_SECONDS : STALL_SECONDS)
                        - waited;
                case TUNNEL, CLOSED -> Deadlines.NEVER; // the tunnel has its own
            };
        }

        @Override
        protected void onDeadline(long nowNanos) {
            if (state == State.BODY && !answered) {
                refuse(Failure.of(Failure.Kind.REQUEST_TIMEOUT,
                        "The request's body came too slowly."));
            } else if (state == State.HEAD && waitsForHead) {
                refuse(Failure.of(Failure.Kind.REQUEST_TIMEOUT,
                        "The request's head did not come within " + HEAD_SECONDS + " s."));
            } else {
                context.close();
            }
        }
    }
}

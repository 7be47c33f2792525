package io.penstock.mock;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to a mock: reads a request, answers it, reads the next.
 *
 * <p><b>Thread:</b> confined to its channel's event loop.
 * <br><b>Buffers:</b> takes what is read; holds unread input and the reply, and releases both when
 * the channel closes.
 * <br><b>Bounds:</b> writes up to the channel's high watermark, then as the caller reads; keeps at
 * most one read beyond {@link #MAX_PIPELINED_BYTES} of the requests that follow; flushes
 * {@link #MAX_FLUSHES} times, then lets other connections have their turn.
 */
final class MockConnection extends ChannelInboundHandlerAdapter {
    static final int MAX_PIPELINED_BYTES = 64 * 1024;
    static final int MAX_FLUSHES = 16;
    static final long LINGER_MILLIS = 1000;
    static final long SLOW_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final byte[] CONTINUE =
            "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private static final Logger log = LoggerFactory.getLogger(MockConnection.class);

    /** Whether there is more to come on this connection. */
    private enum State {
        OPEN,
        /** The request is never answered. */
        HANGING,
        /** HTTP is left behind: whatever comes is for the handlers of a WebSocket. */
        UPGRADED,
        /** The last reply is written, or the connection is cut. */
        ENDED
    }

    private final MockLoop loop;
    private final Pacer.Waiter waiter = new Pacer.Waiter(this::advance);
    private final RequestReader request;
    @SuppressWarnings("NullAway.Init") // set when it is added to its channel
    private ChannelHandlerContext ctx;
    private State state = State.OPEN;
    private @Nullable ByteBuf unread; // null, or what of the input is still to be looked at
    private @Nullable Reply reply; // null while there is none to write
    private boolean lastReplyEarly; // it answers a request that has not come in full
    private boolean advancing;

    MockConnection(MockLoop loop) {
        this.loop = loop;
        request = new RequestReader(loop.settings().composesAll());
    }

    /** Ends the connection from this side. */
    void close() {
        moveTo(State.ENDED);
        ctx.close();
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        this.ctx = ctx;
        if (!loop.add(this)) {
            close();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (state == State.UPGRADED) {
            ctx.fireChannelInactive();
        }
        if (state == State.HANGING || state == State.OPEN && reply != null) {
            loop.server().onCancelled();
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        loop.remove(this);
        loop.pacer().remove(waiter);
        moveTo(State.ENDED);
        releaseUnread();
        releaseReply();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        if (state == State.UPGRADED) {
            ctx.fireChannelRead(in);
            return;
        }
        if (state != State.OPEN) {
            in.release();
            return;
        }
        if (unread == null) {
            unread = in;
        } else {
            unread.discardSomeReadBytes().writeBytes(in);
            in.release();
        }
        run();
        if (unread != null && unread.readableBytes() > MAX_PIPELINED_BYTES) {
            ctx.channel().config().setAutoRead(false);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (state == State.UPGRADED) {
            ctx.fireChannelReadComplete();
        } else {
            advance();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (state == State.UPGRADED) {
            ctx.fireChannelWritabilityChanged();
        } else {
            advance();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException) {
            log.debug("mock.connection.broken name={} cause={}", loop.settings().name(), cause);
        } else {
            log.error("mock.connection.failed name={}", loop.settings().name(), cause);
        }
        ctx.close();
    }

    /** Does and flushes all that can be done now. */
    private void advance() {
        if (advancing) {
            return; // called back by a flush below, whose loop looks again
        }
        advancing = true;
        boolean more;
        int flushes = 0;
        do {
            more = run();
            ctx.flush();
            flushes++;
        } while (more && canRun() && flushes < MAX_FLUSHES);
        advancing = false;
        if (more && canRun()) {
            ctx.executor().execute(this::advance);
        }
        boolean wantsInput = state != State.OPEN || reply == null && !more;
        if (wantsInput && !ctx.channel().config().isAutoRead()) {
            ctx.channel().config().setAutoRead(true);
        }
    }

    private boolean canRun() {
        return state == State.OPEN && ctx.channel().isWritable();
    }

    /** Reads and writes, without a flush; false when it waits for input or for the clock. */
    private boolean run() {
        while (canRun()) {
            boolean moved = reply == null ? readOn() : writeOn();
            if (!moved) {
                return false;
            }
        }
        return true;
    }

    /** Reads on in the input; whether there is a reply now. */
    private boolean readOn() {
        if (unread == null) {
            return false;
        }
        try {
            boolean complete = request.read(unread);
            if (request.takeExpectsContinue()) {
                write(ctx.alloc().directBuffer(CONTINUE.length).writeBytes(CONTINUE));
            }
            if (complete) {
                answer();
                request.reset();
            }
            if (state != State.OPEN || !unread.isReadable()) {
                releaseUnread();
            }
            return complete;
        } catch (BadRequestException e) {
            releaseUnread();
            lastReplyEarly = true;
            reply = loop.composer().refuse(e, ctx.alloc(), loop.nanoTime());
            return true;
        }
    }

    private void answer() {
        loop.server().onRequest(request);
        Composer composer = loop.composer();
        switch (request.endpoint()) {
            case MODELS -> reply = composer.models(request, ctx.alloc(), loop.nanoTime());
            case OTHER -> reply = composer.refuse(request, ProviderError.unknownUrl(
                    request.method() + ' ' + request.path()), ctx.alloc(), loop.nanoTime());
            case REALTIME -> {
                if (request.header("upgrade") == null) {
                    reply = composer.refuse(request, ProviderError.badRequest(
                            "This is for WebSockets."), ctx.alloc(), loop.nanoTime());
                } else {
                    upgrade();
                }
            }
            default -> answerCall();
        }
    }

    /** Leaves the request, and all that follows it, to the handlers of a WebSocket. */
    private void upgrade() {
        moveTo(State.UPGRADED);
        RealtimeEcho.addTo(ctx.pipeline(), request.path());
        ByteBuf all = ctx.alloc().buffer();
        all.writeCharSequence(request.head() + "\r\n", StandardCharsets.ISO_8859_1);
        if (unread != null) {
            all.writeBytes(unread);
        }
        ctx.fireChannelRead(all);
        ctx.fireChannelReadComplete();
    }

    private void moveTo(State next) {
        state = next;
    }

    private void answerCall() {
        Fault asked = request.controls().fault();
        Fault fault = asked != null ? asked : loop.server().nextFault();
        switch (fault.kind()) {
            case RESET, REFUSE -> {
                moveTo(State.ENDED);
                ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
                ctx.close();
            }
            case HANG -> moveTo(State.HANGING);
            default -> {
                long start = loop.nanoTime() + (fault.kind() == Fault.Kind.SLOW ? SLOW_NANOS : 0);
                reply = request.isKept()
                        ? loop.composer().answer(request, fault, ctx.alloc(), start)
                        : plainChat(fault, start);
            }
        }
    }

    /** {@code start} is when the model begins to think of it. */
    private Reply plainChat(Fault fault, long start) {
        ChatFields fields = request.fields();
        boolean ready = switch (fault.kind()) {
            case NONE, MIDSTREAM, SLOW -> true;
            default -> false;
        };
        if (!ready || !fields.isObject() || fields.modelLength() == 0) {
            return loop.composer().answerPlain(request, fault, ctx.alloc(), start);
        }
        return chat(fault.kind() == Fault.Kind.MIDSTREAM, start);
    }

    private Reply chat(boolean cut, long start) {
        ChatFields fields = request.fields();
        boolean closes = request.closes();
        Controls controls = request.controls();
        MockSettings settings = loop.settings();
        int wanted = controls.eventsOr(settings.events());
        int events = (int) Math.max(1, Math.min(wanted, fields.maxTokens()));
        boolean cutShort = events < wanted;
        int sent = cut ? (events + 1) / 2 : events;
        long promptTokens = request.bodyBytes() / 4;
        long interval = controls.intervalNanosOr(settings.interval().toNanos());
        long first = start + controls.ttftNanosOr(settings.ttft().toNanos());
        ChatScript script = loop.script(fields.model(), fields.modelLength());
        if (fields.isStream()) {
            boolean usage = fields.includesUsage();
            ByteBuf front = script.streamFront(ctx.alloc(), usage, closes);
            ByteBuf back = cut ? null
                    : script.streamBack(ctx.alloc(), usage, cutShort, promptTokens, events);
            return new Reply(front, script.events(usage), sent, back, first, interval,
                    cut || closes);
        }
        ByteBuf back = script.unaryBack(ctx.alloc(), cutShort, promptTokens, events);
        ByteBuf front = script.unaryFront(ctx.alloc(), events, back.readableBytes(), closes);
        if (cut) {
            back.release();
            back = null;
        }
        // A model has to write it all before a unary reply can begin.
        long writingNanos = (long) Math.min(Composer.MAX_WRITING_NANOS, (events - 1.0) * interval);
        return new Reply(front, script.words(), sent, back, first + writingNanos, 0,
                cut || closes);
    }

    /** Writes on; whether it need not wait. */
    private boolean writeOn() {
        assert reply != null; // or there would be nothing to write
        ByteBuf next = reply.next(loop.nanoTime());
        if (next == null) {
            loop.pacer().add(waiter, reply.nextNanos());
            return false;
        }
        if (!reply.isDone()) {
            write(next);
            return true;
        }
        boolean closes = reply.closes();
        releaseReply();
        if (closes) {
            end(next);
        } else {
            write(next);
        }
        return !closes;
    }

    private void write(ByteBuf bytes) {
        ctx.write(bytes, ctx.voidPromise());
    }

    private void end(ByteBuf last) {
        moveTo(State.ENDED);
        releaseUnread();
        if (lastReplyEarly && ctx.channel() instanceof DuplexChannel duplex) {
            // A close with input unread is a reset, which would overtake the reply.
            ctx.writeAndFlush(last).addListener(written -> duplex.shutdownOutput());
            ctx.executor().schedule(() -> ctx.close(), LINGER_MILLIS, TimeUnit.MILLISECONDS);
        } else {
            ctx.writeAndFlush(last).addListener(ChannelFutureListener.CLOSE);
        }
    }

    private void releaseUnread() {
        if (unread != null) {
            unread.release();
            unread = null;
        }
    }

    private void releaseReply() {
        if (reply != null) {
            reply.release();
            reply = null;
        }
    }
}

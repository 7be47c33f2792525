package io.penstock.bench;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * One connection, with one call at a time on it.
 *
 * <p><b>Thread:</b> confined to its loop's event loop.
 * <br><b>Buffers:</b> takes what is read, and copies it to the loop's scratch array at once:
 * parsing an array beats parsing a direct buffer by more than the copy costs.
 */
final class Connection extends ChannelInboundHandlerAdapter implements EventScanner.StampListener {
    private final LoadLoop loop;
    private final ResponseReader reader;
    private ChannelHandlerContext ctx;
    private Throwable cause; // why the connection is about to close, if known

    private boolean busy;
    private long dueNanos;
    private long sentNanos;
    private long readNanos; // when the bytes at hand were read
    private long lastEventNanos;
    private long eventsSeen;
    private boolean contentSeen;

    /** Made with the call it is opened for. */
    Connection(LoadLoop loop, String stampKey, long dueNanos) {
        this.loop = loop;
        this.reader = new ResponseReader(new EventScanner(stampKey, this));
        this.dueNanos = dueNanos;
        this.sentNanos = System.nanoTime();
        this.busy = true;
    }

    long dueNanos() {
        return dueNanos;
    }

    boolean isOverdue(long now, long timeoutNanos) {
        return busy && now - sentNanos > timeoutNanos;
    }

    /** Sends the next call, which was due then. */
    void send(long newDueNanos) {
        busy = true;
        dueNanos = newDueNanos;
        eventsSeen = 0;
        contentSeen = false;
        reader.reset();
        sentNanos = System.nanoTime();
        ctx.writeAndFlush(loop.request(), ctx.voidPromise());
    }

    /** Gives the call up. */
    void timeOut(long now) {
        loop.recordTimeout(dueNanos, now, "status " + reader.status() + ", "
                + eventsSeen + " events, " + reader.bodyBytes() + " bytes so far");
        end(true, false, now);
    }

    /** Closes without a word about the call that may be running. */
    void abandon() {
        busy = false;
        if (ctx != null) {
            ctx.close();
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext newCtx) {
        ctx = newCtx;
    }

    @Override
    public void channelActive(ChannelHandlerContext ignored) {
        if (busy) {
            send(dueNanos);
        } else {
            ctx.close(); // abandoned while it was connecting
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ignored, Object msg) {
        readNanos = System.nanoTime();
        ByteBuf in = (ByteBuf) msg;
        byte[] scratch = loop.scratch();
        try {
            while (in.isReadable()) {
                int length = Math.min(in.readableBytes(), scratch.length);
                in.readBytes(scratch, 0, length);
                consume(scratch, length);
            }
        } catch (MalformedResponseException e) {
            loop.recordFailure(this, CallFailure.MALFORMED, reader.status(), e.getMessage(),
                    readNanos);
            end(true, false, readNanos);
        } finally {
            in.release();
        }
    }

    private void consume(byte[] bytes, int length) throws MalformedResponseException {
        if (!busy) {
            ctx.close(); // bytes that no call asked for
            return;
        }
        int end = reader.read(bytes, 0, length);
        loop.countBytes(length, readNanos);
        if (reader.isEventStream()) {
            observeEvents();
        }
        if (reader.isComplete()) {
            finish(reader.isPersistent() && end == length);
        }
    }

    private void observeEvents() {
        EventScanner scanner = reader.events();
        long fresh = scanner.events() - eventsSeen;
        if (fresh > 0) {
            loop.countEvents(fresh, readNanos);
            if (eventsSeen == 0) {
                loop.record(Recording.Timing.FIRST_EVENT, this, readNanos - dueNanos, 1, readNanos);
            } else {
                loop.record(Recording.Timing.GAP, this, readNanos - lastEventNanos, 1, readNanos);
            }
            if (fresh > 1) {
                loop.record(Recording.Timing.GAP, this, 0, fresh - 1, readNanos);
            }
            eventsSeen += fresh;
            lastEventNanos = readNanos;
        }
        if (!contentSeen && scanner.isContentSeen()) {
            contentSeen = true;
            loop.record(Recording.Timing.FIRST_CONTENT, this, readNanos - dueNanos, 1, readNanos);
        }
    }

    @Override
    public void onStamp(long sentStampNanos) {
        loop.record(Recording.Timing.EVENT_DELAY, this, readNanos - sentStampNanos, 1, readNanos);
    }

    private void finish(boolean reusable) {
        int status = reader.status();
        CallFailure failure = null;
        String detail = null;
        if (status < 200 || status > 299) {
            failure = CallFailure.STATUS;
            detail = status + " " + reader.sample();
        } else if (loop.isStreaming()) {
            if (!reader.isEventStream()) {
                failure = CallFailure.MALFORMED;
                detail = "a stream was asked for, the response is none";
            } else if (reader.events().isErrorSeen()) {
                failure = CallFailure.ERROR_EVENT;
                detail = "after " + eventsSeen + " events";
            } else if (!reader.events().isDone()) {
                failure = CallFailure.CUT;
                detail = "no [DONE] after " + eventsSeen + " events";
            }
        }
        if (failure == null) {
            loop.recordSuccess(this, readNanos);
        } else {
            loop.recordFailure(this, failure, status, detail, readNanos);
        }
        end(failure != null, reusable, readNanos);
    }

    private void end(boolean failed, boolean reusable, long now) {
        busy = false;
        if (!reusable) {
            loop.onClosed(this); // at once, lest the failing of a late connect counts again
            ctx.close();
        }
        loop.onEnded(reusable ? this : null, failed, now);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ignored) {
        loop.onClosed(this);
        if (!busy) {
            return;
        }
        readNanos = System.nanoTime();
        if (reader.endsWithConnection()) {
            finish(false);
            return;
        }
        CallFailure failure = reader.status() == 0 ? CallFailure.RESET : CallFailure.CUT;
        String detail = cause != null ? cause.toString()
                : "connection closed after " + reader.bodyBytes() + " bytes of the body";
        loop.recordFailure(this, failure, reader.status(), detail, readNanos);
        end(true, false, readNanos);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ignored, Throwable newCause) {
        cause = newCause;
        ctx.close();
    }
}

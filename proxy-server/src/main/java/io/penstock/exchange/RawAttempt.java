package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.failure.Fault;
import io.penstock.http.Field;
import io.penstock.http.HeadWriter;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.ResponseHead;
import io.penstock.listen.DownstreamConnection;
import io.penstock.loop.Deadlines;
import io.penstock.provider.ReplyVerdict;
import io.penstock.relay.ResponseRelay;
import io.penstock.relay.Tunnel;
import io.penstock.route.Route.TargetName;
import io.penstock.upstream.ConnectionPool;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderKey;
import io.penstock.upstream.ProviderTypeException;
import io.penstock.upstream.ReplyListener;
import io.penstock.upstream.RetryAfter;
import io.penstock.upstream.TargetHealth;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.Trial;
import io.penstock.upstream.UpstreamConnection;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Set;

/**
 * One try of a pass-through at one target: a connection, the request, and the reply as it comes.
 * What answers an error is held until it is known whether it is passed on; any other reply goes to
 * the caller with its first bytes.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> owns the head for the caller and, through its relay, what is held;
 * {@link #abandon} lets go of all, and of the connection.
 * <br><b>Bounds:</b> what the caller uploads waits up to the connection's high watermark, then the
 * caller isn't read.
 */
final class RawAttempt implements ReplyListener {
    private static final Set<Field> NONE = EnumSet.noneOf(Field.class);
    private static final int SMALL_BYTES = 4 * 1024;
    private static final int LAST_LINES_BYTES = 512;

    private enum Wait { NOTHING, SLOT, CONNECTION, TLS, UPLOAD, HEAD, GAP, TUNNEL }

    private final PassThrough exchange;
    private final ExchangeLoop loop;
    private final DownstreamConnection downstream;
    private final RawReply reply;
    private final ResponseRelay relay;

    private TargetName target;
    private Provider provider;
    private ProviderKey key; // null where the provider wants none
    private ConnectionPool pool; // null once the pool was told that it is over
    private UpstreamConnection connection;
    private final Trial trial = new Trial();
    private TimeoutSettings timeouts;
    private boolean fresh; // it has to be a connection that has carried nothing

    private Wait wait = Wait.NOTHING;
    private boolean paused; // nothing is read, for the caller's sake
    private boolean replayed;
    private boolean committed;
    private boolean chunksUp; // what is uploaded goes up in chunks
    private boolean unflushed;
    private long stalledSinceNanos; // the provider takes no more of the upload; 0 while it does
    private long stalledAtBytes;
    private long startedNanos;
    private long slotNanos; // when it had a slot, or began anew with it
    private long readyNanos;
    private long headNanos;
    private long contentNanos;
    private long lastReadNanos;

    private int status;
    private String errorKind; // as the reply's head says it; null if it doesn't
    private long retryAfterNanos;
    private boolean reusable;
    private boolean bodiless;
    private boolean excess; // bytes behind a reply that has no body
    private ByteBuf head; // for the caller, without its last lines
    private Tunnel tunnel; // null unless it became one

    RawAttempt(PassThrough exchange, ExchangeLoop loop, DownstreamConnection downstream) {
        this.exchange = exchange;
        this.loop = loop;
        this.downstream = downstream;
        reply = new RawReply(loop.scratch());
        relay = new ResponseRelay(downstream.context().alloc(), reply, loop.scratch());
    }

    /** Nothing of the exchange before may show in the next one. */
    void forget() {
        committed = false;
        target = null;
        tunnel = null;
        reply.forget();
        status = 0;
        readyNanos = 0;
        contentNanos = 0;
    }

    /**
     * Begins; the exchange may hear of the end of it before this returns.
     *
     * @param targets of which {@code target} was given last
     * @param fresh on a connection that has carried nothing: its death is then no mere race
     * @param stream the request asks for one
     */
    void start(TargetName target, RawTargets targets, ProviderKey key, boolean fresh,
            boolean stream, long nowNanos) {
        forget();
        this.target = target;
        this.key = key;
        this.fresh = fresh;
        provider = targets.provider(target);
        timeouts = targets.timeouts(target);
        startedNanos = nowNanos;
        slotNanos = nowNanos;
        headNanos = 0;
        replayed = false;
        retryAfterNanos = RetryAfter.NONE;
        paused = false;
        stalledSinceNanos = 0;
        TargetHealth health = targets.health(target);
        if (health != null) {
            trial.begin(health, targets.ticket(), stream, nowNanos);
        }
        wait = Wait.SLOT;
        pool = loop.upstream().pool(provider);
        pool.acquire(this, nowNanos);
    }

    /** Takes another connection, with the slot that it has. */
    private void reconnect() {
        readyNanos = 0;
        pool.reconnect(this);
    }

    TargetName target() {
        return target;
    }

    Provider provider() {
        return provider;
    }

    ProviderKey key() {
        return key;
    }

    int status() {
        return status;
    }

    long retryAfterNanos() {
        return retryAfterNanos;
    }

    boolean isCommitted() {
        return committed;
    }

    /** Whether the request, or its beginning, has gone out. */
    boolean isSent() {
        return readyNanos != 0;
    }

    boolean isTunnel() {
        return tunnel != null;
    }

    long startedNanos() {
        return startedNanos;
    }

    /** When it had a slot. */
    long slotNanos() {
        return slotNanos;
    }

    long readyNanos() {
        return readyNanos;
    }

    long headNanos() {
        return headNanos;
    }

    long contentNanos() {
        return contentNanos;
    }

    RawReply reply() {
        return reply;
    }

    /** A further try of the same provider: whether its budget allows one. */
    boolean tryTakeRetry() {
        return loop.upstream().pool(provider).retryBudget().tryTake();
    }

    // Deadlines

    long remainingNanos(long nowNanos) {
        return switch (wait) {
            case NOTHING, SLOT -> Deadlines.NEVER; // who waits for a slot is told when to stop
            case CONNECTION -> timeouts.connect().toNanos() - (nowNanos - slotNanos);
            case TLS -> timeouts.tls().toNanos() - (nowNanos - lastReadNanos);
            case UPLOAD -> stalledSinceNanos == 0 ? Deadlines.NEVER
                    : timeouts.gap().toNanos() - (nowNanos - stalledSinceNanos);
            case HEAD -> timeouts.headOfUnary() == null ? Deadlines.NEVER
                    : timeouts.headOfUnary().toNanos() - (nowNanos - lastReadNanos);
            case GAP -> paused ? Deadlines.NEVER
                    : timeouts.gap().toNanos() - (nowNanos - lastReadNanos);
            case TUNNEL -> tunnel.remainingNanos(nowNanos);
        };
    }

    void onDeadline(long nowNanos) {
        switch (wait) {
            case CONNECTION -> fail(Fault.CONNECT_TIMEOUT, "no connection in time");
            case TLS -> fail(Fault.TLS_TIMEOUT, "the TLS handshake took too long");
            case UPLOAD -> onStalled(nowNanos);
            case HEAD -> fail(Fault.HEAD_TIMEOUT, "no response head in time");
            case GAP -> fail(Fault.GAP_TIMEOUT, "the reply stopped coming");
            case TUNNEL -> {
                if (tunnel.isHalfOpen()) {
                    exchange.onTunnelEnd(null, null);
                } else {
                    exchange.onTunnelOver(tunnel.isOverdue(nowNanos) ? Fault.TUNNEL_OVERDUE
                            : Fault.TUNNEL_IDLE);
                }
            }
            default -> { }
        }
    }

    /** A slow provider that takes some is not a silent one. */
    private void onStalled(long nowNanos) {
        long pending = connection.pendingBytes();
        if (pending == stalledAtBytes) {
            fail(Fault.GAP_TIMEOUT, "the provider stopped taking the request");
        } else {
            stalledAtBytes = pending;
            stalledSinceNanos = nowNanos;
        }
    }

    // The request

    @Override
    public void onConnecting(UpstreamConnection connecting) {
        connection = connecting;
        slotNanos = loop.deadlines().nowNanos();
        wait = Wait.CONNECTION;
        loop.deadlines().expectBy(slotNanos + timeouts.connect().toNanos());
    }

    @Override
    public void onTlsStarted() {
        wait = Wait.TLS;
        lastReadNanos = loop.deadlines().nowNanos();
        loop.deadlines().expectBy(lastReadNanos + timeouts.tls().toNanos());
    }

    @Override
    public void onReady(UpstreamConnection ready) {
        connection = ready;
        readyNanos = loop.deadlines().nowNanos();
        lastReadNanos = readyNanos;
        wait = Wait.UPLOAD;
        if (fresh && ready.isReused()) {
            connection = null;
            ready.release(true, readyNanos);
            reconnect();
            return;
        }
        try {
            exchange.send(this, ready);
        } catch (ProviderTypeException e) {
            readyNanos = 0; // nothing has been sent
            fail(e.fault(), e.getMessage());
        }
    }

    /** The head is out, and what is uploaded from here on follows it. */
    void beginUpload(boolean chunks) {
        chunksUp = chunks;
        keepUploadPace();
    }

    /** Sends the next bytes of the body; takes them. */
    void upload(ByteBuf bytes) {
        UpstreamConnection to = connection; // a write may fail at once
        int length = bytes.readableBytes();
        if (!chunksUp) {
            to.write(bytes);
        } else if (length > 0 && length <= SMALL_BYTES) {
            ByteBuf chunk = allocator().directBuffer(length + 10);
            chunk.writeCharSequence(Integer.toHexString(length) + "\r\n",
                    StandardCharsets.US_ASCII);
            to.write(chunk.writeBytes(bytes).writeShort('\r' << 8 | '\n'));
            bytes.release();
        } else if (length > 0) {
            to.write(text(Integer.toHexString(length) + "\r\n"));
            to.write(bytes);
            to.write(text("\r\n"));
        } else {
            bytes.release();
        }
        unflushed = true;
        keepUploadPace();
    }

    /** All that could be read for now is queued. */
    void flushUpload() {
        if (unflushed && connection != null) {
            unflushed = false;
            connection.flush();
        }
    }

    /** The caller isn't read while the provider has no room. */
    private void keepUploadPace() {
        if (connection != null && !connection.isWritable()) {
            connection.flush(); // perhaps it only waits for that
        }
        if (connection == null) {
            return;
        }
        if (connection.isWritable()) {
            onWritable();
        } else if (stalledSinceNanos == 0) {
            downstream.setReading(false);
            stalledSinceNanos = loop.deadlines().nowNanos();
            stalledAtBytes = connection.pendingBytes();
            loop.deadlines().expectBy(stalledSinceNanos + timeouts.gap().toNanos());
        }
    }

    @Override
    public void onWritable() {
        stalledSinceNanos = 0;
        if (tunnel != null) {
            tunnel.onProviderWritable();
        } else {
            downstream.setReading(true);
        }
    }

    /** The request is whole: from here on a reply is waited for. */
    void endUpload() {
        UpstreamConnection to = connection;
        if (chunksUp) {
            to.write(text("0\r\n\r\n"));
            chunksUp = false;
        }
        onSent();
        to.flush();
    }

    /** The request is whole and queued. */
    void onSent() {
        stalledSinceNanos = 0;
        if (wait == Wait.UPLOAD) {
            wait = Wait.HEAD;
            lastReadNanos = loop.deadlines().nowNanos();
            if (timeouts.headOfUnary() != null) {
                loop.deadlines().expectBy(lastReadNanos + timeouts.headOfUnary().toNanos());
            }
        }
    }

    private ByteBuf text(String text) {
        ByteBuf out = allocator().directBuffer(text.length());
        out.writeCharSequence(text, StandardCharsets.US_ASCII);
        return out;
    }

    private ByteBufAllocator allocator() {
        return downstream.context().alloc();
    }

    // The reply

    @Override
    public void onHead(ResponseHead came) {
        headNanos = loop.deadlines().nowNanos();
        lastReadNanos = headNanos;
        status = came.status();
        reusable = came.isKeepAlive();
        wait = Wait.GAP;
        loop.deadlines().expectBy(headNanos + timeouts.gap().toNanos());
        if (status == 101) {
            becomeTunnel(came);
            return;
        }
        boolean events = came.valueStartsWith(Field.CONTENT_TYPE, "text/event-stream");
        boolean error = status >= 400;
        errorKind = error ? provider.errorKind(came) : null;
        reply.begin(error, exchange.isMetered() && (events
                || came.valueStartsWith(Field.CONTENT_TYPE, "application/json")), events);
        bodiless = came.isBodiless() || exchange.isHead();
        excess = false;
        if (!bodiless) {
            relay.begin(came, false, downstream.isHttp10());
        }
        if (error) {
            retryAfterNanos = RetryAfter.nanos(came, Instant.now());
            exchange.stopUpload();
        }
        HeadWriter out = loop.writer().clear().bytes(HeaderText.statusLine(status));
        came.writeDownstreamFields(out, NONE);
        if (!bodiless && relay.sendsChunks()) {
            out.text("transfer-encoding: chunked\r\n");
        } else if (came.contentLength() >= 0 && status != 204) {
            out.text("content-length: ").number(came.contentLength()).crlf();
        }
        head = allocator().directBuffer(out.length() + LAST_LINES_BYTES
                + ResponseRelay.SMALL_BYTES);
        out.drainTo(head);
    }

    private boolean isEnded() {
        return bodiless || relay.isEnded();
    }

    @Override
    public void onBody(ByteBuf bytes) {
        lastReadNanos = loop.deadlines().nowNanos();
        if (tunnel != null) {
            reply.onPayload(bytes, bytes.readerIndex(), bytes.readableBytes());
            tunnel.onProviderBytes(bytes, lastReadNanos);
            return;
        }
        if (bodiless) {
            excess |= bytes.isReadable();
            bytes.release();
        } else {
            try {
                relay.take(bytes);
            } catch (HttpSyntaxException e) {
                fail(Fault.BAD_RESPONSE, e.getMessage());
                return;
            }
        }
        if (!committed) {
            judge();
        } else if (isEnded()) {
            end();
        } else {
            keepPace();
        }
    }

    private void judge() {
        if (status >= 400) {
            if (isEnded() || relay.heldBytes() >= RawReply.MAX_ERROR_BYTES) {
                ReplyVerdict verdict = provider.judge(key, status, errorKind, reply.errorText());
                if (retryAfterNanos == RetryAfter.NONE) {
                    retryAfterNanos = provider.retryAfterNanos(status, reply.errorText());
                }
                trial.end(verdict.isProvidersFault(status), lastReadNanos);
                exchange.onErrorReply(this, verdict);
            }
        } else if (isEnded() || reply.payloadBytes() > 0 || exchange.isImpatient()) {
            commit();
        }
    }

    @Override
    public void onReadComplete() {
        if (tunnel != null) {
            tunnel.onProviderReadComplete();
        } else if (committed) {
            downstream.flush();
            keepPace();
        }
    }

    private void keepPace() {
        if (!downstream.isWritable()) {
            downstream.flush(); // perhaps it only waits for that
            if (connection != null && !downstream.isWritable()) {
                paused = true;
                connection.setReading(false);
            }
        }
    }

    /** The caller has room again. */
    void resume() {
        if (tunnel != null) {
            tunnel.onCallerWritable();
        } else if (paused) {
            paused = false;
            lastReadNanos = loop.deadlines().nowNanos();
            loop.deadlines().expectBy(lastReadNanos + timeouts.gap().toNanos());
            connection.setReading(true);
        }
    }

    /** The reply goes to the caller from here on, whatever becomes of it. */
    void commit() {
        committed = true;
        contentNanos = lastReadNanos;
        trial.onGood(-1, lastReadNanos); // if it hasn't ended as an error
        boolean keepAlive = (bodiless || relay.framing() != ResponseRelay.Framing.NONE)
                && downstream.decideKeepAlive();
        if (!keepAlive) {
            downstream.closeAfterAnswer();
        }
        HeadWriter out = loop.writer().clear();
        exchange.onCommit(this, out);
        if (!keepAlive) {
            out.text("connection: close\r\n");
        } else if (downstream.isHttp10()) {
            out.text("connection: keep-alive\r\n");
        }
        out.crlf().drainTo(head);
        ByteBuf first = head;
        head = null;
        if (bodiless) {
            downstream.write(first);
        } else {
            relay.commit(downstream.context(), first);
        }
        if (isEnded()) {
            end();
        } else {
            downstream.flush();
            keepPace();
        }
    }

    /** The reply has ended, and all of it is on its way to the caller. */
    private void end() {
        if (!bodiless) {
            relay.end();
        }
        releaseConnection();
        exchange.onEnded(this);
    }

    private void releaseConnection() {
        trial.end(false, lastReadNanos);
        boolean whole = exchange.isWhollySent() && reusable && !excess
                && (bodiless || !relay.hasExcess() && !relay.endsAtClose());
        wait = Wait.NOTHING;
        UpstreamConnection done = connection;
        connection = null;
        leavePool();
        done.release(whole, lastReadNanos);
    }

    @Override
    public void onFailed(Fault fault, String detail) {
        if (tunnel != null) {
            connection = null; // it has closed
            trial.end(fault != Fault.CLOSED && fault.isProvidersFault(), lastReadNanos);
            exchange.onTunnelEnd(fault == Fault.CLOSED ? null : fault, detail);
            return;
        }
        boolean race = fault.isTransient() && wait == Wait.HEAD && connection.isReused()
                && !connection.isReplyStarted() && !replayed && exchange.isReplayable();
        if (race) {
            // It was closed while it rested, and the request crossed that on its way.
            replayed = true;
            reconnect();
        } else if (fault == Fault.CLOSED && headNanos != 0 && !bodiless && relay.endAtClose()) {
            if (committed) {
                end();
            } else {
                judge();
            }
        } else {
            fail(fault, detail);
        }
    }

    private void fail(Fault fault, String detail) {
        trial.end(fault.isProvidersFault(), loop.deadlines().nowNanos());
        if (committed) {
            closeConnection();
            exchange.onBroken(this, fault, detail);
        } else {
            abandon();
            exchange.onFault(this, fault, detail);
        }
    }

    /** The reply broke off: what has come of it is let go. */
    void discard() {
        relay.discard();
    }

    /** Gives up: the connection closes at once, unless its reply has been read to the end. */
    void abandon() {
        if (tunnel != null) {
            closeTunnel();
            return;
        }
        boolean whole = connection != null && headNanos != 0 && !committed
                && wait == Wait.GAP && isEnded();
        if (head != null) {
            head.release();
            head = null;
        }
        relay.discard();
        if (whole) {
            releaseConnection();
        } else {
            closeConnection();
        }
    }

    private void closeConnection() {
        if (wait == Wait.SLOT && pool != null) {
            pool.cancel(this);
            pool = null;
        }
        wait = Wait.NOTHING;
        trial.end(false, lastReadNanos);
        UpstreamConnection gone = connection;
        connection = null;
        leavePool();
        if (gone != null) {
            gone.close();
        }
    }

    private void leavePool() {
        if (pool != null) {
            pool.onDone();
            pool = null;
        }
    }

    // The tunnel

    private void becomeTunnel(ResponseHead came) {
        committed = true;
        contentNanos = headNanos;
        trial.onGood(-1, headNanos);
        wait = Wait.TUNNEL;
        reply.begin(false, true, false);
        HeadWriter out = loop.writer().clear()
                .text("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\n"
                        + "upgrade: websocket\r\n");
        came.writeDownstreamFields(out, NONE);
        ByteBuf first = allocator().directBuffer(out.length() + LAST_LINES_BYTES);
        out.drainTo(first);
        out.clear();
        exchange.onCommit(this, out);
        out.crlf().drainTo(first);
        tunnel = exchange.newTunnel(connection);
        loop.deadlines().expectBy(headNanos + tunnel.remainingNanos(headNanos));
        connection.becomeTunnel();
        downstream.write(first);
        downstream.flush();
        downstream.becomeTunnel();
    }

    Tunnel tunnel() {
        return tunnel;
    }

    @Override
    public void onInputEnd() {
        long now = loop.deadlines().nowNanos();
        if (tunnel != null && tunnel.onProviderEnd(now)) {
            exchange.onTunnelEnd(null, null);
        } else if (tunnel != null) {
            loop.deadlines().expectBy(now + tunnel.remainingNanos(now));
        }
    }

    /** Ends the provider's side; what was queued for it still goes out. */
    void closeTunnel() {
        wait = Wait.NOTHING;
        trial.end(false, lastReadNanos);
        UpstreamConnection gone = connection;
        connection = null;
        leavePool();
        if (gone != null) {
            gone.closeGently();
        }
    }
}

package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Fault;
import io.penstock.http.Field;
import io.penstock.http.HeadWriter;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.ResponseHead;
import io.penstock.listen.DownstreamStream;
import io.penstock.loop.Deadlines;
import io.penstock.provider.ReplyVerdict;
import io.penstock.relay.ResponseRelay;
import io.penstock.route.HoldSettings;
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
import io.penstock.upstream.UpstreamStream;
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
 */
final class RawAttempt implements ReplyListener {
    private static final Set<Field> NONE = EnumSet.noneOf(Field.class);

    private final PassThrough exchange;
    private final RawRequest request;
    private final ExchangeLoop loop;
    private final DownstreamStream downstream;
    private final AttemptClock clock;
    private final Upload upload;
    private final CallersHead head;
    private final RawReply reply;
    private final ResponseRelay relay;
    private final Trial trial = new Trial();

    private TargetName target;
    private Provider provider;
    private ProviderKey key; // null where the provider wants none
    private TimeoutSettings timeouts;
    private boolean fresh; // it has to be a connection that has carried nothing
    private ConnectionPool pool; // null once the pool was told that it is over
    private UpstreamStream connection;

    private boolean replayed;
    private boolean committed;
    private int status;
    private String errorKind; // as the reply's head says it; null if it doesn't
    private long retryAfterNanos;
    private boolean reusable;
    private boolean bodiless;
    private boolean excess; // bytes behind a reply that has no body

    RawAttempt(PassThrough exchange, RawRequest request, ExchangeLoop loop,
            DownstreamStream downstream) {
        this.exchange = exchange;
        this.request = request;
        this.loop = loop;
        this.downstream = downstream;
        clock = new AttemptClock(loop.deadlines());
        upload = new Upload(downstream, loop.deadlines());
        head = new CallersHead(loop, downstream.allocator());
        reply = new RawReply(loop.scratch());
        relay = new ResponseRelay(downstream.allocator(), reply, loop.scratch());
    }

    /** Nothing of the exchange before may show in the next one. */
    void forget() {
        committed = false;
        target = null;
        reply.forget();
        status = 0;
        clock.forget();
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
        replayed = false;
        retryAfterNanos = RetryAfter.NONE;
        clock.begin(timeouts, HoldSettings.DEFAULT, false, nowNanos);
        TargetHealth health = targets.health(target);
        if (health != null) {
            trial.begin(health, targets.ticket(), stream, nowNanos);
        }
        pool = loop.upstream().pool(provider);
        pool.acquire(this, nowNanos);
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
        return clock.readyNanos() != 0;
    }

    AttemptClock clock() {
        return clock;
    }

    RawReply reply() {
        return reply;
    }

    /** The exchange's time is up: the provider's fault if it had most of it to itself. */
    void onTimeUp(long nowNanos) {
        trial.end(clock.isMostOfTotal(nowNanos), nowNanos);
    }

    /** A further try of the same provider: whether its budget allows one. */
    boolean tryTakeRetry() {
        return loop.upstream().pool(provider).retryBudget().tryTake();
    }

    // Deadlines

    long remainingNanos(long nowNanos) {
        return upload.isOn() ? upload.remainingNanos(nowNanos) : clock.remainingNanos(nowNanos);
    }

    void onDeadline(long nowNanos) {
        if (!upload.isOn()) {
            fail(clock.expired(nowNanos), "it took too long");
        } else if (upload.isStuck(nowNanos)) {
            fail(Fault.GAP_TIMEOUT, "the provider stopped taking the request");
        }
    }

    // The request

    @Override
    public void onConnecting(UpstreamStream connecting) {
        connection = connecting;
        takeSlot();
        clock.onConnecting();
    }

    /** It has one, perhaps since before. */
    private void takeSlot() {
        if (clock.isWaitingForSlot()) {
            clock.onSlot(loop.deadlines().nowNanos());
        }
    }

    @Override
    public void onTlsStarted() {
        clock.onTlsStarted();
    }

    @Override
    public void onReady(UpstreamStream ready) {
        connection = ready;
        takeSlot();
        if (fresh && ready.isReused()) {
            connection = null;
            ready.release(true, loop.deadlines().nowNanos());
            reconnect();
            return;
        }
        clock.onReady(loop.deadlines().nowNanos());
        try {
            request.send(this, ready);
        } catch (ProviderTypeException e) {
            clock.forget(); // nothing has been sent
            fail(e.fault(), e.getMessage());
        }
    }

    /** Takes another connection, with the slot that it has. */
    private void reconnect() {
        clock.onReconnect();
        pool.reconnect(this);
    }

    /** The head is queued, and what is uploaded from here on follows it. */
    void beginUpload(boolean chunks) {
        upload.begin(connection, chunks, timeouts.gap().toNanos());
    }

    /** Sends the next bytes of the body; takes them. */
    void upload(ByteBuf bytes) {
        upload.send(bytes);
    }

    /** All that could be read for now is queued. */
    void flushUpload() {
        upload.flush();
    }

    /** The request is whole: from here on a reply, or more of it, is waited for. */
    void endUpload() {
        UpstreamStream to = connection;
        upload.end();
        if (clock.headNanos() == 0) {
            clock.onSent(loop.deadlines().nowNanos());
        } else if (!clock.isPaused()) {
            clock.resume(); // while some of the request was to come, silence was in order
        }
        to.flush();
    }

    @Override
    public void onWritable() {
        if (upload.isOn()) {
            upload.onWritable();
        }
    }

    /** What it said of the request by then has come, or will in a moment. */
    @Override
    public void onOutputBroken() {
        exchange.stopUpload();
        if (!committed) {
            clock.resume();
            clock.awaitMore();
        } else if (!clock.isPaused()) {
            clock.resume(); // the gap did not count while the upload went on
        }
    }

    /** Nothing more of the request is sent. */
    void stopUpload() {
        upload.stop();
    }

    // The reply

    @Override
    public void onReplyHead(ResponseHead came) {
        clock.onHead();
        clock.awaitMore();
        status = came.status();
        reusable = came.isKeepAlive();
        if (status == 101) {
            becomeTunnel(came);
            return;
        }
        boolean events = came.valueStartsWith(Field.CONTENT_TYPE, "text/event-stream");
        boolean error = status >= 400;
        errorKind = error ? provider.errorKind(came) : null;
        reply.begin(error, request.isMetered() && (events
                || came.valueStartsWith(Field.CONTENT_TYPE, "application/json")), events);
        if (error) {
            retryAfterNanos = RetryAfter.nanos(came, Instant.now());
            exchange.stopUpload();
        }
        long toldNanos = request.isRouted() ? retryAfterNanos : RetryAfter.NONE;
        bodiless = came.isBodiless() || request.isHead();
        excess = false;
        if (bodiless) {
            head.writeBodiless(came, toldNanos);
        } else {
            relay.begin(came, false, downstream.isHttp10());
            head.write(came, relay, false, toldNanos, false);
        }
    }

    private boolean isEnded() {
        return bodiless || relay.isEnded();
    }

    @Override
    public void onReplyBody(ByteBuf bytes) {
        clock.onBody();
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
                trial.end(verdict.isProvidersFault(status), clock.lastReadNanos());
                exchange.onErrorReply(this, verdict);
            }
        } else if (isEnded() || reply.payloadBytes() > 0 || request.isImpatient()) {
            commit();
        }
    }

    @Override
    public void onReplyBodyRead() {
        if (committed) {
            downstream.flush();
            keepPace();
        }
    }

    private void keepPace() {
        if (!downstream.isWritable()) {
            downstream.flush(); // perhaps it only waits for that
            if (connection != null && !downstream.isWritable()) {
                clock.pause();
                connection.setReading(false);
            }
        }
    }

    /** The caller has room again. */
    void resume() {
        if (clock.isPaused()) {
            clock.resume();
            connection.setReading(true);
        }
    }

    /** The reply goes to the caller from here on, whatever becomes of it. */
    void commit() {
        committed = true;
        clock.onGood();
        trial.onGood(-1, clock.lastReadNanos()); // if it hasn't ended as an error
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
        ByteBuf first = head.take(out);
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
        trial.end(false, clock.lastReadNanos());
        boolean whole = request.isWhollySent() && reusable && !excess
                && (bodiless || !relay.hasExcess() && !relay.endsAtClose());
        clock.end();
        upload.stop();
        UpstreamStream done = connection;
        connection = null;
        leavePool();
        done.release(whole, clock.lastReadNanos());
    }

    @Override
    public void onFailed(Fault fault, String detail) {
        upload.stop();
        boolean race = fault.isTransient() && clock.isWaitingForHead() && connection.isReused()
                && !connection.isReplyStarted() && !replayed && request.isReplayable()
                && request.isRepeatable();
        if (race) {
            // It was closed while it rested, and the request crossed that on its way.
            replayed = true;
            reconnect();
        } else if (fault == Fault.CLOSED && clock.headNanos() != 0 && !bodiless
                && relay.endAtClose()) {
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

    /** Gives up: the connection closes at once, unless its reply has been read to the end. */
    void abandon() {
        boolean whole = connection != null && clock.headNanos() != 0 && !committed
                && isEnded();
        head.discard();
        relay.discard();
        if (whole) {
            releaseConnection();
        } else {
            closeConnection();
        }
    }

    private void closeConnection() {
        if (clock.isWaitingForSlot() && pool != null) {
            pool.cancel(this);
            pool = null;
        }
        clock.end();
        upload.stop();
        trial.end(false, clock.lastReadNanos());
        UpstreamStream gone = connection;
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

    private void becomeTunnel(ResponseHead came) {
        committed = true;
        clock.onGood();
        trial.onGood(-1, clock.headNanos());
        reply.begin(false, true, false);
        HeadWriter out = loop.writer().clear()
                .text("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\n"
                        + "upgrade: websocket\r\n");
        came.writeDownstreamFields(out, NONE);
        exchange.onCommit(this, out);
        ByteBuf first = downstream.allocator().directBuffer(out.crlf().length());
        out.drainTo(first);
        downstream.write(first);
        downstream.flush();
        UpstreamStream provider = connection;
        connection = null;
        clock.end();
        exchange.onTunnel(provider, reply);
    }
}

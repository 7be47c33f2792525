package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Fault;
import io.penstock.http.ResponseHead;
import io.penstock.limit.StreamLimits;
import io.penstock.listen.DownstreamStream;
import io.penstock.loop.Deadlines;
import io.penstock.relay.Tunnel;
import io.penstock.route.Route.TargetName;
import io.penstock.upstream.ReplyListener;
import io.penstock.upstream.UpstreamStream;
import io.penstock.usage.TokenUsage;

/**
 * A pass-through whose two sides have left HTTP behind: what it costs is booked as it goes, and its
 * time is watched.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> takes what comes.
 * <br><b>Bounds:</b> those of the {@link Tunnel}; with {@code budget.enforce: cut}, the caller's
 * budget.
 */
final class RawTunnel implements ReplyListener {
    private static final int GOING_AWAY = 1001; // RFC 6455 section 7.4.1
    private static final int POLICY_VIOLATION = 1008;

    private final PassThrough exchange;
    private final ExchangeLoop loop;
    private final DownstreamStream downstream;
    private final Metering metering;

    private Tunnel tunnel; // null while there is none
    private UpstreamStream connection; // null once it has closed
    private RawReply reply;
    private TargetName target;
    private TokenUsage usage;

    RawTunnel(PassThrough exchange, ExchangeLoop loop, DownstreamStream downstream,
            Metering metering) {
        this.exchange = exchange;
        this.loop = loop;
        this.downstream = downstream;
        this.metering = metering;
    }

    /**
     * Begins, with a head that says so already queued for the caller.
     *
     * @param reply counts what the provider reports
     */
    void begin(UpstreamStream provider, RawReply reply, TargetName target,
            StreamLimits limits) {
        connection = provider;
        this.reply = reply;
        this.target = target;
        usage = null;
        tunnel = new Tunnel(new TunnelEnds.Caller(downstream), new TunnelEnds.Provider(provider),
                limits.tunnelIdle().toNanos(), limits.tunnelTotal().toNanos(), now());
        expect();
        provider.becomeTunnel(this);
        downstream.becomeTunnel();
        if (tunnel != null) { // what the caller sent ahead may have found the provider gone
            tunnel.onCallerReadComplete(); // no further read may follow
        }
    }

    boolean isOn() {
        return tunnel != null;
    }

    private long now() {
        return loop.deadlines().nowNanos();
    }

    private void expect() {
        loop.deadlines().expectBy(now() + tunnel.remainingNanos(now()));
    }

    // The caller's side

    /** Takes it. */
    void onCallerBytes(ByteBuf bytes) {
        tunnel.onCallerBytes(bytes, now());
    }

    void onCallerReadComplete() {
        tunnel.onCallerReadComplete();
    }

    void onCallerWritable() {
        tunnel.onCallerWritable();
    }

    /** The caller sends no more. */
    void onCallerEnd() {
        boolean over = tunnel.onCallerEnd(now());
        if (tunnel == null) {
            return; // what was written then showed that the provider had gone
        }
        if (over) {
            exchange.onTunnelEnd(null, null);
        } else {
            expect();
        }
    }

    // The provider's side

    @Override
    public void onReplyBody(ByteBuf bytes) {
        reply.onPayload(bytes, bytes.readerIndex(), bytes.readableBytes());
        tunnel.onProviderBytes(bytes, now());
    }

    @Override
    public void onReplyBodyRead() {
        tunnel.onProviderReadComplete();
        if (!book()) {
            exchange.onTunnelOver(Fault.BUDGET_SPENT);
        }
    }

    @Override
    public void onWritable() {
        tunnel.onProviderWritable();
    }

    @Override
    public void onInputEnd() {
        if (tunnel.onProviderEnd(now())) {
            exchange.onTunnelEnd(null, null);
        } else {
            expect();
        }
    }

    @Override
    public void onFailed(Fault fault, String detail) {
        connection = null;
        exchange.onTunnelEnd(fault == Fault.CLOSED ? null : fault, detail);
    }

    @Override
    public void onConnecting(UpstreamStream connecting) {
        throw new AssertionError("it is connected");
    }

    @Override
    public void onTlsStarted() {
        throw new AssertionError("it is connected");
    }

    @Override
    public void onReady(UpstreamStream ready) {
        throw new AssertionError("it is connected");
    }

    @Override
    public void onReplyHead(ResponseHead head) {
        throw new AssertionError("no reply follows a 101");
    }

    // Time and money

    long remainingNanos(long nowNanos) {
        return tunnel == null ? Deadlines.NEVER : tunnel.remainingNanos(nowNanos);
    }

    void onDeadline(long nowNanos) {
        if (tunnel.isHalfOpen()) {
            exchange.onTunnelEnd(null, null);
        } else {
            exchange.onTunnelOver(tunnel.isOverdue(nowNanos) ? Fault.TUNNEL_OVERDUE
                    : Fault.TUNNEL_IDLE);
        }
    }

    /** Books what it has come to since the last time; returns whether it may go on. */
    private boolean book() {
        TokenUsage more = reply.takeUsage();
        if (more == null) {
            return true;
        }
        usage = usage == null ? more : usage.plus(more);
        return metering.bookSoFar(target.provider(), target.model(), more, now());
    }

    // The end

    /** The proxy ends it: says so to both sides. */
    void sayClose(Fault why) {
        tunnel.sayClose(downstream.allocator(),
                why == Fault.SHUTDOWN ? GOING_AWAY : POLICY_VIOLATION, why.code());
    }

    /**
     * Ends the provider's side; what was queued for it still goes out. Returns what it has come to,
     * null if nothing told.
     */
    TokenUsage end() {
        book();
        tunnel = null;
        if (connection != null) {
            connection.closeGently();
            connection = null;
        }
        return usage;
    }
}

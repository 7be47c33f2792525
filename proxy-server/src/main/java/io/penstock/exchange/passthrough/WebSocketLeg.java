package io.penstock.exchange.passthrough;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.Leg;
import io.penstock.failure.Fault;
import io.penstock.http.ResponseHead;
import io.penstock.limit.StreamLimits;
import io.penstock.listen.DownstreamStream;
import io.penstock.loop.Deadlines;
import io.penstock.relay.Tunnel;
import io.penstock.upstream.ReplyListener;
import io.penstock.upstream.UpstreamStream;
import io.penstock.usage.TokenUsage;

/**
 * A WebSocket between caller and provider: what it costs is told as it goes, and its time is
 * watched.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> takes what comes.
 * <br><b>Bounds:</b> those of the {@link Tunnel}.
 */
final class WebSocketLeg implements Leg, ReplyListener {
    private static final int GOING_AWAY = 1001; // RFC 6455 section 7.4.1
    private static final int POLICY_VIOLATION = 1008;

    private final DownstreamStream downstream;
    private final OpaqueReply reply;
    private final Deadlines deadlines;
    private final Leg.Listener listener;
    private Tunnel tunnel; // null once it has ended
    private UpstreamStream connection; // null once it has closed
    private TokenUsage usage;

    /** {@code reply} counts what the provider reports. */
    WebSocketLeg(UpstreamStream provider, DownstreamStream downstream, OpaqueReply reply,
            StreamLimits limits, Deadlines deadlines, Leg.Listener listener) {
        connection = provider;
        this.downstream = downstream;
        this.reply = reply;
        this.deadlines = deadlines;
        this.listener = listener;
        tunnel = new Tunnel(downstream, provider,
                limits.tunnelIdle().toNanos(), limits.tunnelTotal().toNanos(), now());
    }

    @Override
    public void start() {
        expect();
        connection.becomeTunnel(this);
        downstream.becomeTunnel();
        if (tunnel != null) { // what the caller sent ahead may have found the provider gone
            tunnel.onCallerReadComplete(); // no further read may follow
        }
    }

    @Override
    public boolean isOpen() {
        return tunnel != null;
    }

    private long now() {
        return deadlines.nowNanos();
    }

    private void expect() {
        deadlines.expectBy(now() + tunnel.remainingNanos(now()));
    }

    // The caller's side

    @Override
    public void onCallerBytes(ByteBuf bytes) {
        tunnel.onCallerBytes(bytes, now());
    }

    @Override
    public void onCallerReadComplete() {
        tunnel.onCallerReadComplete();
    }

    @Override
    public void onCallerWritable() {
        tunnel.onCallerWritable();
    }

    @Override
    public void onCallerEnd() {
        boolean over = tunnel.onCallerEnd(now());
        if (tunnel == null) {
            return; // what was written then showed that the provider had gone
        }
        if (over) {
            listener.onEnd(null, null);
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
        if (!tell()) {
            listener.onOver(Fault.BUDGET_SPENT);
        }
    }

    @Override
    public void onWritable() {
        tunnel.onProviderWritable();
    }

    @Override
    public void onInputEnd() {
        if (tunnel.onProviderEnd(now())) {
            listener.onEnd(null, null);
        } else {
            expect();
        }
    }

    @Override
    public void onFailed(Fault fault, String detail) {
        connection = null;
        listener.onEnd(fault == Fault.CLOSED ? null : fault, detail);
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

    @Override
    public long remainingNanos(long nowNanos) {
        return tunnel == null ? Deadlines.NEVER : tunnel.remainingNanos(nowNanos);
    }

    @Override
    public void onDeadline(long nowNanos) {
        if (tunnel.isHalfOpen()) {
            listener.onEnd(null, null);
        } else {
            listener.onOver(tunnel.isOverdue(nowNanos) ? Fault.TUNNEL_OVERDUE
                    : Fault.TUNNEL_IDLE);
        }
    }

    /** Books the usage since the last time; returns whether the leg may continue. */
    private boolean tell() {
        TokenUsage more = reply.takeUsage();
        if (more == null) {
            return true;
        }
        usage = usage == null ? more : usage.plus(more);
        return listener.onUsage(more);
    }

    // The end

    @Override
    public void sayClose(Fault why) {
        tunnel.sayClose(downstream.allocator(),
                why == Fault.SHUTDOWN ? GOING_AWAY : POLICY_VIOLATION, why.code());
    }

    /** What was queued for the provider still goes out. */
    @Override
    public TokenUsage end() {
        tell();
        tunnel = null;
        if (connection != null) {
            connection.closeGently();
            connection = null;
        }
        return usage;
    }
}

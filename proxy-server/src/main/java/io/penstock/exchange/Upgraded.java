package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.attempt.Attempt;
import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.Leg;
import io.penstock.exchange.meter.Metering;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.listen.OpenRequest;
import io.penstock.loop.Deadlines;
import io.penstock.route.Route.TargetName;
import io.penstock.upstream.UpstreamStream;
import io.penstock.usage.TokenUsage;
import java.util.function.Consumer;

/**
 * An exchange whose two sides have left HTTP behind: what the caller sends goes to the {@link Leg},
 * which is watched, and booked as it goes.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> takes what the caller sends, for the leg.
 * <br><b>Bounds:</b> those of the leg. Either side dies: the leg ends, and the exchange with it.
 */
final class Upgraded extends Deadlines.Entry implements OpenRequest, Leg.Listener {
    private final ExchangeLoop loop;
    private final Attempt attempt;
    private final AttemptLog log;
    private final Metering metering;
    private final Consumer<TokenUsage> onOver;
    private final Leg leg;

    /**
     * A leg that has yet to {@linkplain #start start}.
     *
     * @param onOver is told once, in the end, what the leg came to; null for nothing
     */
    Upgraded(ExchangeLoop loop, Attempt attempt, UpstreamStream provider,
            AttemptLog log, Metering metering, Consumer<TokenUsage> onOver) {
        this.loop = loop;
        this.attempt = attempt;
        this.log = log;
        this.metering = metering;
        this.onOver = onOver;
        leg = attempt.upgrade(provider, this);
    }

    void start() {
        loop.calls().deadlines().add(this);
        leg.start();
    }

    // The caller's side

    @Override
    public void onRequestBody(ByteBuf bytes) {
        leg.onCallerBytes(bytes);
    }

    @Override
    public void onRequestBodyRead() {
        leg.onCallerReadComplete();
    }

    @Override
    public void onRequestEnd() {
        leg.onCallerEnd();
    }

    @Override
    public void onWritabilityChanged(boolean writable) {
        if (writable) {
            leg.onCallerWritable();
        }
    }

    @Override
    public void onBadRequest(Failure failure) {
        throw new IllegalStateException("no request is read any more");
    }

    @Override
    public void onClosed() {
        end();
    }

    @Override
    public void onShutdown() {
        onOver(Fault.SHUTDOWN);
    }

    // Its time

    @Override
    protected long remainingNanos(long nowNanos) {
        return leg.remainingNanos(nowNanos);
    }

    @Override
    protected void onDeadline(long nowNanos) {
        leg.onDeadline(nowNanos);
    }

    // What becomes of the leg

    @Override
    public boolean onUsage(TokenUsage more) {
        TargetName target = attempt.target();
        return metering.bookSoFar(target.provider(), target.model(), more, loop.nowNanos());
    }

    @Override
    public void onOver(Fault why) {
        log.onBroken(attempt.ask(), attempt, why, loop.nowNanos());
        leg.sayClose(why);
        if (leg.isOpen()) { // a provider that had gone unseen is noticed when it is written to
            end();
        }
    }

    @Override
    public void onEnd(Fault fault, String detail) {
        if (fault != null) {
            attempt.provider().onError(fault.code(), detail);
            log.onBroken(attempt.ask(), attempt, fault, loop.nowNanos());
        }
        end();
    }

    private void end() {
        loop.calls().deadlines().remove(this);
        onOver.accept(leg.end());
    }
}

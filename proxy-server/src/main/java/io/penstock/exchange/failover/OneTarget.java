package io.penstock.exchange.failover;

import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.Candidate;
import io.penstock.exchange.call.Policy;
import io.penstock.failure.Fault;
import io.penstock.route.Route.TargetName;
import io.penstock.route.RoutePolicy;
import io.penstock.upstream.Provider;

/**
 * A single provider, asked once and perhaps again. No breaker keeps a call from it, since what one
 * caller asks of a provider's own endpoints says nothing about what others will.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class OneTarget implements Targets {
    private final Candidate only;
    private boolean asked;

    OneTarget(Policy policy, TargetName target) {
        Provider provider = policy.providers().get(target.provider());
        only = new Candidate(target, provider, null, 0, provider.settings().timeouts(),
                RoutePolicy.DEFAULT);
    }

    @Override
    public TargetName first() {
        return only.target();
    }

    @Override
    public Candidate next(long nowNanos, AttemptLog log) {
        if (asked) {
            return null;
        }
        asked = true;
        boolean rests = readyInNanos(nowNanos) > 0
                && !only.provider().keys().mayAskAtRest(only.target().model(), nowNanos);
        if (rests) {
            log.onPassedOver(only.target(), Fault.COOLDOWN);
            return null;
        }
        return only;
    }

    @Override
    public Candidate nextOfRoute(long nowNanos, AttemptLog log) {
        return null;
    }

    @Override
    public void beginAnew(long nowNanos) {
        asked = false;
    }

    @Override
    public boolean isAnotherLeft() {
        return false;
    }

    @Override
    public boolean isPassable(Candidate candidate, long nowNanos) {
        return true;
    }

    @Override
    public Candidate again(Candidate candidate, long nowNanos) {
        return candidate;
    }

    @Override
    public void giveBack(Candidate candidate) {}

    @Override
    public void exclude(String model) {}

    @Override
    public long restedInNanos(long nowNanos) {
        return readyInNanos(nowNanos);
    }

    @Override
    public long readyInNanos(long nowNanos) {
        return only.provider().keys().readyInNanos(only.target().model(), nowNanos);
    }
}

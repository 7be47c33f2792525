package io.penstock.exchange;

import io.penstock.answer.LocalReply;
import io.penstock.cache.ReplyCache;
import io.penstock.exchange.call.CallLoop;
import io.penstock.exchange.failover.FailoverLoop;
import io.penstock.exchange.meter.MeterLoop;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What one event loop lends to the exchanges on it.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
public final class ExchangeLoop {
    /** An exchange that drains its reply after the caller has left. */
    interface Draining {
        /** Ends the drain: what was read is settled. */
        void endDrain();
    }

    private final CallLoop calls;
    private final FailoverLoop failover;
    private final MeterLoop meter;
    private final ReplyCache cache;
    private final Set<Draining> drains = new HashSet<>(); // as many as calls in flight, at most

    /** {@code cache} is one for all loops. */
    public ExchangeLoop(CallLoop calls, MeterLoop meter, ReplyCache cache) {
        this.calls = calls;
        this.meter = meter;
        this.cache = cache;
        failover = new FailoverLoop(calls);
    }

    CallLoop calls() {
        return calls;
    }

    FailoverLoop failover() {
        return failover;
    }

    MeterLoop meter() {
        return meter;
    }

    ReplyCache cache() {
        return cache;
    }

    long nowNanos() {
        return calls.deadlines().nowNanos();
    }

    LocalReply newReply() {
        return new LocalReply(calls.writer());
    }

    /** The exchanges that are draining. */
    Set<Draining> drains() {
        return drains;
    }

    /** Ends all drains, since the proxy stops. */
    public void endDrains() {
        List.copyOf(drains).forEach(Draining::endDrain);
    }
}

package io.penstock.exchange;

import io.penstock.answer.LocalReply;
import io.penstock.cache.ReplyCache;
import io.penstock.exchange.call.CallLoop;
import io.penstock.exchange.failover.FailoverLoop;
import io.penstock.exchange.meter.MeterLoop;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

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
    private Exchange oldest; // of those under way, in a chain; null while there is none
    private Exchange newest;
    private int running;

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

    /** The exchange is under way from here on. */
    void onBegun(Exchange begun) {
        begun.older = newest;
        if (newest == null) {
            oldest = begun;
        } else {
            newest.newer = begun;
        }
        newest = begun;
        running++;
    }

    /** The exchange has finished. */
    void onOver(Exchange over) {
        if (over.older == null) {
            oldest = over.newer;
        } else {
            over.older.newer = over.newer;
        }
        if (over.newer == null) {
            newest = over.older;
        } else {
            over.newer.older = over.older;
        }
        over.older = null;
        over.newer = null;
        running--;
    }

    /** Exchanges under way. */
    public int running() {
        return running;
    }

    /** How the exchanges stand that are under way and pass the test, {@code max} at most. */
    public List<Running> running(int max, Predicate<Running> test) {
        List<Running> all = new ArrayList<>();
        for (Exchange next = oldest; next != null && all.size() < max; next = next.newer) {
            Running now = next.running();
            if (test.test(now)) {
                all.add(now);
            }
        }
        return all;
    }

    /** Ends all drains, since the proxy stops. */
    public void endDrains() {
        List.copyOf(drains).forEach(Draining::endDrain);
    }
}

package io.penstock.exchange.failover;

import io.penstock.exchange.call.CallLoop;
import io.penstock.route.HedgeSettings;
import java.util.HashMap;
import java.util.Map;

/**
 * What one event loop lends to the failover of its exchanges.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> a budget for each way of hedging that the configuration has had.
 */
public final class FailoverLoop {
    private final CallLoop calls;
    private final Map<HedgeSettings, HedgeBudget> hedgeBudgets = new HashMap<>();

    public FailoverLoop(CallLoop calls) {
        this.calls = calls;
    }

    CallLoop calls() {
        return calls;
    }

    /** The budget that all routes with these settings share. */
    HedgeBudget hedgeBudget(HedgeSettings settings) {
        return hedgeBudgets.computeIfAbsent(settings, x -> new HedgeBudget());
    }
}

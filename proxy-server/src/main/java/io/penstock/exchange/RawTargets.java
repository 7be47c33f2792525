package io.penstock.exchange;

import io.penstock.failure.Fault;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.route.TargetOrder;
import io.penstock.upstream.Provider;
import io.penstock.upstream.TargetHealth;
import io.penstock.upstream.TimeoutSettings;

/**
 * Whom one pass-through may ask: the targets of a model's route, as a chat does; or a single
 * provider, of which no breaker keeps it, since what one caller asks of it says nothing about what
 * others will.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
final class RawTargets {
    private final TargetList routed = new TargetList();
    private Policy policy;
    private TargetName first;
    private boolean isRouted;
    private boolean asked; // the single one

    void begin(Policy policy, Route route, boolean stream, long nowNanos) {
        this.policy = policy;
        first = route.targets().get(0);
        isRouted = true;
        routed.begin(policy, route, stream, TargetOrder.NO_AFFINITY, model -> 0, nowNanos);
    }

    void begin(Policy policy, TargetName only) {
        this.policy = policy;
        first = only;
        isRouted = false;
        asked = false;
    }

    /** The first of the configuration, whoever is asked first. */
    TargetName first() {
        return first;
    }

    Provider provider(TargetName target) {
        return policy.providers().get(target.provider());
    }

    TimeoutSettings timeouts(TargetName target) {
        return isRouted ? routed.timeouts(target) : provider(target).settings().timeouts();
    }

    /** Null where the outcome counts for nobody's health. */
    TargetHealth health(TargetName target) {
        return isRouted ? routed.health(target) : null;
    }

    /** The ticket by which the target that was given last may be asked, where it has a health. */
    long ticket() {
        return routed.ticket();
    }

    /** The next target, which has to be asked now; null if none is left. */
    TargetName next(long nowNanos, AttemptLog log) {
        if (isRouted) {
            return routed.next(nowNanos, log);
        }
        if (asked) {
            return null;
        }
        asked = true;
        boolean rests = provider(first).keys().readyInNanos(nowNanos) > 0
                && provider(first).keys().leastBad(nowNanos) == null;
        if (rests) {
            log.onPassedOver(first, Fault.COOLDOWN);
        }
        return rests ? null : first;
    }

    /** Whether that target may be asked once more; if so, it has to be asked now. */
    boolean tryAgain(TargetName target, long nowNanos) {
        return !isRouted || routed.tryAgain(target, nowNanos);
    }

    /** Nanoseconds until some target may be asked. */
    long readyInNanos(long nowNanos) {
        return isRouted ? routed.readyInNanos(nowNanos)
                : provider(first).keys().readyInNanos(nowNanos);
    }
}

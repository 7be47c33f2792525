package io.penstock.exchange;

import io.penstock.failure.Fault;
import io.penstock.provider.Api;
import io.penstock.route.Route.TargetName;
import io.penstock.route.Route;
import io.penstock.route.TargetOrder;
import io.penstock.route.TargetTerms;
import io.penstock.upstream.Provider;
import io.penstock.upstream.TargetHealth;
import io.penstock.upstream.TimeoutSettings;
import java.util.ArrayList;
import java.util.List;

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

    /**
     * Begins with those targets of a route whose providers have an API like OpenAI's at all, since
     * nothing here is translated; returns false if there is none.
     */
    boolean begin(Policy policy, Route route, boolean stream, long nowNanos) {
        this.policy = policy;
        List<TargetName> targets = new ArrayList<>();
        List<TargetTerms> terms = new ArrayList<>();
        for (int i = 0; i < route.targets().size(); i++) {
            TargetName target = route.targets().get(i);
            if (provider(target).speaks(Api.CHAT)) {
                targets.add(target);
                terms.add(route.terms(i));
            }
        }
        if (targets.isEmpty()) {
            return false;
        }
        first = targets.get(0);
        isRouted = true;
        routed.begin(policy, targets.size() == route.targets().size() ? route
                : new Route(targets, terms, route.policy()), stream, TargetOrder.NO_AFFINITY,
                model -> 0, nowNanos);
        return true;
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
            return nextRouted(nowNanos, log);
        }
        if (asked) {
            return null;
        }
        asked = true;
        boolean rests = provider(first).keys().readyInNanos(first.model(), nowNanos) > 0
                && !provider(first).keys().mayAskAtRest(first.model(), nowNanos);
        if (rests || !provider(first).canAuthorize()) {
            log.onPassedOver(first, rests ? Fault.COOLDOWN : Fault.NO_CREDENTIALS);
            return null;
        }
        return first;
    }

    /** Who has nothing to sign with is not worth a connection, nor one of the attempts. */
    private TargetName nextRouted(long nowNanos, AttemptLog log) {
        TargetName target = routed.next(nowNanos, log);
        while (target != null && !provider(target).canAuthorize()) {
            routed.giveBack(target);
            log.onPassedOver(target, Fault.NO_CREDENTIALS);
            target = routed.next(nowNanos, log);
        }
        return target;
    }

    /** Whether that target would be asked once more just now. */
    boolean isPassable(TargetName target, long nowNanos) {
        return !isRouted || routed.health(target).isPassable(nowNanos);
    }

    /** Whether that target may be asked once more; if so, it has to be asked now. */
    boolean tryAgain(TargetName target, long nowNanos) {
        return !isRouted || routed.tryAgain(target, nowNanos);
    }

    /** Nanoseconds until some target may be asked. */
    long readyInNanos(long nowNanos) {
        return isRouted ? routed.readyInNanos(nowNanos)
                : provider(first).keys().readyInNanos(first.model(), nowNanos);
    }
}

package io.penstock.exchange;

import io.penstock.loop.Deadlines;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.route.RoutePolicy;
import io.penstock.upstream.Provider;
import java.util.ArrayList;
import java.util.List;

/**
 * The targets of one exchange, and which of them is next: those of the route, then those of each
 * route to fall back on. Targets whose keys rest are passed over, and so is a model whose context
 * the prompt has exceeded. When nothing else is left, one whose rest is only a guess is asked all
 * the same.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
final class TargetList {
    private Policy policy;
    private final List<Route> routes = new ArrayList<>(1);
    private int current; // route
    private List<TargetName> targets = List.of(); // of it
    private int next;
    private final List<String> exceeded = new ArrayList<>(0);
    private final List<TargetName> resting = new ArrayList<>(0);

    void begin(Policy policy, Route route) {
        this.policy = policy;
        routes.clear();
        routes.add(route);
        exceeded.clear();
        resting.clear();
        enter(0);
    }

    /** Once the targets so far are done with, those of {@code route} follow, each but once. */
    void fallBackOn(Route route) {
        routes.add(route);
    }

    private void enter(int route) {
        current = route;
        targets = routes.get(route).targets();
        next = 0;
    }

    /** The route that is tried first. */
    Route route() {
        return routes.get(0);
    }

    /** How calls of that target are carried out. */
    RoutePolicy policy(TargetName target) {
        for (int i = 0; i < routes.size() - 1; i++) {
            if (routes.get(i).targets().contains(target)) {
                return routes.get(i).policy();
            }
        }
        return routes.get(routes.size() - 1).policy();
    }

    /** The prompt is too long for that model, wherever it is served. */
    void exclude(String model) {
        exceeded.add(model);
    }

    Provider provider(TargetName target) {
        return policy.providers().get(target.provider());
    }

    /** The next target; null if none is left. Notes in the log whom it passes over. */
    TargetName next(long nowNanos, AttemptLog log) {
        while (next < targets.size() || current + 1 < routes.size()) {
            if (next == targets.size()) {
                enter(current + 1);
                continue;
            }
            TargetName target = targets.get(next++);
            if (exceeded.contains(target.model()) || isOfEarlierRoute(target)) {
                continue;
            }
            if (provider(target).keys().readyInNanos(nowNanos) == 0) {
                return target;
            }
            log.onPassedOver(target);
            if (provider(target).keys().leastBad(nowNanos) != null) {
                resting.add(target);
            }
        }
        resting.removeIf(target -> exceeded.contains(target.model()));
        return resting.isEmpty() ? null : resting.remove(0);
    }

    private boolean isOfEarlierRoute(TargetName target) {
        for (int i = 0; i < current; i++) {
            if (routes.get(i).targets().contains(target)) {
                return true;
            }
        }
        return false;
    }

    /** Nanoseconds until some target's key is ready; {@link Deadlines#NEVER} if there is none. */
    long readyInNanos(long nowNanos) {
        long soonest = Deadlines.NEVER;
        for (Route route : routes) {
            for (TargetName target : route.targets()) {
                soonest = Math.min(soonest, provider(target).keys().readyInNanos(nowNanos));
            }
        }
        return soonest;
    }
}

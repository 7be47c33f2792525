package io.penstock.exchange;

import io.penstock.failure.Fault;
import io.penstock.loop.Deadlines;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.route.RoutePolicy;
import io.penstock.route.TargetFigures;
import io.penstock.route.TargetOrder;
import io.penstock.route.TargetTerms;
import io.penstock.route.TargetTimeouts;
import io.penstock.upstream.Provider;
import io.penstock.upstream.TargetHealth;
import io.penstock.upstream.TimeoutSettings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * The targets of one exchange, in the order that the route's strategy gives them, then those of
 * each route to fall back on, and which of them is next. Passed over are those whose keys rest,
 * whose breaker is open, whose context window is too small, and a model whose context the prompt
 * has exceeded. When nothing else is left, one is asked all the same whose rest is only a guess, or
 * some of whose calls went well of late.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
final class TargetList implements TargetFigures {
    private final TargetOrder order = new TargetOrder();
    private final List<String> exceeded = new ArrayList<>(0);
    private final List<TargetName> resting = new ArrayList<>(0);
    private final List<TargetName> failing = new ArrayList<>(0);
    private TargetHealth[] healths = {}; // by place in the route; null where not needed so far
    private boolean[] tooSmall = {}; // the same; only of a route with context windows
    private Policy policy;
    private final List<Route> routes = new ArrayList<>(1);
    private long[] affinities = new long[1]; // by place in the routes
    private int current; // place of the route
    private Route route;
    private ToLongFunction<String> tokens;
    private boolean stream;
    private long nowNanos;
    private int next;
    private long ticket;

    /**
     * Begins with the targets of a route.
     *
     * @param affinity of the call, or {@link TargetOrder#NO_AFFINITY}
     * @param tokens how many tokens of its context a model of that name would need for the call
     */
    void begin(Policy policy, Route route, boolean stream, long affinity,
            ToLongFunction<String> tokens, long nowNanos) {
        this.policy = policy;
        this.stream = stream;
        this.tokens = tokens;
        routes.clear();
        exceeded.clear();
        resting.clear();
        failing.clear();
        fallBackOn(route, affinity);
        enter(0, nowNanos);
    }

    /** When the targets so far are done with, those of {@code route} follow, none of them twice. */
    void fallBackOn(Route route, long affinity) {
        if (affinities.length == routes.size()) {
            affinities = Arrays.copyOf(affinities, 2 * affinities.length);
        }
        affinities[routes.size()] = affinity;
        routes.add(route);
    }

    private void enter(int place, long nowNanos) {
        this.nowNanos = nowNanos;
        current = place;
        route = routes.get(place);
        next = 0;
        int count = route.targets().size();
        if (healths.length < count) {
            healths = new TargetHealth[count];
        } else {
            Arrays.fill(healths, null);
        }
        if (route.hasWindows()) {
            measure();
        }
        order.arrange(route, this, affinities[place]);
    }

    /** Finds those that the call is too long for; where it is for all, the largest may try. */
    private void measure() {
        int count = route.targets().size();
        if (tooSmall.length < count) {
            tooSmall = new boolean[count];
        }
        boolean anyFits = false;
        int largest = 0;
        for (int i = 0; i < count; i++) {
            int window = route.terms(i).contextWindow();
            tooSmall[i] = window != TargetTerms.UNBOUNDED
                    && tokens.applyAsLong(route.targets().get(i).model()) > window;
            anyFits |= !tooSmall[i];
            largest = Math.max(largest, window);
        }
        for (int i = 0; i < count && !anyFits; i++) {
            tooSmall[i] = route.terms(i).contextWindow() < largest;
        }
    }

    private boolean isTooSmall(int target) {
        return route.hasWindows() && tooSmall[target];
    }

    /** The prompt is too long for that model, wherever it is served. */
    void exclude(String model) {
        exceeded.add(model);
    }

    Provider provider(TargetName target) {
        return policy.providers().get(target.provider());
    }

    TargetHealth health(TargetName target) {
        return provider(target).health(target.model());
    }

    private TargetHealth health(int target) {
        TargetHealth health = healths[target];
        return health != null ? health
                : (healths[target] = health(route.targets().get(target)));
    }

    /** The provider's timers, but for what the target says of them. */
    TimeoutSettings timeouts(TargetName target) {
        TimeoutSettings own = provider(target).settings().timeouts();
        Route of = routeOf(target);
        TargetTimeouts said = of.terms(placeIn(of, target)).timeouts();
        return said == null ? own : own.with(said.connect(), said.tls(), said.head(),
                said.firstContent(), said.gap(), said.total());
    }

    /** How calls of that target are carried out. */
    RoutePolicy policy(TargetName target) {
        return routeOf(target).policy();
    }

    /** The route by which that very target was given. */
    private Route routeOf(TargetName target) {
        for (Route each : routes) {
            if (placeIn(each, target) >= 0) {
                return each;
            }
        }
        throw new IllegalArgumentException(target + " is none of these");
    }

    /** By identity: a route may have the same twice, on different terms. */
    private static int placeIn(Route route, TargetName target) {
        List<TargetName> targets = route.targets();
        int place = targets.size() - 1;
        while (place >= 0 && targets.get(place) != target) {
            place--;
        }
        return place;
    }

    private boolean isOfEarlierRoute(TargetName target) {
        for (int i = 0; i < current; i++) {
            if (routes.get(i).targets().contains(target)) {
                return true;
            }
        }
        return false;
    }

    /**
     * The next target, which has to be asked now; null if none is left. Notes in the log whom it
     * passes over.
     */
    TargetName next(long nowNanos, AttemptLog log) {
        TargetName target = nextOfRoute(nowNanos, log);
        while (target == null && current + 1 < routes.size()) {
            enter(current + 1, nowNanos);
            target = nextOfRoute(nowNanos, log);
        }
        return target != null ? target : leastBad(nowNanos);
    }

    /** The same, but for routes to fall back on and for those passed over. */
    TargetName nextOfRoute(long nowNanos, AttemptLog log) {
        while (next < order.count()) {
            int place = order.at(next++);
            TargetName target = route.targets().get(place);
            if (exceeded.contains(target.model()) || isOfEarlierRoute(target)) {
                continue;
            }
            if (isTooSmall(place)) {
                log.onPassedOver(target, Fault.CONTEXT_WINDOW);
            } else if (provider(target).keys().readyInNanos(target.model(), nowNanos) > 0) {
                log.onPassedOver(target, Fault.COOLDOWN);
                if (provider(target).keys().mayAskAtRest(target.model(), nowNanos)) {
                    resting.add(target);
                }
            } else if (take(health(place).tryPass(nowNanos))) {
                return target;
            } else {
                log.onPassedOver(target, Fault.BREAKER_OPEN);
                failing.add(target);
            }
        }
        return null;
    }

    private boolean take(long ticket) {
        this.ticket = ticket;
        return ticket != TargetHealth.REFUSED;
    }

    /** One of those passed over, after all; each once. */
    private TargetName leastBad(long nowNanos) {
        while (!resting.isEmpty() || !failing.isEmpty()) {
            TargetName target = !resting.isEmpty() ? resting.remove(0)
                    : failing.remove(leastFailing(nowNanos));
            if (!exceeded.contains(target.model())
                    && take(health(target).tryPassAsLast(nowNanos))) {
                return target;
            }
        }
        return null;
    }

    private int leastFailing(long nowNanos) {
        int least = 0;
        double ratio = 2;
        for (int i = 0; i < failing.size(); i++) {
            double failures = health(failing.get(i)).failureRatio(nowNanos);
            if (failures < ratio) {
                least = i;
                ratio = failures;
            }
        }
        return least;
    }

    /** Whether a target is left that was not looked at yet. */
    boolean isAnotherLeft() {
        return next < order.count();
    }

    /** Whether that target may be asked once more; if so, it has to be asked now. */
    boolean tryAgain(TargetName target, long nowNanos) {
        return take(health(target).tryPass(nowNanos));
    }

    /** The ticket by which the target that was given last may be asked. */
    long ticket() {
        return ticket;
    }

    /** The target that was given last cannot be asked: its ticket goes unused. */
    void giveBack(TargetName target) {
        health(target).onNothing(ticket);
    }

    /** Nanoseconds until some target may be asked; {@link Deadlines#NEVER} if there is none. */
    long readyInNanos(long nowNanos) {
        long soonest = Deadlines.NEVER;
        for (Route each : routes) {
            for (TargetName target : each.targets()) {
                soonest = Math.min(soonest, Math.max(health(target).readyInNanos(nowNanos),
                        provider(target).keys().readyInNanos(target.model(), nowNanos)));
            }
        }
        return soonest;
    }

    // For the order

    @Override
    public boolean isReady(int target) {
        TargetName name = route.targets().get(target);
        return !isTooSmall(target) && health(target).isPassable(nowNanos)
                && provider(name).keys().readyInNanos(name.model(), nowNanos) == 0;
    }

    @Override
    public int inFlight(int target) {
        return health(target).inFlight();
    }

    @Override
    public double latencyNanos(int target) {
        return health(target).averageNanos(stream);
    }

    @Override
    public long latencyAgeNanos(int target) {
        return health(target).ageNanos(stream, nowNanos);
    }
}

package io.penstock.exchange.failover;

import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.Candidate;
import io.penstock.exchange.call.Policy;
import io.penstock.exchange.call.Whom;
import io.penstock.failure.Fault;
import io.penstock.loop.Deadlines;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.route.TargetFigures;
import io.penstock.route.TargetOrder;
import io.penstock.route.TargetTerms;
import io.penstock.route.TargetTimeouts;
import io.penstock.upstream.KeyPool;
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
final class RoutedTargets implements Targets, TargetFigures {
    /** A target's place in a route; the same target may have several, on different terms. */
    private record Place(Route route, int index) {
        TargetName target() {
            return route.targets().get(index);
        }
    }

    private final TargetOrder order = new TargetOrder();
    private final List<String> exceeded = new ArrayList<>(0);
    private final List<Place> resting = new ArrayList<>(0);
    private final List<Place> failing = new ArrayList<>(0);
    private TargetHealth[] healths = {}; // by place in the route; null where not needed so far
    private boolean[] tooSmall = {}; // the same; only of a route with context windows
    private final Policy policy;
    private final List<Route> routes;
    private final long[] affinities; // by place in the routes
    private final ToLongFunction<String> tokens;
    private final boolean stream;
    private int current; // place of the route
    private Route route;
    private long nowNanos;
    private int next;

    /**
     * The targets of those routes, in their order.
     *
     * @param tokens how many tokens of its context a model of that name would need for the call
     */
    RoutedTargets(Policy policy, Whom.Routed whom, boolean stream, ToLongFunction<String> tokens,
            long nowNanos) {
        this.policy = policy;
        this.stream = stream;
        this.tokens = tokens;
        routes = whom.routes();
        affinities = whom.affinities();
        enter(0, nowNanos);
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

    @Override
    public void exclude(String model) {
        exceeded.add(model);
    }

    private Provider provider(TargetName target) {
        return policy.providers().get(target.provider());
    }

    private TargetHealth health(TargetName target) {
        return provider(target).health(target.model());
    }

    private TargetHealth health(int target) {
        if (healths[target] == null) {
            healths[target] = health(route.targets().get(target));
        }
        return healths[target];
    }

    private Candidate candidate(Place place, TargetHealth health, long ticket) {
        Provider provider = provider(place.target());
        TimeoutSettings own = provider.settings().timeouts();
        TargetTimeouts said = place.route().terms(place.index()).timeouts();
        return new Candidate(place.target(), provider, health, ticket, said == null ? own
                : own.with(said.connect(), said.tls(), said.head(), said.headOfUnary(),
                        said.firstContent(), said.gap(), said.total()), place.route().policy());
    }

    private boolean isOfEarlierRoute(TargetName target) {
        for (int i = 0; i < current; i++) {
            if (routes.get(i).targets().contains(target)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public TargetName first() {
        return routes.get(0).targets().get(0);
    }

    @Override
    public Candidate next(long nowNanos, AttemptLog log) {
        Candidate candidate = nextOfRoute(nowNanos, log);
        while (candidate == null && current + 1 < routes.size()) {
            enter(current + 1, nowNanos);
            candidate = nextOfRoute(nowNanos, log);
        }
        return candidate != null ? candidate : leastBad(nowNanos);
    }

    @Override
    public Candidate nextOfRoute(long nowNanos, AttemptLog log) {
        while (next < order.count()) {
            int index = order.at(next++);
            Place place = new Place(route, index);
            TargetName target = place.target();
            if (exceeded.contains(target.model()) || isOfEarlierRoute(target)) {
                continue;
            }
            KeyPool keys = provider(target).keys();
            if (isTooSmall(index)) {
                log.onPassedOver(target, Fault.CONTEXT_WINDOW);
            } else if (keys.readyInNanos(target.model(), nowNanos) > 0) {
                log.onPassedOver(target, Fault.COOLDOWN);
                if (keys.mayAskAtRest(target.model(), nowNanos)) {
                    resting.add(place);
                }
            } else {
                long ticket = health(index).tryPass(nowNanos);
                if (ticket != TargetHealth.REFUSED) {
                    return candidate(place, health(index), ticket);
                }
                log.onPassedOver(target, Fault.BREAKER_OPEN);
                failing.add(place);
            }
        }
        return null;
    }

    /** One of those passed over, after all; each once. */
    private Candidate leastBad(long nowNanos) {
        while (!resting.isEmpty() || !failing.isEmpty()) {
            Place place = !resting.isEmpty() ? resting.remove(0)
                    : failing.remove(leastFailing(nowNanos));
            if (!exceeded.contains(place.target().model())) {
                TargetHealth health = health(place.target());
                long ticket = health.tryPassAsLast(nowNanos);
                if (ticket != TargetHealth.REFUSED) {
                    return candidate(place, health, ticket);
                }
            }
        }
        return null;
    }

    private int leastFailing(long nowNanos) {
        int least = 0;
        double ratio = 2;
        for (int i = 0; i < failing.size(); i++) {
            double failures = health(failing.get(i).target()).failureRatio(nowNanos);
            if (failures < ratio) {
                least = i;
                ratio = failures;
            }
        }
        return least;
    }

    @Override
    public void beginAnew(long nowNanos) {
        resting.clear();
        failing.clear();
        enter(0, nowNanos);
    }

    @Override
    public boolean isAnotherLeft() {
        return next < order.count() || current + 1 < routes.size();
    }

    @Override
    public boolean isPassable(Candidate candidate, long nowNanos) {
        return candidate.health().isPassable(nowNanos);
    }

    @Override
    public Candidate again(Candidate candidate, long nowNanos) {
        long ticket = candidate.health().tryPass(nowNanos);
        return ticket == TargetHealth.REFUSED ? null : candidate.with(ticket);
    }

    @Override
    public void giveBack(Candidate candidate) {
        candidate.health().onNothing(candidate.ticket());
    }

    @Override
    public long restedInNanos(long nowNanos) {
        long soonest = Deadlines.NEVER;
        for (Route each : routes) {
            for (TargetName target : each.targets()) {
                if (health(target).isPassable(nowNanos)) {
                    soonest = Math.min(soonest,
                            provider(target).keys().readyInNanos(target.model(), nowNanos));
                }
            }
        }
        return soonest;
    }

    @Override
    public long readyInNanos(long nowNanos) {
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

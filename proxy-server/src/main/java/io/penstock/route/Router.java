package io.penstock.route;

import io.penstock.route.Route.TargetName;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Finds the route of a model's name: a configured one of that very name, then one whose glob
 * matches, then {@code provider/model}, then every enabled provider that lists the model, by its
 * name or a glob, by priority.
 *
 * <p><b>Thread:</b> safe. <b>Bounds:</b> remembers {@value #MAX_REMEMBERED} names.
 */
public final class Router {
    static final int MAX_REMEMBERED = 10_000;
    private static final int MAX_REMEMBERED_CHARS = 128;

    /** An enabled provider, as far as routing goes. */
    public record Candidate(String provider, List<String> models, int priority) {
        boolean serves(String model) {
            return models.contains(model) || models.stream()
                    .anyMatch(each -> each.contains("*") && new Glob(each).matches(model));
        }
    }

    private record Configured(Glob glob, Route route) {}

    private final List<Configured> routes = new ArrayList<>();
    private final List<Candidate> candidates;
    private final RoutePolicy unrouted;
    private final List<String> affinityHeaders;
    private final ConcurrentHashMap<String, Route> remembered = new ConcurrentHashMap<>();

    /** One that carries out calls of models without a route by default. */
    public Router(List<RouteSettings> settings, List<Candidate> candidates) {
        this(settings, candidates, RoutePolicy.DEFAULT);
    }

    /**
     * {@code candidates} in any order; of equal priority, the earlier one goes first.
     *
     * @param unrouted how calls of models without a route are carried out
     */
    public Router(List<RouteSettings> settings, List<Candidate> candidates,
            RoutePolicy unrouted) {
        this.unrouted = unrouted;
        this.candidates = candidates.stream()
                .sorted(Comparator.comparingInt(Candidate::priority)).toList();
        Set<String> enabled = new LinkedHashSet<>();
        this.candidates.forEach(candidate -> enabled.add(candidate.provider()));
        for (RouteSettings route : settings) {
            List<TargetName> targets = new ArrayList<>();
            List<TargetTerms> terms = new ArrayList<>();
            route.targets().forEach(target -> {
                if (enabled.contains(target.provider())) {
                    targets.add(new TargetName(target.provider(), target.model()));
                    terms.add(target.terms());
                }
            });
            if (!targets.isEmpty()) {
                routes.add(new Configured(new Glob(route.model()),
                        new Route(targets, terms, route.policy())));
            }
        }
        affinityHeaders = routes.stream().map(each -> each.route().policy().affinity())
                .filter(affinity -> affinity != null && affinity.header() != null)
                .map(Affinity::header).distinct().toList();
    }

    /** The route of that name; null if no provider serves it. */
    public @Nullable Route find(String model) {
        Route route = remembered.get(model);
        if (route == null) {
            route = search(model);
            if (route != null && remembered.size() < MAX_REMEMBERED
                    && model.length() <= MAX_REMEMBERED_CHARS) {
                remembered.put(model, route);
            }
        }
        return route;
    }

    private @Nullable Route search(String model) {
        for (Configured configured : routes) {
            if (configured.glob().toString().equals(model)) {
                return configured.route().named(model);
            }
        }
        for (Configured configured : routes) {
            if (configured.glob().matches(model)) {
                return configured.route().named(model);
            }
        }
        int slash = model.indexOf('/');
        if (slash > 0) {
            String provider = model.substring(0, slash);
            String name = model.substring(slash + 1);
            for (Candidate candidate : candidates) {
                if (candidate.provider().equals(provider) && !name.isEmpty()
                        && candidate.serves(name)) {
                    return new Route(List.of(new TargetName(provider, name)), unrouted);
                }
            }
        }
        List<TargetName> targets = new ArrayList<>();
        for (Candidate candidate : candidates) {
            if (candidate.serves(model)) {
                targets.add(new TargetName(candidate.provider(), model));
            }
        }
        return targets.isEmpty() ? null : new Route(targets, unrouted);
    }

    /** The names of models, of that provider, that routes have as their targets. */
    public Set<String> targetsOf(String provider) {
        Set<String> models = new LinkedHashSet<>();
        routes.forEach(each -> each.route().targets().forEach(target -> {
            if (target.provider().equals(provider) && !target.model().equals("*")) {
                models.add(target.model());
            }
        }));
        return models;
    }

    /** The header fields that keep some route's calls together, in lower case, each once. */
    public List<String> affinityHeaders() {
        return affinityHeaders;
    }

    /** The names that can be listed: routes and models without a star, in order, each once. */
    public List<String> models() {
        Set<String> names = new LinkedHashSet<>();
        routes.forEach(route -> names.add(route.glob().toString()));
        candidates.forEach(candidate -> names.addAll(candidate.models()));
        names.removeIf(name -> name.contains("*"));
        return List.copyOf(names);
    }

    /** The provider that would be asked first; for lists of models. */
    public @Nullable String ownerOf(String model) {
        Route route = find(model);
        return route == null ? null : route.targets().get(0).provider();
    }
}

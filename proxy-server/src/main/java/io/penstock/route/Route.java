package io.penstock.route;

import java.util.List;

/**
 * Where a model's calls go: targets in the order of the configuration, at least one.
 *
 * <p><b>Thread:</b> safe; immutable but for where its calls have got to.
 */
public final class Route {
    private final List<TargetName> targets;
    private final List<TargetTerms> terms;
    private final RoutePolicy policy;
    private final Rotation rotation;
    private final boolean windows;

    /** A provider and what it calls the model. */
    public record TargetName(String provider, String model) {
        @Override
        public String toString() {
            return provider + "/" + model;
        }
    }

    /** One whose targets are all asked on the same terms. */
    public Route(List<TargetName> targets, RoutePolicy policy) {
        this(targets, targets.stream().map(target -> TargetTerms.DEFAULT).toList(), policy);
    }

    /** {@code terms} belong to the targets, place by place. */
    public Route(List<TargetName> targets, List<TargetTerms> terms, RoutePolicy policy) {
        this(targets, terms, policy, new Rotation(targets.size()));
    }

    private Route(List<TargetName> targets, List<TargetTerms> terms, RoutePolicy policy,
            Rotation rotation) {
        this.targets = List.copyOf(targets);
        this.terms = List.copyOf(terms);
        this.policy = policy;
        this.rotation = rotation;
        windows = terms.stream().anyMatch(
                each -> each.contextWindow() != TargetTerms.UNBOUNDED);
    }

    /** This route for a model of that name, put where a target says {@code *}; turns are shared. */
    Route named(String model) {
        return new Route(targets.stream()
                .map(target -> target.model().equals("*")
                        ? new TargetName(target.provider(), model) : target)
                .toList(), terms, policy, rotation);
    }

    public List<TargetName> targets() {
        return targets;
    }

    public TargetTerms terms(int target) {
        return terms.get(target);
    }

    public RoutePolicy policy() {
        return policy;
    }

    /** Whether the context window of some target is known. */
    public boolean hasWindows() {
        return windows;
    }

    Rotation rotation() {
        return rotation;
    }
}

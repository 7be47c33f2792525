package io.penstock.route;

import java.util.List;

/**
 * One entry of {@code routes}.
 *
 * @param model the name that clients ask for; {@code *} stands for any run of characters
 * @param targets in the order in which they are tried
 * @param policy how its calls are carried out
 */
public record RouteSettings(String model, List<TargetSettings> targets, RoutePolicy policy) {

    /**
     * One target of a route.
     *
     * @param provider the name of a provider
     * @param model what that provider calls the model; {@code *} keeps the caller's name
     * @param terms on which it is asked
     */
    public record TargetSettings(String provider, String model, TargetTerms terms) {
        /** One with nothing said but its name. */
        public TargetSettings(String provider, String model) {
            this(provider, model, TargetTerms.DEFAULT);
        }
    }

    public RouteSettings {
        if (model.isBlank()) {
            throw new IllegalArgumentException("model: empty (expected: a name, or a glob)");
        }
        targets = List.copyOf(targets);
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("targets: empty (expected: PROVIDER/MODEL, …)");
        }
    }
}

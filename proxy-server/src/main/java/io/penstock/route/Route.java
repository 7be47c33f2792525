package io.penstock.route;

import java.util.List;

/** Where a model's calls go: targets in the order in which they are tried, at least one. */
public record Route(List<TargetName> targets, RoutePolicy policy) {

    /** A provider and what it calls the model. */
    public record TargetName(String provider, String model) {
        @Override
        public String toString() {
            return provider + "/" + model;
        }
    }

    public Route {
        targets = List.copyOf(targets);
    }
}

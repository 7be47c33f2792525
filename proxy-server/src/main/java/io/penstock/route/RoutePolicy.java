package io.penstock.route;

import org.jspecify.annotations.Nullable;

/**
 * How a route's calls are carried out, whatever their targets.
 *
 * @param strategy which target comes first
 * @param affinity what keeps calls that belong together on one target; null for nothing
 * @param hedge when a second target is asked because the first is slow; null for never
 * @param midstream what follows when a stream breaks after its first content
 * @param hold what an attempt must show before the caller sees any of it
 * @param drains a reply whose caller has gone is read on, to learn its usage
 */
public record RoutePolicy(Strategy strategy, @Nullable Affinity affinity,
        @Nullable HedgeSettings hedge, Midstream midstream, HoldSettings hold, boolean drains) {
    public static final RoutePolicy DEFAULT = new RoutePolicy(HoldSettings.DEFAULT, false);

    /** One that leaves all else at its default. */
    public RoutePolicy(HoldSettings hold, boolean drains) {
        this(Strategy.PRIORITY, null, null, Midstream.ERROR, hold, drains);
    }
}

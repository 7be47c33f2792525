package io.penstock.route;

import java.time.Duration;
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
 * @param waits how long a target's own word may be waited out
 * @param cacheTtl how long a reply may be given again, zero for not at all; null for what holds
 *     where no route says it
 */
public record RoutePolicy(Strategy strategy, @Nullable Affinity affinity,
        @Nullable HedgeSettings hedge, Midstream midstream, HoldSettings hold, boolean drains,
        WaitSettings waits, @Nullable Duration cacheTtl) {
    public static final RoutePolicy DEFAULT = new RoutePolicy(HoldSettings.DEFAULT, false);

    /** One that leaves all else at its default. */
    public RoutePolicy(HoldSettings hold, boolean drains) {
        this(Strategy.PRIORITY, null, null, Midstream.ERROR, hold, drains);
    }

    /** One that waits as long as it does by default. */
    public RoutePolicy(Strategy strategy, @Nullable Affinity affinity,
            @Nullable HedgeSettings hedge, Midstream midstream, HoldSettings hold,
            boolean drains) {
        this(strategy, affinity, hedge, midstream, hold, drains, WaitSettings.DEFAULT);
    }

    /** One whose replies are given again for as long as others. */
    public RoutePolicy(Strategy strategy, @Nullable Affinity affinity,
            @Nullable HedgeSettings hedge, Midstream midstream, HoldSettings hold, boolean drains,
            WaitSettings waits) {
        this(strategy, affinity, hedge, midstream, hold, drains, waits, null);
    }

    /** This policy, with that time for a reply to be given again; null for the usual one. */
    public RoutePolicy withCacheTtl(@Nullable Duration ttl) {
        return new RoutePolicy(strategy, affinity, hedge, midstream, hold, drains, waits, ttl);
    }
}

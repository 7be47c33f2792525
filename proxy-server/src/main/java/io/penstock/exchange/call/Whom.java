package io.penstock.exchange.call;

import io.penstock.failure.Failure;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import java.util.List;

/** The targets that may answer a call, or why there are none. */
public sealed interface Whom {
    /**
     * Any target of these routes, in their order.
     *
     * @param affinities of the call to the targets of each route, place by place; {@link
     *     io.penstock.route.TargetOrder#NO_AFFINITY} for none
     */
    record Routed(List<Route> routes, long[] affinities) implements Whom {}

    /** One provider alone; the outcome counts for no target's health. */
    record Only(TargetName target) implements Whom {}

    /** No target at all. */
    record Refused(Failure why) implements Whom {}
}

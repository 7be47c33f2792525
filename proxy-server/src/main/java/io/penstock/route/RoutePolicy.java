package io.penstock.route;

/**
 * How a route's calls are carried out, whatever their targets.
 *
 * @param hold what an attempt must show before the caller sees any of it
 * @param drains a reply whose caller has gone is read on, to learn its usage
 */
public record RoutePolicy(HoldSettings hold, boolean drains) {
    public static final RoutePolicy DEFAULT = new RoutePolicy(HoldSettings.DEFAULT, false);
}

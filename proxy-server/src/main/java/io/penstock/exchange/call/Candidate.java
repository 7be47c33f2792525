package io.penstock.exchange.call;

import io.penstock.route.Route.TargetName;
import io.penstock.route.RoutePolicy;
import io.penstock.upstream.Provider;
import io.penstock.upstream.TargetHealth;
import io.penstock.upstream.TimeoutSettings;

/**
 * A target that may be asked now: it has to be asked, or given back.
 *
 * @param health null where the outcome counts for no target's health
 * @param ticket by which the health lets it be asked
 * @param policy of the route by which it was found
 */
public record Candidate(TargetName target, Provider provider, TargetHealth health, long ticket,
        TimeoutSettings timeouts, RoutePolicy policy) {

    /** The same target, which its health lets be asked once more. */
    public Candidate with(long ticket) {
        return new Candidate(target, provider, health, ticket, timeouts, policy);
    }

    /** The same with other timers. */
    public Candidate with(TimeoutSettings timeouts) {
        return new Candidate(target, provider, health, ticket, timeouts, policy);
    }
}

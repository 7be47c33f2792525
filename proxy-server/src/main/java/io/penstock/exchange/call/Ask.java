package io.penstock.exchange.call;

import io.penstock.http.HeadWriter;
import io.penstock.route.HoldSettings;
import io.penstock.route.Route.TargetName;
import io.penstock.trace.AttemptSpan;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderKey;

/**
 * One asking of one target.
 *
 * @param key null where the provider wants none
 * @param request as the target gets it
 * @param why this attempt is made
 * @param cutsAtBudget a spent budget ends the stream
 * @param span of the attempt, in the trace of which the target is told; null where nothing is
 *     traced
 */
public record Ask(Candidate candidate, ProviderKey key, OutboundRequest request, Why why,
        boolean cutsAtBudget, AttemptSpan span) {

    /** An asking that belongs to no trace. */
    public Ask(Candidate candidate, ProviderKey key, OutboundRequest request, Why why,
            boolean cutsAtBudget) {
        this(candidate, key, request, why, cutsAtBudget, null);
    }

    /** Why an attempt is made. */
    public enum Why {
        /** The first of its exchange. */
        FIRST,
        /** A further try at one target: the fault may be gone, or the key or wording is another. */
        AGAIN,
        /** The target before failed. */
        NEXT,
        /** The target before is slow, and still at work. */
        HEDGE,
        /** The caller has begun to get an answer, which this one should continue. */
        CONTINUE
    }

    public TargetName target() {
        return candidate.target();
    }

    public Provider provider() {
        return candidate.provider();
    }

    /** Whether the reply should continue another one that broke off. */
    public boolean continues() {
        return why == Why.CONTINUE;
    }

    /** Whether the model decided who is asked, so that another target could answer as well. */
    public boolean isRouted() {
        return candidate.health() != null;
    }

    /** Writes the field lines of the trace that the attempt belongs to, if any. */
    public void writeTrace(HeadWriter out) {
        if (span != null) {
            span.writeTo(out);
        }
    }

    /** What the reply must show before the caller sees any of it. */
    public HoldSettings hold() {
        return continues() ? HoldSettings.DEFAULT : candidate.policy().hold();
    }
}

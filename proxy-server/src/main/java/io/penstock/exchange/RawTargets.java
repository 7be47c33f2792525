package io.penstock.exchange;

import io.penstock.loop.Deadlines;
import io.penstock.route.Route.TargetName;
import io.penstock.upstream.Provider;
import java.util.List;

/**
 * The targets of one pass-through in their order: those whose keys rest are passed over, and the
 * first of them whose rest is only a guess is asked when nothing else is left.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
final class RawTargets {
    private Policy policy;
    private List<TargetName> targets = List.of();
    private int next;
    private TargetName resting; // null for none

    void begin(Policy policy, List<TargetName> targets) {
        this.policy = policy;
        this.targets = targets;
        next = 0;
        resting = null;
    }

    TargetName first() {
        return targets.get(0);
    }

    Provider provider(TargetName target) {
        return policy.providers().get(target.provider());
    }

    /** The next target; null if none is left. Notes in the log whom it passes over. */
    TargetName next(long nowNanos, AttemptLog log) {
        while (next < targets.size()) {
            TargetName target = targets.get(next++);
            if (provider(target).keys().readyInNanos(nowNanos) == 0) {
                return target;
            }
            log.onPassedOver(target);
            if (resting == null && provider(target).keys().leastBad(nowNanos) != null) {
                resting = target;
            }
        }
        TargetName last = resting;
        resting = null;
        return last;
    }

    /** Nanoseconds until some target's key is ready; {@link Deadlines#NEVER} if there is none. */
    long readyInNanos(long nowNanos) {
        long soonest = Deadlines.NEVER;
        for (TargetName target : targets) {
            soonest = Math.min(soonest, provider(target).keys().readyInNanos(nowNanos));
        }
        return soonest;
    }
}

package io.penstock.exchange;

import io.penstock.loop.Deadlines;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.upstream.Provider;
import java.util.ArrayList;
import java.util.List;

/**
 * The targets of one exchange, and which of them is next: those whose keys rest are passed over,
 * and so is a model whose context the prompt has exceeded. When nothing else is left, one whose
 * rest is only a guess is asked all the same.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
final class TargetList {
    private Policy policy;
    private List<TargetName> targets = List.of();
    private int next;
    private final List<String> exceeded = new ArrayList<>(0);
    private final List<TargetName> resting = new ArrayList<>(0);

    void begin(Policy policy, Route route) {
        this.policy = policy;
        targets = route.targets();
        next = 0;
        exceeded.clear();
        resting.clear();
    }

    /** The prompt is too long for that model, wherever it is served. */
    void exclude(String model) {
        exceeded.add(model);
    }

    Provider provider(TargetName target) {
        return policy.providers().get(target.provider());
    }

    /** The next target; null if none is left. Notes in the log whom it passes over. */
    TargetName next(long nowNanos, AttemptLog log) {
        while (next < targets.size()) {
            TargetName target = targets.get(next++);
            if (exceeded.contains(target.model())) {
                continue;
            }
            if (provider(target).keys().readyInNanos(nowNanos) == 0) {
                return target;
            }
            log.onPassedOver(target);
            if (provider(target).keys().leastBad(nowNanos) != null) {
                resting.add(target);
            }
        }
        resting.removeIf(target -> exceeded.contains(target.model()));
        return resting.isEmpty() ? null : resting.remove(0);
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

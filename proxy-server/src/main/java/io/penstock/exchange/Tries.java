package io.penstock.exchange;

import io.penstock.exchange.Timing.Stage;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.listen.DownstreamConnection;
import io.penstock.loop.Deadlines;
import io.penstock.provider.ReplyVerdict;
import io.penstock.route.HedgeSettings;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderKey;
import io.penstock.upstream.RetryAfter;
import io.penstock.upstream.TimeoutSettings;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * The tries of one exchange: which target is asked next, in whose words and with which key, when
 * one is asked again, and when a second is asked beside it.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> the attempts that the policy allows, the total time of the target asked last;
 * further tries of the same provider, its retry budget; second ones, the loop's hedge budget.
 */
final class Tries {
    private static final long MIN_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(25);
    private static final long MAX_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** The longest {@code retry-after} that is waited out when no other target is left. */
    static final long MAX_LAST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Exchange exchange;
    private final ExchangeLoop loop;
    private final DownstreamConnection downstream;
    private final IncomingRequest incoming;
    private final RequestFields request;
    private final AttemptLog log;
    private final Timing timing;
    private final AttemptCosts costs;
    private final Race race;
    private final TargetList targets = new TargetList();
    private final ToLongFunction<String> contextTokens;
    private final ToLongFunction<String> promptTokens; // the estimate

    private Endpoint endpoint;
    private Policy policy;
    private Route route; // of the model asked for
    private Continuation continuation; // null where a stream that breaks is not continued
    private boolean goesOn; // with a stream that the caller has begun to get
    private long dispatchedNanos;
    private long totalNanos;
    private long pauseUntilNanos; // while there is a target to try again
    private TargetName pausedTarget;
    private int sameTargetTries;
    private Provider doubtful; // seems to refuse the question for a stream's usage

    Tries(Exchange exchange, ExchangeLoop loop, DownstreamConnection downstream,
            IncomingRequest incoming, AttemptLog log, Timing timing, Metering metering,
            AttemptCosts costs) {
        this.exchange = exchange;
        this.loop = loop;
        this.downstream = downstream;
        this.incoming = incoming;
        this.log = log;
        this.timing = timing;
        this.costs = costs;
        request = incoming.found();
        race = new Race(new Attempt(exchange, loop, downstream));
        contextTokens = model -> metering.contextTokens(request, model);
        promptTokens = model -> metering.estimate(model, 0).prompt();
    }

    /** Begins with an exchange: nothing is tried yet. */
    void begin(Endpoint endpoint, Policy policy) {
        this.endpoint = endpoint;
        this.policy = policy;
        route = null;
        continuation = null;
        goesOn = false;
        pausedTarget = null;
        sameTargetTries = 0;
        doubtful = null;
        race.begin();
    }

    /**
     * The targets are known, and the time runs.
     *
     * @param routes of the model asked for, and those to fall back on
     * @param continuation reads every event of a stream, so that another may go on with it; null
     *     where none shall
     */
    void begin(List<Route> routes, AffinityValues affinity, Continuation continuation,
            long dispatchedNanos, long nowNanos) {
        route = routes.get(0);
        this.continuation = continuation;
        this.dispatchedNanos = dispatchedNanos;
        targets.begin(policy, route, request.isStream(),
                affinity.of(route.policy().affinity(), request), contextTokens, nowNanos);
        for (int i = 1; i < routes.size(); i++) {
            targets.fallBackOn(routes.get(i),
                    affinity.of(routes.get(i).policy().affinity(), request));
        }
    }

    /** Asks the first target; returns false if there is none to be asked. */
    boolean startFirst(long nowNanos) {
        TargetName first = nextTarget(nowNanos);
        if (first == null) {
            return false;
        }
        loop.upstream().pool(targets.provider(first)).retryBudget()
                .onFirstTry(policy.retry().budgetRatio());
        planHedge(first, nowNanos);
        start(race.leader(), first, nowNanos);
        return true;
    }

    /** The attempt that counts. */
    Attempt leader() {
        return race.leader();
    }

    /** Whether nothing is under way, since a target is to be asked again in a moment. */
    boolean isPaused() {
        return pausedTarget != null;
    }

    /** Whether a further target could be asked. */
    boolean isAnotherLeft() {
        return race.isOn()
                || targets.isAnotherLeft() && log.tried() + 1 < policy.retry().maxAttempts();
    }

    /** Whether the reply of that attempt is read on when its caller has gone. */
    boolean drains(Attempt attempt) {
        return targets.policy(attempt.target()).drains();
    }

    /** Nanoseconds until some target may be asked; {@link Deadlines#NEVER} if there is none. */
    long readyInNanos(long nowNanos) {
        return targets.readyInNanos(nowNanos);
    }

    /** Why no target could be asked in its own words; null if none was refused. */
    Failure refusal() {
        return log.isUntranslatableEverywhere() ? incoming.questions().refusal() : null;
    }

    // Asking

    /** The next target that the request can be put to; null if none is left. */
    private TargetName nextTarget(long nowNanos) {
        return askable(targets.next(nowNanos, log), () -> targets.next(nowNanos, log));
    }

    /** That target if the request can be put to it, else the next of which that is true. */
    private TargetName askable(TargetName target, Supplier<TargetName> further) {
        TargetName next = target;
        while (next != null) {
            Fault impediment = impediment(next);
            if (impediment == null) {
                return next;
            }
            targets.giveBack(next);
            log.onPassedOver(next, impediment);
            next = further.get();
        }
        return null;
    }

    /** Why a target is not worth a connection; null if it is. */
    private Fault impediment(TargetName target) {
        return !targets.provider(target).canAuthorize() ? Fault.NO_CREDENTIALS
                : !canAsk(target) ? Fault.UNTRANSLATABLE : null;
    }

    private boolean canAsk(TargetName target) {
        Provider provider = targets.provider(target);
        return incoming.questions().prepare(target, provider, mayAskForUsage(provider),
                goesOn ? continuation : null, costs.passedTokens(),
                promptTokens.applyAsLong(target.model()));
    }

    private boolean mayAskForUsage(Provider provider) {
        return provider.takesUsageQuestion() && provider != doubtful;
    }

    /** Asks a target that {@link #targets} gave just now. */
    private void start(Attempt next, TargetName target, long nowNanos) {
        timing.enter(Stage.PROXY, nowNanos);
        Provider provider = targets.provider(target);
        TimeoutSettings timeouts = targets.timeouts(target);
        totalNanos = Math.min(timeouts.total().toNanos(), incoming.controls().timeoutNanos());
        loop.deadlines().expectBy(dispatchedNanos + totalNanos);
        ProviderKey key = provider.keys().choose(nowNanos);
        if (!incoming.questions().isPreparedFor(target) && !canAsk(target)) {
            throw new IllegalStateException(target + " could be asked before");
        }
        Question question = incoming.questions().take();
        if (goesOn) {
            continuation.beginSplice(question == null ? provider.takesPrefill(target.model())
                    : question.isPrefilled());
            next.goOn(target, provider, key, question, timeouts, targets.ticket(),
                    mayAskForUsage(provider), nowNanos);
        } else {
            boolean asks = request.isStream() && !request.asksForUsage()
                    && mayAskForUsage(provider) && endpoint.hasChunks();
            next.start(target, provider, key, question, timeouts, targets.ticket(),
                    targets.policy(target).hold(), request.isStream(), asks, continuation,
                    nowNanos);
        }
    }

    /**
     * Asks that target once more, or the next where it has come to be left alone meanwhile; returns
     * false if none is left.
     */
    private boolean startAgain(TargetName target, long nowNanos) {
        TargetName next = target;
        if (!targets.tryAgain(target, nowNanos)) {
            next = nextTarget(nowNanos);
            sameTargetTries = 0;
        }
        if (next == null) {
            return false;
        }
        start(race.leader(), next, nowNanos);
        return true;
    }

    // Two targets at a time

    private void planHedge(TargetName first, long nowNanos) {
        HedgeSettings hedge = route.policy().hedge();
        if (hedge == null || route.targets().size() < 2
                || targets.policy(first) != route.policy()) {
            return;
        }
        loop.hedgeBudget(hedge).onCall(hedge.maxRatio());
        long after = hedge.after() != null ? hedge.after().toNanos()
                : targets.health(first).firstContentNanos(hedge.percentile(), request.isStream(),
                        nowNanos);
        if (after >= 0) {
            race.plan(nowNanos + after);
            loop.deadlines().expectBy(nowNanos + after);
        }
    }

    /** The first target is slow: asks a second, if one is left and the budget allows it. */
    private void hedge(long nowNanos) {
        race.unplan();
        if (log.tried() + 1 >= policy.retry().maxAttempts()
                || !loop.hedgeBudget(route.policy().hedge()).tryTake()) {
            return;
        }
        TargetName second = askable(targets.nextOfRoute(nowNanos, log),
                () -> targets.nextOfRoute(nowNanos, log));
        if (second != null) {
            race.enter(race.second() == null ? new Attempt(exchange, loop, downstream)
                    : race.second());
            start(race.second(), second, nowNanos);
        }
    }

    /** The attempt that leads goes on alone; what the other has cost is booked. */
    void endRace() {
        Attempt loser = race.end();
        if (loser != null) {
            log.onFault(loser.target(), Fault.HEDGE_LOST,
                    loop.deadlines().nowNanos() - loser.startedNanos());
            costs.bookLoser(loser);
            loser.abandon();
        }
    }

    /** The attempt is good: it leads, and goes on alone. */
    void settleOn(Attempt good) {
        race.lead(good);
        endRace();
        if (good.provider() == doubtful && good.verdict() == ReplyVerdict.GOOD) {
            doubtful.onUsageQuestionRefused();
        }
    }

    // What follows a failed attempt

    /** The attempt brought no reply; returns whether another one is under way or will be. */
    boolean goOnAfterFault(Attempt failed, Fault fault, long nowNanos) {
        if (failed.isSplicing()) {
            return goOn(failed, nowNanos);
        }
        return race.leaveToOther(failed)
                || tryAgain(nowNanos, failed, fault.isTransient(), RetryAfter.NONE);
    }

    /**
     * The attempt brought an error reply; returns whether another one is under way or will be. The
     * failed one is let go of then, and only then.
     */
    boolean goOnAfterError(Attempt failed, long nowNanos) {
        long wait = KeyRest.after(failed.verdict(), failed.status(), failed.errorText(),
                failed.retryAfterNanos(), failed.key(), nowNanos);
        if (failed.isSplicing()) {
            failed.abandon();
            return goOn(failed, nowNanos);
        }
        if (race.isOn()) {
            failed.abandon();
            return race.leaveToOther(failed);
        }
        boolean repeat = failed.verdict() == ReplyVerdict.TRANSIENT
                && failed.retryAfterNanos() == RetryAfter.NONE;
        if (failed.verdict() == ReplyVerdict.CONTEXT_LENGTH) {
            targets.exclude(failed.target().model());
        }
        return tryAgain(nowNanos, failed, repeat, wait);
    }

    /** Whether what the provider refused is only what the proxy asked for, in {@code failed}. */
    boolean canAskDifferently(Attempt failed) {
        if (failed.isUsageQuestionRefused()) {
            // The words may be the caller's own, so nothing is believed before it works without.
            doubtful = failed.provider();
            return true;
        }
        if (failed.isSplicing() && failed.provider().takesPrefill(failed.target().model())) {
            failed.provider().onPrefillRefused(failed.target().model());
            return true;
        }
        return false;
    }

    /** Asks again without that; returns whether an attempt is under way. */
    boolean askDifferently(Attempt failed, long nowNanos) {
        failed.abandon();
        if (targets.tryAgain(failed.target(), nowNanos)) {
            start(failed, failed.target(), nowNanos);
            return true;
        }
        return failed.isSplicing() ? goOn(failed, nowNanos)
                : race.leaveToOther(failed) || startAgain(failed.target(), nowNanos);
    }

    /**
     * Has the next target go on with the stream that broke; returns false if none is left. What the
     * caller got of the broken attempt is booked then, since that attempt is begun anew.
     */
    boolean goOn(Attempt broken, long nowNanos) {
        goesOn = true;
        if (log.tried() >= policy.retry().maxAttempts() || timeLeftNanos(nowNanos) <= 0) {
            return false;
        }
        TargetName next = nextTarget(nowNanos);
        if (next == null) {
            return false;
        }
        if (broken.isCommitted()) {
            costs.bookPart(broken);
        }
        start(race.leader(), next, nowNanos);
        return true;
    }

    /**
     * Goes on to another try, if there is one to be made: with another key, once more on the same
     * target, on the next target, or after the wait that the provider asked for.
     */
    private boolean tryAgain(long now, Attempt failed, boolean maySucceedNow, long retryAfter) {
        RetrySettings retry = policy.retry();
        long left = timeLeftNanos(now);
        if (log.tried() >= retry.maxAttempts() || left <= 0) {
            return false;
        }
        TargetName same = failed.target();
        ReplyVerdict verdict = failed.status() == 0 ? null : failed.verdict();
        boolean keyAtFault = verdict == ReplyVerdict.BAD_KEY
                || verdict == ReplyVerdict.RATE_LIMITED;
        if (keyAtFault && failed.provider().keys().hasAnotherReady(now)
                && targets.tryAgain(same, now)) {
            failed.abandon();
            start(race.leader(), same, now);
            return true;
        }
        if (maySucceedNow && sameTargetTries < retry.sameTarget()
                && targets.health(same).isPassable(now) && failed.tryTakeRetry()) {
            sameTargetTries++;
            pause(failed, now, ThreadLocalRandom.current().nextLong(MIN_PAUSE_NANOS,
                    MAX_PAUSE_NANOS));
            return true;
        }
        boolean waits = retryAfter != RetryAfter.NONE && retryAfter < left;
        boolean worthWaiting = !retry.waitForRetryAfter().isZero()
                && retryAfter <= retry.waitForRetryAfter().toNanos()
                && sameTargetTries < Math.max(1, retry.sameTarget());
        if (waits && worthWaiting && failed.tryTakeRetry()) {
            sameTargetTries++;
            pause(failed, now, retryAfter);
            return true;
        }
        TargetName next = nextTarget(now);
        if (next != null) {
            failed.abandon();
            sameTargetTries = 0;
            start(race.leader(), next, now);
            return true;
        }
        if (waits && retryAfter <= MAX_LAST_WAIT_NANOS && failed.tryTakeRetry()) {
            pause(failed, now, retryAfter);
            return true;
        }
        return false;
    }

    private void pause(Attempt failed, long now, long nanos) {
        pausedTarget = failed.target();
        pauseUntilNanos = now + nanos;
        timing.enter(Stage.PROVIDER, now);
        failed.abandon();
        loop.deadlines().expectBy(pauseUntilNanos);
    }

    // Deadlines

    /** Nanoseconds of the total time that are left. */
    long timeLeftNanos(long nowNanos) {
        return totalNanos - (nowNanos - dispatchedNanos);
    }

    /** Nanoseconds until something has to happen. */
    long remainingNanos(long nowNanos) {
        long total = timeLeftNanos(nowNanos);
        if (pausedTarget != null) {
            return Math.min(total, pauseUntilNanos - nowNanos);
        }
        long other = race.isOn() ? race.second().remainingNanos(nowNanos)
                : hedgeDueInNanos(nowNanos);
        return Math.min(Math.min(total, other), race.leader().remainingNanos(nowNanos));
    }

    private long hedgeDueInNanos(long nowNanos) {
        return exchange.phase() == Phase.ATTEMPTING ? race.dueInNanos(nowNanos) : Deadlines.NEVER;
    }

    /** Something is due; returns false if nothing is left to be tried. */
    boolean onDeadline(long nowNanos) {
        if (pausedTarget != null) {
            TargetName target = pausedTarget;
            pausedTarget = null;
            return startAgain(target, nowNanos);
        }
        if (!race.isOn() && hedgeDueInNanos(nowNanos) <= 0) {
            hedge(nowNanos);
        } else if (race.isOn() && race.second().remainingNanos(nowNanos) <= 0) {
            race.second().onDeadline(nowNanos);
        } else {
            race.leader().onDeadline(nowNanos);
        }
        return true;
    }

    /** There is no time left, or nobody to try for: no try follows. */
    void stop() {
        pausedTarget = null;
        endRace();
    }
}

package io.penstock.exchange.failover;

import io.penstock.exchange.attempt.Attempt;
import io.penstock.exchange.attempt.AttemptListener;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.Call;
import io.penstock.exchange.call.CallLoop;
import io.penstock.exchange.call.Candidate;
import io.penstock.exchange.call.OutboundRequest;
import io.penstock.exchange.call.Policy;
import io.penstock.exchange.call.Timing;
import io.penstock.exchange.call.Timing.Stage;
import io.penstock.exchange.call.Whom;
import io.penstock.exchange.meter.AttemptCosts;
import io.penstock.exchange.meter.Metering;
import io.penstock.failure.Fault;
import io.penstock.listen.DownstreamStream;
import io.penstock.loop.Deadlines;
import io.penstock.provider.ReplyVerdict;
import io.penstock.route.HedgeSettings;
import io.penstock.route.Route.TargetName;
import io.penstock.trace.AttemptSpan;
import io.penstock.trace.RequestTrace;
import io.penstock.upstream.Backoff;
import io.penstock.upstream.RetryAfter;
import io.penstock.upstream.RetryBudget;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * The attempts of one exchange: which target is asked next, in which wording and with which key,
 * when one is asked again, and when a second is asked beside it. Carries out what {@link NextStep}
 * says.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> the attempts that the policy allows, the total time of the target asked last;
 * further tries of the same provider, its retry budget; second ones, the loop's hedge budget.
 */
public final class Failover {
    private static final long MIN_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(25);
    private static final long MAX_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** The longest time that is waited for a first target while all rest. */
    private static final long MAX_FIRST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final FailoverLoop loop;
    private final CallLoop calls;
    private final AttemptListener listener;
    private final Call call;
    private final Policy policy;
    private final AttemptLog log;
    private final Timing timing;
    private final Metering metering;
    private final RequestTrace trace; // null where nothing is traced
    private final TimeAllowed time;
    private final Race race = new Race();

    private DownstreamStream downstream; // these three are null until targets are asked
    private AttemptCosts costs;
    private Targets targets;
    private HedgeSettings hedge; // null where no second target is asked beside the first
    private OutboundRequest prepared; // the wording for the candidate chosen last
    private boolean settled; // the caller gets a reply: only a continuation may follow
    private Candidate paused; // to be asked again at that time; null if none is
    private boolean waitsForFirst; // no target may be asked before that time
    private boolean hasWaited; // for a first one, which happens once
    private long pauseUntilNanos;
    private int sameTargetTries;
    private Candidate resting; // asked for a wait that may be waited out; null if none has
    private long restsUntilNanos;

    /**
     * For one exchange, of which no target is known yet.
     *
     * @param trace that the exchange belongs to; null for none
     */
    public Failover(FailoverLoop loop, AttemptListener listener, Call call, Policy policy,
            AttemptLog log, Timing timing, Metering metering, RequestTrace trace) {
        this.loop = loop;
        calls = loop.calls();
        this.listener = listener;
        this.call = call;
        this.policy = policy;
        this.log = log;
        this.timing = timing;
        this.metering = metering;
        this.trace = trace;
        time = new TimeAllowed(calls.deadlines(), call);
    }

    /**
     * The targets are known, and the time runs.
     *
     * @param downstream where the reply goes
     * @param sinceNanos from when on the total time counts
     */
    public void begin(Whom whom, AttemptCosts costs, DownstreamStream downstream, long sinceNanos,
            long nowNanos) {
        this.costs = costs;
        this.downstream = downstream;
        time.begin(sinceNanos);
        if (whom instanceof Whom.Routed routed) {
            targets = new RoutedTargets(policy, routed, call.isStream(), metering::contextTokens,
                    nowNanos);
            hedge = call.mayRace() && policy.retry().maxAttempts() > 1
                    && routed.routes().get(0).targets().size() > 1
                    ? routed.routes().get(0).policy().hedge() : null;
        } else {
            targets = new OneTarget(policy, ((Whom.Only) whom).target());
        }
    }

    /**
     * Asks the first target, or will in a moment: as soon as one has rested, if that is soon.
     * Returns false if there is none to be asked.
     */
    public boolean startFirst(long nowNanos) {
        Candidate first = nextAskable(false, nowNanos);
        if (first == null) {
            return waitForFirst(nowNanos);
        }
        budget(first).onFirstTry(policy.retry().budgetRatio());
        planHedge(first, nowNanos);
        start(first, Ask.Why.FIRST, null, nowNanos);
        return true;
    }

    private boolean waitForFirst(long nowNanos) {
        long wait = targets.restedInNanos(nowNanos);
        if (hasWaited || wait <= 0 || wait > MAX_FIRST_WAIT_NANOS
                || wait >= time.leftNanos(nowNanos)) {
            return false;
        }
        hasWaited = true;
        waitsForFirst = true;
        pauseUntilNanos = nowNanos + wait;
        timing.enter(Stage.PROVIDER, nowNanos);
        calls.deadlines().expectBy(pauseUntilNanos);
        return true;
    }

    /** The attempt that counts; null while no target was asked. */
    public Attempt leader() {
        return race.leader();
    }

    /** Whether no attempt is under way, since a target is to be asked again in a moment. */
    public boolean isPaused() {
        return paused != null || waitsForFirst;
    }

    /** Whether the request has gone out to the target that counts. */
    public boolean isSent() {
        return race.leader() != null && race.leader().isSent();
    }

    /** Whether a further target could be asked. */
    public boolean isAnotherLeft() {
        return race.isOn()
                || targets.isAnotherLeft() && log.tried() + 1 < policy.retry().maxAttempts();
    }

    /** Nanoseconds until some target may be asked; {@link Deadlines#NEVER} if there is none. */
    public long readyInNanos(long nowNanos) {
        return targets == null ? Deadlines.NEVER : targets.readyInNanos(nowNanos);
    }

    // Asking

    /** The next target for which there is a wording; null if none is left. */
    private Candidate nextAskable(boolean ofRouteOnly, long nowNanos) {
        while (true) {
            Candidate next = ofRouteOnly ? targets.nextOfRoute(nowNanos, log)
                    : targets.next(nowNanos, log);
            Fault impediment = next == null ? null : prepare(next);
            if (impediment == null) {
                return next;
            }
            targets.giveBack(next);
            log.onPassedOver(next.target(), impediment);
        }
    }

    /** A further try at that target, if it may be asked and has a wording; null if not. */
    private Candidate again(Candidate candidate, long nowNanos) {
        Candidate same = targets.again(candidate, nowNanos);
        if (same != null && prepare(same) != null) {
            targets.giveBack(same);
            return null;
        }
        return same;
    }

    /** Finds the wording for a target; returns why the target cannot be asked, or null. */
    private Fault prepare(Candidate candidate) {
        if (!candidate.provider().canAuthorize()) {
            return Fault.NO_CREDENTIALS;
        }
        prepared = call.prepare(candidate.target(), candidate.provider(), settled,
                settled ? passedTokens() : 0,
                metering.promptTokens(candidate.target().model()));
        return prepared == null ? Fault.UNTRANSLATABLE : null;
    }

    /** About how many tokens of the answer the caller has. */
    private long passedTokens() {
        Attempt broken = race.leader();
        return costs.passedTokens() // and what will be booked once another attempt goes on
                + (broken.isCommitted() ? costs.reported(broken).completion() : 0);
    }

    /**
     * Asks a target that was chosen and prepared just now.
     *
     * @param former whose place in the race the new attempt takes; null for the leader's
     */
    private void start(Candidate candidate, Ask.Why why, Attempt former, long nowNanos) {
        timing.enter(Stage.PROXY, nowNanos);
        time.onTarget(candidate.timeouts());
        Ask ask = new Ask(time.limit(candidate, isAnotherLeft(), nowNanos),
                candidate.provider().keys().choose(candidate.target().model(), nowNanos),
                prepared, settled ? Ask.Why.CONTINUE : why, metering.isWatching(),
                trace == null ? null : newSpan(why));
        prepared = null;
        Attempt attempt = new Attempt(ask, call, calls, downstream, listener, timing,
                settled ? race.leader() : null, nowNanos);
        if (why == Ask.Why.HEDGE) {
            race.enter(attempt);
        } else {
            race.replace(former, attempt);
        }
        attempt.start();
    }

    private AttemptSpan newSpan(Ask.Why why) {
        boolean besideLeader = settled || why == Ask.Why.HEDGE;
        return trace.newAttempt(besideLeader ? race.leader().ask().span() : null);
    }

    /** Asks the next target; returns false if none is left. */
    private boolean startNext(Attempt failed, long nowNanos) {
        Candidate next = nextAskable(false, nowNanos);
        if (next == null) {
            return false;
        }
        failed.abandon();
        sameTargetTries = 0;
        start(next, Ask.Why.NEXT, null, nowNanos);
        return true;
    }

    /** The pause is over: asks the target again, or the next where it may not be asked any more. */
    private boolean endPause(long nowNanos) {
        Candidate waited = paused;
        paused = null;
        Candidate same = again(waited, nowNanos);
        if (same == null) {
            return startNext(race.leader(), nowNanos);
        }
        start(same, Ask.Why.AGAIN, null, nowNanos);
        return true;
    }

    private boolean endWait(long nowNanos) {
        waitsForFirst = false;
        targets.beginAnew(nowNanos);
        return startFirst(nowNanos);
    }

    /** Starts the total time: the request has been sent, or the rest of it is not needed. */
    public void onSent(long nowNanos) {
        time.onSent(nowNanos);
    }

    // Two targets at a time

    private void planHedge(Candidate first, long nowNanos) {
        if (hedge == null || !hedge.equals(first.policy().hedge())) {
            return;
        }
        loop.hedgeBudget(hedge).onCall(hedge.maxRatio());
        long after = hedge.after() != null ? hedge.after().toNanos()
                : first.health().firstContentNanos(hedge.percentile(), call.isStream(), nowNanos);
        if (after >= 0) {
            race.plan(nowNanos + after);
            calls.deadlines().expectBy(nowNanos + after);
        }
    }

    /** The first target is slow: asks a second, if one is left and the budget allows it. */
    private void hedge(long nowNanos) {
        race.unplan();
        if (log.tried() + 1 >= policy.retry().maxAttempts()
                || !loop.hedgeBudget(hedge).tryTake()) {
            return;
        }
        Candidate second = nextAskable(true, nowNanos);
        if (second != null) {
            start(second, Ask.Why.HEDGE, null, nowNanos);
        }
    }

    /** Makes the good attempt the only one. */
    public void settleOn(Attempt good) {
        settled = true;
        time.onCommit();
        race.unplan();
        endRace(good);
        if (good.verdict() == ReplyVerdict.GOOD) {
            call.onGood(good.ask());
        }
    }

    /** Ends the race for that attempt; books and abandons the other. */
    private void endRace(Attempt remaining) {
        Attempt loser = race.settleOn(remaining);
        if (loser != null) {
            log.onFault(loser.ask(), loser, Fault.HEDGE_LOST, calls.deadlines().nowNanos());
            costs.bookLoser(loser);
            loser.abandon();
        }
    }

    // What follows a failed attempt

    /** The attempt brought no reply; returns whether another one is under way or will be. */
    public boolean goOnAfterFault(Attempt failed, Fault fault, long nowNanos) {
        if (failed.ask().continues()) {
            return goOn(failed, nowNanos);
        }
        return race.leaveToOther(failed)
                || tryAgain(failed, fault.isTransient() && !TimeAllowed.isLate(failed, nowNanos),
                        RetryAfter.NONE, nowNanos);
    }

    /**
     * The attempt brought an error reply; returns whether another one is under way or will be. The
     * failed one is abandoned then, and only then.
     */
    public boolean goOnAfterError(Attempt failed, long nowNanos) {
        boolean refused = failed.verdict() == ReplyVerdict.CALLERS_FAULT
                || failed.verdict() == ReplyVerdict.UNKNOWN_FIELD;
        if (refused && call.isProxyRefused(failed.ask(), failed.reading())) {
            call.onProxyRefused(failed.ask(), failed.reading());
            return askDifferently(failed, nowNanos);
        }
        Backoff backoff = failed.provider().backoff(failed.verdict(), failed.status(),
                failed.errorText(), failed.target().model(), failed.retryAfterNanos());
        failed.provider().keys().rest(failed.ask().key(), failed.target().model(), backoff,
                nowNanos);
        if (failed.ask().continues()) {
            failed.abandon();
            return goOn(failed, nowNanos);
        }
        if (race.isOn()) {
            failed.abandon();
            return race.leaveToOther(failed);
        }
        if (failed.verdict() == ReplyVerdict.CONTEXT_LENGTH) {
            targets.exclude(failed.target().model());
            if (resting != null && resting.target().model().equals(failed.target().model())) {
                resting = null; // it would not be long enough there either
            }
        }
        return tryAgain(failed, failed.verdict() == ReplyVerdict.TRANSIENT
                && failed.retryAfterNanos() == RetryAfter.NONE
                && !TimeAllowed.isLate(failed, nowNanos), backoff.waitNanos(), nowNanos);
    }

    /** Asks again without what the proxy had added. */
    private boolean askDifferently(Attempt failed, long nowNanos) {
        failed.abandon();
        Candidate same = again(failed.ask().candidate(), nowNanos);
        if (same != null) {
            start(same, Ask.Why.AGAIN, failed, nowNanos);
            return true;
        }
        return failed.ask().continues() ? goOn(failed, nowNanos)
                : race.leaveToOther(failed) || startNext(failed, nowNanos);
    }

    /**
     * Has the next target continue the stream that broke off; returns false if none is left. What
     * the caller got of the broken attempt is booked then.
     */
    public boolean goOn(Attempt broken, long nowNanos) {
        if (log.tried() >= policy.retry().maxAttempts() || time.leftNanos(nowNanos) <= 0) {
            return false;
        }
        Candidate next = nextAskable(false, nowNanos);
        if (next == null) {
            return false;
        }
        if (broken.isCommitted()) {
            costs.bookPart(broken);
        }
        start(next, Ask.Why.CONTINUE, null, nowNanos);
        return true;
    }

    private boolean tryAgain(Attempt failed, boolean maySucceedNow, long retryAfterNanos,
            long nowNanos) {
        Candidate candidate = failed.ask().candidate();
        boolean keyAtFault = failed.verdict() == ReplyVerdict.BAD_KEY
                || failed.verdict() == ReplyVerdict.RATE_LIMITED;
        NextStep step = NextStep.after(new NextStep.Situation(
                call.isReplayable() && (!failed.isSent() || call.isRepeatable()), log.tried(),
                time.leftNanos(nowNanos), keyAtFault,
                keyAtFault && candidate.provider().keys().hasAnotherReady(
                        failed.target().model(), nowNanos),
                maySucceedNow, targets.isPassable(candidate, nowNanos), sameTargetTries,
                retryAfterNanos, budget(candidate).isLeft()), policy.retry(),
                candidate.policy().waits());
        return switch (step.kind()) {
            case OTHER_KEY -> startWithOtherKey(failed, nowNanos);
            case AGAIN -> {
                sameTargetTries++;
                yield pause(failed, candidate, ThreadLocalRandom.current().nextLong(
                        MIN_PAUSE_NANOS, MAX_PAUSE_NANOS), nowNanos);
            }
            case WAIT -> {
                sameTargetTries++;
                yield pause(failed, candidate, step.nanos(), nowNanos);
            }
            case NEXT_TARGET -> {
                noteRest(candidate, step.nanos(), nowNanos);
                yield startNext(failed, nowNanos) || waitForRest(failed, nowNanos);
            }
            case NOTHING -> false;
        };
    }

    private boolean startWithOtherKey(Attempt failed, long nowNanos) {
        Candidate same = again(failed.ask().candidate(), nowNanos);
        if (same == null) {
            return startNext(failed, nowNanos);
        }
        failed.abandon();
        start(same, Ask.Why.AGAIN, null, nowNanos);
        return true;
    }

    /** Keeps the target that will have rested first, for when no other is left. */
    private void noteRest(Candidate candidate, long nanos, long nowNanos) {
        if (nanos != RetryAfter.NONE
                && (resting == null || nowNanos + nanos - restsUntilNanos < 0)) {
            resting = candidate;
            restsUntilNanos = nowNanos + nanos;
        }
    }

    /** No other target is left: waits for one that has asked for a short wait, if there is one. */
    private boolean waitForRest(Attempt failed, long nowNanos) {
        Candidate rested = resting;
        resting = null;
        long wait = Math.max(0, restsUntilNanos - nowNanos);
        return rested != null && wait < time.leftNanos(nowNanos) && budget(rested).isLeft()
                && pause(failed, rested, wait, nowNanos);
    }

    private RetryBudget budget(Candidate candidate) {
        return calls.upstream().pool(candidate.provider()).retryBudget();
    }

    /** Asks that target in so many nanoseconds, and nobody until then. */
    private boolean pause(Attempt failed, Candidate candidate, long nanos, long nowNanos) {
        budget(candidate).tryTake();
        paused = candidate;
        pauseUntilNanos = nowNanos + nanos;
        timing.enter(Stage.PROVIDER, nowNanos);
        failed.abandon();
        calls.deadlines().expectBy(pauseUntilNanos);
        return true;
    }

    // Deadlines

    /** Nanoseconds of the total time that are left; it doesn't run while the request comes. */
    public long timeLeftNanos(long nowNanos) {
        return time.leftNanos(nowNanos);
    }

    /** Nanoseconds until something has to happen. */
    public long remainingNanos(long nowNanos) {
        long total = time.leftNanos(nowNanos);
        if (isPaused()) {
            return Math.min(total, pauseUntilNanos - nowNanos);
        }
        long other = race.isOn() ? race.second().remainingNanos(nowNanos)
                : race.dueInNanos(nowNanos);
        return Math.min(Math.min(total, other), race.leader().remainingNanos(nowNanos));
    }

    /** Acts on what is due; returns false if no attempt is left. */
    public boolean onDeadline(long nowNanos) {
        if (isPaused()) {
            return pauseUntilNanos - nowNanos > 0
                    || (waitsForFirst ? endWait(nowNanos) : endPause(nowNanos));
        }
        if (!race.isOn() && race.dueInNanos(nowNanos) <= 0) {
            hedge(nowNanos);
        } else if (race.isOn() && race.second().remainingNanos(nowNanos) <= 0) {
            race.second().onDeadline(nowNanos);
        } else {
            race.leader().onDeadline(nowNanos);
        }
        return true;
    }

    /** Ends the pause or the race: no attempt follows. */
    public void stop() {
        paused = null;
        waitsForFirst = false;
        if (race.isOn()) {
            endRace(race.leader());
        }
    }

    /** The model of the target that the configuration names first. */
    public TargetName first() {
        return targets.first();
    }
}

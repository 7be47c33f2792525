package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.answer.LimitReply;
import io.penstock.answer.LocalReply;
import io.penstock.caller.Caller;
import io.penstock.exchange.attempt.Attempt;
import io.penstock.exchange.attempt.AttemptListener;
import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.Call;
import io.penstock.exchange.call.Demand;
import io.penstock.exchange.call.Policy;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.exchange.call.ReplySource;
import io.penstock.exchange.call.Timing;
import io.penstock.exchange.call.Timing.Stage;
import io.penstock.exchange.call.Waiting;
import io.penstock.exchange.call.Whom;
import io.penstock.exchange.failover.Failover;
import io.penstock.exchange.meter.AttemptCosts;
import io.penstock.exchange.meter.Metering;
import io.penstock.exchange.replay.Replay;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.http.HeadWriter;
import io.penstock.limit.Permit;
import io.penstock.limit.Refusal;
import io.penstock.listen.DownstreamStream;
import io.penstock.listen.OpenRequest;
import io.penstock.loop.Deadlines;
import io.penstock.provider.ReplyVerdict;
import io.penstock.route.Route.TargetName;
import io.penstock.trace.RequestTrace;
import io.penstock.upstream.UpstreamStream;
import io.penstock.usage.TokenUsage;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One request and its reply, from the head that was accepted to the last byte: the phases in order,
 * whatever kind of {@link Call} it is. Takes the request in, reserves what it may come to, has
 * targets asked until one is good, commits that reply, and ends in exactly one {@link #settle} and
 * one {@link #close}.
 *
 * <p><b>Thread:</b> confined to the event loop of the downstream connection, which serves the
 * upstream connections too.
 * <br><b>Buffers:</b> takes the body, and gives it to the call, which keeps it for replay until the
 * commit.
 * <br><b>Bounds:</b> the call's body size, the policy's attempts, the target's total time. Either
 * side may die in any phase: the caller's death cancels the attempt at once, the provider's moves
 * on.
 */
public final class Exchange extends Deadlines.Entry
        implements OpenRequest, AttemptListener, Sharing.Host,
        ExchangeLoop.Draining {
    /** How long a reply is read on whose caller has gone. */
    static final long MAX_DRAIN_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** How long a reply is read on for others before it is seen that they have gone, too. */
    private static final long FOLLOWED_CHECK_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long MAX_RETRY_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final ExchangeLoop loop;
    private final DownstreamStream downstream;
    private final ExchangeListener listener;
    private final Call call;
    private final Caller caller;
    private final String requestId;
    private final Metering metering;
    private final AttemptLog log = new AttemptLog();
    private final Timing timing;
    private final Failover failover;
    private final ReplyLines lines;
    private final Sharing sharing;
    private final RequestTrace trace; // null where nothing is traced
    private final long receivedNanos;

    Exchange older; // of those under way on the loop, which keeps the chain; null at its ends
    Exchange newer;

    private Phase phase = Phase.RECEIVED;
    private boolean waitsForSlot; // among the concurrent calls: nothing is asked until then
    private boolean whole; // the request, while it waits
    private long dispatchedNanos; // when the request was whole, or could be sent on
    private Whom whom; // this and the next are null until the call is dispatched
    private AttemptCosts costs;
    private boolean leads; // for others: the caller has gone
    private long drainUntilNanos;
    private long firstContentNanos; // of a replay
    private int status;
    private Failure failure;
    private boolean leftAlone; // the caller went when a provider was at work for it
    private boolean brokenOff; // the reply, when the caller had some of it
    private boolean upgraded; // both sides have left HTTP behind

    /**
     * An exchange whose head was accepted; it has yet to {@linkplain #begin begin}.
     *
     * @param permit has begun; its owner ends it when the exchange has finished
     * @param requestId as it goes to the caller and into logs
     * @param cors field lines that every reply has to carry
     * @param trace that the request belongs to; null for none
     */
    public Exchange(ExchangeLoop loop, DownstreamStream downstream,
            ExchangeListener listener, Call call, Caller caller, Permit permit, Policy policy,
            String requestId, String cors, RequestTrace trace) {
        this.loop = loop;
        this.downstream = downstream;
        this.listener = listener;
        this.call = call;
        this.caller = caller;
        this.requestId = requestId;
        this.trace = trace;
        receivedNanos = loop.nowNanos();
        timing = new Timing(receivedNanos);
        metering = new Metering(loop.meter(), permit, caller, policy);
        failover = new Failover(loop.failover(), this, call, policy, log, timing, metering,
                trace);
        sharing = new Sharing(loop, downstream, call, this);
        lines = new ReplyLines(permit, requestId, cors, call.format(), policy.fullHeaders(),
                log, timing);
    }

    /**
     * Checks the head; the exchange may be over at once, if something in the head is wrong.
     *
     * @param waitsForSlot no target may be asked until {@link #onSlot}
     */
    public void begin(boolean waitsForSlot) {
        this.waitsForSlot = waitsForSlot;
        loop.onBegun(this);
        Failure mistake = call.check();
        if (mistake != null) {
            refuse(mistake);
        }
    }

    /** How long the exchange may take, as its caller asks; {@link Deadlines#NEVER} if unasked. */
    public long timeoutNanos() {
        return call.timeoutNanos();
    }

    /** Whether the exchange has finished. */
    public boolean isOver() {
        return phase.isLast();
    }

    private void moveTo(Phase next) {
        if (!phase.canMoveTo(next)) {
            throw new IllegalStateException(phase + " cannot become " + next);
        }
        phase = next;
    }

    // The request comes

    @Override
    public void onRequestBody(ByteBuf bytes) {
        if (phase != Phase.RECEIVED && !call.isUploading()) {
            bytes.release();
            return;
        }
        Failure mistake = call.read(bytes, phase != Phase.RECEIVED);
        if (mistake != null) {
            bytes.release();
        } else if (call.isUploading() && failover.isSent()) {
            failover.leader().upload(bytes);
        } else {
            mistake = call.keep(bytes);
        }
        if (mistake != null) {
            giveUp(mistake);
        } else if (phase == Phase.RECEIVED && call.wantsUpload()) {
            downstream.setReading(false); // until the provider is there
            if (!waitsForSlot) {
                call.beginUpload();
                dispatch();
            }
        }
    }

    @Override
    public void onRequestBodyRead() {
        if (failover.leader() != null) {
            failover.leader().flushUpload();
        }
    }

    @Override
    public void onRequestEnd() {
        if (call.isUploading()) {
            call.endUpload();
            failover.onSent(loop.nowNanos());
            if (failover.isSent()) {
                failover.leader().endUpload();
            }
        } else if (phase == Phase.RECEIVED) {
            whole = true;
            if (waitsForSlot) {
                dispatchedNanos = loop.nowNanos(); // its time runs
                timing.enter(Stage.QUEUE, dispatchedNanos);
            } else {
                onWhole();
            }
        }
    }

    private void onWhole() {
        Failure mistake = call.end();
        if (mistake != null) {
            refuse(mistake);
        } else {
            dispatch();
        }
    }

    /** The exchange is among the concurrent ones now, and may ask targets. */
    public void onSlot() {
        waitsForSlot = false;
        if (phase != Phase.RECEIVED) {
            return;
        }
        if (whole) {
            onWhole();
        } else if (call.wantsUpload()) {
            call.beginUpload();
            dispatch();
        }
    }

    @Override
    public void onRequestUnwanted() {
        if (call.cutUpload()) {
            if (failover.leader() != null) {
                failover.leader().stopUpload();
            }
            failover.onSent(loop.nowNanos());
            downstream.setReading(true); // to be thrown away, or the caller would wait for ever
        }
    }

    @Override
    public void onBadRequest(Failure why) {
        giveUp(why);
    }

    /** Ends the call for the caller's own mistake, wherever it stands. */
    private void giveUp(Failure why) {
        switch (phase) {
            case RECEIVED -> refuse(why);
            case FOLLOWING -> onReplayBroken(why);
            case ATTEMPTING -> {
                onRequestUnwanted();
                stopTrying(Fault.CALLER_GONE);
                fail(why);
                answerFailure();
            }
            case COMMITTED -> {
                if (sharing.replay() != null) {
                    onReplayBroken(why);
                } else {
                    onRequestUnwanted();
                    breakOff(failover.leader(), Fault.CALLER_GONE, why);
                }
            }
            default -> { }
        }
    }

    // The caller goes, the proxy stops

    /** The caller has left: its attempt ends now, or is drained. */
    @Override
    public void onClosed() {
        if (phase == Phase.FOLLOWING || sharing.replay() != null) {
            endWithoutCaller();
            return;
        }
        if (sharing.isFollowed()) {
            leadOnForOthers();
            return;
        }
        Attempt attempt = failover.leader();
        leftAlone = phase != Phase.RECEIVED && !failover.isPaused() && failover.isSent();
        if (phase == Phase.RECEIVED) {
            endWithoutCaller();
        } else if (leftAlone && attempt.ask().candidate().policy().drains()
                && !call.isUploading() && tryDrain()) {
            sharing.handOver(); // what is drained is read for its usage alone
            call.release();
        } else {
            if (phase == Phase.ATTEMPTING) {
                stopTrying(Fault.CALLER_GONE);
            } else {
                attempt.abandon();
            }
            endWithoutCaller();
        }
    }

    private boolean tryDrain() {
        failover.stop();
        if (!failover.leader().tryDrain()) {
            return false;
        }
        moveTo(Phase.DRAINING);
        loop.drains().add(this);
        expectDrainUntil(loop.nowNanos() + MAX_DRAIN_NANOS);
        return true;
    }

    /** Others wait for the reply: the attempt continues without the caller. */
    private void leadOnForOthers() {
        leads = true;
        sharing.detach();
        loop.drains().add(this);
        expectDrainUntil(loop.nowNanos() + FOLLOWED_CHECK_NANOS);
        if (phase == Phase.COMMITTED) {
            failover.leader().resume();
        }
    }

    private void expectDrainUntil(long nanos) {
        drainUntilNanos = nanos;
        loop.calls().deadlines().expectBy(nanos);
    }

    /** Ends what was read for others, of whom there are none left, or for whom nothing is. */
    private void endForOthers() {
        leftAlone = failover.isSent() && !failover.isPaused();
        if (phase == Phase.ATTEMPTING) {
            stopTrying(Fault.CALLER_GONE);
        } else {
            failover.leader().abandon();
        }
        endWithoutCaller();
    }

    @Override
    public void onDrained(Attempt drained) {
        loop.drains().remove(this);
        log.onFault(drained.ask(), drained, Fault.CALLER_GONE, loop.nowNanos());
        endWithoutCaller();
    }

    @Override
    public void endDrain() {
        if (leads) {
            endForOthers();
            return;
        }
        failover.leader().abandon();
        onDrained(failover.leader());
    }

    private void endWithoutCaller() {
        sharing.handOver();
        loop.drains().remove(this);
        fail(Failure.of(Failure.Kind.CALLER_GONE, "The caller closed the connection."));
        status = Failure.Kind.CALLER_GONE.status();
        settle();
        close();
    }

    /** The proxy stops and waits no longer: the caller is answered so. */
    @Override
    public void onShutdown() {
        Failure why = Failure.of(Failure.Kind.OVERLOADED, "The proxy is shutting down.")
                .by("shutdown");
        if (leads) {
            endForOthers();
            return;
        }
        switch (phase) {
            case RECEIVED -> refuse(why);
            case FOLLOWING -> onReplayBroken(why);
            case ATTEMPTING -> {
                onRequestUnwanted();
                stopTrying(Fault.SHUTDOWN);
                fail(why);
                answerFailure();
            }
            case COMMITTED -> {
                if (sharing.replay() != null) {
                    onReplayBroken(why);
                } else {
                    breakOff(failover.leader(), Fault.SHUTDOWN, why);
                }
            }
            default -> { } // nothing is under way that a caller waits for
        }
    }

    @Override
    public void onWritabilityChanged(boolean writable) {
        if (!writable) {
            return; // it is asked for at each write
        }
        if (phase == Phase.COMMITTED) {
            source().resume();
        }
    }

    /** What the caller's reply comes from. */
    private ReplySource source() {
        return sharing.replay() != null ? sharing.replay() : failover.leader();
    }

    // Targets are asked

    private void dispatch() {
        long now = loop.nowNanos();
        dispatchedNanos = dispatchedNanos == 0 ? now : dispatchedNanos;
        timing.enter(Stage.PROXY, now);
        Whom whom = call.whom(log);
        if (whom instanceof Whom.Refused refused) {
            refuse(refused.why());
            return;
        }
        if (metering.isUncountable()) {
            refuse(Failure.of(Failure.Kind.OVERLOADED,
                    "What is used of a month's budget can't be written down at the moment.")
                    .by("usage_store"));
            return;
        }
        String model = first(whom).model();
        Demand demand = call.demand();
        Refusal refusal = metering.reserve(demand, model, now);
        if (refusal != null) {
            LocalReply reply = loop.newReply();
            fail(LimitReply.refuse(reply, refusal, caller));
            answer(reply, null);
            return;
        }
        costs = new AttemptCosts(metering, demand.generates() || !demand.understood());
        if (whom instanceof Whom.Routed routed && call.isAnsweredHere(routed.routes().get(0))) {
            answerEstimate(call.ownReply(metering.estimate(model, 0).prompt()));
            return;
        }
        this.whom = whom;
        loop.calls().deadlines().add(this);
        sharing.look(whom);
    }

    @Override
    public void onAsk(DownstreamStream to) {
        long now = loop.nowNanos();
        moveTo(Phase.ATTEMPTING);
        failover.begin(whom, costs, to, dispatchedNanos, now);
        if (!failover.startFirst(now)) {
            answerFailure();
        }
    }

    @Override
    public void onWait() {
        moveTo(Phase.FOLLOWING);
        timing.enter(Stage.PROVIDER, loop.nowNanos());
        if (call.timeoutNanos() != Deadlines.NEVER) {
            loop.calls().deadlines().expectBy(dispatchedNanos + call.timeoutNanos());
        }
    }

    // A reply that another call got, or is getting

    @Override
    public void onReplay(Replay replay, TargetName first, long ageSeconds) {
        moveTo(Phase.COMMITTED);
        status = 200;
        firstContentNanos = loop.nowNanos();
        call.release(); // it will not be sent
        replay.begin(loop.calls().writer(), lines.ofReplay(loop.calls().writer(), first,
                sharing.use(), ageSeconds, downstream.isTls(), firstContentNanos));
    }

    @Override
    public void onReplayed() {
        moveTo(Phase.COMPLETE);
        settle();
        close();
        downstream.endResponse();
    }

    @Override
    public void onReplayBroken(Failure why) {
        fail(why);
        if (sharing.replay() == null) {
            answerFailure();
            return;
        }
        brokenOff = true;
        sharing.replay().cut(why, null);
        settle();
        close();
        downstream.cut();
    }

    private static TargetName first(Whom whom) {
        return whom instanceof Whom.Routed routed ? routed.routes().get(0).targets().get(0)
                : ((Whom.Only) whom).target();
    }

    @Override
    public void onFault(Attempt failed, Fault fault, String detail) {
        long now = loop.nowNanos();
        timing.enter(Stage.PROXY, now);
        log.onFault(failed.ask(), failed, fault, now);
        failed.provider().onError(fault.code(), detail);
        costs.bookLost(failed);
        if (failed.ask().isRouted()) {
            failed.provider().load().onFault(fault);
        }
        if (!failover.goOnAfterFault(failed, fault, now)) {
            if (failed.ask().continues()) {
                endBroken(failed, FailureReason.ofBroken(fault, detail));
            } else {
                answerFailure();
            }
        }
    }

    @Override
    public void onErrorReply(Attempt failed) {
        long now = loop.nowNanos();
        timing.enter(Stage.PROXY, now);
        log.onReply(failed.ask(), failed, failed.status(), now);
        boolean callersFault = failed.verdict() == ReplyVerdict.CALLERS_FAULT
                && !failed.ask().continues()
                && !call.isProxyRefused(failed.ask(), failed.reading());
        if (!callersFault) {
            failed.provider().onErrorReply(failed.status(), failed.errorText());
            if (failed.ask().isRouted()) {
                failed.provider().load().onErrorReply(failed.status());
                if (failover.goOnAfterError(failed, now)) {
                    return;
                }
            }
        }
        endWithError(failed, callersFault);
    }

    /** No other attempt follows that error reply, so the caller may get it. */
    private void endWithError(Attempt failed, boolean callersFault) {
        if (failed.ask().continues()) {
            endBroken(failed, FailureReason.ofBrokenForGood());
        } else if (callersFault || call.isPassable(failed.verdict(), failed.status())) {
            failed.commit();
        } else {
            failed.abandon();
            answerFailure();
        }
    }

    @Override
    public boolean isAnotherLeft() {
        return failover.isAnotherLeft();
    }

    // Deadlines

    @Override
    protected long remainingNanos(long nowNanos) {
        if (phase == Phase.FOLLOWING) {
            return followingNanos(nowNanos);
        }
        if (sharing.replay() != null) {
            return sharing.replay().remainingNanos(nowNanos);
        }
        long remaining = failover.remainingNanos(nowNanos);
        return phase == Phase.DRAINING || leads ? Math.min(remaining, drainUntilNanos - nowNanos)
                : remaining;
    }

    @Override
    protected void onDeadline(long nowNanos) {
        if (phase == Phase.FOLLOWING) {
            onReplayBroken(Failure.of(Failure.Kind.UPSTREAM_TIMEOUT,
                    "The call that this one joined took too long."));
        } else if (sharing.replay() != null) {
            sharing.replay().resume();
        } else if (leads && sharing.isFollowed() && drainUntilNanos - nowNanos <= 0) {
            expectDrainUntil(nowNanos + FOLLOWED_CHECK_NANOS); // the total time bounds it
        } else if ((phase == Phase.DRAINING || leads) && drainUntilNanos - nowNanos <= 0) {
            endDrain();
        } else if (failover.timeLeftNanos(nowNanos) <= 0) {
            onTotalTimeout(nowNanos);
        } else if (!failover.onDeadline(nowNanos)) {
            answerFailure();
        }
    }

    /** How long the caller lets this call wait for another's reply. */
    private long followingNanos(long nowNanos) {
        return call.timeoutNanos() == Deadlines.NEVER ? Deadlines.NEVER
                : call.timeoutNanos() - (nowNanos - dispatchedNanos);
    }

    private void onTotalTimeout(long nowNanos) {
        switch (phase) {
            case DRAINING -> endDrain();
            case COMMITTED -> onBroken(failover.leader(), Fault.TOTAL_TIMEOUT,
                    "the exchange took too long");
            default -> {
                Attempt attempt = failover.leader();
                if (attempt != null) {
                    attempt.provider().onError(Fault.TOTAL_TIMEOUT.code(),
                            "the exchange took too long");
                    attempt.onTimeUp(nowNanos);
                }
                onRequestUnwanted();
                stopTrying(Fault.TOTAL_TIMEOUT);
                answerFailure();
            }
        }
    }

    /** Abandons the attempts, of which the caller has seen nothing, for that reason. */
    private void stopTrying(Fault why) {
        Attempt attempt = failover.leader();
        if (!failover.isPaused()) { // else that has been done
            costs.bookLost(attempt);
        }
        failover.stop();
        if (attempt == null) {
            return; // a first target was still waited for
        }
        log.onFault(attempt.ask(), attempt, why, loop.nowNanos());
        attempt.abandon();
    }

    // The reply

    @Override
    public void onCommit(Attempt good, HeadWriter out) {
        long now = loop.nowNanos();
        failover.settleOn(good);
        if (good.verdict() == ReplyVerdict.GOOD) {
            log.onReply(good.ask(), good, good.status(), now);
        }
        moveTo(Phase.COMMITTED);
        status = good.shownStatus();
        if (good.verdict() == ReplyVerdict.GOOD) {
            sharing.onGood(good, status);
        }
        if (!good.reading().canBeContinuedLater()) {
            call.release(); // it will not be sent again
        }
        lines.write(out, good, sharing.use(), downstream.isTls(), now);
    }

    @Override
    public void onJoin(Attempt next) {
        log.onReply(next.ask(), next, next.status(), loop.nowNanos());
    }

    @Override
    public boolean tryGoOn(Attempt running) {
        return metering.tryGoOn(running.target().model(), running.passedTokens(),
                loop.nowNanos());
    }

    @Override
    public TokenUsage cameTo(Attempt running) {
        return costs.reported(running);
    }

    @Override
    public TokenUsage cameToInAll(Attempt running) {
        TokenUsage last = costs.reported(running);
        return costs.usage() == null ? last : costs.usage().plus(last);
    }

    @Override
    public void onBudgetSpent(Attempt cut, boolean inOrder) {
        if (inOrder) {
            log.onFault(cut.ask(), cut, Fault.BUDGET_SPENT, loop.nowNanos());
            onEnd(cut, false);
        } else {
            breakOff(cut, Fault.BUDGET_SPENT, Failure.of(Failure.Kind.INSUFFICIENT_QUOTA,
                    "The budget of this month is spent.").by("budget_in_stream"));
        }
    }

    @Override
    public void onEnd(Attempt good, boolean withError) {
        if (!withError && log.lastFault() == null) {
            sharing.onWhole(good);
        }
        if (leads) {
            endWithoutCaller();
            return;
        }
        if (withError) {
            fail(Failure.of(Failure.Kind.UPSTREAM_ERROR, "The provider ended in an error event."));
        } else {
            moveTo(Phase.COMPLETE);
        }
        settle();
        close();
        downstream.endResponse();
    }

    @Override
    public void onBroken(Attempt broken, Fault fault, String detail) {
        broken.provider().onError(fault.code(), detail);
        Failure why = FailureReason.ofBroken(fault, detail);
        if (!broken.canBeContinued() || fault == Fault.TOTAL_TIMEOUT) {
            breakOff(broken, fault, why);
            return;
        }
        long now = loop.nowNanos();
        log.onBroken(broken.ask(), broken, fault, now);
        if (!failover.goOn(broken, now)) {
            endBroken(broken, why);
        }
    }

    private void breakOff(Attempt broken, Fault fault, Failure why) {
        log.onBroken(broken.ask(), broken, fault, loop.nowNanos());
        endBroken(broken, why);
    }

    /** Writes the reason where the caller's format has a word for it, then cuts the connection. */
    private void endBroken(Attempt broken, Failure why) {
        if (leads) {
            sharing.fail();
            endForOthers();
            return;
        }
        fail(why);
        brokenOff = true;
        sharing.fail();
        broken.cut(why, log.toJson());
        broken.abandon();
        settle();
        close();
        downstream.cut();
    }

    // What the proxy answers itself

    /** Answers with the failure: no target brought a reply that may pass. */
    private void answerFailure() {
        sharing.fail();
        if (leads) {
            endWithoutCaller();
            return;
        }
        if (failure == null) {
            fail(FailureReason.ofAll(call, log, failover.leader() != null));
        }
        LocalReply reply = loop.newReply();
        if (failure.kind() == Failure.Kind.NO_HEALTHY_PROVIDER) {
            reply.retryAfter(Math.min(failover.readyInNanos(loop.nowNanos()), MAX_RETRY_NANOS));
        } else if (failure.kind() == Failure.Kind.OVERLOADED) {
            reply.retryAfter(0);
        }
        answer(reply, log.toJson());
    }

    /** Answers a request of which no target was asked. */
    private void refuse(Failure why) {
        fail(why);
        LocalReply reply = loop.newReply();
        if (why.kind() == Failure.Kind.OVERLOADED) {
            reply.retryAfter(0);
        } else if (why.kind() == Failure.Kind.UNSUPPORTED_MEDIA_TYPE) {
            reply.field("accept-encoding", call.acceptedCodings()); // RFC 9110, section 15.5.16
        }
        answer(reply, null);
    }

    private void answer(LocalReply reply, String attempts) {
        status = failure.kind().status();
        settle(); // from here on the permit tells what is left
        lines.addTo(reply, loop.calls().writer(), loop.nowNanos())
                .writeError(downstream, call.format(), failure, requestId, attempts);
        close();
        downstream.endResponse(); // a next request may begin inside
    }

    /** Answers a count of tokens with the proxy's estimate: no target of the model counts them. */
    private void answerEstimate(String body) {
        moveTo(Phase.COMMITTED);
        status = 200;
        moveTo(Phase.COMPLETE);
        settle();
        LocalReply reply = loop.newReply().field("x-penstock-estimated", call.countName());
        lines.addTo(reply, loop.calls().writer(), loop.nowNanos())
                .writeJson(downstream, status, requestId, body);
        close();
        downstream.endResponse();
    }

    private void fail(Failure why) {
        failure = why;
        moveTo(Phase.FAILED);
    }

    // Both sides leave HTTP behind

    @Override
    public void onUpgrade(Attempt good, UpstreamStream provider) {
        upgraded = true;
        loop.calls().deadlines().remove(this);
        Upgraded leg = new Upgraded(loop, good, provider, log, metering, this::onUpgradedOver);
        listener.onUpgraded(leg);
        leg.start();
    }

    private void onUpgradedOver(TokenUsage cameTo) {
        moveTo(Phase.COMPLETE);
        if (cameTo != null) {
            costs.add(cameTo);
        }
        failover.leader().abandon();
        settle();
        close();
        downstream.endResponse();
    }

    // The end

    /** Books what the exchange used, gives the rest back, and releases the request. */
    private void settle() {
        loop.calls().deadlines().remove(this);
        sharing.end();
        if (costs != null) {
            bookReply();
        }
        metering.settle(loop.nowNanos());
        call.release();
    }

    /** Books the reply that the caller got, or did not wait for. */
    private void bookReply() {
        Attempt last = failover.leader();
        boolean served = last != null && last.isCommitted();
        if (!served && !leftAlone || last.status() >= 300 || !call.isMetered()
                || last.status() == 101) { // what a leg came to was booked as it went
            return;
        }
        if (last.usage() != null || call.isEstimated(!brokenOff && !leftAlone)) {
            costs.bookLast(last);
        }
    }

    /** How the exchange stands. */
    Running running() {
        long now = loop.nowNanos();
        Attempt attempt = failover.leader();
        Waiting waiting = waiting(attempt);
        long since = switch (waiting) {
            case REQUEST -> receivedNanos;
            case TURN -> dispatchedNanos;
            case PAUSE, SAME_CALL, DRAIN, TUNNEL -> timing.sinceNanos();
            default -> attempt == null ? firstContentNanos : attempt.waitingSinceNanos();
        };
        return new Running(caller, requestId, call.model(), call.api(), call.isStream(), waiting,
                now - since, now - receivedNanos, attempt == null ? null : attempt.target(),
                List.copyOf(log.entries()));
    }

    private Waiting waiting(Attempt attempt) {
        if (upgraded) {
            return Waiting.TUNNEL;
        }
        return switch (phase) {
            case RECEIVED -> whole ? Waiting.TURN : Waiting.REQUEST;
            case FOLLOWING -> Waiting.SAME_CALL;
            case DRAINING -> Waiting.DRAIN;
            case COMMITTED -> attempt == null ? Waiting.REPLY : attempt.waiting();
            default -> attempt == null || failover.isPaused() ? Waiting.PAUSE : attempt.waiting();
        };
    }

    /** Hands what became of the exchange to the listener: its last act. */
    private void close() {
        loop.onOver(this);
        listener.onFinished(finished());
    }

    private Finished finished() {
        Attempt last = failover.leader();
        boolean served = last != null && last.isCommitted();
        ReplyReading reading = served ? last.reading() : null;
        return new Finished(caller, requestId, call.model(), call.api(),
                served ? last.ask().request().api() : null, call.isStream(), status, failure,
                List.copyOf(log.entries()), served ? last.target() : sharing.first(),
                costs == null ? null : costs.usage(), metering.usedNanoDollars(),
                reading == null ? 0 : reading.malformedEvents(), receivedNanos, loop.nowNanos(),
                System.currentTimeMillis(), served ? last.contentNanos() - receivedNanos
                        : sharing.replay() != null ? firstContentNanos - receivedNanos : -1,
                new Finished.Stages(timing.nanos(Stage.RECEIVE), timing.nanos(Stage.QUEUE),
                        timing.nanos(Stage.PROVIDER), timing.nanos(Stage.PROXY)),
                sharing.use(), phase == Phase.COMPLETE ? sharing.saved() : null, trace);
    }
}

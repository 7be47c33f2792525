package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.auth.Caller;
import io.penstock.exchange.Timing.Stage;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.http.HeadWriter;
import io.penstock.http.RequestHead;
import io.penstock.limit.Permit;
import io.penstock.limit.Refusal;
import io.penstock.listen.DownstreamConnection;
import io.penstock.loop.Deadlines;
import io.penstock.provider.Api;
import io.penstock.provider.ReplyVerdict;
import io.penstock.route.Midstream;
import io.penstock.route.Route.TargetName;
import io.penstock.route.Route;
import io.penstock.translate.ChatChunk;
import io.penstock.translate.ChatStream;
import io.penstock.upstream.ProviderTypeException;
import io.penstock.upstream.UpstreamConnection;
import io.penstock.usage.TokenUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One request and its reply, from the head that was accepted to the last byte: reads what routing
 * has to know, tries one target after the other, commits the first good reply, and ends in exactly
 * one {@link #finish}. A connection uses one object for all its exchanges, one after the other.
 *
 * <p><b>Thread:</b> confined to the event loop of the downstream connection, which serves the
 * upstream connections too.
 * <br><b>Buffers:</b> takes the body, and gives it to {@link IncomingRequest}, which keeps it for
 * replay until the commit.
 * <br><b>Bounds:</b> the policy's body size and attempts, the target's total time. Either side may
 * die in any phase: the caller's death cancels the attempt at once, the provider's moves on.
 */
public final class Exchange extends Deadlines.Entry implements Outcome {
    /** How long a reply is read on whose caller has gone. */
    static final long MAX_DRAIN_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final ExchangeLoop loop;
    private final DownstreamConnection downstream;
    private final ExchangeListener listener;
    private Continuation continuation; // null until one was wanted
    private final IncomingRequest incoming;
    private final RequestFields request; // what its body says
    private final Metering metering;
    private final AttemptCosts costs;
    private final Tries tries;
    private final AttemptLog log = new AttemptLog();
    private final Timing timing = new Timing();
    private final AffinityValues affinity = new AffinityValues();

    private Phase phase = Phase.IDLE;
    private Policy policy;
    private Caller caller;
    private Endpoint endpoint;
    private Api upstreamApi; // of the reply that the caller gets
    private String requestId;
    private String cors; // field lines
    private boolean waited; // for its turn, since it was whole
    private Route route; // of the model asked for; null while that is not known
    private final List<Route> routes = new ArrayList<>(1); // it, and those to fall back on

    private long receivedNanos;
    private long dispatchedNanos;
    private long drainUntilNanos;

    private int status;
    private Failure failure;
    private boolean leftAlone; // the caller went when a provider was at work for it

    public Exchange(ExchangeLoop loop, DownstreamConnection downstream,
            ExchangeListener listener) {
        this.loop = loop;
        this.downstream = downstream;
        this.listener = listener;
        metering = new Metering(loop);
        costs = new AttemptCosts(metering);
        incoming = new IncomingRequest(loop, downstream.context().alloc());
        request = incoming.found();
        tries = new Tries(this, loop, downstream, incoming, log, timing, metering, costs);
    }

    /**
     * Begins with a request whose head was accepted.
     *
     * @param permit has begun for it; whoever gave it ends it when the exchange has finished
     * @param requestId as it goes to the caller and into logs
     * @param cors field lines that every reply has to carry
     */
    public void begin(RequestHead head, Caller caller, Permit permit, Policy policy,
            Endpoint endpoint, String requestId, String cors) {
        moveTo(Phase.RECEIVED);
        this.caller = caller;
        this.policy = policy;
        this.endpoint = endpoint;
        this.requestId = requestId;
        this.cors = cors;
        metering.begin(permit, caller, policy);
        costs.begin(endpoint);
        tries.begin(endpoint, policy);
        affinity.begin(head, policy.router().affinityHeaders());
        waited = false;
        route = null;
        status = 0;
        failure = null;
        leftAlone = false;
        log.clear();
        receivedNanos = loop.deadlines().nowNanos();
        timing.begin(receivedNanos);
        Failure mistake = incoming.begin(head, endpoint, policy.maxBodyBytes());
        if (mistake != null) {
            refuse(mistake);
        }
    }

    /** The next bytes of the body; takes them. */
    public void onBody(ByteBuf bytes) {
        if (phase != Phase.RECEIVED) {
            bytes.release();
            return;
        }
        Failure mistake = incoming.add(bytes);
        if (mistake != null) {
            refuse(mistake);
        }
    }

    /** The request is whole. */
    public void onRequestEnd() {
        if (phase != Phase.RECEIVED) {
            return;
        }
        Failure mistake = incoming.end();
        if (mistake != null) {
            refuse(mistake);
            return;
        }
        dispatch();
    }

    /** The request is whole, and waits for its turn: {@link #onRequestEnd} follows then. */
    public void onQueued() {
        waited = true;
        dispatchedNanos = loop.deadlines().nowNanos(); // its time runs
        timing.enter(Stage.QUEUE, dispatchedNanos);
    }

    /** How long it may take by its caller's own word; {@link Deadlines#NEVER} for no word. */
    public long timeoutNanos() {
        return incoming.controls().timeoutNanos();
    }

    /** The request broke off, or is none, or can't have its turn. */
    public void onBadRequest(Failure why) {
        refuse(why);
    }

    /** The caller has gone: whatever is under way for it ends now. */
    public void onCallerGone() {
        if (phase == Phase.IDLE || phase == Phase.DRAINING) {
            return;
        }
        Attempt attempt = tries.leader();
        leftAlone = route != null && !tries.isPaused() && attempt.isSent();
        tries.endRace();
        if (leftAlone && tries.drains(attempt) && attempt.tryDrain()) {
            moveTo(Phase.DRAINING);
            loop.drains().add(this);
            incoming.release();
            drainUntilNanos = loop.deadlines().nowNanos() + MAX_DRAIN_NANOS;
            loop.deadlines().expectBy(drainUntilNanos);
            return;
        }
        if (phase != Phase.RECEIVED) {
            if (phase == Phase.ATTEMPTING) {
                log.onFault(attempt.target(), Fault.CALLER_GONE,
                        loop.deadlines().nowNanos() - attempt.startedNanos());
            }
            attempt.abandon();
        }
        endWithoutCaller();
    }

    /** The reply that nobody waits for has told its usage, or will not. */
    void onDrained(Attempt drained) {
        loop.drains().remove(this);
        log.onFault(drained.target(), Fault.CALLER_GONE,
                loop.deadlines().nowNanos() - drained.startedNanos());
        endWithoutCaller();
    }

    /** Reads on no more. */
    void endDrain() {
        tries.leader().abandon();
        onDrained(tries.leader());
    }

    private void endWithoutCaller() {
        fail(Failure.of(Failure.Kind.CALLER_GONE, "The caller closed the connection."));
        status = Failure.Kind.CALLER_GONE.status();
        finish();
    }

    /** The proxy stops, and can wait no longer: the caller is told so. */
    public void onShutdown() {
        switch (phase) {
            case RECEIVED -> refuse(shutdown());
            case ATTEMPTING -> {
                stopTrying(Fault.SHUTDOWN, loop.deadlines().nowNanos());
                fail(shutdown());
                answerFailure();
            }
            case COMMITTED -> breakOff(tries.leader(), Fault.SHUTDOWN, shutdown());
            default -> { } // nothing is under way
        }
    }

    private static Failure shutdown() {
        return Failure.of(Failure.Kind.OVERLOADED, "The proxy is shutting down.");
    }

    /** The caller has room again. */
    public void onWritable() {
        if (phase == Phase.COMMITTED) {
            tries.leader().resume();
        }
    }

    // Trying one target after the other

    private void dispatch() {
        long now = loop.deadlines().nowNanos();
        dispatchedNanos = waited ? dispatchedNanos : now;
        timing.enter(Stage.PROXY, now);
        Failure impossible = RouteFinder.find(policy.router(), caller,
                incoming.controls().models(request.model()), routes, log);
        if (impossible != null) {
            refuse(impossible);
            return;
        }
        route = routes.get(0);
        if (metering.isUncountable()) {
            refuse(Failure.of(Failure.Kind.OVERLOADED,
                    "What is used of a month's budget can't be written down at the moment."));
            return;
        }
        Refusal refusal = metering.reserve(endpoint, request, route.targets().get(0).model(),
                incoming.length(), now);
        if (refusal != null) {
            fail(LimitReply.refuse(loop.localReply(), refusal, caller));
            answer(loop.localReply(), null);
            return;
        }
        moveTo(Phase.ATTEMPTING);
        if (endpoint.countsTokens() && !isCountedSomewhere()) {
            answerEstimate();
            return;
        }
        if (isContinuable()) {
            continuation = continuation == null ? new Continuation() : continuation;
            continuation.begin();
        }
        tries.begin(routes, affinity, isContinuable() ? continuation : null, dispatchedNanos, now);
        loop.deadlines().add(this);
        if (!tries.startFirst(now)) {
            if (tries.refusal() == null) {
                fail(Failure.of(Failure.Kind.NO_HEALTHY_PROVIDER,
                        "Every provider of the model '" + request.model()
                                + "' is left alone for the moment: " + log + "."));
            }
            answerFailure();
        }
    }

    private boolean isCountedSomewhere() {
        for (TargetName target : route.targets()) {
            if (policy.providers().get(target.provider()).speaks(endpoint.api())) {
                return true;
            }
        }
        return false;
    }

    /** Nobody who serves the model counts tokens beforehand: tells what the proxy guesses. */
    private void answerEstimate() {
        long tokens = metering.estimate(route.targets().get(0).model(), 0).prompt();
        moveTo(Phase.COMMITTED);
        status = 200;
        moveTo(Phase.COMPLETE);
        String id = requestId;
        String counted = endpoint.isGoogles() ? "totalTokens" : "input_tokens";
        finish();
        loop.localReply().lines(LimitReply.lines(metering.permit(), loop.deadlines().nowNanos()))
                .lines(cors).field("x-penstock-estimated", counted)
                .json(downstream, 200, id, "{\"" + counted + "\":" + tokens + "}");
    }

    /** Whether the route wants a broken stream to be continued, and this one could be. */
    private boolean isContinuable() {
        return route.policy().midstream() == Midstream.CONTINUE && endpoint.isChat()
                && request.isStream() && request.isContinuable();
    }

    /** Writes the request; called by the attempt when its connection is ready. */
    void send(Attempt sender, UpstreamConnection connection) throws ProviderTypeException {
        if (sender.question() != null) {
            incoming.send(sender.question(), sender, connection);
        } else {
            boolean prefills = sender.isSplicing()
                    && sender.provider().takesPrefill(sender.target().model());
            incoming.send(sender, connection,
                    prefills ? continuation.text().stripTrailing() : null, costs.passedTokens());
        }
    }

    /** The attempt brought no reply; it has let go of everything. */
    void onFault(Attempt failed, Fault fault, String detail) {
        long now = loop.deadlines().nowNanos();
        timing.enter(Stage.PROXY, now);
        log.onFault(failed.target(), fault, now - failed.startedNanos());
        failed.provider().onError(fault.code(), detail);
        costs.bookLost(failed);
        failed.provider().load().onFault(fault);
        if (!tries.goOnAfterFault(failed, fault, now)) {
            if (failed.isSplicing()) {
                endBroken(failed, failureOf(fault, detail));
            } else {
                answerFailure();
            }
        }
    }

    /** The attempt brought a reply that is no good, all of it held, or as much as is kept. */
    void onErrorReply(Attempt failed) {
        long now = loop.deadlines().nowNanos();
        timing.enter(Stage.PROXY, now);
        if (failed.verdict() == ReplyVerdict.CALLERS_FAULT && !failed.isUsageQuestionRefused()
                && !failed.isSplicing()) {
            failed.commit();
            return;
        }
        log.onReply(failed.target(), failed.status(), now - failed.startedNanos());
        failed.provider().onErrorReply(failed.status(), failed.errorText());
        failed.provider().load().onErrorReply(failed.status());
        boolean under = failed.verdict() == ReplyVerdict.CALLERS_FAULT
                && tries.canAskDifferently(failed) ? tries.askDifferently(failed, now)
                : tries.goOnAfterError(failed, now);
        if (!under) {
            endWithError(failed);
        }
    }

    /** No other attempt follows on that error reply: it may be what the caller gets. */
    private void endWithError(Attempt failed) {
        boolean passable = failed.verdict() == ReplyVerdict.RATE_LIMITED
                || failed.verdict() == ReplyVerdict.CONTEXT_LENGTH || failed.status() >= 500;
        if (failed.isSplicing()) {
            endBroken(failed, Failure.of(Failure.Kind.UPSTREAM_ERROR,
                    "The provider's reply broke off, and no other could go on with it."));
        } else if (passable) {
            failed.commit();
        } else {
            failed.abandon();
            answerFailure();
        }
    }

    // Deadlines

    @Override
    protected long remainingNanos(long nowNanos) {
        long remaining = tries.remainingNanos(nowNanos);
        return phase == Phase.DRAINING ? Math.min(remaining, drainUntilNanos - nowNanos)
                : remaining;
    }

    @Override
    protected void onDeadline(long nowNanos) {
        if (phase == Phase.DRAINING && drainUntilNanos - nowNanos <= 0) {
            endDrain();
        } else if (tries.timeLeftNanos(nowNanos) <= 0) {
            onTotalTimeout(nowNanos);
        } else if (!tries.onDeadline(nowNanos)) {
            answerFailure();
        }
    }

    private void onTotalTimeout(long nowNanos) {
        if (phase == Phase.DRAINING) {
            endDrain();
            return;
        }
        if (phase == Phase.COMMITTED) {
            onBroken(tries.leader(), Fault.TOTAL_TIMEOUT, "the exchange took too long");
            return;
        }
        tries.leader().provider().onError(Fault.TOTAL_TIMEOUT.code(), "the exchange took too long");
        tries.leader().onTimeUp(nowNanos);
        stopTrying(Fault.TOTAL_TIMEOUT, nowNanos);
        answerFailure();
    }

    /** Lets go of what is under way, unseen by the caller, for that reason. */
    private void stopTrying(Fault why, long nowNanos) {
        Attempt attempt = tries.leader();
        if (!tries.isPaused()) { // else that has been done
            costs.bookLost(attempt);
        }
        tries.stop();
        log.onFault(attempt.target(), why, nowNanos - attempt.startedNanos());
        attempt.abandon();
    }

    // The reply

    /** The attempt goes to the caller; writes the fields that only now are known. */
    void onCommit(Attempt good, HeadWriter out) {
        long now = loop.deadlines().nowNanos();
        tries.settleOn(good);
        if (log.entries().isEmpty() || good.verdict() == ReplyVerdict.GOOD
                || good.verdict() == ReplyVerdict.CALLERS_FAULT) {
            log.onReply(good.target(), good.status(), now - good.startedNanos());
        }
        moveTo(Phase.COMMITTED);
        status = good.shownStatus();
        upstreamApi = good.question() == null ? endpoint.api() : good.question().api();
        if (!isContinuable()) {
            incoming.release(); // nothing will be sent again
        }
        LimitReply.write(out, metering.permit(), now);
        out.text("x-request-id: ").text(requestId).crlf().text(cors)
                .bytes(HeaderText.securityLines(downstream.isTls()));
        if (policy.fullHeaders()) {
            out.text("x-penstock-provider: ").text(good.target().provider())
                    .text("\r\nx-penstock-model: ")
                    .text(HeaderText.printable(good.target().model()))
                    .text("\r\nx-penstock-attempts: ");
            log.writeTo(out);
            if (good.question() != null) {
                writeNames(out, "\r\nx-penstock-dropped: ", good.question().dropped());
                writeNames(out, "\r\nx-penstock-changed: ", good.question().changed());
            }
            out.crlf();
            timing.enter(Stage.PROXY, good.contentNanos());
            timing.write(out, now, good);
        }
    }

    private static void writeNames(HeadWriter out, String field, List<String> names) {
        if (!names.isEmpty()) {
            out.text(field).text(String.join(",", names));
        }
    }

    /** Where the time goes; for the attempt to say what it waits for. */
    Timing timing() {
        return timing;
    }

    /** Whether a further target could be asked. */
    boolean isAnotherLeft() {
        return tries.isAnotherLeft();
    }

    /** Whether a spent budget ends the streams of this caller. */
    boolean isWatching() {
        return metering.isWatching();
    }

    /** Whether pieces of the answer are plain text, as in the older completions. */
    boolean isText() {
        return endpoint == Endpoint.COMPLETIONS;
    }

    Endpoint endpoint() {
        return endpoint;
    }

    long choices() {
        return request.choices();
    }

    /** For a stream whose chunks don't say whose they are. */
    ChatStream.Identity identity() {
        return new ChatStream.Identity(requestId, isText() ? "text_completion"
                : "chat.completion.chunk", TimeUnit.MILLISECONDS.toSeconds(
                System.currentTimeMillis()), request.model());
    }

    /** More of the committed stream has come: whether the caller's budget has room for it. */
    boolean mayGoOn(Attempt running) {
        return metering.mayGoOn(running.target().model(), running.passedTokens(),
                loop.deadlines().nowNanos());
    }

    /** The stream was ended in order, since the caller's budget is spent. */
    void onBudgetSpent(Attempt cut) {
        log.onFault(cut.target(), Fault.BUDGET_SPENT,
                loop.deadlines().nowNanos() - cut.startedNanos());
        onEnded(cut, false);
    }

    /** What a running attempt has come to. */
    TokenUsage cameTo(Attempt running) {
        return costs.reported(running);
    }

    /** The caller's budget is spent, and its stream is too long to be ended in order. */
    void onBudgetSpentInside(Attempt cut) {
        breakOff(cut, Fault.BUDGET_SPENT, Failure.of(Failure.Kind.INSUFFICIENT_QUOTA,
                "The budget of this month is spent."));
    }

    /** The reply went to the caller to its end. */
    void onEnded(Attempt good, boolean withError) {
        if (withError) {
            fail(Failure.of(Failure.Kind.UPSTREAM_ERROR, "The provider ended in an error event."));
        } else {
            moveTo(Phase.COMPLETE);
        }
        downstreamEnds(true);
    }

    /** The committed reply broke off. */
    void onBroken(Attempt broken, Fault fault, String detail) {
        broken.provider().onError(fault.code(), detail);
        long now = loop.deadlines().nowNanos();
        if (broken.canBeContinued() && fault != Fault.TOTAL_TIMEOUT) {
            log.onBroken(broken.target(), fault, now - broken.startedNanos());
            if (!tries.goOn(broken, now)) {
                endBroken(broken, failureOf(fault, detail));
            }
            return;
        }
        breakOff(broken, fault, failureOf(fault, detail));
    }

    private static Failure failureOf(Fault fault, String detail) {
        return new Failure(fault.isTimeout() ? Failure.Kind.UPSTREAM_TIMEOUT
                : Failure.Kind.UPSTREAM_ERROR,
                "The provider's reply broke off (" + fault.code() + ").", null, detail);
    }

    /** Another target goes on with the stream: the caller has begun to get its part. */
    void onContinued(Attempt next) {
        log.onReply(next.target(), next.status(),
                loop.deadlines().nowNanos() - next.startedNanos());
    }

    /** What ends a stream that was continued. */
    String lastEvents(ChatStream.Identity stream) {
        TokenUsage before = costs.usage();
        TokenUsage last = costs.reported(tries.leader());
        return (request.asksForUsage() ? ChatChunk.ofUsage(stream, before.prompt() + last.prompt(),
                before.completion() + last.completion()) : "") + "data: [DONE]\n\n";
    }

    private void breakOff(Attempt broken, Fault fault, Failure why) {
        log.onBroken(broken.target(), fault,
                loop.deadlines().nowNanos() - broken.startedNanos());
        endBroken(broken, why);
    }

    private void endBroken(Attempt broken, Failure why) {
        fail(why);
        broken.cut(failure, log.toJson());
        broken.abandon();
        downstreamEnds(false);
    }

    private void downstreamEnds(boolean whole) {
        finish();
        if (whole) {
            downstream.endResponse();
        } else {
            downstream.cut();
        }
    }

    /** Nothing brought a reply that could be passed on. */
    private void answerFailure() {
        if (failure == null) {
            Failure refusal = tries.refusal();
            fail(refusal != null ? refusal : summarize());
        }
        LocalReply reply = loop.localReply();
        if (failure.kind() == Failure.Kind.NO_HEALTHY_PROVIDER) {
            long ready = tries.readyInNanos(loop.deadlines().nowNanos());
            reply.retryAfter(Math.min(ready, TimeUnit.SECONDS.toNanos(60)));
        } else if (failure.kind() == Failure.Kind.OVERLOADED) {
            reply.retryAfter(0);
        }
        if (policy.fullHeaders() && !log.entries().isEmpty()) {
            reply.field("x-penstock-attempts", log.toString());
        }
        answer(reply, log.toJson());
    }

    private Failure summarize() {
        String tried = "All providers of the model '" + request.model() + "' failed: " + log + ".";
        if (log.isNotFoundEverywhere()) {
            return new Failure(Failure.Kind.MODEL_NOT_FOUND, "No provider knows the model '"
                    + request.model() + "': " + log + ".", "model", null);
        }
        Fault last = log.lastFault();
        if (last == Fault.SATURATED) {
            return Failure.of(Failure.Kind.OVERLOADED, tried);
        }
        return Failure.of(last != null && last.isTimeout() ? Failure.Kind.UPSTREAM_TIMEOUT
                : Failure.Kind.UPSTREAM_ERROR, tried);
    }

    /** Answers a request that no provider was asked about. */
    private void refuse(Failure why) {
        fail(why);
        LocalReply reply = loop.localReply();
        if (why.kind() == Failure.Kind.OVERLOADED) {
            reply.retryAfter(0);
        }
        answer(reply, null);
    }

    private void answer(LocalReply reply, String attempts) {
        status = failure.kind().status();
        Failure why = failure;
        String id = requestId;
        if (policy.fullHeaders()) {
            HeadWriter line = loop.writer().clear();
            timing.write(line, loop.deadlines().nowNanos());
            reply.lines(line.toString());
        }
        finish();
        // Only now the permit says what is left.
        reply.lines(LimitReply.lines(metering.permit(), loop.deadlines().nowNanos()));
        reply.lines(cors).error(downstream, endpoint.format(), why, id, attempts);
    }

    private void fail(Failure why) {
        failure = why;
        moveTo(Phase.FAILED);
    }

    /** Every exchange ends here, once. */
    private void finish() {
        loop.deadlines().remove(this);
        if (isToBePaid()) {
            costs.bookLast(tries.leader());
        }
        metering.settle(loop.deadlines().nowNanos());
        incoming.release();
        listener.onFinished(this);
        moveTo(Phase.IDLE);
    }

    /** Whether the last attempt came to a reply that the caller got, or did not wait for. */
    private boolean isToBePaid() {
        return (servedBy() != null || leftAlone) && tries.leader().status() < 300
                && !endpoint.countsTokens();
    }

    private void moveTo(Phase next) {
        if (!phase.canMoveTo(next)) {
            throw new IllegalStateException(phase + " cannot become " + next);
        }
        phase = next;
    }

    // What became of it, for whoever keeps books

    public boolean isIdle() {
        return phase == Phase.IDLE;
    }

    public Phase phase() {
        return phase;
    }

    @Override
    public Caller caller() {
        return caller;
    }

    @Override
    public String requestId() {
        return requestId;
    }

    @Override
    public String model() {
        return request.model();
    }

    @Override
    public boolean isStream() {
        return request.isStream();
    }

    @Override
    public int status() {
        return status;
    }

    @Override
    public Failure failure() {
        return failure;
    }

    @Override
    public AttemptLog attempts() {
        return log;
    }

    @Override
    public Api api() {
        return endpoint.api();
    }

    @Override
    public Api upstreamApi() {
        return servedBy() == null ? null : upstreamApi;
    }

    @Override
    public TargetName servedBy() {
        Attempt last = tries.leader();
        return last.isCommitted() && !log.entries().isEmpty() ? last.target() : null;
    }

    @Override
    public int malformedEvents() {
        return servedBy() == null ? 0 : tries.leader().malformedEvents();
    }

    @Override
    public TokenUsage usage() {
        return costs.usage();
    }

    @Override
    public long durationNanos() {
        return loop.deadlines().nowNanos() - receivedNanos;
    }

    @Override
    public long firstContentNanos() {
        return servedBy() == null ? -1 : tries.leader().contentNanos() - receivedNanos;
    }
}

package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.auth.Caller;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.http.HeadWriter;
import io.penstock.http.RequestHead;
import io.penstock.limit.Permit;
import io.penstock.limit.Refusal;
import io.penstock.limit.StreamLimits;
import io.penstock.listen.DownstreamStream;
import io.penstock.loop.Deadlines;
import io.penstock.provider.ReplyVerdict;
import io.penstock.route.Route.TargetName;
import io.penstock.upstream.Provider;
import io.penstock.upstream.UpstreamStream;
import io.penstock.usage.TokenUsage;

/**
 * One call that is relayed without being understood: files, images, audio, whatever a provider has
 * below its own path, a WebSocket. It knows whose call it is and where it stands; what the bytes
 * mean is the two ends' affair.
 *
 * <p><b>Thread:</b> confined to the event loop of the downstream connection, which serves the
 * upstream connections too.
 * <br><b>Buffers:</b> takes the body, for the {@link RawRequest}.
 * <br><b>Bounds:</b> those of the {@link RawRequest} and its {@link RawTries}.
 * <br>The caller dies: the attempt is abandoned at once. The provider dies: the next try if there
 * may be one, else an error, or the connection is cut.
 */
public final class PassThrough extends Deadlines.Entry implements Outcome {
    private final ExchangeLoop loop;
    private final DownstreamStream downstream;
    private final ExchangeListener listener;
    private final RawRequest request;
    private final RawAttempt attempt;
    private final RawTries tries;
    private final RawAccess access = new RawAccess();
    private final Metering metering;
    private final RawTunnel tunnel;
    private final RawAnswer answer;
    private final AttemptLog log = new AttemptLog();

    private Phase phase = Phase.IDLE;
    private Caller caller;
    private StreamLimits limits;
    private long timeoutNanos; // by the caller's own word
    private boolean queued; // all waits until it is among the concurrent calls

    private long receivedNanos;
    private long dispatchedNanos;

    private int status;
    private Failure failure;
    private boolean leftAlone; // the caller went when a provider was at work for it
    private boolean brokenOff; // the reply, when some of it had gone to the caller
    private TokenUsage usage;

    public PassThrough(ExchangeLoop loop, DownstreamStream downstream,
            ExchangeListener listener) {
        this.loop = loop;
        this.downstream = downstream;
        this.listener = listener;
        request = new RawRequest(loop, downstream.allocator());
        attempt = new RawAttempt(this, request, loop, downstream);
        tries = new RawTries(loop, request, log, attempt);
        metering = new Metering(loop);
        tunnel = new RawTunnel(this, loop, downstream, metering);
        answer = new RawAnswer(loop, downstream, log);
    }

    /**
     * Begins with a request whose head was accepted.
     *
     * @param permit has begun for it; whoever gave it ends it when the exchange has finished
     * @param stored the provider of whatever names no model; null for none
     * @param requestId as it goes to the caller and into logs
     * @param cors field lines that every reply has to carry
     */
    public void begin(RequestHead head, RawCall call, Caller caller, Permit permit,
            Policy policy, StreamLimits limits, Provider stored, String requestId, String cors) {
        moveTo(Phase.RECEIVED);
        this.caller = caller;
        this.limits = limits;
        timeoutNanos = RequestControls.timeoutNanos(head);
        queued = false;
        status = 0;
        failure = null;
        leftAlone = false;
        brokenOff = false;
        usage = null;
        receivedNanos = loop.deadlines().nowNanos();
        dispatchedNanos = receivedNanos;
        metering.begin(permit, caller, policy);
        answer.begin(permit, policy, requestId, cors, receivedNanos);
        log.clear();
        access.begin(caller, policy, stored);
        tries.begin(policy, timeoutNanos);
        request.begin(head, call, policy, limits, access.wantsSignature(call));
        Failure mistake = check(call);
        if (mistake != null) {
            refuse(mistake);
        }
    }

    /** What can be refused on the head; null if nothing. */
    private Failure check(RawCall call) {
        if (timeoutNanos <= 0) {
            return RequestControls.noTime();
        }
        Failure forbidden = access.check(call);
        return forbidden != null ? forbidden : request.check();
    }

    /** How long it may take by its caller's own word; {@link Deadlines#NEVER} for no word. */
    public long timeoutNanos() {
        return timeoutNanos;
    }

    // The body

    /** The next bytes of the body, or of a tunnel; takes them. */
    public void onBody(ByteBuf bytes) {
        if (tunnel.isOn()) {
            tunnel.onCallerBytes(bytes);
            return;
        }
        if (phase != Phase.RECEIVED && !request.isUploading()) {
            bytes.release();
            return;
        }
        // Once it is on its way, only a caller who may not use every model has to be looked after.
        Failure mistake = request.read(bytes, phase == Phase.RECEIVED
                || access.isRestricted());
        if (mistake != null) {
            bytes.release();
        } else if (request.isUploading() && attempt.isSent()) {
            attempt.upload(bytes);
        } else {
            mistake = request.keep(bytes);
        }
        if (mistake != null) {
            giveUp(mistake);
        } else if (phase == Phase.RECEIVED && request.isLong()) {
            downstream.setReading(false); // until the provider is there
            if (!queued) {
                request.beginUpload();
                dispatch();
            }
        }
    }

    /** It has begun, and may go no further than to hold what it may of its body. */
    public void onQueued() {
        queued = true;
    }

    /** It is among the concurrent calls now; {@code requestEnded} meanwhile. */
    public void onSlot(boolean requestEnded) {
        queued = false;
        if (requestEnded) {
            onRequestEnd();
        } else if (phase == Phase.RECEIVED && request.isLong()) {
            request.beginUpload();
            dispatch();
        }
    }

    /** All of the body, or of a tunnel's bytes, that could be read for now has been given. */
    public void onBodyRead() {
        if (phase == Phase.IDLE) {
            return;
        }
        if (tunnel.isOn()) {
            tunnel.onCallerReadComplete();
        } else {
            attempt.flushUpload();
        }
    }

    /** The request is whole; or the caller of a tunnel sends no more. */
    public void onRequestEnd() {
        if (tunnel.isOn()) {
            tunnel.onCallerEnd();
        } else if (request.isUploading()) {
            request.endUpload();
            tries.onSent(loop.deadlines().nowNanos());
            if (attempt.isSent()) {
                attempt.endUpload();
            }
        } else if (phase == Phase.RECEIVED) {
            Failure mistake = request.end();
            if (mistake != null) {
                refuse(mistake);
            } else {
                dispatch();
            }
        }
    }

    /** An answer has come, and what is still sent of the request is of no more use. */
    void stopUpload() {
        if (request.cutShort()) {
            attempt.stopUpload();
            tries.onSent(loop.deadlines().nowNanos());
            downstream.setReading(true); // to be thrown away, or the caller would wait for ever
        }
    }

    /** The request broke off, or is none. */
    public void onBadRequest(Failure why) {
        giveUp(why);
    }

    /** Ends the call for the caller's own mistake, wherever it stands. */
    private void giveUp(Failure why) {
        switch (phase) {
            case RECEIVED -> refuse(why);
            case ATTEMPTING -> {
                stopUpload();
                abandon(Fault.CALLER_GONE);
                fail(why);
                answerFailure();
            }
            case COMMITTED -> {
                stopUpload();
                breakOff(Fault.CALLER_GONE, why);
            }
            default -> { }
        }
    }

    private void abandon(Fault fault) {
        if (!tries.isPaused()) {
            log.onFault(attempt.target(), fault,
                    loop.deadlines().nowNanos() - attempt.clock().startedNanos());
        }
        tries.stop();
        attempt.abandon();
    }

    /** The caller has gone: whatever is under way for it ends now. */
    public void onCallerGone() {
        if (phase == Phase.IDLE) {
            return;
        }
        if (tunnel.isOn()) {
            endTunnel();
            return;
        }
        leftAlone = phase != Phase.RECEIVED && !tries.isPaused() && attempt.isSent();
        if (phase == Phase.ATTEMPTING) {
            abandon(Fault.CALLER_GONE);
        } else if (phase == Phase.COMMITTED) {
            attempt.abandon();
        }
        fail(Failure.of(Failure.Kind.CALLER_GONE, "The caller closed the connection."));
        status = Failure.Kind.CALLER_GONE.status();
        finish();
    }

    /** The proxy stops, and can wait no longer: the caller is told so. */
    public void onShutdown() {
        Failure why = Failure.of(Failure.Kind.OVERLOADED, "The proxy is shutting down.");
        if (tunnel.isOn()) {
            onTunnelOver(Fault.SHUTDOWN);
        } else if (phase == Phase.ATTEMPTING) {
            stopUpload();
            abandon(Fault.SHUTDOWN);
            fail(why);
            answerFailure();
        } else if (phase == Phase.COMMITTED) {
            breakOff(Fault.SHUTDOWN, why);
        } else if (phase == Phase.RECEIVED) {
            refuse(why);
        }
    }

    /** The caller has room again. */
    public void onWritable() {
        if (tunnel.isOn()) {
            tunnel.onCallerWritable();
        } else if (phase == Phase.COMMITTED) {
            attempt.resume();
        }
    }

    // Trying one target after the other

    private void dispatch() {
        dispatchedNanos = loop.deadlines().nowNanos();
        Failure mistake = access.find(request.call(), request.model(), tries.targets(),
                dispatchedNanos);
        if (mistake != null) {
            refuse(mistake);
            return;
        }
        if (metering.isUncountable()) {
            refuse(Failure.of(Failure.Kind.OVERLOADED,
                    "What is used of a month's budget can't be written down at the moment."));
            return;
        }
        Refusal refusal = metering.reserve(tries.targets().first().model(), request.jsonBytes(),
                dispatchedNanos);
        if (refusal != null) {
            refuse(LimitReply.refuse(loop.localReply(), refusal, caller));
            return;
        }
        moveTo(Phase.ATTEMPTING);
        loop.deadlines().add(this);
        if (!tries.startFirst(dispatchedNanos)) {
            fail(Failure.of(Failure.Kind.NO_HEALTHY_PROVIDER,
                    "Every provider of it is left alone for the moment: " + log + "."));
            answerFailure();
        }
    }

    /** The attempt brought no reply; it has let go of everything. */
    void onFault(RawAttempt failed, Fault fault, String detail) {
        long now = loop.deadlines().nowNanos();
        log.onFault(failed.target(), fault, now - failed.clock().startedNanos());
        failed.provider().onError(fault.code(), detail);
        if (request.isRouted()) {
            failed.provider().load().onFault(fault);
        }
        if (!tries.goOnAfterFault(fault, now)) {
            answerFailure();
        }
    }

    /** The attempt brought an error, all of it held, or as much as is kept. */
    void onErrorReply(RawAttempt failed, ReplyVerdict verdict) {
        long now = loop.deadlines().nowNanos();
        String text = failed.reply().errorText();
        log.onReply(failed.target(), failed.status(), now - failed.clock().startedNanos());
        failed.provider().onErrorReply(failed.status(), text);
        if (request.isRouted() && verdict != ReplyVerdict.CALLERS_FAULT) {
            failed.provider().load().onErrorReply(failed.status());
            if (tries.goOnAfterError(verdict, now)) {
                return;
            }
        }
        boolean showsKey = failed.key() != null && failed.key().isShownIn(text);
        if (showsKey || verdict == ReplyVerdict.BAD_KEY && !request.isImpatient()) {
            failed.abandon();
            fail(Failure.of(Failure.Kind.UPSTREAM_ERROR,
                    "The provider refused the proxy (" + failed.status() + ")."));
            answerFailure();
        } else {
            failed.commit();
        }
    }

    // Deadlines

    @Override
    protected long remainingNanos(long nowNanos) {
        return Math.min(phase == Phase.ATTEMPTING ? tries.timeLeftNanos(nowNanos)
                : tunnel.remainingNanos(nowNanos), tries.remainingNanos(nowNanos));
    }

    @Override
    protected void onDeadline(long nowNanos) {
        if (phase == Phase.ATTEMPTING && tries.timeLeftNanos(nowNanos) <= 0) {
            attempt.provider().onError(Fault.TOTAL_TIMEOUT.code(), "the exchange took too long");
            attempt.onTimeUp(nowNanos);
            abandon(Fault.TOTAL_TIMEOUT);
            answerFailure();
        } else if (tunnel.isOn()) {
            tunnel.onDeadline(nowNanos);
        } else if (!tries.onDeadline(nowNanos)) {
            answerFailure();
        }
    }

    // The reply

    /** The attempt goes to the caller; writes the fields that only now are known. */
    void onCommit(RawAttempt good, HeadWriter out) {
        long now = loop.deadlines().nowNanos();
        if (good.status() < 400) {
            log.onReply(good.target(), good.status(), now - good.clock().startedNanos());
            if (request.isRouted() && good.status() != 101) {
                good.provider().load().onUnaryReply();
            }
        }
        moveTo(Phase.COMMITTED);
        status = good.status();
        request.release();
        answer.writeLines(out, good, dispatchedNanos, now);
    }

    /** The reply went to the caller to its end. */
    void onEnded(RawAttempt good) {
        moveTo(Phase.COMPLETE);
        finish();
        downstream.endResponse();
    }

    /** The committed reply broke off. */
    void onBroken(RawAttempt broken, Fault fault, String detail) {
        broken.provider().onError(fault.code(), detail);
        breakOff(fault, new Failure(fault.isTimeout() ? Failure.Kind.UPSTREAM_TIMEOUT
                : Failure.Kind.UPSTREAM_ERROR,
                "The provider's reply broke off (" + fault.code() + ").", null, detail));
    }

    /** Nothing can be said in the middle of bytes that nobody here understands: cuts them. */
    private void breakOff(Fault fault, Failure why) {
        log.onBroken(attempt.target(), fault,
                loop.deadlines().nowNanos() - attempt.clock().startedNanos());
        fail(why);
        brokenOff = true;
        attempt.abandon();
        finish();
        downstream.cut();
    }

    /** Nothing brought a reply that could be passed on. */
    private void answerFailure() {
        if (failure == null) {
            fail(answer.failure());
        }
        answer(tries.targets().readyInNanos(loop.deadlines().nowNanos()));
    }

    /** Answers a request that no provider was asked about. */
    private void refuse(Failure why) {
        fail(why);
        answer(0);
    }

    private void answer(long readyInNanos) {
        status = failure.kind().status();
        Failure why = failure;
        LocalReply reply = answer.begin(why, readyInNanos, loop.deadlines().nowNanos());
        finish();
        answer.send(reply, why);
    }

    private void fail(Failure why) {
        failure = why;
        moveTo(Phase.FAILED);
    }

    // The tunnel

    /** Both sides speak another protocol from here on; the caller was told. */
    void onTunnel(UpstreamStream provider, RawReply reply) {
        tunnel.begin(provider, reply, attempt.target(), limits);
    }

    /** The proxy ends the tunnel, and says so to both sides. */
    void onTunnelOver(Fault why) {
        log.onBroken(attempt.target(), why,
                loop.deadlines().nowNanos() - attempt.clock().startedNanos());
        tunnel.sayClose(why);
        if (tunnel.isOn()) { // a provider that had gone unseen is noticed when it is written to
            endTunnel();
        }
    }

    /** Both sides have ended, or the provider broke off; {@code fault} is null if in order. */
    void onTunnelEnd(Fault fault, String detail) {
        if (fault != null) {
            attempt.provider().onError(fault.code(), detail);
            log.onBroken(attempt.target(), fault,
                    loop.deadlines().nowNanos() - attempt.clock().startedNanos());
        }
        endTunnel();
    }

    private void endTunnel() {
        moveTo(Phase.COMPLETE);
        usage = tunnel.end();
        attempt.abandon();
        finish();
        downstream.endResponse();
    }

    // The end

    /** Every exchange ends here, once. */
    private void finish() {
        loop.deadlines().remove(this);
        if (status != 101) {
            bookReply();
        }
        metering.settle(loop.deadlines().nowNanos());
        tries.stop();
        request.finish();
        listener.onFinished(this);
        moveTo(Phase.IDLE);
    }

    /** Books what the call came to, where something tells. */
    private void bookReply() {
        TokenUsage reported = attempt.reply().usage();
        boolean asked = request.model().isJson() && request.model().name() != null
                && request.isMetered();
        boolean answered = attempt.isCommitted() && status < 300 && (isStream() || brokenOff);
        usage = reported != null || !asked || !answered && !leftAlone ? reported
                : metering.estimate(attempt.target().model(), attempt.reply().events());
        if (usage != null) {
            metering.book(attempt.target().provider(), attempt.target().model(), usage);
        }
    }

    private void moveTo(Phase next) {
        if (!phase.canMoveTo(next)) {
            throw new IllegalStateException(phase + " cannot become " + next);
        }
        phase = next;
    }

    public boolean isIdle() {
        return phase == Phase.IDLE;
    }

    @Override
    public Caller caller() {
        return caller;
    }

    @Override
    public String requestId() {
        return answer.requestId();
    }

    @Override
    public String model() {
        return request.model().name();
    }

    @Override
    public boolean isStream() {
        return request.model().isStream();
    }

    @Override
    public int malformedEvents() {
        return 0; // nobody looked
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
    public TargetName servedBy() {
        return attempt.isCommitted() ? attempt.target() : null;
    }

    @Override
    public TokenUsage usage() {
        return usage;
    }

    @Override
    public long durationNanos() {
        return loop.deadlines().nowNanos() - receivedNanos;
    }

    @Override
    public long firstContentNanos() {
        return servedBy() == null ? -1 : attempt.clock().contentNanos() - receivedNanos;
    }
}

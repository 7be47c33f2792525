package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.auth.Caller;
import io.penstock.exchange.Timing.Stage;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.http.Field;
import io.penstock.http.HeadWriter;
import io.penstock.http.RequestHead;
import io.penstock.json.JsonSyntaxException;
import io.penstock.json.TopLevelScanner;
import io.penstock.limit.Permit;
import io.penstock.limit.Refusal;
import io.penstock.listen.DownstreamConnection;
import io.penstock.loop.Deadlines;
import io.penstock.route.Route.TargetName;
import io.penstock.translate.ErrorBody;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderKey;
import io.penstock.upstream.ReplyVerdict;
import io.penstock.upstream.RetryAfter;
import io.penstock.upstream.UpstreamConnection;
import io.penstock.usage.TokenUsage;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * One request and its reply, from the head that was accepted to the last byte: reads what routing
 * has to know, tries one target after the other, commits the first good reply, and ends in exactly
 * one {@link #finish}. A connection uses one object for all its exchanges, one after the other.
 *
 * <p><b>Thread:</b> confined to the event loop of the downstream connection, which serves the
 * upstream connections too.
 * <br><b>Buffers:</b> takes the body and keeps it for replay until the commit; each attempt sends
 * retained slices of it.
 * <br><b>Bounds:</b> the policy's body size and attempts, the target's total time. Either side may
 * die in any phase: the caller's death cancels the attempt at once, the provider's moves on.
 */
public final class Exchange extends Deadlines.Entry {
    private static final long MIN_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(25);
    private static final long MAX_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** The longest {@code retry-after} that is waited out when no other target is left. */
    static final long MAX_LAST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** How long a reply is read on whose caller has gone. */
    static final long MAX_DRAIN_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final long GUESSED_REST_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long BAD_KEY_REST_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final Set<Field> REPLACED = EnumSet.of(Field.CONTENT_TYPE);

    private final ExchangeLoop loop;
    private final DownstreamConnection downstream;
    private final ExchangeListener listener;
    private final Attempt attempt;
    private final RequestBody body;
    private final RequestFields request = new RequestFields();
    private final RequestControls controls = new RequestControls();
    private final Metering metering;
    private final AttemptLog log = new AttemptLog();
    private final Timing timing = new Timing();
    private final TargetList targets = new TargetList();

    private Phase phase = Phase.IDLE;
    private Policy policy;
    private Caller caller;
    private Endpoint endpoint;
    private String requestId;
    private String cors; // field lines
    private byte[] fields; // of the caller's head, those that go on to a provider
    private int fieldsLength;
    private TopLevelScanner scanner;
    private boolean waited; // for its turn, since it was whole
    private boolean routed; // targets are known

    private long receivedNanos;
    private long dispatchedNanos;
    private long totalNanos;
    private long pauseUntilNanos; // between two tries, while there is a target to try again
    private TargetName pausedTarget;
    private int sameTargetTries;
    private long drainUntilNanos;

    private int status;
    private Failure failure;
    private boolean leftAlone; // the caller went when a provider was at work for it
    private TokenUsage usage;

    public Exchange(ExchangeLoop loop, DownstreamConnection downstream,
            ExchangeListener listener) {
        this.loop = loop;
        this.downstream = downstream;
        this.listener = listener;
        attempt = new Attempt(this, loop, downstream);
        body = new RequestBody(loop.bodyMemory());
        metering = new Metering(loop);
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
        request.clear();
        waited = false;
        routed = false;
        status = 0;
        failure = null;
        leftAlone = false;
        usage = null;
        pausedTarget = null;
        sameTargetTries = 0;
        attempt.forget();
        log.clear();
        receivedNanos = loop.deadlines().nowNanos();
        timing.begin(receivedNanos);
        HeadWriter out = loop.writer().clear();
        head.writeUpstreamFields(out, REPLACED);
        fields = loop.borrowArray(out.length());
        fieldsLength = out.drainTo(fields);
        scanner = loop.borrowScanner();
        Failure mistake = controls.begin(head);
        if (mistake != null) {
            refuse(mistake);
        } else if (head.contentLength() > policy.maxBodyBytes()) {
            refuse(tooLarge());
        } else if (head.has(Field.CONTENT_ENCODING)
                && !head.valueStartsWith(Field.CONTENT_ENCODING, "identity")) {
            refuse(Failure.of(Failure.Kind.UNSUPPORTED_MEDIA_TYPE,
                    "The request's body must not be compressed."));
        }
    }

    /** The next bytes of the body; takes them. */
    public void onBody(ByteBuf bytes) {
        if (phase != Phase.RECEIVED) {
            bytes.release();
            return;
        }
        if (body.length() + bytes.readableBytes() > policy.maxBodyBytes()) {
            bytes.release();
            refuse(tooLarge());
            return;
        }
        try {
            scanner.scan(bytes);
        } catch (JsonSyntaxException e) {
            bytes.release();
            refuse(invalidJson(e));
            return;
        }
        if (!body.add(allocator(), bytes)) {
            refuse(Failure.of(Failure.Kind.OVERLOADED,
                    "Too many large requests are under way. Try again in a moment."));
        }
    }

    /** The request is whole. */
    public void onRequestEnd() {
        if (phase != Phase.RECEIVED) {
            return;
        }
        try {
            scanner.end();
        } catch (JsonSyntaxException e) {
            refuse(invalidJson(e));
            return;
        }
        Failure mistake = controls.read(scanner, endpoint.takesModels());
        if (mistake == null) {
            mistake = request.read(scanner, controls.firstModel());
        }
        if (mistake != null) {
            refuse(mistake);
            return;
        }
        giveScannerBack();
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
        return controls.timeoutNanos();
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
        leftAlone = routed && pausedTarget == null && attempt.isSent();
        if (leftAlone && targets.policy(attempt.target()).drains() && attempt.tryDrain()) {
            moveTo(Phase.DRAINING);
            body.release();
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
        log.onFault(drained.target(), Fault.CALLER_GONE,
                loop.deadlines().nowNanos() - drained.startedNanos());
        endWithoutCaller();
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
                pausedTarget = null;
                log.onFault(attempt.target(), Fault.SHUTDOWN,
                        loop.deadlines().nowNanos() - attempt.startedNanos());
                attempt.abandon();
                fail(shutdown());
                answerFailure();
            }
            case COMMITTED -> breakOff(attempt, Fault.SHUTDOWN, shutdown());
            default -> { } // nothing is under way
        }
    }

    private static Failure shutdown() {
        return Failure.of(Failure.Kind.OVERLOADED, "The proxy is shutting down.");
    }

    /** The caller has room again. */
    public void onWritable() {
        if (phase == Phase.COMMITTED) {
            attempt.resume();
        }
    }

    // Trying one target after the other

    private void dispatch() {
        long now = loop.deadlines().nowNanos();
        dispatchedNanos = waited ? dispatchedNanos : now;
        timing.enter(Stage.PROXY, now);
        Failure impossible = RouteFinder.find(policy, caller, controls.models(request.model()),
                targets, log);
        if (impossible != null) {
            refuse(impossible);
            return;
        }
        routed = true;
        if (metering.isUncountable()) {
            refuse(Failure.of(Failure.Kind.OVERLOADED,
                    "What is used of a month's budget can't be written down at the moment."));
            return;
        }
        Refusal refusal = metering.reserve(endpoint, request,
                targets.route().targets().get(0).model(), body.length(), now);
        if (refusal != null) {
            refuse(LimitReply.refuse(loop.localReply(), refusal, metering.permit(), caller, now));
            return;
        }
        moveTo(Phase.ATTEMPTING);
        loop.deadlines().add(this);
        TargetName first = targets.next(now, log);
        if (first == null) {
            fail(Failure.of(Failure.Kind.NO_HEALTHY_PROVIDER,
                    "Every provider of the model '" + request.model()
                            + "' asked to be left alone."));
            answerFailure();
        } else {
            loop.upstream().pool(targets.provider(first)).retryBudget()
                    .onFirstTry(policy.retry().budgetRatio());
            start(first, now);
        }
    }

    private void start(TargetName target, long nowNanos) {
        timing.enter(Stage.PROXY, nowNanos);
        Provider provider = targets.provider(target);
        totalNanos = Math.min(provider.settings().timeouts().total().toNanos(),
                controls.timeoutNanos());
        loop.deadlines().expectBy(dispatchedNanos + totalNanos);
        ProviderKey key = provider.keys().next(nowNanos);
        if (key == null && !provider.keys().isEmpty()) {
            key = provider.keys().leastBad(nowNanos);
            key = key == null ? provider.keys().keys().get(0) : key; // its rest was just waited out
        }
        boolean asks = request.isStream() && !request.asksForUsage()
                && provider.takesUsageQuestion();
        attempt.start(target, provider, key, targets.policy(target).hold(), request.isStream(),
                asks, nowNanos);
    }

    /** Writes the request; called by the attempt when its connection is ready. */
    void send(Attempt sender, UpstreamConnection connection) {
        BodyEdits edits = loop.edits().clear();
        request.fit(edits, sender.target().model(), sender.asksForUsage());
        controls.strip(edits);
        long length = body.lengthWith(edits);
        HeadWriter out = loop.writer().clear().bytes(sender.provider().requestStart(endpoint.path()));
        if (sender.key() != null) {
            out.bytes(sender.key().credentialLine());
        }
        out.text("content-length: ").number(length).crlf();
        out.bytes(fields, 0, fieldsLength).crlf();
        int room = out.length();
        boolean small = body.isSmall();
        ByteBuf head = allocator().directBuffer(small ? room + (int) length : room);
        out.drainTo(head);
        if (small) {
            body.copyTo(head, edits);
            connection.write(head);
        } else {
            connection.write(head);
            body.writeTo(connection, allocator(), edits);
        }
        connection.flush();
    }

    /** The attempt brought no reply; it has let go of everything. */
    void onFault(Attempt failed, Fault fault, String detail) {
        long now = loop.deadlines().nowNanos();
        timing.enter(Stage.PROXY, now);
        log.onFault(failed.target(), fault, now - failed.startedNanos());
        failed.provider().onError(fault.code(), detail);
        failed.provider().load().onFault(fault);
        if (!tryAgain(now, failed, fault.isTransient(), RetryAfter.NONE)) {
            answerFailure();
        }
    }

    /** The attempt brought a reply that is no good, all of it held, or as much as is kept. */
    void onErrorReply(Attempt failed) {
        long now = loop.deadlines().nowNanos();
        timing.enter(Stage.PROXY, now);
        if (failed.verdict() == ReplyVerdict.CALLERS_FAULT && !failed.isUsageQuestionRefused()) {
            failed.commit();
            return;
        }
        log.onReply(failed.target(), failed.status(), now - failed.startedNanos());
        failed.provider().onError(Integer.toString(failed.status()), failed.errorSummary());
        failed.provider().load().onErrorReply(failed.status());
        if (failed.verdict() == ReplyVerdict.CALLERS_FAULT) {
            failed.provider().onUsageQuestionRefused(); // it was no question of the caller's
            failed.abandon();
            start(failed.target(), now);
            return;
        }
        long wait = letRest(failed, now);
        boolean repeat = failed.verdict() == ReplyVerdict.TRANSIENT
                && failed.retryAfterNanos() == RetryAfter.NONE;
        if (failed.verdict() == ReplyVerdict.CONTEXT_LENGTH) {
            targets.exclude(failed.target().model());
        }
        if (tryAgain(now, failed, repeat, wait)) {
            return;
        }
        boolean passable = failed.verdict() == ReplyVerdict.RATE_LIMITED
                || failed.verdict() == ReplyVerdict.CONTEXT_LENGTH || failed.status() >= 500;
        if (passable) {
            failed.commit();
        } else {
            failed.abandon();
            answerFailure();
        }
    }

    /** Lets a key rest that the reply says should; returns how long its provider asks to wait. */
    private static long letRest(Attempt failed, long nowNanos) {
        long wait = failed.retryAfterNanos();
        if (failed.verdict() == ReplyVerdict.BAD_KEY && failed.key() != null) {
            failed.key().rest(nowNanos, BAD_KEY_REST_NANOS, false);
            return RetryAfter.NONE;
        }
        boolean limited = failed.verdict() == ReplyVerdict.RATE_LIMITED;
        if (limited && ReplyVerdict.isTooLarge(failed.errorText())) {
            return RetryAfter.NONE; // this request never fits; others do
        }
        if (limited && ReplyVerdict.isQuotaSpent(failed.errorText())) {
            if (failed.key() != null) {
                failed.key().rest(nowNanos, Math.max(wait, BAD_KEY_REST_NANOS), false);
            }
            return RetryAfter.NONE;
        }
        if (failed.key() != null && (limited || failed.status() == 503 && wait > 0)) {
            failed.key().rest(nowNanos, wait > 0 ? wait : GUESSED_REST_NANOS, wait > 0);
        }
        return limited || failed.status() == 503 ? wait : RetryAfter.NONE;
    }

    /**
     * Goes on to another try, if there is one to be made: with another key, once more on the same
     * target, on the next target, or after the wait that the provider asked for. The failed attempt
     * is let go of then, and only then.
     */
    private boolean tryAgain(long now, Attempt failed, boolean maySucceedNow, long retryAfter) {
        RetrySettings retry = policy.retry();
        long left = totalNanos - (now - dispatchedNanos);
        if (log.tried() >= retry.maxAttempts() || left <= 0) {
            return false;
        }
        TargetName same = failed.target();
        ReplyVerdict verdict = failed.status() == 0 ? null : failed.verdict();
        boolean keyAtFault = verdict == ReplyVerdict.BAD_KEY
                || verdict == ReplyVerdict.RATE_LIMITED;
        if (keyAtFault && failed.provider().keys().keys().size() > 1
                && failed.provider().keys().readyInNanos(now) == 0) {
            failed.abandon();
            start(same, now);
            return true;
        }
        if (maySucceedNow && sameTargetTries < retry.sameTarget() && failed.tryTakeRetry()) {
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
        TargetName next = targets.next(now, log);
        if (next != null) {
            failed.abandon();
            sameTargetTries = 0;
            start(next, now);
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

    @Override
    protected long remainingNanos(long nowNanos) {
        long total = totalNanos - (nowNanos - dispatchedNanos);
        if (phase == Phase.DRAINING) {
            total = Math.min(total, drainUntilNanos - nowNanos);
        }
        return Math.min(total, pausedTarget != null ? pauseUntilNanos - nowNanos
                : attempt.remainingNanos(nowNanos));
    }

    @Override
    protected void onDeadline(long nowNanos) {
        if (phase == Phase.DRAINING && drainUntilNanos - nowNanos <= 0) {
            attempt.abandon();
            onDrained(attempt);
        } else if (totalNanos - (nowNanos - dispatchedNanos) <= 0) {
            onTotalTimeout(nowNanos);
        } else if (pausedTarget != null) {
            TargetName target = pausedTarget;
            pausedTarget = null;
            start(target, nowNanos);
        } else {
            attempt.onDeadline(nowNanos);
        }
    }

    private void onTotalTimeout(long nowNanos) {
        if (phase == Phase.DRAINING) {
            attempt.abandon();
            onDrained(attempt);
            return;
        }
        if (phase == Phase.COMMITTED) {
            onBroken(attempt, Fault.TOTAL_TIMEOUT, "the exchange took too long");
            return;
        }
        pausedTarget = null;
        attempt.abandon();
        log.onFault(attempt.target(), Fault.TOTAL_TIMEOUT, nowNanos - attempt.startedNanos());
        attempt.provider().onError(Fault.TOTAL_TIMEOUT.code(), "the exchange took too long");
        answerFailure();
    }

    // The reply

    /** The attempt goes to the caller; writes the fields that only now are known. */
    void onCommit(Attempt good, HeadWriter out) {
        long now = loop.deadlines().nowNanos();
        if (log.entries().isEmpty() || good.verdict() == ReplyVerdict.GOOD
                || good.verdict() == ReplyVerdict.CALLERS_FAULT) {
            log.onReply(good.target(), good.status(), now - good.startedNanos());
        }
        moveTo(Phase.COMMITTED);
        status = good.status();
        releaseRequest(); // nothing will be sent again
        LimitReply.write(out, metering.permit(), now);
        out.text("x-request-id: ").text(requestId).crlf().text(cors)
                .bytes(HeaderText.securityLines(downstream.isTls()));
        if (policy.fullHeaders()) {
            out.text("x-penstock-provider: ").text(good.target().provider())
                    .text("\r\nx-penstock-model: ")
                    .text(HeaderText.printable(good.target().model()))
                    .text("\r\nx-penstock-attempts: ");
            log.writeTo(out);
            out.crlf();
            timing.enter(Stage.PROXY, good.contentNanos());
            timing.write(out, now, good);
        }
    }

    /** Where the time goes; for the attempt to say what it waits for. */
    Timing timing() {
        return timing;
    }

    /** Whether a spent budget ends the streams of this caller. */
    boolean isWatching() {
        return metering.isWatching();
    }

    /** Whether pieces of the answer are plain text, as in the older completions. */
    boolean isText() {
        return endpoint == Endpoint.COMPLETIONS;
    }

    long choices() {
        return request.choices();
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
        Failure.Kind kind = fault.isTimeout() ? Failure.Kind.UPSTREAM_TIMEOUT
                : Failure.Kind.UPSTREAM_ERROR;
        breakOff(broken, fault, new Failure(kind,
                "The provider's reply broke off (" + fault.code() + ").", null, detail));
    }

    private void breakOff(Attempt broken, Fault fault, Failure why) {
        log.onFault(broken.target(), fault,
                loop.deadlines().nowNanos() - broken.startedNanos());
        fail(why);
        broken.cut(ErrorBody.openAiEvent(failure, log.toJson()));
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
            fail(summarize());
        }
        LocalReply reply = loop.localReply();
        if (failure.kind() == Failure.Kind.NO_HEALTHY_PROVIDER) {
            long ready = targets.readyInNanos(loop.deadlines().nowNanos());
            reply.retryAfter(Math.min(ready, TimeUnit.SECONDS.toNanos(60)));
        } else if (failure.kind() == Failure.Kind.OVERLOADED) {
            reply.retryAfter(0);
        }
        reply.lines(LimitReply.lines(metering.permit(), loop.deadlines().nowNanos()));
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
        reply.lines(cors).error(downstream, why, id, attempts);
    }

    private void fail(Failure why) {
        failure = why;
        moveTo(Phase.FAILED);
    }

    /** Every exchange ends here, once. */
    private void finish() {
        loop.deadlines().remove(this);
        usage = meter();
        if (usage != null) {
            metering.settle(attempt.target().provider(), attempt.target().model(), usage,
                    loop.deadlines().nowNanos());
        }
        giveScannerBack();
        releaseRequest();
        pausedTarget = null;
        listener.onFinished(this);
        moveTo(Phase.IDLE);
    }

    /** The tokens of the reply that the caller got, or did not wait for. */
    private TokenUsage meter() {
        if (servedBy() == null ? !leftAlone : attempt.status() >= 300) {
            return null;
        }
        TokenUsage reported = attempt.usage();
        return reported != null ? reported : metering.estimate(attempt.target().model(),
                endpoint.generates() ? attempt.passedTokens() : 0);
    }

    private void moveTo(Phase next) {
        if (!phase.canMoveTo(next)) {
            throw new IllegalStateException(phase + " cannot become " + next);
        }
        phase = next;
    }

    private void releaseRequest() {
        body.release();
        if (fields != null) {
            loop.giveBack(fields);
            fields = null;
        }
    }

    private void giveScannerBack() {
        if (scanner != null) {
            loop.giveBack(scanner);
            scanner = null;
        }
    }

    private ByteBufAllocator allocator() {
        return downstream.context().alloc();
    }

    private Failure tooLarge() {
        return Failure.of(Failure.Kind.REQUEST_TOO_LARGE, "The request's body is longer than "
                + policy.maxBodyBytes() + " bytes.");
    }

    private static Failure invalidJson(JsonSyntaxException e) {
        return Failure.of(Failure.Kind.INVALID_JSON,
                "The request's body is not valid JSON: " + e.getMessage() + ".");
    }

    // What became of it, for whoever keeps books

    public boolean isIdle() {
        return phase == Phase.IDLE;
    }

    public Phase phase() {
        return phase;
    }

    public Caller caller() {
        return caller;
    }

    public String requestId() {
        return requestId;
    }

    /** Null if the request was refused before it was known. */
    public String model() {
        return request.model();
    }

    public boolean isStream() {
        return request.isStream();
    }

    /** What the caller was answered; 499 if it had gone by then. */
    public int status() {
        return status;
    }

    /** Null if all went well. */
    public Failure failure() {
        return failure;
    }

    public AttemptLog attempts() {
        return log;
    }

    /** The target whose reply the caller got; null if none did. */
    public TargetName servedBy() {
        return attempt.isCommitted() && !log.entries().isEmpty() ? attempt.target() : null;
    }

    /** What it came to: reported, or estimated from what passed; null if it cost nothing. */
    public TokenUsage usage() {
        return usage;
    }

    public long durationNanos() {
        return loop.deadlines().nowNanos() - receivedNanos;
    }

    /** From the request's head to the first content for the caller; -1 if there was none. */
    public long firstContentNanos() {
        return servedBy() == null ? -1 : attempt.contentNanos() - receivedNanos;
    }
}

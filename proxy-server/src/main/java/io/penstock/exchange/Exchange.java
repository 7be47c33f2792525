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
import io.penstock.provider.Authorization;
import io.penstock.provider.ReplyVerdict;
import io.penstock.route.HedgeSettings;
import io.penstock.route.Midstream;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.translate.ChatChunk;
import io.penstock.translate.ChatStream;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderKey;
import io.penstock.upstream.ProviderTypeException;
import io.penstock.upstream.RequestStart;
import io.penstock.upstream.RetryAfter;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.UpstreamConnection;
import io.penstock.usage.TokenUsage;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

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
public final class Exchange extends Deadlines.Entry implements Outcome {
    private static final long MIN_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(25);
    private static final long MAX_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** The longest {@code retry-after} that is waited out when no other target is left. */
    static final long MAX_LAST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** How long a reply is read on whose caller has gone. */
    static final long MAX_DRAIN_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final long GUESSED_REST_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long BAD_KEY_REST_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final Set<Field> ANTHROPIC_FIELDS =
            EnumSet.of(Field.ANTHROPIC_VERSION, Field.ANTHROPIC_BETA);
    private static final Set<Field> REPLACED = EnumSet.of(Field.CONTENT_TYPE,
            Field.ANTHROPIC_VERSION, Field.ANTHROPIC_BETA);

    private final ExchangeLoop loop;
    private final DownstreamConnection downstream;
    private final ExchangeListener listener;
    private Attempt attempt; // the one that counts: it leads, or it was good
    private Attempt rival; // a second one beside it; null until there was one
    private boolean racing; // both are under way
    private long hedgeAtNanos; // when the second begins; 0 for never
    private Continuation continuation; // null until one was wanted
    private final RequestBody body;
    private final RequestFields request = new RequestFields();
    private final RequestControls controls = new RequestControls();
    private final Questions questions;
    private final Metering metering;
    private final AttemptLog log = new AttemptLog();
    private final Timing timing = new Timing();
    private final TargetList targets = new TargetList();
    private final AffinityValues affinity = new AffinityValues();
    private final ToLongFunction<String> contextTokens;

    private Phase phase = Phase.IDLE;
    private Policy policy;
    private Caller caller;
    private Endpoint endpoint;
    private String requestId;
    private String cors; // field lines
    private byte[] fields; // of the caller's head, those that go on to a provider
    private int fieldsLength;
    private int commonLength; // of those among them that are for whatever provider
    private TopLevelScanner scanner;
    private boolean waited; // for its turn, since it was whole
    private Route route; // of the model asked for; null while that is not known
    private final List<Route> routes = new ArrayList<>(1); // it, and those to fall back on

    private long receivedNanos;
    private long dispatchedNanos;
    private long totalNanos;
    private long pauseUntilNanos; // between two tries, while there is a target to try again
    private TargetName pausedTarget;
    private int sameTargetTries;
    private Provider doubtful; // seems to refuse the question for a stream's usage
    private long drainUntilNanos;

    private int status;
    private Failure failure;
    private boolean leftAlone; // the caller went when a provider was at work for it
    private TokenUsage usage;
    private long passedTokens; // of the answer, by attempts that broke off

    public Exchange(ExchangeLoop loop, DownstreamConnection downstream,
            ExchangeListener listener) {
        this.loop = loop;
        this.downstream = downstream;
        this.listener = listener;
        attempt = new Attempt(this, loop, downstream);
        body = new RequestBody(loop.bodyMemory());
        metering = new Metering(loop);
        questions = new Questions(loop, downstream.context().alloc(), request, controls, body);
        contextTokens = model -> metering.contextTokens(request, model);
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
        affinity.begin(head, policy.router().affinityHeaders());
        request.clear();
        questions.begin(endpoint);
        waited = false;
        route = null;
        status = 0;
        failure = null;
        leftAlone = false;
        usage = null;
        passedTokens = 0;
        pausedTarget = null;
        sameTargetTries = 0;
        doubtful = null;
        attempt.forget();
        racing = false;
        hedgeAtNanos = 0;
        log.clear();
        receivedNanos = loop.deadlines().nowNanos();
        timing.begin(receivedNanos);
        HeadWriter out = loop.writer().clear();
        head.writeUpstreamFields(out, REPLACED);
        commonLength = out.length();
        if (endpoint.isAnthropic()) {
            head.writeOnly(out, ANTHROPIC_FIELDS);
            out.text(head.has(Field.ANTHROPIC_VERSION) ? "" : Question.ANTHROPIC_VERSION);
        }
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
        leftAlone = route != null && pausedTarget == null && attempt.isSent();
        endRace();
        if (leftAlone && targets.policy(attempt.target()).drains() && attempt.tryDrain()) {
            moveTo(Phase.DRAINING);
            loop.drains().add(this);
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
        loop.drains().remove(this);
        log.onFault(drained.target(), Fault.CALLER_GONE,
                loop.deadlines().nowNanos() - drained.startedNanos());
        endWithoutCaller();
    }

    /** Reads on no more. */
    void endDrain() {
        attempt.abandon();
        onDrained(attempt);
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
                bookLost(attempt);
                pausedTarget = null;
                endRace();
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
        Failure impossible = RouteFinder.find(policy.router(), caller,
                controls.models(request.model()), routes, log);
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
                body.length(), now);
        if (refusal != null) {
            fail(LimitReply.refuse(loop.localReply(), refusal, caller));
            answer(loop.localReply(), null);
            return;
        }
        moveTo(Phase.ATTEMPTING);
        if (endpoint == Endpoint.COUNT_TOKENS && !isCountedSomewhere()) {
            answerEstimate();
            return;
        }
        targets.begin(policy, route, request.isStream(),
                affinity.of(route.policy().affinity(), request), contextTokens, now);
        for (int i = 1; i < routes.size(); i++) {
            targets.fallBackOn(routes.get(i),
                    affinity.of(routes.get(i).policy().affinity(), request));
        }
        loop.deadlines().add(this);
        TargetName first = nextTarget(now);
        if (first == null && questions.refusal() != null) {
            answerFailure();
        } else if (first == null) {
            fail(Failure.of(Failure.Kind.NO_HEALTHY_PROVIDER,
                    "Every provider of the model '" + request.model()
                            + "' is left alone for the moment: " + log + "."));
            answerFailure();
        } else {
            loop.upstream().pool(targets.provider(first)).retryBudget()
                    .onFirstTry(policy.retry().budgetRatio());
            if (isContinuable()) {
                continuation = continuation == null ? new Continuation() : continuation;
                continuation.begin();
            }
            planHedge(first, now);
            start(first, now);
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

    /** Nobody who serves the model counts tokens beforehand: tells what the proxy itself guesses. */
    private void answerEstimate() {
        long tokens = metering.estimate(route.targets().get(0).model(), 0).prompt();
        moveTo(Phase.COMMITTED);
        status = 200;
        moveTo(Phase.COMPLETE);
        String id = requestId;
        finish();
        loop.localReply().lines(LimitReply.lines(metering.permit(), loop.deadlines().nowNanos()))
                .lines(cors).field("x-penstock-estimated", "input_tokens")
                .json(downstream, 200, id, "{\"input_tokens\":" + tokens + "}");
    }

    /** Tries that target once more, or the next where it has come to be left alone meanwhile. */
    private void startAgain(TargetName target, long nowNanos) {
        TargetName next = target;
        if (!targets.tryAgain(target, nowNanos)) {
            next = nextTarget(nowNanos);
            sameTargetTries = 0;
        }
        if (next == null) {
            answerFailure();
        } else {
            start(next, nowNanos);
        }
    }

    /** Tries a target that {@link #targets} gave just now. */
    private void start(TargetName target, long nowNanos) {
        start(attempt, target, nowNanos);
    }

    private void start(Attempt next, TargetName target, long nowNanos) {
        timing.enter(Stage.PROXY, nowNanos);
        Provider provider = targets.provider(target);
        TimeoutSettings timeouts = targets.timeouts(target);
        totalNanos = Math.min(timeouts.total().toNanos(), controls.timeoutNanos());
        loop.deadlines().expectBy(dispatchedNanos + totalNanos);
        ProviderKey key = provider.keys().next(nowNanos);
        if (key == null && !provider.keys().isEmpty()) {
            key = provider.keys().leastBad(nowNanos);
            key = key == null ? provider.keys().keys().get(0) : key; // its rest was just waited out
        }
        boolean asks = request.isStream() && !request.asksForUsage()
                && mayAskForUsage(provider) && endpoint.hasChunks();
        if (!questions.isPreparedFor(target) && !canAsk(target)) {
            throw new IllegalStateException(target + " could be asked before");
        }
        Question question = questions.take();
        if (phase == Phase.COMMITTED) {
            continuation.beginSplice(question == null ? provider.takesPrefill(target.model())
                    : question.isPrefilled());
            next.goOn(target, provider, key, question, timeouts, targets.ticket(),
                    mayAskForUsage(provider), nowNanos);
        } else {
            next.start(target, provider, key, question, timeouts, targets.ticket(),
                    targets.policy(target).hold(), request.isStream(), asks,
                    isContinuable() ? continuation : null, nowNanos);
        }
    }

    /** The next target that the request can be put to; null if none is left. */
    private TargetName nextTarget(long nowNanos) {
        return askable(targets.next(nowNanos, log), () -> targets.next(nowNanos, log));
    }

    /** That target if the request can be put to it, else the next of which that is true. */
    private TargetName askable(TargetName target, Supplier<TargetName> further) {
        TargetName next = target;
        while (next != null && !canAsk(next)) {
            targets.giveBack(next);
            log.onPassedOver(next, questions.impediment());
            next = further.get();
        }
        return next;
    }

    private boolean canAsk(TargetName target) {
        Provider provider = targets.provider(target);
        return questions.prepare(target, provider, mayAskForUsage(provider),
                phase == Phase.COMMITTED ? continuation : null, passedTokens);
    }

    private boolean mayAskForUsage(Provider provider) {
        return provider.takesUsageQuestion() && provider != doubtful;
    }

    /** Whether the route wants a broken stream to be continued, and this one could be. */
    private boolean isContinuable() {
        return route.policy().midstream() == Midstream.CONTINUE && endpoint.isChat()
                && request.isStream() && request.isContinuable();
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
            hedgeAtNanos = nowNanos + after;
            loop.deadlines().expectBy(hedgeAtNanos);
        }
    }

    /** The first target is slow: asks a second, if one is left and the budget allows it. */
    private void hedge(long nowNanos) {
        hedgeAtNanos = 0;
        if (log.tried() + 1 >= policy.retry().maxAttempts()
                || !loop.hedgeBudget(route.policy().hedge()).tryTake()) {
            return;
        }
        TargetName second = askable(targets.nextOfRoute(nowNanos, log),
                () -> targets.nextOfRoute(nowNanos, log));
        if (second != null) {
            rival = rival == null ? new Attempt(this, loop, downstream) : rival;
            rival.forget();
            racing = true;
            start(rival, second, nowNanos);
        }
    }

    /** One of two is over: whether the other goes on alone. */
    private boolean leaveToOther(Attempt over) {
        if (!racing) {
            return false;
        }
        racing = false;
        if (over == attempt) {
            attempt = rival;
            rival = over;
        }
        return true;
    }

    /** The attempt that leads goes on alone; what the other has cost is booked. */
    private void endRace() {
        if (racing) {
            racing = false;
            log.onFault(rival.target(), Fault.HEDGE_LOST,
                    loop.deadlines().nowNanos() - rival.startedNanos());
            if (rival.isSent()) {
                metering.book(rival.target().provider(), rival.target().model(),
                        metering.estimate(rival.target().model(), rival.passedTokens()));
            }
            rival.abandon();
        }
    }

    /** Writes the request; called by the attempt when its connection is ready. */
    void send(Attempt sender, UpstreamConnection connection) throws ProviderTypeException {
        if (sender.question() != null) {
            send(sender.question(), sender.key(), connection);
            return;
        }
        Provider provider = sender.provider();
        String modelName = provider.modelName(sender.target().model());
        BodyEdits edits = loop.edits().clear();
        request.fit(edits, modelName, sender.asksForUsage());
        if (sender.isSplicing() && provider.takesPrefill(sender.target().model())) {
            request.goOn(edits, continuation.text().stripTrailing(),
                    provider.prefill(), passedTokens);
        }
        controls.strip(edits);
        long length = body.lengthWith(edits);
        RequestStart start =
                provider.requestStart(endpoint.api(), modelName, request.isStream());
        HeadWriter out = loop.writer().clear().bytes(start.bytes());
        Set<String> replaced = authorize(sender, start, edits, out);
        out.text("content-length: ").number(length).crlf();
        writeCallersFields(out, fieldsLength, replaced);
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

    private Set<String> authorize(Attempt sender, RequestStart start, BodyEdits edits,
            HeadWriter out) throws ProviderTypeException {
        Authorization authorization = sender.provider().authorization(sender.key());
        ByteBuf whole = authorization instanceof Authorization.Signed
                ? body.whole(allocator(), edits) : null;
        try {
            return sender.provider().authorize(authorization, out, "POST", start.path(),
                    start.query(), whole);
        } finally {
            if (whole != null) {
                whole.release();
            }
        }
    }

    private void writeCallersFields(HeadWriter out, int length, Set<String> replaced) {
        if (replaced.isEmpty()) {
            out.bytes(fields, 0, length).crlf();
        } else {
            out.linesWithout(replaced, fields, 0, length).crlf();
        }
    }

    private void send(Question question, ProviderKey key, UpstreamConnection connection)
            throws ProviderTypeException {
        HeadWriter out = loop.writer().clear();
        writeCallersFields(out, commonLength, question.writeHead(out, key));
        ByteBuf head = allocator().directBuffer(out.length());
        out.drainTo(head);
        connection.write(head);
        connection.write(question.body());
        connection.flush();
    }

    /** The attempt brought no reply; it has let go of everything. */
    void onFault(Attempt failed, Fault fault, String detail) {
        long now = loop.deadlines().nowNanos();
        timing.enter(Stage.PROXY, now);
        log.onFault(failed.target(), fault, now - failed.startedNanos());
        failed.provider().onError(fault.code(), detail);
        bookLost(failed);
        failed.provider().load().onFault(fault);
        if (failed.isSplicing()) {
            if (!goOn(failed, now)) {
                endBroken(failed, failureOf(fault, detail));
            }
        } else if (!leaveToOther(failed)
                && !tryAgain(now, failed, fault.isTransient(), RetryAfter.NONE)) {
            answerFailure();
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
        failed.provider().onError(Integer.toString(failed.status()), failed.errorSummary());
        failed.provider().load().onErrorReply(failed.status());
        if (failed.verdict() == ReplyVerdict.CALLERS_FAULT && askDifferently(failed, now)) {
            return;
        }
        long wait = letRest(failed, now);
        if (failed.isSplicing()) {
            failed.abandon();
            goOnOrEnd(failed, now);
            return;
        }
        if (racing) {
            failed.abandon();
            leaveToOther(failed);
            return;
        }
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

    /** A provider refused what only the proxy asked for: asks again without it. */
    private boolean askDifferently(Attempt failed, long now) {
        if (failed.isUsageQuestionRefused()) {
            // The words may be the caller's own, so nothing is believed before it works without.
            doubtful = failed.provider();
        } else if (failed.provider().takesPrefill(failed.target().model())) {
            failed.provider().onPrefillRefused(failed.target().model());
        } else {
            return false;
        }
        failed.abandon();
        if (targets.tryAgain(failed.target(), now)) {
            start(failed, failed.target(), now);
        } else if (failed.isSplicing()) {
            goOnOrEnd(failed, now);
        } else if (!leaveToOther(failed)) {
            startAgain(failed.target(), now);
        }
        return true;
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
                && failed.provider().keys().readyInNanos(now) == 0
                && targets.tryAgain(same, now)) {
            failed.abandon();
            start(same, now);
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
        if (racing) {
            total = Math.min(total, rival.remainingNanos(nowNanos));
        } else if (isHedgeDue()) {
            total = Math.min(total, hedgeAtNanos - nowNanos);
        }
        return Math.min(total, pausedTarget != null ? pauseUntilNanos - nowNanos
                : attempt.remainingNanos(nowNanos));
    }

    private boolean isHedgeDue() {
        return hedgeAtNanos != 0 && phase == Phase.ATTEMPTING && pausedTarget == null;
    }

    @Override
    protected void onDeadline(long nowNanos) {
        if (phase == Phase.DRAINING && drainUntilNanos - nowNanos <= 0) {
            endDrain();
        } else if (totalNanos - (nowNanos - dispatchedNanos) <= 0) {
            onTotalTimeout(nowNanos);
        } else if (pausedTarget != null) {
            TargetName target = pausedTarget;
            pausedTarget = null;
            startAgain(target, nowNanos);
        } else if (!racing && isHedgeDue() && hedgeAtNanos - nowNanos <= 0) {
            hedge(nowNanos);
        } else if (racing && rival.remainingNanos(nowNanos) <= 0) {
            rival.onDeadline(nowNanos);
        } else {
            attempt.onDeadline(nowNanos);
        }
    }

    private void onTotalTimeout(long nowNanos) {
        if (phase == Phase.DRAINING) {
            endDrain();
            return;
        }
        if (phase == Phase.COMMITTED) {
            onBroken(attempt, Fault.TOTAL_TIMEOUT, "the exchange took too long");
            return;
        }
        bookLost(attempt);
        pausedTarget = null;
        endRace();
        attempt.onTimeUp(nowNanos);
        attempt.abandon();
        log.onFault(attempt.target(), Fault.TOTAL_TIMEOUT, nowNanos - attempt.startedNanos());
        attempt.provider().onError(Fault.TOTAL_TIMEOUT.code(), "the exchange took too long");
        answerFailure();
    }

    // The reply

    /** The attempt goes to the caller; writes the fields that only now are known. */
    void onCommit(Attempt good, HeadWriter out) {
        long now = loop.deadlines().nowNanos();
        if (racing && good == rival) {
            rival = attempt;
            attempt = good;
        }
        endRace();
        if (log.entries().isEmpty() || good.verdict() == ReplyVerdict.GOOD
                || good.verdict() == ReplyVerdict.CALLERS_FAULT) {
            log.onReply(good.target(), good.status(), now - good.startedNanos());
        }
        if (good.provider() == doubtful && good.verdict() == ReplyVerdict.GOOD) {
            doubtful.onUsageQuestionRefused();
        }
        moveTo(Phase.COMMITTED);
        status = good.shownStatus();
        if (!isContinuable()) {
            releaseRequest(); // nothing will be sent again
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
            if (good.question() != null && !good.question().dropped().isEmpty()) {
                out.text("\r\nx-penstock-dropped: ")
                        .text(String.join(",", good.question().dropped()));
            }
            out.crlf();
            timing.enter(Stage.PROXY, good.contentNanos());
            timing.write(out, now, good);
        }
    }

    /** Where the time goes; for the attempt to say what it waits for. */
    Timing timing() {
        return timing;
    }

    /** Whether a further target could be asked. */
    boolean isAnotherLeft() {
        return racing || targets.isAnotherLeft() && log.tried() + 1 < policy.retry().maxAttempts();
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

    /** The caller's budget is spent, and its format has no words for a stream that ends there. */
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
            if (!goOn(broken, now)) {
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

    /**
     * Has the next target go on with the stream that broke; returns false if none is left. What the
     * caller got of the broken attempt is booked then, since that attempt is begun anew.
     */
    private boolean goOn(Attempt broken, long now) {
        if (log.tried() >= policy.retry().maxAttempts()
                || totalNanos - (now - dispatchedNanos) <= 0) {
            return false;
        }
        TargetName next = nextTarget(now);
        if (next == null) {
            return false;
        }
        if (broken.isCommitted()) {
            bookPart(broken);
        }
        start(attempt, next, now);
        return true;
    }

    private void goOnOrEnd(Attempt failed, long now) {
        if (!goOn(failed, now)) {
            endBroken(failed, Failure.of(Failure.Kind.UPSTREAM_ERROR,
                    "The provider's reply broke off, and no other could go on with it."));
        }
    }

    /** Books what the caller got of a reply that another goes on with. */
    private void bookPart(Attempt broken) {
        TokenUsage part = broken.usage() != null ? broken.usage()
                : metering.estimate(broken.target().model(), broken.passedTokens());
        metering.book(broken.target().provider(), broken.target().model(), part);
        usage = usage == null ? part : usage.plus(part);
        passedTokens += part.completion();
    }

    /** Another target goes on with the stream: the caller has begun to get its part. */
    void onContinued(Attempt next) {
        log.onReply(next.target(), next.status(),
                loop.deadlines().nowNanos() - next.startedNanos());
    }

    /** What ends a stream that was continued. */
    String lastEvents(ChatStream.Identity stream) {
        TokenUsage last = reported(attempt);
        return (request.asksForUsage() ? ChatChunk.ofUsage(stream, usage.prompt() + last.prompt(),
                usage.completion() + last.completion()) : "") + "data: [DONE]\n\n";
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
            Failure refusal = log.tried() == 0 ? questions.refusal() : null;
            fail(refusal != null ? refusal : summarize());
        }
        LocalReply reply = loop.localReply();
        if (failure.kind() == Failure.Kind.NO_HEALTHY_PROVIDER) {
            long ready = targets.readyInNanos(loop.deadlines().nowNanos());
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
        TokenUsage last = meter();
        if (last != null) {
            metering.book(attempt.target().provider(), attempt.target().model(), last);
            usage = usage == null ? last : usage.plus(last);
        }
        metering.settle(loop.deadlines().nowNanos());
        giveScannerBack();
        releaseRequest();
        pausedTarget = null;
        listener.onFinished(this);
        moveTo(Phase.IDLE);
    }

    /** The tokens of the reply that the caller got, or did not wait for. */
    private TokenUsage meter() {
        if (servedBy() == null && !leftAlone || attempt.status() >= 300
                || endpoint == Endpoint.COUNT_TOKENS) {
            return null;
        }
        return reported(attempt);
    }

    private TokenUsage reported(Attempt of) {
        return of.usage() != null ? of.usage() : metering.estimate(of.target().model(),
                endpoint.generates() ? of.passedTokens() : 0);
    }

    /** Books an attempt that broke off: what its provider has said by then has to be paid for. */
    private void bookLost(Attempt lost) {
        if (pausedTarget == null && lost.hasAnswered()) { // else that has been done
            metering.book(lost.target().provider(), lost.target().model(), reported(lost));
        }
    }

    private void moveTo(Phase next) {
        if (!phase.canMoveTo(next)) {
            throw new IllegalStateException(phase + " cannot become " + next);
        }
        phase = next;
    }

    private void releaseRequest() {
        body.release();
        questions.release();
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
    public TargetName servedBy() {
        return attempt.isCommitted() && !log.entries().isEmpty() ? attempt.target() : null;
    }

    @Override
    public int malformedEvents() {
        return servedBy() == null ? 0 : attempt.malformedEvents();
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
        return servedBy() == null ? -1 : attempt.contentNanos() - receivedNanos;
    }
}

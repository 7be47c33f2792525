package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.auth.Caller;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.http.Field;
import io.penstock.http.HeadWriter;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestHead;
import io.penstock.json.JsonSyntaxException;
import io.penstock.json.JsonText;
import io.penstock.limit.Permit;
import io.penstock.limit.Refusal;
import io.penstock.limit.StreamLimits;
import io.penstock.listen.DownstreamConnection;
import io.penstock.loop.Deadlines;
import io.penstock.provider.Authorization;
import io.penstock.provider.ReplyVerdict;
import io.penstock.relay.Tunnel;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderKey;
import io.penstock.upstream.ProviderTypeException;
import io.penstock.upstream.RetryAfter;
import io.penstock.upstream.UpstreamConnection;
import io.penstock.usage.TokenUsage;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * One call that is relayed without being understood: files, images, audio, whatever a provider has
 * below its own path, a WebSocket. It knows whose call it is, where it goes and what may be tried
 * again; what the bytes mean is the two ends' affair.
 *
 * <p><b>Thread:</b> confined to the event loop of the downstream connection, which serves the
 * upstream connections too.
 * <br><b>Buffers:</b> takes the body; keeps it for replay until the commit, or until it exceeds
 * {@value #HELD_BYTES} bytes and is sent on as it comes.
 * <br><b>Bounds:</b> a JSON body that names a model, the policy's body size; any other one, {@code
 * limits.upload}. Waiting for a reply's head, the target's total time.
 * <br>The caller dies: the attempt is abandoned at once. The provider dies: the next try if there
 * may be one, else an error, or the connection is cut.
 */
public final class PassThrough extends Deadlines.Entry implements Outcome {
    static final int HELD_BYTES = 256 * 1024;
    private static final long MIN_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(25);
    private static final long MAX_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long GUESSED_REST_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long BAD_KEY_REST_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final int GOING_AWAY = 1001; // RFC 6455 section 7.4.1
    private static final int POLICY_VIOLATION = 1008;
    private static final String BROWSER_KEY = "openai-insecure-api-key.";
    private static final Set<Field> NONE = EnumSet.noneOf(Field.class);
    private static final Set<Field> REPLACED = EnumSet.of(Field.CONTENT_TYPE);

    private final ExchangeLoop loop;
    private final DownstreamConnection downstream;
    private final ExchangeListener listener;
    private final RawAttempt attempt;
    private final RequestBody body;
    private final Metering metering;
    private final AttemptLog log = new AttemptLog();
    private final RawModel model = new RawModel();
    private final RawTargets targets = new RawTargets();

    private Phase phase = Phase.IDLE;
    private RawCall call;
    private Caller caller;
    private Policy policy;
    private StreamLimits limits;
    private Provider stored; // where whatever names no model goes; null for nowhere
    private String requestId;
    private String cors; // field lines
    private String method;
    private boolean head;
    private byte[] fields; // of the caller's head, those that go on to a provider
    private int fieldsLength;
    private boolean hasBody;
    private long contentLength;
    private long receivedBytes;
    private boolean uploading; // the body is sent on as it comes, or will be
    private boolean sentOn; // some of it is gone: it can't be sent again
    private boolean cutShort; // the rest of it isn't sent any more
    private boolean queued; // all waits until it is among the concurrent calls

    private long receivedNanos;
    private long dispatchedNanos;
    private long sentNanos; // from here on the total time counts
    private long totalNanos;
    private long pauseUntilNanos; // while there is a target to try again
    private TargetName pausedTarget;
    private int sameTargetTries;

    private int status;
    private Failure failure;
    private boolean leftAlone; // the caller went when a provider was at work for it
    private TokenUsage usage;

    public PassThrough(ExchangeLoop loop, DownstreamConnection downstream,
            ExchangeListener listener) {
        this.loop = loop;
        this.downstream = downstream;
        this.listener = listener;
        attempt = new RawAttempt(this, loop, downstream);
        body = new RequestBody(loop.bodyMemory());
        metering = new Metering(loop);
    }

    /**
     * Begins with a request whose head was accepted.
     *
     * @param permit has begun for it; whoever gave it ends it when the exchange has finished
     * @param stored the provider of whatever names no model; null for none
     * @param requestId as it goes to the caller and into logs
     * @param cors field lines that every reply has to carry
     */
    public void begin(RequestHead request, RawCall call, Caller caller, Permit permit,
            Policy policy, StreamLimits limits, Provider stored, String requestId, String cors) {
        moveTo(Phase.RECEIVED);
        this.call = call;
        this.caller = caller;
        this.policy = policy;
        this.limits = limits;
        this.stored = stored;
        this.requestId = requestId;
        this.cors = cors;
        metering.begin(permit, caller, policy);
        attempt.forget();
        log.clear();
        uploading = false;
        sentOn = false;
        cutShort = false;
        queued = false;
        pausedTarget = null;
        sameTargetTries = 0;
        status = 0;
        failure = null;
        leftAlone = false;
        usage = null;
        receivedBytes = 0;
        receivedNanos = loop.deadlines().nowNanos();
        dispatchedNanos = receivedNanos;
        method = request.method();
        head = request.isMethod("HEAD");
        hasBody = request.hasBody();
        contentLength = request.contentLength();
        model.begin(request, call);
        HeadWriter out = loop.writer().clear();
        request.writeUpstreamFields(out, model.isRoutedJson() ? REPLACED : NONE);
        fields = loop.borrowArray(out.length());
        fieldsLength = out.drainTo(fields);
        Failure mistake = check();
        if (mistake != null) {
            refuse(mistake);
        }
    }

    /** What can be refused on the head; null if nothing. */
    private Failure check() {
        RawCall.Kind kind = call.kind();
        boolean anything = kind == RawCall.Kind.PROVIDER || kind == RawCall.Kind.STORED;
        if (method.equals("TRACE") || method.equals("TRACK")) {
            return Failure.of(Failure.Kind.METHOD_NOT_ALLOWED,
                    "A request that came back would show the provider's key.");
        }
        if (call.isCrooked()) {
            return Failure.of(Failure.Kind.BAD_REQUEST, "The path has a segment of dots in it.");
        }
        if (anything && caller.id().equals(Caller.ANONYMOUS)) {
            return Failure.of(Failure.Kind.MODEL_NOT_ALLOWED,
                    "What a provider keeps for its account is open to callers with a key only.");
        }
        if (anything && isRestricted()) {
            return Failure.of(Failure.Kind.MODEL_NOT_ALLOWED, "This key is for some models only, "
                    + "and no such bound could be kept on this path.");
        }
        if (kind == RawCall.Kind.PROVIDER && policy.providers().get(call.provider()) == null) {
            return Failure.of(Failure.Kind.UNKNOWN_URL,
                    "No enabled provider is called '" + call.provider() + "'.");
        }
        if (kind == RawCall.Kind.STORED && stored == null) {
            return noProvider();
        }
        if (kind == RawCall.Kind.REALTIME && !call.upgrade()) {
            return Failure.of(Failure.Kind.BAD_REQUEST,
                    "This endpoint is for WebSockets: the request has to ask for an upgrade.");
        }
        if (call.upgrade()) {
            return checkUpgrade();
        }
        if (kind == RawCall.Kind.MODEL && model.isCoded()) {
            return Failure.of(Failure.Kind.UNSUPPORTED_MEDIA_TYPE,
                    "The request's body must not be compressed.");
        }
        return contentLength > maxBytes() ? tooLarge() : null;
    }

    private Failure checkUpgrade() {
        String sent = new String(fields, 0, fieldsLength, StandardCharsets.ISO_8859_1);
        if (sent.toLowerCase(Locale.ROOT).contains(BROWSER_KEY)) {
            return Failure.of(Failure.Kind.BAD_REQUEST, "Credentials among the subprotocols are "
                    + "not taken: show the key in a field of its own.");
        }
        return hasBody || !method.equals("GET") ? Failure.of(Failure.Kind.BAD_REQUEST,
                "A request for a WebSocket has to be a GET without a body.") : null;
    }

    /** Whether only some models are open to the caller. */
    private boolean isRestricted() {
        return !caller.mayUse("*");
    }

    private long maxBytes() {
        return model.isRoutedJson() ? policy.maxBodyBytes() : limits.uploadBytes();
    }

    // The body

    /** The next bytes of the body, or of a tunnel; takes them. */
    public void onBody(ByteBuf bytes) {
        if (attempt.isTunnel() && phase == Phase.COMMITTED) {
            attempt.tunnel().onCallerBytes(bytes, loop.deadlines().nowNanos());
            return;
        }
        boolean open = phase == Phase.RECEIVED || uploading;
        receivedBytes += bytes.readableBytes();
        if (!open) {
            bytes.release();
        } else if (receivedBytes > maxBytes()) {
            bytes.release();
            giveUp(tooLarge());
        } else if (read(bytes)) {
            keepOrSend(bytes);
        } else {
            bytes.release();
        }
    }

    private void keepOrSend(ByteBuf bytes) {
        if (uploading && attempt.isSent()) {
            attempt.upload(bytes);
        } else if (!body.add(downstream.context().alloc(), bytes)) {
            giveUp(Failure.of(Failure.Kind.OVERLOADED,
                    "Too many large requests are under way. Try again in a moment."));
        } else if (phase == Phase.RECEIVED && body.length() > HELD_BYTES && canBeSentOn()) {
            downstream.setReading(false); // until the provider is there
            if (!queued) {
                uploading = true;
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
        } else if (phase == Phase.RECEIVED && body.length() > HELD_BYTES && canBeSentOn()) {
            uploading = true;
            dispatch();
        }
    }

    /** Looks for the model; returns false if what was read ends the call. */
    private boolean read(ByteBuf bytes) {
        if (phase != Phase.RECEIVED && !isRestricted()) {
            return true; // it is on its way, whatever else the body says
        }
        try {
            model.scan(bytes);
        } catch (JsonSyntaxException e) {
            giveUp(invalidJson(e));
            return false;
        } catch (HttpSyntaxException e) {
            giveUp(Failure.of(Failure.Kind.BAD_REQUEST,
                    "The request was refused: " + e.getMessage() + "."));
            return false;
        }
        return true;
    }

    /** Whether all is known that can be, so that the rest need not be kept. */
    private boolean canBeSentOn() {
        return !model.isRoutedJson()
                && (!model.isAwaited() && !isSigned() || body.length() >= policy.maxBodyBytes());
    }

    /** Whether its provider wants to be shown a signature of the whole body. */
    private boolean isSigned() {
        Provider provider = call.kind() == RawCall.Kind.PROVIDER
                ? policy.providers().get(call.provider()) : stored;
        return provider != null && provider.signsBodies();
    }

    /** All of the body, or of a tunnel's bytes, that could be read for now has been given. */
    public void onBodyRead() {
        if (phase == Phase.IDLE) {
            return;
        }
        if (attempt.isTunnel()) {
            attempt.tunnel().onCallerReadComplete();
        } else if (uploading) {
            attempt.flushUpload();
        }
    }

    /** The request is whole; or the caller of a tunnel sends no more. */
    public void onRequestEnd() {
        if (phase == Phase.COMMITTED && attempt.isTunnel()) {
            long now = loop.deadlines().nowNanos();
            if (attempt.tunnel().onCallerEnd(now)) {
                onTunnelEnd(null, null);
            } else {
                loop.deadlines().expectBy(now + attempt.tunnel().remainingNanos(now));
            }
        } else if (uploading) {
            uploading = false;
            sentNanos = loop.deadlines().nowNanos();
            loop.deadlines().expectBy(sentNanos + totalNanos);
            if (attempt.isSent()) {
                attempt.endUpload();
            }
        } else if (phase == Phase.RECEIVED) {
            try {
                model.end();
            } catch (JsonSyntaxException e) {
                refuse(invalidJson(e));
                return;
            }
            dispatch();
        }
    }

    /** An answer has come, and what is still sent of the request is of no more use. */
    void stopUpload() {
        if (uploading) {
            uploading = false;
            cutShort = true;
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
        if (pausedTarget == null) {
            log.onFault(attempt.target(), fault,
                    loop.deadlines().nowNanos() - attempt.startedNanos());
        }
        pausedTarget = null;
        attempt.abandon();
    }

    /** The caller has gone: whatever is under way for it ends now. */
    public void onCallerGone() {
        if (phase == Phase.IDLE) {
            return;
        }
        if (attempt.isTunnel()) {
            endTunnel();
            return;
        }
        uploading = false;
        leftAlone = phase != Phase.RECEIVED && pausedTarget == null && attempt.isSent();
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
        if (phase == Phase.COMMITTED && attempt.isTunnel()) {
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
        if (phase == Phase.COMMITTED) {
            attempt.resume();
        }
    }

    // Trying one target after the other

    private void dispatch() {
        Failure mistake = model.find();
        mistake = mistake == null ? findTargets() : mistake;
        if (mistake != null) {
            refuse(mistake);
            return;
        }
        dispatchedNanos = loop.deadlines().nowNanos();
        sentNanos = dispatchedNanos;
        if (metering.isUncountable()) {
            refuse(Failure.of(Failure.Kind.OVERLOADED,
                    "What is used of a month's budget can't be written down at the moment."));
            return;
        }
        Refusal refusal = metering.reserve(targets.first().model(),
                model.isJson() ? Math.min(body.length(), HELD_BYTES) : 0, dispatchedNanos);
        if (refusal != null) {
            LocalReply reply = loop.localReply();
            reply.lines(LimitReply.lines(metering.permit(), dispatchedNanos));
            refuse(LimitReply.refuse(reply, refusal, caller));
            return;
        }
        moveTo(Phase.ATTEMPTING);
        loop.deadlines().add(this);
        TargetName first = targets.next(dispatchedNanos, log);
        if (first == null) {
            fail(Failure.of(Failure.Kind.NO_HEALTHY_PROVIDER,
                    "Every provider of it asked to be left alone."));
            answerFailure();
        } else {
            loop.upstream().pool(targets.provider(first)).retryBudget()
                    .onFirstTry(policy.retry().budgetRatio());
            start(first, dispatchedNanos);
        }
    }

    private Failure findTargets() {
        String name = model.name();
        switch (call.kind()) {
            case PROVIDER -> {
                Provider named = policy.providers().get(call.provider());
                targets.begin(policy, new TargetName(named.name(),
                        name == null ? call.what() : name));
            }
            case STORED -> targets.begin(policy, new TargetName(stored.name(), call.what()));
            default -> {
                if (name == null) {
                    return findWithoutModel();
                }
                if (!caller.mayUse(name)) {
                    return new Failure(Failure.Kind.MODEL_NOT_ALLOWED,
                            "The model '" + name + "' is not open to this key.", "model", null);
                }
                Route route = policy.router().find(name);
                if (route == null) {
                    return new Failure(Failure.Kind.MODEL_NOT_FOUND, "The model '" + name
                            + "' is served by no configured provider.", "model", null);
                }
                if (!targets.begin(policy, route, isStream(), loop.deadlines().nowNanos())) {
                    return noProvider();
                }
            }
        }
        return null;
    }

    private Failure findWithoutModel() {
        if (isRestricted()) {
            return new Failure(Failure.Kind.MODEL_NOT_ALLOWED,
                    "This key is for some models only, and the request names none.", "model",
                    null);
        }
        if (stored == null) {
            return noProvider();
        }
        targets.begin(policy, new TargetName(stored.name(), call.what()));
        return null;
    }

    private static Failure noProvider() {
        return Failure.of(Failure.Kind.MODEL_NOT_FOUND,
                "No enabled provider has this endpoint.");
    }

    private void start(TargetName target, long nowNanos) {
        Provider provider = targets.provider(target);
        totalNanos = targets.timeouts(target).total().toNanos();
        if (!uploading) {
            loop.deadlines().expectBy(sentNanos + totalNanos);
        }
        ProviderKey key = provider.keys().next(nowNanos);
        if (key == null && !provider.keys().isEmpty()) {
            key = provider.keys().leastBad(nowNanos);
            key = key == null ? provider.keys().keys().get(0) : key;
        }
        attempt.start(target, targets, key, uploading || call.upgrade(), isStream(), nowNanos);
    }

    /** Writes the request; called by the attempt when its connection is ready. */
    void send(RawAttempt sender, UpstreamConnection connection) throws ProviderTypeException {
        Provider provider = sender.provider();
        String named = sender.target().model();
        String modelName = isRouted() && model.name() != null ? provider.modelName(named) : named;
        BodyEdits edits = loop.edits().clear();
        String query = model.fit(modelName, edits);
        boolean deployed = call.kind() == RawCall.Kind.MODEL && model.name() != null;
        String path = call.kind() == RawCall.Kind.PROVIDER ? call.path() + query
                : provider.requestTarget(call.path(), query, deployed ? modelName : null);
        boolean chunks = hasBody && uploading && contentLength < 0;
        HeadWriter out = loop.writer().clear().text(method).text(" ").text(path)
                .text(" HTTP/1.1\r\nhost: ").text(provider.authority()).crlf();
        Set<String> replaced = authorize(sender, path, edits, out);
        if (call.upgrade()) {
            out.text("connection: Upgrade\r\nupgrade: websocket\r\n");
            connection.expectUpgrade();
        } else {
            out.text("accept-encoding: identity\r\n");
        }
        if (model.isRoutedJson()) {
            out.text("content-type: application/json\r\n");
        }
        if (chunks) {
            out.text("transfer-encoding: chunked\r\n");
        } else if (hasBody) {
            out.text("content-length: ").number(uploading ? contentLength + edits.growth()
                    : body.lengthWith(edits)).crlf();
        } else if (contentLength == 0 || method.equals("POST") || method.equals("PUT")) {
            out.text("content-length: 0\r\n");
        }
        if (replaced.isEmpty()) {
            out.bytes(fields, 0, fieldsLength).crlf();
        } else {
            out.linesWithout(replaced, fields, 0, fieldsLength).crlf();
        }
        if (chunks) {
            out.text(Long.toHexString(body.lengthWith(edits))).crlf();
        }
        ByteBuf first = downstream.context().alloc().directBuffer(out.length());
        out.drainTo(first);
        connection.write(first);
        body.writeTo(connection, downstream.context().alloc(), edits);
        if (chunks) {
            connection.write(downstream.context().alloc().directBuffer(2)
                    .writeShort('\r' << 8 | '\n'));
        }
        if (uploading) {
            sentOn = true;
            body.release();
            connection.flush();
            sender.beginUpload(chunks);
        } else {
            sender.onSent();
            connection.flush();
        }
    }

    private Set<String> authorize(RawAttempt sender, String target, BodyEdits edits,
            HeadWriter out) throws ProviderTypeException {
        int mark = target.indexOf('?');
        String path = mark < 0 ? target : target.substring(0, mark);
        Authorization authorization = sender.provider().authorization(sender.key(), path);
        ByteBuf whole = authorization instanceof Authorization.Signed && !uploading
                ? body.whole(downstream.context().alloc(), edits) : null;
        try {
            return sender.provider().authorize(authorization, out, method, path,
                    mark < 0 ? "" : target.substring(mark + 1), whole);
        } finally {
            if (whole != null) {
                whole.release();
            }
        }
    }

    /** Whether the whole request could be sent again. */
    boolean isReplayable() {
        return !sentOn;
    }

    /** Whether all of the request went out: else nothing can follow on that connection. */
    boolean isWhollySent() {
        return !uploading && !cutShort;
    }

    boolean isHead() {
        return head;
    }

    /** Whether the head of a reply goes on before anything of its body has come. */
    boolean isImpatient() {
        return call.kind() == RawCall.Kind.PROVIDER;
    }

    /** Whether the reply may tell what it cost: what is only fetched has been paid for. */
    boolean isMetered() {
        return method.equals("POST");
    }

    /** Whether another provider could answer as well. */
    private boolean isRouted() {
        return call.kind() == RawCall.Kind.MODEL || call.kind() == RawCall.Kind.REALTIME;
    }

    /** Whether asking twice is no worse than asking once (RFC 9110 section 9.2.2). */
    private boolean isRepeatable() {
        return isRouted() || !method.equals("POST") && !method.equals("PATCH");
    }

    /** The attempt brought no reply; it has let go of everything. */
    void onFault(RawAttempt failed, Fault fault, String detail) {
        long now = loop.deadlines().nowNanos();
        log.onFault(failed.target(), fault, now - failed.startedNanos());
        failed.provider().onError(fault.code(), detail);
        boolean may = !failed.isSent() || isRepeatable();
        if (!may || !tryAgain(now, fault.isTransient(), false)) {
            answerFailure();
        }
    }

    /** The attempt brought an error, all of it held, or as much as is kept. */
    void onErrorReply(RawAttempt failed, ReplyVerdict verdict) {
        long now = loop.deadlines().nowNanos();
        String text = failed.reply().errorText();
        log.onReply(failed.target(), failed.status(), now - failed.startedNanos());
        failed.provider().onError(Integer.toString(failed.status()), summary(text));
        if (isRouted() && verdict != ReplyVerdict.CALLERS_FAULT) {
            letRest(failed, verdict, now);
            boolean repeat = verdict == ReplyVerdict.TRANSIENT
                    && failed.retryAfterNanos() == RetryAfter.NONE;
            if (tryAgain(now, repeat, verdict == ReplyVerdict.BAD_KEY
                    || verdict == ReplyVerdict.RATE_LIMITED)) {
                return;
            }
        }
        boolean showsKey = failed.key() != null && failed.key().isShownIn(text);
        if (showsKey || verdict == ReplyVerdict.BAD_KEY && call.kind() != RawCall.Kind.PROVIDER) {
            failed.abandon();
            fail(Failure.of(Failure.Kind.UPSTREAM_ERROR,
                    "The provider refused the proxy (" + failed.status() + ")."));
            answerFailure();
        } else {
            failed.commit();
        }
    }

    /**
     * Lets a key rest that the reply says should; only where the endpoint is one that every key can
     * use, or whoever asks for what the key may not do would take it from all the others.
     */
    private static void letRest(RawAttempt failed, ReplyVerdict verdict, long nowNanos) {
        if (failed.key() == null) {
            return;
        }
        long wait = failed.retryAfterNanos();
        if (verdict == ReplyVerdict.BAD_KEY) {
            failed.key().rest(nowNanos, BAD_KEY_REST_NANOS, false);
        } else if (verdict == ReplyVerdict.RATE_LIMITED
                && !ReplyVerdict.isTooLarge(failed.reply().errorText())) {
            failed.key().rest(nowNanos, wait > 0 ? wait : GUESSED_REST_NANOS, wait > 0);
        }
    }

    /**
     * Goes on to another try, if there is one to be made: with another key, once more on the same
     * target, or on the next. The failed attempt is let go of then, and only then.
     */
    private boolean tryAgain(long now, boolean maySucceedNow, boolean keyAtFault) {
        TargetName same = attempt.target();
        if (!isReplayable() || log.tried() >= policy.retry().maxAttempts()
                || totalNanos - (now - sentNanos) <= 0) {
            return false;
        }
        if (keyAtFault && attempt.provider().keys().keys().size() > 1
                && attempt.provider().keys().readyInNanos(now) == 0
                && targets.tryAgain(same, now)) {
            attempt.abandon();
            start(same, now);
            return true;
        }
        if (maySucceedNow && sameTargetTries < policy.retry().sameTarget()
                && attempt.tryTakeRetry()) {
            sameTargetTries++;
            pausedTarget = same;
            pauseUntilNanos = now + ThreadLocalRandom.current().nextLong(MIN_PAUSE_NANOS,
                    MAX_PAUSE_NANOS);
            attempt.abandon();
            loop.deadlines().expectBy(pauseUntilNanos);
            return true;
        }
        TargetName next = targets.next(now, log);
        if (next == null) {
            return false;
        }
        attempt.abandon();
        sameTargetTries = 0;
        start(next, now);
        return true;
    }

    private static String summary(String text) {
        return JsonText.quote(new StringBuilder(),
                text.length() > 200 ? text.substring(0, 200) : text).toString();
    }

    // Deadlines

    @Override
    protected long remainingNanos(long nowNanos) {
        long total = phase == Phase.ATTEMPTING && !uploading
                ? totalNanos - (nowNanos - sentNanos) : Deadlines.NEVER;
        return Math.min(total, pausedTarget != null ? pauseUntilNanos - nowNanos
                : attempt.remainingNanos(nowNanos));
    }

    @Override
    protected void onDeadline(long nowNanos) {
        if (phase == Phase.ATTEMPTING && !uploading && totalNanos - (nowNanos - sentNanos) <= 0) {
            attempt.provider().onError(Fault.TOTAL_TIMEOUT.code(), "the exchange took too long");
            abandon(Fault.TOTAL_TIMEOUT);
            answerFailure();
        } else if (pausedTarget != null) {
            TargetName target = pausedTarget;
            pausedTarget = null;
            TargetName next = targets.tryAgain(target, nowNanos) ? target
                    : targets.next(nowNanos, log);
            if (next == null) {
                answerFailure();
            } else {
                start(next, nowNanos);
            }
        } else {
            attempt.onDeadline(nowNanos);
        }
    }

    // The reply

    /** The attempt goes to the caller; writes the fields that only now are known. */
    void onCommit(RawAttempt good, HeadWriter out) {
        long now = loop.deadlines().nowNanos();
        if (good.status() < 400) {
            log.onReply(good.target(), good.status(), now - good.startedNanos());
        }
        moveTo(Phase.COMMITTED);
        status = good.status();
        releaseRequest();
        LimitReply.write(out, metering.permit(), now);
        out.text("x-request-id: ").text(requestId).crlf().text(cors);
        if (status != 101) {
            out.bytes(HeaderText.securityLines(downstream.isTls()));
        }
        if (policy.fullHeaders()) {
            out.text("x-penstock-provider: ").text(good.target().provider())
                    .text("\r\nx-penstock-model: ")
                    .text(HeaderText.printable(good.target().model()))
                    .text("\r\nx-penstock-attempts: ");
            log.writeTo(out);
            out.text("\r\nserver-timing: receive;dur=").millis(dispatchedNanos - receivedNanos)
                    .text(", queue;dur=").millis(good.slotNanos() - good.startedNanos())
                    .text(", connect;dur=").millis(good.readyNanos() - good.slotNanos())
                    .text(", head;dur=").millis(good.headNanos() - good.readyNanos())
                    .text(", total;dur=").millis(now - receivedNanos).crlf();
        }
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
                loop.deadlines().nowNanos() - attempt.startedNanos());
        fail(why);
        attempt.abandon();
        finish();
        downstream.cut();
    }

    /** Nothing brought a reply that could be passed on. */
    private void answerFailure() {
        if (failure == null) {
            Fault last = log.lastFault();
            fail(Failure.of(last == Fault.SATURATED ? Failure.Kind.OVERLOADED
                    : last != null && last.isTimeout() ? Failure.Kind.UPSTREAM_TIMEOUT
                    : Failure.Kind.UPSTREAM_ERROR, "The call failed: " + log + "."));
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
        finish();
        reply.lines(cors).error(downstream, why, id, attempts);
    }

    private void fail(Failure why) {
        failure = why;
        moveTo(Phase.FAILED);
    }

    // The tunnel

    /** Both sides speak another protocol from here on. */
    Tunnel newTunnel(UpstreamConnection connection) {
        return new Tunnel(new TunnelEnds.Caller(downstream),
                new TunnelEnds.Provider(connection),
                limits.tunnelIdle().toNanos(), limits.tunnelTotal().toNanos(),
                loop.deadlines().nowNanos());
    }

    /** The proxy ends the tunnel, and says so to both sides. */
    void onTunnelOver(Fault why) {
        log.onBroken(attempt.target(), why,
                loop.deadlines().nowNanos() - attempt.startedNanos());
        attempt.tunnel().sayClose(downstream.context().alloc(),
                why == Fault.SHUTDOWN ? GOING_AWAY : POLICY_VIOLATION, why.code());
        endTunnel();
    }

    /** Both sides have ended, or the provider broke off; {@code fault} is null if in order. */
    void onTunnelEnd(Fault fault, String detail) {
        if (fault != null) {
            attempt.provider().onError(fault.code(), detail);
            log.onBroken(attempt.target(), fault,
                    loop.deadlines().nowNanos() - attempt.startedNanos());
        }
        endTunnel();
    }

    private void endTunnel() {
        moveTo(Phase.COMPLETE);
        attempt.closeTunnel();
        finish();
        downstream.endResponse();
    }

    // The end

    /** Every exchange ends here, once. */
    private void finish() {
        loop.deadlines().remove(this);
        usage = meter();
        if (usage != null) {
            metering.book(attempt.target().provider(), attempt.target().model(), usage);
        }
        metering.settle(loop.deadlines().nowNanos());
        uploading = false;
        releaseRequest();
        pausedTarget = null;
        model.forget();
        listener.onFinished(this);
        moveTo(Phase.IDLE);
    }

    /** What the call came to; null where nothing tells. */
    private TokenUsage meter() {
        if (attempt.isTunnel()) {
            return attempt.reply().usageOfAll();
        }
        TokenUsage reported = attempt.reply().usage();
        boolean asked = model.isJson() && model.name() != null && isMetered();
        boolean streamed = attempt.isCommitted() && status < 300 && isStream();
        return reported != null || !asked || !streamed && !leftAlone ? reported
                : metering.estimate(attempt.target().model(), attempt.reply().events());
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

    private Failure tooLarge() {
        return Failure.of(Failure.Kind.REQUEST_TOO_LARGE, "The request's body is longer than "
                + maxBytes() + " bytes.");
    }

    private static Failure invalidJson(JsonSyntaxException e) {
        return Failure.of(Failure.Kind.INVALID_JSON,
                "The request's body is not valid JSON: " + e.getMessage() + ".");
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
        return requestId;
    }

    @Override
    public String model() {
        return model.name();
    }

    @Override
    public boolean isStream() {
        return model.isStream();
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
        return servedBy() == null ? -1 : attempt.contentNanos() - receivedNanos;
    }
}

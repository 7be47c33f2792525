package io.penstock.exchange.passthrough;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.caller.Caller;
import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.BodyEdits;
import io.penstock.exchange.call.BodyFailure;
import io.penstock.exchange.call.Call;
import io.penstock.exchange.call.CallLoop;
import io.penstock.exchange.call.CallersTimeout;
import io.penstock.exchange.call.Demand;
import io.penstock.exchange.call.OutboundRequest;
import io.penstock.exchange.call.Policy;
import io.penstock.exchange.call.RequestBody;
import io.penstock.exchange.call.Whom;
import io.penstock.failure.Failure;
import io.penstock.http.BodySink;
import io.penstock.http.Field;
import io.penstock.http.HeadWriter;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestHead;
import io.penstock.json.JsonSyntaxException;
import io.penstock.limit.StreamLimits;
import io.penstock.provider.Api;
import io.penstock.provider.ReplyVerdict;
import io.penstock.route.Route.TargetName;
import io.penstock.translate.ReplyFormat;
import io.penstock.upstream.Provider;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A call that is relayed without being understood: files, images, audio, whatever a provider has
 * below its own path, a WebSocket. Keeps the fields that go on to a provider, and a body that is
 * kept to be sent again, or sent on as it comes.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> takes the body until {@link #release}, or until it exceeds {@value
 * #HELD_BYTES} bytes and can be sent on as it comes.
 * <br><b>Bounds:</b> a JSON body that names a model, the policy's body size; any other one, {@code
 * limits.upload}.
 */
public final class PassThroughCall implements Call {
    static final int HELD_BYTES = 256 * 1024;
    private static final Pattern CREDENTIAL_PROTOCOL = Pattern.compile(
            "openai-(insecure-api-key|organization|project)\\.", Pattern.CASE_INSENSITIVE);
    private static final Set<Field> NONE = EnumSet.noneOf(Field.class);
    private static final Set<Field> REPLACED = EnumSet.of(Field.CONTENT_TYPE);

    /** The progress of a body that is sent on as it arrives. */
    private enum Upload {
        /** All of it is kept so far. */
        NONE,
        /** The rest is sent on as it comes, or will be. */
        ON,
        /** All of it has come. */
        WHOLE,
        /** The rest isn't sent any more. */
        CUT
    }

    private final CallLoop loop;
    private final ByteBufAllocator allocator;
    private final RequestBody body;
    private final ModelField model;
    private final Access access;
    private final StreamLimits limits;
    private final PassThroughPath path;
    private final String method;
    private byte[] fields; // of the caller's head, those that go on to a provider
    private final int fieldsLength;
    private final boolean hasBody;
    private final long contentLength;
    private final long timeoutNanos;
    private final long maxHeldBytes;
    private final long maxBytes;
    private final boolean signed; // its provider wants to be shown a signature of the whole body
    private long receivedBytes;
    private Upload upload = Upload.NONE;
    private boolean sentOn; // some of the body is gone: it can't be sent again

    /**
     * A call whose head was accepted.
     *
     * @param stored the provider of calls that name no model; null for none
     */
    public PassThroughCall(CallLoop loop, ByteBufAllocator allocator, RequestHead head,
            PassThroughPath path, Caller caller, Policy policy, StreamLimits limits,
            Provider stored) {
        this.loop = loop;
        this.allocator = allocator;
        this.path = path;
        this.limits = limits;
        body = new RequestBody(loop.bodyMemory());
        access = new Access(caller, policy,
                Access.keeper(path, policy, loop.responseOrigins(), stored));
        signed = access.wantsSignature(path);
        timeoutNanos = CallersTimeout.nanos(head);
        method = head.method();
        hasBody = head.hasBody();
        contentLength = head.contentLength();
        model = new ModelField(head, path);
        maxHeldBytes = policy.maxBodyBytes();
        maxBytes = model.isRoutedJson() ? maxHeldBytes : limits.uploadBytes();
        HeadWriter out = loop.writer().clear();
        head.writeUpstreamFields(out, model.isRoutedJson() ? REPLACED : NONE);
        fields = loop.borrowArray(out.length());
        fieldsLength = out.drainTo(fields);
    }

    private void moveTo(Upload next) {
        upload = next;
    }

    @Override
    public Failure check() {
        if (timeoutNanos <= 0) {
            return CallersTimeout.malformed();
        }
        Failure forbidden = access.check(path);
        return forbidden != null ? forbidden : mistakeInHead();
    }

    private Failure mistakeInHead() {
        if (method.equals("TRACE") || method.equals("TRACK")) {
            return Failure.of(Failure.Kind.METHOD_NOT_ALLOWED,
                    "A request that came back would show the provider's key.");
        }
        if (path.isCrooked()) {
            return Failure.of(Failure.Kind.BAD_REQUEST, "The path has a segment of dots in it.");
        }
        if (QueryText.showsCredential(path.query())) {
            return Failure.of(Failure.Kind.BAD_REQUEST, "Credentials in the URL are neither taken "
                    + "nor passed on: the provider's is added here.");
        }
        if (path.kind() == PassThroughPath.Kind.REALTIME && !path.upgrade()) {
            return Failure.of(Failure.Kind.BAD_REQUEST,
                    "This endpoint is for WebSockets: the request has to ask for an upgrade.");
        }
        if (path.upgrade()) {
            return checkUpgrade();
        }
        if (path.kind() == PassThroughPath.Kind.MODEL && model.isCoded()) {
            return Failure.of(Failure.Kind.UNSUPPORTED_MEDIA_TYPE,
                    "The request's body must not be compressed.");
        }
        return contentLength > maxBytes ? BodyFailure.tooLarge(maxBytes) : null;
    }

    private Failure checkUpgrade() {
        String sent = new String(fields, 0, fieldsLength, StandardCharsets.ISO_8859_1);
        if (CREDENTIAL_PROTOCOL.matcher(sent).find()) {
            return Failure.of(Failure.Kind.BAD_REQUEST, "Credentials, and whose account is meant, "
                    + "are not taken among the subprotocols: show the key in a field of its own.");
        }
        return hasBody || !method.equals("GET") ? Failure.of(Failure.Kind.BAD_REQUEST,
                "A request for a WebSocket has to be a GET without a body.") : null;
    }

    // The body comes

    @Override
    public Failure read(ByteBuf bytes, boolean dispatched) {
        // Once it is on its way, only a caller who may not use every model has to be looked after.
        boolean looks = !dispatched || access.isRestricted();
        receivedBytes += bytes.readableBytes();
        if (receivedBytes > maxBytes) {
            return BodyFailure.tooLarge(maxBytes);
        }
        try {
            if (looks) {
                model.scan(bytes);
            }
        } catch (JsonSyntaxException e) {
            return BodyFailure.invalidJson(e);
        } catch (HttpSyntaxException e) {
            return Failure.of(Failure.Kind.BAD_REQUEST,
                    "The request was refused: " + e.getMessage() + ".");
        }
        return model.isAwaited() && receivedBytes > maxHeldBytes
                ? new Failure(Failure.Kind.REQUEST_TOO_LARGE, "The form's field 'model' has to "
                        + "stand among the first " + maxHeldBytes + " bytes: put it before the "
                        + "file.", "model", null) : null;
    }

    @Override
    public Failure keep(ByteBuf bytes) {
        return body.add(allocator, bytes) ? null : BodyFailure.noRoom();
    }

    /** Whether the model is known, and more is kept than has to be. */
    @Override
    public boolean wantsUpload() {
        return body.length() > (signed ? maxHeldBytes : HELD_BYTES) && !model.isRoutedJson()
                && !model.isAwaited();
    }

    @Override
    public Failure end() {
        try {
            model.end();
        } catch (JsonSyntaxException e) {
            return BodyFailure.invalidJson(e);
        }
        return null;
    }

    @Override
    public void beginUpload() {
        moveTo(Upload.ON);
    }

    @Override
    public void endUpload() {
        moveTo(Upload.WHOLE);
    }

    @Override
    public boolean cutUpload() {
        boolean was = upload == Upload.ON;
        if (was) {
            moveTo(Upload.CUT);
        }
        return was;
    }

    @Override
    public boolean isUploading() {
        return upload == Upload.ON;
    }

    @Override
    public boolean uploadsChunks() {
        return hasBody && isUploading() && contentLength < 0;
    }

    @Override
    public boolean isWhollySent() {
        return upload != Upload.ON && upload != Upload.CUT;
    }

    @Override
    public boolean wantsFreshConnection() {
        return isUploading() || path.upgrade();
    }

    @Override
    public void release() {
        body.release();
        if (fields != null) {
            loop.giveBack(fields);
            fields = null;
        }
    }

    // What it is

    @Override
    public ReplyFormat format() {
        return path.anthropic() ? ReplyFormat.MESSAGES : ReplyFormat.CHAT;
    }

    @Override
    public Api api() {
        return null;
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
    public boolean isHead() {
        return method.equals("HEAD");
    }

    @Override
    public long timeoutNanos() {
        return timeoutNanos;
    }

    // Who is asked, and how

    @Override
    public Whom whom(AttemptLog log) {
        return access.find(path, model);
    }

    /** The prompt of a JSON body by its length, as far as it was kept; of any other one nothing. */
    @Override
    public Demand demand() {
        return Demand.unknown(model.isJson() ? Math.min(body.length(), HELD_BYTES) : 0);
    }

    @Override
    public OutboundRequest prepare(TargetName target, Provider provider, boolean continues,
            long passedTokens, long promptTokens) {
        return new OpaqueRequest(this);
    }

    @Override
    public boolean isReplayable() {
        return !sentOn;
    }

    /** Whether the model decides who is asked, so that another provider could answer as well. */
    boolean isRouted() {
        return path.isRouted();
    }

    @Override
    public boolean isRepeatable() {
        return isRouted() || !method.equals("POST") && !method.equals("PATCH");
    }

    @Override
    public boolean mayRace() {
        return model.isRoutedJson();
    }

    @Override
    public boolean isReplyTimed() {
        return false;
    }

    // What follows

    @Override
    public boolean isPassable(ReplyVerdict verdict, int status) {
        return verdict != ReplyVerdict.BAD_KEY || isImpatient();
    }

    @Override
    public boolean isMetered() {
        return true;
    }

    @Override
    public boolean isEstimated(boolean whole) {
        return model.isJson() && model.name() != null && mayTellUsage() && (isStream() || !whole);
    }

    // What its wording needs

    CallLoop loop() {
        return loop;
    }

    ByteBufAllocator allocator() {
        return allocator;
    }

    PassThroughPath path() {
        return path;
    }

    ModelField modelField() {
        return model;
    }

    RequestBody body() {
        return body;
    }

    StreamLimits limits() {
        return limits;
    }

    String method() {
        return method;
    }

    /** Whether the head of a reply is forwarded before any of its body has come. */
    boolean isImpatient() {
        return path.kind() == PassThroughPath.Kind.PROVIDER;
    }

    /** Whether the reply may tell usage: replies that are only fetched have been paid for. */
    boolean mayTellUsage() {
        return method.equals("POST");
    }

    /** How long the body is with the edits made, as the head has to tell it. */
    long bodyLength(BodyEdits edits) {
        if (uploadsChunks()) {
            return BodySink.UNKNOWN_LENGTH;
        }
        if (hasBody) {
            return isUploading() ? contentLength + edits.growth() : body.lengthWith(edits);
        }
        return contentLength == 0 || method.equals("POST") || method.equals("PUT") ? 0
                : BodySink.NO_BODY;
    }

    /** Adds the caller's fields but those to a head. */
    void writeFields(HeadWriter out, Set<String> replaced) {
        if (replaced.isEmpty()) {
            out.bytes(fields, 0, fieldsLength);
        } else {
            out.linesWithout(replaced, fields, 0, fieldsLength);
        }
    }

    /** What was kept of the body has gone out, and the rest follows as it comes. */
    void onSentOn() {
        sentOn = true;
        body.release();
    }
}

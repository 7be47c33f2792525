package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.failure.Failure;
import io.penstock.http.Field;
import io.penstock.http.HeadWriter;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestHead;
import io.penstock.json.JsonSyntaxException;
import io.penstock.limit.StreamLimits;
import io.penstock.provider.Authorization;
import io.penstock.upstream.ProviderTypeException;
import io.penstock.upstream.UpstreamStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What the caller of a pass-through sends: the fields that go on to a provider, and a body that is
 * kept to be sent again, or sent on as it comes.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> takes the body until {@link #release}, or until it exceeds {@value
 * #HELD_BYTES} bytes and can be sent on as it comes.
 * <br><b>Bounds:</b> a JSON body that names a model, the policy's body size; any other one, {@code
 * limits.upload}.
 */
final class RawRequest {
    static final int HELD_BYTES = 256 * 1024;
    private static final Pattern CREDENTIAL_PROTOCOL = Pattern.compile(
            "openai-(insecure-api-key|organization|project)\\.", Pattern.CASE_INSENSITIVE);
    private static final Set<Field> NONE = EnumSet.noneOf(Field.class);
    private static final Set<Field> REPLACED = EnumSet.of(Field.CONTENT_TYPE);

    private final ExchangeLoop loop;
    private final ByteBufAllocator allocator;
    private final RequestBody body;
    private final RawModel model = new RawModel();

    private RawCall call;
    private String method;
    private byte[] fields; // of the caller's head, those that go on to a provider
    private int fieldsLength;
    private boolean hasBody;
    private long contentLength;
    private long maxHeldBytes;
    private long maxBytes;
    private boolean signed; // its provider wants to be shown a signature of the whole body
    private long receivedBytes;
    private boolean uploading; // the body is sent on as it comes, or will be
    private boolean sentOn; // some of it is gone: it can't be sent again
    private boolean cutShort; // the rest of it isn't sent any more

    RawRequest(ExchangeLoop loop, ByteBufAllocator allocator) {
        this.loop = loop;
        this.allocator = allocator;
        body = new RequestBody(loop.bodyMemory());
    }

    /**
     * Begins with a head that was accepted.
     *
     * @param signed whether its provider wants to be shown a signature of the whole body
     */
    void begin(RequestHead request, RawCall call, Policy policy, StreamLimits limits,
            boolean signed) {
        this.call = call;
        this.signed = signed;
        method = request.method();
        hasBody = request.hasBody();
        contentLength = request.contentLength();
        receivedBytes = 0;
        uploading = false;
        sentOn = false;
        cutShort = false;
        model.begin(request, call);
        maxHeldBytes = policy.maxBodyBytes();
        maxBytes = model.isRoutedJson() ? maxHeldBytes : limits.uploadBytes();
        HeadWriter out = loop.writer().clear();
        request.writeUpstreamFields(out, model.isRoutedJson() ? REPLACED : NONE);
        fields = loop.borrowArray(out.length());
        fieldsLength = out.drainTo(fields);
    }

    /** What is wrong with it, as far as its head tells; null if nothing is. */
    Failure check() {
        if (method.equals("TRACE") || method.equals("TRACK")) {
            return Failure.of(Failure.Kind.METHOD_NOT_ALLOWED,
                    "A request that came back would show the provider's key.");
        }
        if (call.isCrooked()) {
            return Failure.of(Failure.Kind.BAD_REQUEST, "The path has a segment of dots in it.");
        }
        if (QueryText.showsCredential(call.query())) {
            return Failure.of(Failure.Kind.BAD_REQUEST, "Credentials in the URL are neither taken "
                    + "nor passed on: the provider's is added here.");
        }
        if (call.kind() == RawCall.Kind.REALTIME && !call.upgrade()) {
            return Failure.of(Failure.Kind.BAD_REQUEST,
                    "This endpoint is for WebSockets: the request has to ask for an upgrade.");
        }
        if (call.upgrade()) {
            return checkUpgrade();
        }
        if (call.kind() == RawCall.Kind.MODEL && model.isCoded()) {
            return Failure.of(Failure.Kind.UNSUPPORTED_MEDIA_TYPE,
                    "The request's body must not be compressed.");
        }
        return contentLength > maxBytes ? tooLarge() : null;
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

    /**
     * Reads the next bytes of the body; returns what is wrong with them, or null.
     *
     * @param looks whether it still matters what they say
     */
    Failure read(ByteBuf bytes, boolean looks) {
        receivedBytes += bytes.readableBytes();
        if (receivedBytes > maxBytes) {
            return tooLarge();
        }
        try {
            if (looks) {
                model.scan(bytes);
            }
        } catch (JsonSyntaxException e) {
            return invalidJson(e);
        } catch (HttpSyntaxException e) {
            return Failure.of(Failure.Kind.BAD_REQUEST,
                    "The request was refused: " + e.getMessage() + ".");
        }
        return model.isAwaited() && receivedBytes > maxHeldBytes
                ? new Failure(Failure.Kind.REQUEST_TOO_LARGE, "The form's field 'model' has to "
                        + "stand among the first " + maxHeldBytes + " bytes: put it before the "
                        + "file.", "model", null) : null;
    }

    /** Keeps the bytes that were read last; takes them. Returns why it can't, or null. */
    Failure keep(ByteBuf bytes) {
        return body.add(allocator, bytes) ? null : Failure.of(Failure.Kind.OVERLOADED,
                "Too many large requests are under way. Try again in a moment.");
    }

    /** Whether more was kept than need be: all is known that can be, and the rest can go on. */
    boolean isLong() {
        return body.length() > (signed ? maxHeldBytes : HELD_BYTES) && !model.isRoutedJson()
                && !model.isAwaited();
    }

    /** The body is whole; returns what is wrong with it, or null. */
    Failure end() {
        try {
            model.end();
        } catch (JsonSyntaxException e) {
            return invalidJson(e);
        }
        return null;
    }

    /** The rest of the body will be sent on as it comes. */
    void beginUpload() {
        uploading = true;
    }

    /** The rest has come. */
    void endUpload() {
        uploading = false;
    }

    /** What is still sent is of no more use; returns whether there was something. */
    boolean cutShort() {
        boolean was = uploading;
        uploading = false;
        cutShort |= was;
        return was;
    }

    /** Whether more of it is sent on as it comes. */
    boolean isUploading() {
        return uploading;
    }

    // It goes out

    /** Writes it; for an attempt whose connection is ready. */
    void send(RawAttempt sender, UpstreamStream connection) throws ProviderTypeException {
        BodyEdits edits = loop.edits().clear();
        String named = sender.target().model();
        String modelName = isRouted() && model.name() != null
                ? sender.provider().modelName(named) : named;
        String query = model.fit(modelName, edits);
        boolean chunks = hasBody && uploading && contentLength < 0;
        HeadWriter out = loop.writer().clear();
        writeHead(out, sender, modelName, query, edits, chunks);
        if (call.upgrade()) {
            connection.expectUpgrade("websocket");
        }
        ByteBuf first = allocator.directBuffer(out.length());
        out.drainTo(first);
        connection.write(first);
        body.writeTo(connection, allocator, edits);
        if (chunks) {
            connection.write(allocator.directBuffer(2).writeShort('\r' << 8 | '\n'));
        }
        if (uploading) {
            sentOn = true;
            body.release();
            connection.expectEarlyReply();
            sender.beginUpload(chunks);
        }
        connection.flush(); // which may be the end of it all
    }

    private void writeHead(HeadWriter out, RawAttempt sender, String modelName, String query,
            BodyEdits edits, boolean chunks) throws ProviderTypeException {
        boolean deployed = call.kind() == RawCall.Kind.MODEL && model.name() != null;
        String path = call.kind() == RawCall.Kind.PROVIDER ? call.path() + query
                : sender.provider().requestTarget(call.path(), query,
                        deployed ? modelName : null);
        out.text(method).text(" ").text(path).text(" HTTP/1.1\r\nhost: ")
                .text(sender.provider().authority()).crlf();
        Set<String> replaced = authorize(sender, path, edits, out);
        out.text(call.upgrade() ? "connection: Upgrade\r\nupgrade: websocket\r\n"
                : "accept-encoding: identity\r\n");
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
    }

    /** Writes what shows whom it comes from; returns which of the caller's fields that replaces. */
    private Set<String> authorize(RawAttempt sender, String target, BodyEdits edits,
            HeadWriter out) throws ProviderTypeException {
        int mark = target.indexOf('?');
        String path = mark < 0 ? target : target.substring(0, mark);
        Authorization authorization = sender.provider().authorization(sender.key(), path);
        ByteBuf whole = authorization instanceof Authorization.Signed && !uploading
                ? body.whole(allocator, edits) : null;
        try {
            return sender.provider().authorize(authorization, out, method, path,
                    mark < 0 ? "" : target.substring(mark + 1), whole);
        } finally {
            if (whole != null) {
                whole.release();
            }
        }
    }

    /** It will not be sent again; harmless if that was known before. */
    void release() {
        body.release();
        if (fields != null) {
            loop.giveBack(fields);
            fields = null;
        }
    }

    /** The exchange is over: what was read of the body is let go. */
    void finish() {
        uploading = false;
        model.forget();
        release();
    }

    // Questions

    RawCall call() {
        return call;
    }

    RawModel model() {
        return model;
    }

    /** Bytes of a JSON body, as far as it was kept; 0 for any other one. */
    long jsonBytes() {
        return model.isJson() ? Math.min(body.length(), HELD_BYTES) : 0;
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
        return method.equals("HEAD");
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
    boolean isRouted() {
        return call.kind() == RawCall.Kind.MODEL || call.kind() == RawCall.Kind.REALTIME;
    }

    /** Whether asking twice is no worse than asking once (RFC 9110 section 9.2.2). */
    boolean isRepeatable() {
        return isRouted() || !method.equals("POST") && !method.equals("PATCH");
    }

    private Failure tooLarge() {
        return Failure.of(Failure.Kind.REQUEST_TOO_LARGE, "The request's body is longer than "
                + maxBytes + " bytes.");
    }

    private static Failure invalidJson(JsonSyntaxException e) {
        return Failure.of(Failure.Kind.INVALID_JSON,
                "The request's body is not valid JSON: " + e.getMessage() + ".");
    }
}

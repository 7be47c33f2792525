package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.failure.Failure;
import io.penstock.http.Field;
import io.penstock.http.HeadWriter;
import io.penstock.http.RequestHead;
import io.penstock.json.JsonSyntaxException;
import io.penstock.json.TopLevelScanner;
import io.penstock.json.TopLevelScanner.Kind;
import io.penstock.provider.Authorization;
import io.penstock.translate.GeminiPath;
import io.penstock.translate.request.GeminiLimits;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderTypeException;
import io.penstock.upstream.RequestStart;
import io.penstock.upstream.UpstreamConnection;
import java.util.EnumSet;
import java.util.Set;

/**
 * What the caller sent, kept as long as it may be sent again: the fields that go on to a provider,
 * the body, and what routing has to know of the two.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> takes the body until {@link #release}; each sending takes retained slices.
 * <br><b>Bounds:</b> the policy's body size; what all bodies together may take of the memory.
 */
final class IncomingRequest {
    private static final Set<Field> ANTHROPIC_FIELDS =
            EnumSet.of(Field.ANTHROPIC_VERSION, Field.ANTHROPIC_BETA);
    private static final Set<Field> REPLACED = EnumSet.of(Field.CONTENT_TYPE,
            Field.ANTHROPIC_VERSION, Field.ANTHROPIC_BETA);

    private final ExchangeLoop loop;
    private final ByteBufAllocator allocator;
    private final RequestBody body;
    private final RequestFields found = new RequestFields();
    private final RequestControls controls = new RequestControls();
    private final Questions questions;

    private Endpoint endpoint;
    private GeminiPath google; // null where the body names the model
    private long maxBodyBytes;
    private byte[] fields; // of the caller's head, those that go on to a provider
    private int fieldsLength;
    private int commonLength; // of those among them that are for whatever provider
    private TopLevelScanner scanner; // null once the body is read

    IncomingRequest(ExchangeLoop loop, ByteBufAllocator allocator) {
        this.loop = loop;
        this.allocator = allocator;
        body = new RequestBody(loop.bodyMemory());
        questions = new Questions(loop, allocator, found, controls, body);
    }

    /** Begins with a head that was accepted; returns why no body is wanted for it, or null. */
    Failure begin(RequestHead head, Endpoint endpoint, long maxBodyBytes) {
        this.endpoint = endpoint;
        google = endpoint.isGoogles() ? GeminiPath.of(head.path(), head.query()) : null;
        this.maxBodyBytes = maxBodyBytes;
        found.clear();
        questions.begin(endpoint);
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
            return mistake;
        }
        if (head.contentLength() > maxBodyBytes) {
            return tooLarge();
        }
        return head.has(Field.CONTENT_ENCODING)
                && !head.valueStartsWith(Field.CONTENT_ENCODING, "identity")
                ? Failure.of(Failure.Kind.UNSUPPORTED_MEDIA_TYPE,
                        "The request's body must not be compressed.") : null;
    }

    /** The next bytes of the body; takes them. Returns what is wrong with them, or null. */
    Failure add(ByteBuf bytes) {
        if (body.length() + bytes.readableBytes() > maxBodyBytes) {
            bytes.release();
            return tooLarge();
        }
        try {
            scanner.scan(bytes);
        } catch (JsonSyntaxException e) {
            bytes.release();
            return invalidJson(e);
        }
        return body.add(allocator, bytes) ? null : Failure.of(Failure.Kind.OVERLOADED,
                "Too many large requests are under way. Try again in a moment.");
    }

    /** The request is whole; returns what is wrong with it, or null. */
    Failure end() {
        try {
            scanner.end();
        } catch (JsonSyntaxException e) {
            return invalidJson(e);
        }
        Failure mistake = controls.read(scanner, endpoint.takesModels());
        if (mistake == null) {
            mistake = google != null ? found.read(google, googlesLimits())
                    : found.read(scanner, controls.firstModel());
        }
        if (mistake == null) {
            giveScannerBack();
        }
        return mistake;
    }

    private GeminiLimits googlesLimits() {
        int member = scanner.kind(RequestFields.GENERATION_CONFIG) == Kind.OBJECT
                ? RequestFields.GENERATION_CONFIG : RequestFields.GENERATION_CONFIG_SNAKE;
        if (scanner.kind(member) != Kind.OBJECT) {
            return GeminiLimits.NONE;
        }
        ByteBuf whole = body.whole(allocator, loop.edits().clear());
        try {
            return GeminiLimits.of(whole, whole.readerIndex() + (int) scanner.start(member),
                    (int) (scanner.end(member) - scanner.start(member)));
        } finally {
            whole.release();
        }
    }

    /** What the body says; of use once the request is whole. */
    RequestFields found() {
        return found;
    }

    /** What the caller asks of the proxy itself. */
    RequestControls controls() {
        return controls;
    }

    /** Its translations. */
    Questions questions() {
        return questions;
    }

    /** How many bytes its body has. */
    long length() {
        return body.length();
    }

    /**
     * Sends it in the caller's own words.
     *
     * @param prefix of the answer, from which the provider is to go on; null for none
     * @param prefixTokens how many that may have come to
     */
    void send(Attempt sender, UpstreamConnection connection, String prefix, long prefixTokens)
            throws ProviderTypeException {
        Provider provider = sender.provider();
        String modelName = provider.modelName(sender.target().model());
        BodyEdits edits = loop.edits().clear();
        found.fit(edits, modelName, sender.asksForUsage());
        if (prefix != null) {
            found.goOn(edits, prefix, provider.prefill(), prefixTokens);
        }
        controls.strip(edits);
        long length = body.lengthWith(edits);
        RequestStart start = provider.requestStart(endpoint.api(), modelName, found.isStream());
        HeadWriter out = loop.writer().clear().bytes(start.bytes());
        Set<String> replaced = authorize(sender, start, edits, out);
        out.text("content-length: ").number(length).crlf();
        writeFields(out, fieldsLength, replaced);
        int room = out.length();
        boolean small = body.isSmall();
        ByteBuf head = allocator.directBuffer(small ? room + (int) length : room);
        out.drainTo(head);
        if (small) {
            body.copyTo(head, edits);
            connection.write(head);
        } else {
            connection.write(head);
            body.writeTo(connection, allocator, edits);
        }
        connection.flush();
    }

    /** Only a signature has to have the body in one piece. */
    private Set<String> authorize(Attempt sender, RequestStart start, BodyEdits edits,
            HeadWriter out) throws ProviderTypeException {
        Authorization authorization = endpoint.isGoogles()
                ? sender.provider().authorization(sender.key(), start.path())
                : sender.provider().authorization(sender.key());
        ByteBuf whole = authorization instanceof Authorization.Signed
                ? body.whole(allocator, edits) : null;
        try {
            return sender.provider().authorize(authorization, out, "POST", start.path(),
                    start.query(), whole);
        } finally {
            if (whole != null) {
                whole.release();
            }
        }
    }

    private void writeFields(HeadWriter out, int length, Set<String> replaced) {
        if (replaced.isEmpty()) {
            out.bytes(fields, 0, length).crlf();
        } else {
            out.linesWithout(replaced, fields, 0, length).crlf();
        }
    }

    /** Sends it in the words of {@code question}. */
    void send(Question question, Attempt sender, UpstreamConnection connection)
            throws ProviderTypeException {
        HeadWriter out = loop.writer().clear();
        writeFields(out, commonLength, question.writeHead(out, sender.key()));
        ByteBuf head = allocator.directBuffer(out.length());
        out.drainTo(head);
        connection.write(head);
        connection.write(question.body());
        connection.flush();
    }

    /** It will not be sent again, in whatever words; harmless if that was known before. */
    void release() {
        giveScannerBack();
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

    private Failure tooLarge() {
        return Failure.of(Failure.Kind.REQUEST_TOO_LARGE,
                "The request's body is longer than " + maxBodyBytes + " bytes.");
    }

    private static Failure invalidJson(JsonSyntaxException e) {
        return Failure.of(Failure.Kind.INVALID_JSON,
                "The request's body is not valid JSON: " + e.getMessage() + ".");
    }
}

package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.cache.CacheKey;
import io.penstock.cache.CacheSettings;
import io.penstock.cache.CachedReply;
import io.penstock.cache.ReplyKind;
import io.penstock.caller.Caller;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.BodyEdits;
import io.penstock.exchange.call.BodyFailure;
import io.penstock.exchange.call.CacheTerms;
import io.penstock.exchange.call.Call;
import io.penstock.exchange.call.Demand;
import io.penstock.exchange.call.OutboundRequest;
import io.penstock.exchange.call.Policy;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.exchange.call.RequestBody;
import io.penstock.exchange.call.Whom;
import io.penstock.failure.Failure;
import io.penstock.http.Field;
import io.penstock.http.HeadWriter;
import io.penstock.http.RequestHead;
import io.penstock.json.JsonSyntaxException;
import io.penstock.json.TopLevelScanner;
import io.penstock.json.TopLevelScanner.Kind;
import io.penstock.provider.Api;
import io.penstock.provider.Prefill;
import io.penstock.provider.ReplyVerdict;
import io.penstock.route.Midstream;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.translate.ChatStream;
import io.penstock.translate.GeminiPath;
import io.penstock.translate.ReplyFormat;
import io.penstock.translate.ReplyReshaper;
import io.penstock.translate.ReplyUsage;
import io.penstock.translate.request.GeminiHistory;
import io.penstock.translate.request.GeminiLimits;
import io.penstock.translate.request.RequestFitter;
import io.penstock.upstream.Provider;
import io.penstock.upstream.RequestStart;
import io.penstock.upstream.UpstreamStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * A call that is understood. Keeps what the caller sent as long as it may be sent again: the fields
 * that go on to a provider, the body, and what routing has to know of the two.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> takes the body until {@link #release}; each sending takes retained slices.
 * <br><b>Bounds:</b> the policy's body size; what all bodies together may take of the memory.
 */
public final class ChatCall implements Call {
    private static final Set<Field> ANTHROPIC_FIELDS =
            EnumSet.of(Field.ANTHROPIC_VERSION, Field.ANTHROPIC_BETA);
    private static final int INFLATED_BYTES = 16 * 1024; // at once
    private static final Set<Field> REPLACED = EnumSet.of(Field.CONTENT_TYPE,
            Field.CONTENT_ENCODING, Field.ANTHROPIC_VERSION, Field.ANTHROPIC_BETA);

    private final ChatLoop loop;
    private final ByteBufAllocator allocator;
    private final Caller caller;
    private final Policy policy;
    private final Endpoint endpoint;
    private final GeminiPath google; // null where the body names the model
    private final String deployment; // the model of a body that names none; null for none
    private final String requestId;
    private final BodyCoding coding;
    private RequestBody body; // as it came, until it is whole
    private final RequestFields fields = new RequestFields();
    private final RequestControls controls = new RequestControls();
    private final AffinityValues affinity;
    private final Translations translations;
    private final Replies replies;
    private final Failure mistake; // in the head; null for none
    private final String varying; // of the head: what asks for another reply

    private byte[] fieldLines; // of the caller's head, those that go on to a provider
    private int fieldLinesLength;
    private final int commonLength; // of those among them that are for any provider
    private TopLevelScanner scanner; // null once the body is read
    private Continuation continuation; // null where a stream that breaks is not continued
    private Provider doubtful; // seems to refuse the question for a stream's usage

    /**
     * A call whose head was accepted.
     *
     * @param requestId as it goes to the caller and into logs
     */
    public ChatCall(ChatLoop loop, ByteBufAllocator allocator, RequestHead head,
            EndpointPath path, Caller caller, Policy policy, String requestId) {
        this.loop = loop;
        this.allocator = allocator;
        this.caller = caller;
        this.policy = policy;
        endpoint = path.endpoint();
        google = path.google();
        deployment = path.deployment();
        this.requestId = requestId;
        body = new RequestBody(loop.calls().bodyMemory());
        coding = BodyCoding.of(head);
        affinity = new AffinityValues(head, policy.router().affinityHeaders());
        translations = new Translations(loop, allocator, this);
        replies = new Replies(loop, allocator, this);
        HeadWriter out = writer();
        head.writeUpstreamFields(out, REPLACED);
        commonLength = out.length();
        if (endpoint.isAnthropic()) {
            head.writeOnly(out, ANTHROPIC_FIELDS);
            out.text(head.has(Field.ANTHROPIC_VERSION) ? ""
                    : TranslatedRequest.ANTHROPIC_VERSION);
        }
        fieldLines = loop.calls().borrowArray(out.length());
        fieldLinesLength = out.drainTo(fieldLines);
        scanner = loop.borrowScanner();
        mistake = mistakeIn(head);
        varying = policy.cache().enabled() ? CacheKeys.varying(head) : "";
    }

    private Failure mistakeIn(RequestHead head) {
        Failure wrong = controls.read(head);
        if (wrong != null) {
            return wrong;
        }
        if (head.contentLength() > policy.maxBodyBytes()) {
            return BodyFailure.tooLarge(policy.maxBodyBytes());
        }
        return coding == BodyCoding.OTHER ? Failure.of(Failure.Kind.UNSUPPORTED_MEDIA_TYPE,
                "The request's body must not be compressed, but with gzip or deflate.") : null;
    }

    @Override
    public Failure check() {
        return mistake;
    }

    @Override
    public String acceptedCodings() {
        return "gzip, deflate";
    }

    // What it is

    Endpoint endpoint() {
        return endpoint;
    }

    /** Whose earlier answers the call may refer to. */
    String callersAccount() {
        return caller.account();
    }

    /** What the body says; of use once the request is whole. */
    RequestFields fields() {
        return fields;
    }

    /** Makes the readings of its replies. */
    Replies replies() {
        return replies;
    }

    /** What lets another target continue a stream that broke; null where none shall. */
    Continuation continuation() {
        return continuation;
    }

    @Override
    public ReplyFormat format() {
        return endpoint.format();
    }

    @Override
    public Api api() {
        return endpoint.api();
    }

    @Override
    public String model() {
        return fields.model();
    }

    @Override
    public boolean isStream() {
        return fields.isStream();
    }

    @Override
    public long timeoutNanos() {
        return controls.timeoutNanos();
    }

    /** The identity of a stream whose chunks do not tell it. */
    ChatStream.Identity identity() {
        return new ChatStream.Identity(requestId, endpoint.isText() ? "text_completion"
                : "chat.completion.chunk", TimeUnit.MILLISECONDS.toSeconds(
                System.currentTimeMillis()), fields.model());
    }

    // The request comes

    @Override
    public Failure read(ByteBuf bytes, boolean dispatched) {
        if (body.length() + bytes.readableBytes() > policy.maxBodyBytes()) {
            return BodyFailure.tooLarge(policy.maxBodyBytes());
        }
        if (coding.isCompressed()) {
            return null; // it is read when it is whole
        }
        try {
            scanner.scan(bytes);
            return null;
        } catch (JsonSyntaxException e) {
            return BodyFailure.invalidJson(e);
        }
    }

    @Override
    public Failure keep(ByteBuf bytes) {
        return body.add(allocator, bytes) ? null : BodyFailure.noRoom();
    }

    /** Puts the plain body in the place of the compressed one, and reads it. */
    private Failure inflate() throws JsonSyntaxException {
        RequestBody compressed = body;
        body = new RequestBody(loop.calls().bodyMemory());
        ByteBuf whole = compressed.whole(allocator, loop.calls().edits().clear());
        try (InputStream plain = coding.open(whole)) {
            return readAll(plain);
        } catch (IOException e) {
            return Failure.of(Failure.Kind.BAD_REQUEST, "The request's body can't be decompressed: "
                    + "it is broken, or not what its Content-Encoding says.");
        } finally {
            whole.release();
            compressed.release();
        }
    }

    private Failure readAll(InputStream plain) throws IOException, JsonSyntaxException {
        byte[] piece = new byte[INFLATED_BYTES];
        for (int read = plain.read(piece); read >= 0; read = plain.read(piece)) {
            if (body.length() + read > policy.maxBodyBytes()) {
                return BodyFailure.tooLarge(policy.maxBodyBytes());
            }
            ByteBuf bytes = allocator.directBuffer(read).writeBytes(piece, 0, read);
            try {
                scanner.scan(bytes);
            } catch (JsonSyntaxException e) {
                bytes.release();
                throw e;
            }
            if (!body.add(allocator, bytes)) {
                return BodyFailure.noRoom();
            }
        }
        return null;
    }

    @Override
    public Failure end() {
        try {
            Failure unreadable = coding.isCompressed() ? inflate() : null;
            if (unreadable != null) {
                return unreadable;
            }
            scanner.end();
        } catch (JsonSyntaxException e) {
            return BodyFailure.invalidJson(e);
        }
        Failure wrong = controls.read(scanner, endpoint.takesModels());
        if (wrong == null) {
            wrong = google != null ? readGooglesFields()
                    : fields.read(scanner, controls.firstModel(), deployment);
        }
        if (wrong == null) {
            giveScannerBack();
        }
        return wrong;
    }

    private Failure readGooglesFields() {
        int member = scanner.kind(RequestFields.GENERATION_CONFIG) == Kind.OBJECT
                ? RequestFields.GENERATION_CONFIG : RequestFields.GENERATION_CONFIG_SNAKE;
        GeminiLimits limits = scanner.kind(member) == Kind.OBJECT ? googlesLimits(member)
                : GeminiLimits.NONE;
        return fields.read(google, scanner, limits, scanner.start(member));
    }

    private GeminiLimits googlesLimits(int member) {
        ByteBuf whole = body.whole(allocator, loop.calls().edits().clear());
        try {
            return GeminiLimits.of(whole, whole.readerIndex() + (int) scanner.start(member),
                    (int) (scanner.end(member) - scanner.start(member)));
        } finally {
            whole.release();
        }
    }

    @Override
    public void release() {
        giveScannerBack();
        body.release();
        if (fieldLines != null) {
            loop.calls().giveBack(fieldLines);
            fieldLines = null;
        }
    }

    private void giveScannerBack() {
        if (scanner != null) {
            loop.giveBack(scanner);
            scanner = null;
        }
    }

    // Who is asked, and how

    @Override
    public Whom whom(AttemptLog log) {
        List<Route> routes = new ArrayList<>(1);
        Failure impossible = RouteFinder.find(policy.router(), caller,
                controls.models(fields.model()), routes, log);
        if (impossible != null) {
            return new Whom.Refused(impossible);
        }
        boolean continues = routes.get(0).policy().midstream() == Midstream.CONTINUE
                && endpoint.isConversation() && fields.isStream() && fields.isContinuable()
                && !wantsForm();
        continuation = continues ? new Continuation() : null;
        long[] affinities = new long[routes.size()];
        for (int i = 0; i < affinities.length; i++) {
            affinities[i] = affinity.of(routes.get(i).policy().affinity(), fields);
        }
        return new Whom.Routed(routes, affinities);
    }

    private boolean wantsForm() {
        if (!fields.mayWantForm()) {
            return false;
        }
        ByteBuf whole = body.whole(allocator, loop.calls().edits().clear());
        try {
            return fields.wantsForm(whole);
        } finally {
            whole.release();
        }
    }

    @Override
    public Demand demand() {
        return new Demand(true, body.length(), endpoint.generates(), fields.maxTokens(),
                fields.drafts());
    }

    @Override
    public CacheTerms cacheTerms(Whom whom) {
        CacheSettings settings = policy.cache();
        if (!settings.enabled() || endpoint.countsTokens()
                || !(whom instanceof Whom.Routed routed)) {
            return null;
        }
        Duration said = routed.routes().get(0).policy().cacheTtl();
        Duration ttl = said == null ? settings.ttl() : said;
        if (ttl.isZero()) {
            return null;
        }
        if (controls.bypassesCache() || fields.isArray()
                || body.length() > CacheKey.MAX_BODY_BYTES) {
            return CacheTerms.bypass();
        }
        CacheKey key = cacheKey(settings, routed.routes());
        return key == null ? CacheTerms.bypass() : new CacheTerms(key, replyKind(),
                ttl.toNanos(), settings.replay() == CacheSettings.Replay.PACED, this::reshape);
    }

    private CacheKey cacheKey(CacheSettings settings, List<Route> routes) {
        // A response can be referred to later, but only by the caller that got it.
        boolean shared = settings.scope() == CacheSettings.Scope.SHARED
                && endpoint != Endpoint.RESPONSES;
        ByteBuf whole = body.whole(allocator, loop.calls().edits().clear());
        try {
            return CacheKeys.of(shared ? null : caller.account(), endpoint, varying,
                    controls.models(fields.model()), routes, whole);
        } finally {
            whole.release();
        }
    }

    private ReplyKind replyKind() {
        return !fields.isStream() || !endpoint.generates() ? ReplyKind.WHOLE
                : endpoint.hasChunks() && fields.asksForUsage() ? ReplyKind.EVENTS_WITH_USAGE
                : ReplyKind.EVENTS;
    }

    /** That reply in the shape in which the caller reads it; null if it would say less. */
    private CachedReply reshape(CachedReply reply, ReplyKind to) {
        if (!endpoint.generates()) {
            return null;
        }
        ReplyReshaper reshaper = new ReplyReshaper(loop.replyLoop());
        CachedReply.Tokens tokens = reply.tokens();
        ReplyUsage counted = tokens.estimated() ? null : new ReplyUsage(tokens.prompt(),
                tokens.completion(), tokens.cached(), 0, tokens.reasoning());
        boolean tells = to == ReplyKind.EVENTS_WITH_USAGE;
        int choices = (int) fields.choices();
        byte[] body = to == ReplyKind.WHOLE
                ? reshaper.toWhole(endpoint.format(), reply.body(), counted, choices)
                : reply.kind() == ReplyKind.WHOLE
                ? reshaper.toEvents(endpoint.format(), reply.body(), tells, choices)
                : reshaper.withUsage(reply.body(), tells, counted);
        return body == null ? null : reply.as(to, body);
    }

    @Override
    public OutboundRequest prepare(TargetName target, Provider provider, boolean continues,
            long passedTokens, long promptTokens) {
        boolean mayAsk = provider.takesUsageQuestion() && provider != doubtful;
        String text = continues ? continuation.text().stripTrailing() : null;
        boolean mayPrefill = continues && Splice.isTelling(text);
        if (provider.speaks(endpoint.api()) && !isReframed()) {
            boolean asks = continues ? mayAsk : mayAsk && fields.isStream()
                    && !fields.asksForUsage() && endpoint.hasChunks();
            boolean prefills = mayPrefill && provider.takesPrefill(target.model())
                    && (endpoint.hasChunks() || provider.prefill().equals(Prefill.PLAIN));
            if (continues) {
                continuation.beginSplice(prefills);
            }
            return new RelayedRequest(this, asks, prefills ? text : null, passedTokens);
        }
        TranslatedRequest request = translations.prepare(target, provider, mayAsk,
                mayPrefill ? text : null, passedTokens, promptTokens);
        if (continues && request != null) {
            continuation.beginSplice(request.isPrefilled());
        }
        return request;
    }

    /**
     * Whether a Gemini request can't go to Google as it is, or its reply not to the caller: a
     * stream is always asked for as events, and signatures that others made are no good there.
     */
    private boolean isReframed() {
        if (endpoint != Endpoint.GEMINI || fields.isArray()) {
            return endpoint == Endpoint.GEMINI;
        }
        ByteBuf whole = body.whole(allocator, loop.calls().edits().clear());
        try {
            return GeminiHistory.isMixed(whole);
        } finally {
            whole.release();
        }
    }

    @Override
    public Failure untranslatable() {
        return translations.refusal();
    }

    @Override
    public boolean isAnsweredHere(Route route) {
        if (!endpoint.countsTokens()) {
            return false;
        }
        for (TargetName target : route.targets()) {
            if (policy.providers().get(target.provider()).speaks(endpoint.api())) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String ownReply(long promptTokens) {
        return "{\"" + countName() + "\":" + promptTokens + "}";
    }

    @Override
    public String countName() {
        return endpoint.isGoogles() ? "totalTokens" : "input_tokens";
    }

    // What its wordings need

    /** The loop's writer, empty; for one head at a time. */
    HeadWriter writer() {
        return loop.calls().writer().clear();
    }

    /** The edits that fit the body to a target; in force until the next are made. */
    BodyEdits edits(String modelName, boolean asksForUsage) {
        BodyEdits edits = loop.calls().edits().clear();
        fields.fit(edits, modelName, asksForUsage);
        return edits;
    }

    /** Takes out of the body what no provider should see; after all other edits. */
    void strip(BodyEdits edits) {
        controls.strip(edits);
    }

    RequestBody body() {
        return body;
    }

    RequestFitter fitter() {
        return loop.requestFitter();
    }

    ByteBufAllocator allocator() {
        return allocator;
    }

    /** The whole body to translate, with these edits and without the proxy's members. Gives. */
    ByteBuf bodyToTranslate(BodyEdits edits, String model) {
        if (endpoint.takesModels()) {
            fields.fit(edits, model, false); // its list of models is no word of the format
        }
        controls.strip(edits);
        return body.whole(allocator, edits);
    }

    /** Begins a head with what never changes; gives the loop's writer. */
    HeadWriter beginHead(RequestStart start, UpstreamStream to) {
        HeadWriter out = writer();
        to.beginHead(out, start.line());
        return out.bytes(start.fields());
    }

    /** Adds all of the caller's fields but those to a head. */
    void writeFields(HeadWriter out, Set<String> replaced) {
        writeFields(out, fieldLinesLength, replaced);
    }

    private void writeFields(HeadWriter out, int length, Set<String> replaced) {
        if (replaced.isEmpty()) {
            out.bytes(fieldLines, 0, length);
        } else {
            out.linesWithout(replaced, fieldLines, 0, length);
        }
    }

    /** Adds those of the caller's fields that are for any provider to a head. */
    void writeCommonFields(HeadWriter out, Set<String> replaced) {
        writeFields(out, commonLength, replaced);
    }

    /** A provider made a response of that id, or of none, and keeps it perhaps. */
    void onResponse(String id, Provider by) {
        if (endpoint == Endpoint.RESPONSES && id != null) {
            loop.calls().responseOrigins().put(id, by.name());
        }
    }

    // What follows

    @Override
    public boolean isProxyRefused(Ask failed, ReplyReading reply) {
        return isUsageQuestionRefused(failed, reply)
                || failed.continues() && failed.provider().takesPrefill(failed.target().model());
    }

    @Override
    public void onProxyRefused(Ask failed, ReplyReading reply) {
        if (isUsageQuestionRefused(failed, reply)) {
            // The words may be the caller's own, so nothing is believed before it works without.
            doubtful = failed.provider();
        } else {
            failed.provider().onPrefillRefused(failed.target().model());
        }
    }

    private static boolean isUsageQuestionRefused(Ask failed, ReplyReading reply) {
        return failed.request() instanceof RelayedRequest own && own.asksForUsage()
                && reply.errorText().contains("stream_options");
    }

    @Override
    public void onGood(Ask good) {
        if (good.provider() == doubtful) {
            doubtful.onUsageQuestionRefused();
        }
    }

    @Override
    public boolean isPassable(ReplyVerdict verdict, int status) {
        return switch (verdict) {
            case RATE_LIMITED, CONTEXT_LENGTH, UNKNOWN_FIELD -> true;
            default -> status >= 500;
        };
    }

    @Override
    public boolean isMetered() {
        return !endpoint.countsTokens();
    }

    @Override
    public boolean isEstimated(boolean whole) {
        return true;
    }
}

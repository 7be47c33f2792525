package io.penstock.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.handler.ssl.SslContext;
import io.penstock.http.HeadWriter;
import io.penstock.http.ResponseHead;
import io.penstock.json.JsonText;
import io.penstock.provider.Api;
import io.penstock.provider.Authorization;
import io.penstock.provider.ChatDialect;
import io.penstock.provider.Prefill;
import io.penstock.provider.RelayRules;
import io.penstock.provider.ReplyVerdict;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A provider at run time: its settings, keys and TLS context, and what was last heard of it. Lives
 * as long as its settings stay the same, over reloads of the configuration.
 *
 * <p><b>Thread:</b> safe by immutability, but for the last error, which is a note for people.
 */
public final class Provider {
    private static final int MAX_DETAIL_CHARS = 200; // of an error reply
    private static final int MAX_REFUSING_MODELS = 1000; // beyond it they are asked each time

    private final ProviderSettings settings;
    private final ProviderTerms terms;
    private final Api mainApi;
    private final TypeOnLoop type;
    private final KeyPool keys;
    private final KeyMask keyMask;
    private final HealthTable health;
    private final String host;
    private final int port;
    private final @Nullable SslContext sslContext;
    private final @Nullable SslContext proxySslContext;
    private final ProviderLoad load;
    private volatile @Nullable LastError lastError;
    private volatile boolean refusesUsageQuestion;
    private final Set<String> refusesPrefill = ConcurrentHashMap.newKeySet();

    /** What went wrong last, and when (milliseconds since 1970). */
    public record LastError(String outcome, String detail, long atMillis) {}

    /** Builds it, with its TLS context; throws when a certificate file can't be read. */
    public Provider(ProviderSettings settings) throws UpstreamTlsException {
        this.settings = settings;
        terms = new ProviderTerms(settings.type(), settings.site(), settings.keys());
        mainApi = terms.mainApi();
        type = new TypeOnLoop(settings.name(), settings.type(), settings.site());
        keys = new KeyPool(settings.name(), settings.keys(), terms.authorizations());
        keyMask = new KeyMask(settings.keys());
        health = new HealthTable(settings.name());
        boolean https = "https".equals(settings.baseUrl().getScheme());
        String hostInUrl = settings.site().host();
        assert hostInUrl != null; // settings without one are refused
        host = hostInUrl.startsWith("[") ? hostInUrl.substring(1, hostInUrl.length() - 1)
                : hostInUrl;
        int portInUrl = settings.site().port();
        port = portInUrl >= 0 ? portInUrl : https ? 443 : 80;
        sslContext = https ? UpstreamTls.context(settings.tls()) : null;
        proxySslContext = settings.proxy() != null && settings.proxy().tls()
                ? UpstreamTls.context(UpstreamTlsSettings.DEFAULT) : null;
        load = new ProviderLoad(settings.limits());
        if (settings.enabled()) { // else nobody asks it, and its secrets need not be looked for
            terms.signed().forEach(type::prepare);
        }
    }

    public ProviderSettings settings() {
        return settings;
    }

    public String name() {
        return settings.name();
    }

    /** What the configuration calls its type. */
    public String typeName() {
        return terms.name();
    }

    /** Whether it can be asked in that API, its base URL being what it is. */
    public boolean speaks(Api api) {
        return terms.apis().contains(api);
    }

    /** Whether it has the endpoints of OpenAI's API beside chat. */
    public boolean isLikeOpenAi() {
        return terms.isLikeOpenAi();
    }

    /** The API into which whatever it doesn't speak is translated. */
    public Api mainApi() {
        return mainApi;
    }

    /** How it wants chats that are translated. */
    public ChatDialect dialect() {
        return terms.dialect();
    }

    /** What is changed in chats that are relayed to it. */
    public RelayRules relayRules() {
        return terms.relayRules();
    }

    public KeyPool keys() {
        return keys;
    }

    /** How many calls it gets at once. */
    public ProviderLoad load() {
        return load;
    }

    /** How that model of it is. */
    public TargetHealth health(String model) {
        return health.of(model);
    }

    /** Whether the configuration names that model, not only callers do. */
    public boolean isConfigured(String model) {
        return health.isConfigured(model);
    }

    /** How each model is that was asked for, or that the configuration names; by name. */
    public List<TargetHealth> health() {
        return health.all();
    }

    /**
     * Goes by these settings from now on.
     *
     * @param models that the configuration names
     */
    public void use(BreakerSettings breaker, Set<String> models) {
        health.use(breaker, models);
    }

    /** Says whom to tell what is learnt of this provider. */
    public void tell(Weather weather) {
        keys.tell(weather);
        health.tell(weather);
    }

    /**
     * Another proxy says that a key rests; for {@link RetryAfter#MAX_NANOS} at most.
     *
     * @param key its fingerprint; empty where none is wanted
     * @param model empty for all
     */
    public void restAsToldBy(String key, String model, long nanos, boolean byProvidersWord,
            long nowNanos) {
        keys.restAsToldBy(key, model, Math.min(nanos, RetryAfter.MAX_NANOS), byProvidersWord,
                nowNanos);
    }

    /** Another proxy has found that model failing: here it is tried with care. */
    public void onBreakerOpenedElsewhere(String model) {
        health.onOpenedElsewhere(model);
    }

    String host() {
        return host;
    }

    int port() {
        return port;
    }

    /** Null where plain HTTP is spoken. */
    @Nullable SslContext sslContext() {
        return sslContext;
    }

    /** Null where no proxy is spoken to over TLS. */
    @Nullable SslContext proxySslContext() {
        return proxySslContext;
    }

    /** The name to ask for and to verify in the TLS handshake. */
    String serverName() {
        return settings.tls().sni() == null ? host : settings.tls().sni();
    }

    /** What it calls that model of the configuration's. */
    public String modelName(String model) throws ProviderTypeException {
        return type.modelName(model);
    }

    /**
     * How a request begins in an API that it speaks.
     *
     * @param modelName as {@link #modelName} says it
     */
    public RequestStart requestStart(Api api, String modelName, boolean stream) {
        return terms.path(api, stream).start(modelName);
    }

    /**
     * Path and query of any other request.
     *
     * @param query with its question mark; empty for none
     * @param modelName which is asked for, as {@link #modelName} says it; null where none is
     */
    public String requestTarget(String path, String query, @Nullable String modelName)
            throws ProviderTypeException {
        return settings.site().path() + type.target(path, query, modelName);
    }

    /** How requests show that key. */
    public @Nullable Authorization authorization(@Nullable ProviderKey key) {
        return key == null ? terms.keyless() : key.authorization();
    }

    /** How a pass-through to that path is authorised, where the type may have no API. */
    public @Nullable Authorization authorization(@Nullable ProviderKey key, String path)
            throws ProviderTypeException {
        Authorization here = type.authorization(key == null ? null : key.value(), path);
        return here == null ? authorization(key) : here;
    }

    /**
     * Writes the fields of an authorization; returns the names of those of the caller's fields that
     * must not go on beside them, in lower case.
     *
     * @param query without the question mark; empty for none
     * @param body which only a signature looks at; null if it isn't known. Borrows it.
     */
    public Set<String> authorize(@Nullable Authorization authorization, HeadWriter out,
            String method, String path, String query, @Nullable ByteBuf body)
            throws ProviderTypeException {
        if (authorization == null) {
            return Set.of();
        }
        if (authorization instanceof Authorization.Fixed fixed) {
            out.bytes(fixed.lines());
            return fixed.replaced();
        }
        return type.sign((Authorization.Signed) authorization, out, method, path, query, body);
    }

    /** Whether there is something to show it whom requests come from, if it wants that. */
    public boolean canAuthorize() {
        return !(terms.keyless() instanceof Authorization.Signed signed) || type.isReady(signed);
    }

    /** Whether it wants to be shown a signature of the whole body. */
    public boolean signsBodies() {
        return terms.signsBodies();
    }

    /** What the head of an error reply says went wrong; null where it doesn't. */
    public @Nullable String errorKind(ResponseHead reply) {
        return terms.errorField() == null ? null : reply.value(terms.errorField());
    }

    /**
     * What an error reply says about who should go on how.
     *
     * @param key that was shown
     * @param kind as {@link #errorKind} says it
     * @param body the beginning of it, as text
     */
    public ReplyVerdict judge(@Nullable ProviderKey key, int status, @Nullable String kind,
            String body) {
        String text = kind == null ? body : kind + '\n' + body;
        boolean refused = status == 401 || status == 403;
        if (refused && authorization(key) instanceof Authorization.Signed signed) {
            type.onRefused(signed, text);
        }
        return type.judge(status, text);
    }

    /** How long an error reply asks to wait, in its body; {@link RetryAfter#NONE} if not at all. */
    public long retryAfterNanos(int status, String body) {
        Duration wait = type.retryAfter(status, body);
        return wait == null ? RetryAfter.NONE : RetryAfter.nanos(wait);
    }

    /**
     * What an error reply says about asking that model again.
     *
     * @param body the beginning of it, as text
     * @param retryAfterNanos what its head or body says, or {@link RetryAfter#NONE}
     */
    public Backoff backoff(ReplyVerdict verdict, int status, String body, String model,
            long retryAfterNanos) {
        boolean ofWholeKey = verdict == ReplyVerdict.RATE_LIMITED
                && type.isLimitOfKey(status, body, model);
        return Backoff.of(verdict, status, body, ofWholeKey, retryAfterNanos);
    }

    /**
     * Writes asterisks over its keys in what it says, in the place of as many characters; borrows
     * the body. Returns whether there were any.
     */
    public boolean maskKeys(ByteBuf body) {
        return keyMask.mask(body);
    }

    /** Host and port as they stand in the base URL. */
    public String authority() {
        return settings.site().authority();
    }

    /** Whether a stream's usage should be asked for; not if it has refused the question. */
    public boolean takesUsageQuestion() {
        return !refusesUsageQuestion && terms.hasToBeAskedForUsage();
    }

    /** The provider has refused {@code stream_options}: no call asks for usage again. */
    public void onUsageQuestionRefused() {
        refusesUsageQuestion = true;
    }

    /** How it goes on from a text; null if it can't. */
    public @Nullable Prefill prefill() {
        return terms.prefill();
    }

    /** Whether that model may be asked to go on from a text. */
    public boolean takesPrefill(String model) {
        return terms.prefill() != null && !refusesPrefill.contains(model);
    }

    /** That model has refused to continue a text: no call asks it to again. */
    public void onPrefillRefused(String model) {
        if (refusesPrefill.size() < MAX_REFUSING_MODELS) {
            refusesPrefill.add(model);
        }
    }

    /** Notes a failed attempt. */
    public void onError(String outcome, String detail) {
        lastError = new LastError(outcome, detail, System.currentTimeMillis());
    }

    /** Notes an error reply: its status, and the beginning of what it says, on one line. */
    public void onErrorReply(int status, String text) {
        onError(Integer.toString(status), JsonText.quote(new StringBuilder(),
                text.substring(0, Math.min(text.length(), MAX_DETAIL_CHARS))).toString());
    }

    /** Null while nothing went wrong. */
    public @Nullable LastError lastError() {
        return lastError;
    }

    @Override
    public String toString() {
        return settings.name();
    }
}

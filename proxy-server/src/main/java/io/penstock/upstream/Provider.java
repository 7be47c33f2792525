package io.penstock.upstream;

import io.netty.handler.ssl.SslContext;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A provider at run time: its settings, keys and TLS context, and what was last heard of it. Lives
 * as long as its settings stay the same, over reloads of the configuration.
 *
 * <p><b>Thread:</b> safe by immutability, but for the last error, which is a note for people.
 */
public final class Provider {
    private static final String AZURE_API_VERSION = "api-version=2024-10-21"; // the last dated one
    private static final int MAX_REQUEST_LINES = 1000; // beyond it they are put together each time
    private static final int MAX_REFUSING_MODELS = 1000; // beyond it they are asked each time

    private final ProviderSettings settings;
    private final Set<Api> apis;
    private final boolean deployments; // each model has a path of its own
    private final KeyPool keys;
    private final HealthTable health;
    private final String host;
    private final int port;
    private final SslContext sslContext;
    private final ProviderLoad load;
    private final ConcurrentHashMap<String, byte[]> requestLines = new ConcurrentHashMap<>();
    private volatile LastError lastError;
    private volatile boolean refusesUsageQuestion;
    private final Set<String> refusesPrefill = ConcurrentHashMap.newKeySet();

    /** What went wrong last, and when (milliseconds since 1970). */
    public record LastError(String outcome, String detail, long atMillis) {}

    /** Builds it, with its TLS context; throws when a certificate file can't be read. */
    public Provider(ProviderSettings settings) throws UpstreamTlsException {
        this.settings = settings;
        apis = Api.of(settings.type(), settings.baseUrl());
        deployments = Api.isDeployments(settings.type(), settings.baseUrl().getPath());
        keys = new KeyPool(apis.contains(Api.GEMINI) ? ProviderType.KeyHeader.X_GOOG_API_KEY
                : settings.type().keyHeader(), settings.keys());
        health = new HealthTable(settings.name());
        boolean https = "https".equals(settings.baseUrl().getScheme());
        String hostInUrl = settings.baseUrl().getHost();
        host = hostInUrl.startsWith("[") ? hostInUrl.substring(1, hostInUrl.length() - 1)
                : hostInUrl;
        int portInUrl = settings.baseUrl().getPort();
        port = portInUrl >= 0 ? portInUrl : https ? 443 : 80;
        sslContext = https ? UpstreamTls.context(settings.tls()) : null;
        load = new ProviderLoad(settings.limits());
    }

    public ProviderSettings settings() {
        return settings;
    }

    public String name() {
        return settings.name();
    }

    /** Whether it can be asked in that API, its base URL being what it is. */
    public boolean speaks(Api api) {
        return apis.contains(api);
    }

    /** The API into which whatever it doesn't speak is translated. */
    public Api mainApi() {
        return speaks(Api.MESSAGES) ? Api.MESSAGES : speaks(Api.GEMINI) ? Api.GEMINI
                : speaks(Api.CONVERSE) ? Api.CONVERSE : Api.CHAT;
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

    String host() {
        return host;
    }

    int port() {
        return port;
    }

    /** Null where plain HTTP is spoken. */
    SslContext sslContext() {
        return sslContext;
    }

    /** The name to ask for and to verify in the TLS handshake. */
    String serverName() {
        return settings.tls().sni() == null ? host : settings.tls().sni();
    }

    /**
     * The constant beginning of a request: request line, Host and what else never changes.
     *
     * @param path behind the base URL's own, with a leading slash
     * @param model which is asked for; part of the path at some
     */
    public byte[] requestStart(String path, String model) {
        String target = !deployments ? path : deploymentPath(path, model) + "?" + apiVersion();
        byte[] known = requestLines.get(target);
        if (known == null) {
            known = newRequestStart(target);
            if (requestLines.size() < MAX_REQUEST_LINES) {
                requestLines.put(target, known);
            }
        }
        return known;
    }

    /**
     * Path and query of any other request.
     *
     * @param query with its question mark; empty for none
     * @param model which is asked for; null where none is
     */
    public String requestTarget(String path, String query, String model) {
        if (!deployments) {
            return basePath() + path + query;
        }
        return basePath() + (model == null ? path : deploymentPath(path, model))
                + (query.contains("api-version=") ? query
                : (query.isEmpty() ? "?" : query + "&") + apiVersion());
    }

    private static String deploymentPath(String path, String model) {
        return "/deployments/" + URLEncoder.encode(model, StandardCharsets.UTF_8)
                .replace("+", "%20") + path;
    }

    /**
     * The field line that shows the key on a path of any of the provider's APIs: Gemini's own wants
     * it elsewhere than its imitation of OpenAI's.
     */
    public byte[] credentialLine(ProviderKey key, String path) {
        return settings.type() != ProviderType.GEMINI ? key.credentialLine()
                : key.credentialLine(path.contains("/openai/") ? ProviderType.KeyHeader.BEARER
                        : ProviderType.KeyHeader.X_GOOG_API_KEY);
    }

    private byte[] newRequestStart(String target) {
        return ("POST " + basePath() + target + " HTTP/1.1\r\nhost: " + authority()
                + "\r\naccept-encoding: identity\r\ncontent-type: application/json\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    private String apiVersion() {
        String query = settings.baseUrl().getRawQuery();
        return query == null ? AZURE_API_VERSION : query;
    }

    /** The path of its base URL, without a slash at the end. */
    private String basePath() {
        String base = settings.baseUrl().getRawPath();
        return base == null ? "" : base.endsWith("/") ? base.substring(0, base.length() - 1)
                : base;
    }

    /** Host and port as they stand in the base URL. */
    public String authority() {
        int portInUrl = settings.baseUrl().getPort();
        return settings.baseUrl().getHost() + (portInUrl < 0 ? "" : ":" + portInUrl);
    }

    /**
     * Whether a stream's usage should be asked for; not if it has refused the question. Who
     * imitates OpenAI beside an API of its own may report it in that only.
     */
    public boolean takesUsageQuestion() {
        boolean imitates = !settings.type().isLikeOpenAi() && speaks(Api.CHAT);
        return !refusesUsageQuestion && (imitates || settings.type().hasToBeAskedForUsage());
    }

    /** It has refused {@code stream_options}: it will not be asked again. */
    public void onUsageQuestionRefused() {
        refusesUsageQuestion = true;
    }

    /** Whether that model may be asked to go on from a text. */
    public boolean takesPrefill(String model) {
        return settings.type().mayTakePrefill() && !refusesPrefill.contains(model);
    }

    /** That model has refused to go on from a text: it will not be asked again. */
    public void onPrefillRefused(String model) {
        if (refusesPrefill.size() < MAX_REFUSING_MODELS) {
            refusesPrefill.add(model);
        }
    }

    /** Notes a failed attempt. */
    public void onError(String outcome, String detail) {
        lastError = new LastError(outcome, detail, System.currentTimeMillis());
    }

    /** Null while nothing went wrong. */
    public LastError lastError() {
        return lastError;
    }

    @Override
    public String toString() {
        return settings.name();
    }
}

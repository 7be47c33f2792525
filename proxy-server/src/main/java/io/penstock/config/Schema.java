package io.penstock.config;

import io.penstock.admin.AdminSettings;
import io.penstock.auth.CorsSettings;
import io.penstock.cache.CacheSettings;
import io.penstock.exchange.call.RetrySettings;
import io.penstock.limit.LimitSettings;
import io.penstock.limit.QueueSettings;
import io.penstock.limit.StreamLimits;
import io.penstock.listen.ListenSettings;
import io.penstock.log.LogLevel;
import io.penstock.log.LogSettings;
import io.penstock.observe.ObserveSettings;
import io.penstock.redis.RedisSettings;
import io.penstock.redis.RedisUrl;
import io.penstock.route.Resilience;
import io.penstock.upstream.BreakerSettings;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * The whole file: every key there is, its type, default and meaning. Reading, unknown keys,
 * suggestions and {@code docs/configuration.md} follow from this table.
 */
final class Schema {
    static final Field<HostPort> ADDRESS = Field.of("address", Types.ADDRESS,
            new HostPort(ListenSettings.DEFAULT.host(), ListenSettings.DEFAULT.port()),
            "what to bind; port 0 takes a free one");
    static final Field<Path> CERTIFICATE = Field.required("certificate", Types.PATH,
            "certificate chain (PEM), read at start");
    static final Field<Path> PRIVATE_KEY = Field.required("private_key", Types.PATH,
            "its private key (PEM)");
    static final Field<Path> CLIENT_CA = Field.optional("client_ca", Types.PATH,
            "certificates (PEM) that callers' certificates must come from");
    static final Field<Section> LISTEN_TLS = Field.section("tls",
            SectionType.of("section", CERTIFICATE, PRIVATE_KEY, CLIENT_CA),
            "speaks HTTP/1.1 over TLS; plain HTTP without it");
    static final SectionType LISTENER = SectionType.of("listener", ADDRESS, LISTEN_TLS);
    static final Field<List<Section>> LISTEN = Field.of("listen",
            new ListType<>(LISTENER, true), List.of(),
            "where callers connect; without it, one listener on its default address, or on "
                    + "`PROXY_API_HOST` and `PROXY_API_PORT`");

    static final Field<HostPort> ADMIN_ADDRESS = Field.of("address", Types.ADDRESS,
            new HostPort(AdminSettings.DEFAULT.host(), AdminSettings.DEFAULT.port()),
            "what to bind; loopback only, unless there is a token");
    static final Field<String> ADMIN_TOKEN = Field.optional("token", Types.SECRET,
            "what the admin port's callers must show");
    static final Field<Section> ADMIN = Field.section("admin",
            SectionType.of("section", ADMIN_ADDRESS, ADMIN_TOKEN),
            "health, metrics, usage and reload, on a port of their own");

    static final Field<Path> PLUGIN_DIRECTORY = Field.of("directory", Types.PATH,
            Path.of("plugins"), "where their jars are; one that isn't there has none");
    static final Field<Section> PLUGINS = Field.section("plugins",
            SectionType.of("section", PLUGIN_DIRECTORY),
            "jars that bring further provider types; they are loaded at start only");

    static final Field<List<Section>> PROVIDERS = Field.list("providers", ProviderSchema.PROVIDER,
            "who answers; without this key, every provider whose API key is in the environment");
    static final Field<Resilience> RESILIENCE = Field.of("resilience",
            Types.oneOf(Resilience.values()), Resilience.STANDARD,
            "what timers, `midstream` and waiting are where a route and single settings don't "
                    + "say it: one of three presets, which [Failover](failover.md#presets) shows "
                    + "side by side");
    static final Field<List<Section>> ROUTES = Field.list("routes", RouteSchema.ROUTE,
            "which targets a model's name stands for; a model without a route goes to every "
                    + "enabled provider that lists it, by priority");
    static final Field<Section> AUTH = Field.section("auth", AuthSchema.AUTH,
            "who may call; with no keys, tokens or anonymous access, loopback only. `JWT_SECRET` "
                    + "alone takes tokens (HS256, or `JWT_ALGORITHM`). "
                    + "`PROXY_API_RATE_LIMIT_REQUESTS` in `PROXY_API_RATE_LIMIT_WINDOW` seconds "
                    + "(60) is the rate of each caller for whom the file sets none");

    static final Field<Integer> REQUESTS_PER_MINUTE = Field.optional("requests_per_minute",
            Types.integerFrom(1), "of all callers together");
    static final Field<Integer> CONCURRENT = Field.of("concurrent", Types.integerFrom(1),
            LimitSettings.DEFAULT.concurrent(), "exchanges in flight");
    static final Field<Integer> QUEUE_SIZE = Field.of("size", Types.integerFrom(0),
            QueueSettings.NONE.size(),
            "exchanges that wait, shared out among the event loops; beyond it 503 at once");
    static final Field<Duration> QUEUE_TIME = Field.of("time", Types.DURATION,
            QueueSettings.NONE.time(), "how long each of them waits; then 503");
    static final Field<Section> QUEUE = Field.section("queue",
            SectionType.of("section", QUEUE_SIZE, QUEUE_TIME),
            "what waits to be among the `concurrent` ones; its body is read meanwhile");
    static final Field<Long> BODY = Field.of("body", Types.SIZE,
            LimitSettings.DEFAULT.bodyBytes(), "one request's body");
    static final Field<Long> HEADER = Field.of("header", Types.SIZE,
            (long) LimitSettings.DEFAULT.headerBytes(), "one request's head");
    static final Field<Integer> CONNECTIONS = Field.of("connections", Types.integerFrom(1),
            LimitSettings.DEFAULT.connections(), "callers' connections open at once");
    static final Field<Integer> CONNECTIONS_PER_IP = Field.optional("connections_per_ip",
            Types.integerFrom(1), "the same from one address");
    static final Field<Long> UPLOAD = Field.of("upload", Types.SIZE,
            StreamLimits.DEFAULT.uploadBytes(),
            "one request's body that is sent on as it comes, such as a file");
    static final Field<Duration> TUNNEL_IDLE = Field.of("idle", Types.DURATION,
            StreamLimits.DEFAULT.tunnelIdle(), "without a byte either way");
    static final Field<Duration> TUNNEL_TOTAL = Field.of("total", Types.DURATION,
            StreamLimits.DEFAULT.tunnelTotal(), "at all");
    static final Field<Section> TUNNEL = Field.section("tunnel",
            SectionType.of("section", TUNNEL_IDLE, TUNNEL_TOTAL),
            "how long a WebSocket stays open");
    static final Field<Section> LIMITS = Field.section("limits",
            SectionType.of("section", REQUESTS_PER_MINUTE, CONCURRENT, QUEUE, BODY, HEADER,
                    CONNECTIONS, CONNECTIONS_PER_IP, UPLOAD, TUNNEL),
            "bounds on everything that callers can make the proxy hold");

    static final Field<String> ENFORCE = Field.of("enforce", Types.oneOf("reject", "cut"),
            "reject", "`reject` refuses the next call, `cut` ends running streams as well");
    static final Field<String> ON_STORE_FAILURE = Field.of("on_store_failure",
            Types.oneOf("continue", "reject"), "continue",
            "while usage cannot be written down, `continue` counts in memory, `reject` refuses the "
                    + "calls of callers with a budget");
    static final Field<Section> BUDGET = Field.section("budget",
            SectionType.of("section", ENFORCE, ON_STORE_FAILURE),
            "what happens when a caller's budget is spent");
    static final Field<Double> PRICE_INPUT = Field.required("input",
            Types.number(0, Double.MAX_VALUE), "dollars for a million prompt tokens");
    static final Field<Double> PRICE_OUTPUT = Field.required("output",
            Types.number(0, Double.MAX_VALUE), "dollars for a million completion tokens");
    static final Field<Double> PRICE_CACHED_INPUT = Field.optional("cached_input",
            Types.number(0, Double.MAX_VALUE),
            "dollars for a million prompt tokens that the provider had cached; without it they "
                    + "cost as much as others");
    static final Field<Map<String, Section>> PRICES = Field.optional("prices",
            new MapType<>("model", SectionType.of("section", PRICE_INPUT, PRICE_OUTPUT,
                    PRICE_CACHED_INPUT)),
            "what models cost, by the provider's name of the model, or a glob of such names: the "
                    + "very name wins, then the first glob that matches; a model without a price "
                    + "counts as free");

    static final Field<Boolean> BREAKER_ENABLED = Field.of("enabled", Types.FLAG,
            BreakerSettings.DEFAULT.enabled(), "whether targets are left alone at all");
    static final Field<Double> FAILURE_RATIO = Field.of("failure_ratio", Types.number(0, 1),
            BreakerSettings.DEFAULT.failureRatio(), "failures as a share of a window's calls");
    static final Field<Integer> MIN_REQUESTS = Field.of("min_requests", Types.integerFrom(1),
            BreakerSettings.DEFAULT.minRequests(), "calls that a window must have seen");
    static final Field<Duration> BREAKER_WINDOW = Field.of("window", Types.DURATION,
            BreakerSettings.DEFAULT.window(), "how far back calls count");
    static final Field<Duration> OPEN_FOR = Field.of("open_for", Types.DURATION,
            BreakerSettings.DEFAULT.openFor(), "how long a target is left alone");
    static final Field<Integer> HALF_OPEN_PROBES = Field.of("half_open_probes",
            Types.integerFrom(1), BreakerSettings.DEFAULT.halfOpenProbes(),
            "calls at a time that try it again, and that have to go well");
    static final Field<Section> BREAKER = Field.section("breaker",
            SectionType.of("section", BREAKER_ENABLED, FAILURE_RATIO, MIN_REQUESTS,
                    BREAKER_WINDOW, OPEN_FOR, HALF_OPEN_PROBES),
            "when a provider's model is left alone for a while");

    static final Field<Integer> MAX_ATTEMPTS = Field.of("max_attempts", Types.integerFrom(1),
            RetrySettings.DEFAULT.maxAttempts(), "tries of one exchange, over all targets");
    static final Field<Integer> SAME_TARGET = Field.of("same_target", Types.integerFrom(0),
            RetrySettings.DEFAULT.sameTarget(),
            "further tries of a target after a fault that looks transient");
    static final Field<Duration> WAIT_FOR_RETRY_AFTER = Field.of("wait_for_retry_after",
            Types.DURATION, RetrySettings.DEFAULT.waitForRetryAfter(),
            "how long a provider's `retry-after` may be waited out while other targets are left");
    static final Field<Double> BUDGET_RATIO = Field.of("budget_ratio",
            Types.number(0, Double.MAX_VALUE), RetrySettings.DEFAULT.budgetRatio(),
            "tries beyond the first, as a share of a provider's recent calls");
    static final Field<Section> RETRY = Field.section("retry",
            SectionType.of("section", MAX_ATTEMPTS, SAME_TARGET, WAIT_FOR_RETRY_AFTER,
                    BUDGET_RATIO),
            "how often a failed attempt is followed by another");

    static final Field<Boolean> CACHE_ENABLED = Field.of("enabled", Types.FLAG,
            CacheSettings.DEFAULT.enabled(), "whether replies are given again at all");
    static final Field<Duration> CACHE_TTL = Field.of("ttl", Types.DURATION,
            CacheSettings.DEFAULT.ttl(),
            "how long a reply is given again, where its route does not say it");
    static final Field<Long> CACHE_MAX_SIZE = Field.of("max_size", Types.SIZE,
            CacheSettings.DEFAULT.maxBytes(),
            "of all replies; never more than a quarter of the heap");
    static final Field<CacheSettings.Scope> CACHE_SCOPE = Field.of("scope",
            Types.oneOf(CacheSettings.Scope.values()), CacheSettings.DEFAULT.scope(),
            "`key` gives a reply again to the caller that got it, `shared` to every caller that "
                    + "may use the model");
    static final Field<CacheSettings.Replay> CACHE_REPLAY = Field.of("replay",
            Types.oneOf(CacheSettings.Replay.values()), CacheSettings.DEFAULT.replay(),
            "`fast` gives a stream again as fast as the caller reads it, `paced` over the time "
                    + "that it took");
    static final Field<Section> CACHE = Field.section("cache",
            SectionType.of("section", CACHE_ENABLED, CACHE_TTL, CACHE_MAX_SIZE, CACHE_SCOPE,
                    CACHE_REPLAY),
            "the [response cache](caching.md): identical calls are answered from memory, or join "
                    + "the one that is under way");

    static final Field<String> REDIS_URL = Field.optional("url",
            new ScalarType<>("URL", "a URL that begins with " + RedisUrl.SCHEMES, false, false,
                    text -> text.matches("rediss?(-cluster|-sentinel)?://\\S+") ? text : null,
                    Types::withoutUser, Types::withoutUser),
            "the server, some nodes of a cluster, or the sentinels: "
                    + "`redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://…` over TLS, "
                    + "`redis-cluster://HOST:PORT,HOST:PORT`, "
                    + "`redis-sentinel://HOST:PORT,HOST:PORT#MASTER`; `REDIS_URL` works as well");
    static final Field<String> REDIS_ON_FAILURE = Field.of("on_failure",
            Types.oneOf("local", "reject"), "local",
            "while it does not answer, `local` lets each proxy apply the whole limits by itself, "
                    + "`reject` answers calls of callers with limits with 503 once what the proxy "
                    + "may spend unconfirmed is spent");
    static final Field<String> REDIS_PREFIX = Field.of("prefix", Types.TEXT,
            RedisSettings.NONE.prefix(), "of every name it keeps");
    static final Field<Path> REDIS_CA = Field.optional("ca", Types.PATH,
            "certificates (PEM) that the server's must come from; those of the JDK without it");
    static final Field<Section> REDIS = Field.section("redis",
            SectionType.of("section", REDIS_URL, REDIS_ON_FAILURE, REDIS_PREFIX, REDIS_CA),
            "limits, budgets and the state of providers shared by several proxies, through Redis "
                    + "or Valkey ([several proxies](scaling.md)); a change needs a restart");

    static final Field<List<String>> ALLOWED_ORIGINS = Field.list("allowed_origins",
            Types.text("origin", "`*`, or an origin such as https://app.example:8443, no path",
                    CorsSettings::normalized),
            "origins whose pages may call; `*` alone for any");
    static final Field<Section> CORS = Field.section("cors",
            SectionType.of("section", ALLOWED_ORIGINS), "calls from web pages");

    static final Field<String> LOG_PATH = Field.of("path", Types.LOG_PATH,
            ObserveSettings.DEFAULT.accessLog(),
            "a file, opened again at each reload; `-` for standard output; `off` (or `none`, "
                    + "`false`, `null`, `\"\"`) writes none");
    static final Field<String> LOG_FORMAT = Field.of("format", Types.oneOf("json", "text"),
            ObserveSettings.DEFAULT.json() ? "json" : "text",
            "one JSON object a line, or `key=value` text");
    static final Field<Section> ACCESS_LOG = Field.section("access_log",
            SectionType.of("section", LOG_PATH, LOG_FORMAT), "one line an exchange");
    static final Field<String> APP_LOG_FORMAT = Field.of("format", Types.oneOf("text", "json"),
            LogSettings.DEFAULT.json() ? "json" : "text",
            "readable lines, or one JSON object a line");
    static final Field<LogLevel> LOG_LEVEL = Field.of("level", Types.oneOf(LogLevel.values()),
            LogSettings.DEFAULT.level(),
            "how much the proxy's own loggers tell; libraries tell no more than `info`");
    static final Field<Map<String, LogLevel>> LOG_LEVELS = Field.optional("levels",
            new MapType<>("logger", Types.oneOf(LogLevel.values())),
            "how much single loggers tell, and those below them, by name, such as "
                    + "`io.penstock.upstream`");
    static final Field<Section> APP_LOG = Field.section("log",
            SectionType.of("section", APP_LOG_FORMAT, LOG_LEVEL, LOG_LEVELS),
            "the lines on standard error; `PROXY_API_DEBUG` makes `debug` of the level where the "
                    + "file sets none");
    static final Field<String> HEADERS = Field.of("headers", Types.oneOf("full", "id"),
            ObserveSettings.DEFAULT.fullHeaders() ? "full" : "id",
            "`full` tells callers provider, attempts and timings; `id` the request id only");
    static final Field<URI> OTLP_ENDPOINT = Field.optional("endpoint", Types.URL,
            "a collector that takes OTLP, such as `http://localhost:4318`, to whose path "
                    + "`/v1/traces` is added but for gRPC; without it, "
                    + "`OTEL_EXPORTER_OTLP_ENDPOINT`, or nothing is traced");
    static final Field<String> OTLP_PROTOCOL = Field.optional("protocol",
            Types.oneOf(OtlpBinder.HTTP_PROTOBUF, OtlpBinder.GRPC),
            "how it is spoken to; without it, `OTEL_EXPORTER_OTLP_PROTOCOL`, or `http/protobuf`");
    static final Field<Map<String, String>> OTLP_HEADERS = Field.optional("headers",
            new MapType<>("header", Types.SECRET),
            "sent along, in place of those in `OTEL_EXPORTER_OTLP_HEADERS`");
    static final Field<Duration> OTLP_TIMEOUT = Field.optional("timeout", Types.DURATION,
            "of one export with its retries; without it, `OTEL_EXPORTER_OTLP_TIMEOUT`, or `10s`");
    static final Field<Double> OTLP_SAMPLE = Field.optional("sample", Types.number(0, 1),
            "the share of requests that are traced, where the caller's `traceparent` does not say "
                    + "it; without it, what `OTEL_TRACES_SAMPLER` says, or `1`");
    static final Field<Boolean> OTLP_PROPAGATE = Field.of("propagate", Types.FLAG, true,
            "whether providers get a `traceparent`");
    static final Field<String> OTLP_SERVICE_NAME = Field.optional("service_name", Types.TEXT,
            "what the proxy is called in traces; without it, `OTEL_SERVICE_NAME`, or `penstock`");
    static final Field<Path> OTLP_CA = Field.optional("ca", Types.PATH,
            "certificates (PEM) that the collector's must come from; without it, "
                    + "`OTEL_EXPORTER_OTLP_CERTIFICATE`, or the JDK's");
    static final Field<Section> OTLP = Field.section("otlp",
            SectionType.of("section", OTLP_ENDPOINT, OTLP_PROTOCOL, OTLP_HEADERS, OTLP_TIMEOUT,
                    OTLP_SAMPLE, OTLP_PROPAGATE, OTLP_SERVICE_NAME, OTLP_CA),
            "traces by OpenTelemetry");
    static final Field<URI> POSTHOG_HOST = Field.optional("host", Types.URL,
            "where events go, such as https://us.i.posthog.com");
    static final Field<String> POSTHOG_API_KEY_ENV = Field.of("api_key_env", Types.VARIABLE,
            "POSTHOG_API_KEY", "the environment variable that holds the project's API key");
    static final Field<Boolean> POSTHOG_CONTENT = Field.of("content", Types.FLAG, false,
            "whether prompts and answers go along; `true` is refused, since they pass through "
                    + "without being kept");
    static final Field<Section> POSTHOG = Field.section("posthog",
            SectionType.of("section", POSTHOG_HOST, POSTHOG_API_KEY_ENV, POSTHOG_CONTENT),
            "events for PostHog's LLM analytics");
    static final Field<Section> OBSERVE = Field.section("observe",
            SectionType.of("section", ACCESS_LOG, APP_LOG, HEADERS, OTLP, POSTHOG),
            "what is told about each exchange, and to whom");

    static final Field<Duration> GRACE = Field.of("grace", Types.DURATION,
            Duration.ofSeconds(30), "how long open streams may go on after a stop was asked for");
    static final Field<Section> SHUTDOWN = Field.section("shutdown",
            SectionType.of("section", GRACE), "the end");

    static final SectionType ROOT = SectionType.of("section", LISTEN, ADMIN, PLUGINS, PROVIDERS,
            RESILIENCE, ROUTES, AUTH, LIMITS, BUDGET, PRICES, BREAKER, RETRY, CACHE,
            REDIS, CORS, OBSERVE,
            SHUTDOWN);

    private Schema() {}
}

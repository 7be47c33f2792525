package io.penstock.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.admin.AdminSettings;
import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.auth.CorsSettings;
import io.penstock.cache.CacheSettings;
import io.penstock.caller.Allowance;
import io.penstock.config.ConfigException;
import io.penstock.config.ConfigLoader;
import io.penstock.config.Overrides;
import io.penstock.config.Settings;
import io.penstock.exchange.call.RetrySettings;
import io.penstock.limit.LimitSettings;
import io.penstock.listen.ListenSettings;
import io.penstock.listen.TlsSettings;
import io.penstock.log.LogSettings;
import io.penstock.loop.Transport;
import io.penstock.observe.ObserveSettings;
import io.penstock.observe.PostHogSettings;
import io.penstock.provider.Options;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.redis.RedisSettings;
import io.penstock.redis.RedisSettings.OnFailure;
import io.penstock.redis.RedisUrl;
import io.penstock.route.Affinity;
import io.penstock.route.HedgeSettings;
import io.penstock.route.HoldSettings;
import io.penstock.route.Midstream;
import io.penstock.route.RoutePolicy;
import io.penstock.route.RouteSettings;
import io.penstock.route.RouteSettings.TargetSettings;
import io.penstock.route.Strategy;
import io.penstock.route.TargetTerms;
import io.penstock.route.TargetTimeouts;
import io.penstock.server.DataDirectory;
import io.penstock.server.Penstock;
import io.penstock.server.StartException;
import io.penstock.trace.OtlpSettings;
import io.penstock.upstream.BreakerSettings;
import io.penstock.upstream.KeySettings;
import io.penstock.upstream.LoadSettings;
import io.penstock.upstream.PoolSettings;
import io.penstock.upstream.ProviderSettings;
import io.penstock.upstream.ProxySettings;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.UpstreamTlsSettings;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.Prices;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * The whole proxy on free ports of the loopback, before providers that a test brings. Each provider
 * {@code x} has the key {@link #keyOf}{@code (x)} and serves {@code model-x} and {@link #SAME}; the
 * model {@link #SMART} is routed to all of them, in their order, under their own names for it.
 *
 * <p>When it closes, nothing of any exchange may be left in it, or the test fails.
 *
 * <p><b>Thread:</b> confined to the test's.
 * <br><b>Bounds:</b> no wait is longer than {@link #PATIENCE}; timers that a test doesn't shorten
 * are longer than that.
 */
public final class ProxyUnderTest implements AutoCloseable {
    /** How long a test waits for what should happen at once. */
    public static final Duration PATIENCE = Duration.ofSeconds(20);

    /** Short enough to wait for, long enough for a busy machine to answer within. */
    public static final Duration SHORT = Duration.ofMillis(300);

    /** What callers show. */
    public static final String CALLER_KEY = "pk-callers-own-secret-0123456789";

    public static final String SMART = "smart";
    public static final String SAME = "same-everywhere";

    private static final String NOTHING = "concurrent=0 waiting=0 connections=0 "
            + "targets_in_flight=0 upstream_in_flight=0 upstream_open=[0-9]+ "
            + "upstream_waiting=0 upstream_slots=0 deadlines=0 exchanges=0";

    private final Penstock server;
    private final List<RawClient> clients = new ArrayList<>();
    private volatile Settings next;
    private volatile String problems = "";
    private boolean stopped;

    private ProxyUnderTest(Settings settings, Transport transport, int threads,
            DataDirectory data) throws StartException {
        next = settings;
        server = Penstock.start(settings, transport, threads,
                () -> new Penstock.Reloaded(problems.isEmpty() ? next : null, problems), data);
    }

    /** The transports that every behaviour is tested on, as far as this machine has them. */
    public static Stream<Transport> transports() {
        return Stream.of(Transport.EPOLL, Transport.NIO).filter(Transport::isAvailable);
    }

    public static Builder on(Transport transport) {
        return new Builder(transport);
    }

    /**
     * One that is configured as users do it. What the text leaves out has the defaults of users,
     * but for the ports, which are free ones of the loopback, the callers, of whom there is the one
     * with {@link #CALLER_KEY}, and the access log, which is off.
     */
    public static FromYaml ofYaml(Transport transport, String yaml) {
        return new FromYaml(transport, yaml);
    }

    public static String keyOf(String provider) {
        return "sk-upstream-secret-of-" + provider;
    }

    /** A chat request's body. */
    public static String chat(String model, boolean stream) {
        return "{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
                + (stream ? ",\"stream\":true}" : "}");
    }

    /** A streamed chat as a provider gets it: its usage is asked for. */
    public static String metered(String model) {
        return chat(model, true).replace("\"" + model + "\"",
                "\"" + model + "\",\"stream_options\":{\"include_usage\":true}");
    }

    public Penstock server() {
        return server;
    }

    public int port() {
        return server.addresses().get(0).getPort();
    }

    /** A caller, which closes with the proxy at the latest. */
    public RawClient connect() throws IOException {
        return track(RawClient.connect(port()).timeout(PATIENCE));
    }

    public RawClient connectAdmin() throws IOException {
        return track(RawClient.connect(server.adminAddress().getPort()).timeout(PATIENCE));
    }

    /** A caller that does not take much before it reads. */
    public RawClient connectSmall(int receiveBufferBytes) throws IOException {
        return track(RawClient.connectSmall(port(), receiveBufferBytes).timeout(PATIENCE));
    }

    private RawClient track(RawClient client) {
        clients.add(client);
        return client;
    }

    /** Sends a chat request with the caller's key. */
    public static RawClient ask(RawClient client, String model, boolean stream)
            throws IOException {
        return askWith(client, chat(model, stream));
    }

    /** The same with any body; {@code fields} are further header lines. */
    public static RawClient askWith(RawClient client, String body, String... fields)
            throws IOException {
        List<String> all = new ArrayList<>(List.of(fields));
        all.add("authorization: Bearer " + CALLER_KEY);
        return client.post("/v1/chat/completions", body, all.toArray(String[]::new));
    }

    /** Asks as a new caller. */
    public RawClient ask(String model, boolean stream) throws IOException {
        return ask(connect(), model, stream);
    }

    /** What the next reload reads: these settings. */
    public void prepareReload(Builder builder) {
        next = builder.settings();
        problems = "";
    }

    /** What the next reload reads: this text, or the mistakes in it. */
    public void prepareReload(FromYaml yaml) {
        try {
            next = yaml.load();
            problems = "";
        } catch (ConfigException e) {
            problems = e.getMessage();
        }
    }

    /** What the next reload reads: nothing but mistakes. */
    public void prepareBadReload(String lines) {
        problems = lines;
    }

    /** Waits until {@code condition} holds. */
    public static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("waited too long until " + what).isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    /** Waits until the residue matches. */
    public void awaitResidue(String regex) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        String residue = server.residue();
        while (!residue.matches(regex)) {
            assertThat(System.nanoTime() - end).as("left behind: " + residue).isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            residue = server.residue();
        }
    }

    /** Waits until nothing of any exchange is left, callers' connections apart. */
    public void awaitQuiet() {
        awaitResidue(NOTHING.replace("connections=0", "connections=[0-9]+")
                .replace("deadlines=0", "deadlines=[0-9]+"));
    }

    /** Waits until no caller is connected, whatever goes on behind. */
    public void awaitNoCallers() {
        awaitResidue(".*connections=0 .*");
    }

    /** Stops it as the process would; {@link #close} has nothing more to do then. */
    public boolean stop(Duration grace) {
        stopped = true;
        return server.stop(grace);
    }

    @Override
    public void close() throws IOException {
        for (RawClient client : clients) {
            client.close();
        }
        if (stopped) {
            return;
        }
        try {
            awaitResidue(NOTHING);
        } finally {
            server.close();
        }
    }

    /** What to start, from the text of a configuration file; see {@link #ofYaml}. */
    public static final class FromYaml {
        private static final String FREE_PORT = "127.0.0.1:0";

        private final Transport transport;
        private String yaml;
        private Map<String, String> environment = Map.of();
        private int threads = 1;
        private DataDirectory data = DataDirectory.NONE;

        private FromYaml(Transport transport, String yaml) {
            this.transport = transport;
            this.yaml = yaml;
        }

        /** Adds lines to the text's end. */
        public FromYaml and(String lines) {
            yaml += lines;
            return this;
        }

        public FromYaml environment(Map<String, String> environment) {
            this.environment = environment;
            return this;
        }

        public FromYaml threads(int threads) {
            this.threads = threads;
            return this;
        }

        /** Usage outlives the proxy, there. */
        public FromYaml data(Path directory) {
            data = new DataDirectory(directory, true);
            return this;
        }

        public ProxyUnderTest start() throws ConfigException, StartException {
            return new ProxyUnderTest(load(), transport, threads, data);
        }

        /** Reads the text as {@code penstock serve} reads its file. */
        public Settings load() throws ConfigException {
            String whole = yaml;
            if (!names("auth")) {
                whole += "\nauth: {keys: [{id: tester, hash: \"" + Builder.hash(CALLER_KEY)
                        + "\"}]}\n";
            }
            Overrides ports = new Overrides(names("listen") ? List.of() : List.of(FREE_PORT),
                    names("admin") ? null : FREE_PORT, List.of());
            try {
                Path file = Files.createTempFile("penstock", ".yaml");
                try {
                    Files.writeString(file, whole);
                    Settings settings = ConfigLoader.load(file, environment, ports).settings();
                    return names("observe") ? settings : settings.withoutAccessLog();
                } finally {
                    Files.delete(file);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private boolean names(String section) {
            return yaml.lines().anyMatch(line -> line.startsWith(section + ":"));
        }
    }

    /** What to start; timers, keys and pool are those of the provider added last. */
    public static final class Builder {
        private static final Duration LONG = PATIENCE.plusSeconds(40);

        private final Transport transport;
        private final List<ProviderSettings> providers = new ArrayList<>();
        private List<TargetSettings> targets; // null for one of each provider
        private int threads = 1;
        private RetrySettings retry = RetrySettings.DEFAULT;
        private BreakerSettings breaker = BreakerSettings.DEFAULT;
        private LimitSettings limits = LimitSettings.DEFAULT;
        private HoldSettings hold = HoldSettings.DEFAULT;
        private boolean drains;
        private HedgeSettings hedge;
        private Midstream midstream = Midstream.ERROR;
        private Strategy strategy = Strategy.PRIORITY;
        private Affinity affinity;
        private final Map<String, TargetTerms> terms = new HashMap<>();
        private boolean fullHeaders = true;
        private TlsSettings listenTls;
        private String host = "127.0.0.1";
        private List<String> origins = List.of();
        private AuthSettings auth = new AuthSettings(List.of(
                new ApiKeySettings("tester", hash(CALLER_KEY), List.of())), false);
        private Path accessLog;
        private boolean jsonLog = true;
        private OtlpSettings otlp; // null where nothing is traced
        private String adminToken;
        private PostHogSettings postHog;
        private BudgetSettings budget = BudgetSettings.DEFAULT;
        private CacheSettings cache = CacheSettings.DEFAULT;
        private Duration cacheTtl; // of the route; null where it says none
        private DataDirectory data = DataDirectory.NONE;
        private RedisSettings redis = RedisSettings.NONE;

        private Builder(Transport transport) {
            this.transport = transport;
        }

        /** Adds a provider; {@code url} as {@link ScriptedUpstream#url} says it. */
        public Builder provider(String name, String url) {
            providers.add(new ProviderSettings(name, ProviderTypes.OPENAI_COMPATIBLE,
                    URI.create(url + "/v1"), List.of(new KeySettings(keyOf(name), 1)),
                    List.of("model-" + name, SAME), true, providers.size() + 1,
                    new TimeoutSettings(LONG, LONG, LONG, null, LONG, LONG, LONG.multipliedBy(2)),
                    PoolSettings.DEFAULT, UpstreamTlsSettings.DEFAULT,
                    new LoadSettings(null, LoadSettings.DEFAULT.queue(), LONG, false, 1)));
            return this;
        }

        /** It wants no key. */
        public Builder keyless() {
            return change(p -> new ProviderSettings(p.name(), p.type(), p.baseUrl(), List.of(),
                    p.models(), p.enabled(), p.priority(), p.timeouts(), p.pool(), p.tls(),
                    p.limits(), p.options()));
        }

        /** {@link #SMART} is routed to these, {@code provider/model} each. */
        public Builder targets(String... names) {
            targets = Stream.of(names).map(name -> name.split("/")).map(name ->
                    new TargetSettings(name[0], name[1], TargetTerms.DEFAULT)).toList();
            return this;
        }

        /** It is of that type, with the path that its default base URL has, or its native one. */
        public Builder type(ProviderType type) {
            return type(type, type == ProviderTypes.GEMINI ? "/v1beta"
                    : type == ProviderTypes.BEDROCK ? "/" : "/v1");
        }

        /** It is of that type, its base URL ending in {@code path}. */
        public Builder type(ProviderType type, String path) {
            return change(p -> new ProviderSettings(p.name(), type,
                    p.baseUrl().resolve(path), p.keys(), p.models(), p.enabled(), p.priority(),
                    p.timeouts(), p.pool(), p.tls()));
        }

        /** It is Bedrock and has no key, but these options. */
        public Builder signed(String path, Map<String, String> options) {
            return change(p -> new ProviderSettings(p.name(), ProviderTypes.BEDROCK,
                    p.baseUrl().resolve(path), List.of(), p.models(), p.enabled(), p.priority(),
                    p.timeouts(), p.pool(), p.tls(), p.limits(),
                    new Options(options, Map.of())));
        }

        /** It serves these models. */
        public Builder models(String... models) {
            return change(p -> new ProviderSettings(p.name(), p.type(), p.baseUrl(), p.keys(),
                    List.of(models), p.enabled(), p.priority(), p.timeouts(), p.pool(), p.tls(),
                    p.limits(), p.options()));
        }

        /** It is told that, too. */
        public Builder options(Options options) {
            return change(p -> new ProviderSettings(p.name(), p.type(), p.baseUrl(), p.keys(),
                    p.models(), p.enabled(), p.priority(), p.timeouts(), p.pool(), p.tls(),
                    p.limits(), options));
        }

        public Builder connect(Duration connect) {
            return timers(t -> new TimeoutSettings(connect, t.tls(), t.head(), t.headOfUnary(),
                    t.firstContent(), t.gap(), t.total()));
        }

        public Builder tls(Duration tls) {
            return timers(t -> new TimeoutSettings(t.connect(), tls, t.head(), t.headOfUnary(),
                    t.firstContent(), t.gap(), t.total()));
        }

        /** As if set by hand: for unary replies, too. */
        public Builder head(Duration head) {
            return timers(t -> new TimeoutSettings(t.connect(), t.tls(), head, head,
                    t.firstContent(), t.gap(), t.total()));
        }

        public Builder firstContent(Duration firstContent) {
            return timers(t -> new TimeoutSettings(t.connect(), t.tls(), t.head(),
                    t.headOfUnary(), firstContent, t.gap(), t.total()));
        }

        public Builder gap(Duration gap) {
            return timers(t -> new TimeoutSettings(t.connect(), t.tls(), t.head(),
                    t.headOfUnary(), t.firstContent(), gap, t.total()));
        }

        public Builder total(Duration total) {
            return timers(t -> new TimeoutSettings(t.connect(), t.tls(), t.head(),
                    t.headOfUnary(), t.firstContent(), t.gap(), total));
        }

        private Builder timers(UnaryOperator<TimeoutSettings> change) {
            return change(p -> new ProviderSettings(p.name(), p.type(), p.baseUrl(), p.keys(),
                    p.models(), p.enabled(), p.priority(), change.apply(p.timeouts()), p.pool(),
                    p.tls(), p.limits(), p.options()));
        }

        public Builder keys(String... keys) {
            return change(p -> new ProviderSettings(p.name(), p.type(), p.baseUrl(),
                    Stream.of(keys).map(key -> new KeySettings(key, 1)).toList(), p.models(),
                    p.enabled(), p.priority(), p.timeouts(), p.pool(), p.tls(), p.limits()));
        }

        public Builder maxConnections(int max) {
            return change(p -> new ProviderSettings(p.name(), p.type(), p.baseUrl(), p.keys(),
                    p.models(), p.enabled(), p.priority(), p.timeouts(),
                    new PoolSettings(max, p.pool().idle(), p.pool().http2()), p.tls(), p.limits()));
        }

        /** How many calls the provider gets at once. */
        public Builder load(LoadSettings load) {
            return change(p -> new ProviderSettings(p.name(), p.type(), p.baseUrl(), p.keys(),
                    p.models(), p.enabled(), p.priority(), p.timeouts(), p.pool(), p.tls(),
                    load));
        }

        /** Trusts these certificates only. */
        public Builder ca(Path ca) {
            return change(p -> new ProviderSettings(p.name(), p.type(), p.baseUrl(), p.keys(),
                    p.models(), p.enabled(), p.priority(), p.timeouts(), p.pool(),
                    new UpstreamTlsSettings(ca, false, null), p.limits()));
        }

        /** Asks for, and verifies, this name. */
        public Builder sni(String name) {
            return change(p -> new ProviderSettings(p.name(), p.type(), p.baseUrl(), p.keys(),
                    p.models(), p.enabled(), p.priority(), p.timeouts(), p.pool(),
                    new UpstreamTlsSettings(p.tls().ca(), false, name), p.limits()));
        }

        /** It is reached through that forward proxy; the last thing to say of a provider. */
        public Builder proxy(ProxySettings proxy) {
            return change(p -> new ProviderSettings(p.name(), p.type(), p.baseUrl(), p.keys(),
                    p.models(), p.enabled(), p.priority(), p.timeouts(), p.pool(), p.tls(),
                    p.limits(), p.options(), proxy));
        }

        private Builder change(UnaryOperator<ProviderSettings> change) {
            int last = providers.size() - 1;
            providers.set(last, change.apply(providers.get(last)));
            return this;
        }

        public Builder threads(int threads) {
            this.threads = threads;
            return this;
        }

        public Builder retry(RetrySettings retry) {
            this.retry = retry;
            return this;
        }

        public Builder breaker(BreakerSettings breaker) {
            this.breaker = breaker;
            return this;
        }

        /** No target is left alone, however often it fails. */
        public Builder withoutBreaker() {
            return breaker(new BreakerSettings(false, breaker.failureRatio(),
                    breaker.minRequests(), breaker.window(), breaker.openFor(),
                    breaker.halfOpenProbes()));
        }

        public Builder limits(LimitSettings limits) {
            this.limits = limits;
            return this;
        }

        /** A second provider is asked when the first takes so long. */
        public Builder hedge(Duration after, double maxRatio) {
            hedge = new HedgeSettings(0, after, maxRatio);
            return this;
        }

        /** The same when the first takes longer than that share of its calls. */
        public Builder hedgeBeyond(double percentile, double maxRatio) {
            hedge = new HedgeSettings(percentile, null, maxRatio);
            return this;
        }

        /** The next provider goes on with a stream that breaks. */
        public Builder continues() {
            midstream = Midstream.CONTINUE;
            return this;
        }

        public Builder budget(BudgetSettings budget) {
            this.budget = budget;
            return this;
        }

        /** What the caller of {@link #CALLER_KEY} may ask for. */
        public Builder allowance(Allowance allowance) {
            return auth(new AuthSettings(List.of(new ApiKeySettings("tester", hash(CALLER_KEY),
                    List.of(), allowance)), false));
        }

        /** Replies are read on when their caller has gone. */
        public Builder drains() {
            drains = true;
            return this;
        }

        public Builder hold(HoldSettings hold) {
            this.hold = hold;
            return this;
        }

        /** How {@link #SMART} chooses. */
        public Builder strategy(Strategy strategy) {
            this.strategy = strategy;
            return this;
        }

        /** What keeps calls for {@link #SMART} together. */
        public Builder affinity(Affinity affinity) {
            this.affinity = affinity;
            return this;
        }

        /** On what terms {@link #SMART} asks the provider added last. */
        public Builder terms(int weight, int contextWindow, TargetTimeouts timeouts) {
            terms.put(providers.get(providers.size() - 1).name(),
                    new TargetTerms(weight, contextWindow, timeouts));
            return this;
        }

        public Builder weight(int weight) {
            return terms(weight, TargetTerms.UNBOUNDED, null);
        }

        /** Callers have to speak TLS. */
        public Builder listenTls(TlsSettings tls) {
            listenTls = tls;
            return this;
        }

        /** Binds the port for callers to this, not to the loopback. */
        public Builder listenOn(String host) {
            this.host = host;
            return this;
        }

        /** Callers need no key. */
        public Builder withoutKeys() {
            return auth(AuthSettings.DEFAULT);
        }

        /** Who may call, in place of {@link #CALLER_KEY}. */
        public Builder auth(AuthSettings auth) {
            this.auth = auth;
            return this;
        }

        /** Pages of these origins may call. */
        public Builder origins(String... origins) {
            this.origins = List.of(origins);
            return this;
        }

        /** Writes an access line a call to this file. */
        public Builder accessLog(Path file) {
            accessLog = file;
            return this;
        }

        /** The same, for people to read. */
        public Builder textLog(Path file) {
            jsonLog = false;
            return accessLog(file);
        }

        /** Traces go there. */
        public Builder traces(OtlpSettings otlp) {
            this.otlp = otlp;
            return this;
        }

        /** Tells PostHog of calls. */
        public Builder postHog(URI host) {
            postHog = new PostHogSettings(host, "phc_secret");
            return this;
        }

        /** The admin port asks for this. */
        public Builder adminToken(String token) {
            adminToken = token;
            return this;
        }

        /** Usage outlives the proxy, there. */
        public Builder data(Path directory) {
            data = new DataDirectory(directory, true);
            return this;
        }

        /** Others share what it counts and learns, there. */
        public Builder redis(String url, OnFailure onFailure) {
            redis = new RedisSettings(RedisUrl.parse(url), onFailure, "test:", null);
            return this;
        }

        /** Replies are given again. */
        public Builder cache(CacheSettings settings) {
            cache = settings;
            return this;
        }

        /** How long replies of the route are given again. */
        public Builder cacheTtl(Duration ttl) {
            cacheTtl = ttl;
            return this;
        }

        /** Replies carry nothing about providers. */
        public Builder idHeadersOnly() {
            fullHeaders = false;
            return this;
        }

        public ProxyUnderTest start() throws StartException {
            return new ProxyUnderTest(settings(), transport, threads, data);
        }

        /** The same as settings, every port a free one. */
        public Settings settings() {
            List<TargetSettings> routed = targets != null ? targets : providers.stream()
                    .map(p -> new TargetSettings(p.name(), "model-" + p.name(),
                            terms.getOrDefault(p.name(), TargetTerms.DEFAULT))).toList();
            RoutePolicy policy = new RoutePolicy(strategy, affinity, hedge, midstream, hold,
                    drains).withCacheTtl(cacheTtl);
            return new Settings(List.of(new ListenSettings(host, 0, listenTls)),
                    new AdminSettings("127.0.0.1", 0, adminToken), providers,
                    List.of(new RouteSettings(SMART, routed, policy)),
                    auth, new CorsSettings(origins), limits,
                    budget, Prices.NONE, breaker, retry,
                    new ObserveSettings(accessLog == null ? null : accessLog.toString(), jsonLog,
                            fullHeaders, otlp, LogSettings.DEFAULT, postHog),
                    Duration.ofSeconds(30), false, RoutePolicy.DEFAULT, cache, redis);
        }

        /** What the configuration holds of a caller's key. */
        public static String hash(String key) {
            try {
                return "sha256:" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256")
                        .digest(key.getBytes(StandardCharsets.US_ASCII)));
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError("every JDK has SHA-256", e);
            }
        }
    }
}

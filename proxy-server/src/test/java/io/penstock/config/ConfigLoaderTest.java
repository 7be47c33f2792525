package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.admin.AdminSettings;
import io.penstock.auth.AuthSettings;
import io.penstock.auth.CorsSettings;
import io.penstock.cache.CacheSettings;
import io.penstock.exchange.call.RetrySettings;
import io.penstock.limit.LimitSettings;
import io.penstock.limit.QueueSettings;
import io.penstock.limit.StreamLimits;
import io.penstock.listen.ListenSettings;
import io.penstock.observe.ObserveSettings;
import io.penstock.provider.ProviderTypes;
import io.penstock.route.Affinity;
import io.penstock.route.HedgeSettings;
import io.penstock.route.HoldSettings;
import io.penstock.route.Midstream;
import io.penstock.route.RoutePolicy;
import io.penstock.route.RouteSettings.TargetSettings;
import io.penstock.route.Strategy;
import io.penstock.route.TargetTerms;
import io.penstock.route.TargetTimeouts;
import io.penstock.upstream.BreakerSettings;
import io.penstock.upstream.KeySettings;
import io.penstock.upstream.LoadSettings;
import io.penstock.upstream.PoolSettings;
import io.penstock.upstream.ProviderSettings;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.UpstreamTlsSettings;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.BudgetSettings.Enforce;
import io.penstock.usage.BudgetSettings.OnStoreFailure;
import io.penstock.usage.Prices;
import io.penstock.usage.TokenUsage;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {
    private static final Map<String, String> OPENAI_KEY = Map.of("OPENAI_API_KEY", "sk-1");

    @TempDir
    Path directory;

    private ConfigFixture file(String text) {
        return new ConfigFixture(directory, text);
    }

    private ProviderSettings provider(String keys) throws ConfigException {
        String text = "providers:\n  - name: p\n    type: vllm\n" + keys.indent(4);
        return file(text).settings().providers().get(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# nothing\n", "null", "limits:\nproviders:\n", "{}", "\uFEFF{}"})
    void takesTheDefaultsWhereNothingIsSaid(String text) throws ConfigException {
        assertThat(file(text).settings()).isEqualTo(new Settings(List.of(ListenSettings.DEFAULT),
                AdminSettings.DEFAULT, List.of(), List.of(), AuthSettings.DEFAULT,
                CorsSettings.DEFAULT, LimitSettings.DEFAULT, BudgetSettings.DEFAULT, Prices.NONE,
                BreakerSettings.DEFAULT, RetrySettings.DEFAULT, ObserveSettings.DEFAULT,
                Duration.ofSeconds(30), false));
    }

    @Test
    void readsAPlainListOfProviders() throws ConfigException {
        Loaded loaded = file("""
                providers:
                  - name: openai
                    type: openai
                    api_key_env: OPENAI_API_KEY
                    base_url: https://api.openai.com/v1
                    models: [gpt-4o, gpt-4o-mini]
                    enabled: true
                    priority: 1
                  - name: groq
                    type: groq
                    api_key_env: GROQ_API_KEY
                    base_url: https://api.groq.com/openai/v1
                    models:
                      - llama-3.3-70b-versatile
                    enabled: false
                    priority: 2
                """).with(OPENAI_KEY).load();

        assertThat(loaded.warnings()).isEmpty();
        assertThat(loaded.settings().providers()).containsExactly(
                new ProviderSettings("openai", ProviderTypes.OPENAI,
                        URI.create("https://api.openai.com/v1"),
                        List.of(new KeySettings("sk-1", 1)), List.of("gpt-4o", "gpt-4o-mini"),
                        true, 1, TimeoutSettings.DEFAULT, PoolSettings.DEFAULT,
                        UpstreamTlsSettings.DEFAULT),
                new ProviderSettings("groq", ProviderTypes.GROQ,
                        URI.create("https://api.groq.com/openai/v1"), List.of(),
                        List.of("llama-3.3-70b-versatile"), false, 2, TimeoutSettings.DEFAULT,
                        PoolSettings.DEFAULT, UpstreamTlsSettings.DEFAULT));
    }

    @Test
    void readsEverySection() throws ConfigException {
        String hash = "sha256:" + "ab".repeat(32);
        Settings settings = file("""
                listen:
                  - address: "[::1]:0"
                  - address: localhost:8081
                admin: {address: 0.0.0.0:9091, token: secret}
                providers:
                  - name: p
                    type: vllm
                    limits: {concurrent: 64, queue: 10, queue_time: 250ms, adaptive: true,
                             min_concurrent: 4}
                routes:
                  - model: smart
                    targets: [p/meta/llama-3, {target: "p/*"}]
                    hold: {content_events: 2, bytes: 1MiB, time: 3s}
                auth:
                  keys:
                    - {id: team-a, hash: "%s", models: ["gpt-*", smart]}
                  anonymous: {enabled: true}
                limits: {concurrent: 1, body: 64KiB, header: 16KiB, connections: 2,
                         connections_per_ip: 3, queue: {size: 9, time: 2s}, upload: 2GiB,
                         tunnel: {idle: 5m, total: 2h}}
                budget: {enforce: cut, on_store_failure: reject}
                prices:
                  gpt-4o: {input: 2.50, output: 10, cached_input: 1.25}
                  "llama-*": {input: 0.1, output: 0.30}
                retry: {max_attempts: 2, same_target: 0, wait_for_retry_after: 1m,
                        budget_ratio: 1}
                observe:
                  access_log: {path: null, format: text}
                  headers: id
                shutdown: {grace: 5s}
                """.formatted(hash)).settings();

        assertThat(settings.listen()).containsExactly(new ListenSettings("::1", 0, null),
                new ListenSettings("localhost", 8081, null));
        assertThat(settings.admin()).isEqualTo(new AdminSettings("0.0.0.0", 9091, "secret"));
        assertThat(settings.routes()).singleElement().satisfies(route -> {
            assertThat(route.targets()).containsExactly(new TargetSettings("p", "meta/llama-3"),
                    new TargetSettings("p", "*"));
            assertThat(route.policy().hold().bytes()).isEqualTo(1024 * 1024);
            assertThat(route.policy().hold().time()).hasSeconds(3);
        });
        assertThat(settings.auth().anonymous()).isTrue();
        assertThat(settings.auth().keys()).singleElement().satisfies(key -> {
            assertThat(key.id()).isEqualTo("team-a");
            assertThat(key.hash()).isEqualTo(hash);
            assertThat(key.models()).containsExactly("gpt-*", "smart");
        });
        assertThat(settings.providers().get(0).limits())
                .isEqualTo(new LoadSettings(64, 10, Duration.ofMillis(250), true, 4));
        assertThat(settings.limits()).isEqualTo(new LimitSettings(null, 1, 64 * 1024, 16 * 1024,
                2, 3, new QueueSettings(9, Duration.ofSeconds(2)),
                new StreamLimits(2L * 1024 * 1024 * 1024, Duration.ofMinutes(5),
                        Duration.ofHours(2))));
        assertThat(settings.budget())
                .isEqualTo(new BudgetSettings(Enforce.CUT, OnStoreFailure.REJECT));
        assertThat(settings.prices().nanoDollars("gpt-4o", new TokenUsage(10, 1, 4, 0)))
                .isEqualTo(6 * 2500 + 4 * 1250 + 10_000);
        assertThat(settings.prices().nanoDollars("llama-3", 10, 10)).isEqualTo(1000 + 3000);
        assertThat(settings.retry())
                .isEqualTo(new RetrySettings(2, 0, Duration.ofMinutes(1), 1));
        assertThat(settings.observe()).isEqualTo(new ObserveSettings(null, false, false));
        assertThat(settings.shutdownGrace()).hasSeconds(5);
    }

    @ParameterizedTest
    @CsvSource({"250us,PT0.00025S", "250µs,PT0.00025S", "250ms,PT0.25S", "2s,PT2S", "5m,PT5M",
            "1h,PT1H", "2d,PT48H", "0,PT0S", "0s,PT0S", "'\"7s\"',PT7S"})
    void readsDurations(String text, Duration expected) throws ConfigException {
        assertThat(file("shutdown: {grace: " + text + "}").settings().shutdownGrace())
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"64KiB,65536", "32MiB,33554432", "1GiB,1073741824", "65536,65536", "2KB,2000",
            "5MB,5000000", "2048B,2048"})
    void readsSizes(String text, long expected) throws ConfigException {
        assertThat(file("limits: {body: " + text + "}").settings().limits().bodyBytes())
                .isEqualTo(expected);
    }

    @Test
    void fillsInVariablesAnywhereInAValue() throws ConfigException {
        ConfigFixture file = file("""
                admin: {token: "a-${TOKEN}-${OTHER:-b}-$${TOKEN}-$5"}
                limits: {concurrent: "${MANY:-7}"}
                providers:
                  - name: ${NAME:-p}
                    type: vllm
                    models: ["${MODEL}", "${EMPTY:-y}"]
                # ${COMMENTED_OUT}
                """).with(Map.of("TOKEN", "t", "MODEL", "[x, y]: &z", "EMPTY", "", "NAME", "q"));

        Settings settings = file.settings();

        assertThat(settings.admin().token()).isEqualTo("a-t-b-${TOKEN}-$5");
        assertThat(settings.limits().concurrent()).isEqualTo(7);
        assertThat(settings.providers().get(0).name()).isEqualTo("q");
        assertThat(settings.providers().get(0).models()).containsExactly("[x, y]: &z", "y");
    }

    @Test
    void reportsVariablesThatAreNotSetAndBrokenReferences() {
        assertThat(file("""
                admin:
                  token: ${A}${B}
                shutdown:
                  grace: "${1x}"
                """).mistakes()).containsExactly(
                "2:3: admin.token: the variable A is not set, expected it in the environment or "
                        + ".env, or a default as in ${A:-default}",
                "2:3: admin.token: the variable B is not set, expected it in the environment or "
                        + ".env, or a default as in ${B:-default}",
                "4:3: shutdown.grace: '${' without a variable's name and '}', expected ${NAME} or "
                        + "${NAME:-default}; $${ stands for itself");
    }

    @Test
    void doesNotShowWhatAVariableHolds() {
        assertThat(file("limits: {concurrent: \"${KEY}\"}").with(Map.of("KEY", "sk-1"))
                .mistakes()).containsExactly("1:10: limits.concurrent: unexpected value "
                        + "\"${KEY}\", expected an integer of 1 or more");
    }

    @Test
    void takesAnEmptyVariableAsNotSet() throws ConfigException {
        assertThat(file("admin: {token: \"${TOKEN:-}\"}").settings().admin().token()).isNull();
    }

    @Test
    void followsAliasesAndMerges() throws ConfigException {
        Settings settings = file("""
                providers:
                  - &base
                    name: a
                    type: vllm
                    models: &models [x, y]
                    timeouts: {gap: 5s}
                  - <<: *base
                    name: b
                  - {name: c, type: vllm, models: *models}
                """).settings();

        assertThat(settings.providers()).extracting(ProviderSettings::name)
                .containsExactly("a", "b", "c");
        assertThat(settings.providers()).extracting(ProviderSettings::models)
                .containsOnly(List.of("x", "y"));
        assertThat(settings.providers().get(1).timeouts().gap()).hasSeconds(5);
    }

    @Test
    void addsNothingToAMappingThatMergesItself() throws ConfigException {
        assertThat(file("providers: [&a {<<: [*a, *a], name: x, type: vllm}]").settings()
                .providers()).extracting(ProviderSettings::name).containsExactly("x");
    }

    @Test
    void infersTheTypeFromTheName() throws ConfigException {
        assertThat(file("""
                providers:
                  - {name: ollama}
                  - {name: mine, base_url: "http://localhost:1"}
                """).settings().providers()).extracting(ProviderSettings::type)
                .containsExactly(ProviderTypes.OLLAMA, ProviderTypes.OPENAI_COMPATIBLE);
    }

    @Test
    void givesUnaryRepliesTheirHeadTimeoutOnlyWhenSetByHand() throws ConfigException {
        assertThat(provider("timeouts: {gap: 1s}").timeouts().headOfUnary()).isNull();
        assertThat(provider("timeouts: {head: 1s}").timeouts().headOfUnary()).hasSeconds(1);
    }

    @Test
    void readsTheOtherNamesOfTimeouts() throws ConfigException {
        TimeoutSettings both = provider("timeouts: {first_byte: 4s, idle: 5s}").timeouts();
        assertThat(both.head()).hasSeconds(4);
        assertThat(both.headOfUnary()).hasSeconds(4);
        assertThat(both.firstContent()).hasSeconds(4);
        assertThat(both.gap()).hasSeconds(5);

        TimeoutSettings own = provider("timeouts: {first_byte: 4s, first_content: 9s}").timeouts();
        assertThat(own.head()).hasSeconds(4);
        assertThat(own.firstContent()).hasSeconds(9);
    }

    @Test
    void poolsKeysFromVariablesFilesAndTheFileItself() throws ConfigException, IOException {
        Path key = Files.writeString(directory.resolve("key"), "sk-file\n");

        assertThat(file("""
                providers:
                  - name: openai
                    api_keys:
                      - {env: OPENAI_API_KEY}
                      - {env: NOT_SET}
                      - {file: "%s"}
                      - {value: sk-value, weight: 2}
                """.formatted(key)).with(OPENAI_KEY).settings().providers().get(0).keys())
                .containsExactly(new KeySettings("sk-1", 1), new KeySettings("sk-file", 1),
                        new KeySettings("sk-value", 2));
    }

    @Test
    void takesTheUsualVariableWhereNoKeyIsNamed() throws ConfigException {
        assertThat(file("providers: [{name: openai}]").with(OPENAI_KEY).settings().providers()
                .get(0).keys()).containsExactly(new KeySettings("sk-1", 1));
    }

    @Test
    void readsHowARouteChoosesAmongItsTargets() throws ConfigException {
        Settings settings = file("""
                providers: [{name: p, type: vllm}]
                routes:
                  - model: m
                    strategy: least_latency
                    affinity: header:X-Session
                    hedge: {after: p95}
                    midstream: continue
                    targets:
                      - p/x
                      - {target: p/y, weight: 3, context_window: 8192,
                         timeouts: {first_byte: 2s, head: 1s, idle: 4s}}
                  - {model: n, targets: [p/x], strategy: weighted, affinity: user,
                     hedge: {after: 800ms, max_ratio: 0.2}}
                  - {model: o, targets: [p/x]}
                breaker: {enabled: false, failure_ratio: 0.3, min_requests: 5, window: 10s,
                          open_for: 1s, half_open_probes: 2}
                """).settings();

        assertThat(settings.routes().get(0).policy()).isEqualTo(new RoutePolicy(
                Strategy.LEAST_LATENCY, Affinity.header("x-session"),
                new HedgeSettings(0.95, null, 0.05), Midstream.CONTINUE, HoldSettings.DEFAULT,
                false));
        assertThat(settings.routes().get(0).targets()).extracting(TargetSettings::terms)
                .containsExactly(TargetTerms.DEFAULT, new TargetTerms(3, 8192,
                        new TargetTimeouts(null, null, Duration.ofSeconds(1),
                                Duration.ofSeconds(2), Duration.ofSeconds(4), null)));
        assertThat(settings.routes().get(1).policy()).isEqualTo(new RoutePolicy(Strategy.WEIGHTED,
                Affinity.USER, new HedgeSettings(0, Duration.ofMillis(800), 0.2), Midstream.ERROR,
                HoldSettings.DEFAULT, false));
        assertThat(settings.routes().get(2).policy()).isEqualTo(RoutePolicy.DEFAULT);
        assertThat(settings.breaker()).isEqualTo(new BreakerSettings(false, 0.3, 5,
                Duration.ofSeconds(10), Duration.ofSeconds(1), 2));
    }

    @Test
    void readsWhichRepliesAreGivenAgain() throws ConfigException {
        Settings settings = file("""
                providers:
                  - {name: p, type: vllm}
                routes:
                  - {model: m, targets: [p/x], cache: {ttl: 0s}}
                  - {model: n, targets: [p/x], cache: {ttl: 1h}}
                  - {model: o, targets: [p/x]}
                cache: {enabled: true, ttl: 9m, max_size: 1MiB, scope: shared, replay: paced}
                """).settings();

        assertThat(settings.cache()).isEqualTo(new CacheSettings(true, Duration.ofMinutes(9),
                1024 * 1024, CacheSettings.Scope.SHARED, CacheSettings.Replay.PACED));
        assertThat(settings.routes()).extracting(route -> route.policy().cacheTtl())
                .containsExactly(Duration.ZERO, Duration.ofHours(1), null);
    }

    @Test
    void givesNoReplyAgainUnlessThatIsSaid() throws ConfigException {
        assertThat(file("providers:\n  - {name: p, type: vllm}\n").settings().cache())
                .isEqualTo(CacheSettings.DEFAULT);
        assertThat(file("providers:\n  - {name: p, type: vllm}\ncache: {ttl: 0s}\n").mistakes())
                .singleElement().asString().contains("cache");
    }

    @Test
    void leavesOutAProviderWhoseKeyIsNotSetAndRoutesToItAlone() throws ConfigException {
        ConfigFixture file = file("""
                providers:
                  - {name: a, type: openai, api_key_env: NO_KEY}
                  - {name: b, type: groq}
                  - {name: c, type: vllm, enabled: false, api_key_env: NO_KEY}
                  - {name: d, type: openai, base_url: "http://localhost:1/v1"}
                  - {name: e, type: openai, api_keys: [{env: NO_KEY}, {value: k}]}
                routes:
                  - {model: one, targets: [a/x, b/x]}
                  - {model: two, targets: [a/x, c/x]}
                  - {model: three, targets: [a/x, d/x]}
                """);

        assertThat(file.warnings()).containsExactly(
                "2:29: providers[0].api_key_env: the variable NO_KEY is not set, so provider 'a' "
                        + "is left out",
                "3:5: providers[1].api_key_env: the variable GROQ_API_KEY is not set, so provider "
                        + "'b' is left out",
                "6:41: providers[4].api_keys[0].env: the variable NO_KEY is not set, so this key "
                        + "is left out",
                "8:18: routes[0].targets: every provider of this route is left out, and so is the "
                        + "route",
                "9:18: routes[1].targets: every provider of this route is disabled or left out");
        assertThat(file.settings().providers()).extracting(ProviderSettings::name)
                .containsExactly("c", "d", "e");
        assertThat(file.settings().routes()).extracting(route -> route.model() + route.targets()
                .stream().map(TargetSettings::provider).toList())
                .containsExactly("two[c]", "three[d]");
    }

    @Test
    void onlyWarnsWhenNoProviderIsLeft() throws ConfigException {
        assertThat(file("providers: [{name: openai, api_key_env: OPENAI_API_KEY}]").warnings())
                .containsExactly("1:1: providers: no provider is enabled, so every call will be "
                                + "refused, expected one at least, or the variable of an API key "
                                + "such as OPENAI_API_KEY",
                        "1:28: providers[0].api_key_env: the variable OPENAI_API_KEY is not set, "
                                + "so provider 'openai' is left out");
    }

    @Test
    void writesOriginsTheWayBrowsersDo() throws ConfigException {
        assertThat(file("cors: {allowed_origins: ['HTTPS://App.Example:443']}").settings().cors()
                .allowedOrigins()).containsExactly("https://app.example");
    }

    /** Each of them, quoted or not, was once the name of a file. */
    @ParameterizedTest
    @ValueSource(strings = {"off", "'off'", "OFF", "none", "false", "'false'", "null", "~", "''"})
    void takesEveryWordForNoAccessLog(String word) throws Exception {
        Settings settings = file("observe: {access_log: {path: " + word + "}}").settings();

        assertThat(settings.observe().accessLog()).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-", "./off", "off.log", "/var/log/none"})
    void takesEveryOtherPathOfAnAccessLogAsItIs(String path) throws Exception {
        Settings settings = file("observe: {access_log: {path: \"" + path + "\"}}").settings();

        assertThat(settings.observe().accessLog()).isEqualTo(path);
    }

    @Test
    void refusesAHedgeAtNoPercentile() {
        assertThat(file("""
                providers:
                  - {name: p, type: vllm}
                routes:
                  - model: m
                    targets: [p/x]
                    hedge: {after: p100}
                """).mistakes()).containsExactly(
                "6:13: routes[0].hedge.after: unexpected value 'p100', expected p50 to p99, or a "
                        + "duration such as 250ms, 2s, 5m or 1h, of 365d at most");
    }
}

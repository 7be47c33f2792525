package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigNoticesTest {
    @TempDir
    Path directory;

    private ConfigFixture file(String text) {
        return new ConfigFixture(directory, text);
    }

    @Test
    void warnsOfWhatHasNoEffectYet() throws ConfigException {
        assertThat(file("""
                providers:
                  - {name: p, type: vllm}
                routes:
                  - model: m
                    targets: [{target: p/x, weight: 2, context_window: 9, timeouts: {gap: 1s}}]
                    strategy: weighted
                    hedge: {after: p95, max_ratio: 0.05}
                    midstream: continue
                    on_cancel: drain
                    affinity: header:x-session
                    cache: {ttl: 5m}
                breaker: {failure_ratio: 0.3}
                cache: {enabled: true}
                redis: {url: "rediss://host"}
                observe:
                  otlp: {endpoint: http://localhost:4318}
                  posthog: {host: https://eu.i.posthog.com}
                """).warnings()).allMatch(each -> each.endsWith(": has no effect in this version"))
                .extracting(each -> each.substring(0, each.indexOf(": has")))
                .containsExactly("5:29: routes[0].targets[0].weight",
                        "5:40: routes[0].targets[0].context_window",
                        "5:59: routes[0].targets[0].timeouts", "6:5: routes[0].strategy",
                        "7:5: routes[0].hedge", "8:5: routes[0].midstream",
                        "10:5: routes[0].affinity",
                        "11:5: routes[0].cache", "12:1: breaker", "13:1: cache", "14:1: redis",
                        "16:3: observe.otlp", "17:3: observe.posthog");
    }

    @Test
    void isSilentAboutDefaultsOfWhatHasNoEffectYet() throws ConfigException {
        assertThat(file("""
                providers:
                  - {name: p, type: vllm}
                routes:
                  - model: m
                    targets: [{target: p/x, weight: 1}]
                    strategy: priority
                    hedge: null
                    midstream: error
                    on_cancel: cancel
                    affinity: null
                auth:
                  jwt: {algorithm: null, jwks_url: null}
                  anonymous: {enabled: false}
                limits: {requests_per_minute: null}
                breaker: {failure_ratio: 0.5, min_requests: 20, window: 30s, open_for: 15s,
                          half_open_probes: 3}
                cache: {enabled: false, ttl: 9m, max_size: 256MiB, scope: key}
                redis: {url: null, on_failure: local, prefix: "penstock:"}
                observe:
                  otlp: {endpoint: null}
                  posthog: {host: null, api_key_env: POSTHOG_API_KEY, content: false}
                """).warnings()).isEmpty();
    }

    @Test
    void validatesWhatHasNoEffectYet() {
        assertThat(file("""
                providers:
                  - {name: p, type: vllm}
                routes:
                  - model: m
                    targets: [p/x]
                    strategy: fastest
                    hedge: {after: p100}
                breaker: {failure_ratio: 2}
                redis: {url: "http://host"}
                """).mistakes()).containsExactly(
                "6:5: routes[0].strategy: unexpected value 'fastest', expected one of priority, "
                        + "weighted, least_latency, least_busy",
                "7:13: routes[0].hedge.after: unexpected value 'p100', expected p50 to p99, or a "
                        + "duration such as 250ms, 2s, 5m or 1h, of 365d at most",
                "8:11: breaker.failure_ratio: unexpected value '2', expected a number from 0 to 1",
                "9:9: redis.url: unexpected value \"http://host\", expected a URL that begins "
                        + "with redis://, rediss://, redis-cluster:// or redis-sentinel://");
    }

    @Test
    void warnsOfVariablesThatHaveNoEffectYet() throws ConfigException {
        assertThat(file("providers: [{name: vllm}]").with(Map.of("REDIS_URL", "redis://h"))
                .warnings()).containsExactly(
                        "environment: REDIS_URL: has no effect in this version");
    }
}

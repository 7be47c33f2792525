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
                    targets: [p/x]
                    hedge: {after: p95, max_ratio: 0.05}
                    midstream: continue
                    on_cancel: drain
                redis: {url: "rediss://host"}
                observe:
                """).warnings()).allMatch(each -> each.endsWith(": has no effect in this version"))
                .extracting(each -> each.substring(0, each.indexOf(": has")))
                .containsExactly("9:1: redis");
    }

    @Test
    void isSilentAboutDefaultsOfWhatHasNoEffectYet() throws ConfigException {
        assertThat(file("""
                providers:
                  - {name: p, type: vllm}
                routes:
                  - model: m
                    targets: [p/x]
                    hedge: null
                    midstream: error
                    on_cancel: cancel
                auth:
                  jwt: {algorithm: null, jwks_url: null}
                  anonymous: {enabled: false}
                limits: {requests_per_minute: null}
                redis: {url: null, on_failure: local, prefix: "penstock:"}
                observe:
                  posthog: {host: null, api_key_env: POSTHOG_API_KEY, content: false}
                """).warnings()).isEmpty();
    }

    @Test
    void refusesWhatPostHogCannotBeSent() {
        assertThat(file("observe: {posthog: {host: https://eu.i.posthog.com, content: true}}")
                .mistakes()).containsExactlyInAnyOrder(
                "1:53: observe.posthog.content: prompts and answers pass through without being "
                        + "kept, so they cannot be sent, expected false",
                "1:11: observe.posthog.api_key_env: the variable POSTHOG_API_KEY is not set, "
                        + "expected the API key of a project of PostHog's");
        assertThat(file("observe: {posthog: {host: 'ftp://eu.i.posthog.com'}}")
                .with(Map.of("POSTHOG_API_KEY", "k")).mistakes()).singleElement().asString()
                .contains("observe.posthog.host: unexpected value, expected http://HOST");
    }

    @Test
    void validatesWhatHasNoEffectYet() {
        assertThat(file("""
                providers:
                  - {name: p, type: vllm}
                routes:
                  - model: m
                    targets: [p/x]
                    hedge: {after: p100}
                redis: {url: "http://host"}
                """).mistakes()).containsExactly(
                "6:13: routes[0].hedge.after: unexpected value 'p100', expected p50 to p99, or a "
                        + "duration such as 250ms, 2s, 5m or 1h, of 365d at most",
                "7:9: redis.url: unexpected value \"http://host\", expected a URL that begins "
                        + "with redis://, rediss://, redis-cluster:// or redis-sentinel://");
    }

    @Test
    void warnsOfVariablesThatHaveNoEffectYet() throws ConfigException {
        assertThat(file("providers: [{name: vllm}]").with(Map.of("REDIS_URL", "redis://h"))
                .warnings()).containsExactly(
                        "environment: REDIS_URL: has no effect in this version");
    }
}

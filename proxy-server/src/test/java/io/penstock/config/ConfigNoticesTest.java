package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
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
                observe:
                  posthog: {host: https://eu.i.posthog.com}
                """).warnings()).allMatch(each -> each.endsWith(": has no effect in this version"))
                .extracting(each -> each.substring(0, each.indexOf(": has")))
                .containsExactly("10:3: observe.posthog");
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
    void validatesWhatHasNoEffectYet() {
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

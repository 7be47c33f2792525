package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigObserveTest {
    @TempDir
    Path directory;

    private ConfigFixture file(String text) {
        return new ConfigFixture(directory, text);
    }

    @Test
    void takesDefaultsThatAreWrittenOut() throws ConfigException {
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
}

package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.upstream.ProviderSettings;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bedrock, which needs a region more than a key. */
class ConfigBedrockTest {
    @TempDir
    Path directory;

    private ConfigFixture provider(String members, Map<String, String> environment) {
        return new ConfigFixture(directory, "providers:\n  - {name: bedrock, models: [m]" + members
                + "}\n").with(environment);
    }

    private ProviderSettings settings(String members, Map<String, String> environment)
            throws ConfigException {
        ConfigFixture fixture = provider(members, environment);
        assertThat(fixture.warnings()).isEmpty();
        return fixture.settings().providers().get(0);
    }

    @Test
    void isAskedInItsRegionWithoutAKey() throws ConfigException {
        ProviderSettings bedrock = settings(", options: {region: eu-west-1}",
                Map.of("AWS_REGION", "us-east-1"));

        assertThat(bedrock.baseUrl()).hasToString(
                "https://bedrock-runtime.eu-west-1.amazonaws.com");
        assertThat(bedrock.keys()).isEmpty();
    }

    @Test
    void takesTheRegionOfTheEnvironment() throws ConfigException {
        Map<String, String> both = Map.of("AWS_REGION", "us-east-1", "AWS_DEFAULT_REGION",
                "us-west-2");

        assertThat(settings("", both).baseUrl().getHost()).contains(".us-east-1.");
        assertThat(settings("", Map.of("AWS_REGION", " ", "AWS_DEFAULT_REGION", "us-west-2"))
                .baseUrl().getHost()).contains(".us-west-2.");
    }

    @Test
    void takesItsKeyWhereThereIsOne() throws ConfigException {
        assertThat(settings("", Map.of("AWS_REGION", "us-east-1", "AWS_BEARER_TOKEN_BEDROCK",
                "k3y")).keys()).hasSize(1);
    }

    @Test
    void isLeftOutWithoutTheKeyThatTheFileNames() throws ConfigException {
        assertThat(provider(", api_key_env: MY_KEY, options: {region: us-east-1}", Map.of())
                .warnings()).anyMatch(warning -> warning.contains("MY_KEY is not set"));
    }

    @Test
    void saysWhereARegionOrHalfOfThePairIsMissing() {
        assertThat(provider("", Map.of()).mistakes()).singleElement().asString()
                .contains("providers[0].base_url: missing").contains("{region}");
        assertThat(provider(", base_url: 'http://localhost:1'", Map.of()).mistakes())
                .singleElement().asString().contains("region: missing");
        assertThat(provider(", options: {region: us-east-1, access_key_id: A}", Map.of())
                .mistakes()).singleElement().asString().contains("secret_access_key: missing");
    }
}

package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.penstock.admin.AdminSettings;
import io.penstock.listen.ListenSettings;
import io.penstock.log.LogLevel;
import io.penstock.log.LogSettings;
import io.penstock.upstream.KeySettings;
import io.penstock.upstream.ProviderSettings;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigPrecedenceTest {
    private static final Map<String, String> OPENAI_KEY = Map.of("OPENAI_API_KEY", "sk-1");

    @TempDir
    Path directory;

    private ConfigFixture file(String text) {
        return new ConfigFixture(directory, text);
    }

    @Test
    void makesProvidersOfTheKeysInTheEnvironmentInTheirOrder() throws ConfigException {
        Map<String, String> keys = new HashMap<>();
        ProviderBinder.FROM_ENVIRONMENT.forEach(each -> keys.put(each.defaultKeyEnv(), "k"));
        keys.put("GROQ_API_KEY", " ");

        List<ProviderSettings> providers =
                ConfigLoader.fromEnvironment(keys).settings().providers();

        assertThat(providers).extracting(each -> each.priority() + " " + each.name())
                .containsExactly("1 openai", "2 anthropic", "3 gemini", "4 mistral",
                        "5 openrouter", "6 deepseek", "7 xai");
        assertThat(providers).allMatch(each -> each.models().equals(List.of("*")));
    }

    @Test
    void readsProvidersFromTheEnvironmentWhenTheFileHasNone() throws ConfigException {
        assertThat(file("limits: {concurrent: 1}").with(OPENAI_KEY).settings().providers())
                .extracting(ProviderSettings::name).containsExactly("openai");
        assertThat(file("providers: []").with(OPENAI_KEY).settings().providers()).isEmpty();
    }

    @Test
    void listensWhereTheEnvironmentSaysUnlessTheFileDoes() throws ConfigException {
        Map<String, String> both =
                Map.of("PROXY_API_HOST", "::1", "PROXY_API_PORT", "81", "PROXY_API_DEBUG", "true");

        assertThat(file("").with(both).settings().listen())
                .containsExactly(new ListenSettings("::1", 81, null));
        assertThat(file("").with(both).settings().debug()).isTrue();
        assertThat(file("").with(Map.of("PROXY_API_PORT", "81")).settings().listen())
                .containsExactly(new ListenSettings("127.0.0.1", 81, null));
        assertThat(file("listen:\n- address: 127.0.0.1:82\n").with(both).settings().listen())
                .containsExactly(new ListenSettings("127.0.0.1", 82, null));
    }

    @Test
    void debugsWhereTheFileSetsNoLevel() throws ConfigException {
        Map<String, String> debug = Map.of("PROXY_API_DEBUG", "true");

        assertThat(file("").with(debug).settings().observe().log().level())
                .isEqualTo(LogLevel.DEBUG);
        assertThat(file("observe: {log: {level: warn, format: json, levels: {io.netty: off}}}")
                .with(debug).settings().observe().log())
                .isEqualTo(new LogSettings(true, LogLevel.WARN,
                        Map.of("io.netty", LogLevel.OFF)));
        assertThat(file("observe: {log: {levels: {'no name': info}}}").mistakes())
                .singleElement().asString().endsWith("observe.log.levels: 'no name', expected a "
                        + "logger's name such as io.penstock.upstream");
    }

    @Test
    void reportsMistakesOfTheEnvironmentByVariable() {
        assertThat(file("").with(Map.of("PROXY_API_PORT", "http", "PROXY_API_DEBUG", "maybe"))
                .mistakes()).containsExactlyInAnyOrder(
                "environment: PROXY_API_PORT: unexpected value 'http', expected a port from 0 to "
                        + "65535",
                "environment: PROXY_API_DEBUG: unexpected value 'maybe', expected true or false");
        assertThat(file("").with(Map.of("PROXY_API_HOST", "0.0.0.0")).mistakes())
                .singleElement().asString().startsWith("environment: PROXY_API_HOST: "
                        + "0.0.0.0:8080 can be reached from elsewhere");
    }

    @Test
    void letsFlagsWinOverTheFile() throws ConfigException {
        Settings settings = file("""
                listen: [{address: "127.0.0.1:1"}]
                admin: {address: "127.0.0.1:2", token: t}
                """).with(new Overrides(List.of("127.0.0.1:3", "[::1]:3"), "0.0.0.0:4",
                        List.of())).settings();

        assertThat(settings.listen()).containsExactly(new ListenSettings("127.0.0.1", 3, null),
                new ListenSettings("::1", 3, null));
        assertThat(settings.admin()).isEqualTo(new AdminSettings("0.0.0.0", 4, "t"));
    }

    @Test
    void addsTheProvidersOfFlagsBeforeThoseOfTheFile() throws ConfigException {
        Settings settings = file("providers: [{name: vllm, priority: 5}]").with(OPENAI_KEY)
                .with(new Overrides(List.of(), null,
                        List.of("openai", "mock=http://localhost:9101/v1"))).settings();

        assertThat(settings.providers()).extracting(
                each -> each.name() + " " + each.type().configName() + " " + each.baseUrl())
                .containsExactly("openai openai https://api.openai.com/v1",
                        "mock openai-compatible http://localhost:9101/v1",
                        "vllm vllm http://localhost:8000/v1");
        assertThat(settings.providers().get(0).keys())
                .containsExactly(new KeySettings("sk-1", 1));
    }

    @Test
    void takesTheProvidersOfFlagsInPlaceOfThoseOfTheEnvironment() throws ConfigException {
        Overrides flags = new Overrides(List.of(), null, List.of("groq=http://localhost:1/v1"));

        assertThat(ConfigLoader.fromEnvironment(OPENAI_KEY, flags).settings().providers())
                .extracting(ProviderSettings::name).containsExactly("groq");
    }

    @Test
    void movesAndEnablesAProviderOfTheFileByFlag() throws ConfigException {
        Loaded loaded = file("""
                providers:
                  - {name: openai, api_key_env: OPENAI_API_KEY, models: [m], enabled: false}
                """).with(new Overrides(List.of(), null, List.of("openai=http://localhost:1/v1")))
                .load();

        assertThat(loaded.warnings()).isEmpty();
        assertThat(loaded.settings().providers()).singleElement().satisfies(each -> {
            assertThat(each.enabled()).isTrue();
            assertThat(each.baseUrl()).hasToString("http://localhost:1/v1");
            assertThat(each.models()).containsExactly("m");
        });
    }

    @Test
    void reportsMistakesOfFlags() {
        Overrides flags = new Overrides(List.of("8080"), "x", List.of("mine", "a=b", "=http://h"));

        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> ConfigLoader.fromEnvironment(Map.of(), flags))
                .satisfies(e -> assertThat(e.problems()).extracting(Problem::toString)
                        .containsExactlyInAnyOrder(
                                "command line: --listen: unexpected value '8080', expected "
                                        + HostPort.EXPECTED,
                                "command line: --admin: unexpected value 'x', expected "
                                        + HostPort.EXPECTED,
                                "command line: --provider mine.base_url: missing, type "
                                        + "'openai-compatible' has no default, expected a URL "
                                        + "such as https://HOST/PATH",
                                "command line: --provider a: unexpected value 'b', expected "
                                        + "NAME=BASE_URL with a URL such as https://HOST/PATH",
                                "command line: --provider : no name, expected NAME or "
                                        + "NAME=BASE_URL"));
    }
}

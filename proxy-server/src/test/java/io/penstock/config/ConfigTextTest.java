package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

class ConfigTextTest {
    private static final String SECRET = "hush-hush-this-is-secret-0123456789";
    private static final String HASH = "sha256:" + "0123456789abcdef".repeat(4);

    @TempDir
    Path directory;

    private ConfigFixture file(String text) {
        return new ConfigFixture(directory, text);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> load(String yaml) {
        return (Map<String, Object>) new Load(LoadSettings.builder().build())
                .loadFromString(yaml);
    }

    @SuppressWarnings("unchecked")
    private static <T> T at(Object node, Object... path) {
        Object here = node;
        for (Object step : path) {
            here = step instanceof Integer index ? ((List<?>) here).get(index)
                    : ((Map<String, ?>) here).get(step);
        }
        return (T) here;
    }

    @Test
    void showsNoSecretWhereverItCameFrom() throws ConfigException {
        String text = file("""
                admin: {token: "%1$s"}
                providers:
                  - {name: openai, api_key_env: A, proxy: "http://me:%1$s@proxy.test:3128"}
                  - {name: b, type: vllm, api_keys: [{value: "%1$s"}, {value: "${A}"}],
                     base_url: "https://b.test/v1"}
                  - {name: c, type: bedrock, base_url: "https://c.test",
                     options: {region: eu-west-1, access_key_id: "%1$s",
                               secret_access_key: "%1$s"}}
                auth:
                  keys: [{id: "007", hash: "%2$s"}]
                  jwt: {secret: "%1$s"}
                redis: {url: "redis://:%1$s@r.test:6379/0"}
                observe: {otlp: {endpoint: "https://u:%1$s@t.test/?token=%1$s"}}
                """.formatted(SECRET, HASH)).with(Map.of("A", SECRET)).settings().text().yaml();

        assertThat(text).doesNotContain("hush-hush").doesNotContain("0123456789abcdef")
                .contains("redis://****@r.test",
                        "https://****@t.test/?token=****");
        Map<String, Object> all = load(text);
        assertThat(ConfigTextTest.<String>at(all, "admin", "token")).isEqualTo("****");
        assertThat(ConfigTextTest.<Object>at(all, "auth", "keys", 0))
                .asString().startsWith("{id=007, hash=****, models=[]");
        assertThat(ConfigTextTest.<Object>at(all, "providers", 2, "options")).isEqualTo(Map.of(
                "region", "****", "access_key_id", "****", "secret_access_key", "****"));
        assertThat(ConfigTextTest.<String>at(all, "providers", 0, "api_key_env")).isEqualTo("A");
    }

    @Test
    void writesDefaultsOut() throws ConfigException {
        Map<String, Object> all = load(file("""
                providers: [{name: openai, models: [gpt-4o, "gpt-*"], timeouts: {first_byte: 9s}}]
                resilience: interactive
                routes: [{model: smart, targets: [openai/gpt-4o]}]
                prices: {"gpt-*": {input: 1, output: 2.5}}
                observe: {access_log: {path: null}, log: {levels: {io.netty: warn}}}
                """).with(Map.of("OPENAI_API_KEY", "k")).settings().text().yaml());

        assertThat(ConfigTextTest.<Object>at(all, "listen")).hasToString(
                "[{address=127.0.0.1:8080, tls=null}]");
        assertThat(ConfigTextTest.<Object>at(all, "limits", "body")).isEqualTo("32MiB");
        assertThat(ConfigTextTest.<Object>at(all, "limits", "queue", "time")).isEqualTo("1s");
        assertThat(ConfigTextTest.<Object>at(all, "breaker", "failure_ratio")).isEqualTo(0.5);
        assertThat(ConfigTextTest.<Object>at(all, "observe", "access_log", "path")).isNull();
        assertThat(ConfigTextTest.<Object>at(all, "observe", "log", "levels"))
                .isEqualTo(Map.of("io.netty", "warn"));
        assertThat(ConfigTextTest.<Object>at(all, "prices", "gpt-*")).hasToString(
                "{input=1, output=2.5, cached_input=null}");
        Object provider = at(all, "providers", 0);
        assertThat(ConfigTextTest.<Object>at(provider, "type")).isEqualTo("openai");
        assertThat(ConfigTextTest.<Object>at(provider, "base_url"))
                .isEqualTo("https://api.openai.com/v1");
        assertThat(ConfigTextTest.<Object>at(provider, "api_key_env"))
                .isEqualTo("OPENAI_API_KEY");
        assertThat(ConfigTextTest.<Object>at(provider, "timeouts", "head")).isEqualTo("9s");
        assertThat(ConfigTextTest.<Object>at(provider, "timeouts", "gap"))
                .as("of the preset").isNotEqualTo("60s");
        assertThat(ConfigTextTest.<Object>at(all, "routes", 0)).hasToString("{model=smart, "
                + "targets=[{target=openai/gpt-4o, weight=1, context_window=null, timeouts=null}]"
                + ", strategy=priority, hedge=null, resilience=null, midstream=null, "
                + "hold={content_events=1, bytes=64KiB, time=null, min_events_per_second=0}, "
                + "on_cancel=cancel, affinity=null, cache=null}");
        assertThat(ConfigTextTest.<Object>at(all, "auth", "jwt")).isNull();
    }

    @Test
    void showsWhatFlagsAndEnvironmentBrought() throws ConfigException {
        Map<String, Object> all = load(ConfigLoader.fromEnvironment(Map.of("GROQ_API_KEY", SECRET,
                "JWT_SECRET", SECRET), new Overrides(List.of("127.0.0.1:7"), "127.0.0.1:8",
                List.of())).settings().text().yaml());

        assertThat(ConfigTextTest.<Object>at(all, "listen", 0, "address"))
                .isEqualTo("127.0.0.1:7");
        assertThat(ConfigTextTest.<Object>at(all, "admin", "address")).isEqualTo("127.0.0.1:8");
        assertThat(ConfigTextTest.<Object>at(all, "providers", 0, "name")).isEqualTo("groq");
        assertThat(ConfigTextTest.<Object>at(all, "auth", "jwt", "algorithm"))
                .isEqualTo("HS256");
    }
}

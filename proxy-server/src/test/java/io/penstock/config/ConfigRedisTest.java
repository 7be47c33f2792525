package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.redis.RedisSettings;
import io.penstock.redis.RedisSettings.OnFailure;
import io.penstock.redis.RedisUrl;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigRedisTest {
    private static final String PROVIDERS = "providers: [{name: vllm}]\n";

    @TempDir
    Path directory;

    private ConfigFixture file(String text) {
        return new ConfigFixture(directory, PROVIDERS + text);
    }

    @Test
    void readsTheSection() throws Exception {
        Path ca = Files.createFile(directory.resolve("ca.pem"));

        assertThat(file("redis: {url: \"rediss://:p@h:1/2\", on_failure: reject, "
                + "prefix: \"x:\", ca: \"" + ca + "\"}").settings().redis())
                .isEqualTo(new RedisSettings(RedisUrl.parse("rediss://:p@h:1/2"),
                        OnFailure.REJECT, "x:", ca));
        assertThat(file("").settings().redis()).isEqualTo(RedisSettings.NONE);
        assertThat(RedisSettings.NONE.isOn()).isFalse();
    }

    @Test
    void takesTheVariableWhereTheFileSaysNothing() throws Exception {
        Map<String, String> variable = Map.of("REDIS_URL", "redis://env");

        assertThat(file("redis: {on_failure: reject}").with(variable).settings().redis())
                .isEqualTo(new RedisSettings(RedisUrl.parse("redis://env"), OnFailure.REJECT,
                        "penstock:", null));
        assertThat(file("redis: {url: \"redis://file\"}").with(variable).settings().redis().url())
                .isEqualTo(RedisUrl.parse("redis://file"));
        assertThat(file("redis: {url: null}").with(variable).settings().redis().isOn()).isFalse();
    }

    @Test
    void saysWhatIsWrong() {
        assertThat(file("redis: {url: \"http://host\"}").mistakes()).containsExactly(
                "2:9: redis.url: unexpected value \"http://host\", expected a URL that begins "
                        + "with redis://, rediss://, redis-cluster:// or redis-sentinel://");
        assertThat(file("redis: {url: \"redis-sentinel://:secret@host\"}").mistakes())
                .containsExactly("2:9: redis.url: unexpected value, expected the master's name "
                        + "behind the sentinels, as in redis-sentinel://HOST:26379#mymaster");
        assertThat(file("redis: {prefix: \"a{b\", ca: \"/no/such\"}").mistakes())
                .containsExactly("2:9: redis.prefix: unexpected value, expected 1 to 64 printable "
                        + "characters without blanks and braces",
                        "2:24: redis.ca: /no/such cannot be read, expected a file");
        assertThat(file("").with(Map.of("REDIS_URL", "redis://h/x")).mistakes()).containsExactly(
                "environment: REDIS_URL: unexpected value, expected the number of a database "
                        + "behind the host, or nothing");
    }
}

package io.penstock.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.redis.RedisUrl.Host;
import io.penstock.redis.RedisUrl.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedisUrlTest {
    @Test
    void readsASingleServer() {
        assertThat(RedisUrl.parse("redis://h")).isEqualTo(new RedisUrl(Kind.SINGLE, false,
                List.of(new Host("h", 6379)), null, null, 0, null));
        assertThat(RedisUrl.parse("rediss://me:p%40s%2Fs@h.example:6380/3"))
                .isEqualTo(new RedisUrl(Kind.SINGLE, true, List.of(new Host("h.example", 6380)),
                        "me", "p@s/s", 3, null));
        assertThat(RedisUrl.parse("redis://:se:cret+@[::1]:1/")).isEqualTo(new RedisUrl(
                Kind.SINGLE, false, List.of(new Host("::1", 1)), null, "se:cret+", 0, null));
        assertThat(RedisUrl.parse("redis://secret@h").password()).isEqualTo("secret");
        assertThat(RedisUrl.parse("redis://:a/b@c@h").password()).isEqualTo("a/b@c");
    }

    @Test
    void readsAClusterAndSentinels() {
        assertThat(RedisUrl.parse("redis-cluster://:p@a:1,b")).isEqualTo(new RedisUrl(
                Kind.CLUSTER, false, List.of(new Host("a", 1), new Host("b", 6379)), null, "p", 0,
                null));
        assertThat(RedisUrl.parse("rediss-sentinel://a,b:2/4#my%20master"))
                .isEqualTo(new RedisUrl(Kind.SENTINEL, true,
                        List.of(new Host("a", 26379), new Host("b", 2)), null, null, 4,
                        "my master"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "http://h; begins with redis://",
        "h:6379; begins with redis://",
        "redis-tls://h; begins with redis://",
        "redis://; HOST or HOST:PORT",
        "redis://h:x; HOST or HOST:PORT",
        "redis://h:70000; HOST or HOST:PORT",
        "redis://u:a%zz@h; %25",
        "redis://h/one; number of a database",
        "redis://a,b; redis-cluster:// or redis-sentinel://",
        "redis-cluster://a/1; only the first",
        "redis-sentinel://a; master's name",
        "redis-sentinel://a#; master's name"})
    void saysWhatWasExpected(String url, String expected) {
        assertThatThrownBy(() -> RedisUrl.parse(url))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(expected);
    }

    @Test
    void showsNoPassword() {
        assertThat(RedisUrl.parse("redis-sentinel://me:secret@a:1,b:2/4#m"))
                .hasToString("redis-sentinel://****@a:1,b:2/4#m");
        assertThat(RedisUrl.parse("rediss://[::1]:5")).hasToString("rediss://[::1]:5");
    }
}

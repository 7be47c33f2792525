package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.provider.Authorization;
import io.penstock.provider.ProviderTypes;
import io.penstock.provider.Site;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class KeyPoolTest {
    private static final long NOW = Long.MAX_VALUE - 50; // clocks may overflow

    private static final Site SITE = new Site(URI.create("http://localhost/v1"));

    private static KeyPool pool(int... weights) {
        List<KeySettings> keys = new ArrayList<>();
        for (int weight : weights) {
            keys.add(new KeySettings("secret-key-" + keys.size(), weight));
        }
        return new KeyPool(keys,
                keys.stream().map(key -> Authorization.bearer(key.value())).toList());
    }

    private static String take(KeyPool pool, long now, int times) {
        StringBuilder taken = new StringBuilder();
        for (int i = 0; i < times; i++) {
            ProviderKey key = pool.next(now);
            taken.append(key == null ? "-" : pool.keys().indexOf(key));
        }
        return taken.toString();
    }

    @Test
    void takesItsKeysInTurnByTheirWeights() {
        assertThat(take(pool(1), NOW, 3)).isEqualTo("000");
        assertThat(take(pool(1, 1), NOW, 4)).isEqualTo("0101");
        assertThat(take(pool(5, 1, 1), NOW, 14)).isEqualTo("00102000010200");
    }

    @Test
    void passesOverKeysThatRest() {
        KeyPool pool = pool(1, 1, 1);
        pool.keys().get(1).rest(NOW, 100, true);

        assertThat(take(pool, NOW, 4)).doesNotContain("1");
        assertThat(take(pool, NOW + 99, 4)).doesNotContain("1");
        assertThat(take(pool, NOW + 100, 3)).contains("1");
    }

    @Test
    void hasNoneWhileAllRest() {
        KeyPool single = pool(1);
        single.keys().get(0).rest(NOW, 10, false);
        assertThat(take(single, NOW, 1)).isEqualTo("-");
        assertThat(take(single, NOW + 10, 1)).isEqualTo("0");

        KeyPool two = pool(1, 2);
        two.keys().forEach(key -> key.rest(NOW, 10, false));
        assertThat(take(two, NOW, 1)).isEqualTo("-");
    }

    @Test
    void knowsWhenSomeKeyIsReady() {
        KeyPool pool = pool(1, 1);
        assertThat(pool.readyInNanos(NOW)).isZero();
        pool.keys().get(0).rest(NOW, 300, true);
        assertThat(pool.readyInNanos(NOW)).isZero();
        pool.keys().get(1).rest(NOW, 200, true);
        assertThat(pool.readyInNanos(NOW)).isEqualTo(200);
        assertThat(pool.readyInNanos(NOW + 150)).isEqualTo(50);
        assertThat(pool.readyInNanos(NOW + 200)).isZero();
    }

    @Test
    void needsNoKeyWhereTheProviderWantsNone() {
        KeyPool none = pool();

        assertThat(none.isEmpty()).isTrue();
        assertThat(none.readyInNanos(NOW)).isZero();
        assertThat(none.next(NOW)).isNull();
        assertThat(none.leastBad(NOW)).isNull();
    }

    @Test
    void asksAKeyAllTheSameOnlyIfItsRestWasAGuess() {
        KeyPool pool = pool(1, 1, 1);
        pool.keys().get(0).rest(NOW, 10, true);
        assertThat(pool.leastBad(NOW)).isNotEqualTo(pool.keys().get(0));
        pool.keys().get(1).rest(NOW, 300, false);
        pool.keys().get(2).rest(NOW, 200, false);
        assertThat(pool.leastBad(NOW)).isEqualTo(pool.keys().get(2));

        KeyPool strict = pool(1);
        strict.keys().get(0).rest(NOW, 10, true);
        assertThat(strict.leastBad(NOW)).isNull();
    }

    @Test
    void theLongerRestWins() {
        ProviderKey key = pool(1).keys().get(0);
        key.rest(NOW, 100, true);
        key.rest(NOW, 50, false);
        assertThat(key.restNanos(NOW)).isEqualTo(100);
        assertThat(key.restsByProvidersWord()).isTrue();
        key.rest(NOW, 200, false);
        assertThat(key.restNanos(NOW)).isEqualTo(200);
        assertThat(key.restsByProvidersWord()).isFalse();
    }

    @Test
    void aRestThatIsOverIsForgotten() {
        ProviderKey key = pool(1).keys().get(0);
        key.rest(NOW, 100, true);
        assertThat(key.restNanos(NOW + 100)).isZero();
        key.rest(NOW + 200, 1, false);
        assertThat(key.restNanos(NOW + 200)).isEqualTo(1);
        assertThat(key.restsByProvidersWord()).isFalse();
    }

    @Test
    void showsTheKeyAsTheProviderWantsIt() {
        assertThat(Stream.of(ProviderTypes.OPENAI, ProviderTypes.ANTHROPIC, ProviderTypes.AZURE)
                .map(type -> (Authorization.Fixed) type.authorization("k3y", SITE))
                .map(fixed -> new String(fixed.lines(), StandardCharsets.US_ASCII)))
                .containsExactly("authorization: Bearer k3y\r\n", "x-api-key: k3y\r\n",
                        "api-key: k3y\r\n");
    }

    @Test
    void neverShowsAKeyToPeople() {
        KeySettings settings = new KeySettings("sk-0123456789abcdef", 1);
        assertThat(settings.masked()).isEqualTo("****cdef");
        assertThat(settings.toString()).doesNotContain("0123456789");
        assertThat(new KeySettings("short", 1).masked()).isEqualTo("****");
    }
}

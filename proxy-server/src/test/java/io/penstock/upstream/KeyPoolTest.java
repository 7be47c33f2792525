package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.penstock.provider.Authorization;
import io.penstock.provider.ProviderTypes;
import io.penstock.provider.Site;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KeyPoolTest {
    private static final long NOW = Long.MAX_VALUE - 50; // clocks may overflow

    private static final Site SITE = new Site(URI.create("http://localhost/v1"));

    private static KeyPool pool(int... weights) {
        List<KeySettings> keys = new ArrayList<>();
        for (int weight : weights) {
            keys.add(new KeySettings("secret-key-" + keys.size(), weight));
        }
        return new KeyPool("p", keys,
                keys.stream().map(key -> Authorization.bearer(key.value())).toList());
    }

    private static String take(KeyPool pool, long now, int times) {
        return take(pool, "m", now, times);
    }

    private static String take(KeyPool pool, String model, long now, int times) {
        StringBuilder taken = new StringBuilder();
        for (int i = 0; i < times; i++) {
            ProviderKey key = pool.next(model, now);
            taken.append(key == null ? "-" : pool.keys().indexOf(key));
        }
        return taken.toString();
    }

    private static void rest(KeyPool pool, int key, Backoff.Scope scope, long nanos,
            boolean byProvidersWord) {
        pool.rest(pool.isEmpty() ? null : pool.keys().get(key), "m",
                new Backoff(scope, nanos, byProvidersWord, RetryAfter.NONE), NOW);
    }

    @Test
    void takesItsKeysInTurnByTheirWeights() {
        assertThat(take(pool(1), NOW, 3)).isEqualTo("000");
        assertThat(take(pool(1, 1), NOW, 4)).isEqualTo("0101");
        assertThat(take(pool(5, 1, 1), NOW, 14)).isEqualTo("00102000010200");
    }

    @ParameterizedTest
    @EnumSource(value = Backoff.Scope.class, names = {"MODEL", "KEY", "BAD_KEY"})
    void passesOverKeysThatRest(Backoff.Scope scope) {
        KeyPool pool = pool(1, 1, 1);
        rest(pool, 1, scope, 100, true);

        assertThat(take(pool, NOW, 4)).doesNotContain("1");
        assertThat(take(pool, NOW + 99, 4)).doesNotContain("1");
        assertThat(take(pool, NOW + 100, 3)).contains("1");
    }

    @Test
    void hasNoneWhileAllRest() {
        KeyPool single = pool(1);
        rest(single, 0, Backoff.Scope.MODEL, 10, false);
        assertThat(take(single, NOW, 1)).isEqualTo("-");
        assertThat(take(single, NOW + 10, 1)).isEqualTo("0");

        KeyPool two = pool(1, 2);
        rest(two, 0, Backoff.Scope.MODEL, 10, false);
        rest(two, 1, Backoff.Scope.KEY, 10, false);
        assertThat(take(two, NOW, 1)).isEqualTo("-");
    }

    @Test
    void aModelsRestLeavesTheOthersBe() {
        KeyPool pool = pool(1);
        rest(pool, 0, Backoff.Scope.MODEL, 100, true);

        assertThat(take(pool, "m", NOW, 1)).isEqualTo("-");
        assertThat(take(pool, "other", NOW, 1)).isEqualTo("0");
        assertThat(pool.readyInNanos("m", NOW)).isEqualTo(100);
        assertThat(pool.readyInNanos("other", NOW)).isZero();
        assertThat(pool.mayAskAtRest("m", NOW)).isFalse();
        assertThat(pool.mayAskAtRest("other", NOW)).isTrue();
        assertThat(pool.keys().get(0).restNanos(NOW)).isZero();
        assertThat(pool.readyInNanos(NOW)).isZero();
        assertThat(pool.restsOfModels(NOW)).containsExactly(entry("m", 100L));
        assertThat(pool.restsOfModels(NOW + 100)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(value = Backoff.Scope.class, names = {"KEY", "BAD_KEY"})
    void aKeysRestIsOneOfAllModels(Backoff.Scope scope) {
        KeyPool pool = pool(1);
        rest(pool, 0, scope, 100, true);
        rest(pool, 0, Backoff.Scope.MODEL, 300, true);

        assertThat(pool.readyInNanos("other", NOW)).isEqualTo(100);
        assertThat(pool.readyInNanos("m", NOW)).isEqualTo(300);
        assertThat(pool.readyInNanos(NOW)).isEqualTo(100);
        assertThat(pool.keys().get(0).restNanos(NOW)).isEqualTo(100);
    }

    @Test
    void knowsExactlyWhenSomeKeyIsReady() {
        KeyPool pool = pool(1, 1);
        assertThat(pool.readyInNanos("m", NOW)).isZero();
        rest(pool, 0, Backoff.Scope.MODEL, 300, true);
        assertThat(pool.readyInNanos("m", NOW)).isZero();
        assertThat(pool.hasAnotherReady("m", NOW)).isTrue();
        assertThat(pool.restsOfModels(NOW)).isEmpty();
        rest(pool, 1, Backoff.Scope.MODEL, 201, true);
        assertThat(pool.hasAnotherReady("m", NOW)).isFalse();
        assertThat(pool.readyInNanos("m", NOW)).isEqualTo(201);
        assertThat(pool.readyInNanos("m", NOW + 150)).isEqualTo(51);
        assertThat(pool.readyInNanos("m", NOW + 200)).isEqualTo(1);
        assertThat(pool.readyInNanos("m", NOW + 201)).isZero();
    }

    @Test
    void needsNoKeyWhereTheProviderWantsNone() {
        KeyPool none = pool();

        assertThat(none.isEmpty()).isTrue();
        assertThat(none.readyInNanos("m", NOW)).isZero();
        assertThat(none.choose("m", NOW)).isNull();
        assertThat(none.mayAskAtRest("m", NOW)).isTrue();
    }

    @Test
    void aProviderThatWantsNoKeyRestsAllTheSame() {
        KeyPool none = pool();
        rest(none, 0, Backoff.Scope.MODEL, 100, true);

        assertThat(none.readyInNanos("m", NOW)).isEqualTo(100);
        assertThat(none.readyInNanos("other", NOW)).isZero();
        assertThat(none.mayAskAtRest("m", NOW)).isFalse();
        assertThat(none.restsOfModels(NOW)).containsExactly(entry("m", 100L));
        assertThat(none.readyInNanos("m", NOW + 100)).isZero();
        assertThat(none.mayAskAtRest("m", NOW + 100)).isTrue();

        rest(none, 0, Backoff.Scope.KEY, 150, false);
        assertThat(none.readyInNanos("other", NOW)).isEqualTo(150);
        assertThat(none.readyInNanos(NOW)).isEqualTo(150);
        assertThat(none.mayAskAtRest("other", NOW)).isTrue();
    }

    @Test
    void noKeyCannotBeABadOne() {
        KeyPool none = pool();
        rest(none, 0, Backoff.Scope.BAD_KEY, 100, false);

        assertThat(none.readyInNanos("m", NOW)).isZero();
    }

    @Test
    void asksAKeyAllTheSameOnlyIfItsRestWasAGuess() {
        KeyPool pool = pool(1, 1, 1);
        rest(pool, 0, Backoff.Scope.MODEL, 10, true);
        rest(pool, 1, Backoff.Scope.MODEL, 300, false);
        rest(pool, 2, Backoff.Scope.KEY, 200, false);
        assertThat(pool.mayAskAtRest("m", NOW)).isTrue();
        assertThat(pool.choose("m", NOW)).isEqualTo(pool.keys().get(2));

        rest(pool, 2, Backoff.Scope.MODEL, 5, true);
        assertThat(pool.choose("m", NOW)).isEqualTo(pool.keys().get(1));
        assertThat(pool.choose("m", NOW + 5)).isEqualTo(pool.keys().get(2));

        KeyPool strict = pool(1);
        rest(strict, 0, Backoff.Scope.MODEL, 10, true);
        assertThat(strict.mayAskAtRest("m", NOW)).isFalse();
        assertThat(strict.choose("m", NOW)).isEqualTo(strict.keys().get(0));
    }

    @Test
    void theLongerRestWins() {
        KeyPool pool = pool(1);
        rest(pool, 0, Backoff.Scope.MODEL, 100, true);
        rest(pool, 0, Backoff.Scope.MODEL, 50, false);
        assertThat(pool.readyInNanos("m", NOW)).isEqualTo(100);
        assertThat(pool.mayAskAtRest("m", NOW)).isFalse();
        rest(pool, 0, Backoff.Scope.MODEL, 200, false);
        assertThat(pool.readyInNanos("m", NOW)).isEqualTo(200);
        assertThat(pool.mayAskAtRest("m", NOW)).isTrue();
    }

    @Test
    void tellsOthersOfRests() {
        KeyPool pool = pool(1, 1);
        List<String> told = new ArrayList<>();
        pool.tell(new Weather() {
            @Override
            public void onRest(String provider, String key, String model, long nanos,
                    boolean byProvidersWord) {
                told.add(provider + " " + key.equals(pool.keys().get(1).fingerprint()) + " "
                        + model + " " + nanos + " " + byProvidersWord);
            }

            @Override
            public void onBreakerOpened(String provider, String model, long nanos) {}
        });
        rest(pool, 1, Backoff.Scope.MODEL, 100, true);
        rest(pool, 1, Backoff.Scope.BAD_KEY, 200, false);
        rest(pool, 1, Backoff.Scope.NOTHING, 0, false);

        assertThat(told).containsExactly("p true m 100 true", "p true  200 false");
        assertThat(pool.keys().get(1).fingerprint()).hasSize(16).doesNotContain("secret")
                .isNotEqualTo(pool.keys().get(0).fingerprint());
    }

    @Test
    void restsAsOthersSay() {
        KeyPool pool = pool(1, 1);
        String fingerprint = pool.keys().get(0).fingerprint();
        pool.restAsToldBy(fingerprint, "m", 100, true, NOW);
        pool.restAsToldBy("", "m", 900, true, NOW); // it wants keys
        pool.restAsToldBy("another", "m", 900, true, NOW);

        assertThat(take(pool, NOW, 2)).isEqualTo("11");
        assertThat(take(pool, "other", NOW, 2)).contains("0");
        pool.restAsToldBy(fingerprint, "", 100, true, NOW);
        assertThat(take(pool, "other", NOW, 2)).isEqualTo("11");
        assertThat(pool.readyInNanos("m", NOW)).isZero();
    }

    @Test
    void noRestAtAllIsNone() {
        KeyPool pool = pool(1);
        rest(pool, 0, Backoff.Scope.NOTHING, 0, false);

        assertThat(pool.readyInNanos("m", NOW)).isZero();
        assertThat(pool.restsOfModels(NOW)).isEmpty();
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

package io.penstock.auth;

import static io.penstock.auth.JwksFixture.jwk;
import static io.penstock.auth.JwksFixture.set;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.security.KeyPair;
import java.text.ParseException;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyRingTest {
    private static final TokenAlgorithm ES256 = TokenAlgorithm.ES256;

    private final KeyPair pair = TokenFixture.newPair(ES256);

    private static String with(String jwk, String json) {
        return jwk.substring(0, jwk.length() - 1) + "," + json + "}";
    }

    @ParameterizedTest
    @EnumSource(value = TokenAlgorithm.class, mode = EnumSource.Mode.EXCLUDE,
            names = {"HS256", "HS384", "HS512"})
    void takesTheKeysOfEachKindAndPassesOverTheOthers(TokenAlgorithm algorithm) throws Exception {
        String text = set(jwk(TokenFixture.pair(TokenAlgorithm.RS256), "rsa"),
                jwk(TokenFixture.pair(TokenAlgorithm.ES256), "p256"),
                jwk(TokenFixture.pair(TokenAlgorithm.ES384), "p384"),
                jwk(TokenFixture.pair(TokenAlgorithm.ES512), "p521"),
                jwk(TokenFixture.pair(TokenAlgorithm.EDDSA), "ed"),
                "{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"secret\"}");
        String id = switch (algorithm.family()) {
            case SECRET -> "secret";
            case RSA -> "rsa";
            case EC -> "p" + algorithm.curve().getStdName().replaceAll("\\D*(\\d+)r1", "$1");
            case ED25519 -> "ed";
        };

        KeyRing ring = KeyRing.parse(algorithm, text);

        assertThat(ring.size()).isEqualTo(1);
        assertThat(ring.candidates(id)).hasSize(1);
        assertThat(ring.candidates("other")).isEmpty();
        assertThat(ring.candidates(null)).hasSize(1);
    }

    @Test
    void passesOverAnRsaKeyThatIsTooShort() throws Exception {
        assertThat(KeyRing.parse(TokenAlgorithm.RS256,
                set(jwk(TokenFixture.rsaPair(1024), "short"))).isEmpty()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"use\":\"enc\"", "\"key_ops\":[\"sign\"]", "\"alg\":\"ES384\"",
        "\"alg\":\"ECDH-ES\""})
    void passesOverKeysForOtherPurposes(String json) throws Exception {
        assertThat(KeyRing.parse(ES256, set(with(jwk(pair, "a"), json))).isEmpty()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"use\":\"sig\"", "\"key_ops\":[\"verify\"]", "\"alg\":\"ES256\"",
        "\"x-other\":1"})
    void takesKeysThatSayTheyAreForThis(String json) throws Exception {
        assertThat(KeyRing.parse(ES256, set(with(jwk(pair, "a"), json))).size()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"7", "null", "[]", "{}", "{\"kty\":7}", "{\"kty\":\"EC\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}", "{\"kty\":\"new\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}"})
    void losesNoKeyToABrokenOne(String broken) throws Exception {
        assertThat(KeyRing.parse(ES256, set(broken, jwk(pair, "a"))).candidates("a")).hasSize(1);
        assertThat(KeyRing.parse(TokenAlgorithm.EDDSA, set(broken)).isEmpty()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "[]", "null", "{}", "{\"keys\":{}}", "{\"keys\":null}",
        "<html>"})
    void refusesWhatIsNoSet(String text) {
        assertThatExceptionOfType(ParseException.class)
                .isThrownBy(() -> KeyRing.parse(ES256, text));
    }

    @Test
    void refusesASetWithMoreKeysThanItsBound() throws Exception {
        String[] keys = Collections.nCopies(KeyRing.MAX_KEYS + 1, jwk(pair, "a"))
                .toArray(String[]::new);

        assertThatExceptionOfType(ParseException.class)
                .isThrownBy(() -> KeyRing.parse(ES256, set(keys)))
                .withMessage("more than 100 keys");
        keys[0] = "{}"; // of no use, so it doesn't count
        assertThat(KeyRing.parse(ES256, set(keys)).size()).isEqualTo(KeyRing.MAX_KEYS);
    }

    @Test
    void triesKeysWithoutAnIdForATokenWithOne() throws Exception {
        KeyRing ring = KeyRing.parse(ES256, set(jwk(pair, null),
                jwk(TokenFixture.newPair(ES256), "a")));

        assertThat(ring.candidates("a")).hasSize(1);
        assertThat(ring.candidates("b")).hasSize(1).isNotEqualTo(ring.candidates("a"));
        assertThat(ring.candidates(null)).hasSize(2);
    }

    @Test
    void isTheSameRingInWhateverOrderItsKeysCome() throws Exception {
        KeyPair other = TokenFixture.newPair(ES256);
        KeyRing ring = KeyRing.parse(ES256, set(jwk(pair, "a"), jwk(other, "b")));

        assertThat(ring.hasKeysOf(KeyRing.parse(ES256, set(jwk(other, "b"), jwk(pair, "a")))))
                .isTrue();
        assertThat(ring.hasKeysOf(KeyRing.parse(ES256, set(jwk(other, "a"), jwk(pair, "b")))))
                .isFalse();
        assertThat(ring.hasKeysOf(KeyRing.parse(ES256, set(jwk(pair, "a"))))).isFalse();
    }
}

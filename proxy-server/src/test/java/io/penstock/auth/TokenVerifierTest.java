package io.penstock.auth;

import static io.penstock.auth.TokenFixture.SECRET;
import static io.penstock.auth.TokenFixture.hs256;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import io.penstock.caller.Allowance;
import io.penstock.caller.Authentication;
import io.penstock.caller.Caller;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenVerifierTest {
    private static final long NOW = 1_800_000_000_000L;
    private static final long NOW_SECONDS = NOW / 1000;
    private static final String HEADER = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";

    private final CredentialHash hash = new CredentialHash();
    private final TokenVerifier plain = verifier(TokenFixture.settings(SECRET));

    private static TokenVerifier verifier(JwtSettings settings) {
        return new TokenVerifier(settings, KeySource.of(settings), TokenFixture.GLOBS);
    }

    private Authentication verify(TokenVerifier verifier, String token) {
        byte[] bytes = token.getBytes(StandardCharsets.US_ASCII);
        return verifier.verify(hash.of(bytes, 0, bytes.length), token, NOW);
    }

    /** A good token of alice's with these claims changed; null takes one away. */
    private static String with(Object... changes) {
        Map<String, Object> claims = TokenFixture.claims(NOW);
        for (int i = 0; i < changes.length; i += 2) {
            if (changes[i + 1] == null) {
                claims.remove((String) changes[i]);
            } else {
                claims.put((String) changes[i], changes[i + 1]);
            }
        }
        return TokenFixture.token(claims);
    }

    /** The same with one claim as JSON text. */
    private static String withJson(String name, String json) {
        return hs256(HEADER, "{\"sub\":\"alice\",\"exp\":" + (NOW_SECONDS + 60) + ",\"" + name
                + "\":" + json + "}", SECRET);
    }

    private Caller caller(TokenVerifier verifier, String token) {
        assertThat(verify(verifier, token)).isInstanceOf(Caller.class);
        return (Caller) verify(verifier, token);
    }

    // Who

    @Test
    void namesTheCallerByTheSubject() {
        Caller caller = caller(plain, with());

        assertThat(caller.id()).isEqualTo("jwt:alice").isEqualTo(caller.account());
        assertThat(caller.mayUse("anything")).isTrue();
        assertThat(caller.allowance()).isEqualTo(Allowance.UNBOUNDED);
    }

    @ParameterizedTest
    @EnumSource(TokenAlgorithm.class)
    void verifiesEveryAlgorithmAndNoOther(TokenAlgorithm algorithm) {
        JwtSettings settings;
        TokenSigner signer;
        if (algorithm.needsSecret()) {
            JwtKeySettings.Secret secret = new JwtKeySettings.Secret(SECRET);
            settings = TokenFixture.settings(algorithm, secret);
            signer = TokenSigner.of(algorithm, secret);
        } else {
            KeyPair pair = TokenFixture.pair(algorithm);
            settings = TokenFixture.settings(algorithm,
                    new JwtKeySettings.PublicPem(pair.getPublic()));
            signer = TokenSigner.of(algorithm, pair.getPrivate());
        }
        TokenVerifier verifier = verifier(settings);
        String token = signer.sign(null, TokenFixture.claims(NOW));

        assertThat(caller(verifier, token).id()).isEqualTo("jwt:alice");
        assertThat(verify(verifier, tampered(token))).isEqualTo(Denial.BAD_SIGNATURE);
        assertThat(verify(verifier, otherSubject(token))).isEqualTo(Denial.BAD_SIGNATURE);
        assertThat(verify(verifier, token.substring(0, token.lastIndexOf('.') + 1)))
                .isEqualTo(Denial.BAD_SIGNATURE);
        for (TokenAlgorithm other : TokenAlgorithm.values()) {
            if (other != algorithm) {
                String relabelled = Base64URL.encode("{\"alg\":\"" + other.text() + "\"}")
                        + token.substring(token.indexOf('.'));
                assertThat(verify(verifier, relabelled)).isEqualTo(Denial.OTHER_ALGORITHM);
            }
        }
    }

    private static String tampered(String token) {
        int at = token.lastIndexOf('.') + 5;
        char other = token.charAt(at) == 'A' ? 'B' : 'A';
        return token.substring(0, at) + other + token.substring(at + 1);
    }

    private static String otherSubject(String token) {
        Map<String, Object> claims = TokenFixture.claims(NOW);
        claims.put("sub", "root");
        return token.substring(0, token.indexOf('.') + 1)
                + Base64URL.encode(JSONObjectUtils.toJSONString(claims))
                + token.substring(token.lastIndexOf('.'));
    }

    @Test
    void takesASignatureInOneSpellingOnly() {
        String token = with(); // 32 bytes: the last of 43 characters holds four bits
        char last = token.charAt(token.length() - 1);
        String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        char same = alphabet.charAt(alphabet.indexOf(last) ^ 1);

        assertThat(verify(plain, token.substring(0, token.length() - 1) + same))
                .isEqualTo(Denial.BAD_SIGNATURE);
    }

    // What a header may not say

    @ParameterizedTest
    @ValueSource(strings = {"none", "None", "NONE", "nOnE", "", "HS384", "hs256", "HS256 ", "RS256",
        "ES256", "EdDSA", "dir", "A128KW"})
    void refusesEveryOtherAlgorithmByName(String algorithm) {
        String payload = JSONObjectUtils.toJSONString(TokenFixture.claims(NOW));
        String header = "{\"alg\":\"" + algorithm + "\"}";

        assertThat(verify(plain, hs256(header, payload, SECRET)))
                .isEqualTo(Denial.OTHER_ALGORITHM);
        assertThat(verify(plain, Base64URL.encode(header) + "." + Base64URL.encode(payload) + "."))
                .isEqualTo(Denial.OTHER_ALGORITHM);
    }

    @Test
    void refusesAPublicKeyThatIsUsedAsASecret() {
        KeyPair pair = TokenFixture.pair(TokenAlgorithm.RS256);
        TokenVerifier verifier = verifier(TokenFixture.settings(TokenAlgorithm.RS256,
                new JwtKeySettings.PublicPem(pair.getPublic())));
        String payload = JSONObjectUtils.toJSONString(TokenFixture.claims(NOW));
        String pem = TokenFixture.pem("PUBLIC KEY", pair.getPublic().getEncoded());

        for (String alg : List.of("HS256", "RS256")) {
            assertThat(verify(verifier, hs256("{\"alg\":\"" + alg + "\"}", payload, pem)))
                    .isEqualTo(alg.equals("HS256") ? Denial.OTHER_ALGORITHM
                            : Denial.BAD_SIGNATURE);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}", "{\"alg\":\"HS256\",\"crit\":[]}",
        "{\"alg\":\"HS256\",\"b64\":false}", "{\"alg\":\"HS256\",\"b64\":true,\"crit\":[\"b64\"]}",
        "{\"alg\":\"HS256\",\"zip\":\"DEF\"}", "{\"alg\":\"HS256\",\"enc\":\"A128GCM\"}",
        "{\"alg\":\"HS256\",\"cty\":\"JWT\"}", "{\"alg\":\"HS256\",\"typ\":\"dpop+jwt\"}",
        "{\"alg\":\"HS256\",\"typ\":7}", "{\"alg\":\"HS256\",\"kid\":7}",
        "{\"alg\":\"HS256\",\"kid\":[\"a\"]}", "{\"alg\":[\"HS256\"]}", "{\"alg\":null}", "{}",
        "[[\"alg\",\"HS256\"]]",
        "{\"alg\":\"none\",\"alg\":\"HS256\"}", "{\"alg\":\"HS256\"", "null", "[]", "", "x",
        "{\"alg\":\"HS256\"}x"})
    void refusesAHeaderThatIsBrokenOrAsksForMore(String header) {
        assertThat(verify(plain, hs256(header,
                JSONObjectUtils.toJSONString(TokenFixture.claims(NOW)), SECRET)))
                .isEqualTo(Denial.MALFORMED_TOKEN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"JWT", "jwt", "at+jwt", "application/at+jwt", "application/JWT"})
    void takesTheTypesOfAccessTokens(String type) {
        assertThat(caller(plain, hs256("{\"alg\":\"HS256\",\"typ\":\"" + type + "\"}",
                JSONObjectUtils.toJSONString(TokenFixture.claims(NOW)), SECRET)).id())
                .isEqualTo("jwt:alice");
    }

    /** A header that brings its own key would be believed by whoever looks at it. */
    @Test
    void looksAtNoKeyThatATokenBringsAlong() {
        KeyPair mine = TokenFixture.newPair(TokenAlgorithm.ES256);
        KeyPair theirs = TokenFixture.newPair(TokenAlgorithm.ES256);
        TokenVerifier verifier = verifier(TokenFixture.settings(TokenAlgorithm.ES256,
                new JwtKeySettings.PublicPem(theirs.getPublic())));
        String jwk = new com.nimbusds.jose.jwk.ECKey.Builder(com.nimbusds.jose.jwk.Curve.P_256,
                (java.security.interfaces.ECPublicKey) mine.getPublic()).build().toJSONString();
        String forged = TokenSigner.of(TokenAlgorithm.ES256, mine.getPrivate())
                .sign(null, TokenFixture.claims(NOW));
        String header = "{\"alg\":\"ES256\",\"jwk\":" + jwk + ",\"jku\":\"http://evil.example\"}";

        assertThat(verify(verifier, Base64URL.encode(header)
                + forged.substring(forged.indexOf('.')))).isEqualTo(Denial.BAD_SIGNATURE);
    }

    @Test
    void refusesASignatureOfNothingButZeros() {
        TokenVerifier verifier = verifier(TokenFixture.settings(TokenAlgorithm.ES256,
                new JwtKeySettings.PublicPem(
                        TokenFixture.newPair(TokenAlgorithm.ES256).getPublic())));
        String text = Base64URL.encode("{\"alg\":\"ES256\"}") + "."
                + Base64URL.encode(JSONObjectUtils.toJSONString(TokenFixture.claims(NOW)));

        for (int length : new int[] {0, 1, 63, 64, 65, 256}) {
            assertThat(verify(verifier, text + "." + Base64URL.encode(new byte[length])))
                    .as("%d bytes", length).isEqualTo(Denial.BAD_SIGNATURE);
        }
    }

    // Keys by their ids

    private static KeySource source(KeyRing ring, boolean[] asked) {
        return new KeySource() {
            @Override
            public KeyRing ring() {
                return ring;
            }

            @Override
            public boolean askAgain() {
                asked[0] = true;
                return asked[1];
            }

            @Override
            public void start() {}

            @Override
            public void close() {}
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"../../dev/null\"", "\"' OR 1=1 --\"", "\"\"", "\"\\u0000\""})
    void takesAKeyIdForNothingButAName(String id) throws Exception {
        assertNobodyKnows(id);
    }

    @Test
    void takesAHugeKeyIdForNothingButAName() throws Exception {
        assertNobodyKnows("\"" + "k".repeat(7000) + "\"");
    }

    private void assertNobodyKnows(String id) throws Exception {
        KeyPair pair = TokenFixture.newPair(TokenAlgorithm.ES256);
        KeyRing ring = KeyRing.parse(TokenAlgorithm.ES256, JwksFixture.set(
                JwksFixture.jwk(pair, "one")));
        boolean[] asked = new boolean[2];
        TokenVerifier verifier = new TokenVerifier(TokenFixture.settings(TokenAlgorithm.ES256,
                new JwtKeySettings.PublicPem(pair.getPublic())), source(ring, asked),
                TokenFixture.GLOBS);
        String token = Base64URL.encode("{\"alg\":\"ES256\",\"kid\":" + id + "}") + "."
                + Base64URL.encode("{\"exp\":1900000000}") + ".AAAA";

        assertThat(verify(verifier, token)).isEqualTo(Denial.UNKNOWN_SIGNER);
        assertThat(asked[0]).isTrue();
        asked[1] = true; // the keys are on their way
        assertThat(verify(verifier, token)).isEqualTo(Denial.KEYS_AWAY);
    }

    @Test
    void picksTheKeyByItsIdAndTriesAllWhereATokenHasNone() throws Exception {
        KeyPair one = TokenFixture.newPair(TokenAlgorithm.ES256);
        KeyPair two = TokenFixture.newPair(TokenAlgorithm.ES256);
        KeyRing ring = KeyRing.parse(TokenAlgorithm.ES256, JwksFixture.set(
                JwksFixture.jwk(one, "one"), JwksFixture.jwk(two, "two")));
        TokenVerifier verifier = new TokenVerifier(TokenFixture.settings(TokenAlgorithm.ES256,
                new JwtKeySettings.PublicPem(one.getPublic())), source(ring, new boolean[2]),
                TokenFixture.GLOBS);
        TokenSigner signer = TokenSigner.of(TokenAlgorithm.ES256, two.getPrivate());

        assertThat(caller(verifier, signer.sign("two", TokenFixture.claims(NOW))).id())
                .isEqualTo("jwt:alice");
        assertThat(caller(verifier, signer.sign(null, TokenFixture.claims(NOW))).id())
                .isEqualTo("jwt:alice");
        assertThat(verify(verifier, signer.sign("one", TokenFixture.claims(NOW))))
                .isEqualTo(Denial.BAD_SIGNATURE);
    }

    @Test
    void saysThatKeysAreAwayWhereThereAreNone() {
        boolean[] asked = new boolean[2];
        TokenVerifier verifier = new TokenVerifier(TokenFixture.settings(SECRET),
                source(null, asked), TokenFixture.GLOBS);

        assertThat(verify(verifier, with())).isEqualTo(Denial.KEYS_AWAY);
        assertThat(asked[0]).isTrue();
        assertThat(verify(verifier, Base64URL.encode("{}") + ".e30."))
                .isEqualTo(Denial.MALFORMED_TOKEN);
    }

    // When

    @Test
    void refusesATokenBeforeItsTimeAndFromItsEndOnWithSomeLeeway() {
        assertThat(verify(plain, with("exp", NOW_SECONDS - 30))).isEqualTo(Denial.TOKEN_EXPIRED);
        assertThat(verify(plain, with("exp", NOW_SECONDS - 29))).isInstanceOf(Caller.class);
        assertThat(verify(plain, with("exp", 0L))).isEqualTo(Denial.TOKEN_EXPIRED);
        assertThat(verify(plain, with("exp", NOW_SECONDS + 0.5))).isInstanceOf(Caller.class);
        assertThat(verify(plain, with("exp", Long.MAX_VALUE))).isInstanceOf(Caller.class);
        for (String begin : List.of("nbf", "iat")) {
            assertThat(verify(plain, with(begin, NOW_SECONDS + 31)))
                    .isEqualTo(Denial.TOKEN_NOT_YET_VALID);
            assertThat(verify(plain, with(begin, NOW_SECONDS + 30))).isInstanceOf(Caller.class);
            assertThat(verify(plain, with(begin, Long.MAX_VALUE)))
                    .isEqualTo(Denial.TOKEN_NOT_YET_VALID);
        }
    }

    @Test
    void looksAtNoSignatureOfATokenThatIsOver() {
        boolean[] asked = new boolean[2];
        TokenVerifier verifier = new TokenVerifier(TokenFixture.settings(SECRET),
                source(null, asked), TokenFixture.GLOBS);

        assertThat(verify(verifier, with("exp", 1L))).isEqualTo(Denial.TOKEN_EXPIRED);
        assertThat(asked[0]).isFalse();
    }

    // What claims have to be

    @ParameterizedTest
    @ValueSource(strings = {"exp", "sub"})
    void needsAnEndAndASubject(String name) {
        assertThat(verify(plain, with(name, null))).isEqualTo(Denial.BAD_CLAIMS);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"exp|\"1900000000\"", "exp|null", "exp|[1900000000]",
        "exp|{}", "exp|true", "nbf|\"1\"", "iat|null", "sub|7", "sub|null", "sub|\"\"",
        "sub|[\"alice\"]", "sub|\"a\\u0000b\"", "sub|\"a\\nb\"", "sub|\"a\\u007fb\"",
        "sub|\"a\\u2028b\"", "sub|\"a\\u202eb\"", "sub|\"\\ud800\"", "models|7", "models|null",
        "models|[]", "models|\" \"", "models|[\"a\",7]", "models|[\"\"]", "models|{}",
        "requests_per_minute|0", "requests_per_minute|-1", "requests_per_minute|\"60\"",
        "requests_per_minute|1.5", "requests_per_minute|null", "requests_per_minute|true",
        "requests_per_minute|1e30", "requests_per_minute|99999999999999999999",
        "tokens_per_minute|0", "tokens_per_month|[]", "concurrent|0", "concurrent|\"1\"",
        "dollars_per_month|0", "dollars_per_month|-0.5", "dollars_per_month|\"5\"",
        "dollars_per_month|null"})
    void refusesAClaimOfAnotherTypeOrOfNothing(String name, String json) {
        String payload = name.equals("exp") || name.equals("sub")
                ? "{\"sub\":\"alice\",\"exp\":1900000000}".replaceFirst("\"" + name + "\":[^,}]+",
                        java.util.regex.Matcher.quoteReplacement("\"" + name + "\":" + json))
                : null;
        assertThat(verify(plain, payload == null ? withJson(name, json)
                : hs256(HEADER, payload, SECRET))).isEqualTo(Denial.BAD_CLAIMS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "[]", "null", "", "[[\"sub\",\"a\"],[\"exp\",1900000000]]",
        "{\"sub\":\"a\",\"sub\":\"b\",\"exp\":1900000000}"})
    void refusesAPayloadThatIsNoObject(String payload) {
        assertThat(verify(plain, hs256(HEADER, payload, SECRET)))
                .isEqualTo(Denial.MALFORMED_TOKEN);
    }

    @Test
    void boundsTheSubject() {
        assertThat(verify(plain, with("sub", "s".repeat(256)))).isInstanceOf(Caller.class);
        assertThat(verify(plain, with("sub", "s".repeat(257)))).isEqualTo(Denial.BAD_CLAIMS);
        assertThat(caller(plain, with("sub", "Größe 7@example.org")).id())
                .isEqualTo("jwt:Größe 7@example.org");
    }

    @Test
    void wantsIssuerAndAudienceWhereTheyAreConfigured() {
        TokenVerifier verifier = verifier(new JwtSettings(TokenAlgorithm.HS256,
                new JwtKeySettings.Secret(SECRET), "https://issuer", "penstock", Duration.ZERO,
                List.of(), Allowance.UNBOUNDED));

        assertThat(verify(verifier, with("iss", "https://issuer", "aud", "penstock")))
                .isInstanceOf(Caller.class);
        assertThat(verify(verifier, with("iss", "https://issuer",
                "aud", List.of("other", "penstock")))).isInstanceOf(Caller.class);
        for (Object issuer : Arrays.asList("https://issuer/", "HTTPS://issuer", null, 7L,
                List.of("https://issuer"))) {
            assertThat(verify(verifier, with("iss", issuer, "aud", "penstock")))
                    .isEqualTo(Denial.OTHER_ISSUER);
        }
        for (Object audience : Arrays.asList("other", null, List.of(), "penstock2")) {
            assertThat(verify(verifier, with("iss", "https://issuer", "aud", audience)))
                    .isEqualTo(Denial.OTHER_AUDIENCE);
        }
        assertThat(verify(verifier, with("iss", "https://issuer", "aud", 7L)))
                .isEqualTo(Denial.BAD_CLAIMS);
    }

    // How much

    private static TokenVerifier granting(List<String> models, Allowance granted) {
        return verifier(new JwtSettings(TokenAlgorithm.HS256, new JwtKeySettings.Secret(SECRET),
                null, null, Duration.ZERO, models, granted));
    }

    @Test
    void tightensWhatIsGrantedAndNeverWidensIt() {
        Allowance granted = new Allowance(100, Allowance.MINUTE_NANOS, 1000, 10, 5000,
                2_000_000_000L);
        TokenVerifier verifier = granting(List.of(), granted);

        assertThat(caller(verifier, with()).allowance()).isEqualTo(granted);
        assertThat(caller(verifier, with("requests_per_minute", 10L, "tokens_per_minute", 100L,
                "concurrent", 1L, "tokens_per_month", 500L, "dollars_per_month", 0.25))
                .allowance()).isEqualTo(new Allowance(10, Allowance.MINUTE_NANOS, 100, 1, 500,
                        250_000_000L));
        assertThat(caller(verifier, with("requests_per_minute", 1_000_000L, "concurrent",
                Long.MAX_VALUE, "tokens_per_minute", Long.MAX_VALUE, "tokens_per_month",
                Long.MAX_VALUE, "dollars_per_month", 1e300)).allowance()).isEqualTo(granted);
    }

    @Test
    void boundsWithoutAGrantWhatAClaimBounds() {
        assertThat(caller(plain, with("tokens_per_month", 7L)).allowance())
                .isEqualTo(new Allowance(0, Allowance.MINUTE_NANOS, 0, 0, 7, 0));
        assertThat(caller(plain, with("dollars_per_month", 1e-12)).allowance()
                .nanoDollarsPerMonth()).isEqualTo(1);
    }

    @Test
    void allowsModelsThatClaimAndGrantBothName() {
        TokenVerifier verifier = granting(List.of("gpt-*", "smart"), Allowance.UNBOUNDED);
        Map<String, Object> spellings = new HashMap<>();
        spellings.put("list", List.of("gpt-4*", "claude-*"));
        spellings.put("blanks", "gpt-4* claude-*");
        spellings.put("commas", "gpt-4*, claude-*");

        spellings.forEach((name, models) -> {
            Caller caller = caller(verifier, with("models", models));
            assertThat(caller.mayUse("gpt-4o")).as(name).isTrue();
            assertThat(caller.mayUse("gpt-3.5")).as(name).isFalse(); // granted, not claimed
            assertThat(caller.mayUse("claude-x")).as(name).isFalse(); // claimed, not granted
            assertThat(caller.mayUse("smart")).as(name).isFalse();
        });
        assertThat(caller(verifier, with()).mayUse("smart")).isTrue();
        assertThat(caller(verifier, with("models", "*")).mayUse("claude-x")).isFalse();
        assertThat(caller(plain, with("models", "smart")).mayUse("gpt-4o")).isFalse();
    }
}

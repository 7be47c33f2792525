package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.auth.AuthSettings;
import io.penstock.auth.JwtKeySettings;
import io.penstock.auth.JwtSettings;
import io.penstock.auth.TokenAlgorithm;
import io.penstock.caller.Allowance;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a configuration may say of credentials, and which weak ones it may not. */
class ConfigAuthTest {
    private static final String SECRET = "0123456789abcdef0123456789abcdef";
    private static final String HASH = "sha256:" + "0".repeat(64);

    @TempDir
    Path directory;

    private ConfigFixture file(String text) {
        return new ConfigFixture(directory, text);
    }

    private ConfigFixture jwt(String section) {
        return file("auth:\n  jwt: {" + section + "}\nproviders: [{name: vllm}]\n");
    }

    private Path pem(String label, byte[] der) throws IOException {
        return Files.writeString(directory.resolve("key.pem"), "-----BEGIN " + label + "-----\n"
                + Base64.getMimeEncoder().encodeToString(der) + "\n-----END " + label + "-----\n");
    }

    // How much

    @Test
    void readsHowMuchEachMayAskFor() throws ConfigException {
        AuthSettings auth = file("""
                auth:
                  keys:
                    - id: a
                      hash: "%s"
                      limits: {requests_per_minute: 600, tokens_per_minute: 200000, concurrent: 50}
                      budget: {tokens_per_month: 50000000, dollars_per_month: 0.1}
                    - {id: b, hash: "%s"}
                  jwt:
                    secret: %s
                    models: ["gpt-*"]
                    limits: {requests_per_minute: 7}
                    budget: {dollars_per_month: 1e300}
                  anonymous:
                    enabled: true
                    limits: {concurrent: 1}
                    budget: {tokens_per_month: 9}
                prices: {m: {input: 1, output: 1}}
                """.formatted(HASH, HASH.replace('0', '1'), SECRET)).settings().auth();

        assertThat(auth.keys().get(0).allowance()).isEqualTo(new Allowance(600,
                Allowance.MINUTE_NANOS, 200_000, 50, 50_000_000, 100_000_000));
        assertThat(auth.keys().get(1).allowance()).isEqualTo(Allowance.UNBOUNDED);
        assertThat(auth.jwt().granted()).isEqualTo(new Allowance(7, Allowance.MINUTE_NANOS, 0, 0,
                0, Long.MAX_VALUE));
        assertThat(auth.jwt().models()).containsExactly("gpt-*");
        assertThat(auth.withoutCredential()).isEqualTo(new Allowance(0, Allowance.MINUTE_NANOS, 0,
                1, 9, 0));
        assertThat(auth.isRequired()).isFalse();
    }

    @Test
    void takesTheRateOfTheEnvironmentForWhomTheFileSetsNone() throws ConfigException {
        String text = """
                auth:
                  keys:
                    - {id: a, hash: "%s", limits: {requests_per_minute: 600}}
                    - {id: b, hash: "%s", limits: {concurrent: 2}}
                  jwt: {secret: %s}
                  anonymous: {enabled: true}
                """.formatted(HASH, HASH.replace('0', '1'), SECRET);
        Map<String, String> both = Map.of("PROXY_API_RATE_LIMIT_REQUESTS", "100",
                "PROXY_API_RATE_LIMIT_WINDOW", "3600");
        Allowance rate = Allowance.ofRequests(100, Duration.ofHours(1).toNanos());

        AuthSettings auth = file(text).with(both).settings().auth();

        assertThat(auth.keys().get(0).allowance())
                .isEqualTo(Allowance.ofRequests(600, Allowance.MINUTE_NANOS));
        assertThat(auth.keys().get(1).allowance()).isEqualTo(new Allowance(100,
                Duration.ofHours(1).toNanos(), 0, 2, 0, 0));
        assertThat(auth.jwt().granted()).isEqualTo(rate);
        assertThat(auth.withoutCredential()).isEqualTo(rate);
        AuthSettings open = file("").with(both).settings().auth();
        assertThat(open.isOpen()).isTrue();
        assertThat(open.withoutCredential()).isEqualTo(rate);
        assertThat(file("").with(Map.of("PROXY_API_RATE_LIMIT_REQUESTS", "5")).settings().auth()
                .withoutCredential())
                .isEqualTo(Allowance.ofRequests(5, Allowance.MINUTE_NANOS));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "1.5", "many", "99999999999"})
    void refusesARateThatIsNone(String text) {
        assertThat(file("").with(Map.of("PROXY_API_RATE_LIMIT_REQUESTS", text,
                "PROXY_API_RATE_LIMIT_WINDOW", text)).mistakes()).containsExactlyInAnyOrder(
                "environment: PROXY_API_RATE_LIMIT_REQUESTS: unexpected value '" + text
                        + "', expected an integer from 1 to 1000000000",
                "environment: PROXY_API_RATE_LIMIT_WINDOW: unexpected value '" + text
                        + "', expected an integer from 1 to 86400");
    }

    @Test
    void warnsOfAWindowWithoutARate() throws ConfigException {
        assertThat(file("providers: [{name: vllm}]")
                .with(Map.of("PROXY_API_RATE_LIMIT_WINDOW", "60")).warnings())
                .containsExactly("environment: PROXY_API_RATE_LIMIT_WINDOW: has no effect without "
                        + "PROXY_API_RATE_LIMIT_REQUESTS");
    }

    @Test
    void warnsOfLimitsForNobody() throws ConfigException {
        assertThat(file("providers: [{name: vllm}]\n"
                + "auth: {anonymous: {limits: {requests_per_minute: 3}}}").warnings())
                .containsExactly("2:8: auth.anonymous: has no effect without enabled: true");
    }

    @Test
    void refusesABudgetOfNothingSinceThatIsNoBound() {
        assertThat(file("auth: {anonymous: {enabled: true, budget: {dollars_per_month: 0}}}\n"
                + "prices: {m: {input: 1, output: 1}}").mistakes())
                .containsExactly("1:44: auth.anonymous.budget.dollars_per_month: "
                        + "unexpected value, expected more than 0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"anonymous", "anyone"})
    void keepsTheNamesOfCallersWithoutACredential(String id) {
        assertThat(file("auth: {keys: [{id: " + id + ", hash: \"" + HASH + "\"}]}").mistakes())
                .containsExactly("1:16: auth.keys[0].id: '" + id + "', expected another name; "
                        + "callers without a credential go by this one");
    }

    // Tokens

    @Test
    void readsWhatATokenHasToBe() throws ConfigException {
        JwtSettings jwt = jwt("algorithm: RS256, jwks_url: \"https://issuer/keys\", issuer: me, "
                + "audience: you, leeway: 5s").settings().auth().jwt();

        assertThat(jwt).isEqualTo(new JwtSettings(TokenAlgorithm.RS256,
                new JwtKeySettings.JwksUrl(URI.create("https://issuer/keys")), "me", "you",
                Duration.ofSeconds(5), List.of(), Allowance.UNBOUNDED));
    }

    @Test
    void takesTheSecretFromWhereverItIs() throws Exception {
        Path file = Files.writeString(directory.resolve("secret"), SECRET + "\n");
        Map<String, String> variables = Map.of("MY_SECRET", SECRET);
        Map<String, String> usual = Map.of("JWT_SECRET", SECRET);
        List<Supplier<ConfigFixture>> all = List.of(() -> jwt("secret: " + SECRET),
                () -> jwt("secret_file: " + file),
                () -> jwt("secret_env: MY_SECRET").with(variables),
                () -> jwt("issuer: null, leeway: 30s").with(usual),
                () -> file("").with(usual));
        for (Supplier<ConfigFixture> each : all) {
            AuthSettings auth = each.get().settings().auth();
            assertThat(auth.jwt()).isEqualTo(new JwtSettings(TokenAlgorithm.HS256,
                    new JwtKeySettings.Secret(SECRET), null, null, Duration.ofSeconds(30),
                    List.of(), Allowance.UNBOUNDED));
            assertThat(auth.isRequired()).isTrue();
            assertThat(auth.toString()).doesNotContain(SECRET);
        }
    }

    @Test
    void fillsFromTheEnvironmentOnlyWhatTheFileLeavesOut() throws ConfigException {
        Map<String, String> both =
                Map.of("JWT_SECRET", SECRET + SECRET, "JWT_ALGORITHM", "HS512");

        assertThat(file("").with(both).settings().auth().jwt().algorithm())
                .isEqualTo(TokenAlgorithm.HS512);
        JwtSettings filled = jwt("issuer: me").with(both).settings().auth().jwt();
        assertThat(filled.algorithm()).isEqualTo(TokenAlgorithm.HS512);
        assertThat(filled.issuer()).isEqualTo("me");
        JwtSettings own = jwt("algorithm: HS256, secret: " + SECRET).with(both).settings().auth()
                .jwt();
        assertThat(own.algorithm()).isEqualTo(TokenAlgorithm.HS256);
        assertThat(own.keys()).isEqualTo(new JwtKeySettings.Secret(SECRET));
        assertThat(jwt("algorithm: RS256, jwks_url: \"https://issuer/keys\"").with(both)
                .settings().auth().jwt().algorithm()).isEqualTo(TokenAlgorithm.RS256);
    }

    @Test
    void letsOthersReachItWhereTokensAreTaken() throws ConfigException {
        assertThat(file("listen: [{address: \"0.0.0.0:8080\"}]")
                .with(Map.of("JWT_SECRET", SECRET)).settings().listen()).hasSize(1);
    }

    @Test
    void saysOnlyOnceWhereACredentialIsMistaken() {
        assertThat(file("""
                listen: [{address: "0.0.0.0:8080"}]
                auth: {jwt: {secret: short}}
                """).mistakes()).singleElement().asString()
                .startsWith("2:14: auth.jwt.secret: 5 bytes");
    }

    @ParameterizedTest
    @CsvSource({"HS256,31,32", "HS384,47,48", "HS512,63,64"})
    void refusesAShortSecretWithoutShowingIt(String algorithm, int bytes, int expected) {
        String mistake = bytes + " bytes, expected " + expected + " or more for " + algorithm
                + ", RFC 7518 section 3.2, such as `openssl rand -base64 " + expected
                + "` prints";
        String secret = "z".repeat(bytes);

        assertThat(jwt("algorithm: " + algorithm + ", secret: " + secret).mistakes())
                .containsExactly("2:27: auth.jwt.secret: " + mistake);
        assertThat(jwt("algorithm: " + algorithm + ", secret_env: S").with(Map.of("S", secret))
                .mistakes()).containsExactly("2:27: auth.jwt.secret_env: " + mistake);
        assertThat(file("").with(Map.of("JWT_SECRET", secret, "JWT_ALGORITHM", algorithm))
                .mistakes()).containsExactly("environment: JWT_SECRET: " + mistake);
    }

    @Test
    void refusesASecretThatIsAKey() throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        Path file = pem("PUBLIC KEY", pair.getPublic().getEncoded());

        assertThat(jwt("secret_file: " + file).mistakes()).containsExactly("2:9: "
                + "auth.jwt.secret_file: a key in PEM, expected random text for HS256, which "
                + "nobody else knows");
    }

    @ParameterizedTest
    @ValueSource(strings = {"jwks_url: \"https://issuer/keys\"", "jwks_file: FILE",
        "public_key_file: FILE"})
    void refusesPublicKeysWithAnAlgorithmOfSecrets(String keys) throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        Path file = pem("PUBLIC KEY", pair.getPublic().getEncoded());

        assertThat(jwt("algorithm: HS256, " + keys.replace("FILE", file.toString())).mistakes())
                .singleElement().asString().startsWith("2:9: auth.jwt.algorithm: HS256 with "
                        + "public keys, expected one of RS256 to RS512");
    }

    @ParameterizedTest
    @ValueSource(strings = {"RS256", "PS384", "ES512", "EdDSA"})
    void refusesASecretWithAnAlgorithmOfPublicKeys(String algorithm) {
        String mistake = "algorithm: " + algorithm + " with a secret, expected public keys by "
                + "jwks_url, jwks_file or public_key_file; or one of HS256, HS384, HS512";

        assertThat(jwt("algorithm: " + algorithm).with(Map.of("JWT_SECRET", SECRET)).mistakes())
                .containsExactly("2:9: auth.jwt." + mistake);
        assertThat(file("").with(Map.of("JWT_SECRET", SECRET, "JWT_ALGORITHM", algorithm))
                .mistakes()).containsExactly("environment: JWT_ALGORITHM: "
                        + mistake.substring("algorithm: ".length()));
    }

    @Test
    void refusesATokenSectionWithNothingToVerifyWith() {
        String expected = ", so there is nothing to verify tokens with; expected it, or one of "
                + "secret, secret_env, secret_file, jwks_url, jwks_file, public_key_file";

        assertThat(jwt("algorithm: HS256").mistakes()).containsExactly(
                "2:3: auth.jwt: the variable JWT_SECRET is not set" + expected);
        assertThat(jwt("secret_env: MINE").with(Map.of("JWT_SECRET", SECRET)).mistakes())
                .containsExactly("2:9: auth.jwt.secret_env: the variable MINE is not set"
                        + expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"secret_env: X", "secret_file: /f", "jwks_url: \"https://h/k\"",
        "jwks_file: /f", "public_key_file: /f"})
    void refusesKeysFromTwoPlaces(String second) {
        assertThat(jwt("secret: " + SECRET + ", " + second).mistakes()).containsExactly(
                "2:51: auth.jwt." + second.substring(0, second.indexOf(':'))
                        + ": keys a second time beside secret, expected one of secret, "
                        + "secret_env, secret_file, jwks_url, jwks_file, public_key_file");
    }

    @ParameterizedTest
    @CsvSource({"http://issuer.example/keys", "http://10.0.0.1/keys", "http://127.0.0.1.evil/keys",
        "ftp://issuer/keys", "https:///keys"})
    void refusesAKeySetThatCouldBeExchangedOnTheWay(String url) {
        assertThat(jwt("algorithm: RS256, audience: a, jwks_url: \"" + url + "\"").mistakes())
                .containsExactly("2:40: auth.jwt.jwks_url: keys that anybody on the way could "
                        + "exchange, expected an https URL; http only on this machine");
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://issuer/keys", "http://localhost:1/keys",
        "http://127.0.0.1:1/keys", "http://[::1]:1/keys"})
    void takesAKeySetThatIsSafe(String url) throws ConfigException {
        assertThat(jwt("algorithm: RS256, audience: a, jwks_url: \"" + url + "\"").warnings())
                .isEmpty();
    }

    @Test
    void warnsWhereTokensForAnybodyAreTaken() throws ConfigException {
        assertThat(jwt("algorithm: RS256, jwks_url: \"https://issuer/keys\"").warnings())
                .containsExactly("2:3: auth.jwt: no audience is set: whatever the issuer signs for "
                        + "anybody is accepted");
    }

    @Test
    void refusesAWeakOrMisfittingPublicKey() throws Exception {
        KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
        rsa.initialize(1024);
        Path file = pem("PUBLIC KEY", rsa.generateKeyPair().getPublic().getEncoded());
        String at = "auth.jwt.public_key_file: ";

        assertThat(jwt("algorithm: RS256, public_key_file: " + file).mistakes()).containsExactly(
                "2:27: " + at + "an RSA key of 1024 bits, expected an RSA key of 2048 bits or "
                        + "more for RS256");
        KeyPairGenerator ec = KeyPairGenerator.getInstance("EC");
        ec.initialize(new ECGenParameterSpec("secp384r1"));
        pem("PUBLIC KEY", ec.generateKeyPair().getPublic().getEncoded());
        assertThat(jwt("algorithm: ES256, public_key_file: " + file).mistakes()).containsExactly(
                "2:27: " + at + "an EC key on another curve, expected an EC key on the curve "
                        + "P-256 for ES256");
        assertThat(jwt("algorithm: EdDSA, public_key_file: " + file).mistakes()).containsExactly(
                "2:27: " + at + "no Ed25519 key, expected an Ed25519 key for EdDSA");
        assertThat(jwt("algorithm: ES384, public_key_file: " + file).settings().auth().jwt())
                .isNotNull();
    }

    @Test
    void refusesAKeySetInAFileThatHoldsNothingOfUse() throws Exception {
        Path file = Files.writeString(directory.resolve("jwks.json"), "{\"keys\":[]}");
        String at = "2:27: auth.jwt.jwks_file: ";

        assertThat(jwt("algorithm: ES256, jwks_file: " + file).mistakes()).containsExactly(
                at + "no key in it fits ES256, expected an EC key on the curve P-256");
        Files.writeString(file, "keys");
        assertThat(jwt("algorithm: ES256, jwks_file: " + file).mistakes()).containsExactly(
                at + "Invalid JSON object, expected a JSON Web Key Set");
        Files.delete(file);
        assertThat(jwt("algorithm: ES256, jwks_file: " + file).mistakes()).singleElement()
                .asString().startsWith(at + "no file '");
    }

    @Test
    void refusesWhatIsNoAlgorithm() {
        assertThat(jwt("algorithm: none, secret: " + SECRET).mistakes()).singleElement().asString()
                .startsWith("2:9: auth.jwt.algorithm: unexpected value 'none', expected one of "
                        + "HS256");
        assertThat(file("").with(Map.of("JWT_SECRET", SECRET, "JWT_ALGORITHM", "none"))
                .mistakes()).singleElement().asString().startsWith("environment: JWT_ALGORITHM: "
                        + "unexpected value 'none', expected one of HS256");
        assertThat(jwt("leeway: 11m, secret: " + SECRET).mistakes()).containsExactly(
                "2:9: auth.jwt.leeway: 11m, expected 10m at most");
    }
}

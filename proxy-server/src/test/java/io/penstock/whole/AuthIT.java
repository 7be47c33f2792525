package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ProxyUnderTest.chat;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.auth.JwtKeySettings;
import io.penstock.auth.JwtSettings;
import io.penstock.auth.TokenAlgorithm;
import io.penstock.auth.TokenSigner;
import io.penstock.caller.Allowance;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who shows a credential that is good gets through, and nobody else; everybody is told why. */
class AuthIT {
    private static final String PATH = "/v1/chat/completions";
    private static final String SECRET =
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private static final ApiKeySettings KEY = new ApiKeySettings("tester",
            ProxyUnderTest.Builder.hash(CALLER_KEY), List.of());

    private ScriptedUpstream upstream;

    @BeforeEach
    void begin() throws IOException {
        upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
    }

    @AfterEach
    void end() throws Exception {
        upstream.close();
    }

    private ProxyUnderTest.Builder with(AuthSettings auth) {
        return ProxyUnderTest.on(Transport.auto()).provider("a", upstream.url()).auth(auth);
    }

    private static AuthSettings keyAnd(JwtSettings jwt) {
        return new AuthSettings(List.of(KEY), jwt, false, Allowance.UNBOUNDED);
    }

    private static JwtSettings jwt(TokenAlgorithm algorithm, JwtKeySettings keys) {
        return new JwtSettings(algorithm, keys, null, null, JwtSettings.DEFAULT_LEEWAY, List.of(),
                Allowance.UNBOUNDED);
    }

    private static JwtSettings hs256() {
        return jwt(TokenAlgorithm.HS256, new JwtKeySettings.Secret(SECRET));
    }

    private static Map<String, Object> claims(String subject) {
        long now = System.currentTimeMillis() / 1000;
        Map<String, Object> claims = new HashMap<>();
        claims.put("sub", subject);
        claims.put("exp", now + 600);
        return claims;
    }

    private static String token(Map<String, Object> claims) {
        return TokenSigner.of(TokenAlgorithm.HS256, new JwtKeySettings.Secret(SECRET))
                .sign(null, claims);
    }

    private static KeyPair pair(TokenAlgorithm algorithm) throws GeneralSecurityException {
        String name = algorithm.text();
        KeyPairGenerator generator = KeyPairGenerator.getInstance(
                name.startsWith("ES") ? "EC" : name.equals("EdDSA") ? "Ed25519" : "RSA");
        switch (name) {
            case "ES256" -> generator.initialize(new ECGenParameterSpec("secp256r1"));
            case "ES384" -> generator.initialize(new ECGenParameterSpec("secp384r1"));
            case "ES512" -> generator.initialize(new ECGenParameterSpec("secp521r1"));
            case "EdDSA" -> { }
            default -> generator.initialize(2048);
        }
        return generator.generateKeyPair();
    }

    /** A key set as an issuer's server has it, written without the library that reads it. */
    private static String jwks(KeyPair pair, String id) {
        Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
        if (pair.getPublic() instanceof RSAPublicKey rsa) {
            byte[] modulus = rsa.getModulus().toByteArray(); // a sign byte, then 256
            return "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"" + id + "\",\"use\":\"sig\",\"n\":\""
                    + base64.encodeToString(Arrays.copyOfRange(modulus, modulus.length - 256,
                            modulus.length)) + "\",\"e\":\"AQAB\"}]}";
        }
        byte[] spki = pair.getPublic().getEncoded();
        if (pair.getPublic() instanceof ECPublicKey ec) {
            int size = (ec.getParams().getCurve().getField().getFieldSize() + 7) / 8;
            int bits = ec.getParams().getCurve().getField().getFieldSize();
            return "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-" + bits + "\",\"kid\":\"" + id
                    + "\",\"x\":\"" + base64.encodeToString(Arrays.copyOfRange(spki,
                            spki.length - 2 * size, spki.length - size))
                    + "\",\"y\":\"" + base64.encodeToString(Arrays.copyOfRange(spki,
                            spki.length - size, spki.length)) + "\"}]}";
        }
        return "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"" + id + "\",\"x\":\""
                + base64.encodeToString(Arrays.copyOfRange(spki, spki.length - 32, spki.length))
                + "\"}]}";
    }

    private static RawClient ask(RawClient caller, String... fields) throws IOException {
        return caller.post(PATH, chat(SMART, false), fields);
    }

    private static void assertServed(RawClient caller, String... fields) throws IOException {
        RawClient.Head head = ask(caller, fields).readHead();
        assertThat(head.status()).isEqualTo(200);
        assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
    }

    /** Refused with 401 and this message. */
    private static RawClient.Head assertRefused(RawClient caller, String message, String... fields)
            throws IOException {
        RawClient.Head head = ask(caller, fields).readHead();
        assertThat(head.status()).isEqualTo(401);
        String body = caller.readBody(head);
        assertThat(body).contains("\"code\":\"invalid_api_key\"").contains(message);
        for (String field : fields) { // nothing of what was shown comes back
            String value = field.substring(field.lastIndexOf(' ') + 1);
            assertThat(value.length() > 10 && body.contains(value)).isFalse();
        }
        return head;
    }

    private static String bearer(String credential) {
        return "authorization: Bearer " + credential;
    }

    // Where a credential stands

    @Test
    void takesAKeyFromEachFieldAndFromSeveralThatSayTheSame() throws Exception {
        try (ProxyUnderTest proxy = with(keyAnd(null)).start()) {
            RawClient caller = proxy.connect();
            assertServed(caller, bearer(CALLER_KEY));
            assertServed(caller, "authorization: bearer   " + CALLER_KEY);
            assertServed(caller, "x-api-key: " + CALLER_KEY);
            assertServed(caller, "api-key: " + CALLER_KEY);
            assertServed(caller, "X-Goog-Api-Key: " + CALLER_KEY);
            assertServed(caller, bearer(CALLER_KEY), "x-api-key: " + CALLER_KEY,
                    "api-key: " + CALLER_KEY, "x-goog-api-key: " + CALLER_KEY);
            assertServed(caller, "authorization: Bearer", "x-api-key: " + CALLER_KEY);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "x-other: 1|No API key was given. Send it as",
        "authorization: Bearer|No API key was given. Send it as",
        "x-api-key:|No API key was given. Send it as",
        "x-api-key: wrong-0123456789|The API key is not known here.",
        "authorization: Bearer wrong-0123456789|The API key is not known here.",
        "authorization: Basic dXNlcjpwYXNz|Only the scheme Bearer is known here.",
        "authorization: Bearerpk-callers-own-secret-0123456789|Only the scheme Bearer",
        "authorization: pk-callers-own-secret-0123456789|Only the scheme Bearer"})
    void refusesWhoShowsNoKnownKeyAndSaysWhy(String field, String message) throws Exception {
        try (ProxyUnderTest proxy = with(keyAnd(hs256())).start()) {
            RawClient.Head head = assertRefused(proxy.connect(), message, field);
            assertThat(head.header("www-authenticate")).isEqualTo("Bearer");
            assertThat(upstream.requests()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"x-api-key: other-0123456789", "api-key: other-0123456789",
        "x-goog-api-key: other-0123456789"})
    void refusesFieldsThatSayDifferentThings(String second) throws Exception {
        try (ProxyUnderTest proxy = with(keyAnd(null)).start()) {
            assertRefused(proxy.connect(), "hold different credentials", bearer(CALLER_KEY),
                    second);
            assertRefused(proxy.connect(), "Only the scheme Bearer",
                    "authorization: Basic dXNlcjpwYXNz", "x-api-key: " + CALLER_KEY);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"authorization: Bearer ", "x-api-key: ", "api-key: ",
        "x-goog-api-key: "})
    void refusesTheSameFieldTwice(String field) throws Exception {
        try (ProxyUnderTest proxy = with(keyAnd(null)).start()) {
            RawClient caller = proxy.connect();
            ask(caller, field + CALLER_KEY, field + CALLER_KEY);
            assertThat(caller.readHead().status()).isEqualTo(400);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"?key=", "?api_key=", "?access_token=", "?a=b&API-KEY=", "?apikey="})
    void takesNoKeyFromAUrl(String query) throws Exception {
        try (ProxyUnderTest proxy = with(keyAnd(null)).start()) {
            RawClient caller = proxy.connect();
            RawClient.Head head = caller.post(PATH + query + CALLER_KEY, chat(SMART, false))
                    .readHead();

            assertThat(head.status()).isEqualTo(401);
            assertThat(caller.readBody(head)).contains("none is taken from a URL")
                    .doesNotContain(CALLER_KEY);
        }
    }

    // Who needs none

    @Test
    void letsAnybodyInWhereThatIsAllowedButNobodyWithAWrongKey() throws Exception {
        AuthSettings both = new AuthSettings(List.of(KEY), hs256(), true, Allowance.UNBOUNDED);
        try (ProxyUnderTest proxy = with(both).start()) {
            RawClient caller = proxy.connect();
            assertServed(caller);
            assertServed(caller, bearer(CALLER_KEY));
            assertServed(caller, bearer(token(claims("alice"))));
            assertRefused(caller, "The API key is not known here.", bearer("wrong-0123456789"));
            assertRefused(caller, "The token's signature is not valid.",
                    bearer(token(claims("alice")) + "AAAA"));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void takesAnyKeyForNobodysWhereNoneIsKnown(boolean anonymous) throws Exception {
        AuthSettings open = new AuthSettings(List.of(), null, anonymous, Allowance.UNBOUNDED);
        try (ProxyUnderTest proxy = with(open).start()) {
            RawClient caller = proxy.connect();
            assertServed(caller);
            assertServed(caller, bearer("sk-whatever"));
            assertServed(caller, "authorization: Basic dXNlcjpwYXNz", "x-api-key: other");
        }
    }

    // Tokens

    @ParameterizedTest
    @EnumSource(TokenAlgorithm.class)
    void servesTheHolderOfATokenOfEachAlgorithm(TokenAlgorithm algorithm,
            @TempDir Path directory) throws Exception {
        JwtKeySettings keys;
        TokenSigner signer;
        if (algorithm.needsSecret()) {
            keys = new JwtKeySettings.Secret(SECRET);
            signer = TokenSigner.of(algorithm, (JwtKeySettings.Secret) keys);
        } else {
            KeyPair pair = pair(algorithm);
            keys = new JwtKeySettings.JwksFile(Files.writeString(directory.resolve("jwks.json"),
                    jwks(pair, "k1")));
            signer = TokenSigner.of(algorithm, pair.getPrivate());
        }
        String token = signer.sign("k1", claims("alice"));
        try (ProxyUnderTest proxy = with(keyAnd(jwt(algorithm, keys))).start()) {
            awaitKeys(proxy, token);
            RawClient caller = proxy.connect();
            assertServed(caller, bearer(token)); // remembered
            assertServed(caller, "x-api-key: " + token);
            assertServed(caller, bearer(CALLER_KEY));
            int signature = token.lastIndexOf('.') + 1;
            assertRefused(caller, "The token's signature is not valid.",
                    bearer(token.substring(0, signature + 4)
                            + (token.charAt(signature + 4) == 'A' ? 'B' : 'A')
                            + token.substring(signature + 5)));
            assertThat(caller.awaitClosed(ProxyUnderTest.PATIENCE)).isTrue();
        }
    }

    /** Until the first key set was read; what comes before gets 503, which SDKs try again. */
    private static void awaitKeys(ProxyUnderTest proxy, String token) throws IOException {
        RawClient caller = proxy.connect();
        ProxyUnderTest.await("the keys are there", () -> {
            try {
                RawClient.Head head = ask(caller, bearer(token)).readHead();
                String body = caller.readBody(head);
                if (head.status() == 503) {
                    assertThat(head.header("retry-after")).isEqualTo("1");
                    assertThat(body).contains("\"code\":\"overloaded\"");
                    return false;
                }
                assertThat(head.status()).isEqualTo(200);
                return true;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @Test
    void refusesABadTokenAndSaysWhatIsWrongWithIt() throws Exception {
        JwtSettings jwt = new JwtSettings(TokenAlgorithm.HS256, new JwtKeySettings.Secret(SECRET),
                "https://issuer", "penstock", JwtSettings.DEFAULT_LEEWAY, List.of(),
                Allowance.UNBOUNDED);
        Map<String, Object> good = claims("alice");
        good.put("iss", "https://issuer");
        good.put("aud", List.of("other", "penstock"));
        long now = System.currentTimeMillis() / 1000;
        try (ProxyUnderTest proxy = with(keyAnd(jwt)).start()) {
            RawClient caller = proxy.connect();
            assertServed(caller, bearer(token(good)));
            assertBad(caller, good, "exp", now - 60, "The token has expired.");
            assertBad(caller, good, "nbf", now + 600, "The token is not valid yet.");
            assertBad(caller, good, "iss", "https://evil", "issued by somebody else");
            assertBad(caller, good, "aud", "other", "meant for another audience");
            assertBad(caller, good, "sub", "a\u0007b", "lacks a claim that is needed");
            assertBad(caller, good, "requests_per_minute", "60", "one of its claims can't be used");
            RawClient.Head head = assertRefused(caller, "another algorithm than is accepted",
                    bearer(none(good)));
            assertThat(head.header("www-authenticate")).isEqualTo("Bearer error=\"invalid_token\"");
            assertRefused(caller, "The token is too long.",
                    bearer("eyJ" + "a".repeat(9000) + ".e30.AAAA"));
            assertServed(caller, bearer(token(good)));
        }
    }

    private static void assertBad(RawClient caller, Map<String, Object> good, String name,
            Object value, String message) throws IOException {
        Map<String, Object> bad = new HashMap<>(good);
        bad.put(name, value);
        RawClient.Head head = assertRefused(caller, message, bearer(token(bad)));
        assertThat(head.header("www-authenticate")).isEqualTo("Bearer error=\"invalid_token\"");
    }

    private static String none(Map<String, Object> claims) {
        String signed = token(claims);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(
                "{\"alg\":\"none\"}".getBytes(StandardCharsets.US_ASCII))
                + signed.substring(signed.indexOf('.'), signed.lastIndexOf('.') + 1);
    }

    @Test
    void keepsTheConnectionOfWhoShowsABadCredentialUnlessItWasForged() throws Exception {
        try (ProxyUnderTest proxy = with(keyAnd(hs256())).start()) {
            RawClient caller = proxy.connect();
            Map<String, Object> over = claims("alice");
            over.put("exp", 1);
            assertRefused(caller, "The token has expired.", bearer(token(over)));
            assertRefused(caller, "The API key is not known here.", bearer("wrong-0123456789"));
            RawClient.Head head = assertRefused(caller, "The token's signature is not valid.",
                    bearer(token(claims("alice")) + "AAAA"));

            assertThat(head.header("connection")).isEqualTo("close");
            assertThat(caller.awaitClosed(ProxyUnderTest.PATIENCE)).isTrue();
        }
    }

    @Test
    void stopsATokenOf10MebibytesAtTheHead() throws Exception {
        try (ProxyUnderTest proxy = with(keyAnd(hs256())).start()) {
            RawClient caller = proxy.connect();
            caller.send("POST " + PATH + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer eyJ");
            caller.send("a".repeat(64 * 1024));
            assertThat(caller.readHead().status()).isEqualTo(431);
        }
    }

    @Test
    void allowsATokensHolderTheModelsThatItClaims() throws Exception {
        Map<String, Object> claims = claims("alice");
        claims.put("models", List.of("other-*"));
        try (ProxyUnderTest proxy = with(keyAnd(hs256())).start()) {
            RawClient caller = proxy.connect();
            RawClient.Head head = ask(caller, bearer(token(claims))).readHead();

            assertThat(head.status()).isEqualTo(403);
            assertThat(caller.readBody(head)).contains("\"code\":\"model_not_allowed\"");
        }
    }

    // Keys from an issuer's server

    @Test
    void followsAnIssuersKeysAndGoesOnWhileTheyAreAway() throws Exception {
        KeyPair pair = pair(TokenAlgorithm.ES256);
        AtomicReference<String> set = new AtomicReference<>(); // null while it is away
        HttpServer issuer = HttpServer.create(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        issuer.createContext("/", exchange -> {
            String text = set.get();
            byte[] body = (text == null ? "" : text).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(text == null ? 503 : 200, body.length == 0 ? -1
                    : body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        issuer.start();
        try {
            JwtSettings jwt = jwt(TokenAlgorithm.ES256, new JwtKeySettings.JwksUrl(URI.create(
                    "http://127.0.0.1:" + issuer.getAddress().getPort() + "/jwks")));
            String token = TokenSigner.of(TokenAlgorithm.ES256, pair.getPrivate())
                    .sign("k1", claims("alice"));
            ProxyUnderTest.Builder builder = with(keyAnd(jwt));
            set.set(jwks(pair, "k1"));
            try (ProxyUnderTest proxy = builder.start()) {
                awaitKeys(proxy, token);
                set.set(null);
                assertThat(proxy.server().reload()).isEmpty(); // the same settings: keys are kept
                RawClient caller = proxy.connect();
                assertServed(caller, bearer(token));
                assertServed(caller, bearer(TokenSigner.of(TokenAlgorithm.ES256,
                        pair.getPrivate()).sign("k1", claims("bob"))));

                proxy.prepareReload(with(keyAnd(null)));
                assertThat(proxy.server().reload()).isEmpty();
                assertRefused(caller, "The API key is not known here.", bearer(token));

                proxy.prepareReload(builder); // as after a start: there are no keys yet
                assertThat(proxy.server().reload()).isEmpty();
                RawClient.Head head = ask(caller, bearer(token)).readHead();
                assertThat(head.status()).isEqualTo(503);
                assertThat(head.header("retry-after")).isEqualTo("1");
                assertThat(head.header("www-authenticate")).isNull();
                assertThat(caller.readBody(head)).contains("\"code\":\"overloaded\"");
                assertServed(caller, bearer(CALLER_KEY));
            }
        } finally {
            issuer.stop(0);
        }
    }

    @Test
    void forgetsAtAReloadWhoIsNoLongerKnown() throws Exception {
        try (ProxyUnderTest proxy = with(keyAnd(hs256())).start()) {
            RawClient caller = proxy.connect();
            String token = token(claims("alice"));
            assertServed(caller, bearer(token));

            proxy.prepareReload(with(keyAnd(jwt(TokenAlgorithm.HS256,
                    new JwtKeySettings.Secret("another-secret-of-32-bytes-or-more")))));
            assertThat(proxy.server().reload()).isEmpty();

            assertRefused(caller, "The token's signature is not valid.", bearer(token));
        }
    }
}

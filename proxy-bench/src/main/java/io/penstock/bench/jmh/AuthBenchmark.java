package io.penstock.bench.jmh;

import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.auth.Authenticator;
import io.penstock.auth.CredentialHash;
import io.penstock.auth.JwtKeySettings;
import io.penstock.auth.JwtSettings;
import io.penstock.auth.Peer;
import io.penstock.auth.TokenAlgorithm;
import io.penstock.auth.TokenSigner;
import io.penstock.caller.Allowance;
import io.penstock.caller.Authentication;
import io.penstock.caller.Caller;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Finding out who calls: by one of {@value #KEYS} keys, by one of {@value #TOKENS} tokens that were
 * seen before, and by tokens that have to be verified. {@code hash…} is what of it is SHA-256.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AuthBenchmark {
    private static final int KEYS = 10_000;
    private static final int TOKENS = 10_000;
    private static final long NOW = 1_800_000_000_000L;
    private static final String SECRET = "0123456789abcdef0123456789abcdef";

    private final CredentialHash hash = new CredentialHash();
    private final MessageDigest digest = Authenticator.newDigest();
    private final byte[] digested = new byte[32];
    private final Peer peer = new Peer(null);
    private final byte[][] keys = new byte[KEYS][];
    private final byte[][] tokens = new byte[TOKENS][];
    private Authenticator authenticator;
    private Authenticator rsa;
    private Authenticator ecdsa;
    private byte[] rsaBad;
    private byte[] ecdsaBad;
    private int next;

    @Setup
    public void fill() throws GeneralSecurityException {
        List<ApiKeySettings> settings = new ArrayList<>();
        for (int i = 0; i < KEYS; i++) {
            keys[i] = bytes("psk-0123456789abcdef0123456789-" + i);
            settings.add(new ApiKeySettings("team-" + i,
                    "sha256:" + HexFormat.of().formatHex(digest.digest(keys[i])), List.of()));
        }
        JwtKeySettings.Secret secret = new JwtKeySettings.Secret(SECRET);
        authenticator = authenticator(settings, TokenAlgorithm.HS256, secret);
        TokenSigner signer = TokenSigner.of(TokenAlgorithm.HS256, secret);
        for (int i = 0; i < TOKENS; i++) {
            tokens[i] = bytes(signer.sign("2026-11-key-of-the-issuer", claims(i)));
            if (!(ask(authenticator, tokens[i]) instanceof Caller)) {
                throw new IllegalStateException("a good token is refused");
            }
        }
        KeyPair pair = KeyPairGenerator.getInstance("RSA").generateKeyPair();
        rsa = authenticator(List.of(), TokenAlgorithm.RS256,
                new JwtKeySettings.PublicPem(pair.getPublic()));
        rsaBad = bad(TokenSigner.of(TokenAlgorithm.RS256, pair.getPrivate()));
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        pair = generator.generateKeyPair();
        ecdsa = authenticator(List.of(), TokenAlgorithm.ES256,
                new JwtKeySettings.PublicPem(pair.getPublic()));
        ecdsaBad = bad(TokenSigner.of(TokenAlgorithm.ES256, pair.getPrivate()));
    }

    private static Authenticator authenticator(List<ApiKeySettings> keys, TokenAlgorithm algorithm,
            JwtKeySettings source) {
        JwtSettings jwt = new JwtSettings(algorithm, source, null, null,
                JwtSettings.DEFAULT_LEEWAY, List.of(), Allowance.UNBOUNDED);
        return new Authenticator(new AuthSettings(keys, jwt, false, Allowance.UNBOUNDED),
                glob -> glob::equals, null);
    }

    private static Map<String, Object> claims(int caller) {
        return Map.of("sub", "user-" + caller, "iat", NOW / 1000, "exp", NOW / 1000 + 3600,
                "iss", "https://issuer.example.org/tenants/0123456789abcdef", "aud", "penstock",
                "jti", "0123456789abcdef0123456789abcdef", "models", List.of("gpt-*", "smart"));
    }

    /** A token whose signature is of the right length, and wrong: never remembered. */
    private static byte[] bad(TokenSigner signer) {
        byte[] token = bytes(signer.sign(null, claims(1)));
        int at = token.length - 20;
        token[at] = (byte) (token[at] == 'A' ? 'B' : 'A');
        return token;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private Authentication ask(Authenticator of, byte[] credential) {
        return of.authenticate(hash, peer, credential, 0, credential.length, NOW);
    }

    private int hash(byte[] credential) throws GeneralSecurityException {
        digest.update(credential, 0, credential.length);
        return digest.digest(digested, 0, digested.length);
    }

    private int next(int count) {
        next = next + 7919 < count ? next + 7919 : next + 7919 - count; // not in their order
        return next;
    }

    @Benchmark
    public Authentication key() {
        return ask(authenticator, keys[next(KEYS)]);
    }

    @Benchmark
    public int hashOfKey() throws GeneralSecurityException {
        return hash(keys[next(KEYS)]);
    }

    /** Verified before. */
    @Benchmark
    public Authentication token() {
        return ask(authenticator, tokens[next(TOKENS)]);
    }

    @Benchmark
    public int hashOfToken() throws GeneralSecurityException {
        return hash(tokens[next(TOKENS)]);
    }

    /** What whoever has no good token can make a loop do. */
    @Benchmark
    public Authentication forgedRs256() {
        return ask(rsa, rsaBad);
    }

    @Benchmark
    public Authentication forgedEs256() {
        return ask(ecdsa, ecdsaBad);
    }
}

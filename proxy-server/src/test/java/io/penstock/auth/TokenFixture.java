package io.penstock.auth;

import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import io.penstock.caller.Allowance;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Tokens and keys of tests: signed by hand, so that they can be wrong in any way. */
final class TokenFixture {
    static final String SECRET = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static final long LIFE_SECONDS = 600;
    static final Function<String, Predicate<String>> GLOBS =
            glob -> name -> name.startsWith(glob.replace("*", ""));

    private static final Map<TokenAlgorithm.Family, KeyPair> PAIRS = new HashMap<>();

    private TokenFixture() {}

    static JwtSettings settings(String secret) {
        return settings(TokenAlgorithm.HS256, new JwtKeySettings.Secret(secret));
    }

    static JwtSettings settings(TokenAlgorithm algorithm, JwtKeySettings keys) {
        return new JwtSettings(algorithm, keys, null, null, JwtSettings.DEFAULT_LEEWAY, List.of(),
                Allowance.UNBOUNDED);
    }

    /** Claims of a good token of alice's. */
    static Map<String, Object> claims(long nowMillis) {
        Map<String, Object> claims = new HashMap<>();
        claims.put("sub", "alice");
        claims.put("iat", nowMillis / 1000);
        claims.put("exp", nowMillis / 1000 + LIFE_SECONDS);
        return claims;
    }

    static String token(Map<String, Object> claims) {
        return hs256("{\"alg\":\"HS256\"}", JSONObjectUtils.toJSONString(claims), SECRET);
    }

    /** Header and payload as they are, with a good signature whatever they say. */
    static String hs256(String header, String payload, String secret) {
        String text = Base64URL.encode(header) + "." + Base64URL.encode(payload);
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return text + "."
                    + Base64URL.encode(mac.doFinal(text.getBytes(StandardCharsets.US_ASCII)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** One pair a family and run: RSA takes its time. */
    static synchronized KeyPair pair(TokenAlgorithm algorithm) {
        if (algorithm.family() == TokenAlgorithm.Family.EC) {
            return newPair(algorithm);
        }
        return PAIRS.computeIfAbsent(algorithm.family(), family -> newPair(algorithm));
    }

    static KeyPair newPair(TokenAlgorithm algorithm) {
        try {
            return switch (algorithm.family()) {
                case SECRET -> throw new IllegalArgumentException("no pair");
                case RSA -> rsaPair(2048);
                case EC -> {
                    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
                    generator.initialize(new ECGenParameterSpec(algorithm.curve().getStdName()));
                    yield generator.generateKeyPair();
                }
                case ED25519 -> KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
            };
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static KeyPair rsaPair(int bits) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(bits);
        return generator.generateKeyPair();
    }

    static String pem(String label, byte[] der) {
        return "-----BEGIN " + label + "-----\n"
                + java.util.Base64.getMimeEncoder().encodeToString(der)
                + "\n-----END " + label + "-----\n";
    }
}

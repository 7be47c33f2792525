package io.penstock.auth;

import io.penstock.caller.Allowance;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The {@code auth.jwt} section.
 *
 * @param algorithm the only one that is accepted
 * @param issuer what {@code iss} must say, if anything
 * @param audience what {@code aud} must contain, if anything
 * @param leeway how far the issuer's clock may be off
 * @param models globs of the model names that a token's holder may ask for; empty for all
 * @param granted what each token's holder may ask for; claims can only make it less
 */
public record JwtSettings(TokenAlgorithm algorithm, JwtKeySettings keys,
        @Nullable String issuer, @Nullable String audience, Duration leeway,
        List<String> models, Allowance granted) {
    public static final Duration DEFAULT_LEEWAY = Duration.ofSeconds(30);

    private static final Duration MAX_LEEWAY = Duration.ofMinutes(10);
    private static final String LOOPBACK = "localhost|127(\\.\\d{1,3}){3}|\\[::1\\]";

    public JwtSettings {
        models = List.copyOf(models);
        if (leeway.isNegative() || leeway.compareTo(MAX_LEEWAY) > 0) {
            throw new IllegalArgumentException(
                    "leeway: " + leeway + " (expected: " + MAX_LEEWAY + " at most)");
        }
        if (algorithm.needsSecret() != keys instanceof JwtKeySettings.Secret) {
            throw new IllegalArgumentException("algorithm: " + algorithm.text()
                    + (algorithm.needsSecret()
                            ? " with public keys (expected: one of RS256 to RS512, PS256 to "
                                    + "PS512, ES256 to ES512, EdDSA; with " + algorithm.text()
                                    + " whoever knows the public key could sign)"
                            : " with a secret (expected: public keys by jwks_url, jwks_file or "
                                    + "public_key_file; or one of HS256, HS384, HS512)"));
        }
        if (keys instanceof JwtKeySettings.Secret secret) {
            checkSecret(algorithm, secret);
        } else if (keys instanceof JwtKeySettings.PublicPem pem) {
            checkKey(algorithm, pem);
        } else if (keys instanceof JwtKeySettings.JwksUrl jwks) {
            checkUrl(jwks.url());
        }
    }

    private static void checkSecret(TokenAlgorithm algorithm, JwtKeySettings.Secret secret) {
        if (secret.text().startsWith("-----BEGIN ")) {
            throw new IllegalArgumentException("secret: a key in PEM (expected: random text for "
                    + algorithm.text() + ", which nobody else knows)");
        }
        int bytes = secret.text().getBytes(StandardCharsets.UTF_8).length;
        if (bytes < algorithm.minSecretBytes()) {
            throw new IllegalArgumentException("secret: " + bytes + " bytes (expected: "
                    + algorithm.minSecretBytes() + " or more for " + algorithm.text()
                    + ", RFC 7518 section 3.2, such as `openssl rand -base64 "
                    + algorithm.minSecretBytes() + "` prints)");
        }
    }

    private static void checkKey(TokenAlgorithm algorithm, JwtKeySettings.PublicPem pem) {
        String misfit = algorithm.misfit(pem.key());
        if (misfit != null) {
            throw new IllegalArgumentException("public_key_file: " + misfit + " (expected: "
                    + algorithm.neededKey() + " for " + algorithm.text() + ")");
        }
    }

    private static void checkUrl(URI url) {
        boolean isSecure = "https".equalsIgnoreCase(url.getScheme());
        boolean isLocal = "http".equalsIgnoreCase(url.getScheme()) && url.getHost() != null
                && url.getHost().matches(LOOPBACK);
        if (!isSecure && !isLocal || url.getHost() == null) {
            throw new IllegalArgumentException("jwks_url: keys that anybody on the way could "
                    + "exchange (expected: an https URL; http only on this machine)");
        }
        if (url.getPort() == 0 || url.getPort() > 65_535) {
            throw new IllegalArgumentException("jwks_url: port " + url.getPort()
                    + " (expected: 1 to 65535)");
        }
        if (url.getRawUserInfo() != null) {
            throw new IllegalArgumentException(
                    "jwks_url: a name and password in it (expected: a URL without)");
        }
    }
}

package io.penstock.auth;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.EdECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a token may be signed (RFC 7518 section 3.1, RFC 8037), and which keys fit. */
public enum TokenAlgorithm {
    HS256(Family.SECRET, 32), HS384(Family.SECRET, 48), HS512(Family.SECRET, 64),
    RS256(Family.RSA, 0), RS384(Family.RSA, 0), RS512(Family.RSA, 0),
    PS256(Family.RSA, 0), PS384(Family.RSA, 0), PS512(Family.RSA, 0),
    ES256(Family.EC, 0), ES384(Family.EC, 0), ES512(Family.EC, 0),
    EDDSA(Family.ED25519, 0);

    /** What a key has to be. */
    enum Family { SECRET, RSA, EC, ED25519 }

    static final int MIN_RSA_BITS = 2048;

    private final Family family;
    private final int minSecretBytes;

    TokenAlgorithm(Family family, int minSecretBytes) {
        this.family = family;
        this.minSecretBytes = minSecretBytes;
    }

    /** As a token's {@code alg} says it. */
    public String text() {
        return this == EDDSA ? "EdDSA" : name();
    }

    /** The algorithm of that name, in just that spelling, if any. */
    public static @Nullable TokenAlgorithm of(String text) {
        for (TokenAlgorithm each : values()) {
            if (each.text().equals(text)) {
                return each;
            }
        }
        return null;
    }

    /** Every name, in the order of the standard. */
    public static List<String> names() {
        return Arrays.stream(values()).map(TokenAlgorithm::text).toList();
    }

    Family family() {
        return family;
    }

    public boolean needsSecret() {
        return family == Family.SECRET;
    }

    /** The least length of a secret in bytes, which is that of the hash (RFC 7518 section 3.2). */
    int minSecretBytes() {
        return minSecretBytes;
    }

    JWSAlgorithm jws() {
        return JWSAlgorithm.parse(text());
    }

    @Nullable Curve curve() {
        return family == Family.EC ? Curve.forJWSAlgorithm(jws()).iterator().next()
                : family == Family.ED25519 ? Curve.Ed25519 : null;
    }

    /** What is wrong with a key for this algorithm; null if it fits. */
    @Nullable String misfit(PublicKey key) {
        return switch (family) {
            case SECRET -> "a public key";
            case RSA -> !(key instanceof RSAPublicKey rsa) ? "no RSA key"
                    : rsa.getModulus().bitLength() < MIN_RSA_BITS
                            ? "an RSA key of " + rsa.getModulus().bitLength() + " bits" : null;
            case EC -> !(key instanceof ECPublicKey ec) ? "no EC key"
                    : !Curve.forECParameterSpec(ec.getParams()).equals(curve())
                            ? "an EC key on another curve" : null;
            case ED25519 -> key instanceof EdECPublicKey ed
                    && ed.getParams().getName().equals("Ed25519") ? null : "no Ed25519 key";
        };
    }

    /** The key that this algorithm needs, in words. */
    String neededKey() {
        return switch (family) {
            case SECRET -> "a secret of " + minSecretBytes + " bytes or more";
            case RSA -> "an RSA key of " + MIN_RSA_BITS + " bits or more";
            case EC -> "an EC key on the curve " + curve();
            case ED25519 -> "an Ed25519 key";
        };
    }
}

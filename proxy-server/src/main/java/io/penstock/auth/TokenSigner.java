package io.penstock.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONArrayUtils;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.EdECPrivateKey;
import java.security.interfaces.RSAPrivateKey;
import java.text.ParseException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Signs tokens, for trying things out: whoever issues them for others has a server for it. */
public final class TokenSigner {
    private final TokenAlgorithm algorithm;
    private final PartSigner signer;

    private interface PartSigner {
        Base64URL sign(JWSHeader header, byte[] text)
                throws JOSEException, GeneralSecurityException;
    }

    private TokenSigner(TokenAlgorithm algorithm, PartSigner signer) {
        this.algorithm = algorithm;
        this.signer = signer;
    }

    /** Signs with a secret that is long enough for the algorithm, as the settings make sure. */
    public static TokenSigner of(TokenAlgorithm algorithm, JwtKeySettings.Secret secret) {
        try {
            JWSSigner signer =
                    new MACSigner(secret.text().getBytes(StandardCharsets.UTF_8));
            return new TokenSigner(algorithm, signer::sign);
        } catch (JOSEException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** The algorithm that is usual for a private key, if any. */
    public static @Nullable TokenAlgorithm usualFor(PrivateKey key) {
        if (key instanceof ECPrivateKey ec) {
            for (TokenAlgorithm each : TokenAlgorithm.values()) {
                if (each.family() == TokenAlgorithm.Family.EC
                        && Curve.forECParameterSpec(ec.getParams()).equals(each.curve())) {
                    return each;
                }
            }
            return null;
        }
        return key instanceof RSAPrivateKey ? TokenAlgorithm.RS256
                : key instanceof EdECPrivateKey ? TokenAlgorithm.EDDSA : null;
    }

    /** Signs with a private key; throws {@link IllegalArgumentException} if it doesn't fit. */
    public static TokenSigner of(TokenAlgorithm algorithm, PrivateKey key) {
        TokenAlgorithm usual = usualFor(key);
        boolean fits = usual != null && usual.family() == algorithm.family()
                && (algorithm.family() != TokenAlgorithm.Family.EC || usual == algorithm);
        if (!fits) {
            throw new IllegalArgumentException("the private key is none for " + algorithm.text()
                    + " (expected: " + algorithm.neededKey() + ")");
        }
        try {
            JWSSigner signer = switch (algorithm.family()) {
                case SECRET -> throw new IllegalArgumentException("a private key is no secret");
                case RSA -> new RSASSASigner(key);
                case EC -> new ECDSASigner((ECPrivateKey) key);
                case ED25519 -> null;
            };
            return new TokenSigner(algorithm,
                    signer == null ? (header, text) -> ed25519(key, text) : signer::sign);
        } catch (JOSEException | IllegalArgumentException e) {
            throw new IllegalArgumentException("the private key is none for " + algorithm.text()
                    + " (expected: " + algorithm.neededKey() + ")", e);
        }
    }

    private static Base64URL ed25519(PrivateKey key, byte[] text) throws GeneralSecurityException {
        Signature signature = Signature.getInstance(Ed25519Verifier.NAME);
        signature.initSign(key);
        signature.update(text);
        return Base64URL.encode(signature.sign());
    }

    /**
     * The signed token.
     *
     * @param keyId its {@code kid}, if any
     */
    public String sign(@Nullable String keyId, Map<String, ?> claims) {
        JWSHeader header = new JWSHeader.Builder(algorithm.jws()).type(JOSEObjectType.JWT)
                .keyID(keyId).build();
        String text = header.toBase64URL() + "."
                + Base64URL.encode(JSONObjectUtils.toJSONString(claims));
        try {
            return text + "."
                    + signer.sign(header, text.getBytes(StandardCharsets.US_ASCII));
        } catch (JOSEException | GeneralSecurityException e) {
            throw new IllegalStateException("a key that fits signs", e);
        }
    }

    /** A claim's value as JSON if it looks like it: a number, true, false or a list; else text. */
    public static Object typed(String text) throws ParseException {
        if (text.matches("true|false")) {
            return Boolean.valueOf(text);
        }
        if (text.matches("-?(0|[1-9]\\d{0,17})")) {
            return Long.valueOf(text);
        }
        if (text.matches("-?(0|[1-9]\\d{0,17})\\.\\d{1,18}")) {
            return Double.valueOf(text);
        }
        return text.startsWith("[") ? JSONArrayUtils.parse(text) : text;
    }
}

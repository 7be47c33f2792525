package io.penstock.auth;

import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.impl.EdDSAProvider;
import com.nimbusds.jose.util.Base64URL;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.interfaces.EdECPublicKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;

/**
 * Verifies Ed25519 signatures (RFC 8037) by the JDK, which has known them since 15; the library's
 * own verifier needs another library for it.
 *
 * <p><b>Thread:</b> safe; each verification has a {@link Signature} of its own.
 */
final class Ed25519Verifier extends EdDSAProvider implements JWSVerifier {
    static final String NAME = "Ed25519";

    private static final int POINT_BYTES = 32;
    private static final byte[] SPKI_START = HexFormat.of().parseHex("302a300506032b6570032100");

    private final PublicKey key;

    /** Throws if the key is no point of the curve. */
    Ed25519Verifier(PublicKey key) throws InvalidKeyException {
        this.key = key;
        initialised();
    }

    /** The public key of 32 bytes, as a JWK has it (RFC 8037 section 2). */
    static EdECPublicKey key(byte[] point) throws InvalidKeyException {
        if (point.length != POINT_BYTES) {
            throw new InvalidKeyException("no 32 bytes");
        }
        byte[] spki = new byte[SPKI_START.length + POINT_BYTES];
        System.arraycopy(SPKI_START, 0, spki, 0, SPKI_START.length);
        System.arraycopy(point, 0, spki, SPKI_START.length, POINT_BYTES);
        try {
            return (EdECPublicKey) KeyFactory.getInstance(NAME)
                    .generatePublic(new X509EncodedKeySpec(spki));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK since 15 has Ed25519", e);
        } catch (InvalidKeySpecException e) {
            throw new InvalidKeyException(e);
        }
    }

    private Signature initialised() throws InvalidKeyException {
        try {
            Signature signature = Signature.getInstance(NAME);
            signature.initVerify(key);
            return signature;
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK since 15 has Ed25519", e);
        }
    }

    @Override
    public boolean verify(JWSHeader header, byte[] signed, Base64URL signature) {
        try {
            Signature verifying = initialised();
            verifying.update(signed);
            return verifying.verify(signature.decode());
        } catch (SignatureException e) {
            return false; // not of 64 bytes, or a number in it is out of range
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the key was good when it was read", e);
        }
    }
}

package io.penstock.auth;

import java.io.ByteArrayInputStream;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Keys in PEM (RFC 7468), by the JDK alone: a public key or a certificate to verify with, a private
 * key in PKCS #8 to sign with. What is refused is said in an {@link IllegalArgumentException},
 * which never holds a part of the file.
 */
public final class Pem {
    private static final Pattern BLOCK = Pattern.compile(
            "-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\\s]*)-----END \\1-----");
    private static final List<String> ALGORITHMS =
            List.of("RSA", "EC", Ed25519Verifier.NAME, "RSASSA-PSS");

    private Pem() {}

    private interface KeyReader<T> {
        T read(KeyFactory factory) throws InvalidKeySpecException;
    }

    /** The key of {@code PUBLIC KEY}, or that of a {@code CERTIFICATE}. */
    public static PublicKey publicKey(String text) {
        Matcher block = onlyBlock(text, "a PEM file with one PUBLIC KEY or CERTIFICATE");
        byte[] der = der(block);
        return switch (block.group(1)) {
            case "PUBLIC KEY" -> key(factory ->
                    factory.generatePublic(new X509EncodedKeySpec(der)));
            case "CERTIFICATE" -> certified(der);
            default -> throw new IllegalArgumentException(block.group(1) + " in PEM (expected: "
                    + "PUBLIC KEY, as `openssl pkey -in KEY.pem -pubout` prints it)");
        };
    }

    /** The key of {@code PRIVATE KEY}. */
    public static PrivateKey privateKey(String text) {
        Matcher block = onlyBlock(text, "a PEM file with one PRIVATE KEY");
        if (!block.group(1).equals("PRIVATE KEY")) {
            throw new IllegalArgumentException(block.group(1) + " in PEM (expected: PRIVATE KEY, "
                    + "as `openssl pkcs8 -topk8 -nocrypt -in KEY.pem` prints it)");
        }
        byte[] der = der(block);
        return key(factory -> factory.generatePrivate(new PKCS8EncodedKeySpec(der)));
    }

    private static Matcher onlyBlock(String text, String expected) {
        Matcher block = BLOCK.matcher(text);
        if (!block.find()) {
            throw new IllegalArgumentException("no PEM in it (expected: " + expected + ")");
        }
        if (BLOCK.matcher(text).results().count() > 1) {
            throw new IllegalArgumentException("several keys in it (expected: " + expected + ")");
        }
        return block;
    }

    private static byte[] der(Matcher block) {
        try {
            return Base64.getMimeDecoder().decode(block.group(2));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("broken base64 in it (expected: PEM)", e);
        }
    }

    private static <T> T key(KeyReader<T> reader) {
        for (String algorithm : ALGORITHMS) {
            try {
                return reader.read(KeyFactory.getInstance(algorithm));
            } catch (InvalidKeySpecException e) {
                // of another algorithm, unless it is of none
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError("every JDK has " + algorithm, e);
            }
        }
        throw new IllegalArgumentException(
                "a key that can't be read (expected: an RSA, EC or Ed25519 key)");
    }

    private static PublicKey certified(byte[] der) {
        try {
            return CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(der)).getPublicKey();
        } catch (CertificateException e) {
            throw new IllegalArgumentException(
                    "a certificate that can't be read (expected: X.509)", e);
        }
    }
}

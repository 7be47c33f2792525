package io.penstock.auth;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.DigestException;
import java.security.MessageDigest;

/**
 * The SHA-256 of the credential that is looked at, in an array that is used again. Whatever is
 * looked up by it lies where nobody can choose to have it.
 *
 * <p><b>Thread:</b> confined to one event loop.
 */
public final class CredentialHash {
    static final int BYTES = 32;
    private static final VarHandle WORDS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final MessageDigest digest = Authenticator.newDigest();
    private final byte[] bytes = new byte[BYTES];

    /** Hashes what stands there; the array is good until the next call. */
    byte[] of(byte[] credential, int start, int end) {
        digest.update(credential, start, end - start);
        try {
            digest.digest(bytes, 0, BYTES);
        } catch (DigestException e) {
            throw new AssertionError("the array is long enough", e);
        }
        return bytes;
    }

    /** The first bytes of a hash, which pick its place in a table. */
    static long start(byte[] hash) {
        return (long) WORDS.get(hash, 0);
    }
}

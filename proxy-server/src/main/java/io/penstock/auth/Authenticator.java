package io.penstock.auth;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Finds the caller of an API key by the key's SHA-256, compared in constant time. What a wrong key
 * shares with a right one can't be learned from how long the answer takes: the hashes are looked up
 * by bits that nobody can steer.
 *
 * <p><b>Thread:</b> safe by immutability; each event loop brings its own digest.
 */
public final class Authenticator {
    private final Map<Long, Entry> byHash = new HashMap<>();
    private final boolean required;

    private record Entry(byte[] hash, Caller caller, Entry next) {}

    /** {@code globs} makes the test of an allowed model's name. */
    public Authenticator(AuthSettings settings, Function<String, Predicate<String>> globs) {
        required = settings.isRequired();
        for (ApiKeySettings key : settings.keys()) {
            byte[] hash = HexFormat.of().parseHex(
                    key.hash().substring("sha256:".length()).toLowerCase(Locale.ROOT));
            List<Predicate<String>> models = key.models().stream().map(globs).toList();
            byHash.compute(start(hash),
                    (start, next) -> new Entry(hash, new Caller(key.id(), key.id(), models,
                            Allowance.UNBOUNDED), next));
        }
    }

    public static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /**
     * The caller who shows that credential.
     *
     * @param digest the loop's own; used and left as it was
     * @param bytes holds the credential, from {@code start} to {@code end}; empty for none
     * @return null if it is nobody's, and where one is required, if there is none
     */
    public Caller find(MessageDigest digest, byte[] bytes, int start, int end) {
        if (start == end) {
            return required ? null : Caller.ANYONE;
        }
        if (byHash.isEmpty()) {
            return Caller.ANYONE; // SDKs always show a key, even to a proxy that asks for none
        }
        digest.update(bytes, start, end - start);
        byte[] hash = digest.digest();
        for (Entry entry = byHash.get(start(hash)); entry != null; entry = entry.next()) {
            if (MessageDigest.isEqual(entry.hash(), hash)) {
                return entry.caller();
            }
        }
        return null;
    }

    public boolean isRequired() {
        return required;
    }

    private static Long start(byte[] hash) {
        return ByteBuffer.wrap(hash).getLong();
    }
}

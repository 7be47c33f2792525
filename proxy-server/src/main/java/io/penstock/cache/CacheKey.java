package io.penstock.cache;

import io.penstock.cache.CanonicalJson.NotCanonicalException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What two requests have in common that may be given the same reply: SHA-256 over all that decides
 * on the reply. Callers write what goes into it, so no shorter or faster digest will do: who found
 * two requests with one key could have a reply of the caller's choice given to others.
 */
public record CacheKey(long a, long b, long c, long d) {
    /** A longer request has no key: reading it once more would hold the event loop up. */
    public static final int MAX_BODY_BYTES = 1024 * 1024;

    /**
     * The key of a request whose body is a JSON object; null if it has none, since its body is too
     * long, or is no object that all readers understand alike.
     *
     * @param parts whatever else decides on the reply, in an order of the caller's own
     * @param without members of the body that do not decide on it
     * @param barring members of a body that has no key, unless they are null or false
     */
    public static @Nullable CacheKey of(List<String> parts, byte[] body, int from, int length,
            Set<String> without, Set<String> barring) {
        if (length > MAX_BODY_BYTES) {
            return null;
        }
        byte[] canonical;
        try {
            canonical = CanonicalJson.of(body, from, length, without, barring);
        } catch (NotCanonicalException e) {
            return null;
        }
        MessageDigest digest = newDigest();
        digest.update(ByteBuffer.allocate(4).putInt(parts.size()).flip());
        for (String part : parts) {
            byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
            digest.update(ByteBuffer.allocate(4).putInt(bytes.length).flip());
            digest.update(bytes);
        }
        digest.update(canonical);
        ByteBuffer sum = ByteBuffer.wrap(digest.digest());
        return new CacheKey(sum.getLong(), sum.getLong(), sum.getLong(), sum.getLong());
    }

    private static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** The key in hexadecimal digits, as a shared store names it. */
    public String toHex() {
        return String.format("%016x%016x%016x%016x", a, b, c, d);
    }

    @Override
    public int hashCode() {
        return (int) a; // as even as any 32 bits of it
    }
}

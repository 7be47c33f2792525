package io.penstock.cache;

import java.util.concurrent.TimeUnit;

/**
 * One whole, successful reply, as its caller got it but for the framing.
 *
 * <p><b>Thread:</b> immutable; nobody writes to the bytes.
 *
 * @param body the JSON object, or all events
 * @param provider who gave it
 * @param model what the provider calls the model
 * @param tokens what it came to
 * @param tookNanos from its first byte to its last
 * @param storedNanos when it was whole, by {@link System#nanoTime}
 * @param ttlNanos how long it may be given again
 */
public record CachedReply(ReplyKind kind, byte[] body, String provider, String model,
        Tokens tokens, long tookNanos, long storedNanos, long ttlNanos) {
    private static final int OVERHEAD_BYTES = 256; // of objects and tables, about

    /** What a reply came to, in tokens. */
    public record Tokens(long prompt, long completion, long cached, long reasoning,
            boolean estimated) {
        public static final Tokens NONE = new Tokens(0, 0, 0, 0, true);
    }

    /** The same answer in another shape. */
    public CachedReply as(ReplyKind other, byte[] otherBody) {
        return new CachedReply(other, otherBody, provider, model, tokens, tookNanos, storedNanos,
                ttlNanos);
    }

    /** How many bytes of memory it takes, about. */
    int weight() {
        return body.length + OVERHEAD_BYTES;
    }

    /** Seconds since it was whole, as {@code age} tells them (RFC 9111 section 5.1). */
    public long ageSeconds(long nowNanos) {
        return Math.max(0, TimeUnit.NANOSECONDS.toSeconds(nowNanos - storedNanos));
    }

    /** How long it may be given from now on; not positive if no longer. */
    long leftNanos(long nowNanos) {
        return ttlNanos - (nowNanos - storedNanos);
    }
}

package io.penstock.redis;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Bytes by name that all nodes see, for a while: a second level behind a memory of one's own.
 *
 * <pre>{@code
 * bytes.get(name, Duration.ofMillis(20)).whenComplete((found, failure) -> loop.execute(() -> ...));
 * bytes.put(name, value, Duration.ofMinutes(5));
 * }</pre>
 *
 * <p>A store that may forget at any time: a failure, a lateness and a server that is away all mean
 * the same as nothing found.
 *
 * <p><b>Thread:</b> safe; nothing waits. Answers come on a thread of somebody else's: go on
 * elsewhere with what takes time. The arrays are shared: neither side changes one.
 * <br><b>Bounds:</b> {@value #MAX_BYTES} bytes a value.
 */
public final class SharedBytes {
    public static final int MAX_BYTES = 1024 * 1024;

    private final RedisLink link;
    private final String kind;

    /** {@code kind} keeps names apart from those of other users. */
    public SharedBytes(RedisLink link, String kind) {
        this.link = link;
        this.kind = kind + ":";
    }

    /** Whether it is worth asking at the moment. */
    public boolean isUp() {
        return link.isUp();
    }

    /** What is there; null inside for nothing. Never fails. */
    public CompletableFuture<byte @Nullable []> get(String name, Duration deadline) {
        return link.get(kind + name, deadline.toMillis()).exceptionally(failure -> null);
    }

    /** Puts it there; true inside once it is. Never fails. */
    public CompletableFuture<Boolean> put(String name, byte[] value, Duration ttl) {
        if (value.length > MAX_BYTES || ttl.toMillis() < 1) {
            return CompletableFuture.completedFuture(false);
        }
        return link.set(kind + name, value, ttl.toMillis()).thenApply(ok -> true)
                .exceptionally(failure -> false);
    }
}

package io.penstock.cache;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Bytes by name that several processes share, for a while: the level behind the cache of one
 * process. The store may forget at any time, so a failure, a lateness and a store that is away all
 * mean the same as nothing found.
 *
 * <p><b>Thread:</b> safe; nothing waits. Answers come on any thread. The arrays are shared: neither
 * side writes to one.
 */
public interface SharedStore {
    /** Whether the store is worth asking at the moment. */
    boolean isUp();

    /** What is there; null inside for nothing. Never fails. */
    CompletableFuture<byte @Nullable []> get(String name, Duration deadline);

    /** Puts the value there, if it is not too long; true inside once it is. Never fails. */
    CompletableFuture<Boolean> put(String name, byte[] value, Duration ttl);
}

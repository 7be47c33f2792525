package io.penstock.fleet;

import io.penstock.cache.SharedStore;
import io.penstock.redis.RedisLink;
import io.penstock.redis.SharedBytes;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The replies that the nodes give again for each other.
 *
 * <p><b>Thread:</b> safe.
 */
final class SharedReplies implements SharedStore {
    private final SharedBytes bytes;

    SharedReplies(RedisLink link) {
        bytes = new SharedBytes(link, "reply");
    }

    @Override
    public boolean isUp() {
        return bytes.isUp();
    }

    @Override
    public CompletableFuture<byte @Nullable []> get(String name, Duration deadline) {
        return bytes.get(name, deadline);
    }

    @Override
    public CompletableFuture<Boolean> put(String name, byte[] value, Duration ttl) {
        return bytes.put(name, value, ttl);
    }
}

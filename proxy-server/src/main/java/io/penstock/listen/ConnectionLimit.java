package io.penstock.listen;

import java.net.InetAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Counts open connections, all and by address, against their limits.
 *
 * <p><b>Thread:</b> safe. <b>Bounds:</b> remembers only addresses with an open connection.
 */
public final class ConnectionLimit {
    private final AtomicInteger open = new AtomicInteger();
    private final ConcurrentHashMap<InetAddress, Integer> byAddress = new ConcurrentHashMap<>();
    private final AtomicLong refused = new AtomicLong();
    private volatile int maxOpen;
    private volatile int maxPerAddress;

    /** {@code maxPerAddress} null for no bound. */
    public ConnectionLimit(int maxOpen, @Nullable Integer maxPerAddress) {
        set(maxOpen, maxPerAddress);
    }

    /** Other limits from now on; what is open stays open. */
    public void set(int maxOpen, @Nullable Integer maxPerAddress) {
        this.maxOpen = maxOpen;
        this.maxPerAddress = maxPerAddress == null ? Integer.MAX_VALUE : maxPerAddress;
    }

    public int open() {
        return open.get();
    }

    /** Connections that were closed at once, since the start. */
    public long refused() {
        return refused.get();
    }

    /** Whether one more may be opened; {@link #onClosed} has to follow if so. */
    boolean tryOpen(InetAddress address) {
        if (open.incrementAndGet() > maxOpen) {
            open.decrementAndGet();
            refused.incrementAndGet();
            return false;
        }
        if (byAddress.merge(address, 1, Integer::sum) > maxPerAddress) {
            onClosed(address);
            refused.incrementAndGet();
            return false;
        }
        return true;
    }

    void onClosed(InetAddress address) {
        open.decrementAndGet();
        byAddress.computeIfPresent(address, (a, count) -> count == 1 ? null : count - 1);
    }
}

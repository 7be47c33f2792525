package io.penstock.upstream;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.resolver.AddressResolverGroup;
import io.penstock.http.ResponseHead;
import io.penstock.loop.Deadlines;
import io.penstock.loop.Durations;
import io.penstock.loop.Transport;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The providers as one event loop sees them: a pool of connections for each.
 *
 * <p><b>Thread:</b> confined to the event loop, but for {@link #pools}, which any thread may read.
 */
public final class UpstreamLoop {
    private static final int MAX_RESPONSE_HEAD_BYTES = 64 * 1024;
    private static final int MAX_READ_BYTES = 64 * 1024;
    private static final int HIGH_WATERMARK_BYTES = 1024 * 1024; // a long prompt in one go
    private static final int USER_TIMEOUT_MILLIS = 30_000;

    private final Bootstrap bootstrap;
    private final Deadlines deadlines;
    private final ResponseHead responseHead = new ResponseHead(MAX_RESPONSE_HEAD_BYTES);
    private final int loops;
    private final UpstreamCounts counts;
    private volatile Map<Provider, ConnectionPool> pools = new IdentityHashMap<>();

    /** A loop that tells nobody how long connections take to close. */
    public UpstreamLoop(EventLoop loop, Transport transport,
            AddressResolverGroup<InetSocketAddress> resolver, Deadlines deadlines, int loops) {
        this(loop, transport, resolver, deadlines, loops, Durations.NONE);
    }

    /**
     * A loop without any connection so far.
     *
     * @param loops how many of these share a provider's connections
     * @param closes takes how long connections took to close that were given up in a call
     */
    public UpstreamLoop(EventLoop loop, Transport transport,
            AddressResolverGroup<InetSocketAddress> resolver, Deadlines deadlines, int loops,
            Durations closes) {
        counts = new UpstreamCounts(closes);
        this.deadlines = deadlines;
        this.loops = loops;
        bootstrap = new Bootstrap()
                .group(loop)
                .channel(transport.channel())
                .resolver(resolver)
                .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.AUTO_CLOSE, false) // a reply may be there when a write fails
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 0) // the attempt has its own timer
                .option(ChannelOption.RECVBUF_ALLOCATOR,
                        new AdaptiveRecvByteBufAllocator(512, 2048, MAX_READ_BYTES))
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(HIGH_WATERMARK_BYTES / 2, HIGH_WATERMARK_BYTES));
        if (transport.userTimeoutOption() != null) {
            bootstrap.option(transport.userTimeoutOption(), USER_TIMEOUT_MILLIS);
        }
    }

    /** This loop's connections to {@code provider}. */
    public ConnectionPool pool(Provider provider) {
        ConnectionPool pool = pools.get(provider);
        if (pool == null) {
            pool = new ConnectionPool(provider, bootstrap, deadlines, responseHead, loops,
                    counts);
            Map<Provider, ConnectionPool> more = new IdentityHashMap<>(pools);
            more.put(provider, pool);
            pools = more;
        }
        return pool;
    }

    /** TLS handshakes with providers that came to their end; any thread. */
    public long handshakes() {
        return counts.handshakes();
    }

    /** TLS handshakes with providers that failed; any thread. */
    public long failedHandshakes() {
        return counts.failedHandshakes();
    }

    /** Retires the pools of all other providers. */
    public void retainOnly(Collection<Provider> providers) {
        Map<Provider, ConnectionPool> fewer = new IdentityHashMap<>();
        pools.forEach((provider, pool) -> {
            if (providers.contains(provider)) {
                fewer.put(provider, pool);
            } else {
                pool.retire();
            }
        });
        pools = fewer;
    }

    /** Connections open to all providers; on the loop. */
    public int open() {
        return pools.values().stream().mapToInt(ConnectionPool::open).sum();
    }

    /** Calls waiting for a slot of any provider; on the loop. */
    public int waiting() {
        return pools.values().stream().mapToInt(pool -> (int) pool.waiting()).sum();
    }

    /** Pools, each of which watches its own idle connections; on the loop. */
    public int pools() {
        return pools.size();
    }

    /** The pool of that provider, if it has been used; null if not. Any thread. */
    public @Nullable ConnectionPool existingPool(Provider provider) {
        return pools.get(provider);
    }
}

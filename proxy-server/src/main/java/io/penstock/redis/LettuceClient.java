package io.penstock.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslOptions;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.metrics.CommandLatencyRecorder;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import io.lettuce.core.resource.EpollProvider;
import io.lettuce.core.resource.EventLoopGroupProvider;
import io.lettuce.core.resource.IOUringProvider;
import io.lettuce.core.resource.KqueueProvider;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutorGroup;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.penstock.loop.Transport;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Lettuce, set up for one server, a cluster, or a server behind sentinels: on the proxy's own event
 * loops where Lettuce would choose their transport itself, else on one of its own. It connects
 * again by itself; what was sent on a connection that is lost fails, and is never sent again.
 *
 * <p><b>Bounds:</b> {@value #MAX_WAITING} commands wait for an answer.
 */
final class LettuceClient {
    static final int MAX_WAITING = 20_000;

    private static final String LOG_LEVEL = "org.slf4j.simpleLogger.log.io.lettuce";
    private static final Duration CONNECT = Duration.ofSeconds(2);
    private static final Duration LEAST_RECONNECT = Duration.ofMillis(50);
    private static final Duration MOST_RECONNECT = Duration.ofSeconds(1);
    private static final Duration TOPOLOGY_PERIOD = Duration.ofSeconds(30);
    private static final Duration TOPOLOGY_PAUSE = Duration.ofSeconds(1);
    private static final int FLUSH_EVERY = 256; // commands, at the latest
    private static final long CLOSE_MILLIS = 500;

    private final EventExecutorGroup computing = new DefaultEventExecutorGroup(1,
            new DefaultThreadFactory("penstock-redis", true));
    private final ClientResources resources;
    private final AbstractRedisClient client;
    private final RedisURI uri;

    /** The connections to a server: one for commands, one that messages come on. */
    record Connected(StatefulConnection<byte[], byte[]> connection,
            RedisClusterAsyncCommands<byte[], byte[]> commands,
            StatefulRedisPubSubConnection<byte[], byte[]> messages) {
        void close() {
            connection.closeAsync();
            messages.closeAsync();
        }
    }

    static { // what matters of its connections is said by the link, in one line
        if (System.getProperty(LOG_LEVEL) == null) {
            System.setProperty(LOG_LEVEL, "error");
        }
    }

    LettuceClient(RedisSettings settings, RedisUrl url, @Nullable EventLoopGroup loops,
            Transport transport) {
        ClientResources.Builder builder = ClientResources.builder()
                .commandLatencyRecorder(CommandLatencyRecorder.disabled())
                .eventExecutorGroup(computing)
                .reconnectDelay(Delay.equalJitter(LEAST_RECONNECT, MOST_RECONNECT, 50,
                        TimeUnit.MILLISECONDS))
                .nettyCustomizer(new NettyCustomizer() {
                    @Override
                    public void afterChannelInitialized(Channel channel) {
                        channel.pipeline().addFirst(
                                new FlushConsolidationHandler(FLUSH_EVERY, true));
                    }
                });
        if (loops != null && isChoiceOfLettuce(transport)) {
            builder.eventLoopGroupProvider(new LoopsOfTheProxy(loops));
        } else {
            builder.ioThreadPoolSize(1);
        }
        resources = builder.build();
        List<RedisURI> uris = url.hosts().stream().map(host -> uri(url, host)).toList();
        uri = uris.get(0);
        if (url.kind() == RedisUrl.Kind.CLUSTER) {
            RedisClusterClient cluster = RedisClusterClient.create(resources, uris);
            cluster.setOptions(clusterOptions(settings));
            client = cluster;
        } else {
            RedisClient single = RedisClient.create(resources);
            single.setOptions(options(ClientOptions.builder(), settings)
                    .disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS).build());
            client = single;
        }
    }

    private static boolean isChoiceOfLettuce(Transport transport) {
        return EpollProvider.isAvailable() ? transport == Transport.EPOLL
                : transport == Transport.NIO && !KqueueProvider.isAvailable()
                        && !IOUringProvider.isAvailable();
    }

    private static RedisURI uri(RedisUrl url, RedisUrl.Host host) {
        RedisURI.Builder builder;
        if (url.kind() == RedisUrl.Kind.SENTINEL) {
            builder = RedisURI.builder().withSentinelMasterId(url.master());
            for (RedisUrl.Host sentinel : url.hosts()) {
                builder.withSentinel(RedisURI.builder().withHost(sentinel.name())
                        .withPort(sentinel.port()).withSsl(url.tls()).withTimeout(CONNECT)
                        .build());
            }
        } else {
            builder = RedisURI.builder().withHost(host.name()).withPort(host.port());
        }
        builder.withSsl(url.tls()).withDatabase(url.database()).withTimeout(CONNECT)
                .withClientName("penstock");
        if (url.user() != null && url.password() != null) {
            builder.withAuthentication(url.user(), url.password());
        } else if (url.password() != null) {
            builder.withPassword((CharSequence) url.password());
        }
        return builder.build();
    }

    private static <B extends ClientOptions.Builder> B options(B builder, RedisSettings settings) {
        builder.replayFilter(command -> true)
                .requestQueueSize(MAX_WAITING)
                .maintNotificationsConfig(MaintNotificationsConfig.disabled())
                .socketOptions(SocketOptions.builder().connectTimeout(CONNECT).keepAlive(true)
                        .build());
        if (settings.ca() != null) {
            builder.sslOptions(SslOptions.builder().jdkSslProvider()
                    .trustManager(settings.ca().toFile()).build());
        }
        return builder;
    }

    /** Commands wait for a node's first connection; what has been given up is not sent. */
    private static ClusterClientOptions clusterOptions(RedisSettings settings) {
        ClusterClientOptions.Builder builder =
                options(ClusterClientOptions.builder(), settings);
        return builder.topologyRefreshOptions(ClusterTopologyRefreshOptions.builder()
                .adaptiveRefreshTriggersTimeout(TOPOLOGY_PAUSE)
                .enablePeriodicRefresh(TOPOLOGY_PERIOD).build()).build();
    }

    /** Connects, and tells that listener what becomes of connections. */
    CompletableFuture<Connected> connect(RedisConnectionStateListener listener) {
        if (client instanceof RedisClusterClient cluster) {
            return cluster.refreshPartitionsAsync().toCompletableFuture()
                    .thenCompose(known -> cluster.connectAsync(ByteArrayCodec.INSTANCE))
                    .thenCompose(connection -> cluster
                            .connectPubSubAsync(ByteArrayCodec.INSTANCE)
                            .thenApply(messages -> connected(connection, messages))
                            .whenComplete((both, failure) -> closeIfAlone(connection, failure)));
        }
        RedisClient single = (RedisClient) client;
        return single.connectAsync(ByteArrayCodec.INSTANCE, uri).toCompletableFuture()
                .thenCompose(connection -> {
                    connection.addListener(listener);
                    return single.connectPubSubAsync(ByteArrayCodec.INSTANCE, uri)
                            .toCompletableFuture()
                            .thenApply(messages -> connected(connection, messages))
                            .whenComplete((both, failure) -> closeIfAlone(connection, failure));
                });
    }

    private static void closeIfAlone(StatefulConnection<byte[], byte[]> connection,
            @Nullable Throwable failure) {
        if (failure != null) {
            connection.closeAsync();
        }
    }

    private static Connected connected(StatefulRedisConnection<byte[], byte[]> connection,
            StatefulRedisPubSubConnection<byte[], byte[]> messages) {
        return new Connected(connection, connection.async(), messages);
    }

    private static Connected connected(StatefulRedisClusterConnection<byte[], byte[]> connection,
            StatefulRedisPubSubConnection<byte[], byte[]> messages) {
        return new Connected(connection, connection.async(), messages);
    }

    /** Closes all connections; waits for that, but not long. */
    void close() {
        client.shutdownAsync(0, CLOSE_MILLIS, TimeUnit.MILLISECONDS)
                .completeOnTimeout(null, CLOSE_MILLIS, TimeUnit.MILLISECONDS).join();
        computing.shutdownGracefully(0, CLOSE_MILLIS, TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(CLOSE_MILLIS); // it may just be connecting again
        resources.shutdown(0, CLOSE_MILLIS, TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(CLOSE_MILLIS);
    }

    /** Lends event loops that somebody else stops. */
    private record LoopsOfTheProxy(EventLoopGroup loops) implements EventLoopGroupProvider {
        @Override
        @SuppressWarnings("unchecked") // Lettuce names a deprecated class, and wants any group
        public <T extends EventLoopGroup> T allocate(Class<T> type) {
            return (T) loops;
        }

        @Override
        public int threadPoolSize() {
            return 1;
        }

        @Override
        public Future<Boolean> release(EventExecutorGroup group, long quietPeriod, long timeout,
                TimeUnit unit) {
            return GlobalEventExecutor.INSTANCE.newSucceededFuture(true);
        }

        @Override
        public Future<Boolean> shutdown(long quietPeriod, long timeout, TimeUnit unit) {
            return GlobalEventExecutor.INSTANCE.newSucceededFuture(true);
        }
    }
}

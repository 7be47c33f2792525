package io.penstock.redis;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.netty.channel.EventLoopGroup;
import io.penstock.loop.Transport;
import io.penstock.redis.LettuceClient.Connected;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to the shared server: scripts, bytes and messages, each answered or given up within a
 * deadline. While the server does not answer, the {@link Circuit} is open: nothing but a probe is
 * sent, and all else fails at once.
 *
 * <pre>{@code
 * link.run(SCRIPT, "rate:" + name, "12").whenComplete((reply, failure) -> ...);
 * }</pre>
 *
 * <p><b>Thread:</b> safe; no method waits. Answers come on an event loop, or on a thread of the
 * JDK's when they are late: go on elsewhere with what takes time.
 * <br><b>Bounds:</b> {@value #DEADLINE_MILLIS} ms for each command;
 * {@value LettuceClient#MAX_WAITING} of them at a time.
 */
public final class RedisLink implements AutoCloseable {
    public static final long DEADLINE_MILLIS = 250;
    static final int PROBES_PER_CONNECTION = 4; // that may fail before it is given up

    private static final long CONNECT_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final Logger LOG = LoggerFactory.getLogger(RedisLink.class);

    private final String prefix;
    private final LettuceClient client;
    private final Circuit circuit = new Circuit(System.nanoTime());
    private final RedisFigures figures = new RedisFigures();
    private final AtomicBoolean connecting = new AtomicBoolean();
    private final AtomicBoolean failureTold = new AtomicBoolean();
    private final RedisUrl url;
    private long connectedNanos = System.nanoTime() - CONNECT_PAUSE_NANOS; // last tried so
    private volatile @Nullable Connected current;
    private volatile boolean closed;
    private volatile @Nullable Subscription subscription;

    private record Subscription(byte[] channel, Consumer<byte[]> listener) {}

    private RedisLink(RedisSettings settings, RedisUrl url, LettuceClient client) {
        this.url = url;
        this.client = client;
        prefix = settings.prefix();
    }

    /**
     * A link that connects when it is {@linkplain #tend tended}.
     *
     * @param loops of the proxy, which connections may run on; null for none
     */
    public static RedisLink open(RedisSettings settings, @Nullable EventLoopGroup loops,
            Transport transport) {
        RedisUrl url = settings.url();
        if (url == null) {
            throw new IllegalArgumentException("redis.url is not set");
        }
        return new RedisLink(settings, url, new LettuceClient(settings, url, loops, transport));
    }

    /** Whether commands are sent. */
    public boolean isUp() {
        return circuit.isClosed();
    }

    /** {@code closed}, {@code open} or {@code half_open}. */
    public String circuitState() {
        return switch (circuit.state()) {
            case CLOSED -> "closed";
            case OPEN -> "open";
            case HALF_OPEN -> "half_open";
        };
    }

    public RedisFigures figures() {
        return figures;
    }

    /**
     * Connects if there is no connection, and gives one up that does not answer: to be called every
     * now and then, by one thread.
     */
    public void tend() {
        long nowNanos = System.nanoTime();
        Connected now = current;
        if (now != null && circuit.probesFailed() >= PROBES_PER_CONNECTION) {
            current = null; // what is behind it may have moved, or be gone without a word
            now.close();
            now = null;
        }
        if (now == null && !closed && nowNanos - connectedNanos >= CONNECT_PAUSE_NANOS
                && !connecting.getAndSet(true)) {
            connectedNanos = nowNanos;
            client.connect(new Listener()).whenComplete(this::onConnect);
        }
    }

    private void onConnect(@Nullable Connected connected, @Nullable Throwable failure) {
        if (connected != null) {
            Connected before = current;
            circuit.onNewConnection();
            current = connected;
            if (before != null) {
                before.close();
            }
            subscribe();
            if (closed) {
                connected.close();
            }
        } else if (!failureTold.getAndSet(true)) {
            LOG.warn("redis_unreachable url={} cause=\"{}\"", url, reason(failure));
        }
        connecting.set(false);
    }

    private static String reason(@Nullable Throwable failure) {
        Throwable innermost = failure == null ? new IllegalStateException() : failure;
        while (innermost.getCause() != null) {
            innermost = innermost.getCause();
        }
        return String.valueOf(innermost.getMessage()).replaceAll("[\\s\"]+", " ");
    }

    /** Has that listener told what is published on the channel, over all connections to come. */
    public void subscribe(String channel, Consumer<byte[]> listener) {
        subscription = new Subscription(bytes(prefix + channel), listener);
        subscribe();
    }

    private void subscribe() {
        Connected to = current;
        Subscription wanted = subscription;
        if (to != null && wanted != null) {
            to.messages().addListener(new RedisPubSubAdapter<byte[], byte[]>() {
                @Override
                public void message(byte[] channel, byte[] message) {
                    wanted.listener().accept(message);
                }
            });
            to.messages().async().subscribe(wanted.channel());
        }
    }

    /** The name under which a script publishes what subscribers of that channel get. */
    public String channel(String channel) {
        return prefix + channel;
    }

    /** Runs a script on that key; its answer is a list of {@link Long} and {@code byte[]}. */
    public CompletableFuture<List<Object>> run(Script script, String key, String... args) {
        return send(script(script, key, args), DEADLINE_MILLIS, false);
    }

    /**
     * Runs a script that may be the probe: it is sent as well while the circuit is open, but not
     * more often than a probe may be.
     */
    public CompletableFuture<List<Object>> probe(Script script, String key, String... args) {
        return send(script(script, key, args), DEADLINE_MILLIS, true);
    }

    private Function<RedisClusterAsyncCommands<byte[], byte[]>, CompletableFuture<List<Object>>>
            script(Script script, String key, String... args) {
        byte[][] keys = {bytes(prefix + key)};
        byte[][] values = new byte[args.length][];
        for (int i = 0; i < args.length; i++) {
            values[i] = bytes(args[i]);
        }
        return commands -> commands
                .<List<Object>>evalsha(script.digest(), ScriptOutputType.MULTI, keys, values)
                .toCompletableFuture()
                .exceptionallyCompose(failure -> isUnknownScript(failure)
                        ? commands.<List<Object>>eval(script.text(), ScriptOutputType.MULTI, keys,
                                values).toCompletableFuture()
                        : CompletableFuture.failedFuture(failure));
    }

    private static boolean isUnknownScript(Throwable failure) {
        return failure instanceof RedisNoScriptException
                || failure.getCause() instanceof RedisNoScriptException;
    }

    /** The bytes under that key; null inside where there are none. */
    CompletableFuture<byte @Nullable []> get(String key, long deadlineMillis) {
        byte[] name = bytes(prefix + key);
        return send(commands -> commands.get(name).toCompletableFuture(), deadlineMillis, false);
    }

    CompletableFuture<String> set(String key, byte[] value, long ttlMillis) {
        byte[] name = bytes(prefix + key);
        return send(commands -> commands.set(name, value, SetArgs.Builder.px(ttlMillis))
                .toCompletableFuture(), DEADLINE_MILLIS, false);
    }

    private <T extends @Nullable Object> CompletableFuture<T> send(
            Function<RedisClusterAsyncCommands<byte[], byte[]>, CompletableFuture<T>> command,
            long deadlineMillis, boolean probe) {
        long begunNanos = System.nanoTime();
        Connected to = current;
        if (to == null || !(probe ? circuit.tryProbe(begunNanos) : circuit.tryPass())) {
            figures.unsent.increment();
            return CompletableFuture.failedFuture(new RedisAwayException());
        }
        CompletableFuture<T> answer;
        try {
            answer = command.apply(to.commands());
        } catch (RuntimeException e) { // more wait than may
            answer = CompletableFuture.failedFuture(e);
        }
        boolean impatient = deadlineMillis < DEADLINE_MILLIS;
        return answer.orTimeout(deadlineMillis, TimeUnit.MILLISECONDS)
                .whenComplete((reply, failure) -> onEnd(failure, probe, impatient, begunNanos));
    }

    private void onEnd(@Nullable Throwable failure, boolean probe, boolean impatient,
            long begunNanos) {
        long now = System.nanoTime();
        if (failure == null) {
            figures.onAnswer(now - begunNanos);
            if (circuit.onAnswer(probe)) {
                failureTold.set(false);
                LOG.info("redis_back url={}", url);
            }
            return;
        }
        Throwable cause = failure instanceof CompletionException && failure.getCause() != null
                ? failure.getCause() : failure;
        (cause instanceof TimeoutException ? figures.late : figures.failed).increment();
        if (cause instanceof CancellationException && closed
                || cause instanceof TimeoutException && impatient) {
            return; // the server may be well
        }
        if (circuit.onFailure(probe, now)) {
            LOG.warn("redis_away url={} cause=\"{}\"", url, cause instanceof TimeoutException
                    ? "no answer within " + DEADLINE_MILLIS + " ms" : reason(cause));
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        closed = true;
        Connected last = current;
        current = null;
        if (last != null) {
            last.close();
        }
        client.close();
    }

    /** Watches the one connection to a single server: its end is known before any deadline. */
    private final class Listener implements RedisConnectionStateListener {
        @Override
        public void onRedisConnected(RedisChannelHandler<?, ?> connection,
                SocketAddress address) {
            circuit.onNewConnection();
        }

        @Override
        public void onRedisDisconnected(RedisChannelHandler<?, ?> connection) {
            if (!closed && circuit.onDisconnect(System.nanoTime())) {
                LOG.warn("redis_away url={} cause=\"the connection was closed\"", url);
            }
        }
    }
}

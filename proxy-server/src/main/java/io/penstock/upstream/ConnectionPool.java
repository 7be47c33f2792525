package io.penstock.upstream;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.ssl.SslHandler;
import io.penstock.failure.Fault;
import io.penstock.http.ResponseHead;
import io.penstock.loop.Counter;
import io.penstock.loop.Deadlines;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * One event loop's connections to one provider: the last one used is used next, so that a quiet
 * pool shrinks. Nothing here ever goes to another loop.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> {@code maxConnections} open, connecting ones included; as many waiters, beyond
 * which {@link Fault#POOL_EXHAUSTED} is answered at once. A connection is used for {@value
 * #MAX_AGE_MINUTES} minutes at most, so that a move in DNS takes effect.
 */
public final class ConnectionPool extends Deadlines.Entry {
    static final int MAX_AGE_MINUTES = 10;
    private static final long MAX_AGE_NANOS = TimeUnit.MINUTES.toNanos(MAX_AGE_MINUTES);

    private final Provider provider;
    private final Bootstrap bootstrap;
    private final Deadlines deadlines;
    private final ResponseHead responseHead;
    private final int maxConnections;
    private final long idleNanos;
    private final ArrayDeque<UpstreamConnection> idle = new ArrayDeque<>();
    private final ArrayDeque<ReplyListener> waiters = new ArrayDeque<>();
    private int open;
    private boolean retired;
    private final RetryBudget retryBudget = new RetryBudget();
    private final Counter inFlight = new Counter();
    private final Counter opened = new Counter();

    ConnectionPool(Provider provider, Bootstrap bootstrap, Deadlines deadlines,
            ResponseHead responseHead, int loops) {
        this.provider = provider;
        this.bootstrap = bootstrap;
        this.deadlines = deadlines;
        this.responseHead = responseHead;
        PoolSettings settings = provider.settings().pool();
        maxConnections = Math.max(1, (settings.maxConnections() + loops - 1) / loops);
        idleNanos = settings.idle().toNanos();
        deadlines.add(this);
    }

    /**
     * Asks for a connection: {@code listener} is told, perhaps before this returns. Whatever comes
     * of it, {@link #onDone} has to follow once.
     *
     * @param fresh one that has carried no request yet
     */
    public void acquire(ReplyListener listener, boolean fresh, long nowNanos) {
        inFlight.add(1);
        if (!fresh) {
            UpstreamConnection connection = pollIdle(nowNanos);
            if (connection != null) {
                connection.lend(listener);
                hand(connection, listener);
                return;
            }
        }
        if (open >= maxConnections && fresh && !idle.isEmpty()) {
            idle.pollFirst().close();
        }
        if (open < maxConnections) {
            connect(listener);
        } else if (waiters.size() < maxConnections) {
            waiters.add(listener);
        } else {
            listener.onFailed(Fault.POOL_EXHAUSTED,
                    maxConnections + " connections are busy and as many calls wait");
        }
    }

    /** Stops waiting; harmless if it doesn't wait. */
    public void cancel(ReplyListener listener) {
        waiters.remove(listener);
    }

    /** To be told once for each {@link #acquire}, when its call has ended. */
    public void onDone() {
        inFlight.add(-1);
    }

    public RetryBudget retryBudget() {
        return retryBudget;
    }

    /** Calls that have a connection or wait for one; any thread. */
    public long inFlight() {
        return inFlight.get();
    }

    /** Connections ever opened; any thread. */
    public long opened() {
        return opened.get();
    }

    /** Connections open now; on the loop. */
    int open() {
        return open;
    }

    /** Calls waiting for a connection; on the loop. */
    int waiting() {
        return waiters.size();
    }

    /** No longer in the configuration: idle connections close now, busy ones when they are done. */
    void retire() {
        retired = true;
        deadlines.remove(this);
        while (!idle.isEmpty()) {
            idle.pollFirst().close();
        }
    }

    private UpstreamConnection pollIdle(long now) {
        while (!idle.isEmpty()) {
            UpstreamConnection connection = idle.pollLast();
            if (connection.isOpen() && now - connection.idleSinceNanos() < idleNanos) {
                return connection;
            }
            connection.close();
        }
        return null;
    }

    private void connect(ReplyListener listener) {
        open++;
        opened.add(1);
        UpstreamConnection connection =
                new UpstreamConnection(this, listener, deadlines.nowNanos(), MAX_AGE_NANOS
                        - ThreadLocalRandom.current().nextLong(MAX_AGE_NANOS / 10));
        listener.onConnecting(connection);
        connection.onConnecting(bootstrap.clone()
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (provider.sslContext() != null) {
                            SslHandler handler = provider.sslContext().newHandler(channel.alloc(),
                                    provider.serverName(), provider.port());
                            handler.setHandshakeTimeoutMillis(0); // the attempt has its own timer
                            channel.pipeline().addLast(handler);
                        }
                        channel.pipeline().addLast(connection);
                    }
                })
                .connect(InetSocketAddress.createUnresolved(provider.host(), provider.port())));
    }

    // For the connections

    boolean isTls() {
        return provider.sslContext() != null;
    }

    ResponseHead responseHead() {
        return responseHead;
    }

    void hand(UpstreamConnection connection, ReplyListener listener) {
        connection.onHanded();
        listener.onReady(connection);
    }

    long nowNanos() {
        return deadlines.nowNanos();
    }

    void onReleased(UpstreamConnection connection, long now) {
        ReplyListener waiter = waiters.poll();
        if (retired || now - connection.bornNanos() > connection.maxAgeNanos()) {
            connection.close();
            if (waiter != null) {
                waiters.addFirst(waiter); // served when the close comes through
            }
            return;
        }
        if (waiter != null) {
            connection.lend(waiter);
            hand(connection, waiter);
            return;
        }
        connection.rest(now);
        if (idle.isEmpty()) {
            deadlines.expectBy(now + idleNanos);
        }
        idle.addLast(connection);
    }

    void onClosed(UpstreamConnection connection) {
        open--;
        idle.remove(connection);
        if (!waiters.isEmpty()) {
            bootstrap.config().group().execute(this::connectForWaiters);
        }
    }

    /** On a turn of its own: where connecting fails at once, as many calls would nest as wait. */
    private void connectForWaiters() {
        while (open < maxConnections && !waiters.isEmpty()) {
            connect(waiters.poll());
        }
    }

    @Override
    protected long remainingNanos(long nowNanos) {
        return idle.isEmpty() ? Deadlines.NEVER
                : idleNanos - (nowNanos - idle.peekFirst().idleSinceNanos());
    }

    @Override
    protected void onDeadline(long nowNanos) {
        while (!idle.isEmpty() && remainingNanos(nowNanos) <= 0) {
            idle.pollFirst().close();
        }
    }
}

package io.penstock.upstream;

import io.netty.bootstrap.Bootstrap;
import io.penstock.failure.Fault;
import io.penstock.http.ResponseHead;
import io.penstock.loop.Counter;
import io.penstock.loop.Deadlines;
import io.penstock.loop.SlotQueue;
import java.util.ArrayDeque;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One event loop's calls of one provider, and the connections for them: the last one used is used
 * next, so that a quiet pool shrinks. No connection ever goes to another loop.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> {@code maxConnections} calls here, and the provider's limit of all loops
 * together, each with a connection of its own; further calls wait, as many and as long as {@code
 * limits} says, and then hear {@link Fault#SATURATED}. So many connections are open at most, apart
 * from those that are just being closed. Each is used for {@value #MAX_AGE_MINUTES} minutes at
 * most, so that a move in DNS takes effect.
 */
public final class ConnectionPool extends Deadlines.Entry
        implements SlotQueue.Listener<ReplyListener> {
    static final int MAX_AGE_MINUTES = 10;
    private static final long MAX_AGE_NANOS = TimeUnit.MINUTES.toNanos(MAX_AGE_MINUTES);

    private final Provider provider;
    private final Dialer dialer;
    private final Deadlines deadlines;
    private final ResponseHead responseHead;
    private final int maxConnections;
    private final long idleNanos;
    private final ArrayDeque<UpstreamConnection> idle = new ArrayDeque<>();
    private final SlotQueue<ReplyListener> queue;
    private final int maxWaiting;
    private final long maxWaitNanos;
    private int open;
    private boolean retired;
    private final RetryBudget retryBudget = new RetryBudget();
    private final Counter inFlight = new Counter();
    private final Counter opened = new Counter();
    private final UpstreamCounts counts;

    ConnectionPool(Provider provider, Bootstrap bootstrap, Deadlines deadlines,
            ResponseHead responseHead, int loops, UpstreamCounts counts) {
        this.counts = counts;
        this.provider = provider;
        dialer = new Dialer(provider, bootstrap, responseHead);
        this.deadlines = deadlines;
        this.responseHead = responseHead;
        PoolSettings settings = provider.settings().pool();
        maxConnections = Math.max(1, (settings.maxConnections() + loops - 1) / loops);
        idleNanos = settings.idle().toNanos();
        LoadSettings load = provider.settings().limits();
        maxWaiting = (int) (((long) load.queue() + loops - 1) / loops);
        maxWaitNanos = load.queueTime().toNanos();
        queue = new SlotQueue<>(provider.load().slots(), maxConnections, deadlines,
                bootstrap.config().group(), this);
        deadlines.add(this);
    }

    /**
     * Asks for a slot, and a connection: {@code listener} is told, perhaps before this returns.
     * With {@code onConnecting} or {@code onReady} it has a slot, which {@link #onDone} gives back;
     * before that, and if there is none for it, {@link #cancel} has to follow. One of them, once.
     */
    public void acquire(ReplyListener listener, long nowNanos) {
        inFlight.add(1);
        if (queue.tryTake(nowNanos)) {
            serve(listener, nowNanos);
        } else if (!queue.offer(listener, maxWaiting, maxWaitNanos, nowNanos)) {
            listener.onFailed(Fault.SATURATED, "no slot is free, and no room to wait");
        }
    }

    @Override
    public void onSlot(ReplyListener listener) {
        serve(listener, deadlines.nowNanos());
    }

    @Override
    public void onNoSlot(ReplyListener listener) {
        listener.onFailed(Fault.SATURATED, "no slot got free in time");
    }

    private void serve(ReplyListener listener, long nowNanos) {
        UpstreamConnection connection = pollIdle(nowNanos);
        if (connection == null) {
            connect(listener);
        } else {
            connection.lend(listener);
            listener.onReady(connection);
        }
    }

    /** Gives one who has a slot another connection, that has carried no request yet. */
    public void reconnect(ReplyListener listener) {
        if (open >= maxConnections && !idle.isEmpty()) {
            idle.pollFirst().close();
        }
        connect(listener);
    }

    /** Removes a listener that has no slot from the queue. */
    public void cancel(ReplyListener listener) {
        queue.remove(listener);
        inFlight.add(-1);
    }

    /** The call of one that had a slot has ended. */
    public void onDone() {
        inFlight.add(-1);
        queue.release();
    }

    public RetryBudget retryBudget() {
        return retryBudget;
    }

    /** Calls that have a slot or wait for one; any thread. */
    public long inFlight() {
        return inFlight.get();
    }

    UpstreamCounts counts() {
        return counts;
    }

    /** Connections ever opened; any thread. */
    public long opened() {
        return opened.get();
    }

    /** Connections open now; on the loop. */
    int open() {
        return open;
    }

    /** Calls waiting for a slot; any thread. */
    public long waiting() {
        return queue.waiting();
    }

    /** No longer in the configuration: idle connections close now, busy ones when they are done. */
    void retire() {
        retired = true;
        deadlines.remove(this);
        while (!idle.isEmpty()) {
            idle.pollFirst().close();
        }
    }

    private @Nullable UpstreamConnection pollIdle(long now) {
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
        Dial dial = new Dial(dialer, connection);
        connection.onConnecting(dial);
        listener.onConnecting(connection);
        dial.start();
    }

    // For the connections

    boolean isTls() {
        return provider.sslContext() != null;
    }

    ResponseHead responseHead() {
        return responseHead;
    }

    long nowNanos() {
        return deadlines.nowNanos();
    }

    void onReleased(UpstreamConnection connection, long now) {
        if (retired || now - connection.bornNanos() > connection.maxAgeNanos()) {
            connection.close();
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

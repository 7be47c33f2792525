package io.penstock.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContext;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * One event loop's share of a round: it starts calls when they are due, and records what becomes of
 * them.
 *
 * <p>In an open loop a call that is due while all connections are busy waits in the backlog,
 * counted as overdue, and its time runs; when the backlog is full, too, the call is dropped and
 * counted. In a closed loop each connection's next call is due when the last one ended, or a moment
 * later when it failed. Calls that are due within the window are measured in an open loop, and
 * calls that end within it in a closed one; what passes per second is counted within the window in
 * both.
 *
 * <p><b>Thread:</b> confined to the event loop, but for {@link #begin}.
 * <br><b>Buffers:</b> holds the request until the round is over.
 * <br><b>Bounds:</b> {@code maxConnections} calls at once, {@code maxBacklog} waiting; the round
 * ends at the latest one time-out after its window.
 */
final class LoadLoop {
    /** The part of a round that counts, in the terms of {@link System#nanoTime}. */
    record Window(long startNanos, long endNanos) {
        boolean contains(long nanos) {
            return nanos - startNanos >= 0 && nanos - endNanos < 0;
        }
    }

    private static final int SCRATCH_BYTES = 32 * 1024;
    private static final int MAX_ARRIVALS_PER_TURN = 256;
    private static final long SWEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long PAUSE_AFTER_FAILURE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final EventLoop eventLoop;
    private final Bootstrap bootstrap;
    private final SslContext tls; // null: plain text
    private final Endpoint endpoint;
    private final Workload workload;
    private final Schedule schedule; // null in a closed loop
    private final Window window;
    private final ByteBuf request;
    private final int maxConnections;
    private final int maxBacklog;
    private final long timeoutNanos;

    private final byte[] scratch = new byte[SCRATCH_BYTES];
    private final Recording recording = new Recording();
    private final CompletableFuture<Recording> result = new CompletableFuture<>();
    private final Set<Connection> connections = new HashSet<>();
    private final ArrayDeque<Connection> idle = new ArrayDeque<>(); // the last used comes first
    private final ArrayDeque<Long> backlog = new ArrayDeque<>(); // when each call was due
    private final Runnable tick = this::tick;
    private int running;
    private boolean arrivalsOver;
    private boolean over;

    LoadLoop(EventLoop eventLoop, Bootstrap bootstrap, SslContext tls, Endpoint endpoint,
            Workload workload, Schedule schedule, Window window) {
        this.eventLoop = eventLoop;
        this.bootstrap = bootstrap.clone().group(eventLoop);
        this.tls = tls;
        this.endpoint = endpoint;
        this.workload = workload;
        this.schedule = schedule;
        this.window = window;
        this.request = RequestBytes.of(endpoint, workload);
        this.maxConnections = workload.connections() / workload.threads();
        this.maxBacklog = workload.backlog() / workload.threads();
        this.timeoutNanos = workload.timeout().toNanos();
    }

    /** Starts, from any thread; the recording comes when the last call has ended. */
    CompletableFuture<Recording> begin() {
        eventLoop.execute(() -> {
            if (schedule != null) {
                tick();
            } else {
                ramp();
            }
            eventLoop.schedule(this::sweep, SWEEP_NANOS, TimeUnit.NANOSECONDS);
        });
        return result;
    }

    /** Gives the bytes of a call. */
    ByteBuf request() {
        return request.retainedDuplicate();
    }

    byte[] scratch() {
        return scratch;
    }

    boolean isStreaming() {
        return workload.stream();
    }

    private void ramp() {
        long stepNanos = workload.ramp().toNanos() / maxConnections;
        for (int i = 0; i < maxConnections; i++) {
            eventLoop.schedule(this::startNow, i * stepNanos, TimeUnit.NANOSECONDS);
        }
    }

    private void startNow() {
        if (!over) {
            start(System.nanoTime());
        }
    }

    private void tick() {
        long now = System.nanoTime();
        for (int i = 0; schedule.dueNanos() - now <= 0; i++) {
            long due = schedule.dueNanos();
            if (due - window.endNanos() >= 0) {
                arrivalsOver = true;
                endIfDrained();
                return;
            }
            if (i == MAX_ARRIVALS_PER_TURN) {
                eventLoop.execute(tick); // answers are read before the rest is sent
                return;
            }
            if (window.contains(due)) {
                recording.record(Recording.Timing.START_LAG, now - due);
            }
            arrive(due);
            schedule.advance();
        }
        eventLoop.schedule(tick, schedule.dueNanos() - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    private void arrive(long due) {
        if (running < maxConnections) {
            start(due);
            return;
        }
        boolean waits = backlog.size() < maxBacklog;
        if (waits) {
            backlog.add(due);
        }
        if (window.contains(due)) {
            recording.overdue += waits ? 1 : 0;
            recording.dropped += waits ? 0 : 1;
        }
    }

    private void start(long due) {
        running++;
        Connection connection = idle.pollFirst();
        if (connection != null) {
            connection.send(due);
        } else {
            connect(due);
        }
    }

    private void connect(long due) {
        Connection connection = new Connection(this, workload.stampKey(), due);
        connections.add(connection);
        bootstrap.clone().handler(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                if (tls != null) {
                    channel.pipeline().addLast(
                            tls.newHandler(channel.alloc(), endpoint.address(), endpoint.port()));
                }
                channel.pipeline().addLast(connection);
            }
        }).connect().addListener(connected -> {
            if (!connected.isSuccess() && connections.remove(connection) && !over) {
                long now = System.nanoTime();
                recordFailure(connection, CallFailure.CONNECT, 0,
                        connected.cause().getMessage(), now);
                onEnded(null, true, now);
            }
        });
    }

    /** A call ended; its connection, unless null, can take another. */
    void onEnded(Connection reusable, boolean failed, long now) {
        running--;
        if (over) {
            return;
        }
        if (reusable != null) {
            idle.addFirst(reusable);
        }
        if (schedule == null) {
            if (failed) {
                eventLoop.schedule(
                        this::startNow, PAUSE_AFTER_FAILURE_NANOS, TimeUnit.NANOSECONDS);
            } else {
                start(now);
            }
        } else if (!backlog.isEmpty()) {
            start(backlog.poll());
        } else {
            endIfDrained();
        }
    }

    void onClosed(Connection connection) {
        connections.remove(connection);
        idle.remove(connection);
    }

    private void sweep() {
        long now = System.nanoTime();
        long pastEnd = now - window.endNanos();
        if (pastEnd >= 0 && schedule == null) {
            recording.unfinished = running;
            end();
        } else if (pastEnd >= timeoutNanos) {
            giveUpTheRest(now);
            end();
        }
        if (over) {
            return;
        }
        for (Connection connection : new ArrayList<>(connections)) {
            if (connection.isOverdue(now, timeoutNanos)) {
                connection.timeOut(now);
            }
        }
        eventLoop.schedule(this::sweep, SWEEP_NANOS, TimeUnit.NANOSECONDS);
    }

    private void giveUpTheRest(long now) {
        for (Connection connection : new ArrayList<>(connections)) {
            if (!idle.contains(connection)) {
                recordTimeout(connection.dueNanos(), now, "unfinished when the round was over");
            }
        }
        for (long due : backlog) {
            recordTimeout(due, now, "never sent: no connection came free");
        }
    }

    private void endIfDrained() {
        if (arrivalsOver && running == 0 && backlog.isEmpty()) {
            end();
        }
    }

    private void end() {
        if (over) {
            return;
        }
        over = true;
        request.release(); // what is still being written holds its own share
        for (Connection connection : new ArrayList<>(connections)) {
            connection.abandon();
        }
        result.complete(recording);
    }

    void countBytes(long bytes, long now) {
        if (window.contains(now)) {
            recording.bytes += bytes;
        }
    }

    void countEvents(long events, long now) {
        if (window.contains(now)) {
            recording.events += events;
        }
    }

    void record(
            Recording.Timing timing, Connection connection, long nanos, long times, long now) {
        if (isMeasured(connection.dueNanos(), now)) {
            recording.record(timing, nanos, times);
        }
    }

    void recordSuccess(Connection connection, long now) {
        if (window.contains(now)) {
            recording.calls++;
        }
        record(Recording.Timing.TOTAL, connection, now - connection.dueNanos(), 1, now);
    }

    void recordFailure(
            Connection connection, CallFailure failure, int status, String detail, long now) {
        if (isMeasured(connection.dueNanos(), now)) {
            recording.fail(failure, status, detail);
        }
    }

    /** A call that was given up is in the percentiles with the time it waited. */
    void recordTimeout(long due, long now, String detail) {
        if (isMeasured(due, now)) {
            recording.fail(CallFailure.TIMEOUT, 0, detail);
            recording.record(Recording.Timing.TOTAL, now - due);
        }
    }

    private boolean isMeasured(long due, long now) {
        return window.contains(schedule != null ? due : now);
    }
}

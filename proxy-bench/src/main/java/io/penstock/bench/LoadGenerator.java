package io.penstock.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Puts one endpoint under load for one round at a time: warm-up, window, drain. Each round has
 * connections of its own; the event loops are the same throughout.
 *
 * <p><b>Thread:</b> confined to its maker's, which it blocks for the length of a round.
 */
final class LoadGenerator implements AutoCloseable {
    private static final int READ_BYTES = 32 * 1024; // the largest that the allocator caches
    private static final int CONNECT_TIMEOUT_MILLIS = 5_000;
    private static final long SETTLE_MILLIS = 200; // to clean up closed connections, off the clock

    private final Workload workload;
    private final EventLoopGroup group;
    private final Bootstrap bootstrap;
    private final List<Long> self = List.of(ProcessHandle.current().pid());

    LoadGenerator(Workload workload) {
        this.workload = workload;
        boolean epoll = Epoll.isAvailable();
        this.group = new MultiThreadIoEventLoopGroup(workload.threads(),
                epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        this.bootstrap = new Bootstrap()
                .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(READ_BYTES))
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                .option(ChannelOption.TCP_NODELAY, true);
    }

    /** Runs one round. */
    Round run(Endpoint endpoint) throws IOException, InterruptedException {
        Bootstrap target = bootstrap.clone().remoteAddress(new InetSocketAddress(
                InetAddress.getByName(endpoint.address()), endpoint.port()));
        SslContext tls = endpoint.tls() ? tls() : null;
        long residentBefore = ProcessMeter.read(endpoint.pids()).residentBytes();
        long begin = System.nanoTime();
        long windowStart = begin + workload.warmup().toNanos();
        LoadLoop.Window window =
                new LoadLoop.Window(windowStart, windowStart + workload.duration().toNanos());

        List<CompletableFuture<Recording>> shares = new ArrayList<>();
        for (int i = 0; i < workload.threads(); i++) {
            EventLoop eventLoop = group.next();
            Schedule schedule = workload.isOpenLoop()
                    ? new Schedule(begin, workload.rate(), i, workload.threads()) : null;
            shares.add(new LoadLoop(
                    eventLoop, target, tls, endpoint, workload, schedule, window).begin());
        }

        sleepUntil(window.startNanos());
        ProcessMeter start = ProcessMeter.read(endpoint.pids());
        ProcessMeter ownStart = ProcessMeter.read(self);
        sleepUntil(window.endNanos());
        ProcessMeter end = ProcessMeter.read(endpoint.pids());
        ProcessMeter ownEnd = ProcessMeter.read(self);

        Recording whole = new Recording();
        for (CompletableFuture<Recording> share : shares) {
            whole.add(result(share));
        }
        Thread.sleep(SETTLE_MILLIS);
        boolean metered = !endpoint.pids().isEmpty();
        return new Round(whole, workload.duration().toNanos(),
                metered ? end.cpuMicros() - start.cpuMicros() : Double.NaN,
                metered ? end.residentBytes() : Double.NaN,
                metered ? end.residentBytes() - residentBefore : Double.NaN,
                ownEnd.cpuMicros() - ownStart.cpuMicros());
    }

    private SslContext tls() throws IOException {
        SslContextBuilder builder = SslContextBuilder.forClient();
        if (workload.insecure()) {
            builder.trustManager(InsecureTrustManagerFactory.INSTANCE)
                    .endpointIdentificationAlgorithm(null);
        }
        return builder.build();
    }

    private Recording result(CompletableFuture<Recording> share) throws InterruptedException {
        try {
            return share.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the load loop broke", e.getCause());
        }
    }

    private static void sleepUntil(long nanos) throws InterruptedException {
        long left = nanos - System.nanoTime();
        if (left > 0) {
            TimeUnit.NANOSECONDS.sleep(left);
        }
    }

    @Override
    public void close() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}

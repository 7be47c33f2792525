package io.penstock.mock;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * A stand-in provider that speaks OpenAI chat: {@code POST …/chat/completions}, unary and
 * streamed, and {@code GET …/models}, below any path.
 *
 * <p>A request can ask for its own course with the headers {@code x-mock-fail} (as {@link Fault}
 * reads it, {@code none} too), {@code x-mock-ttft}, {@code x-mock-interval}, {@code x-mock-events}.
 *
 * <p><b>Thread:</b> safe by confinement: each connection lives on one event loop, which shares only
 * counters with the others. Start and close block, so neither may run on an event loop.
 */
public final class MockServer implements AutoCloseable {
    private static final int CLOSE_SECONDS = 5; // a loop that has died must not keep the process
    private static final int BACKLOG = 4096;
    private static final WriteBufferWaterMark WATER_MARK =
            new WriteBufferWaterMark(64 * 1024, 256 * 1024);

    private final MockSettings settings;
    private final EventLoopGroup group; // null when nothing listens
    private final boolean ownsGroup;
    private final Map<EventExecutor, MockLoop> loops = new IdentityHashMap<>();
    private final List<Channel> listeners = new ArrayList<>();
    private final LongAdder requests = new LongAdder();
    private final LongAdder cancelled = new LongAdder();
    private final LongAdder connections = new LongAdder();
    private final AtomicLong calls = new AtomicLong(); // those that a fault may strike
    private int port;
    private boolean closed;

    private MockServer(MockSettings settings, EventLoopGroup group, boolean ownsGroup) {
        this.settings = settings;
        this.group = group;
        this.ownsGroup = ownsGroup;
    }

    /** Starts a mock with an event loop for each core. */
    public static MockServer start(MockSettings settings) throws IOException {
        return start(settings, Runtime.getRuntime().availableProcessors());
    }

    /** Starts a mock with as many event loops of its own. */
    public static MockServer start(MockSettings settings, int threads) throws IOException {
        if (settings.fail().kind() == Fault.Kind.REFUSE) {
            return refusing(settings);
        }
        boolean epoll = Epoll.isAvailable();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(threads,
                new DefaultThreadFactory(settings.name(), true),
                epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        return start(new MockServer(settings, group, true),
                epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class);
    }

    /** Starts a mock on event loops that others use too, and that outlive it. */
    public static MockServer start(MockSettings settings, EventLoopGroup group,
            Class<? extends ServerChannel> channelClass) throws IOException {
        return settings.fail().kind() == Fault.Kind.REFUSE
                ? refusing(settings)
                : start(new MockServer(settings, group, false), channelClass);
    }

    private static MockServer start(MockServer server, Class<? extends ServerChannel> channelClass)
            throws IOException {
        try {
            server.listen(channelClass);
            return server;
        } catch (IOException e) {
            server.close();
            throw e;
        }
    }

    private static MockServer refusing(MockSettings settings) throws IOException {
        MockServer server = new MockServer(settings, null, false);
        server.port = probe(new InetSocketAddress(settings.host(), settings.port()));
        return server;
    }

    public MockSettings settings() {
        return settings;
    }

    /** Where it listens; with {@code refuse}, where nothing does. */
    public int port() {
        return port;
    }

    /** The base URL that a provider's configuration takes: {@code http://HOST:PORT/v1}. */
    public String url() {
        String host = settings.host().contains(":") ? '[' + settings.host() + ']' : settings.host();
        return "http://" + host + ':' + port + "/v1";
    }

    /** Requests read in full so far. */
    public long requests() {
        return requests.sum();
    }

    /** Replies, streams above all, that the peer did not wait for. */
    public long cancelled() {
        return cancelled.sum();
    }

    /** Connections that are open now. */
    public long connections() {
        return connections.sum();
    }

    /** Stops listening and ends every connection; returns when all is released. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        listeners.forEach(listener -> listener.close()
                .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS));
        loops.forEach((executor, loop) ->
                executor.submit(loop::close)
                        .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS));
        if (ownsGroup) {
            group.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
                    .awaitUninterruptibly(CLOSE_SECONDS + 1, TimeUnit.SECONDS);
        }
    }

    void onRequest() {
        requests.increment();
    }

    void onCancelled() {
        cancelled.increment();
    }

    void onOpened() {
        connections.increment();
    }

    void onClosed() {
        connections.decrement();
    }

    /** What befalls the next chat call: failures come evenly spread, beginning with the first. */
    Fault nextFault() {
        if (settings.fail().kind() == Fault.Kind.NONE) {
            return Fault.NONE;
        }
        long call = calls.getAndIncrement();
        double ratio = settings.failRatio();
        boolean strikes = Math.ceil((call + 1) * ratio) > Math.ceil(call * ratio);
        return strikes ? settings.fail() : Fault.NONE;
    }

    private void listen(Class<? extends ServerChannel> channelClass) throws IOException {
        for (EventExecutor executor : group) {
            loops.put(executor, new MockLoop(this, (EventLoop) executor));
        }
        InetSocketAddress address = new InetSocketAddress(settings.host(), settings.port());
        boolean perLoop = channelClass == EpollServerSocketChannel.class && loops.size() > 1;
        if (!perLoop) {
            bind(bootstrap(group, channelClass), address);
            return;
        }
        if (address.getPort() != 0) {
            probe(address); // a shared port would join another process's instead of failing
        }
        for (EventExecutor executor : loops.keySet()) {
            bind(bootstrap((EventLoop) executor, channelClass)
                    .option(UnixChannelOption.SO_REUSEPORT, true), address);
            address = new InetSocketAddress(address.getAddress(), port);
        }
    }

    private ServerBootstrap bootstrap(EventLoopGroup group,
            Class<? extends ServerChannel> channelClass) {
        return new ServerBootstrap()
                .group(group)
                .channel(channelClass)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        MockLoop loop = loops.get(channel.eventLoop());
                        channel.pipeline().addLast(new MockConnection(loop));
                    }
                });
    }

    private void bind(ServerBootstrap bootstrap, InetSocketAddress address) throws IOException {
        ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException("cannot listen on " + settings.host() + ':' + address.getPort()
                    + ": " + bound.cause().getMessage(), bound.cause());
        }
        listeners.add(bound.channel());
        port = ((InetSocketAddress) bound.channel().localAddress()).getPort();
    }

    /** Listens for a moment; the port, of which nobody else made use. */
    private static int probe(InetSocketAddress address) throws IOException {
        InetAddress host = address.getAddress();
        if (host == null) {
            throw new IOException("cannot listen on " + address.getHostString()
                    + ": the name is unknown");
        }
        try (ServerSocket socket = new ServerSocket(address.getPort(), 1, host)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new IOException("cannot listen on " + address.getHostString() + ':'
                    + address.getPort() + ": " + e.getMessage(), e);
        }
    }
}

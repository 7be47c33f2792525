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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A stand-in provider that speaks several formats, told apart by the end of the path: OpenAI chat,
 * completions, Responses, embeddings, moderations, images and audio, rerank; Anthropic messages;
 * Gemini; Bedrock's Converse; and lists of models. It asks for no key, and takes any model.
 *
 * <p>A request can ask for its own course by fields of its head:
 *
 * <table>
 * <caption>Controls</caption>
 * <tr><td>{@code x-mock-fail}</td><td>as {@link Fault} reads it, {@code none} too</td></tr>
 * <tr><td>{@code x-mock-ttft}, {@code x-mock-interval}</td><td>durations</td></tr>
 * <tr><td>{@code x-mock-events}</td><td>words of the reply</td></tr>
 * <tr><td>{@code x-mock-text}</td><td>the reply's text, percent-encoded</td></tr>
 * <tr><td>{@code x-mock-reasoning}</td><td>what the model thinks first, likewise</td></tr>
 * <tr><td>{@code x-mock-tools}</td><td>how many of the offered tools to call; behind it {@code
 * interleaved} mixes the pieces of their arguments in a chat's stream</td></tr>
 * <tr><td>{@code x-mock-arguments}</td><td>their arguments, JSON, percent-encoded</td></tr>
 * <tr><td>{@code x-mock-prefill}</td><td>as {@link Prefill} reads it</td></tr>
 * <tr><td>{@code x-mock-usage}</td><td>{@code none}, or any of {@code prompt=N cached=N written=N
 * completion=N reasoning=N}</td></tr>
 * </table>
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
    private final @Nullable EventLoopGroup group; // null when nothing listens
    private final boolean ownsGroup;
    private final Map<EventExecutor, MockLoop> loops = new IdentityHashMap<>();
    private final List<Channel> listeners = new ArrayList<>();
    private final LongAdder requests = new LongAdder();
    private final LongAdder cancelled = new LongAdder();
    private final LongAdder connections = new LongAdder();
    private final AtomicLong answers = new AtomicLong(); // those with an id of their own
    private final long startSeconds = System.currentTimeMillis() / 1000;
    private final Deque<RequestRecord> records = new ArrayDeque<>(); // guarded by itself
    private volatile FaultSchedule faults;
    private int port;
    private boolean closed;

    private MockServer(MockSettings settings, @Nullable EventLoopGroup group, boolean ownsGroup) {
        this.settings = settings;
        this.group = group;
        this.ownsGroup = ownsGroup;
        faults = new FaultSchedule(settings.failures(), System.nanoTime());
    }

    /** Starts a mock with an event loop for each core. */
    public static MockServer start(MockSettings settings) throws IOException {
        return start(settings, Runtime.getRuntime().availableProcessors());
    }

    /** Starts a mock with as many event loops of its own. */
    public static MockServer start(MockSettings settings, int threads) throws IOException {
        if (settings.failures().fault().kind() == Fault.Kind.REFUSE) {
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
        return settings.failures().fault().kind() == Fault.Kind.REFUSE
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

    /** The last requests, as many as the settings say, the oldest first. */
    public List<RequestRecord> records() {
        synchronized (records) {
            return List.copyOf(records);
        }
    }

    /** From now on calls go wrong like this, whatever was said before; never {@code refuse}. */
    public void fail(Failures failures) {
        if (failures.fault().kind() == Fault.Kind.REFUSE) {
            throw new IllegalArgumentException("refuse: what listens cannot refuse");
        }
        faults = new FaultSchedule(failures, System.nanoTime());
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
        if (ownsGroup && group != null) {
            group.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
                    .awaitUninterruptibly(CLOSE_SECONDS + 1, TimeUnit.SECONDS);
        }
    }

    void onRequest(RequestReader request) {
        requests.increment();
        if (settings.records() > 0) {
            RequestRecord record = new RequestRecord(request.method(), request.path(),
                    request.query(), request.head(), request.body());
            synchronized (records) {
                if (records.size() == settings.records()) {
                    records.removeFirst();
                }
                records.addLast(record);
            }
        }
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

    /** What befalls the next call. */
    Fault nextFault() {
        FaultSchedule now = faults;
        return now.isNone() ? Fault.NONE : now.next(System.nanoTime()); // a clock has its price
    }

    /** The number of the next answer, from 1. */
    long nextAnswer() {
        return answers.incrementAndGet();
    }

    long startSeconds() {
        return startSeconds;
    }

    private void listen(Class<? extends ServerChannel> channelClass) throws IOException {
        assert group != null; // whoever listens has one
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
                        assert loop != null; // each has had one from the start
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

package io.penstock.listen;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.penstock.loop.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One address that callers connect to. Where the kernel can share a port, every loop accepts for
 * itself; else the first one accepts for all.
 *
 * <p><b>Thread:</b> bound and closed by one thread; its channels live on the loops.
 * <br><b>Bounds:</b> connections as {@link ConnectionLimit} says: one too many is closed at once.
 */
public final class Listener {
    private static final int BACKLOG = 4096;
    private static final int MAX_READ_BYTES = 256 * 1024; // a long prompt in few reads

    /** Bytes of an answer that may wait for the caller, above which no more is read upstream. */
    public static final int HIGH_WATERMARK_BYTES = 64 * 1024;

    private final List<Channel> channels;

    private Listener(List<Channel> channels) {
        this.channels = channels;
    }

    /** Starts to accept. */
    public static Listener bind(ListenSettings settings, Transport transport,
            EventLoopGroup group, List<ListenLoop> loops, ConnectionLimit limit)
            throws ListenException {
        SslContext tls = settings.tls() == null ? null
                : ServerTls.context(settings, settings.tls());
        InetSocketAddress address = new InetSocketAddress(settings.host(), settings.port());
        if (address.isUnresolved()) {
            throw new ListenException("cannot listen on " + settings + ": unknown host", null);
        }
        Map<EventLoop, ListenLoop> byLoop = new IdentityHashMap<>();
        loops.forEach(loop -> byLoop.put(loop.eventLoop(), loop));
        boolean shared = transport.reusePortOption() != null && loops.size() > 1;
        if (shared) {
            ensureFree(settings, address); // another process could share the port without a word
        }
        List<Channel> channels = new ArrayList<>();
        try {
            for (ListenLoop loop : shared ? loops : loops.subList(0, 1)) {
                ServerBootstrap bootstrap = new ServerBootstrap()
                        .channel(transport.serverChannel())
                        .option(ChannelOption.SO_BACKLOG, BACKLOG)
                        .option(ChannelOption.SO_REUSEADDR, true)
                        .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childOption(ChannelOption.SO_KEEPALIVE, true)
                        .childOption(ChannelOption.RECVBUF_ALLOCATOR,
                                new AdaptiveRecvByteBufAllocator(512, 2048, MAX_READ_BYTES))
                        .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK,
                                new WriteBufferWaterMark(HIGH_WATERMARK_BYTES / 2,
                                        HIGH_WATERMARK_BYTES))
                        .childHandler(new Acceptor(byLoop, limit, tls));
                boolean alone = shared || loops.size() == 1;
                bootstrap.group(loop.eventLoop(), alone ? loop.eventLoop() : group);
                if (shared) {
                    bootstrap.option(transport.reusePortOption(), true);
                }
                ChannelFuture bound = bootstrap.bind(channels.isEmpty() ? address
                        : (InetSocketAddress) channels.get(0).localAddress())
                        .awaitUninterruptibly();
                if (!bound.isSuccess()) {
                    throw failed(settings, bound.cause());
                }
                channels.add(bound.channel());
            }
        } catch (ListenException e) {
            channels.forEach(Channel::close);
            throw e;
        }
        return new Listener(channels);
    }

    private static void ensureFree(ListenSettings settings, InetSocketAddress address)
            throws ListenException {
        if (address.getPort() == 0) {
            return;
        }
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(address);
        } catch (IOException e) {
            throw failed(settings, e);
        }
    }

    private static ListenException failed(ListenSettings settings, Throwable cause) {
        return new ListenException("cannot listen on " + settings + ": " + cause.getMessage(),
                cause);
    }

    /** The address in use, its port the real one. */
    public InetSocketAddress address() {
        return (InetSocketAddress) channels.get(0).localAddress();
    }

    /** Stops accepting; what is open stays open. */
    public void close() {
        channels.forEach(channel -> channel.close().awaitUninterruptibly());
    }

    /** Sets up each accepted channel, on the loop that will do all its work. */
    private static final class Acceptor extends ChannelInitializer<Channel> {
        private final Map<EventLoop, ListenLoop> byLoop;
        private final ConnectionLimit limit;
        private final @Nullable SslContext tls;

        Acceptor(Map<EventLoop, ListenLoop> byLoop, ConnectionLimit limit,
                @Nullable SslContext tls) {
            this.byLoop = byLoop;
            this.limit = limit;
            this.tls = tls;
        }

        @Override
        protected void initChannel(Channel channel) {
            InetAddress peer = ((InetSocketAddress) channel.remoteAddress()).getAddress();
            if (!limit.tryOpen(peer)) {
                channel.close();
                return;
            }
            channel.closeFuture().addListener(closed -> limit.onClosed(peer));
            ListenLoop loop = byLoop.get(channel.eventLoop());
            assert loop != null;
            if (tls != null) {
                SslHandler handler = tls.newHandler(channel.alloc());
                handler.handshakeFuture().addListener(done -> loop.onHandshake(done.isSuccess()));
                channel.pipeline().addLast(handler);
            }
            channel.pipeline().addLast(new DownstreamConnection(loop));
        }
    }
}

package io.penstock.upstream;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.penstock.http.ResponseHead;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What every {@link Dial} of one pool needs: where the provider is, or the proxy on the way to it,
 * how its name is resolved, and which handlers its connections get.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
final class Dialer {
    private final Provider provider;
    private final Bootstrap bootstrap; // connects to addresses only
    private final AddressResolverGroup<SocketAddress> resolvers;
    private final ResponseHead responseHead;
    private final @Nullable ProxySettings proxy;
    private final InetSocketAddress remote; // unresolved
    private final boolean literal;
    // null while the resolver's first address is as good as any
    private @Nullable SocketAddress preferred;

    @SuppressWarnings("unchecked") // resolvers take every address, and refuse what they don't know
    Dialer(Provider provider, Bootstrap bootstrap, ResponseHead responseHead) {
        this.provider = provider;
        this.responseHead = responseHead;
        this.bootstrap = bootstrap.clone().disableResolver();
        resolvers = (AddressResolverGroup<SocketAddress>) bootstrap.config().resolver();
        proxy = provider.settings().proxy();
        String host = proxy == null ? provider.host() : proxy.host();
        remote = InetSocketAddress.createUnresolved(host,
                proxy == null ? provider.port() : proxy.port());
        literal = NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host);
    }

    EventLoop loop() {
        return (EventLoop) bootstrap.config().group();
    }

    Bootstrap bootstrap() {
        return bootstrap.clone();
    }

    SocketAddress remote() {
        return remote;
    }

    @Nullable ProxySettings proxy() {
        return proxy;
    }

    /** Whether the host is an address, which has no others. */
    boolean isLiteral() {
        return literal;
    }

    boolean isResolved(SocketAddress address) {
        AddressResolver<SocketAddress> resolver = resolvers.getResolver(loop());
        return !resolver.isSupported(address) || resolver.isResolved(address);
    }

    Future<SocketAddress> resolve(SocketAddress address) {
        return resolvers.getResolver(loop()).resolve(address);
    }

    Future<List<SocketAddress>> resolveAll(SocketAddress address) {
        return resolvers.getResolver(loop()).resolveAll(address);
    }

    /**
     * All addresses where those were found: {@code localhost} is the loopback of either family (RFC
     * 6761 section 6.3), whatever a hosts file leaves out.
     */
    List<SocketAddress> complete(List<SocketAddress> found) {
        if (!remote.getHostString().equalsIgnoreCase("localhost")) {
            return found;
        }
        Set<SocketAddress> all = new LinkedHashSet<>(found);
        all.add(new InetSocketAddress(NetUtil.LOCALHOST4, remote.getPort()));
        all.add(new InetSocketAddress(NetUtil.LOCALHOST6, remote.getPort()));
        return List.copyOf(all);
    }

    /** The address that worked where the resolver's first did not. */
    @Nullable SocketAddress preferred() {
        return preferred;
    }

    void prefer(@Nullable SocketAddress address) {
        preferred = address;
    }

    /** Adds what speaks with the provider. */
    void addHandlers(ChannelPipeline pipeline, UpstreamConnection connection) {
        if (provider.sslContext() != null) {
            pipeline.addLast(tls(pipeline, provider.sslContext(), provider.serverName(),
                    provider.port()));
        }
        pipeline.addLast(connection);
    }

    /** Adds what asks the proxy for a tunnel. */
    void addTunnel(ChannelPipeline pipeline, Dial dial) {
        assert proxy != null; // or there would be no tunnel
        SslContext toProxy = provider.proxySslContext();
        if (toProxy != null) {
            pipeline.addLast(tls(pipeline, toProxy, proxy.host(), proxy.port()));
        }
        String host = provider.host();
        pipeline.addLast(new ConnectTunnel(dial, proxy,
                (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + provider.port(),
                responseHead));
    }

    private static SslHandler tls(ChannelPipeline pipeline, SslContext context, String host,
            int port) {
        SslHandler handler = context.newHandler(pipeline.channel().alloc(), host, port);
        handler.setHandshakeTimeoutMillis(0); // the attempt has its own timer
        return handler;
    }
}

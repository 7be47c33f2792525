package io.penstock.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.NotYetConnectedException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection being made, at whichever of its host's addresses answers first (RFC 8305, Happy
 * Eyeballs): the first address is tried alone; when it fails, or has said nothing for {@value
 * #STAGGER_MILLIS} ms, the next is tried beside it. The first that is there wins, the others close.
 *
 * <p>Only then are the other addresses asked for, so that a name server that is slow to answer for
 * one family holds nothing up where the other family's address works.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> {@value #MAX_ADDRESSES} addresses; the attempt's connect timer covers them
 * all, and cancels this.
 */
final class Dial {
    static final int MAX_ADDRESSES = 8;
    static final int STAGGER_MILLIS = 250; // what RFC 8305 section 8 recommends

    private final Dialer dialer;
    private final UpstreamConnection connection;
    private final Set<SocketAddress> tried = new LinkedHashSet<>();
    private final ArrayDeque<SocketAddress> left = new ArrayDeque<>();
    private final List<Channel> pending = new ArrayList<>(2);
    private @Nullable Channel winner; // reached, while a proxy is asked for its tunnel
    private @Nullable Future<?> stagger;
    private @Nullable Throwable failure; // the last that was heard of
    private boolean asksForAll; // addresses, of the resolver
    private boolean knowsAll;
    private boolean ended;

    Dial(Dialer dialer, UpstreamConnection connection) {
        this.dialer = dialer;
        this.connection = connection;
    }

    /** Starts to connect, unless cancelled before. The connection is told the outcome. */
    void start() {
        if (ended) {
            return;
        }
        SocketAddress remote = dialer.remote();
        try {
            if (dialer.isResolved(remote)) {
                knowsAll = true;
                dial(remote);
            } else if (dialer.preferred() != null) {
                askForAll();
            } else {
                dialer.resolve(remote).addListener(this::onFirstAddress);
            }
        } catch (RuntimeException e) { // a resolver that was closed, as the proxy stops
            fail(e);
        }
    }

    /** Ends the dial without an outcome; none of its channels stays open. */
    void cancel() {
        if (!ended) {
            end();
            if (winner != null) {
                winner.close();
            }
        }
    }

    private void end() {
        ended = true;
        stopStagger();
        pending.forEach(Channel::close);
        pending.clear();
        left.clear();
    }

    private void stopStagger() {
        if (stagger != null) {
            stagger.cancel(false);
            stagger = null;
        }
    }

    private void onFirstAddress(Future<? super SocketAddress> address) {
        if (ended) {
            return;
        }
        if (address.isSuccess()) {
            knowsAll = dialer.isLiteral();
            dial((SocketAddress) address.getNow());
        } else {
            fail(address.cause());
        }
    }

    private void askForAll() {
        asksForAll = true;
        dialer.resolveAll(dialer.remote()).addListener(this::onAllAddresses);
    }

    private void onAllAddresses(Future<? super List<SocketAddress>> all) {
        if (ended) {
            return;
        }
        knowsAll = true;
        if (all.isSuccess()) {
            @SuppressWarnings("unchecked") // what the resolver promises
            List<SocketAddress> addresses = (List<SocketAddress>) all.getNow();
            addLeft(dialer.complete(addresses));
            next(null);
        } else {
            next(failure == null ? all.cause() : null);
        }
    }

    /** The families by turns (RFC 8305 section 4), beginning with the one that was not tried. */
    private void addLeft(List<SocketAddress> addresses) {
        List<SocketAddress> order = new ArrayList<>(addresses);
        order.removeAll(tried);
        SocketAddress preferred = dialer.preferred();
        if (tried.isEmpty() && preferred != null) {
            if (order.remove(preferred)) {
                order.add(0, preferred);
            } else {
                dialer.prefer(null); // it has moved away
            }
        }
        boolean v6 = tried.isEmpty() ? !order.isEmpty() && isV6(order.get(0))
                : !isV6(tried.iterator().next());
        while (!order.isEmpty()) {
            int at = 0;
            while (at < order.size() && isV6(order.get(at)) != v6) {
                at++;
            }
            left.add(order.remove(at < order.size() ? at : 0));
            v6 = !v6;
        }
    }

    private static boolean isV6(SocketAddress address) {
        return address instanceof InetSocketAddress inet
                && inet.getAddress() instanceof Inet6Address;
    }

    /** Tries the next address, if there is one; {@code why} is null where the last may still do. */
    private void next(@Nullable Throwable why) {
        stopStagger();
        failure = why == null ? failure : why;
        if (!left.isEmpty() && tried.size() < MAX_ADDRESSES) {
            dial(left.remove());
        } else if (!knowsAll && !asksForAll) {
            askForAll();
        } else if (knowsAll && pending.isEmpty()) {
            fail(failure != null ? failure
                    : new UnknownHostException(dialer.remote().toString()));
        }
    }

    private void dial(SocketAddress address) {
        tried.add(address);
        ChannelFuture connecting = dialer.bootstrap().handler(new Arrival(address))
                .connect(address);
        if (connecting.isDone()) { // no channel could be made, and no loop would tell us so
            onDialed(connecting, address);
            return;
        }
        pending.add(connecting.channel());
        connecting.addListener(done -> onDialed(connecting, address));
        boolean more = !left.isEmpty() || !knowsAll;
        if (more && tried.size() < MAX_ADDRESSES) {
            stagger = dialer.loop().schedule(() -> next(null), STAGGER_MILLIS,
                    TimeUnit.MILLISECONDS);
        }
    }

    private void onDialed(ChannelFuture connecting, SocketAddress address) {
        if (!connecting.isSuccess() && !ended && winner == null) {
            pending.remove(connecting.channel());
            if (address.equals(dialer.preferred())) {
                dialer.prefer(null);
            }
            next(connecting.cause());
        }
    }

    private void fail(Throwable cause) {
        end();
        connection.onNotConnected(tried.size() < 2 ? cause : new IOException(cause
                + " (the last of " + tried.size() + " addresses)", cause));
    }

    /** What a proxy said, or did: another of its addresses would do the same. */
    void onTunnelFailed(IOException cause) {
        if (!ended) {
            end();
            connection.onNotConnected(cause);
        }
    }

    /**
     * The provider is reached: the pipeline gets its handlers behind {@code ctx}, which leaves.
     *
     * @param first bytes that have come already; takes them
     */
    void handOver(ChannelHandlerContext ctx, ByteBuf first) {
        if (ended) {
            first.release();
            ctx.close();
            return;
        }
        end();
        dialer.addHandlers(ctx.pipeline(), connection);
        ctx.fireChannelActive();
        if (first.isReadable()) {
            ctx.fireChannelRead(first);
        } else {
            first.release();
        }
        leave(ctx);
    }

    private static void leave(ChannelHandlerContext ctx) {
        if (!ctx.isRemoved()) { // as it is where the channel was closed meanwhile
            ctx.pipeline().remove(ctx.handler());
        }
    }

    /** Waits on a channel that is being connected for the channel to be there. */
    private final class Arrival extends ChannelInboundHandlerAdapter {
        private final SocketAddress address;

        Arrival(SocketAddress address) {
            this.address = address;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            if (ended || winner != null) {
                ctx.close(); // another was faster by the width of an event
                return;
            }
            winner = ctx.channel();
            pending.remove(winner);
            pending.forEach(Channel::close);
            pending.clear();
            stopStagger();
            if (!address.equals(tried.iterator().next())) {
                dialer.prefer(address); // the next connection need not wait for the first again
            }
            if (dialer.proxy() == null) {
                handOver(ctx, Unpooled.EMPTY_BUFFER);
            } else {
                dialer.addTunnel(ctx.pipeline(), Dial.this);
                ctx.fireChannelActive(); // the handshake with the proxy, if there is one
                leave(ctx);
            }
        }

        /** With epoll a refusal may come as a failed read, too; {@link #onDialed} hears it. */
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (!(cause instanceof IOException || cause instanceof NotYetConnectedException)) {
                ctx.fireExceptionCaught(cause); // none of the peer's doing
            }
        }
    }
}

package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import io.netty.resolver.AbstractAddressResolver;
import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Promise;
import io.penstock.failure.Fault;
import io.penstock.http.ResponseHead;
import io.penstock.loop.Deadlines;
import io.penstock.loop.Durations;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.Bytes;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ConnectionPoolTest {
    private static final String REPLY = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    private final MultiThreadIoEventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory());
    private final EventLoop loop = group.next();
    private final LocalAddress address = new LocalAddress(ConnectionPoolTest.class);
    private final BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
    private Channel server;
    private Deadlines deadlines;
    private ConnectionPool pool;

    /** Notes what it is told; all on the loop, read by the test through {@link #call}. */
    private final class Listener implements ReplyListener {
        private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
        private UpstreamStream connection;

        @Override
        public void onConnecting(UpstreamStream made) {
            connection = made;
            told.add("connecting");
        }

        @Override
        public void onTlsStarted() {
            told.add("tls");
        }

        @Override
        public void onReady(UpstreamStream ready) {
            connection = ready;
            told.add("ready");
        }

        @Override
        public void onReplyHead(ResponseHead head) {
            told.add("head " + head.status());
        }

        @Override
        public void onReplyBody(ByteBuf bytes) {
            String text = Bytes.drain(bytes);
            if (!text.isEmpty()) {
                told.add(text);
            }
        }

        @Override
        public void onReplyBodyRead() {}

        @Override
        public void onFailed(Fault fault, String detail) {
            told.add(fault.code());
        }

        void expect(String... events) throws InterruptedException {
            for (String event : events) {
                assertThat(told.poll(10, TimeUnit.SECONDS)).isEqualTo(event);
            }
        }

        void send(String text) throws Exception {
            call(() -> {
                connection.write(Bytes.buffer(text));
                connection.flush();
                return null;
            });
        }

        void release(boolean reusable) throws Exception {
            call(() -> {
                connection.release(reusable, pool.nowNanos());
                pool.onDone();
                return null;
            });
        }
    }

    /** Maps every host to the local server. */
    private final class Resolver extends AddressResolverGroup<SocketAddress> {
        @Override
        protected AddressResolver<SocketAddress> newResolver(EventExecutor executor) {
            return new AbstractAddressResolver<>(executor, SocketAddress.class) {
                @Override
                protected boolean doIsResolved(SocketAddress any) {
                    return any instanceof LocalAddress;
                }

                @Override
                protected void doResolve(SocketAddress any, Promise<SocketAddress> promise) {
                    promise.setSuccess(address);
                }

                @Override
                protected void doResolveAll(SocketAddress any,
                        Promise<List<SocketAddress>> promise) {
                    promise.setSuccess(List.of(address));
                }
            };
        }
    }

    private <T> T call(Callable<T> task) throws Exception {
        return loop.submit(task).get(10, TimeUnit.SECONDS);
    }

    @BeforeEach
    void start() throws Exception {
        server = new ServerBootstrap().group(group).channel(LocalServerChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new SimpleChannelInboundHandler<ByteBuf>() {
                            @Override
                            protected void channelRead0(ChannelHandlerContext ctx, ByteBuf bytes) {
                                String text = bytes.toString(StandardCharsets.ISO_8859_1);
                                if (text.equals("die")) {
                                    ctx.close();
                                } else if (!text.equals("wait")) {
                                    Bytes.pieces(Bytes.latin1(text), 7).forEach(piece ->
                                            ctx.writeAndFlush(Bytes.buffer(piece)));
                                }
                            }
                        });
                        accepted.add(channel);
                    }
                }).bind(address).sync().channel();
        pool(2);
    }

    private void pool(int maxConnections) throws Exception {
        pool(maxConnections, null);
    }

    private void pool(int maxConnections, Integer concurrent) throws Exception {
        Provider provider = new Provider(new ProviderSettings("p", ProviderTypes.OPENAI,
                URI.create("http://provider.test/v1"), List.of(), List.of(), true, 1,
                TimeoutSettings.DEFAULT, new PoolSettings(maxConnections, Duration.ofHours(1),
                        PoolSettings.Http2.OFF), UpstreamTlsSettings.DEFAULT,
                new LoadSettings(concurrent, 2, Duration.ofHours(1), false, 1)));
        Bootstrap bootstrap = new Bootstrap().group(loop).channel(LocalChannel.class)
                .resolver(new Resolver());
        deadlines = new Deadlines(loop);
        pool = call(() -> new ConnectionPool(provider, bootstrap, deadlines,
                new ResponseHead(8192), 1, new UpstreamCounts(Durations.NONE)));
    }

    @AfterEach
    void stop() throws Exception {
        for (Channel channel : new ArrayList<>(accepted)) {
            channel.close().sync();
        }
        server.close().sync();
        call(() -> null);
        assertThat((int) call(() -> pool.open())).isZero();
        assertThat(pool.inFlight()).isZero();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    private Listener acquire() throws Exception {
        Listener listener = new Listener();
        call(() -> {
            pool.acquire(listener, pool.nowNanos());
            return null;
        });
        return listener;
    }

    @Test
    void connectsAndCarriesOneRequestAfterAnother() throws Exception {
        Listener first = acquire();
        first.expect("connecting", "ready");
        assertThat(first.connection.isReused()).isFalse();
        first.send(REPLY);
        first.expect("head 200");
        first.told.clear();
        first.release(true);

        Listener second = acquire();
        second.expect("ready");
        assertThat(second.connection).isSameAs(first.connection);
        assertThat(second.connection.isReused()).isTrue();
        assertThat(second.connection.isReplyStarted()).isFalse();
        second.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 x\r\nx: y\r\n\r\n");
        second.expect("head 503");
        assertThat(second.connection.isReplyStarted()).isTrue();
        second.release(false);
        assertThat(pool.opened()).isEqualTo(1);
    }

    @Test
    void makesAFreshConnectionForACallWhoseOwnHasDied() throws Exception {
        Listener first = acquire();
        first.expect("connecting", "ready");
        first.release(true);
        Listener second = acquire();
        second.expect("ready");
        second.send("die");
        second.expect("closed");
        call(() -> {
            pool.reconnect(second);
            return null;
        });
        second.expect("connecting", "ready");
        assertThat(second.connection).isNotSameAs(first.connection);
        assertThat(pool.inFlight()).isEqualTo(1);
        second.release(false);
    }

    @Test
    void givesUpAnIdleConnectionForAFreshOneWhereThereIsNoRoom() throws Exception {
        Listener first = acquire();
        Listener second = acquire();
        first.expect("connecting", "ready");
        second.expect("connecting", "ready");
        first.release(true);
        UpstreamStream dead = second.connection;
        call(() -> {
            dead.close();
            pool.reconnect(second);
            return null;
        });
        second.expect("connecting", "ready");
        assertThat((int) call(() -> pool.open())).isEqualTo(1);
        second.release(true);
    }

    @Test
    void keepsCallsWaitingInOrderAndRefusesMoreThanFit() throws Exception {
        Listener first = acquire();
        Listener second = acquire();
        Listener third = acquire();
        Listener fourth = acquire();
        Listener fifth = acquire();
        first.expect("connecting", "ready");
        second.expect("connecting", "ready");
        fifth.expect("saturated");
        assertThat(pool.waiting()).isEqualTo(2);
        assertThat(pool.inFlight()).isEqualTo(5);
        call(() -> {
            pool.cancel(fifth);
            return null;
        });

        second.release(true);
        third.expect("ready");
        assertThat(third.connection).isSameAs(second.connection);
        first.release(false);
        fourth.expect("connecting", "ready");
        assertThat((int) call(() -> pool.open())).isEqualTo(2);
        third.release(true);
        fourth.release(true);
    }

    @Test
    void keepsCallsWaitingThatTheProviderMayNotGetYet() throws Exception {
        pool(8, 1);
        Listener first = acquire();
        Listener second = acquire();
        first.expect("connecting", "ready");
        assertThat(pool.waiting()).isEqualTo(1);
        first.release(true);
        second.expect("ready");
        assertThat(second.connection).isSameAs(first.connection);
        second.release(true);
    }

    @Test
    void forgetsACallThatWaitsNoMore() throws Exception {
        pool(1);
        Listener first = acquire();
        Listener second = acquire();
        first.expect("connecting", "ready");
        call(() -> {
            pool.cancel(second);
            return null;
        });
        first.release(true);
        assertThat(pool.waiting()).isZero();
        assertThat(second.told).isEmpty();
    }

    @Test
    void tellsOfAConnectionThatCannotBeMade() throws Exception {
        server.close().sync();
        Listener listener = acquire();
        listener.expect("connecting", "connect_failed");
        assertThat((int) call(() -> pool.open())).isZero();
        call(() -> {
            pool.onDone();
            return null;
        });
    }

    @Test
    void tellsOfAConnectionThatTheProviderCloses() throws Exception {
        Listener listener = acquire();
        listener.expect("connecting", "ready");
        listener.send("die");
        listener.expect("closed");
        listener.release(false);
        assertThat(listener.told).isEmpty();
    }

    @Test
    void tellsOfAReplyThatIsNoHttp() throws Exception {
        Listener listener = acquire();
        listener.expect("connecting", "ready");
        listener.send("SSH-2.0-nonsense\r\n\r\n");
        listener.expect("bad_response");
        listener.release(false);
    }

    @Test
    void tellsOfASwitchOfProtocolsThatNobodyAskedFor() throws Exception {
        Listener listener = acquire();
        listener.expect("connecting", "ready");
        listener.send("HTTP/1.1 101 Switching Protocols\r\n\r\n");
        listener.expect("bad_response");
        listener.release(false);
    }

    @Test
    void lendsNoConnectionOnWhichTheProviderTalksUnasked() throws Exception {
        Listener first = acquire();
        first.expect("connecting", "ready");
        first.release(true);
        Channel channel = accepted.peek();
        channel.writeAndFlush(Bytes.buffer(REPLY)).sync();
        channel.closeFuture().sync();

        Listener second = acquire();
        second.expect("connecting", "ready");
        second.release(false);
        assertThat(pool.opened()).isEqualTo(2);
    }

    @Test
    void lendsNoConnectionThatTheProviderClosedMeanwhile() throws Exception {
        Listener first = acquire();
        first.expect("connecting", "ready");
        first.release(true);
        accepted.peek().close().sync();
        call(() -> null);

        Listener second = acquire();
        second.expect("connecting", "ready");
        second.release(false);
    }

    @Test
    void closesIdleConnectionsNowAndBusyOnesLaterWhenItRetires() throws Exception {
        Listener busy = acquire();
        Listener idle = acquire();
        busy.expect("connecting", "ready");
        idle.expect("connecting", "ready");
        idle.release(true);
        call(() -> {
            pool.retire();
            return null;
        });
        call(() -> null);
        assertThat((int) call(() -> pool.open())).isEqualTo(1);
        assertThat((int) call(() -> deadlines.size())).isZero();
        busy.release(true);
        call(() -> null);
        assertThat((int) call(() -> pool.open())).isZero();
    }
}

package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.InetNameResolver;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Promise;
import io.penstock.failure.Fault;
import io.penstock.http.ResponseHead;
import io.penstock.loop.Deadlines;
import io.penstock.loop.Durations;
import io.penstock.provider.Options;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.Bytes;
import io.penstock.testing.ConnectProxy;
import io.penstock.testing.ScriptedUpstream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.NotYetConnectedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections to a host with several addresses, and through a proxy; over real sockets. */
class DialTest {
    private static final String HOST = "provider.test";
    private static final String DEAD = "127.0.0.9"; // nobody listens there

    @TempDir
    Path directory;

    private final MultiThreadIoEventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final EventLoop loop = group.next();
    private final List<Channel> channels = new CopyOnWriteArrayList<>(); // ever made
    private final List<Socket> fillers = new ArrayList<>();
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final ReplyListener listener = new ReplyListener() {
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
            told.add("ready");
        }

        @Override
        public void onReplyHead(ResponseHead head) {
            told.add("head " + head.status());
        }

        @Override
        public void onReplyBody(ByteBuf bytes) {
            bytes.release();
        }

        @Override
        public void onReplyBodyRead() {}

        @Override
        public void onFailed(Fault fault, String detail) {
            told.add(fault.code() + " " + detail);
        }
    };
    private volatile UpstreamStream connection;
    private ConnectionPool pool;

    /** Gives every host these addresses; as a resolver may, the first one sooner than the rest. */
    private final class Resolver extends AddressResolverGroup<InetSocketAddress> {
        private final List<InetAddress> addresses;
        private final boolean refusesAll;

        Resolver(boolean refusesAll, String... addresses) {
            this.refusesAll = refusesAll;
            this.addresses = Arrays.stream(addresses).map(DialTest::address).toList();
        }

        @Override
        protected AddressResolver<InetSocketAddress> newResolver(EventExecutor executor) {
            return new InetNameResolver(executor) {
                @Override
                protected void doResolve(String host, Promise<InetAddress> promise) {
                    if (addresses.isEmpty()) {
                        promise.setFailure(new UnknownHostException(host));
                    } else {
                        promise.setSuccess(addresses.get(0));
                    }
                }

                @Override
                protected void doResolveAll(String host, Promise<List<InetAddress>> promise) {
                    if (refusesAll) {
                        promise.setFailure(new UnknownHostException("the second query"));
                    } else {
                        promise.setSuccess(addresses);
                    }
                }
            }.asAddressResolver();
        }
    }

    private static InetAddress address(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private void pool(String baseUrl, ProxySettings proxy, Path ca, Resolver resolver)
            throws Exception {
        Provider provider = new Provider(new ProviderSettings("p", ProviderTypes.OPENAI,
                URI.create(baseUrl), List.of(), List.of(), true, 1, TimeoutSettings.DEFAULT,
                PoolSettings.DEFAULT, new UpstreamTlsSettings(ca, false, null),
                LoadSettings.DEFAULT, Options.NONE, proxy));
        Bootstrap bootstrap = new Bootstrap().group(loop).channelFactory(() -> {
            Channel channel = new NioSocketChannel();
            channels.add(channel);
            return channel;
        }).resolver(resolver);
        pool = call(() -> new ConnectionPool(provider, bootstrap, new Deadlines(loop),
                new ResponseHead(8192), 1, new UpstreamCounts(Durations.NONE)));
    }

    private <T> T call(Callable<T> task) throws Exception {
        return loop.submit(task).get(10, TimeUnit.SECONDS);
    }

    private void acquire() throws Exception {
        call(() -> {
            pool.acquire(listener, pool.nowNanos());
            return null;
        });
    }

    private void expect(String... events) throws Exception {
        for (String event : events) {
            assertThat(told.poll(10, TimeUnit.SECONDS)).startsWith(event);
        }
    }

    private InetSocketAddress reached() throws Exception {
        return call(() -> (InetSocketAddress) channels.stream().filter(Channel::isActive)
                .findFirst().orElseThrow().remoteAddress());
    }

    private void end() throws Exception {
        call(() -> {
            connection.close();
            pool.onDone();
            return null;
        });
        call(() -> null);
        assertThat(channels).noneMatch(Channel::isOpen);
        assertThat((int) call(() -> pool.open())).isZero();
    }

    /** A port at which a connection is neither made nor refused: its queue is full. */
    private ServerSocket blackHole(String address, int port) throws Exception {
        ServerSocket hole = new ServerSocket(port, 1, address(address));
        boolean full = false;
        while (!full) {
            Socket filler = new Socket();
            fillers.add(filler);
            try {
                filler.connect(hole.getLocalSocketAddress(), 200);
            } catch (SocketTimeoutException e) {
                full = true;
            }
        }
        return hole;
    }

    @AfterEach
    void stop() throws Exception {
        for (Socket filler : fillers) {
            filler.close();
        }
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    @Test
    void triesTheNextAddressWhenOneRefuses() throws Exception {
        try (ServerSocket live = new ServerSocket(0, 8, address("127.0.0.1"))) {
            pool("http://" + HOST + ":" + live.getLocalPort(), null, null,
                    new Resolver(false, DEAD, "127.0.0.1"));

            acquire();

            expect("connecting", "ready");
            assertThat(reached().getAddress()).isEqualTo(address("127.0.0.1"));
            end();
        }
    }

    @Test
    void triesTheNextAddressWhenOneSaysNothing() throws Exception {
        try (ServerSocket live = new ServerSocket(0, 8, address("127.0.0.1"));
                ServerSocket hole = blackHole("127.0.0.8", live.getLocalPort())) {
            pool("http://" + HOST + ":" + live.getLocalPort(), null, null,
                    new Resolver(false, "127.0.0.8", "127.0.0.1"));

            acquire();

            expect("connecting", "ready");
            call(() -> null);
            assertThat(channels.stream().filter(Channel::isOpen)).hasSize(1);
            assertThat(reached().getAddress()).isEqualTo(address("127.0.0.1"));
            end();

            channels.clear();
            acquire(); // and remembers which of them works
            expect("connecting", "ready");
            assertThat(channels).hasSize(1);
            end();
        }
    }

    @Test
    void takesTheOtherFamilyInTurn() throws Exception {
        try (ServerSocket live = new ServerSocket(0, 8, address("::1"))) {
            pool("http://" + HOST + ":" + live.getLocalPort(), null, null,
                    new Resolver(false, DEAD, "127.0.0.10", "127.0.0.11", "::1"));

            acquire();

            expect("connecting", "ready");
            assertThat(channels).hasSize(2);
            end();
        }
    }

    @Test
    void knowsBothLoopbacksOfLocalhost() throws Exception {
        try (ServerSocket live = new ServerSocket(0, 8, address("::1"))) {
            pool("http://localhost:" + live.getLocalPort(), null, null,
                    new Resolver(false, "127.0.0.1"));

            acquire();

            expect("connecting", "ready");
            assertThat(reached().getAddress()).isEqualTo(address("::1"));
            end();
        }
    }

    @Test
    void leavesNoChannelBehindWhenItIsGivenUpMidway() throws Exception {
        try (ServerSocket hole = blackHole("127.0.0.8", 0)) {
            int port = hole.getLocalPort();
            try (ServerSocket other = blackHole("127.0.0.7", port)) {
                pool("http://" + HOST + ":" + port, null, null,
                        new Resolver(false, "127.0.0.8", "127.0.0.7"));
                acquire();
                expect("connecting");
                while (channels.size() < 2) {
                    call(() -> null);
                }

                end();

                assertThat(told).isEmpty();
            }
        }
    }

    /** As Netty's epoll says it when the refusal comes before it has looked at the connecting. */
    @Test
    void keepsToItselfWhatAReadOfARefusedChannelSays() throws Exception {
        try (ServerSocket hole = blackHole("127.0.0.8", 0)) {
            pool("http://" + HOST + ":" + hole.getLocalPort(), null, null,
                    new Resolver(false, "127.0.0.8"));
            acquire();
            expect("connecting");
            while (channels.isEmpty()) {
                call(() -> null);
            }
            List<Throwable> escaped = new CopyOnWriteArrayList<>();
            ChannelPipeline pipeline = channels.get(0).pipeline();
            IllegalStateException own = new IllegalStateException("a mistake of our own");

            call(() -> pipeline.addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                    escaped.add(cause);
                }
            }).fireExceptionCaught(new NotYetConnectedException())
                    .fireExceptionCaught(new IOException("reset")).fireExceptionCaught(own));

            assertThat(escaped).containsExactly(own);
            assertThat(told).isEmpty();
            end();
        }
    }

    @Test
    void triesNoMoreAddressesThanItsBound() throws Exception {
        String[] dead = new String[20];
        Arrays.setAll(dead, i -> "127.0.1." + (i + 1));
        int port;
        try (ServerSocket gone = new ServerSocket(0)) {
            port = gone.getLocalPort();
        }
        pool("http://" + HOST + ":" + port, null, null, new Resolver(false, dead));

        acquire();

        expect("connecting");
        assertThat(told.poll(10, TimeUnit.SECONDS)).startsWith("connect_failed ")
                .endsWith("(the last of 8 addresses)");
        assertThat(channels).hasSize(Dial.MAX_ADDRESSES);
        end();
    }

    @Test
    void saysWhatTheFirstAddressSaidWhereTheOthersCannotBeHad() throws Exception {
        int port;
        try (ServerSocket gone = new ServerSocket(0)) {
            port = gone.getLocalPort();
        }
        pool("http://" + HOST + ":" + port, null, null, new Resolver(true, DEAD));

        acquire();

        expect("connecting");
        assertThat(told.poll(10, TimeUnit.SECONDS)).startsWith("connect_failed ")
                .contains("refused", DEAD);
        end();
    }

    @Test
    void saysThatAHostIsUnknown() throws Exception {
        pool("http://" + HOST, null, null, new Resolver(false));

        acquire();

        expect("connecting");
        assertThat(told.poll(10, TimeUnit.SECONDS)).startsWith("connect_failed ")
                .contains("UnknownHost", HOST);
        end();
    }

    private static X509Bundle certificate(String name) throws Exception {
        return new CertificateBuilder().subject("CN=" + name).addSanDnsName(name)
                .setIsCertificateAuthority(true).buildSelfSigned();
    }

    private static SSLContext server(X509Bundle certificate) throws Exception {
        KeyStore store = certificate.toKeyStore("changeit".toCharArray());
        KeyManagerFactory keys =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, "changeit".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    /** The certificate fits the name only, so the handshake was about the name. */
    @Test
    void asksForTheNameAtWhicheverAddress() throws Exception {
        X509Bundle certificate = certificate(HOST);
        Path ca = Files.writeString(directory.resolve("ca.pem"), certificate.getCertificatePEM());
        try (ScriptedUpstream live = ScriptedUpstream.startTls(server(certificate),
                ScriptedUpstream.goodUnary())) {
            pool("https://" + HOST + ":" + live.port(), null, ca,
                    new Resolver(false, DEAD, "127.0.0.1"));

            acquire();

            expect("connecting", "tls", "ready");
            end();
        }
    }

    // Through a proxy

    private void get() throws Exception {
        call(() -> {
            connection.write(Bytes.buffer(
                    "GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"));
            connection.flush();
            return null;
        });
    }

    @Test
    void speaksTlsWithTheProviderThroughAProxy() throws Exception {
        X509Bundle certificate = certificate(HOST);
        Path ca = Files.writeString(directory.resolve("ca.pem"), certificate.getCertificatePEM());
        try (ScriptedUpstream live = ScriptedUpstream.startTls(server(certificate),
                        ScriptedUpstream.goodUnary());
                ConnectProxy proxy = ConnectProxy.start(live.port())) {
            pool("https://" + HOST, new ProxySettings("proxy.test", proxy.port(), false,
                    "user:pass"), ca, new Resolver(false, DEAD, "127.0.0.1"));

            acquire();
            expect("connecting", "tls", "ready");
            get();

            expect("head 200");
            assertThat(proxy.requests()).containsExactly("CONNECT " + HOST + ":443 HTTP/1.1\r\n"
                    + "host: " + HOST + ":443\r\nproxy-authorization: Basic dXNlcjpwYXNz\r\n\r\n");
            end();
        }
    }

    @Test
    void speaksPlainlyWithTheProviderThroughAProxyThatAnswersInPieces() throws Exception {
        try (ScriptedUpstream live = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ConnectProxy proxy = ConnectProxy.start(live.port())
                        .answer("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.0 200 OK\r\nx: y\r\n\r\n")) {
            pool("http://[::9]:8000/v1",
                    new ProxySettings("127.0.0.1", proxy.port(), false, null), null,
                    new Resolver(false, "127.0.0.1"));

            acquire();
            expect("connecting", "ready");
            get();

            expect("head 200");
            assertThat(proxy.requests()).singleElement().asString()
                    .startsWith("CONNECT [::9]:8000 HTTP/1.1\r\nhost: [::9]:8000\r\n\r\n");
            end();
        }
    }

    @Test
    void saysWhyAProxyGivesNoTunnel() throws Exception {
        try (ConnectProxy proxy = ConnectProxy.start(1).answer(
                "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 4\r\n\r\nNope")) {
            pool("http://" + HOST,
                    new ProxySettings("proxy.test", proxy.port(), false, "u:secret"), null,
                    new Resolver(false, "127.0.0.1"));

            acquire();

            expect("connecting");
            assertThat(told.poll(10, TimeUnit.SECONDS)).startsWith("connect_failed ")
                    .contains("the proxy http://****@proxy.test:" + proxy.port()
                            + " refuses a tunnel to provider.test:80 with 407")
                    .doesNotContain("secret");
            end();
        }
    }

    @Test
    void closesTheConnectionToAProxyThatIsGivenUp() throws Exception {
        try (ConnectProxy proxy = ConnectProxy.start(1).answer("")) { // and so keeps still
            pool("http://" + HOST, new ProxySettings("proxy.test", proxy.port(), false, null),
                    null, new Resolver(false, "127.0.0.1"));
            acquire();
            expect("connecting");
            proxy.awaitRequest();

            end();

            assertThat(told).isEmpty();
        }
    }

    @Test
    void tellsOfAProxyThatHangsUpOrSpeaksNoHttp() throws Exception {
        for (String answer : List.of(ConnectProxy.HANG_UP, "SSH-2.0-nonsense\r\n\r\n")) {
            try (ConnectProxy proxy = ConnectProxy.start(1).answer(answer)) {
                pool("http://" + HOST, new ProxySettings("proxy.test", proxy.port(), false, null),
                        null, new Resolver(false, "127.0.0.1"));
                acquire();
                expect("connecting");
                assertThat(told.poll(10, TimeUnit.SECONDS)).startsWith("connect_failed ")
                        .contains("the proxy http://proxy.test:");
                end();
            }
        }
    }
}

package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketClientCompressionHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.listen.TlsSettings;
import io.penstock.loop.Transport;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.testing.ProxyUnderTest;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Real WebSocket clients before a real server, with the proxy in between. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class RealtimeMockIT {
    @Parameter
    Transport transport;

    @TempDir
    Path directory;

    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private final EventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private MockServer mock;

    @BeforeEach
    void start() throws Exception {
        mock = MockServer.start(MockSettings.DEFAULT.withRecords(5), 1);
    }

    @AfterEach
    void stop() {
        mock.close();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private ProxyUnderTest.Builder proxy() {
        return ProxyUnderTest.on(transport).provider("a", "http://127.0.0.1:" + mock.port());
    }

    private String next() throws InterruptedException {
        return heard.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** Opens a WebSocket; what comes of it is heard as text, a word for its kind in front. */
    private Channel open(int port, SslContext tls) throws Exception {
        URI uri = URI.create((tls == null ? "ws" : "wss") + "://localhost:" + port
                + "/v1/realtime?model=model-a");
        Channel channel = new Bootstrap().group(group).channel(NioSocketChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (tls != null) {
                            channel.pipeline().addLast(tls.newHandler(channel.alloc(),
                                    "localhost", port));
                        }
                        channel.pipeline().addLast(new HttpClientCodec(),
                                new HttpObjectAggregator(8192),
                                new WebSocketClientCompressionHandler(1 << 24),
                                new WebSocketClientProtocolHandler(
                                        WebSocketClientProtocolConfig.newBuilder()
                                                .webSocketUri(uri).subprotocol("realtime")
                                                .allowExtensions(true)
                                                .maxFramePayloadLength(1 << 24)
                                                .handleCloseFrames(false)
                                                .customHeaders(new DefaultHttpHeaders()
                                                        .add("authorization",
                                                                "Bearer " + CALLER_KEY))
                                                .build()),
                                new Listener());
                    }
                }).connect("127.0.0.1", port).sync().channel();
        assertThat(next()).isEqualTo("open");
        return channel;
    }

    private final class Listener extends SimpleChannelInboundHandler<WebSocketFrame> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
            String kind = frame.getClass().getSimpleName().replace("WebSocketFrame", "")
                    + (frame.isFinalFragment() ? ":" : "…:");
            heard.add(frame instanceof CloseWebSocketFrame close
                    ? kind + close.statusCode() + close.reasonText()
                    : kind + frame.content().toString(StandardCharsets.ISO_8859_1));
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == WebSocketClientProtocolHandler.ClientHandshakeStateEvent
                    .HANDSHAKE_COMPLETE) {
                heard.add("open");
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            heard.add("closed");
        }
    }

    private void talk(Channel channel) throws Exception {
        channel.writeAndFlush(new TextWebSocketFrame("Grüezi".repeat(100))).sync();
        assertThat(next()).isEqualTo("Text:" + new String("Grüezi".repeat(100)
                .getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));

        byte[] noise = new byte[2_000_000];
        new Random(1).nextBytes(noise);
        channel.writeAndFlush(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(noise))).sync();
        assertThat(next().equals("Binary:" + new String(noise, StandardCharsets.ISO_8859_1)))
                .isTrue();

        channel.write(new TextWebSocketFrame(false, 0, "one "));
        channel.write(new ContinuationWebSocketFrame(false, 0, "two "));
        channel.writeAndFlush(new ContinuationWebSocketFrame(true, 0, "three")).sync();
        assertThat(next()).isEqualTo("Text…:one ");
        assertThat(next()).isEqualTo("Continuation…:two ");
        assertThat(next()).isEqualTo("Continuation:three");
    }

    @Test
    void carriesEveryKindOfFrameWithTheCompressionThatTheEndsAgreedOn() throws Exception {
        try (ProxyUnderTest proxy = proxy().start()) {
            Channel channel = open(proxy.port(), null);

            talk(channel);

            assertThat(channel.pipeline().names()).as("permessage-deflate is in force")
                    .anyMatch(name -> name.endsWith(".PerMessageDeflateDecoder"));
            assertThat(mock.records().get(0).header("sec-websocket-extensions"))
                    .contains("permessage-deflate");
            channel.close().sync();
        }
    }

    @Test
    void carriesTheCloseCodesOfBothSides() throws Exception {
        try (ProxyUnderTest proxy = proxy().start()) {
            Channel channel = open(proxy.port(), null);
            channel.writeAndFlush(new TextWebSocketFrame("close 4321")).sync();
            assertThat(next()).isEqualTo("Close:4321as told");
            channel.writeAndFlush(new CloseWebSocketFrame(4321, "as told")).sync();
            assertThat(next()).isEqualTo("closed");

            channel = open(proxy.port(), null);
            channel.writeAndFlush(new CloseWebSocketFrame(4567, "enough")).sync();
            assertThat(next()).isEqualTo("Close:4567enough");
            assertThat(next()).isEqualTo("closed");
            proxy.awaitResidue("concurrent=0 .*connections=0 .*"
                    + "upstream_in_flight=0 upstream_open=0 .*");
        }
    }

    @Test
    void carriesAWebSocketThroughTls() throws Exception {
        X509Bundle bundle = new CertificateBuilder().subject("CN=localhost")
                .addSanDnsName("localhost").setIsCertificateAuthority(true).buildSelfSigned();
        Path certificate = directory.resolve("tls.crt");
        Path key = directory.resolve("tls.key");
        Files.writeString(certificate, bundle.getCertificatePathPEM());
        Files.writeString(key, bundle.getPrivateKeyPEM());
        SslContext tls = SslContextBuilder.forClient().trustManager(bundle.getCertificate())
                .build();
        try (ProxyUnderTest proxy = proxy()
                .listenTls(new TlsSettings(certificate, key, null)).start()) {
            Channel channel = open(proxy.port(), tls);

            talk(channel);

            channel.writeAndFlush(new CloseWebSocketFrame(1000, "done")).sync();
            assertThat(next()).isEqualTo("Close:1000done");
            assertThat(next()).isEqualTo("closed");
        }
    }

    @Test
    void tellsAClientThatTheProxyStops() throws Exception {
        try (ProxyUnderTest proxy = proxy().start()) {
            open(proxy.port(), null);

            proxy.stop(ProxyUnderTest.SHORT);

            assertThat(next()).isEqualTo("Close:1001shutdown");
            assertThat(next()).isEqualTo("closed");
        }
    }

    @Test
    void servesTheJdksOwnClient() throws Exception {
        BlockingQueue<String> said = new LinkedBlockingQueue<>();
        try (ProxyUnderTest proxy = proxy().start()) {
            WebSocket socket = HttpClient.newHttpClient().newWebSocketBuilder()
                    .header("Authorization", "Bearer " + CALLER_KEY)
                    .buildAsync(URI.create("ws://127.0.0.1:" + proxy.port()
                            + "/passthrough/a/v1/realtime"), new WebSocket.Listener() {
                                @Override
                                public CompletionStage<?> onText(WebSocket webSocket,
                                        CharSequence data, boolean last) {
                                    said.add("text " + data);
                                    return WebSocket.Listener.super.onText(webSocket, data, last);
                                }

                                @Override
                                public CompletionStage<?> onBinary(WebSocket webSocket,
                                        ByteBuffer data, boolean last) {
                                    said.add("binary " + ByteBufUtil.hexDump(
                                            Unpooled.wrappedBuffer(data)));
                                    return WebSocket.Listener.super.onBinary(webSocket, data,
                                            last);
                                }

                                @Override
                                public CompletionStage<?> onClose(WebSocket webSocket, int code,
                                        String reason) {
                                    said.add("close " + code + " " + reason);
                                    return null;
                                }
                            }).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            socket.sendText("hello", true).join();
            assertThat(said.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo("text hello");
            socket.sendBinary(ByteBuffer.wrap(new byte[] {1, 2, (byte) 0xff}), true).join();
            assertThat(said.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .isEqualTo("binary 0102ff");
            socket.sendText("close 4001", true).join();
            assertThat(said.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .isEqualTo("close 4001 as told");
        }
    }
}

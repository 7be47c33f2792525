package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.netty.util.ReferenceCountUtil;
import io.penstock.testing.Bytes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(value = SslProvider.class, names = {"JDK", "OPENSSL"})
class TlsFailureTest {
    private static final String HOST = "api.provider.test";

    @Parameter
    SslProvider engine;

    @TempDir
    Path directory;

    private final MultiThreadIoEventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory());

    @AfterEach
    void stop() throws Exception {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    private static CertificateBuilder certificate(String host) {
        return new CertificateBuilder().subject("CN=" + host).addSanDnsName(host)
                .setIsCertificateAuthority(true);
    }

    private static SslContextBuilder server(X509Bundle certificate) {
        return SslContextBuilder.forServer(certificate.getKeyPair().getPrivate(),
                certificate.getCertificatePath()).sslProvider(SslProvider.JDK);
    }

    /** What is said of the failure with this server; {@code trusted} is the CA, or null. */
    private String failureWith(SslContext server, X509Bundle trusted) throws Exception {
        return failureWith(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(server.newHandler(channel.alloc()),
                        new Sink()); // reports nothing of its side of the failure
            }
        }, trusted);
    }

    private String failureWith(ChannelHandler server, X509Bundle trusted) throws Exception {
        assumeThat(engine == SslProvider.JDK || OpenSsl.isAvailable()).isTrue();
        Path ca = trusted == null ? null : Files.writeString(directory.resolve("ca.pem"),
                trusted.getCertificatePEM());
        SslContext client =
                UpstreamTls.context(new UpstreamTlsSettings(ca, false, null), engine);
        LocalAddress address = new LocalAddress(TlsFailureTest.class);
        Channel listener = new ServerBootstrap().group(group).channel(LocalServerChannel.class)
                .childHandler(server).bind(address).sync().channel();
        SslHandler[] handler = new SslHandler[1];
        Channel channel = new Bootstrap().group(group).channel(LocalChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel made) {
                        handler[0] = client.newHandler(made.alloc(), HOST, 443);
                        made.pipeline().addLast(handler[0], new Sink());
                    }
                }).connect(address).sync().channel();
        Throwable cause = handler[0].handshakeFuture().await().cause();
        channel.close().sync();
        listener.close().sync();
        return TlsFailure.describe(cause);
    }

    private static final class Sink extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    /** A CA's certificate, and a server's from it; only the latter's time is looked at. */
    private String failureWithCertificateOf(Instant from, Instant to) throws Exception {
        X509Bundle ca = certificate("ca.test").buildSelfSigned();
        X509Bundle leaf = new CertificateBuilder().subject("CN=" + HOST).addSanDnsName(HOST)
                .notBefore(from).notAfter(to).buildIssuedBy(ca);
        return failureWith(server(leaf).build(), ca);
    }

    @Test
    void namesACertificateThatHasExpired() throws Exception {
        Instant now = Instant.now();

        assertThat(failureWithCertificateOf(now.minus(Duration.ofDays(9)),
                now.minus(Duration.ofDays(2)))).startsWith("certificate expired: ");
    }

    @Test
    void namesACertificateThatIsNotValidYet() throws Exception {
        Instant now = Instant.now();

        assertThat(failureWithCertificateOf(now.plus(Duration.ofDays(2)),
                now.plus(Duration.ofDays(9)))).startsWith("certificate not valid yet: ");
    }

    @Test
    void namesAnUnknownCa() throws Exception {
        X509Bundle certificate = certificate(HOST).buildSelfSigned();

        assertThat(failureWith(server(certificate).build(), null))
                .startsWith("certificate of an unknown CA (tls.ca names one to trust): ");
    }

    @Test
    void namesAHostNameThatDoesNotMatch() throws Exception {
        X509Bundle certificate = certificate("api.elsewhere.test").buildSelfSigned();

        assertThat(failureWith(server(certificate).build(), certificate))
                .startsWith("certificate for another host name (tls.sni names the one to expect): ")
                .contains(HOST);
    }

    /** Each is sent in place of a server's first message (RFC 8446 section 6.2). */
    @ParameterizedTest
    @CsvSource({"40, the peer refused the handshake", "70, no common TLS version",
        "112, the peer knows no such server name", "116, the peer wants a certificate of ours",
        "48, the peer wants a certificate of ours", "71, the peer refused the handshake"})
    void namesWhatAnAlertMeans(int alert, String reason) throws Exception {
        byte[] record = {21, 3, 3, 0, 2, 2, (byte) alert};

        assertThat(failureWith(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                ReferenceCountUtil.release(message);
                ctx.writeAndFlush(Bytes.buffer(record));
            }
        }, null)).startsWith(reason);
    }

    @Test
    void namesPlainHttp() throws Exception {
        assertThat(failureWith(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                ReferenceCountUtil.release(message);
                ctx.writeAndFlush(Bytes.buffer("HTTP/1.1 400 Bad Request\r\n\r\n"));
            }
        }, null)).startsWith("no TLS on that port, perhaps plain HTTP: ");
    }

    @Test
    void namesAPeerThatHangsUp() throws Exception {
        assertThat(failureWith(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                ReferenceCountUtil.release(message);
                ctx.close();
            }
        }, null)).startsWith("the connection was closed during the TLS handshake");
    }
}

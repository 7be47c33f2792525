package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.netty.handler.codec.dns.DatagramDnsQueryDecoder;
import io.netty.handler.codec.dns.DatagramDnsResponse;
import io.netty.handler.codec.dns.DatagramDnsResponseEncoder;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsSection;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.SingletonDnsServerAddressStreamProvider;
import io.netty.util.NetUtil;
import io.penstock.loop.Transport;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Names at a name server of the test's own. */
class NameResolutionTest {
    private static final int TTL_SECONDS = 60;

    private final MultiThreadIoEventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final List<DnsRecordType> asked = new CopyOnWriteArrayList<>();
    private boolean hasV4 = true;
    private DatagramChannel server;
    private DnsNameResolver resolver;

    @BeforeEach
    void start() throws Exception {
        assumeThat(NetUtil.isIpV4StackPreferred()).isFalse();
        server = (DatagramChannel) new Bootstrap().group(group).channel(NioDatagramChannel.class)
                .handler(new ChannelInitializer<DatagramChannel>() {
                    @Override
                    protected void initChannel(DatagramChannel channel) {
                        channel.pipeline().addLast(new DatagramDnsQueryDecoder(),
                                new DatagramDnsResponseEncoder(), new Answers());
                    }
                }).bind(InetAddress.getByName("127.0.0.1"), 0).sync().channel();
        resolver = NameResolution.builder(Transport.NIO).eventLoop((EventLoop) group.next())
                .nameServerProvider(new SingletonDnsServerAddressStreamProvider(
                        new InetSocketAddress("127.0.0.1", server.localAddress().getPort())))
                .build();
    }

    private final class Answers extends SimpleChannelInboundHandler<DatagramDnsQuery> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, DatagramDnsQuery query) {
            DefaultDnsQuestion question = query.recordAt(DnsSection.QUESTION);
            asked.add(question.type());
            DatagramDnsResponse response =
                    new DatagramDnsResponse(query.recipient(), query.sender(), query.id());
            response.addRecord(DnsSection.QUESTION, question);
            byte[] address = question.type().equals(DnsRecordType.A)
                    ? hasV4 ? new byte[] {127, 0, 0, 7} : null
                    : NetUtil.createByteArrayFromIpAddressString("::7");
            if (address != null) {
                response.addRecord(DnsSection.ANSWER, new DefaultDnsRawRecord(question.name(),
                        question.type(), TTL_SECONDS, Unpooled.wrappedBuffer(address)));
            }
            ctx.writeAndFlush(response);
        }
    }

    @AfterEach
    void stop() throws Exception {
        resolver.close();
        server.close().sync();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    private List<InetAddress> all(String host) throws Exception {
        return resolver.resolveAll(host).get(10, TimeUnit.SECONDS);
    }

    @Test
    void asksForBothFamiliesWhateverResolvConfSaysOfAttempts() throws Exception {
        assertThat(resolver.maxQueriesPerResolve()).isEqualTo(16);
        assertThat(all("both.test.")).extracting(InetAddress::getHostAddress)
                .containsExactly("127.0.0.7", "0:0:0:0:0:0:0:7");
        assertThat(asked).contains(DnsRecordType.A, DnsRecordType.AAAA);
    }

    @Test
    void findsAHostThatHasOneFamilyOnly() throws Exception {
        hasV4 = false;

        assertThat(resolver.resolve("six.test.").get(10, TimeUnit.SECONDS).getHostAddress())
                .isEqualTo("0:0:0:0:0:0:0:7");
    }

    @Test
    void takesNamesWithUnderscores() throws Exception {
        assertThat(all("my_host.test.")).isNotEmpty();
    }
}

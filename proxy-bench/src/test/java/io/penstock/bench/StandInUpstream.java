package io.penstock.bench;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Answers every POST with a chat completion of some 600 bytes, or with a stream of events of 220
 * bytes, each stamped with its time of sending. Its {@code main} takes the options of
 * {@code penstock mock}, which it stands in for where the load matters and the dialect does not.
 */
final class StandInUpstream implements AutoCloseable {
    private static final byte[] HEAD_END = "\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int EVENT_BYTES = 220;
    private static final int EVENTS_PER_WRITE = 64;

    private final EventLoopGroup group;
    private final Channel server;
    private final long ttftNanos;
    private final long intervalNanos;
    private final int events;

    StandInUpstream(int port, Duration ttft, Duration interval, int events) {
        this.ttftNanos = ttft.toNanos();
        this.intervalNanos = interval.toNanos();
        this.events = events;
        boolean epoll = Epoll.isAvailable();
        group = new MultiThreadIoEventLoopGroup(
                1, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        server = new ServerBootstrap()
                .group(group)
                .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 4096)
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(32768))
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new Answerer());
                    }
                })
                .bind("127.0.0.1", port).syncUninterruptibly().channel();
    }

    int port() {
        return ((InetSocketAddress) server.localAddress()).getPort();
    }

    /** Holds up every answer for that long, all at once. */
    void stall(Duration duration) {
        group.next().execute(() -> {
            try {
                Thread.sleep(duration.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    @Override
    public void close() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private final class Answerer extends ChannelInboundHandlerAdapter {
        private final ByteBuf head = Unpooled.buffer(1024);
        private long bodyLeft = -1; // -1: within a head
        private boolean streaming;
        private int sent;
        private long startNanos;

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ByteBuf in = (ByteBuf) msg;
            if (bodyLeft < 0) {
                head.writeBytes(in, Math.min(in.readableBytes(), 4096));
                int end = ByteBufUtil.indexOf(Unpooled.wrappedBuffer(HEAD_END), head);
                if (end >= 0) {
                    String text = head.toString(0, end, StandardCharsets.US_ASCII).toLowerCase();
                    String length = text.replaceFirst("(?s).*content-length: *(\\d+).*", "$1");
                    streaming = text.contains("event-stream");
                    bodyLeft = Long.parseLong(length) - (head.writerIndex() - end - 4);
                    head.clear();
                }
            }
            if (bodyLeft > 0) {
                bodyLeft -= in.readableBytes();
            }
            in.release();
            if (bodyLeft == 0) {
                bodyLeft = -1;
                ctx.executor().schedule(() -> answer(ctx), ttftNanos, TimeUnit.NANOSECONDS);
            }
        }

        private void answer(ChannelHandlerContext ctx) {
            if (!streaming) {
                String body = "{\"id\":\"c1\",\"object\":\"chat.completion\","
                        + "\"choices\":[{\"index\":0,"
                        + "\"message\":{\"role\":\"assistant\",\"content\":\"" + "word ".repeat(90)
                        + "\"}}],\"usage\":{\"total_tokens\":9}}";
                ctx.writeAndFlush(text("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                        + "content-length: " + body.length() + "\r\n\r\n" + body));
                return;
            }
            sent = 0;
            startNanos = System.nanoTime();
            ctx.write(text("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                    + "transfer-encoding: chunked\r\n\r\n"));
            if (intervalNanos > 0) {
                pace(ctx);
            } else {
                flood(ctx);
            }
        }

        private void pace(ChannelHandlerContext ctx) {
            if (!ctx.channel().isActive()) {
                return;
            }
            if (sent == events) {
                ctx.writeAndFlush(text("e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"));
                return;
            }
            ctx.writeAndFlush(event(ctx.alloc().directBuffer(256)));
            ctx.executor().schedule(() -> pace(ctx),
                    startNanos + sent * intervalNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
        }

        private void flood(ChannelHandlerContext ctx) {
            while (sent < events && ctx.channel().isWritable()) {
                ByteBuf out = ctx.alloc().directBuffer(EVENTS_PER_WRITE * (EVENT_BYTES + 6));
                for (int i = 0; i < EVENTS_PER_WRITE && sent < events; i++) {
                    event(out);
                }
                ctx.writeAndFlush(out);
            }
            if (sent == events) {
                sent++;
                ctx.writeAndFlush(text("e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"));
            }
        }

        private ByteBuf event(ByteBuf out) {
            sent++;
            int start = out.writerIndex();
            ByteBufUtil.writeAscii(out, "dc\r\ndata: {\"sent_ns\":");
            ByteBufUtil.writeAscii(out, Long.toString(System.nanoTime()));
            ByteBufUtil.writeAscii(out, ",\"choices\":[{\"delta\":{\"content\":\"");
            while (out.writerIndex() < start + 4 + EVENT_BYTES - 7) {
                out.writeByte('x');
            }
            ByteBufUtil.writeAscii(out, "\"}}]}\n\n\r\n");
            return out;
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            if (streaming && intervalNanos == 0 && bodyLeft < 0 && sent > 0 && sent < events) {
                flood(ctx);
            }
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext ctx) {
            head.release();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close(); // callers come and go
        }

        private ByteBuf text(String text) {
            return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
        }
    }

    /** Runs until it is killed; the arguments are those of {@code penstock mock}. */
    public static void main(String[] args) throws InterruptedException {
        int port = 0;
        Duration ttft = Duration.ZERO;
        Duration interval = Duration.ZERO;
        int events = 16;
        for (int i = 0; i + 1 < args.length; i += 2) {
            String value = args[i + 1];
            switch (args[i]) {
                case "--port" -> port = Integer.parseInt(value);
                case "--ttft" -> ttft = new DurationText().convert(value);
                case "--interval" -> interval = new DurationText().convert(value);
                case "--events" -> events = Integer.parseInt(value);
                default -> throw new IllegalArgumentException(args[i]);
            }
        }
        StandInUpstream upstream = new StandInUpstream(port, ttft, interval, events);
        System.out.println("listening on 127.0.0.1:" + upstream.port());
        upstream.server.closeFuture().sync();
    }
}

package io.penstock.observe.trace;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.Compressor;
import io.opentelemetry.sdk.common.export.GrpcResponse;
import io.opentelemetry.sdk.common.export.GrpcSender;
import io.opentelemetry.sdk.common.export.GrpcSenderConfig;
import io.opentelemetry.sdk.common.export.GrpcStatusCode;
import io.opentelemetry.sdk.common.export.MessageWriter;
import io.opentelemetry.sdk.common.export.RetryPolicy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * Unary gRPC calls over one HTTP/2 connection of Netty's, which is made when it is needed: the
 * JDK's client shows no trailers, in which gRPC has its status, and any other client would be a
 * second stack beside Netty. Of the reply only the status is kept: a span exporter wants no more.
 *
 * <p><b>Thread:</b> safe; all work is done on an event loop of its own.
 * <br><b>Bounds:</b> what the exporter has under way, and for each call its timeout and attempts.
 */
final class NettyGrpcSender implements GrpcSender {
    private static final int PREFIX_BYTES = 5; // whether it is compressed, and the length
    private static final Set<GrpcStatusCode> TRANSIENT = EnumSet.of(GrpcStatusCode.CANCELLED,
            GrpcStatusCode.DEADLINE_EXCEEDED, GrpcStatusCode.ABORTED, GrpcStatusCode.OUT_OF_RANGE,
            GrpcStatusCode.UNAVAILABLE, GrpcStatusCode.DATA_LOSS);

    private final GrpcSenderConfig config;
    private final URI endpoint;
    private final boolean tls;
    private final @Nullable SslContext sslContext; // null for plain TCP
    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1,
            new DefaultThreadFactory("penstock-otlp", true), NioIoHandler.newFactory());
    private final EventLoop loop = group.next();
    private @Nullable Future<Channel> connection; // confined to the loop; null before the first

    NettyGrpcSender(GrpcSenderConfig config) {
        this.config = config;
        endpoint = config.getEndpoint();
        tls = "https".equals(endpoint.getScheme());
        sslContext = tls ? sslContext(config) : null;
    }

    private static SslContext sslContext(GrpcSenderConfig config) {
        ApplicationProtocolConfig http2 = new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                ApplicationProtocolNames.HTTP_2);
        if (config.getSslContext() != null) {
            return new JdkSslContext(config.getSslContext(), true, null,
                    IdentityCipherSuiteFilter.INSTANCE, http2, ClientAuth.NONE, null, false);
        }
        try {
            return SslContextBuilder.forClient().applicationProtocolConfig(http2).build();
        } catch (SSLException e) {
            throw new IllegalStateException(e); // the JDK's own certificates can't be read
        }
    }

    @Override
    public void send(MessageWriter message, Consumer<GrpcResponse> onResponse,
            Consumer<Throwable> onError) {
        byte[] body;
        try {
            body = framed(message, config.getCompressor());
        } catch (IOException e) {
            onError.accept(e);
            return;
        }
        loop.execute(() -> new Sending(body, onResponse, onError).attempt());
    }

    private static byte[] framed(MessageWriter message, @Nullable Compressor compressor)
            throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(new byte[PREFIX_BYTES]);
        if (compressor == null) {
            message.writeMessage(out);
        } else {
            try (OutputStream compressed = compressor.compress(out)) {
                message.writeMessage(compressed);
            }
        }
        byte[] body = out.toByteArray();
        int length = body.length - PREFIX_BYTES;
        body[0] = (byte) (compressor == null ? 0 : 1);
        for (int i = 1; i < PREFIX_BYTES; i++) {
            body[i] = (byte) (length >>> 8 * (PREFIX_BYTES - 1 - i));
        }
        return body;
    }

    /** The connection if there is an open one, else a new one. */
    private Future<Channel> connection() {
        Future<Channel> known = connection;
        if (known != null && (!known.isDone() || known.isSuccess() && known.getNow().isActive())) {
            return known;
        }
        int port = endpoint.getPort() >= 0 ? endpoint.getPort() : tls ? 443 : 80;
        Promise<Channel> ready = loop.newPromise();
        new Bootstrap().group(group).channel(NioSocketChannel.class)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS,
                        (int) Math.min(Integer.MAX_VALUE, config.getConnectTimeout().toMillis()))
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        begin(channel, port, ready);
                    }
                })
                .connect(endpoint.getHost(), port).addListener(connected -> {
                    if (!connected.isSuccess()) {
                        ready.tryFailure(connected.cause());
                    }
                });
        connection = ready;
        return ready;
    }

    private void begin(Channel channel, int port,
            Promise<Channel> ready) {
        if (sslContext != null) {
            SslHandler handler = sslContext.newHandler(channel.alloc(), endpoint.getHost(), port);
            SSLParameters parameters = handler.engine().getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            handler.engine().setSSLParameters(parameters);
            channel.pipeline().addLast(handler);
        }
        channel.pipeline().addLast(Http2FrameCodecBuilder.forClient().build(),
                new Http2MultiplexHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel pushed) {
                        pushed.close(); // nothing was asked for
                    }
                }), new ConnectionReady(ready));
    }

    private Http2Headers headers() {
        Http2Headers headers = new DefaultHttp2Headers().method("POST")
                .scheme(tls ? "https" : "http").authority(endpoint.getRawAuthority())
                .path("/" + config.getFullMethodName())
                .set("te", "trailers").set("content-type", "application/grpc")
                .set("grpc-accept-encoding", "identity");
        Compressor compressor = config.getCompressor();
        if (compressor != null) {
            headers.set("grpc-encoding", compressor.getEncoding());
        }
        Map<String, List<String>> more = config.getHeadersSupplier().get();
        if (more != null) {
            more.forEach((name, values) -> headers.set(name.toLowerCase(Locale.ROOT), values));
        }
        return headers;
    }

    @Override
    public CompletableResultCode shutdown() {
        CompletableResultCode result = new CompletableResultCode();
        loop.execute(() -> {
            disconnect();
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS)
                    .addListener(done -> result.succeed());
        });
        return result;
    }

    /** Closes the connection, if there is one: the next call makes another. */
    private void disconnect() {
        if (connection != null && connection.isSuccess()) {
            connection.getNow().close();
        }
        connection = null;
    }

    /** One message on its way, over as many attempts as it takes. Confined to the loop. */
    private final class Sending {
        private final byte[] body;
        private final Consumer<GrpcResponse> onResponse;
        private final Consumer<Throwable> onError;
        private final Future<?> timer;
        private @Nullable Http2StreamChannel stream; // null between attempts
        private @Nullable Throwable lastCause; // why the last attempt failed; null without one
        private int attempts;
        private boolean over;

        Sending(byte[] body, Consumer<GrpcResponse> onResponse, Consumer<Throwable> onError) {
            this.body = body;
            this.onResponse = onResponse;
            this.onError = onError;
            Duration timeout = config.getTimeout();
            timer = loop.schedule(() -> onTimeout(timeout), timeout.toNanos(),
                    TimeUnit.NANOSECONDS);
        }

        private void onTimeout(Duration timeout) {
            fail(lastCause != null ? lastCause
                    : new TimeoutException("no answer in " + timeout.toMillis() + " ms"));
            disconnect(); // the other side may have gone without a word
        }

        void attempt() {
            if (over) {
                return;
            }
            attempts++;
            connection().addListener((Future<Channel> connected) -> {
                if (!connected.isSuccess()) {
                    onBroken(connected.cause());
                } else if (!over) {
                    open(connected.getNow());
                }
            });
        }

        private void open(Channel connected) {
            new Http2StreamChannelBootstrap(connected)
                    .handler(new GrpcReplyHandler(this::onReply, this::onBroken)).open()
                    .addListener((Future<Http2StreamChannel> opened) -> {
                        if (!opened.isSuccess()) {
                            disconnect(); // it takes no more calls
                            onBroken(opened.cause());
                        } else if (over) {
                            opened.getNow().close();
                        } else {
                            stream = opened.getNow();
                            ByteBuf data = stream.alloc().buffer(body.length).writeBytes(body);
                            GrpcReplyHandler.send(stream, headers(), data);
                        }
                    });
        }

        private void onReply(GrpcResponse reply) {
            if (TRANSIENT.contains(reply.getStatusCode())) {
                retryOr(() -> finish(() -> onResponse.accept(reply)));
            } else {
                finish(() -> onResponse.accept(reply));
            }
        }

        private void onBroken(Throwable cause) {
            lastCause = cause;
            retryOr(() -> fail(cause));
        }

        private void retryOr(Runnable otherwise) {
            stream = null;
            RetryPolicy policy = config.getRetryPolicy();
            if (over || policy == null || attempts >= policy.getMaxAttempts()
                    || loop.isShuttingDown()) {
                otherwise.run();
                return;
            }
            double backoff = Math.min(policy.getMaxBackoff().toNanos(),
                    policy.getInitialBackoff().toNanos()
                            * Math.pow(policy.getBackoffMultiplier(), attempts - 1));
            long nanos = (long) (backoff * ThreadLocalRandom.current().nextDouble(0.8, 1.2));
            loop.schedule(this::attempt, nanos, TimeUnit.NANOSECONDS);
        }

        private void fail(Throwable cause) {
            finish(() -> onError.accept(cause));
        }

        private void finish(Runnable tell) {
            if (over) {
                return;
            }
            over = true;
            timer.cancel(false);
            if (stream != null) {
                stream.close();
            }
            tell.run();
        }
    }
}

package io.penstock.listen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.penstock.failure.Failure;
import io.penstock.http.HeadWriter;
import io.penstock.http.RequestHead;
import io.penstock.loop.Deadlines;
import io.penstock.loop.Transport;
import io.penstock.testing.Bytes;
import io.penstock.testing.RawClient;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ListenerTest {
    private static final ListenSettings ANY_PORT = new ListenSettings("127.0.0.1", 0, null);

    private final MultiThreadIoEventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final ConnectionLimit limit = new ConnectionLimit(2, null);
    private ListenLoop loop;
    private Listener listener;

    /** Answers every request at its head, before its body is in. */
    private record Eager(DownstreamStream connection) implements RequestHandler {
        @Override
        public void onRequest(RequestHead head) {
            connection.writeWhole(413, connection.fields(new HeadWriter(), 0), Bytes.latin1("no"));
            connection.endResponse();
        }

        @Override
        public void onRequestBody(ByteBuf bytes) {
            bytes.release();
        }

        @Override
        public void onRequestEnd() {}

        @Override
        public void onBadRequest(Failure failure) {
            connection.abort();
        }

        @Override
        public void onClosed() {}

        @Override
        public void onShutdown() {
            // nothing is under way
        }

        @Override
        public void onWritabilityChanged(boolean writable) {}
    }

    @BeforeEach
    void listen() throws ListenException {
        EventLoop eventLoop = group.next();
        loop = new ListenLoop(eventLoop, new Deadlines(eventLoop), 8192, Eager::new);
        listener = bind(ANY_PORT);
    }

    private Listener bind(ListenSettings settings) throws ListenException {
        return Listener.bind(settings, Transport.NIO, group, List.of(loop), limit);
    }

    @AfterEach
    void stop() throws Exception {
        listener.close();
        loop.eventLoop().submit(loop::closeAll).get(10, TimeUnit.SECONDS);
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        assertThat(limit.open()).isZero();
    }

    private int port() {
        return listener.address().getPort();
    }

    @Test
    void lingersSoThatAnEarlyAnswerIsNotLostOnACallerWhoIsStillSending() throws Exception {
        try (RawClient client = RawClient.connect(port())) {
            client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n");
            client.send(new byte[100_000]);
            RawClient.Head head = client.readHead();
            client.send(new byte[10_000]); // still welcome, though nobody reads it

            assertThat(head.status()).isEqualTo(413);
            assertThat(client.readBody(head)).isEqualTo("no");
            assertThat(client.awaitClosed(Duration.ofSeconds(10))).isTrue();
        }
    }

    @Test
    void closesAtOnceWhatIsOneTooMany() throws Exception {
        try (RawClient first = RawClient.connect(port()); RawClient second =
                RawClient.connect(port()); RawClient third = RawClient.connect(port())) {
            assertThat(third.awaitClosed(Duration.ofSeconds(10))).isTrue();
            assertThat(first.get("/").readHead().status()).isEqualTo(413);
            assertThat(second.get("/").readHead().status()).isEqualTo(413);
        }
    }

    @Test
    void saysWhyItCannotListen() {
        assertThatThrownBy(() -> bind(new ListenSettings("127.0.0.1", port(), null)))
                .isInstanceOf(ListenException.class).hasMessageContaining("cannot listen on");
        assertThatThrownBy(() -> bind(new ListenSettings("no-such-host.invalid", 1, null)))
                .isInstanceOf(ListenException.class).hasMessageContaining("unknown host");
    }
}

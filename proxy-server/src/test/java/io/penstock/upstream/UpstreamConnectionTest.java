package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.local.LocalChannel;
import io.penstock.failure.Fault;
import io.penstock.http.ResponseHead;
import io.penstock.loop.Deadlines;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.Bytes;
import io.penstock.testing.EmbeddedDuplex;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How a provider's connection lives and dies, in each of its states and from either side. */
class UpstreamConnectionTest implements ReplyListener {
    private static final String HEAD = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";
    private static final String SWITCH =
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

    private final EmbeddedDuplex channel = new EmbeddedDuplex();
    private final StringBuilder log = new StringBuilder();
    private ConnectionPool pool;
    private UpstreamConnection connection;
    private final List<Long> closes = new ArrayList<>();
    private boolean closesAtHead;

    @Override
    public void onConnecting(UpstreamStream made) {
        log.append("connecting ");
    }

    @Override
    public void onTlsStarted() {
        log.append("tls ");
    }

    @Override
    public void onReady(UpstreamStream ready) {
        log.append("ready ");
    }

    @Override
    public void onReplyHead(ResponseHead head) {
        log.append(head.status()).append(' ');
        if (closesAtHead) {
            connection.close();
        }
    }

    @Override
    public void onReplyBody(ByteBuf bytes) {
        String text = Bytes.drain(bytes);
        log.append(text).append(text.isEmpty() ? "" : " ");
    }

    @Override
    public void onReplyBodyRead() {}

    @Override
    public void onInputEnd() {
        log.append("end ");
    }

    @Override
    public void onFailed(Fault fault, String detail) {
        log.append(fault.code()).append(' ');
    }

    @BeforeEach
    void connect() throws UpstreamTlsException {
        channel.freezeTime();
        Provider provider = new Provider(new ProviderSettings("p", ProviderTypes.OPENAI,
                URI.create("http://provider.test/v1"), List.of(), List.of(), true, 1,
                TimeoutSettings.DEFAULT, new PoolSettings(2, Duration.ofHours(1),
                        PoolSettings.Http2.OFF), UpstreamTlsSettings.DEFAULT,
                new LoadSettings(null, 2, Duration.ofHours(1), false, 1)));
        Deadlines deadlines = new Deadlines(channel.eventLoop());
        pool = new ConnectionPool(provider, new Bootstrap().group(channel.eventLoop())
                .channel(LocalChannel.class), deadlines, new ResponseHead(8192), 1,
                new UpstreamCounts(closes::add));
        connection = new UpstreamConnection(pool, this, pool.nowNanos(), Long.MAX_VALUE);
    }

    @AfterEach
    void leavesNothingBehind() {
        pool.retire();
        channel.finishAndReleaseAll();
        assertThat(pool.open()).as("told of the end of one").isEqualTo(-1); // that it never made
    }

    private void activate() {
        channel.pipeline().addLast(connection);
        channel.pipeline().fireChannelActive();
    }

    private void read(String text) {
        if (channel.isActive()) {
            channel.writeInbound(Bytes.buffer(text));
        }
    }

    private void bringTo(UpstreamState wanted) {
        if (wanted == UpstreamState.CONNECTING) {
            return;
        }
        activate();
        switch (wanted) {
            case IDLE -> connection.release(true, pool.nowNanos());
            case HEAD -> read("HTTP/1.1 200 OK\r\ncont");
            case BODY -> read(HEAD + "o");
            case TUNNEL -> {
                connection.expectUpgrade("websocket");
                read(SWITCH);
                connection.becomeTunnel(this);
            }
            case CLOSING, CLOSED -> connection.close();
            default -> { }
        }
        log.setLength(0);
    }

    @ParameterizedTest
    @EnumSource(value = UpstreamState.class, names = "HANDSHAKE", mode = EnumSource.Mode.EXCLUDE)
    void theListenerIsToldOnceWhenTheProviderCloses(UpstreamState where) {
        bringTo(where);
        if (where == UpstreamState.CONNECTING) {
            connection.onNotConnected(new IOException("refused"));
            assertThat(log).hasToString("connect_failed ");
            return;
        }
        channel.close();
        channel.runPendingTasks();
        boolean lent = where == UpstreamState.AWAITING_HEAD || where == UpstreamState.HEAD
                || where == UpstreamState.BODY || where == UpstreamState.TUNNEL;
        assertThat(log).hasToString(lent ? "closed " : "");
        assertThat(connection.isOpen()).isFalse();
    }

    @ParameterizedTest
    @EnumSource(value = UpstreamState.class,
            names = {"AWAITING_HEAD", "HEAD", "BODY", "TUNNEL"})
    void aFailedReadIsAReset(UpstreamState where) {
        bringTo(where);
        channel.pipeline().fireExceptionCaught(new IOException("reset by peer"));
        channel.runPendingTasks();
        assertThat(log).hasToString("reset ");
        assertThat(channel.isActive()).isFalse();
    }

    @ParameterizedTest
    @EnumSource(value = UpstreamState.class, names = "HANDSHAKE", mode = EnumSource.Mode.EXCLUDE)
    void aListenerThatGivesItUpIsToldNothingMore(UpstreamState where) {
        bringTo(where);
        connection.close();
        if (where != UpstreamState.CONNECTING) {
            read(HEAD + "ok");
            channel.runPendingTasks();
        }
        assertThat(log).isEmpty();
        assertThat(connection.isOpen()).isFalse();
        assertThat(closes).as("of calls alone").hasSize(where.isLent()
                || where.ordinal() >= UpstreamState.CLOSING.ordinal() ? 1 : 0);
        connection.close(); // harmless by now
        connection.setReading(false);
        connection.endOutput();
    }

    @Test
    void carriesOneRequestAfterAnother() {
        activate();
        assertThat(connection.isReused()).isFalse();
        assertThat(connection.isReplyStarted()).isFalse();
        read("HTTP/1.1 103 Early Hints\r\n\r\n");
        assertThat(connection.isReplyStarted()).isTrue();
        read(HEAD + "ok");
        connection.release(true, pool.nowNanos());
        assertThat(channel.isActive()).isTrue();
        connection.lend(this);
        assertThat(connection.isReused()).isTrue();
        assertThat(connection.isReplyStarted()).isFalse();
        read(HEAD + "ok");
        assertThat(log).hasToString("ready 200 ok 200 ok ");
    }

    @Test
    void closesWhereTheProviderTalksUnasked() {
        bringTo(UpstreamState.IDLE);
        read(HEAD);
        assertThat(channel.isActive()).isFalse();
        assertThat(log).isEmpty();
    }

    @Test
    void givesNoBodyToAListenerThatClosedAtTheHead() {
        closesAtHead = true;
        activate();
        read(HEAD + "ok");
        assertThat(log).hasToString("ready 200 ");
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void isNotUsedAgainWhereSomeOfTheRequestIsUnsent() {
        activate();
        connection.write(Bytes.buffer("POST"));
        assertThat(connection.pendingBytes()).isGreaterThanOrEqualTo(4);
        read(HEAD + "ok");
        connection.release(true, pool.nowNanos());
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void eachDirectionOfATunnelEndsByItself() {
        bringTo(UpstreamState.TUNNEL);
        channel.endInput();
        assertThat(log).hasToString("end ");
        connection.endOutput();
        assertThat(channel.isOutputShutdown()).isTrue();
        assertThat(channel.isActive()).isTrue();
        connection.closeGently();
        assertThat(channel.isActive()).isFalse();
    }
}

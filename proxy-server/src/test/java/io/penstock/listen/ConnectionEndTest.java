package io.penstock.listen;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Failure;
import io.penstock.http.HeadWriter;
import io.penstock.http.RequestHead;
import io.penstock.loop.Deadlines;
import io.penstock.testing.Bytes;
import io.penstock.testing.EmbeddedDuplex;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How a caller's connection ends, in each of its states and from either side. */
class ConnectionEndTest implements RequestHandler {
    private static final String GET = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    private static final String POST = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n";
    private static final String UPLOAD =
            "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    private static final String ANSWER = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    private static final String LAST =
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

    private final EmbeddedDuplex channel = new EmbeddedDuplex();
    private final StringBuilder log = new StringBuilder();
    private ListenLoop loop;
    private DownstreamConnection connection;
    private DownstreamStream stream;

    @Override
    public void onRequest(RequestHead head) {
        log.append('<').append(head.path()).append('>');
        if (head.path().equals("/abort")) {
            stream.abort();
        }
    }

    @Override
    public void onRequestBody(ByteBuf bytes) {
        log.append(Bytes.drain(bytes));
    }

    @Override
    public void onRequestEnd() {
        log.append('.');
    }

    @Override
    public void onBadRequest(Failure failure) {
        log.append('!');
    }

    @Override
    public void onClosed() {
        log.append('x');
    }

    @Override
    public void onShutdown() {
        log.append('s');
    }

    @Override
    public void onWritabilityChanged(boolean writable) {}

    @BeforeEach
    void open() {
        channel.freezeTime();
        loop = new ListenLoop(channel.eventLoop(), new Deadlines(channel.eventLoop()), 8192,
                to -> {
                    stream = to;
                    return this;
                });
        connection = new DownstreamConnection(loop);
        channel.pipeline().addLast(connection);
    }

    @AfterEach
    void leavesNothingBehind() {
        channel.finishAndReleaseAll();
        assertThat(connection.state()).isEqualTo(ConnectionState.CLOSED);
        assertThat(loop.connections()).isZero();
        assertThat(loop.deadlines().size()).isZero();
        assertThat(log.toString()).endsWith("x").containsOnlyOnce("x");
    }

    private void read(String text) {
        channel.writeInbound(Bytes.buffer(text.getBytes(StandardCharsets.ISO_8859_1)));
    }

    private void answer() {
        stream.writeWhole(200, stream.fields(new HeadWriter(), 0), new byte[0]);
        stream.endResponse();
    }

    private void advanceMillis(long millis) {
        channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
    }

    private String sent() {
        StringBuilder sent = new StringBuilder();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            sent.append(Bytes.drain(out));
        }
        return sent.toString();
    }

    /** Brings the connection there by what a caller and a handler do. */
    private void bringTo(ConnectionState wanted) {
        switch (wanted) {
            case IDLE -> { }
            case HEAD -> read("GET /half HTTP/1.1\r\n");
            case BODY -> read(POST + "01234");
            case ANSWERING -> read(GET + "GET /ahead");
            case DISCARDING -> {
                read(POST + "01234");
                answer();
            }
            case REFUSED -> read("nonsense\r\n\r\n");
            case TUNNEL -> {
                read(GET);
                stream.becomeTunnel();
            }
            case ENDING -> {
                read(GET);
                stream.abort();
            }
            case CUT -> {
                read(GET);
                stream.cut();
            }
            case LINGERING -> {
                read(UPLOAD + "5\r\nhello\r\n");
                answer();
            }
            case CLOSED -> channel.close();
        }
        assertThat(connection.state()).isEqualTo(wanted == ConnectionState.ENDING
                ? ConnectionState.CLOSED : wanted); // an embedded channel closes at once
    }

    @ParameterizedTest
    @EnumSource(ConnectionState.class)
    void theHandlerIsToldOnceWhenTheCallerGoes(ConnectionState where) {
        bringTo(where);
        channel.close();
        assertThat(connection.state()).isEqualTo(ConnectionState.CLOSED);
        stream.endResponse(); // all of it harmless by now
        stream.endOutput();
        stream.setReading(false);
        stream.cut();
        stream.abort();
    }

    @ParameterizedTest
    @EnumSource(ConnectionState.class)
    void closeAllEndsEveryConnection(ConnectionState where) {
        bringTo(where);
        loop.closeAll();
        assertThat(channel.isActive()).isFalse();
    }

    @ParameterizedTest
    @EnumSource(ConnectionState.class)
    void drainEndsIdleConnectionsOnly(ConnectionState where) {
        bringTo(where);
        boolean open = channel.isActive();
        loop.drain();
        assertThat(channel.isActive()).isEqualTo(open && where != ConnectionState.IDLE);
    }

    @ParameterizedTest
    @EnumSource(ConnectionState.class)
    void everyStateIsLeftWhenTheCallerDoesNothingMore(ConnectionState where) {
        bringTo(where);
        for (int second = 0; second < 200; second++) {
            advanceMillis(1000);
        }
        if (where == ConnectionState.ANSWERING || where == ConnectionState.TUNNEL) {
            assertThat(connection.state()).isEqualTo(where); // the exchange's deadlines decide
        } else if (where == ConnectionState.HEAD || where == ConnectionState.BODY) {
            assertThat(connection.state()).isEqualTo(ConnectionState.REFUSED);
            assertThat(log.toString()).endsWith("!");
            answer();
            assertThat(connection.state()).isEqualTo(ConnectionState.LINGERING);
        } else if (where == ConnectionState.REFUSED) {
            answer();
            assertThat(connection.state()).isEqualTo(ConnectionState.LINGERING);
        } else {
            assertThat(channel.isActive()).isFalse();
        }
    }

    @Test
    void nothingIsReadBehindWhatWasRefused() {
        read("nonsense\r\n\r\n" + GET);
        read(GET);
        assertThat(log).hasToString("!");
        answer();
        read(GET);
        assertThat(log).hasToString("!");
        assertThat(sent()).isEqualTo(LAST);
        assertThat(channel.isOutputShutdown()).isTrue();
    }

    @Test
    void aBodyWhoseFramingBreaksIsRefusedOnce() {
        read(UPLOAD + "2\r\nokay\r\n");
        read("2\r\nok\r\n");
        advanceMillis(TimeUnit.SECONDS.toMillis(2 * DownstreamConnection.BODY_GRACE_SECONDS));
        assertThat(log).hasToString("</p>ok!");
    }

    @Test
    void aRequestThatIsAbortedAtItsHeadIsNotEnded() {
        read("GET /abort HTTP/1.1\r\nHost: h\r\n\r\n");
        assertThat(log).hasToString("</abort>x");
    }

    @Test
    void aConnectionLingersUntilTheCallerCloses() {
        bringTo(ConnectionState.LINGERING);
        assertThat(channel.isOutputShutdown()).isTrue();
        read("5\r\nhello\r\n");
        assertThat(log).hasToString("</p>hello");
        advanceMillis(TimeUnit.SECONDS.toMillis(DownstreamConnection.LINGER_SECONDS) - 1);
        assertThat(channel.isActive()).isTrue();
        channel.endInput();
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void aConnectionLingersForSoLongOnly() {
        bringTo(ConnectionState.LINGERING);
        advanceMillis(TimeUnit.SECONDS.toMillis(DownstreamConnection.LINGER_SECONDS));
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void aConnectionLingersForSoManyBytesOnly() {
        bringTo(ConnectionState.LINGERING);
        read("x".repeat(RequestReader.MAX_DISCARDED_BYTES));
        assertThat(channel.isActive()).isTrue();
        read("x");
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void theLastWordsOfACutAnswerAreOutForAMomentBeforeTheEnd() {
        read(GET);
        stream.write(Bytes.buffer("last words"));
        stream.cut();

        assertThat(sent()).isEqualTo("last words");
        assertThat(connection.state()).isEqualTo(ConnectionState.CUT);
        advanceMillis(DownstreamConnection.CUT_PAUSE_MILLIS - 1);
        assertThat(channel.isActive()).isTrue();
        assertThat(channel.isOutputShutdown()).isFalse();
        advanceMillis(1);
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void nothingIsReadBehindAnAnswerThatWasCut() {
        read(GET);
        stream.cut();
        read(GET);
        assertThat(log).hasToString("</a>.");
    }

    @Test
    void aCutAnswerToABodyThatStillComesIsCutLikewise() {
        read(UPLOAD + "5\r\nhello\r\n");
        stream.setReading(false);
        stream.cut();
        read("5\r\nhello\r\n");
        assertThat(log).hasToString("</p>hello");
        assertThat(channel.config().isAutoRead()).isTrue();
        advanceMillis(DownstreamConnection.CUT_PAUSE_MILLIS);
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void aTunnelWhoseCallerHasEndedIsClosedWithoutLingering() {
        bringTo(ConnectionState.TUNNEL);
        channel.endInput();
        assertThat(log).hasToString("</a>..");
        stream.endResponse();
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void theOutputOfATunnelEndsByItself() {
        bringTo(ConnectionState.TUNNEL);
        stream.endOutput();
        assertThat(channel.isOutputShutdown()).isTrue();
        read("more");
        assertThat(log).hasToString("</a>.more");
    }
}

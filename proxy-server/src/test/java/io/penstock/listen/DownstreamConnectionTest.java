package io.penstock.listen;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.penstock.failure.Failure;
import io.penstock.failure.Failure.Kind;
import io.penstock.http.HeadWriter;
import io.penstock.http.RequestHead;
import io.penstock.loop.Deadlines;
import io.penstock.testing.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DownstreamConnectionTest {
    private static final int MAX_HEAD_BYTES = 8 * 1024;
    private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    private static final String LAST =
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    private static final String CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
    private static final String GET = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

    private EmbeddedChannel channel;
    private ListenLoop loop;
    private DownstreamStream connection;
    private Stall stall;

    private final StringBuilder log = new StringBuilder();
    private final List<ByteBuf> bodies = new ArrayList<>();
    private Failure refused;
    private boolean closed;
    private boolean answerAtHead;
    private boolean answerAtEnd = true;

    /** Notes what it is told; answers at once, or when the test says so. */
    private final class Handler implements RequestHandler {
        @Override
        public void onRequest(RequestHead head) {
            log.append('<').append(head.path()).append('>');
            if (answerAtHead) {
                answer();
            }
        }

        @Override
        public void onRequestBody(ByteBuf bytes) {
            log.append(bytes.toString(StandardCharsets.ISO_8859_1));
            bodies.add(bytes);
            bytes.release();
        }

        @Override
        public void onRequestEnd() {
            log.append('.');
            if (answerAtEnd) {
                answer();
            }
        }

        @Override
        public void onBadRequest(Failure failure) {
            refused = failure;
            log.append('!');
            answer();
        }

        @Override
        public void onClosed() {
            closed = true;
        }

        @Override
        public void onShutdown() {
            // nothing is under way
        }

        @Override
        public void onWritabilityChanged(boolean writable) {}
    }

    /** A caller who takes nothing, while it is closed. */
    private static final class Stall extends ChannelOutboundHandlerAdapter {
        private final List<Runnable> waiting = new ArrayList<>();
        private boolean on;

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            if (on) {
                waiting.add(() -> ctx.writeAndFlush(message, promise));
            } else {
                ctx.write(message, promise);
            }
        }

        void end() {
            on = false;
            waiting.forEach(Runnable::run);
            waiting.clear();
        }
    }

    private DownstreamConnectionTest open() {
        channel = new EmbeddedChannel();
        channel.freezeTime();
        Deadlines deadlines = new Deadlines(channel.eventLoop());
        loop = new ListenLoop(channel.eventLoop(), deadlines, MAX_HEAD_BYTES, to -> {
            connection = to;
            return new Handler();
        });
        log.setLength(0);
        closed = false;
        refused = null;
        stall = new Stall();
        channel.pipeline().addLast(stall, new DownstreamConnection(loop));
        return this;
    }

    @AfterEach
    void leavesNothingBehind() {
        channel.finishAndReleaseAll();
        assertThat(loop.connections()).isZero();
        assertThat(loop.deadlines().size()).isZero();
        assertThat(closed).isTrue();
        assertThat(bodies).allMatch(body -> body.refCnt() == 0);
    }

    private void answer() {
        connection.writeWhole(200, head(), new byte[0]);
        connection.endResponse();
    }

    private ByteBuf head() {
        return connection.fields(new HeadWriter(), 0);
    }

    private void read(String text) {
        read(Bytes.latin1(text));
    }

    private void read(byte[] bytes) {
        if (channel.isActive()) {
            channel.writeInbound(Bytes.buffer(bytes));
        }
    }

    private String sent() {
        StringBuilder sent = new StringBuilder();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            sent.append(Bytes.drain(out));
        }
        return sent.toString();
    }

    private void advanceSeconds(long seconds) {
        for (long i = 0; i < seconds; i++) {
            channel.advanceTimeBy(1, TimeUnit.SECONDS);
            channel.runScheduledPendingTasks();
        }
    }

    private static String post(String fields, String body) {
        return "POST /p HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body;
    }

    @Test
    void readsRequestsOneAfterAnotherHoweverTheyCome() {
        String text = GET + post("Content-Length: 5\r\n", "hello")
                + post("Transfer-Encoding: chunked\r\n",
                        "3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: x\r\n\r\n")
                + post("Content-Length: 0\r\n", "") + "\r\n" + GET;
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1(text))) {
            open();
            split.forEach(this::read);

            assertThat(log).hasToString("</a>.</p>hello.</p>abcde.</p>.</a>.");
            assertThat(sent()).isEqualTo(OK.repeat(5));
            assertThat(channel.isActive()).isTrue();
            leavesNothingBehind();
        }
        open();
    }

    @Test
    void holdsTheNextRequestUntilTheAnswerIsOut() {
        answerAtEnd = false;
        open();
        read(GET + post("Content-Length: 2\r\n", "o"));
        read("k" + GET);
        assertThat(log).hasToString("</a>.");

        answer();
        assertThat(log).hasToString("</a>.</p>ok.");
        answer();
        assertThat(log).hasToString("</a>.</p>ok.</a>.");
        answer();
        assertThat(sent()).isEqualTo(OK.repeat(3));
    }

    @Test
    void stopsReadingWhileTooMuchIsSentAhead() {
        answerAtEnd = false;
        open();
        read(GET);
        read(post("Content-Length: 100000\r\n", "x".repeat(RequestReader.MAX_AHEAD_BYTES)));
        assertThat(channel.config().isAutoRead()).isFalse();

        answer();
        assertThat(channel.config().isAutoRead()).isTrue();
        read("x".repeat(100_000 - RequestReader.MAX_AHEAD_BYTES));
        assertThat(log).hasSize("</a>.</p>.".length() + 100_000);
    }

    @Test
    void closesAfterTheAnswerWhereTheCallerAsksForIt() {
        open();
        read("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + GET);
        assertThat(log).hasToString("</a>.");
        assertThat(sent()).isEqualTo(LAST);
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void sendsTheBeginningOfABodyInOneBufferWithItsHead() {
        answerAtEnd = false;
        open();
        read(GET);
        connection.writeHead(200, head(), 5004);
        connection.write(Bytes.buffer("ab"));
        connection.write(Bytes.buffer("cd"));
        ByteBuf large = Bytes.buffer(new byte[5000]);
        connection.write(large);
        connection.endResponse();

        ByteBuf first = channel.readOutbound();
        assertThat(Bytes.drain(first)).endsWith("content-length: 5004\r\n\r\nabcd");
        assertThat((ByteBuf) channel.readOutbound()).isSameAs(large);
        large.release();
        assertThat((ByteBuf) channel.readOutbound()).isNull();
    }

    @Test
    void releasesAHeadThatWaitsForItsBodyWhenTheCallerGoes() {
        answerAtEnd = false;
        open();
        read(GET);
        ByteBuf waiting = head();
        connection.writeHead(200, waiting, 1);
        channel.close();
        assertThat(waiting.refCnt()).isZero();
    }

    @Test
    void closesAfterTheAnswerToACallerOfHttp10() {
        open();
        read("GET /a HTTP/1.0\r\n\r\n");
        assertThat(connection.takesChunks()).isFalse();
        assertThat(channel.isActive()).isFalse();

        leavesNothingBehind();
        open();
        read("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assertThat(channel.isActive()).isTrue();
        read(GET);
        assertThat(connection.takesChunks()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET / HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n", "\u0016\u0003\u0001 x",
        "GET / HTTP/3.0\r\nHost: a\r\n\r\n"})
    void refusesWhatIsNoRequestAndReadsNothingAfter(String text) {
        open();
        read(text + GET);
        read(GET);

        assertThat(log).hasToString("!");
        assertThat(sent()).isEqualTo(LAST);
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void refusesAHeadThatIsTooLong() {
        open();
        read("GET / HTTP/1.1\r\nHost: h\r\n");
        for (int i = 0; i < 10 && refused == null; i++) {
            read("x".repeat(1000));
        }
        assertThat(refused.kind()).isEqualTo(Kind.HEAD_TOO_LARGE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x\r\n", "5\r\nhelloworld\r\n", "-1\r\n", "3\r\nab\r\nc\r\n"})
    void refusesABodyWhoseFramingIsBroken(String body) {
        open();
        read(post("Transfer-Encoding: chunked\r\n", body) + GET);

        assertThat(log.toString()).endsWith("!");
        assertThat(refused.kind()).isEqualTo(Kind.BAD_REQUEST);
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void asksForABodyThatTheCallerHoldsBack() {
        open();
        read(post("Content-Length: 2\r\nExpect: 100-Continue\r\n", ""));
        assertThat(sent()).isEqualTo(CONTINUE);
        read("ok" + GET);
        assertThat(log).hasToString("</p>ok.</a>.");
        assertThat(sent()).isEqualTo(OK.repeat(2));
    }

    @Test
    void asksForNoBodyThatIsThereAlreadyOrThatNobodyPromised() {
        open();
        read(post("Content-Length: 2\r\nExpect: 100-continue\r\n", "o"));
        read("k");
        read(post("Content-Length: 0\r\nExpect: 100-continue\r\n", ""));
        assertThat(sent()).isEqualTo(OK.repeat(2));
        read("POST /p HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
        assertThat(sent()).isEmpty();
    }

    @Test
    void asksForNoBodyThatNobodyWantsAndClosesSinceItMayComeOrNot() {
        answerAtHead = true;
        open();
        read(post("Content-Length: 2\r\nExpect: 100-continue\r\n", ""));

        assertThat(sent()).isEqualTo(LAST);
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void refusesOtherExpectations() {
        open();
        read(post("Content-Length: 2\r\nExpect: 200-ok\r\n", "ok"));
        assertThat(refused.kind()).isEqualTo(Kind.EXPECTATION_FAILED);
        assertThat(log).hasToString("!");
    }

    @Test
    void throwsTheRestOfAShortBodyAwayAfterAnEarlyAnswer() {
        answerAtHead = true;
        open();
        read(post("Content-Length: 10\r\n", "0123"));
        assertThat(sent()).isEqualTo(OK);
        assertThat(channel.isActive()).isTrue();
        read("456789" + GET);

        assertThat(log).hasToString("</p></a>");
        assertThat(sent()).isEqualTo(OK);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Transfer-Encoding: chunked\r\n", "Content-Length: 1000000\r\n"})
    void closesAfterAnEarlyAnswerToABodyThatIsLongOrOfUnknownLength(String fields) {
        answerAtHead = true;
        open();
        read(post(fields, ""));

        assertThat(sent()).isEqualTo(LAST);
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void tellsTheHandlerOnceThatTheCallerHasGone() {
        answerAtEnd = false;
        open();
        read(GET + "GET /half");
        channel.close();
        assertThat(closed).isTrue();
        connection.endResponse(); // harmless by now
        connection.abort();
        connection.cut();
    }

    @Test
    void abortEndsTheConnectionInTheMiddle() {
        answerAtEnd = false;
        open();
        read(GET);
        connection.write(Bytes.buffer("HTTP/1.1 200 OK\r\n"));
        connection.abort();
        assertThat(sent()).isEqualTo("HTTP/1.1 200 OK\r\n");
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void cutSendsWhatWasWrittenFirst() {
        answerAtEnd = false;
        open();
        read(GET);
        stall.on = true;
        connection.write(Bytes.buffer("last words"));
        connection.cut();
        assertThat(channel.isActive()).isTrue();
        advanceSeconds(1); // of which none counts before they are out
        assertThat(channel.isActive()).isTrue();
        stall.end();
        assertThat(sent()).isEqualTo("last words");
        assertThat(channel.isActive()).isTrue();
        advanceSeconds(1);
        assertThat(channel.isActive()).isFalse();
    }

    // Timers

    @Test
    void closesAConnectionThatNobodyUses() {
        open();
        advanceSeconds(DownstreamConnection.IDLE_SECONDS - 1);
        assertThat(channel.isActive()).isTrue();
        advanceSeconds(2);
        assertThat(channel.isActive()).isFalse();
        assertThat(sent()).isEmpty();
        assertThat(refused).isNull();
    }

    @Test
    void waitsAnewAfterEachAnswer() {
        open();
        advanceSeconds(DownstreamConnection.IDLE_SECONDS - 5);
        read(GET);
        advanceSeconds(DownstreamConnection.IDLE_SECONDS - 5);
        assertThat(channel.isActive()).isTrue();
        advanceSeconds(6);
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void closesAnIdleConnectionAfterAnAnswerThatTookLong() {
        answerAtEnd = false;
        open();
        read(GET);
        advanceSeconds(10 * DownstreamConnection.IDLE_SECONDS);
        assertThat(channel.isActive()).isTrue();
        answer();
        advanceSeconds(DownstreamConnection.IDLE_SECONDS + 1);
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void refusesAHeadThatTricklesIn() {
        open();
        for (int i = 0; i < DownstreamConnection.HEAD_SECONDS - 1; i++) {
            read("G");
            advanceSeconds(1);
        }
        assertThat(refused).isNull();
        advanceSeconds(2);
        assertThat(refused.kind()).isEqualTo(Kind.REQUEST_TIMEOUT);
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void refusesABodyThatTricklesIn() {
        open();
        read(post("Content-Length: 1000000\r\n", "x"));
        for (int i = 0; i < DownstreamConnection.BODY_GRACE_SECONDS - 1; i++) {
            read("x");
            advanceSeconds(1);
        }
        assertThat(refused).isNull();
        advanceSeconds(2);
        assertThat(refused.kind()).isEqualTo(Kind.REQUEST_TIMEOUT);
    }

    @Test
    void grantsALongBodyTheTimeThatItTakes() {
        open();
        int second = 2 * DownstreamConnection.BODY_BYTES_PER_SECOND;
        int seconds = 4 * DownstreamConnection.BODY_GRACE_SECONDS;
        read(post("Content-Length: " + seconds * second + "\r\n", ""));
        for (int i = 0; i < seconds; i++) {
            read("x".repeat(second));
            advanceSeconds(1);
        }
        assertThat(refused).isNull();
        assertThat(log.toString()).endsWith("x.");
    }

    @Test
    void closesWhenARestThatIsThrownAwayNeverComes() {
        answerAtHead = true;
        open();
        read(post("Content-Length: 10\r\n", "0"));
        advanceSeconds(DownstreamConnection.BODY_GRACE_SECONDS + 1);
        assertThat(channel.isActive()).isFalse();
        assertThat(refused).isNull();
    }

    @Test
    void grantsASlowCallerTheTimeToTakeALastAnswer() {
        open();
        stall.on = true;
        read("GET /a HTTP/1.0\r\n\r\n");
        loop.deadlines().expectBy(loop.deadlines().nowNanos()); // whoever else is due
        advanceSeconds(10 * DownstreamConnection.LINGER_SECONDS);
        assertThat(channel.isActive()).isTrue();
        stall.end();
        assertThat(sent()).isEqualTo(LAST);
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void closesOnACallerWhoNeverTakesALastAnswer() {
        open();
        stall.on = true;
        read("GET /a HTTP/1.0\r\n\r\n");
        advanceSeconds(DownstreamConnection.STALL_SECONDS + 1);
        assertThat(channel.isActive()).isFalse();
        stall.end();
        sent();
    }

    @Test
    void closesOnACallerWhoHasNoRoomForTooLong() {
        answerAtEnd = false;
        open();
        read(GET);
        channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        channel.runPendingTasks();
        advanceSeconds(DownstreamConnection.STALL_SECONDS - 1);
        assertThat(channel.isActive()).isTrue();
        channel.unsafe().outboundBuffer().setUserDefinedWritability(1, true);
        channel.runPendingTasks();
        advanceSeconds(DownstreamConnection.STALL_SECONDS);
        assertThat(channel.isActive()).isTrue();
        channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        channel.runPendingTasks();
        advanceSeconds(DownstreamConnection.STALL_SECONDS + 1);
        assertThat(channel.isActive()).isFalse();
    }

    // Draining

    @Test
    void drainClosesIdleConnectionsAtOnceAndOthersAfterTheirAnswer() {
        answerAtEnd = false;
        open();
        read(GET);
        loop.drain();
        assertThat(channel.isActive()).isTrue();
        answer();
        assertThat(sent()).isEqualTo(LAST);
        assertThat(channel.isActive()).isFalse();

        leavesNothingBehind();
        open();
        loop.drain();
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void drainClosesAfterAnAnswerThatPromisedToStay() {
        answerAtEnd = false;
        open();
        read(GET);
        connection.writeHead(200, head(), 0);
        connection.flush();
        loop.drain();
        connection.endResponse();

        assertThat(sent()).isEqualTo(OK);
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void closeAllSparesNobody() {
        answerAtEnd = false;
        open();
        read(GET);
        loop.closeAll();
        assertThat(channel.isActive()).isFalse();
    }
}

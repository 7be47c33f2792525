package io.penstock.exchange.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.Candidate;
import io.penstock.exchange.call.Policy;
import io.penstock.exchange.call.Timing;
import io.penstock.exchange.chat.ChatCall;
import io.penstock.failure.Fault;
import io.penstock.http.HeadWriter;
import io.penstock.provider.ProviderTypes;
import io.penstock.provider.ReplyVerdict;
import io.penstock.route.Route.TargetName;
import io.penstock.route.RoutePolicy;
import io.penstock.testing.Bytes;
import io.penstock.testing.EmbeddedDownstream;
import io.penstock.testing.EmbeddedDuplex;
import io.penstock.upstream.KeySettings;
import io.penstock.upstream.Provider;
import io.penstock.upstream.TargetHealth;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.UpstreamStream;
import io.penstock.usage.TokenUsage;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One attempt from its start to its end, and what its listener hears in between. */
class AttemptTest implements AttemptListener {
    private static final String STREAM =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            + "transfer-encoding: chunked\r\n\r\n";
    private static final String ROLE = chunk("{\"choices\":[{\"index\":0,\"delta\":"
            + "{\"role\":\"assistant\"},\"finish_reason\":null}]}");
    private static final String TEXT = chunk("{\"choices\":[{\"index\":0,\"delta\":"
            + "{\"content\":\"Hello\"},\"finish_reason\":null}]}");
    private static final String REASON = chunk("{\"choices\":[{\"index\":0,\"delta\":{},"
            + "\"finish_reason\":\"stop\"}]}");
    private static final String USAGE = chunk("{\"choices\":[],\"usage\":"
            + "{\"prompt_tokens\":3,\"completion_tokens\":4}}");
    private static final String DONE = chunk("[DONE]");
    private static final String END = "0\r\n\r\n";

    private final EmbeddedCalls calls = new EmbeddedCalls();
    private final EmbeddedDownstream downstream = new EmbeddedDownstream();
    private final Provider provider = EmbeddedCalls.provider("p", ProviderTypes.OPENAI,
            List.of(new KeySettings("key", 1)), TimeoutSettings.DEFAULT);
    private final TargetHealth health = provider.health("m");
    private final EmbeddedDuplex connection = calls.connect(provider);
    private final StringBuilder log = new StringBuilder();
    private ChatCall call;
    private Attempt attempt;

    private static String chunk(String data) {
        String event = "data: " + data + "\n\n";
        return Integer.toHexString(event.length()) + "\r\n" + event + "\r\n";
    }

    @Override
    public void onFault(Attempt failed, Fault fault, String detail) {
        log.append("fault ").append(fault.code()).append(' ');
    }

    @Override
    public void onErrorReply(Attempt failed) {
        log.append("error ");
    }

    @Override
    public void onRequestUnwanted() {}

    @Override
    public void onCommit(Attempt good, HeadWriter out) {
        log.append("commit ");
        out.text("x-last: line\r\n");
    }

    @Override
    public void onJoin(Attempt next) {
        log.append("join ");
    }

    @Override
    public void onEnd(Attempt good, boolean withError) {
        log.append("end ");
    }

    @Override
    public void onBroken(Attempt broken, Fault fault, String detail) {
        log.append("broken ").append(fault.code()).append(' ');
    }

    @Override
    public boolean tryGoOn(Attempt running) {
        return true;
    }

    @Override
    public TokenUsage cameTo(Attempt running) {
        throw new AssertionError("no budget is watched");
    }

    @Override
    public TokenUsage cameToInAll(Attempt running) {
        throw new AssertionError("no answer is continued");
    }

    @Override
    public void onBudgetSpent(Attempt cut, boolean inOrder) {
        log.append("cut ");
    }

    @Override
    public void onDrained(Attempt drained) {
        log.append("drained ");
    }

    @Override
    public void onUpgrade(Attempt upgraded, UpstreamStream to) {
        throw new AssertionError("no upgrade was asked for");
    }

    @Override
    public boolean isAnotherLeft() {
        return false;
    }

    private void start(boolean stream) {
        Policy policy = EmbeddedCalls.policy(provider);
        call = calls.chat(policy, stream);
        TargetName target = new TargetName("p", "m");
        Candidate candidate = new Candidate(target, provider, health,
                health.tryPass(calls.nowNanos()), TimeoutSettings.DEFAULT, RoutePolicy.DEFAULT);
        Ask ask = new Ask(candidate, provider.keys().keys().get(0),
                call.prepare(target, provider, false, 0, 0), Ask.Why.FIRST, false);
        attempt = new Attempt(ask, call, calls.loop(), downstream, this,
                new Timing(calls.nowNanos()), null, calls.nowNanos());
        attempt.start();
    }

    private void read(String... texts) {
        connection.pipeline().fireChannelRead(Bytes.buffer(String.join("", texts)));
        connection.pipeline().fireChannelReadComplete(); // which may be the end of the channel
    }

    @AfterEach
    void leavesNothingBehind() {
        attempt.abandon(); // harmless by now
        call.release();
        calls.finish();
        downstream.finish();
        assertThat(health.inFlight()).isZero();
    }

    private void assertOver(boolean connectionKept) {
        assertThat(calls.loop().upstream().pool(provider).inFlight()).as("calls").isZero();
        assertThat(health.inFlight()).as("calls of the model").isZero();
        assertThat(connection.isActive()).as("connection").isEqualTo(connectionKept);
        assertThat(attempt.remainingNanos(calls.nowNanos())).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void sendsTheRequestAtOnce() {
        start(true);
        assertThat(EmbeddedCalls.sent(connection))
                .startsWith("POST /v1/chat/completions HTTP/1.1\r\n")
                .contains("authorization: Bearer key\r\n").contains("\"model\":\"m\"");
        assertThat(attempt.isSent()).isTrue();
        assertThat(log).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, Integer.MAX_VALUE})
    void commitsAStreamOnceWithItsFirstContent(int size) {
        start(true);
        read(STREAM, ROLE);
        assertThat(log).isEmpty();
        assertThat(downstream.taken()).isEmpty();
        Bytes.pieces(Bytes.latin1(TEXT + TEXT + REASON + DONE + END), size)
                .forEach(piece -> connection.writeInbound(Bytes.buffer(piece)));
        assertThat(log).hasToString("commit end ");
        assertThat(downstream.taken()).startsWith("status: 200\r\n")
                .contains("x-last: line\r\nbody: -1\r\n\r\n").endsWith("\r\n0\r\n\r\n");
        assertThat(downstream.isClosing()).isFalse();
        assertOver(true);
    }

    @Test
    void commitsAUnaryReplyWhenItIsWhole() {
        start(false);
        read("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n",
                "{\"choices\":");
        assertThat(log).isEmpty();
        assertThat(downstream.taken()).isEmpty();
        read("[{}]}");
        assertThat(log).hasToString("commit end ");
        assertThat(downstream.taken()).endsWith(
                "x-last: line\r\nbody: 16\r\n\r\n{\"choices\":[{}]}");
        assertOver(true);
    }

    @Test
    void letsGoOfEverythingBeforeItTellsOfAFault() {
        start(true);
        read(STREAM, ROLE);
        connection.pipeline().fireExceptionCaught(new IOException("reset by peer"));
        connection.runPendingTasks();
        assertThat(log).hasToString("fault reset ");
        assertThat(downstream.taken()).isEmpty();
        assertOver(false);
    }

    @Test
    void failsAtTheTimeForItsHeadAndNotBefore() {
        start(true);
        calls.passMillis(59_999);
        attempt.onDeadline(calls.nowNanos());
        assertThat(log).isEmpty();
        calls.passMillis(1);
        attempt.onDeadline(calls.nowNanos());
        assertThat(log).hasToString("fault head_timeout ");
        assertOver(false);
    }

    @Test
    void failsWhereAStreamOpensWithAnError() {
        start(true);
        read(STREAM, chunk("{\"error\":{\"message\":\"overloaded\"}}"));
        assertThat(log).hasToString("fault error_in_reply ");
        assertThat(downstream.taken()).isEmpty();
        assertOver(false);
    }

    @Test
    void judgesAnErrorReplyOnceItIsWhole() {
        start(true);
        read("HTTP/1.1 429 Too Many\r\nretry-after: 7\r\ncontent-length: 4\r\n\r\n", "no");
        assertThat(log).isEmpty();
        read("no");
        assertThat(log).hasToString("error ");
        assertThat(attempt.verdict()).isEqualTo(ReplyVerdict.RATE_LIMITED);
        assertThat(attempt.retryAfterNanos()).isEqualTo(7_000_000_000L);
        assertThat(attempt.isCommitted()).isFalse();
        attempt.abandon();
        assertOver(true);
    }

    @Test
    void breaksOnceTheCallerHasSomeOfIt() {
        start(true);
        read(STREAM, TEXT);
        connection.pipeline().fireExceptionCaught(new IOException("reset by peer"));
        connection.runPendingTasks();
        assertThat(log).hasToString("commit broken reset ");
        assertOver(false);
    }

    @Test
    void breaksWhereAStreamEndsWithoutAReason() {
        start(true);
        read(STREAM, TEXT, DONE, END);
        assertThat(log).hasToString("commit broken truncated ");
        assertOver(false);
    }

    @Test
    void endsWellWhereOnlyTheFramingIsMissing() {
        start(true);
        read(STREAM, TEXT, REASON, DONE);
        connection.close();
        connection.runPendingTasks();
        assertThat(log).hasToString("commit end ");
        assertThat(downstream.taken()).endsWith("data: [DONE]\n\n\r\n0\r\n\r\n");
        assertOver(false);
    }

    @Test
    void closesTheConnectionWhenItIsAbandoned() {
        start(true);
        read(STREAM, ROLE);
        attempt.abandon();
        assertThat(log).isEmpty();
        assertThat(downstream.taken()).isEmpty();
        assertOver(false);
    }

    @Test
    void readsOnForTheUsageWhenTheCallerHasGone() {
        start(true);
        read(STREAM, TEXT);
        downstream.taken();
        assertThat(attempt.tryDrain()).isTrue();
        read(TEXT, REASON);
        assertThat(connection.isActive()).isTrue();
        assertThat(log).hasToString("commit ");
        read(USAGE);
        assertThat(log).hasToString("commit drained ");
        assertThat(attempt.usage().total()).isEqualTo(7);
        assertThat(downstream.taken()).as("the caller has gone").isEmpty();
        assertOver(false);
    }

    @Test
    void commitsNothingOnceTheCallerHasGone() {
        start(true);
        assertThat(attempt.tryDrain()).isTrue();
        read(STREAM, TEXT);
        assertThat(log).isEmpty();
        read(USAGE);
        assertThat(log).hasToString("drained ");
        assertThat(downstream.taken()).isEmpty();
        assertOver(false);
    }

    @Test
    void keepsTheConnectionOfAReplyThatIsReadToItsEnd() {
        start(false);
        assertThat(attempt.tryDrain()).isTrue();
        read("HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n", "{\"choices\":[]}");
        assertThat(log).hasToString("drained ");
        assertThat(downstream.taken()).isEmpty();
        assertOver(true);
    }

    @Test
    void drainsNothingOnceItIsOver() {
        start(true);
        attempt.abandon();
        assertThat(attempt.tryDrain()).isFalse();
        assertOver(false);
    }

    @Test
    void stopsReadingWhileTheCallerIsSlow() {
        start(true);
        read(STREAM, TEXT);
        downstream.setWritable(false);
        read(TEXT);
        assertThat(connection.config().isAutoRead()).isFalse();
        calls.passMillis(3_600_000);
        attempt.onDeadline(calls.nowNanos());
        assertThat(log).as("the caller's time is not the provider's").hasToString("commit ");
        downstream.setWritable(true);
        attempt.resume();
        assertThat(connection.config().isAutoRead()).isTrue();
        calls.passMillis(60_000);
        attempt.onDeadline(calls.nowNanos());
        assertThat(log).hasToString("commit broken gap_timeout ");
        assertOver(false);
    }
}

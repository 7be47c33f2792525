package io.penstock.exchange.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.caller.Caller;
import io.penstock.exchange.attempt.Attempt;
import io.penstock.exchange.attempt.AttemptListener;
import io.penstock.exchange.attempt.EmbeddedCalls;
import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.Policy;
import io.penstock.exchange.call.Timing;
import io.penstock.exchange.call.Whom;
import io.penstock.exchange.chat.ChatCall;
import io.penstock.exchange.meter.AttemptCosts;
import io.penstock.exchange.meter.MeterLoop;
import io.penstock.exchange.meter.Metering;
import io.penstock.failure.Fault;
import io.penstock.http.HeadWriter;
import io.penstock.limit.Accounts;
import io.penstock.limit.Budgets;
import io.penstock.limit.Permit;
import io.penstock.loop.Deadlines;
import io.penstock.provider.Authorization;
import io.penstock.provider.FieldSink;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.provider.RequestToSign;
import io.penstock.provider.Site;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.route.RoutePolicy;
import io.penstock.route.TargetOrder;
import io.penstock.testing.Bytes;
import io.penstock.testing.EmbeddedDownstream;
import io.penstock.testing.EmbeddedDuplex;
import io.penstock.upstream.Backoff;
import io.penstock.upstream.BreakerSettings;
import io.penstock.upstream.KeySettings;
import io.penstock.upstream.Provider;
import io.penstock.upstream.RetryAfter;
import io.penstock.upstream.TargetHealth;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.Trial;
import io.penstock.upstream.UpstreamStream;
import io.penstock.usage.Estimator;
import io.penstock.usage.Ledger;
import io.penstock.usage.TokenUsage;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who is asked next, in what time, and when a pause comes first. */
class FailoverTest implements AttemptListener {
    private static final long SECOND = 1_000_000_000L;
    private static final String STREAM = "HTTP/1.1 200 OK\r\n"
            + "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

    private final EmbeddedCalls calls = new EmbeddedCalls();
    private final EmbeddedDownstream downstream = new EmbeddedDownstream();
    private final AttemptLog log = new AttemptLog();
    private final Provider a = provider("a", ProviderTypes.OPENAI);
    private final Provider b = provider("b", ProviderTypes.OPENAI);
    private final Provider unready = EmbeddedCalls.provider("unready", new Unready(), List.of(),
            TimeoutSettings.DEFAULT);
    private final Policy policy = EmbeddedCalls.policy(a, b, unready);
    private final EmbeddedDuplex toA = calls.connect(a);
    private final EmbeddedDuplex toB = calls.connect(b);
    private final Ledger ledger = Ledger.inMemory();
    private ChatCall call;
    private Failover failover;
    private boolean goesOn = true; // after the last fault, error reply or pause

    private static Provider provider(String name, ProviderType type) {
        return EmbeddedCalls.provider(name, type, List.of(new KeySettings("key", 1)),
                TimeoutSettings.DEFAULT);
    }

    /** A type whose requests are signed, and that has nothing to sign them with. */
    private static final class Unready implements ProviderType, Authorization.Signer {
        @Override
        public String configName() {
            return "unready";
        }

        @Override
        public Authorization authorization(String key, Site site) {
            return Authorization.signed(this);
        }

        @Override
        public void sign(RequestToSign request, FieldSink fields) {
            throw new AssertionError("nothing is to be sent");
        }

        @Override
        public boolean isReady() {
            return false;
        }
    }

    // What the exchange does with what it hears

    @Override
    public void onFault(Attempt failed, Fault fault, String detail) {
        log.onFault(failed.ask(), failed, fault, calls.nowNanos());
        goesOn = failover.goOnAfterFault(failed, fault, calls.nowNanos());
    }

    @Override
    public void onErrorReply(Attempt failed) {
        log.onReply(failed.ask(), failed, failed.status(), calls.nowNanos());
        goesOn = failover.goOnAfterError(failed, calls.nowNanos());
    }

    @Override
    public void onRequestUnwanted() {}

    @Override
    public void onCommit(Attempt good, HeadWriter out) {
        log.onReply(good.ask(), good, good.status(), calls.nowNanos());
        failover.settleOn(good);
    }

    @Override
    public void onJoin(Attempt next) {
        throw new AssertionError("no answer is continued");
    }

    @Override
    public void onEnd(Attempt good, boolean withError) {}

    @Override
    public void onBroken(Attempt broken, Fault fault, String detail) {
        throw new AssertionError(fault + ": " + detail);
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
        throw new AssertionError("no budget is watched");
    }

    @Override
    public void onDrained(Attempt drained) {}

    @Override
    public void onUpgrade(Attempt upgraded, UpstreamStream to) {
        throw new AssertionError("no upgrade was asked for");
    }

    @Override
    public boolean isAnotherLeft() {
        return failover.isAnotherLeft();
    }

    // The exchange

    private boolean start(boolean stream, String... targets) {
        call = calls.chat(policy, stream);
        Timing timing = new Timing(calls.nowNanos());
        Metering metering = new Metering(
                new MeterLoop(new Estimator(), ledger, new Budgets(1)),
                new Permit(new Accounts(1), new Budgets(1)), Caller.ANYONE, policy);
        failover = new Failover(new FailoverLoop(calls.loop()), this, call, policy, log, timing,
                metering, null);
        Route route = new Route(Arrays.stream(targets)
                .map(name -> new TargetName(name, "m")).toList(), RoutePolicy.DEFAULT);
        failover.begin(new Whom.Routed(List.of(route), new long[] {TargetOrder.NO_AFFINITY}),
                new AttemptCosts(metering, true), downstream, calls.nowNanos(),
                calls.nowNanos());
        return failover.startFirst(calls.nowNanos());
    }

    private void pass(long millis) {
        calls.passMillis(millis);
        if (failover.remainingNanos(calls.nowNanos()) <= 0
                && !failover.onDeadline(calls.nowNanos())) {
            goesOn = false;
        }
    }

    private static void read(EmbeddedDuplex from, String text) {
        from.pipeline().fireChannelRead(Bytes.buffer(text));
        from.pipeline().fireChannelReadComplete();
    }

    private static void reset(EmbeddedDuplex connection) {
        connection.pipeline().fireExceptionCaught(new IOException("reset by peer"));
        connection.runPendingTasks();
    }

    private static boolean isAsked(EmbeddedDuplex connection) {
        return EmbeddedCalls.sent(connection).startsWith("POST ");
    }

    @AfterEach
    void leavesNothingBehind() throws Exception {
        if (failover.leader() != null) {
            failover.leader().abandon();
        }
        call.release();
        calls.finish();
        downstream.finish();
        ledger.close();
        for (Provider provider : List.of(a, b, unready)) {
            assertThat(provider.health("m").inFlight()).as(provider.name()).isZero();
        }
    }

    @Test
    void asksOneTargetAfterAnother() {
        assertThat(start(true, "a", "b")).isTrue();
        assertThat(isAsked(toA)).isTrue();
        assertThat(isAsked(toB)).isFalse();
        pass(60_000); // no head in time
        assertThat(goesOn).isTrue();
        assertThat(isAsked(toB)).isTrue();
        assertThat(toA.isActive()).isFalse();
        assertThat(failover.leader().target()).hasToString("b/m");
        assertThat(failover.isAnotherLeft()).isFalse();
        pass(60_000);
        assertThat(goesOn).isFalse();
        assertThat(log).hasToString("a/m=head_timeout, b/m=head_timeout");
    }

    @Test
    void passesOverATargetWithoutCredentials() {
        assertThat(start(true, "unready", "b")).isTrue();
        assertThat(isAsked(toB)).isTrue();
        assertThat(log).hasToString("unready/m=no_credentials");
    }

    @Test
    void givesBackTheProbeOfATargetWithoutCredentials() {
        TargetHealth health = unready.health("m");
        unready.use(new BreakerSettings(true, 0.5, 1, Duration.ofSeconds(30),
                Duration.ofSeconds(10), 1), Set.of("m"));
        Trial trial = new Trial();
        trial.begin(health, health.tryPass(calls.nowNanos()), true, calls.nowNanos());
        trial.end(true, calls.nowNanos());
        assertThat(health.isPassable(calls.nowNanos())).as("its breaker has opened").isFalse();
        calls.passMillis(20_000);
        assertThat(health.isPassable(calls.nowNanos())).as("a probe is due").isTrue();

        assertThat(start(true, "unready", "b")).isTrue();

        assertThat(log).hasToString("unready/m=no_credentials");
        assertThat(health.isPassable(calls.nowNanos())).as("the probe is still due").isTrue();
    }

    @Test
    void asksTheSameTargetOnceMoreSoonAfterAReset() {
        start(true, "a", "b");
        isAsked(toA);
        EmbeddedDuplex again = calls.connect(a);
        read(toA, STREAM);
        reset(toA);
        assertThat(goesOn).isTrue();
        assertThat(failover.isPaused()).isTrue();
        pass(24);
        assertThat(isAsked(again)).as("before the shortest pause").isFalse();
        pass(76);
        assertThat(isAsked(again)).as("after the longest").isTrue();
        assertThat(isAsked(toB)).isFalse();
        assertThat(log).hasToString("a/m=reset");
    }

    @Test
    void asksTheNextTargetAfterALateReset() {
        start(true, "a", "b");
        EmbeddedDuplex again = calls.connect(a);
        read(toA, STREAM);
        pass(15_000); // a quarter of the time for the head
        reset(toA);
        assertThat(goesOn).isTrue();
        assertThat(failover.isPaused()).isFalse();
        assertThat(isAsked(again)).isFalse();
        assertThat(isAsked(toB)).isTrue();
    }

    @Test
    void takesAResetForEarlyUpToAQuarterOfTheTimeForTheHead() {
        start(true, "a", "b");
        read(toA, STREAM);
        pass(14_999);
        reset(toA);
        assertThat(failover.isPaused()).isTrue();
    }

    @Test
    void asksTheNextTargetAfterALateErrorReply() {
        start(true, "a", "b");
        pass(15_000);
        read(toA, "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n");
        assertThat(failover.isPaused()).isFalse();
        assertThat(isAsked(toB)).isTrue();
        assertThat(log).hasToString("a/m=500");
    }

    @Test
    void boundsTheHeadOfAUnaryReplyWhileAnotherTargetIsLeft() {
        start(false, "a", "b");
        assertThat(failover.leader().remainingNanos(calls.nowNanos()))
                .as("half of the total time").isEqualTo(300 * SECOND);
        pass(299_999);
        assertThat(isAsked(toB)).isFalse();
        pass(1);
        assertThat(isAsked(toB)).isTrue();
        assertThat(failover.leader().remainingNanos(calls.nowNanos()))
                .as("the last target has all that is left").isEqualTo(Deadlines.NEVER);
        assertThat(failover.remainingNanos(calls.nowNanos())).isEqualTo(300 * SECOND);
    }

    @Test
    void boundsNoHeadOfAUnaryReplyOfTheOnlyTarget() {
        start(false, "a");
        assertThat(failover.leader().remainingNanos(calls.nowNanos()))
                .isEqualTo(Deadlines.NEVER);
    }

    private void rest(Provider provider, long millis) {
        provider.keys().rest(provider.keys().keys().get(0), "m", new Backoff(Backoff.Scope.KEY,
                millis * 1_000_000, true, RetryAfter.NONE), calls.nowNanos());
    }

    @Test
    void waitsForAFirstTargetThatRestsForAMoment() {
        rest(a, 800);
        rest(b, 1000);
        assertThat(start(true, "a", "b")).isTrue();
        assertThat(failover.isPaused()).isTrue();
        assertThat(failover.leader()).isNull();
        pass(799);
        assertThat(isAsked(toA)).isFalse();
        pass(1);
        assertThat(goesOn).isTrue();
        assertThat(isAsked(toA)).isTrue();
        assertThat(failover.isPaused()).isFalse();
    }

    @Test
    void waitsForASecondAndNoLonger() {
        rest(a, 1000);
        assertThat(start(true, "a")).isTrue();
        assertThat(failover.isPaused()).isTrue();
    }

    @Test
    void refusesACallWhoseTargetsRestForLonger() {
        rest(a, 1001);
        rest(b, 5000);
        assertThat(start(true, "a", "b")).isFalse();
        assertThat(failover.isPaused()).isFalse();
        assertThat(failover.readyInNanos(calls.nowNanos())).isEqualTo(1_001_000_000);
    }

    @Test
    void waitsForAFirstTargetOnce() {
        rest(a, 500);
        assertThat(start(true, "a")).isTrue();
        rest(a, 1000); // another call was told to wait meanwhile
        pass(500);
        assertThat(goesOn).isFalse();
        assertThat(isAsked(toA)).isFalse();
    }

    @Test
    void startsNothingMoreOnceItIsStopped() {
        rest(a, 500);
        start(true, "a");
        failover.stop();
        assertThat(failover.isPaused()).isFalse();
        assertThat(isAsked(toA)).isFalse();
    }

    private static void refuse(EmbeddedDuplex connection, String status, String fields) {
        read(connection, "HTTP/1.1 " + status + " No\r\n" + fields.replace("; ", "\r\n")
                + (fields.isEmpty() ? "" : "\r\n") + "content-length: 0\r\n\r\n");
    }

    /**
     * The first target asks for a wait, the second fails, too: what follows, and after how long.
     * {@code nextMs} is empty where nothing follows.
     */
    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
        a                    | b                   | next | nextMs
        retry-after: 2       | 404                 | a    | 2000
        retry-after: 10      | 404                 | a    | 10000
        retry-after: 11      | 404                 | -    |
        retry-after: 2       | 429 retry-after: 1  | b    | 1000
        retry-after: 1       | 429 retry-after: 2  | a    | 1000
        retry-after: 3       | 429 retry-after: 99 | a    | 3000
        retry-after: 99      | 429 retry-after: 4  | b    | 4000
        retry-after: 99      | 429 retry-after: 99 | -    |
        """, useHeadersInDisplayName = true)
    void waitsForTheFirstToHaveRestedWhereNoOtherIsLeft(String first, String second, String next,
            Long nextMillis) {
        start(true, "a", "b");
        isAsked(toA);
        refuse(toA, "429", first);
        assertThat(isAsked(toB)).as("nothing is waited for while another is left").isTrue();
        EmbeddedDuplex againToA = calls.connect(a);
        EmbeddedDuplex againToB = calls.connect(b);

        refuse(toB, second.substring(0, 3), second.substring(3).strip());

        assertThat(goesOn).isEqualTo(next != null);
        assertThat(failover.isPaused()).isEqualTo(next != null);
        if (next != null) {
            pass(nextMillis - 1);
            assertThat(isAsked(againToA) || isAsked(againToB) || isAsked(toB)).isFalse();
            pass(1);
            assertThat(failover.isPaused()).isFalse();
            assertThat(failover.leader().target()).hasToString(next + "/m");
            assertThat(isAsked(againToA) || isAsked(againToB) || isAsked(toB)).isTrue();
        }
    }

    /** What has passed since then counts. */
    @Test
    void waitsForTheRestOfTheRest() {
        start(true, "a", "b");
        isAsked(toA);
        refuse(toA, "429", "retry-after: 9");
        EmbeddedDuplex again = calls.connect(a);
        pass(8_500);
        refuse(toB, "404", "");
        assertThat(failover.isPaused()).isTrue();
        pass(499);
        assertThat(isAsked(again)).isFalse();
        pass(1);
        assertThat(isAsked(again)).isTrue();
        assertThat(log).hasToString("a/m=429, b/m=404");
    }

    @Test
    void settlesOnTheReplyThatIsGood() {
        start(true, "a", "b");
        read(toA, STREAM);
        String event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n";
        read(toA, Integer.toHexString(event.length()) + "\r\n" + event + "\r\n");
        assertThat(log).hasToString("a/m=200");
        assertThat(failover.leader().isCommitted()).isTrue();
        assertThat(downstream.taken()).endsWith(event + "\r\n");
    }
}

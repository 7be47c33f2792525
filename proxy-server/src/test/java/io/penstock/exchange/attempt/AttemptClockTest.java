package io.penstock.exchange.attempt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.embedded.EmbeddedChannel;
import io.penstock.failure.Fault;
import io.penstock.loop.Deadlines;
import io.penstock.route.HoldSettings;
import io.penstock.upstream.TimeoutSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each timer runs from its own moment, and is up at its nanosecond: not before, not after. */
class AttemptClockTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final Deadlines deadlines;
    private final Watched watched = new Watched();
    private final long startNanos;
    private TimeoutSettings timeouts = new TimeoutSettings(Duration.ofSeconds(2),
            Duration.ofSeconds(3), Duration.ofSeconds(10), null, Duration.ofSeconds(20),
            Duration.ofSeconds(5), Duration.ofSeconds(100));
    private final List<Long> gaps = new ArrayList<>();
    private AttemptClock clock;

    AttemptClockTest() {
        channel.freezeTime();
        deadlines = new Deadlines(channel.eventLoop());
        startNanos = deadlines.nowNanos();
        begin(true, HoldSettings.DEFAULT);
    }

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    /** Wakes up with the clock, as an exchange does. */
    private final class Watched extends Deadlines.Entry {
        private int wakings;

        @Override
        protected long remainingNanos(long nowNanos) {
            return clock.remainingNanos(nowNanos);
        }

        @Override
        protected void onDeadline(long nowNanos) {
            wakings++;
            clock.end();
        }
    }

    private void begin(boolean stream, HoldSettings hold) {
        clock = new AttemptClock(deadlines, timeouts, hold, stream, gaps::add,
                deadlines.nowNanos());
    }

    /** Neither the wait for the first content counts, nor one for the caller's sake. */
    @Test
    void tellsTheTimesBetweenReadsOfAStreamsContent() {
        pass(1);
        clock.onReady(deadlines.nowNanos());
        clock.onHead();
        clock.awaitContent();
        clock.onBody();
        pass(3);
        clock.onBody();
        clock.onGood();
        pass(2);
        clock.onBody();
        clock.pause();
        pass(5);
        clock.resume();
        pass(1);
        clock.onBody();

        assertThat(gaps).containsExactly(2 * SECOND, SECOND);
    }

    private static HoldSettings holdFor(long seconds) {
        return new HoldSettings(2, 1024, Duration.ofSeconds(seconds));
    }

    private void pass(long seconds) {
        channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
    }

    /** Checks that the timer is up at that time after the start, and a nanosecond before is not. */
    private void assertExpiresAt(long seconds, Fault fault) {
        long due = startNanos + seconds * SECOND;
        assertThat(clock.remainingNanos(due - 1)).as("one nanosecond before").isEqualTo(1);
        assertThat(clock.remainingNanos(due)).as("at its time").isZero();
        assertThat(clock.remainingNanos(due + 1)).as("one nanosecond after").isEqualTo(-1);
        assertThat(clock.expired(due)).isEqualTo(fault);
    }

    private void assertNeverExpires() {
        assertThat(clock.remainingNanos(startNanos + 1_000_000 * SECOND))
                .isEqualTo(Deadlines.NEVER);
    }

    private void headComes() {
        clock.onHead();
        clock.awaitContent();
    }

    @Test
    void waitsForASlotWithoutATimerOfItsOwn() {
        assertThat(clock.isWaitingForSlot()).isTrue();
        assertNeverExpires();
        assertThatThrownBy(() -> clock.expired(startNanos))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void givesTheConnectionItsTimeFromTheSlotOn() {
        pass(7);
        clock.onSlot(deadlines.nowNanos());
        clock.onConnecting();
        assertExpiresAt(7 + 2, Fault.CONNECT_TIMEOUT);
        assertThat(clock.isWaitingForSlot()).isFalse();
    }

    @Test
    void givesTheTlsHandshakeItsTimeFromTheTcpHandshakeOn() {
        clock.onSlot(startNanos);
        pass(1);
        clock.onTlsStarted();
        assertExpiresAt(1 + 3, Fault.TLS_TIMEOUT);
    }

    @Test
    void givesAStreamsHeadItsTimeFromTheRequestOn() {
        clock.onSlot(startNanos);
        pass(1);
        clock.onReady(deadlines.nowNanos());
        assertThat(clock.isWaitingForHead()).isTrue();
        assertExpiresAt(1 + 10, Fault.HEAD_TIMEOUT);
    }

    @Test
    void givesTheHeadItsTimeFromTheEndOfAnUploadOn() {
        clock.onReady(startNanos);
        pass(30);
        clock.onSent(deadlines.nowNanos());
        assertExpiresAt(30 + 10, Fault.HEAD_TIMEOUT);
        assertThat(clock.readyNanos()).isEqualTo(startNanos);
    }

    /** Columns: both timers in seconds, when the wait for the head ends, and as what. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        head | content | at | fault
        10   | 20      | 10 | HEAD_TIMEOUT
        10   | 10      | 10 | HEAD_TIMEOUT
        20   | 10      | 10 | FIRST_CONTENT_TIMEOUT
        """, useHeadersInDisplayName = true)
    void endsTheWaitForAStreamsHeadWithTheShorterTimer(long head, long content, long at,
            Fault fault) {
        timeouts = timeouts.with(null, null, Duration.ofSeconds(head), null,
                Duration.ofSeconds(content), null, null);
        begin(true, HoldSettings.DEFAULT);
        clock.onReady(startNanos);
        assertExpiresAt(at, fault);
    }

    @Test
    void leavesTheHeadOfAUnaryReplyToTheTotalTimeWhereNoneIsSet() {
        begin(false, HoldSettings.DEFAULT);
        clock.onReady(startNanos);
        assertNeverExpires();
    }

    @Test
    void givesTheHeadOfAUnaryReplyTheTimeThatIsSetForIt() {
        timeouts = timeouts.with(null, null, null, Duration.ofSeconds(40), null, null,
                null);
        begin(false, HoldSettings.DEFAULT);
        clock.onReady(startNanos);
        assertExpiresAt(40, Fault.HEAD_TIMEOUT); // though the first content's is shorter
    }

    @Test
    void givesTheFirstContentItsTimeFromTheRequestOn() {
        pass(1);
        clock.onReady(deadlines.nowNanos());
        pass(8);
        headComes();
        pass(3);
        clock.onBody(); // a comment, for all the clock knows
        assertExpiresAt(1 + 20, Fault.FIRST_CONTENT_TIMEOUT);
        assertThat(clock.isWaitingForContent()).isTrue();
    }

    @Test
    void holdsAStreamFromItsHeadOnForAsLongAsTheRouteWants() {
        begin(true, holdFor(4));
        clock.onReady(startNanos);
        pass(8);
        headComes();
        assertExpiresAt(8 + 4, null);
    }

    /** The head comes after 8 s: columns are the hold, the wait's end, and its fault if any. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
        hold | at | fault
        11   | 19 | -
        12   | 20 | FIRST_CONTENT_TIMEOUT
        13   | 20 | FIRST_CONTENT_TIMEOUT
        """, useHeadersInDisplayName = true)
    void holdsNoStreamBeyondTheTimeForItsFirstContent(long hold, long at, Fault fault) {
        begin(true, holdFor(hold));
        clock.onReady(startNanos);
        pass(8);
        headComes();
        assertExpiresAt(at, fault);
    }

    @Test
    void allowsNoSilenceBeyondTheGapFromTheLastReadOn() {
        clock.onReady(startNanos);
        pass(1);
        headComes();
        clock.onBody(); // read together with the head
        clock.onGood();
        assertExpiresAt(1 + 5, Fault.GAP_TIMEOUT);
        pass(4);
        clock.onBody();
        assertExpiresAt(5 + 5, Fault.GAP_TIMEOUT);
        assertThat(clock.contentNanos()).isEqualTo(startNanos + SECOND);
    }

    @Test
    void countsTheGapOfAUnaryReplyFromItsHeadOn() {
        begin(false, HoldSettings.DEFAULT);
        clock.onReady(startNanos);
        pass(50);
        clock.onHead();
        clock.awaitMore();
        assertExpiresAt(50 + 5, Fault.GAP_TIMEOUT);
    }

    @Test
    void countsNoGapWhileNothingIsReadForTheCallersSake() {
        clock.onReady(startNanos);
        headComes();
        clock.onGood();
        clock.pause();
        assertNeverExpires();
        pass(60);
        assertThat(clock.isPaused()).isTrue();
        clock.resume();
        assertThat(clock.isPaused()).isFalse();
        assertExpiresAt(60 + 5, Fault.GAP_TIMEOUT);
    }

    @Test
    void givesTheNextConnectionItsWholeTime() {
        clock.onSlot(startNanos);
        clock.onReady(startNanos);
        pass(9);
        clock.onReconnect();
        assertThat(clock.readyNanos()).as("nothing has been sent").isZero();
        assertThat(clock.startedNanos()).isEqualTo(startNanos + 9 * SECOND);
        assertExpiresAt(9 + 2, Fault.CONNECT_TIMEOUT);
    }

    @Test
    void waitsForNothingOnceTheAttemptIsOver() {
        clock.onReady(startNanos);
        pass(2);
        clock.end();
        pass(3);
        clock.end(); // the first end counts
        assertThat(clock.isOver()).isTrue();
        assertThat(clock.endedNanos()).isEqualTo(startNanos + 2 * SECOND);
        assertNeverExpires();
    }

    @Test
    void knowsWhetherMostOfTheTotalTimeWasTheTargets() {
        assertThat(clock.isMostOfTotal(startNanos + 99 * SECOND)).as("without a slot").isFalse();
        pass(10);
        clock.onSlot(deadlines.nowNanos());
        assertThat(clock.isMostOfTotal(startNanos + 60 * SECOND - 1)).isFalse();
        assertThat(clock.isMostOfTotal(startNanos + 60 * SECOND)).isTrue();
    }

    // The loop has to be told of each timer, or nothing wakes up when it is due.

    private void assertWakesAfter(long millis) {
        deadlines.add(watched);
        channel.advanceTimeBy(millis - 1, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
        assertThat(watched.wakings).as("one millisecond before").isZero();
        channel.advanceTimeBy(1, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
        assertThat(watched.wakings).as("at its time").isEqualTo(1);
    }

    @Test
    void wakesTheLoopForAConnection() {
        clock.onSlot(startNanos);
        clock.onConnecting();
        assertWakesAfter(2000);
    }

    @Test
    void wakesTheLoopForTheTlsHandshake() {
        clock.onTlsStarted();
        assertWakesAfter(3000);
    }

    @Test
    void wakesTheLoopForTheHead() {
        clock.onReady(startNanos);
        assertWakesAfter(10_000);
    }

    @Test
    void wakesTheLoopForTheFirstContent() {
        timeouts = timeouts.with(null, null, Duration.ofSeconds(60), null, null, null,
                null);
        begin(true, HoldSettings.DEFAULT);
        clock.onReady(startNanos);
        headComes();
        assertWakesAfter(20_000);
    }

    @Test
    void wakesTheLoopForTheEndOfTheHold() {
        begin(true, holdFor(4));
        clock.onReady(startNanos);
        headComes();
        assertWakesAfter(4000);
    }

    @Test
    void wakesTheLoopForTheGap() {
        clock.onReady(startNanos);
        headComes();
        clock.onGood();
        assertWakesAfter(5000);
    }

    @Test
    void wakesTheLoopForTheGapAfterAPause() {
        clock.onHead();
        clock.awaitMore();
        clock.pause();
        pass(60);
        channel.runScheduledPendingTasks();
        clock.resume();
        assertWakesAfter(5000);
    }
}

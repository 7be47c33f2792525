package io.penstock.exchange.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.exchange.call.RetrySettings;
import io.penstock.exchange.failover.NextStep.Kind;
import io.penstock.exchange.failover.NextStep.Situation;
import io.penstock.route.WaitSettings;
import io.penstock.upstream.RetryAfter;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules of failover, a row each. */
class NextStepTest {
    private static final long SECOND = 1_000_000_000L;
    private static final RetrySettings DEFAULT = RetrySettings.DEFAULT; // 4 attempts, 1 again

    /**
     * Columns: what is known, then what follows. {@code wait} is the provider's {@code retry-after}
     * in seconds, -1 for none; {@code allowed} is {@code retry.wait_for_retry_after}.
     */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
        what                                    | repeatable | tried | left | keyAtFault | otherKey | mayNow | passable | again | wait | budget | allowed | kind        | nanos
        a transient fault: once more, soon      | true       | 1     | 60   | false      | false    | true   | true     | 0     | -1   | true   | 0       | AGAIN       | 0
        the second time: the next target        | true       | 2     | 60   | false      | false    | true   | true     | 1     | -1   | true   | 0       | NEXT_TARGET | -1
        its breaker has opened meanwhile        | true       | 1     | 60   | false      | false    | true   | false    | 0     | -1   | true   | 0       | NEXT_TARGET | -1
        no budget for further tries             | true       | 1     | 60   | false      | false    | true   | true     | 0     | -1   | false  | 0       | NEXT_TARGET | -1
        a lasting fault: the next target        | true       | 1     | 60   | false      | false    | false  | true     | 0     | -1   | true   | 0       | NEXT_TARGET | -1
        the last attempt that is allowed        | true       | 4     | 60   | false      | false    | true   | true     | 0     | -1   | true   | 0       | NOTHING     | 0
        no time is left                         | true       | 1     | 0    | false      | false    | true   | true     | 0     | -1   | true   | 0       | NOTHING     | 0
        the request can't be sent again         | false      | 1     | 60   | false      | false    | true   | true     | 0     | -1   | true   | 0       | NOTHING     | 0
        a bad key, and another one is ready     | true       | 1     | 60   | true       | true     | false  | true     | 0     | -1   | true   | 0       | OTHER_KEY   | 0
        another key counts before any wait      | true       | 1     | 60   | true       | true     | false  | true     | 0     | 1    | true   | 5       | OTHER_KEY   | 0
        a bad key, and no other one             | true       | 1     | 60   | true       | false    | false  | true     | 0     | -1   | true   | 0       | NEXT_TARGET | -1
        a limit: the next target, else the wait | true       | 1     | 60   | true       | false    | false  | true     | 0     | 3    | true   | 0       | NEXT_TARGET | 3
        a wait that is allowed while others are | true       | 1     | 60   | true       | false    | false  | true     | 0     | 3    | true   | 3       | WAIT        | 3
        a wait that is longer than allowed      | true       | 1     | 60   | true       | false    | false  | true     | 0     | 4    | true   | 3       | NEXT_TARGET | 4
        it has been waited out before           | true       | 2     | 60   | true       | false    | false  | true     | 1     | 3    | true   | 3       | NEXT_TARGET | 3
        ten seconds are the longest last wait   | true       | 1     | 60   | true       | false    | false  | true     | 0     | 10   | true   | 0       | NEXT_TARGET | 10
        more is not waited for                  | true       | 1     | 60   | true       | false    | false  | true     | 0     | 11   | true   | 0       | NEXT_TARGET | -1
        the wait takes all the time that's left | true       | 1     | 3    | true       | false    | false  | true     | 0     | 3    | true   | 3       | NEXT_TARGET | -1
        a wait costs a further try              | true       | 1     | 60   | true       | false    | false  | true     | 0     | 3    | false  | 3       | NEXT_TARGET | -1
        """, useHeadersInDisplayName = true)
    void follows(String what, boolean repeatable, int tried, long left, boolean keyAtFault,
            boolean otherKey, boolean mayNow, boolean passable, int again, long wait,
            boolean budget, long allowed, Kind kind, long nanos) {
        RetrySettings retry = new RetrySettings(DEFAULT.maxAttempts(), DEFAULT.sameTarget(),
                Duration.ofSeconds(allowed), DEFAULT.budgetRatio());
        Situation now = new Situation(repeatable, tried, left * SECOND, keyAtFault, otherKey,
                mayNow, passable, again, wait < 0 ? RetryAfter.NONE : wait * SECOND, budget);

        assertThat(NextStep.after(now, retry, WaitSettings.DEFAULT)).isEqualTo(new NextStep(kind,
                nanos < 0 ? RetryAfter.NONE : nanos * SECOND));
    }

    /** The route's word counts for more than what holds everywhere. */
    @ParameterizedTest
    @CsvSource({
        "0, 5, 10, 4, WAIT", "0, 5, 10, 6, NEXT_TARGET", "5, 0, 10, 4, NEXT_TARGET",
        "0, 90, 120, 80, WAIT"})
    void waitsBesideOtherTargetsAsLongAsTheRouteAllows(int everywhere, int beside, int alone,
            int asked, Kind kind) {
        RetrySettings retry = new RetrySettings(4, 1, Duration.ofSeconds(everywhere), 0.2);
        WaitSettings waits = new WaitSettings(Duration.ofSeconds(beside),
                Duration.ofSeconds(alone));

        assertThat(NextStep.after(limited(asked), retry, waits))
                .isEqualTo(new NextStep(kind, asked * SECOND));
    }

    @ParameterizedTest
    @CsvSource({"10, 10, 10", "10, 11, -1", "120, 100, 100", "120, 121, -1"})
    void waitsForTheLastTargetAsLongAsTheRouteAllows(int alone, int asked, int waited) {
        NextStep step = NextStep.after(limited(asked), RetrySettings.DEFAULT,
                new WaitSettings(null, Duration.ofSeconds(alone)));

        assertThat(step).isEqualTo(new NextStep(Kind.NEXT_TARGET,
                waited < 0 ? RetryAfter.NONE : waited * SECOND));
    }

    /** After a 429 with that wait. */
    private static Situation limited(int waitSeconds) {
        return new Situation(true, 1, 600 * SECOND, true, false, false, true, 0,
                waitSeconds * SECOND, true);
    }

    @Test
    void asksTheSameTargetNotAgainWhereThatIsSwitchedOff() {
        RetrySettings never = new RetrySettings(4, 0, Duration.ZERO, 0.2);
        Situation reset = new Situation(true, 1, SECOND, false, false, true, true, 0,
                RetryAfter.NONE, true);

        assertThat(NextStep.after(reset, never, WaitSettings.DEFAULT).kind())
                .isEqualTo(Kind.NEXT_TARGET);
    }
}

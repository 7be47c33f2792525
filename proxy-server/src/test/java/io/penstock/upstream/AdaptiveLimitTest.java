package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

class AdaptiveLimitTest {
    private static final int MIN = 2;
    private static final int MAX = 400;
    private static final double BASE_NANOS = 200e6;

    private final AdaptiveLimit limit = new AdaptiveLimit(MIN, MAX);
    private final Random random = new Random(7);

    /** So many calls by as many callers as are let in, each with a time of its own. */
    private void calls(int count, IntToDoubleFunction nanosOfInFlight) {
        for (int i = 0; i < count; i++) {
            int inFlight = limit.limit();
            limit.onFirstContent((long) nanosOfInFlight.applyAsDouble(inFlight), inFlight);
        }
    }

    /** A provider that serves so many at once; the others wait there. */
    private static IntToDoubleFunction capacity(int calls) {
        return inFlight -> BASE_NANOS * Math.max(1, inFlight / (double) calls);
    }

    @Test
    void beginsInTheMiddleAndWithinItsBounds() {
        assertThat(limit.limit()).isEqualTo(AdaptiveLimit.FIRST_LIMIT);
        assertThat(new AdaptiveLimit(1, 8).limit()).isEqualTo(8);
        assertThat(new AdaptiveLimit(50, 80).limit()).isEqualTo(50);
    }

    @Test
    void risesToTheMaximumWhileTheProviderBearsIt() {
        calls(2000, inFlight -> BASE_NANOS);

        assertThat(limit.limit()).isEqualTo(MAX);
    }

    @Test
    void staysWhereItIsWhileNobodyNeedsMore() {
        for (int i = 0; i < 1000; i++) {
            limit.onFirstContent((long) BASE_NANOS, 3);
            limit.onUnaryReply(3);
        }

        assertThat(limit.limit()).isEqualTo(AdaptiveLimit.FIRST_LIMIT);
    }

    @Test
    void stopsRisingNotFarAboveWhatTheProviderServesAtOnce() {
        for (int i = 0; i < 4; i++) {
            calls(500, capacity(50));

            assertThat(limit.limit()).isBetween(50, 160);
        }
    }

    @Test
    void fallsWhenTheProviderGetsSlowerAndRisesWhenItRecovers() {
        calls(600, capacity(200));
        int before = limit.limit();
        assertThat(before).isGreaterThan(150);

        calls(100, capacity(20));
        assertThat(limit.limit()).isLessThan(before / 3);

        calls(1500, capacity(200));
        assertThat(limit.limit()).isGreaterThan(150);
    }

    @Test
    void getsUsedToAProviderThatHasBecomeSlowerForGood() {
        calls(1000, inFlight -> BASE_NANOS);
        calls(60, inFlight -> 3 * BASE_NANOS);
        assertThat(limit.limit()).isLessThan(MAX / 4);

        calls(10_000, inFlight -> 3 * BASE_NANOS);
        assertThat(limit.limit()).isEqualTo(MAX);
    }

    @Test
    void bearsTimesThatDifferWidelyFromCallToCall() {
        calls(3000, inFlight -> BASE_NANOS * -Math.log(1 - random.nextDouble())); // exponential

        assertThat(limit.limit()).isGreaterThan(MAX / 2);
    }

    @Test
    void fallsOnceForAllCallsThatWereInFlightWhenOverloadShowed() {
        calls(2000, inFlight -> BASE_NANOS);
        for (int i = 0; i <= MAX; i++) {
            limit.onOverload();
        }
        assertThat(limit.limit()).isEqualTo(MAX * 9 / 10);

        limit.onOverload();
        assertThat(limit.limit()).isEqualTo(MAX * 81 / 100);
    }

    @Test
    void neverFallsBelowTheMinimum() {
        for (int i = 0; i < 10_000; i++) {
            limit.onOverload();
        }
        assertThat(limit.limit()).isEqualTo(MIN);

        calls(1, inFlight -> BASE_NANOS);
        calls(500, inFlight -> BASE_NANOS * 1000);
        assertThat(limit.limit()).isGreaterThanOrEqualTo(MIN);
    }

    @Test
    void risesSlowlyByWholeReplies() {
        for (int i = 0; i < 200; i++) {
            limit.onUnaryReply(limit.limit());
        }

        assertThat(limit.limit()).isBetween(AdaptiveLimit.FIRST_LIMIT + 2, 40);
    }
}

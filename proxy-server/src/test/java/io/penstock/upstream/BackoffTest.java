package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.provider.ReplyVerdict;
import io.penstock.upstream.Backoff.Scope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BackoffTest {
    /** Times in milliseconds; -1 for a reply that says nothing. */
    @ParameterizedTest(name = "{0} {1} of key {2}, retry-after {3}")
    @CsvSource({
        // verdict, status, of whole key, retry-after -> scope, rest, by the provider's word, wait
        "RATE_LIMITED, 429, false, -1, MODEL, 1000, false, -1",
        "RATE_LIMITED, 429, false, 0, MODEL, 1000, false, 0",
        "RATE_LIMITED, 429, false, 250, MODEL, 250, true, 250",
        "RATE_LIMITED, 429, true, 250, KEY, 250, true, 250",
        "RATE_LIMITED, 429, true, -1, KEY, 1000, false, -1",
        "RATE_LIMITED, 413, false, 2000, MODEL, 2000, true, 2000",
        "BAD_KEY, 401, false, 5000, BAD_KEY, 60000, false, -1",
        "BAD_KEY, 402, false, -1, BAD_KEY, 60000, false, -1",
        "BAD_KEY, 403, true, -1, BAD_KEY, 60000, false, -1",
        "TRANSIENT, 500, false, 1000, MODEL, 1000, true, 1000",
        "TRANSIENT, 502, false, 1000, MODEL, 1000, true, 1000",
        "FAULTY, 503, false, 1000, MODEL, 1000, true, 1000",
        "FAULTY, 504, false, 1000, MODEL, 1000, true, 1000",
        "FAULTY, 529, false, 1000, MODEL, 1000, true, 1000",
        "FAULTY, 408, false, 1000, MODEL, 1000, true, 1000",
        "FAULTY, 498, false, 1000, MODEL, 1000, true, 1000",
        "FAULTY, 503, false, 0, NOTHING, 0, false, 0",
        "FAULTY, 503, false, -1, NOTHING, 0, false, -1",
        "TRANSIENT, 500, false, -1, NOTHING, 0, false, -1",
        "FAULTY, 404, false, 1000, NOTHING, 0, false, -1",
        "FAULTY, 409, false, 1000, NOTHING, 0, false, -1",
        "CALLERS_FAULT, 400, false, 1000, NOTHING, 0, false, -1",
        "CONTEXT_LENGTH, 400, false, 1000, NOTHING, 0, false, -1",
        "GOOD, 200, false, 1000, NOTHING, 0, false, -1",
    })
    void decidesByTheReply(ReplyVerdict verdict, int status, boolean ofWholeKey,
            long retryAfterMillis, Scope scope, long restMillis, boolean byProvidersWord,
            long waitMillis) {
        assertThat(Backoff.of(verdict, status, "{}", ofWholeKey, nanos(retryAfterMillis)))
                .isEqualTo(new Backoff(scope, nanos(restMillis), byProvidersWord,
                        nanos(waitMillis)));
    }

    @ParameterizedTest
    @CsvSource({
        "Request too large for gpt-4o, 1000, NOTHING, 0",
        "insufficient_quota, -1, KEY, 60000",
        "insufficient_quota, 90000, KEY, 90000",
        "insufficient_quota, 1000, KEY, 60000",
    })
    void waitsForNoLimitThatNoWaitingMends(String text, long retryAfterMillis, Scope scope,
            long restMillis) {
        assertThat(Backoff.of(ReplyVerdict.RATE_LIMITED, 429, text, false,
                nanos(retryAfterMillis))).isEqualTo(
                new Backoff(scope, nanos(restMillis), false, RetryAfter.NONE));
    }

    private static long nanos(long millis) {
        return millis < 0 ? RetryAfter.NONE : millis * 1_000_000;
    }
}

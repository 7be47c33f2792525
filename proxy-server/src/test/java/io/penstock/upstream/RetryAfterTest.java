package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.ResponseHead;
import io.penstock.testing.Bytes;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RetryAfterTest {
    private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

    private static long nanos(String fields) throws HttpSyntaxException {
        return nanos(429, fields);
    }

    private static long nanos(int status, String fields) throws HttpSyntaxException {
        ResponseHead head = new ResponseHead(8192);
        ByteBuf buffer = Bytes.buffer("HTTP/1.1 " + status + " x\r\n" + fields.replace("|", "\r\n")
                + "\r\n\r\n");
        head.parse(buffer);
        buffer.release();
        return RetryAfter.nanos(head, NOW);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "retry-after: 2; 2000", "Retry-After: 0; 0", "retry-after: 0.25; 250",
        "retry-after-ms: 1426; 1426", "retry-after-ms: 12.5; 12.5",
        "retry-after: 2|retry-after-ms: 1426; 1426", "retry-after-ms: soon|retry-after: 3; 3000",
        "retry-after: Thu, 01 Jan 2026 12:00:30 GMT; 30000",
        "retry-after: Thu, 01 Jan 2026 11:00:00 GMT; 0",
        "retry-after: 3600; 3600000", "retry-after: 3601; 3600000", "retry-after: 1e300; 3600000",
        "retry-after: Infinity; 3600000",
        "retry-after: Thu, 01 Jan 2099 12:00:30 GMT; 3600000", "retry-after-ms: 1e20; 3600000",
        "x-ratelimit-remaining-requests: 0|x-ratelimit-reset-requests: 120ms; 120",
        "x-ratelimit-remaining-tokens: 0|x-ratelimit-reset-tokens: 57.822s; 57822",
        "x-ratelimit-remaining-tokens: 0|x-ratelimit-reset-tokens: 6m0s; 360000",
        "x-ratelimit-remaining-tokens: 0|x-ratelimit-reset-tokens: 1h2m3.5s; 3600000",
        "x-ratelimit-remaining-tokens: 0|x-ratelimit-reset-tokens: 2; 2000",
        "x-ratelimit-remaining-tokens: 0|x-ratelimit-reset-tokens: 1s|"
                + "x-ratelimit-remaining-requests: 0|x-ratelimit-reset-requests: 2s; 2000",
        "retry-after: 1|x-ratelimit-remaining-tokens: 0|x-ratelimit-reset-tokens: 9s; 1000",
        "retry-after: Thursday, 01-Jan-26 12:00:30 GMT; 30000",
        "retry-after: Thu Jan  1 12:00:30 2026; 30000", "retry-after: 1767268830; 30000",
        "retry-after: 1m7s; 67000", "retry-after: 1d; 3600000",
        "retry-after: 2026-01-01T12:00:30Z; 30000",
        "x-ratelimit-reset: 1767268830250; 30250", "x-ratelimit-reset: 1767268830; 30000",
        "x-ratelimit-reset: 5; 5000", "ratelimit-reset: 5; 5000",
        "x-ratelimit-reset-requests: 5s; 5000",
        "x-ratelimit-reset-requests: 8.64s|x-ratelimit-reset-tokens: 250ms; 250",
        "x-ratelimit-reset-requests: 0ms|x-ratelimit-reset-tokens: 250ms; 250",
        "x-ratelimit-reset-requests: 1s|x-ratelimit-remaining-requests: 9|"
                + "x-ratelimit-reset-tokens: 6s; 6000",
        "anthropic-ratelimit-tokens-remaining: 0|"
                + "anthropic-ratelimit-tokens-reset: 2026-01-01T12:00:05Z; 5000",
        "anthropic-ratelimit-requests-remaining: 7|anthropic-ratelimit-requests-reset: "
                + "2026-01-01T12:00:01Z|anthropic-ratelimit-input-tokens-remaining: 0|"
                + "anthropic-ratelimit-input-tokens-reset: 2026-01-01T12:00:09Z; 9000",
    })
    void readsWhatTheProviderAsksFor(String fields, double millis) throws Exception {
        assertThat(nanos(fields)).isEqualTo((long) (millis * 1e6));
    }

    @ParameterizedTest
    @ValueSource(strings = {"x: y", "retry-after: soon", "retry-after:", "retry-after: -5",
        "retry-after: NaN", "retry-after-ms: x", "x-ratelimit-remaining-requests: 0",
        "x-ratelimit-reset-requests: 0ms",
        "x-ratelimit-remaining-requests: 1|x-ratelimit-reset-requests: 5s",
        "x-ratelimit-remaining-tokens: 0|x-ratelimit-reset-tokens: 5 s",
        "x-ratelimit-remaining-tokens: 0|x-ratelimit-reset-tokens: s5s",
        "x-ratelimit-remaining-tokens: 0|x-ratelimit-reset-tokens:"})
    void saysWhenNothingIsAskedFor(String fields) throws Exception {
        assertThat(nanos(fields)).isEqualTo(RetryAfter.NONE);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"x-ratelimit-reset-requests: 5s; -1",
        "x-ratelimit-reset: 5; -1", "x-ratelimit-reset: 5|x-ratelimit-remaining: 0; 5000000000",
        "retry-after: 5; 5000000000"})
    void takesAResetForAWaitOnlyWhereALimitIsSpent(String fields, long expected)
            throws Exception {
        assertThat(nanos(503, fields)).isEqualTo(expected);
    }

    @Test
    void isBoundedByAnHour() {
        assertThat(RetryAfter.MAX_NANOS).isEqualTo(3_600_000_000_000L);
    }
}

package io.penstock.provider;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WaitTextTest {
    private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z"); // 1767268800

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "2; 2000", "0; 0", "0.25; 250", "2.; 2000", "1e1; 10000", "250ms; 250", "57.822s; 57822",
        "6m0s; 360000", "1h2m3s; 3723000", "1h2m3.5s; 3723500", "1d; 86400000", "1d1s; 86401000",
        "1m30.951s; 90951", "1767268830; 30000", "1767268830.5; 30500", "1767268830250; 30250",
        "1767268800000; 0", "1767268000; 0",
        "Thu, 01 Jan 2026 12:00:30 GMT; 30000", "Thu, 1 Jan 2026 12:00:30 GMT; 30000",
        "Thursday, 01-Jan-26 12:00:30 GMT; 30000", "Thu Jan  1 12:00:30 2026; 30000",
        "Fri Jan 02 12:00:00 2026; 86400000", "Thu, 01 Jan 2026 11:00:00 GMT; 0",
        "2026-01-01T12:00:30Z; 30000", "2026-01-01T12:00:00.250Z; 250",
        "2026-01-01T13:00:30+01:00; 30000", " 5 ; 5000",
    })
    void readsAWaitHoweverItIsWritten(String text, long millis) {
        assertThat(WaitText.read(text, NOW)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1e300", "1e999", "Infinity", "99999999999999s", "999999999999999d",
        "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z", "99999999999999999999"})
    void boundsWhatIsBeyondAllSense(String text) {
        assertThat(WaitText.read(text, NOW)).isBetween(Duration.ofDays(10_000),
                Duration.ofDays(36_500));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "soon", "-5", "NaN", "5 s", "s5s", "5s5", "5x", "1e", "+5",
        "Thu, 32 Jan 2026 12:00:30 GMT", "2026-01-01", "2026-01-01T", "1.2.3", "Thu, ",
        "000000000000000000000000000000000000000000000000000000000000000000000000000000001"})
    void readsNothingElse(String text) {
        assertThat(WaitText.read(text, NOW)).isNull();
    }

    @Test
    void readsMilliseconds() {
        assertThat(WaitText.readMillis("1426")).isEqualTo(Duration.ofMillis(1426));
        assertThat(WaitText.readMillis("12.5")).isEqualTo(Duration.ofNanos(12_500_000));
        assertThat(WaitText.readMillis("soon")).isNull();
    }
}

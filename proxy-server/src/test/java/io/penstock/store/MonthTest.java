package io.penstock.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import org.junit.jupiter.api.Test;

class MonthTest {
    @Test
    void endsAtMidnightUtc() {
        long end = Instant.parse("2026-11-30T23:59:59.999Z").toEpochMilli();

        assertThat(Month.text(Month.of(end))).isEqualTo("2026-11");
        assertThat(Month.text(Month.of(end + 1))).isEqualTo("2026-12");
        assertThat(Month.of(end + 1)).isEqualTo(Month.of(end) + 1);
        assertThat(Month.millisLeft(end)).isEqualTo(1);
    }

    @Test
    void goesOnFromYearToYear() {
        long end = Instant.parse("2026-12-31T23:59:59.999Z").toEpochMilli();

        assertThat(Month.of(end + 1)).isEqualTo(Month.of(end) + 1);
        assertThat(Month.text(Month.of(end + 1))).isEqualTo("2027-01");
    }

    @Test
    void readsWhatItWrites() {
        assertThat(Month.text(Month.parse("2026-11"))).isEqualTo("2026-11");
        assertThatThrownBy(() -> Month.parse("2026-13"))
                .isInstanceOf(DateTimeParseException.class);
    }
}

package io.penstock.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class HoldSettingsTest {
    private static final Duration SECONDS = Duration.ofSeconds(2);

    @Test
    void tellsASlowStreamByItsEventsASecond() {
        HoldSettings hold = new HoldSettings(100, 64 * 1024, SECONDS, 10);

        assertThat(hold.isTooSlow(19, SECONDS)).isTrue();
        assertThat(hold.isTooSlow(20, SECONDS)).isFalse();
    }

    @Test
    void takesAnySpeedWhereNoneIsSaid() {
        assertThat(new HoldSettings(1, 64 * 1024, SECONDS).isTooSlow(0, SECONDS)).isFalse();
        assertThat(HoldSettings.DEFAULT.isTooSlow(0, SECONDS)).isFalse();
    }

    @Test
    void needsATimeToMeasureOver() {
        assertThatThrownBy(() -> new HoldSettings(1, 64 * 1024, null, 10))
                .hasMessageContaining("min_events_per_second");
        assertThatThrownBy(() -> new HoldSettings(1, 64 * 1024, SECONDS, -1))
                .hasMessageContaining("min_events_per_second");
    }
}

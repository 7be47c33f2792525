package io.penstock.limit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GaugeTest {
    private final Gauge gauge = new Gauge(10);

    @Test
    void givesUpToItsBoundAndNoMore() {
        assertThat(gauge.tryTake(4)).isTrue();
        assertThat(gauge.tryTake(6)).isTrue();
        assertThat(gauge.tryTake(1)).isFalse();
        assertThat(gauge.used()).isEqualTo(10);
    }

    @Test
    void takesNothingForARefusal() {
        assertThat(gauge.tryTake(11)).isFalse();
        assertThat(gauge.used()).isZero();
        assertThat(gauge.tryTake(10)).isTrue();
    }

    @Test
    void hasRoomAgainAfterARelease() {
        gauge.tryTake(10);
        gauge.release(3);
        assertThat(gauge.tryTake(4)).isFalse();
        assertThat(gauge.tryTake(3)).isTrue();
    }

    @Test
    void keepsWhatIsInUseWhenItsBoundMoves() {
        gauge.tryTake(10);
        gauge.setMax(5);
        assertThat(gauge.used()).isEqualTo(10);
        gauge.release(5);
        assertThat(gauge.tryTake(1)).isFalse();
        gauge.setMax(6);
        assertThat(gauge.tryTake(1)).isTrue();
    }
}

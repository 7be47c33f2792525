package io.penstock.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessMeterTest {
    @Test
    void readsUserAndSystemTimeBehindANameOfAnyKind() {
        String stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 12 30 5 5 20 0 9 0 1 2 3";

        assertThat(ProcessMeter.cpuMicros(stat)).isEqualTo(420_000);
    }

    @Test
    void readsResidentMemory() {
        assertThat(ProcessMeter.residentBytes("Name:\tx\nVmRSS:\t    2048 kB\n"))
                .isEqualTo(2 << 20);
    }

    @Test
    void tellsThatAProcessIsGone() {
        assertThatThrownBy(() -> ProcessMeter.read(List.of(999_999_999L)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("999999999");
    }
}

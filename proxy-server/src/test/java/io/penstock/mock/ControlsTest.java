package io.penstock.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ControlsTest {
    private final Controls controls = new Controls();

    @BeforeEach
    void clear() {
        controls.clear();
    }

    @Test
    void staysPlainForWhatReadyMadeBytesCanDo() {
        controls.read("X-Mock-Fail", "none");
        controls.read("x-mock-ttft", "2ms");
        controls.read("x-mock-interval", "0");
        controls.read("x-mock-events", "7");
        controls.read("x-mock-of-tomorrow", "?");

        assertThat(controls.isPlain()).isTrue();
        assertThat(controls.fault()).isEqualTo(Fault.NONE);
        assertThat(controls.ttftNanosOr(1)).isEqualTo(2_000_000);
        assertThat(controls.intervalNanosOr(1)).isZero();
        assertThat(controls.eventsOr(1)).isEqualTo(7);
        controls.clear();
        assertThat(controls.fault()).isNull();
        assertThat(controls.eventsOr(1)).isEqualTo(1);
    }

    @Test
    void readsWhatShapesAReply() {
        controls.read("x-mock-text", "a%20b+%0a%C3%BC");
        controls.read("x-mock-tools", "2 interleaved");
        controls.read("x-mock-usage", "cached=3, reasoning=4");
        controls.read("x-mock-prefill", "Reject");

        assertThat(controls.isPlain()).isFalse();
        assertThat(controls.textOr("other")).isEqualTo("a b+\nü");
        assertThat(controls.tools()).isEqualTo(2);
        assertThat(controls.interleavesTools()).isTrue();
        assertThat(controls.usage())
                .isEqualTo(new Controls.TokenCounts(false, -1, 3, -1, -1, 4));
        assertThat(controls.prefillOr(Prefill.ANEW)).isEqualTo(Prefill.REJECT);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"x-mock-fail|refuse", "x-mock-fail|explode",
        "x-mock-tools|0", "x-mock-tools|129", "x-mock-arguments|[1]", "x-mock-arguments|{",
        "x-mock-usage|prompt", "x-mock-usage|prompt=-1", "x-mock-usage|cash=1",
        "x-mock-prefill|maybe", "x-mock-text|%zz"})
    void refusesWhatItCannotMakeSenseOf(String name, String value) {
        assertThatIllegalArgumentException().isThrownBy(() -> controls.read(name, value));
    }
}

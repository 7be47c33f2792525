package io.penstock.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceStateTest {
    @ParameterizedTest
    @ValueSource(strings = {"a=1", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "a=1 , b=2,,c=3",
        "fw529a3039@dt=FfffffffX", "1a-2/f*_=z y", "a= b"})
    void keepsWhatIsWellFormed(String value) {
        assertThat(TraceState.checked(value)).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "  ", ",", "a", "a=", "=1", "A=1", "a=b=c", "a=1,a=2", "a@=1",
        "@a=1", "a@1=1", "a=1,b", "a=\u00e9", "a=\t1"})
    void goesOnWithoutWhatIsMalformed(String value) {
        assertThat(TraceState.checked(value)).isNull();
    }

    @Test
    void goesOnWithoutMoreThanItsBounds() {
        String members = IntStream.range(0, 32).mapToObj(i -> "k" + i + "=v")
                .collect(Collectors.joining(","));

        assertThat(TraceState.checked(members)).isEqualTo(members);
        assertThat(TraceState.checked(members + ",one=more")).isNull();
        assertThat(TraceState.checked(IntStream.range(0, 5).mapToObj(i -> "k" + i + "="
                + "v".repeat(250)).collect(Collectors.joining(",")))).isNull();
        assertThat(TraceState.checked(null)).isNull();
    }
}

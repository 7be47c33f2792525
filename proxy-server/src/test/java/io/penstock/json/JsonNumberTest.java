package io.penstock.json;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonNumberTest {
    @ParameterizedTest
    @CsvSource({"0, 0", "5000, 5000", "5000.0, 5000", "5e3, 5000", "5E+3, 5000", "50000e-1, 5000",
        "999, 999", "1000000, 1000000", "1000001, 1000000", "9999999999, 1000000",
        "1e9, 1000000", "1e999999999, 1000000", "0.5, 1", "5000.5, 5001", "1e-999999999, 1",
        "0.0, 0", "0e999999999, 0", "-0, 0", "-5, -7", "-1e999999999, -7", "-0.1, -7",
        "999999.9999999999999999999999999999, 1000000"})
    void readsACountHoweverItIsSpelled(String text, long expected) {
        assertThat(JsonNumber.count(text, 1_000_000, -7)).isEqualTo(expected);
    }
}

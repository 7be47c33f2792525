package io.penstock.observe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PageFormatTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "none", value = {
        "none | JSON",
        "*/* | JSON",
        "text/html,application/xhtml+xml,*/*;q=0.8 | JSON",
        "application/json, text/plain, */* | JSON",
        "text/plain | PROMETHEUS",
        "TEXT/Plain;version=0.0.4 | PROMETHEUS",
        "application/openmetrics-text | OPEN_METRICS",
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3,*/*;q=0.1"
                + " | OPEN_METRICS",
        "application/openmetrics-text;q=0.1,text/plain;q=0.9 | PROMETHEUS",
        "text/plain;q=0 | JSON",
        ";;,,;q=7 | JSON"})
    void isWhatTheRequestPrefers(String accept, PageFormat expected) {
        assertThat(PageFormat.of(accept)).isEqualTo(expected);
    }
}

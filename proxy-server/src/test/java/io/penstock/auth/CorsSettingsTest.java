package io.penstock.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CorsSettingsTest {
    @ParameterizedTest
    @CsvSource({"https://app.example,https://app.example",
        "HTTPS://App.Example,https://app.example",
        "https://app.example:443,https://app.example", "http://app.example:80,http://app.example",
        "https://app.example:80,https://app.example:80",
        "http://localhost:03000,http://localhost:3000", "http://[::1]:5173,http://[::1]:5173",
        "capacitor://localhost,capacitor://localhost", "*,*"})
    void writesAnOriginInOneWay(String text, String origin) {
        assertThat(CorsSettings.normalized(text)).isEqualTo(origin);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "null", "app.example", "https://", "https://app.example/",
        "https://app.example/x", "https://*.example", "https://app.example:", "https://a:65536",
        "https://a b", "https://a\r\nb", "https://u@a", "**", "//app.example"})
    void takesNothingElseForOne(String text) {
        assertThat(CorsSettings.normalized(text)).isNull();
    }

    @Test
    void takesNoOriginOfAnyLength() {
        assertThat(CorsSettings.normalized("https://" + "a".repeat(10_000))).isNull();
    }

    @Test
    void refusesWhatIsNoOriginAndAllBesideSome() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CorsSettings(List.of("https://a/")))
                .withMessageStartingWith("allowed_origins: https://a/ (expected: ");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CorsSettings(List.of("*", "https://a")))
                .withMessageStartingWith("allowed_origins: '*' beside");
    }
}

package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SuggestionTest {
    private static final List<String> KNOWN = List.of("priority", "api_key_env", "api_keys", "tls");

    @ParameterizedTest
    @CsvSource({"prioriy,priority", "pirority,priority", "API-Key-Env,api_key_env",
            "apikeys,api_keys", "tsl,tls"})
    void findsWhatWasMeant(String typed, String meant) {
        assertThat(Suggestion.nearest(typed, KNOWN)).isEqualTo(meant);
    }

    @ParameterizedTest
    @CsvSource({"colour", "x", "priceless"})
    void leavesOtherWordsAlone(String typed) {
        assertThat(Suggestion.nearest(typed, KNOWN)).isNull();
    }

    @Test
    void countsASwapOfNeighboursAsOneEdit() {
        assertThat(Suggestion.distance("ab", "ba")).isEqualTo(1);
        assertThat(Suggestion.distance("abcd", "acbx")).isEqualTo(2);
    }
}

package io.penstock.exchange.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StreamOptionsTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"include_usage\":true}|true",
        "{\"a\":{\"include_usage\":true}, \"include_usage\" : true }|true",
        "{\"include_usage\":false}|false",
        "{\"a\":{\"include_usage\":true}}|false",
        "{\"include_usage\":\"true\"}|false",
        "{}|false",
        "null|false",
        "{\"include_usage\":|false"})
    void knowsWhetherTheUsageIsAskedFor(String object, boolean asked) {
        assertThat(StreamOptions.asksForUsage(object)).isEqualTo(asked);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{}|{\"include_usage\":true}",
        "{\"include_usage\":false}|{\"include_usage\":true}",
        "{\"include_obfuscation\":false,\"x\":[1,{\"y\":2.50}]}"
                + "|{\"include_obfuscation\":false,\"x\":[1,{\"y\":2.50}],\"include_usage\":true}"})
    void asksForIt(String object, String asking) {
        assertThat(new String(StreamOptions.asking(object), StandardCharsets.UTF_8))
                .isEqualTo(asking);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "1", "{\"a\":", "{\"a\":1]"})
    void leavesWhatIsNoObjectToTheProvider(String text) {
        assertThat(StreamOptions.asking(text)).isNull();
    }

    @Test
    void keepsOneAnswerOnly() {
        assertThat(new String(StreamOptions.asking("{\"include_usage\":null,\"a\":1}"),
                StandardCharsets.UTF_8)).isEqualTo("{\"a\":1,\"include_usage\":true}");
    }
}

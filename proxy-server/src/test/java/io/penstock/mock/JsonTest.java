package io.penstock.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    private static Object parse(String text) throws IOException {
        return Json.parse(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void writesMembersInTheirOrderAndLeavesOutWhatIsAbsent() {
        assertThat(Json.object("b", 1, "a", Json.ABSENT, "c", null, "d", List.of(true, "x"),
                "e", Json.object()).toString())
                .isEqualTo("{\"b\":1,\"c\":null,\"d\":[true,\"x\"],\"e\":{}}");
    }

    @Test
    void escapesWhatHasToBe() {
        assertThat(Json.of("a\"\\\n\r\t\u0001ü😀").toString())
                .isEqualTo("\"a\\\"\\\\\\n\\r\\t\\u0001ü😀\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"a\":[1,2.50,-3e7],\"b\":{\"c\":null,\"d\":[]},\"e\":\"\\n\"}", "[]",
        "1.0", "\"x\"", "{}"})
    void writesWhatItReadAsItWas(String text) throws Exception {
        assertThat(Json.of(parse(text)).toString()).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "{} {}", "nul", "[1,]"})
    void refusesWhatIsNoJson(String text) {
        assertThatThrownBy(() -> parse(text)).isInstanceOf(IOException.class);
    }
}

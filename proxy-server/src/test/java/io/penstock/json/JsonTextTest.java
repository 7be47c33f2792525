package io.penstock.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTextTest {
    private static String quote(String text) {
        return JsonText.quote(new StringBuilder(), text).toString();
    }

    private static String unescape(String inside) throws JsonSyntaxException {
        byte[] bytes = inside.getBytes(StandardCharsets.UTF_8);
        return JsonText.unescape(bytes, bytes.length);
    }

    @Test
    void quotesWhatMayNotStandInAString() {
        assertThat(quote("a\"b\\c\n\r\t\u0000\u001f/\u007f\u00e9\ud83d\ude00"))
                .isEqualTo("\"a\\\"b\\\\c\\n\\r\\t\\u0000\\u001f/\u007f\u00e9\ud83d\ude00\"");
        assertThat(quote(null)).isEqualTo("null");
        assertThat(quote("")).isEqualTo("\"\"");
    }

    @Test
    void escapesHalvesOfSurrogatePairs() {
        assertThat(quote("\ud83d")).isEqualTo("\"\\ud83d\"");
        assertThat(quote("\ude00a")).isEqualTo("\"\\ude00a\"");
        assertThat(quote("\ud83d\ud83d\ude00\ude00"))
                .isEqualTo("\"\\ud83d\ud83d\ude00\\ude00\"");
    }

    @Test
    void unescapesWhatItQuoted() throws Exception {
        Random random = new Random(7);
        for (int round = 0; round < 5000; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(12); i > 0; i--) {
                text.append((char) random.nextInt(random.nextBoolean() ? 0x80 : 0x10000));
            }
            String quoted = quote(text.toString());
            assertThat(unescape(quoted.substring(1, quoted.length() - 1)))
                    .isEqualTo(text.toString());
        }
    }

    @Test
    void resolvesEveryEscape() throws Exception {
        assertThat(unescape("\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\uD83D\\uDE00\u00e9x"))
                .isEqualTo("\"\\/\b\f\n\r\tA\ud83d\ude00\u00e9x");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\\x", "\\", "a\\", "\\u", "\\u00", "\\u00g0", "\\u-001", "\\U0041",
        "\\u\uff10\uff10\uff14\uff11"})
    void refusesBadEscapes(String inside) {
        assertThatThrownBy(() -> unescape(inside)).isInstanceOf(JsonSyntaxException.class);
    }

    @ParameterizedTest
    @CsvSource({"true,true", "false,true", "null,true", "0,true", "-0,true", "12,true", "-1.5,true",
        "1e5,true", "1E+5,true", "0.0e-00,true", "01,false", "-,false", "+1,false", ".5,false",
        "1.,false", "1e,false", "1e+,false", "tru,false", "True,false", "nul,false", "NaN,false",
        "1.2.3,false", "0x1,false", "1-2,false", "--1,false", "-01,false", "truefalse,false"})
    void knowsScalars(String text, boolean scalar) {
        assertThat(JsonText.isScalar(text)).isEqualTo(scalar);
    }
}

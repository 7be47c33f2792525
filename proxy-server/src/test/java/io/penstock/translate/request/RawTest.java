package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RawTest {
    private static String string(Raw raw) {
        return new String(raw.bytes(), raw.start(), raw.length(), StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', ignoreLeadingAndTrailingWhitespace = false, value = {
        "plain,plain", "`a\\\"b\\\\c\\/d`,`a\"b\\c/d`", "\\u0041\\u00e9\\u20ac,A\u00e9\u20ac",
        "\\ud83d\\ude00,\ud83d\ude00", "x\\ud83dy,x\\ud83dy", "\\ude00\\ud83d,\\ude00\\ud83d",
        "\u00fc\ud83d\ude00,\u00fc\ud83d\ude00"})
    void saysWhatAStringSays(String inside, String text) {
        assertThat(Raw.ofJson(inside).text()).isEqualTo(text);
    }

    @Test
    void resolvesTheShortEscapes() {
        assertThat(Raw.ofJson("\\b\\f\\n\\r\\t").text()).isEqualTo("\b\f\n\r\t");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\\n\\t\\r\\f ", "\\u00a0\\u2003", "\u00a0\u3000 "})
    void knowsBlankStrings(String inside) {
        assertThat(Raw.ofJson(inside).isBlank()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", " a", "\\\\n", "\\u0061", "\u00e9", "\ud83d\ude00", "\\n.", "\\",
        "\\u00"})
    void knowsThoseThatAreNot(String inside) {
        assertThat(Raw.ofJson(inside).isBlank()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', ignoreLeadingAndTrailingWhitespace = false, value = {
        "`a \\n\\t `,a", "a\\\\n,a\\\\n", "`a\\\\\\n `,a\\\\", "an,an", "` `,``", "a,a"})
    void cutsBlanksAtTheEnd(String inside, String less) {
        assertThat(string(Raw.ofJson(inside).withoutTrailingBlanks())).isEqualTo(less);
    }

    @Test
    void givesABeginningWithoutHalfAnEscape() {
        Raw raw = Raw.ofJson("ab\\u0041\\n");

        assertThat(raw.prefix(2)).isEqualTo("ab");
        assertThat(raw.prefix(5)).isEqualTo("ab");
        assertThat(raw.prefix(8)).startsWith("ab");
        assertThat(raw.prefix(100)).isEqualTo("abA\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", " {\"a\":[{}]}\n", "{\"a\":1.0}"})
    void knowsObjects(String json) {
        assertThat(Raw.ofJson(json).isJsonObject()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "1", "{", "{}}", "{} {}", "{\"a\":}", "{\"a\":\"\n\"}",
        "null", "{\u0000}"})
    void knowsWhatIsNone(String json) {
        assertThat(Raw.ofJson(json).isJsonObject()).isFalse();
    }

    @Test
    void isNoObjectIfItIsTooDeep() {
        assertThat(Raw.ofJson("{\"a\":" + "[".repeat(600) + "]".repeat(600) + "}")
                .isJsonObject()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{ \"a\" : [ 1 , 2.0 ],\n\"b\":\" x \\\" \\\\ \\n \\u0041 \"}",
        "{\"a\\\"b\":\"\\\\\"}", "{\"\":\"\u00fc\ud83d\ude00\"}"})
    void becomesAStringThatSaysTheSameAndBack(String json) {
        ByteBuf out = Unpooled.buffer();
        new JsonOut(out).beginArray().asString(Raw.ofJson(json)).endArray();
        String written = out.toString(StandardCharsets.UTF_8);

        Object text = ((List<?>) JsonTree.of(written)).get(0);
        assertThat(JsonTree.of((String) text)).isEqualTo(JsonTree.of(json));
        assertThat((String) text).hasSizeLessThanOrEqualTo(json.length());
        assertThat(Raw.ofJson(written.substring(2, written.length() - 2)).text())
                .isEqualTo(text);
    }
}

package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CustomInputTest {
    /** What is told of arguments that come in pieces of a size, in all. */
    private static String told(String arguments, int size) {
        CustomInput input = new CustomInput();
        TextRun out = new TextRun();
        for (int at = 0; at < arguments.length(); at += size) {
            char[] piece = arguments.substring(at, Math.min(arguments.length(), at + size))
                    .toCharArray();
            input.read(piece, 0, piece.length, out);
        }
        input.finish(out);
        return out.toString();
    }

    private static String told(String arguments) {
        String whole = told(arguments, Integer.MAX_VALUE / 2);
        for (int size : new int[] {1, 2, 3, 7}) {
            assertThat(told(arguments, size)).as("in pieces of " + size).isEqualTo(whole);
        }
        return whole;
    }

    @Test
    void isTheTextInsideTheObject() {
        assertThat(told("{\"input\":\"*** Begin Patch\\n+\\\"a\\\" \\\\ "
                + "\\u00e9\\ud83d\\ude00\\/\"}"))
                .isEqualTo("*** Begin Patch\n+\"a\" \\ \u00e9\ud83d\ude00/");
        assertThat(told(" {\n  \"input\" : \"a\" }\n")).isEqualTo("a");
        assertThat(told("{\"input\":\"a\",\"more\":\"b\"}")).isEqualTo("a");
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '^', delimiter = '|', value = {
        "{\"why\":\"w\",\"input\":\"a\\n\"} | ^a\n^",
        "{\"patch\":\"a\"} | a",
        "{\"patch\":{},\"input\":\"a\"} | a",
        "{ } | ^^",
        "{} | ^^"})
    void isFoundBehindOtherMembersOrUnderAnotherName(String arguments, String text) {
        assertThat(told(arguments)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"*** Begin Patch\n*** End Patch", "[1]", "\"a\"",
        "{\"a\":\"b\",\"c\":\"d\"}",
        "{\"input\":1}", "{\"input\":{}}", "{\"inp ut\":[]}", "{\"a\":", "{oops}"})
    void isToldAsItCameIfItIsAnythingElse(String arguments) {
        assertThat(told(arguments)).isEqualTo(arguments);
    }

    @Test
    void isCutWhereTheAnswerIs() {
        assertThat(told("{\"input\":\"a\\nb\\")).isEqualTo("a\nb");
        assertThat(told("{\"input\":\"a\\u00")).isEqualTo("a");
        assertThat(told("")).isEmpty();
    }

    @Test
    void isToldWhileItComes() {
        CustomInput input = new CustomInput();
        TextRun out = new TextRun();
        char[] first = "{\"input\":\"ab\\".toCharArray();
        input.read(first, 0, first.length, out);

        assertThat(out.toString()).isEqualTo("ab");
    }

    @Test
    void holdsNoMoreThanItsBound() {
        CustomInput input = new CustomInput();
        TextRun out = new TextRun();
        char[] arguments = ("{\"a\":\"" + "x".repeat(CustomInput.MAX_HELD_CHARS)).toCharArray();
        input.read(arguments, 0, arguments.length, out);

        assertThat(out.length()).isEqualTo(arguments.length);
    }
}

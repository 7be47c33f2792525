package io.penstock.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.penstock.json.TopLevelScanner.Kind;
import io.penstock.testing.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TopLevelScannerTest {
    private static final String BODY = "\r\n\t { \"messages\" : [{\"role\":\"user\",\"model\":"
            + "\"inner\",\"content\":\"a \\\"quoted\\\" \\\\\"},[],{},\"}]\",\"\\\\\\\"\"],\n"
            + "\"model\":\"gpt-\\u0034o \u00fc\\n\\\"\ud83d\ude00\", \"modelx\":1,\"mode\":\"m\","
            + "\"n\":-1.5e+3,\"yes\":true,\"no\" : false , \"nil\":null,"
            + "\"obj\":{\"a\":[1,{\"b\":\"]}\\\\\"}]},\"list\":[ ],\"t\":\"\",\"empty\":{}} \n";
    private static final String[] NAMES =
            {"model", "n", "yes", "no", "nil", "obj", "list", "t", "gone", "stream"};
    private static final Kind[] KINDS = {Kind.STRING, Kind.NUMBER, Kind.TRUE, Kind.FALSE, Kind.NULL,
        Kind.OBJECT, Kind.ARRAY, Kind.STRING, Kind.ABSENT, Kind.ABSENT};
    private static final String[] RAW = {"\"gpt-\\u0034o \u00fc\\n\\\"\ud83d\ude00\"", "-1.5e+3",
        "true", "false", "null", "{\"a\":[1,{\"b\":\"]}\\\\\"}]}", "[ ]", "\"\""};

    private final TopLevelScanner scanner = new TopLevelScanner(NAMES);

    private static void scan(TopLevelScanner scanner, List<byte[]> pieces)
            throws JsonSyntaxException {
        for (byte[] piece : pieces) {
            ByteBuf buffer = Bytes.buffer("\"}").writeBytes(piece).skipBytes(2);
            try {
                scanner.scan(buffer);
                assertThat(buffer.readableBytes()).isEqualTo(piece.length);
            } finally {
                buffer.release();
            }
        }
    }

    private void refuse(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int size : Bytes.PIECE_SIZES) {
            TopLevelScanner fresh = new TopLevelScanner("model", "stream");
            assertThatThrownBy(() -> {
                scan(fresh, Bytes.pieces(bytes, size));
                fresh.end();
            }).as(text + " in pieces of " + size).isInstanceOf(JsonSyntaxException.class);
        }
    }

    @Test
    void findsEveryKindOfMemberHoweverTheTextComes() throws Exception {
        byte[] bytes = BODY.getBytes(StandardCharsets.UTF_8);
        for (List<byte[]> split : Bytes.allSplits(bytes)) {
            scanner.reset();
            scan(scanner, split);
            scanner.end();

            assertThat(scanner.isDone()).isTrue();
            for (int i = 0; i < NAMES.length; i++) {
                assertThat(scanner.kind(i)).as(NAMES[i]).isEqualTo(KINDS[i]);
            }
            for (int i = 0; i < RAW.length; i++) {
                assertThat(new String(Arrays.copyOfRange(bytes, (int) scanner.start(i),
                        (int) scanner.end(i)), StandardCharsets.UTF_8)).isEqualTo(RAW[i]);
            }
            assertThat(scanner.text(0)).isEqualTo("gpt-4o \u00fc\n\"\ud83d\ude00");
            for (int i = 1; i < 7; i++) {
                assertThat(scanner.text(i)).isEqualTo(RAW[i]);
            }
            assertThat(scanner.text(7)).isEmpty();
            assertThat(scanner.text(8)).isNull();
        }
    }

    @Test
    void findsTheEndOfStringsWithBackslashesWhereverTheyAreCut() throws Exception {
        for (int slashes = 0; slashes < 6; slashes++) {
            String string = "\"" + "\\\\".repeat(slashes) + (slashes % 2 == 0 ? "\\\"" : "")
                    + "\\\\\"";
            String text = "{\"a\":" + string + ",\"b\":[" + string + "],\"model\":" + string + "}";
            for (List<byte[]> split : Bytes.allSplits(Bytes.latin1(text))) {
                scanner.reset();
                scan(scanner, split);
                scanner.end();
                assertThat(text.substring((int) scanner.start(0), (int) scanner.end(0)))
                        .isEqualTo(string);
            }
        }
    }

    @Test
    void knowsWhereMembersBeginAndEnd() throws Exception {
        String text = "\n{ \"n\" : 1 ,\"x\":[2] , \"model\" :\"a\" ,\"obj\": {} }";
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1(text))) {
            scanner.reset();
            scan(scanner, split);
            scanner.end();

            assertThat(scanner.ordinal(1)).isZero();
            assertThat(text.substring((int) scanner.before(1), (int) scanner.after(1)))
                    .isEqualTo("{ \"n\" : 1 ,");
            assertThat(scanner.ordinal(0)).isEqualTo(2);
            assertThat(text.substring((int) scanner.before(0), (int) scanner.after(0)))
                    .isEqualTo(", \"model\" :\"a\" ,");
            assertThat(scanner.ordinal(5)).isEqualTo(3);
            assertThat(text.substring((int) scanner.before(5), (int) scanner.after(5)))
                    .isEqualTo(",\"obj\": {} ");
        }
    }

    @Test
    void keepsNothingOfTheTextBefore() throws Exception {
        scan(scanner, List.of(Bytes.latin1("{\"model\":\"a\",\"messages\":[[\"x\\")));
        scanner.reset();
        scan(scanner, List.of(Bytes.latin1("{\"n\":1}")));

        scanner.end();
        assertThat(scanner.kind(0)).isEqualTo(Kind.ABSENT);
        assertThat(scanner.text(0)).isNull();
        assertThat(scanner.start(1)).isEqualTo(5);
        assertThat(scanner.end(1)).isEqualTo(6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "[]", "null", "\"a\"", "{", "{\"model\":\"a\"", "{}}", "{}{}",
        "{} x", "{\"model\" \"a\"}", "{\"model\":}", "{\"model\":\"a\",}", "{,}", "{model:1}",
        "{'model':1}", "{\"a\":1 \"b\":2}", "{\"a\":tru}", "{\"a\":nulll}", "{\"a\":01}",
        "{\"a\":1.}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":NaN}", "{\"a\":-}", "{\"a\":[}",
        "{\"a\":[}]}", "{\"a\":{]}", "{\"a\":[\"]}", "{\"model\":\"\\x\"}", "{\"model\":\"\\u12\"}",
        "{\"a\":1}}", "{\"a\"}", "{\"a\":1,,\"b\":1}", "\ufeff{}", "{\"a\":\"b\"\"c\"}"})
    void refusesMalformedTexts(String text) {
        refuse(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"model\":\"a\",\"model\":\"b\"}",
        "{\"model\":\"a\",\"x\":1,\"model\":null}",
        "{\"stream\":true,\"stream\":true}"})
    void refusesAWantedNameThatStandsThereTwice(String text) {
        refuse(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"mod\\u0065l\":\"a\"}", "{\"\\\"\":1}", "{\"x\\/\":1}"})
    void refusesATopLevelNameWithAnEscape(String text) {
        refuse(text);
    }

    /** Jackson takes the first for {@code model} where it has read that name before. */
    @ParameterizedTest
    @ValueSource(strings = {"mode\u00ffl", "mod\u0080el", "model\u00c3", "\u00c1\u00adodel",
        "\u00e0\u0081\u00adodel", "\u00f8\u0088\u0080\u0081\u00adodel"})
    void refusesATopLevelNameThatIsNotUtf8(String name) {
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1("{\"" + name + "\":1}"))) {
            assertThatThrownBy(() -> scan(new TopLevelScanner("model"), split))
                    .isInstanceOf(JsonSyntaxException.class).hasMessageContaining("not UTF-8");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u00e9", "\u0800\uffff", "\ud83d\ude00", "\u4f60\u597d"})
    void readsTopLevelNamesInAnyScript(String name) throws Exception {
        byte[] text = ("{\"" + name + "\":1,\"model\":2}").getBytes(StandardCharsets.UTF_8);
        for (List<byte[]> split : Bytes.allSplits(text)) {
            scanner.reset();
            scan(scanner, split);
            scanner.end();

            assertThat(scanner.ordinal(0)).isEqualTo(1);
        }
    }

    @Test
    void leavesOtherNamesAlone() throws Exception {
        String longName = "model" + "x".repeat(100);
        scan(scanner, List.of(("{\"a\":1,\"a\":2,\"" + longName + "\":3,\"\":4,"
                + "\"mod\u00e9l\":5,\"o\":{\"mod\\u0065l\":6,\"model\":7,\"model\":8}}")
                .getBytes(StandardCharsets.UTF_8)));

        scanner.end();
        assertThat(scanner.kind(0)).isEqualTo(Kind.ABSENT);
    }

    @Test
    void boundsTheDepth() throws Exception {
        int max = TopLevelScanner.MAX_DEPTH;
        String deepest = "{\"a\":" + "[{\"b\":".repeat(max / 2) + "1" + "}]".repeat(max / 2) + "}";
        scan(scanner, List.of(Bytes.latin1(deepest)));
        scanner.end();

        refuse("{\"a\":" + "[".repeat(max + 1) + "]".repeat(max + 1) + "}");
    }

    @Test
    void boundsAWantedValueOnly() throws Exception {
        String fits = "x".repeat(TopLevelScanner.MAX_VALUE_BYTES);
        scan(scanner,
                List.of(Bytes.latin1("{\"model\":\"" + fits + "\",\"a\":\"" + fits + "yyy\"}")));
        scanner.end();
        assertThat(scanner.text(0)).isEqualTo(fits);

        refuse("{\"model\":\"" + fits + "x\"}");
        refuse("{\"model\":[\"" + fits + "\"]}");
        refuse("{\"a\":" + "1".repeat(100) + "}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "[1]|expected an object at byte 0",
        "{\"a\" 1}|expected a colon at byte 5",
        "{\"a\":x}|expected a value at byte 5",
        "{\"a\":nul}|expected a value at byte 5",
        "{\"a\":[}]|expected a closing bracket at byte 6",
    })
    void saysWhereItFailed(String text, String message) {
        for (int size : Bytes.PIECE_SIZES) {
            assertThatThrownBy(() -> scan(new TopLevelScanner("model"),
                    Bytes.pieces(Bytes.latin1(text), size))).hasMessage(message);
        }
    }

    @Test
    void saysWhyATextHasNotEnded() {
        assertThatThrownBy(scanner::end).hasMessageContaining("empty");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "[{\"a\":\"]\"}]|ARRAY", "\"x\\\"y\"|STRING", "{}|OBJECT", "12|NUMBER"})
    void locatesAValueOfAnyLengthThatIsNotWanted(String value, Kind kind) throws Exception {
        String filler = "y".repeat(TopLevelScanner.MAX_VALUE_BYTES);
        String large = kind == Kind.ARRAY ? value.replace("]\"", filler + "]\"") : value;
        String text = "{\"model\":\"m\", \"messages\" : " + large + " ,\"n\":1}";
        for (int size : Bytes.PIECE_SIZES) {
            TopLevelScanner scanner =
                    new TopLevelScanner("model", "messages", "n").locateOnly(1);
            scan(scanner, Bytes.pieces(Bytes.latin1(text), size));
            scanner.end();

            assertThat(scanner.kind(1)).isEqualTo(kind);
            assertThat(text.substring((int) scanner.start(1), (int) scanner.end(1)))
                    .isEqualTo(large);
            assertThat(scanner.text(0)).isEqualTo("m");
            assertThat(scanner.text(2)).isEqualTo("1");
        }
    }
}

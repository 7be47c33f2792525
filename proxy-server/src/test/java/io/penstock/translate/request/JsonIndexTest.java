package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.translate.request.JsonIndex.Kind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonIndexTest {
    private final JsonIndex index = new JsonIndex();

    private void read(String json) throws UntranslatableException {
        byte[] bytes = ("xx" + json + "yy").getBytes(StandardCharsets.UTF_8);
        index.read(bytes, 2, bytes.length - 2);
    }

    /** What the index says stands there, put together anew. */
    private Object tree(int value) {
        switch (index.kind(value)) {
            case OBJECT -> {
                if (index.first(value) == JsonIndex.NONE) { // empty, or not looked into
                    return JsonTree.of(new String(bytes(value), StandardCharsets.UTF_8));
                }
                Map<String, Object> members = new LinkedHashMap<>();
                for (int at = index.first(value); at != JsonIndex.NONE;
                        at = index.next(value, at)) {
                    members.put(index.name(at), tree(at));
                }
                return members;
            }
            case ARRAY -> {
                if (index.first(value) == JsonIndex.NONE) {
                    return JsonTree.of(new String(bytes(value), StandardCharsets.UTF_8));
                }
                List<Object> elements = new ArrayList<>();
                for (int at = index.first(value); at != JsonIndex.NONE;
                        at = index.next(value, at)) {
                    elements.add(tree(at));
                }
                return elements;
            }
            case STRING -> {
                return index.text(value);
            }
            default -> {
                return new JsonTree.Literal(index.text(value));
            }
        }
    }

    private byte[] bytes(int value) {
        Raw raw = index.raw(value);
        return Arrays.copyOfRange(raw.bytes(), raw.start(), raw.end());
    }

    private static void write(Random random, int depth, StringBuilder out) {
        String blank = " \n\t\r".substring(0, random.nextInt(3));
        out.append(blank);
        switch (depth > 12 ? 2 + random.nextInt(4) : random.nextInt(6)) {
            case 0 -> {
                out.append('{').append(blank);
                int count = random.nextInt(4);
                for (int i = 0; i < count; i++) {
                    out.append(i == 0 ? "" : ",").append(blank).append('"')
                            .append(random.nextInt(8) == 0 ? "schema" : "m\\u0065\\\"")
                            .append(i).append('"').append(blank).append(':');
                    write(random, depth + 1, out);
                }
                out.append('}');
            }
            case 1 -> {
                out.append('[').append(blank);
                int count = random.nextInt(4);
                for (int i = 0; i < count; i++) {
                    out.append(i == 0 ? "" : ",");
                    write(random, depth + 1, out);
                }
                out.append(']');
            }
            case 2 -> out.append("\"a\\\\\\\"\\u00e9\u00fc\ud83d\ude00{[,:\\n\"");
            case 3 -> out.append(random.nextBoolean() ? "-1.50e+3" : "0");
            case 4 -> out.append(random.nextBoolean() ? "true" : "false");
            default -> out.append("null");
        }
        out.append(blank);
    }

    @Test
    void knowsWhereEveryValueStands() throws Exception {
        Random random = new Random(7);
        for (int round = 0; round < 500; round++) {
            StringBuilder json = new StringBuilder("{\"first\":");
            write(random, 1, json);
            json.append(",\"second\":");
            write(random, 1, json);
            json.append('}');
            read(json.toString());

            assertThat(tree(index.root())).as(json.toString())
                    .isEqualTo(JsonTree.of(json.toString()));
        }
    }

    @Test
    void refusesWhateverIsNotWholeAndSaysSo() {
        String json = "{\"a\":[1,{\"b\":\"c\\\"\"}],\"d\":null,\"e\":-1.5}";
        for (int length = 0; length < json.length(); length++) {
            String cut = json.substring(0, length);
            assertThatThrownBy(() -> read(cut)).as(cut)
                    .isInstanceOfSatisfying(UntranslatableException.class, e -> {
                        assertThat(e.code()).isEqualTo("invalid_json");
                        assertThat(e.param()).isNull();
                        assertThat(e.isCallersMistake()).isTrue();
                    });
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "``|the body is not a JSON object",
        "[]|the body is not a JSON object",
        "{\"a\":1|the JSON ends too early",
        "{\"a\":1} x|the body is not valid JSON at byte 8",
        "{\"a\":1}{}|expected nothing after the object at byte 7",
        "{\"a\":tru}|the body is not valid JSON at byte 5",
        "{\"a\" 1}|the body is not valid JSON at byte 5",
        "{\"a\":01}|the body is not valid JSON at byte 6",
        "{\"a\":\"\t\"}|the body is not valid JSON at byte 6",
        "{a:1}|the body is not valid JSON at byte 1",
    })
    void saysWhereItFailed(String json, String message) {
        assertThatThrownBy(() -> read(json)).hasMessage(message);
    }

    @Test
    void isNotFooledByOtherEncodings() {
        byte[] utf16 = "{\"a\":1}".getBytes(StandardCharsets.UTF_16LE);
        byte[] marked = "\ufeff{\"a\":1}".getBytes(StandardCharsets.UTF_8);

        assertThatThrownBy(() -> index.read(utf16, 0, utf16.length))
                .isInstanceOf(UntranslatableException.class);
        assertThatThrownBy(() -> index.read(marked, 0, marked.length))
                .isInstanceOf(UntranslatableException.class);
    }

    @Test
    void boundsTheDepth() throws Exception {
        int max = JsonIndex.MAX_DEPTH - 1; // the object itself is a level
        read("{\"a\":" + "[".repeat(max) + "]".repeat(max) + "}");

        assertThatThrownBy(() -> read("{\"a\":" + "[".repeat(100_000)))
                .hasMessageContaining("nested deeper than 512 levels");
    }

    @Test
    void boundsTheValues() throws Exception {
        read("{\"a\":[" + "0,".repeat(JsonIndex.MAX_VALUES - 3) + "0]}");

        assertThatThrownBy(() -> read("{\"a\":[" + "0,".repeat(JsonIndex.MAX_VALUES - 2) + "0]}"))
                .hasMessageContaining("more than 1048576 values");
        read("{\"b\":1}");
        assertThat(index.text(index.member(index.root(), "b"))).isEqualTo("1");
    }

    @Test
    void looksNoDeeperThanAnyFormatDoes() throws Exception {
        read("{\"schema\":{\"a\":1},\"x\":" + "[".repeat(10) + "1" + "]".repeat(10)
                + ",\"input\":[{\"input\":{\"a\":1}}]}");

        int schema = index.member(index.root(), "schema");
        assertThat(index.first(schema)).isEqualTo(JsonIndex.NONE);
        assertThat(new String(bytes(schema), StandardCharsets.UTF_8)).isEqualTo("{\"a\":1}");
        int item = index.first(index.member(index.root(), "input"));
        assertThat(index.first(index.member(item, "input"))).isEqualTo(JsonIndex.NONE);
        int at = index.member(index.root(), "x");
        int depth = 0;
        while (index.first(at) != JsonIndex.NONE) {
            at = index.first(at);
            depth++;
        }
        assertThat(depth).isEqualTo(8);
        assertThat(new String(bytes(at), StandardCharsets.UTF_8)).isEqualTo("[[1]]");
    }

    @Test
    void takesTheLastOfTwoMembersAndNoNull() throws Exception {
        read("{\"a\":1,\"b\":2,\"a\":3,\"c\":4,\"c\":null}");

        assertThat(index.text(index.member(index.root(), "a"))).isEqualTo("3");
        assertThat(index.member(index.root(), "c")).isEqualTo(JsonIndex.NONE);
        assertThat(index.member(index.root(), "d")).isEqualTo(JsonIndex.NONE);
        assertThat(index.is(index.member(index.root(), "b"), Kind.NUMBER)).isTrue();
    }
}

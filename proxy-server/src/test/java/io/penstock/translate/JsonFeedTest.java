package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonFeedTest {
    private final JsonFeed feed = new JsonFeed();

    private JsonFeed begin(String json) throws IOException {
        byte[] bytes = ("xx" + json).getBytes(StandardCharsets.UTF_8);
        feed.begin(bytes, 2, bytes.length);
        return feed;
    }

    private String copy(String json) throws IOException {
        TextRun out = new TextRun();
        begin(json).copyTo(out);
        feed.end();
        return out.toString();
    }

    @Test
    void readsOneValueAfterAnother() throws IOException {
        for (int i = 0; i < 40_000; i++) { // more than one parser is used for
            begin("{\"n\":" + i + "}");
            assertThat(feed.nextMember()).isTrue();
            assertThat(feed.count()).isEqualTo(i);
            assertThat(feed.nextMember()).isFalse();
            feed.end();
        }
    }

    @Test
    void readsAValueTwice() throws IOException {
        begin("[1]").skip();
        feed.end();
        feed.restart();
        assertThat(feed.nextElement()).isTrue();
    }

    @Test
    void startsAfreshAfterAMistake() throws IOException {
        assertThatThrownBy(() -> begin("{\"a\":[").skip()).isInstanceOf(IOException.class);

        assertThat(copy("{\"a\":1}")).isEqualTo("{\"a\":1}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}{}", "{} x", "[]]"})
    void noticesWhatStandsBehind(String json) {
        assertThatThrownBy(() -> {
            begin(json).skip();
            feed.end();
        }).isInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "{", "[1", "\"a", "{\"a\":"})
    void noticesWhatIsNotWhole(String json) {
        assertThatThrownBy(() -> {
            begin(json).skip();
            feed.end();
        }).isInstanceOf(IOException.class);
    }

    @Test
    void copiesCompactlyAndInOrder() throws IOException {
        assertThat(copy("{ \"b\" : [ 1.0, -2E+3, true, null, {}, [] ], \"a\" : { \"x\" : \"\" } }"))
                .isEqualTo("{\"b\":[1.0,-2E+3,true,null,{},[]],\"a\":{\"x\":\"\"}}");
        assertThat(copy("[\"\\u0000\\n\\\"\\\\\\u00e9\\ud83d\\ude00\\ude00\", \"\\/\"]"))
                .isEqualTo("[\"\\u0000\\n\\\"\\\\\u00e9\ud83d\ude00\\ude00\",\"/\"]");
        assertThat(copy("[12345678901234567890123]")).isEqualTo("[12345678901234567890123]");
    }

    @ParameterizedTest
    @CsvSource({"3, 3", "-3, 0", "2.9, 2", "1e99, 1000000000000000", "'\"7\"', 7", "'\"x\"', -1",
        "null, -1", "true, -1", "'{\"a\":1}', -1", "'\"NaN\"', -1",
        "99999999999999999999, 1000000000000000"})
    void countsWhatCanBeCounted(String json, long count) throws IOException {
        begin("[" + json + "]").nextElement();

        assertThat(feed.count()).isEqualTo(count);
        assertThat(feed.nextElement()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"0, false", "1, true", "null, false", "'\"\"', false", "'\"a\"', true",
        "'{}', false", "'{\"a\":{}}', true", "'[]', false", "'[[]]', true", "false, false"})
    void tellsSomethingFromNothing(String json, boolean truthy) throws IOException {
        begin("[" + json + ",5]").nextElement();

        assertThat(feed.isTruthy()).isEqualTo(truthy);
        assertThat(feed.nextElement()).isTrue();
        assertThat(feed.count()).isEqualTo(5);
    }

    @Test
    void makesNoNewStringForAWordItKnows() throws IOException {
        begin("[\"stop\",\"stop\",\"go\"]").nextElement();
        String first = feed.word();
        feed.nextElement();

        assertThat(feed.word()).isSameAs(first).isEqualTo("stop");
        feed.nextElement();
        assertThat(feed.word()).isEqualTo("go");
    }
}

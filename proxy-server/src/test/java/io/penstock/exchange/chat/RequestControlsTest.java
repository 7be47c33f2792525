package io.penstock.exchange.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.exchange.call.BodyEdits;
import io.penstock.exchange.call.CallersTimeout;
import io.penstock.exchange.call.RequestBody;
import io.penstock.failure.Failure;
import io.penstock.http.RequestHead;
import io.penstock.json.TopLevelScanner;
import io.penstock.limit.Gauge;
import io.penstock.testing.Bytes;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestControlsTest {
    private RequestControls controls = new RequestControls();
    private final RequestFields fields = new RequestFields();

    private Failure begin(String... lines) throws Exception {
        StringBuilder text = new StringBuilder("POST / HTTP/1.1\r\nhost: a\r\n");
        List.of(lines).forEach(line -> text.append(line).append("\r\n"));
        ByteBuf bytes = Bytes.buffer(text.append("\r\n").toString());
        RequestHead head = new RequestHead(8192);
        head.parse(bytes);
        bytes.release();
        controls = new RequestControls();
        return controls.read(head);
    }

    private Failure read(String body, boolean takesModels) throws Exception {
        TopLevelScanner scanner = RequestFields.newScanner();
        ByteBuf bytes = Bytes.buffer(body);
        scanner.scan(bytes);
        scanner.end();
        bytes.release();
        Failure mistake = controls.read(scanner, takesModels);
        return mistake != null ? mistake : fields.read(scanner, controls.firstModel(), null);
    }

    /** The body as a target gets it that knows the model as {@code model}. */
    private String sent(String body, String model, boolean asks) {
        BodyEdits edits = new BodyEdits();
        fields.fit(edits, model, asks);
        controls.strip(edits);
        String sent = null;
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1(body))) {
            RequestBody kept = new RequestBody(new Gauge(1 << 20));
            split.forEach(piece -> kept.add(PooledByteBufAllocator.DEFAULT, Bytes.buffer(piece)));
            ByteBuf out = PooledByteBufAllocator.DEFAULT.directBuffer();
            kept.copyTo(out, edits);
            assertThat(out.readableBytes()).isEqualTo((int) kept.lengthWith(edits));
            kept.release();
            String now = Bytes.drain(out);
            assertThat(sent == null ? now : sent).isEqualTo(now);
            sent = now;
        }
        return sent;
    }

    private List<String> models() {
        return controls.models(fields.model());
    }

    // In the body

    @Test
    void saysNothingWhereTheCallerSaysNothing() throws Exception {
        assertThat(begin("x-penstock-cache: no-store")).isNull();
        assertThat(read("{\"model\":\"a\"}", false)).isNull();

        assertThat(models()).containsExactly("a");
        assertThat(controls.timeoutNanos()).isEqualTo(CallersTimeout.NONE);
        assertThat(sent("{\"model\":\"a\"}", "a", false)).isEqualTo("{\"model\":\"a\"}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{'models':['a','b'],'x':1}|{'model':'t','x':1}",
        "{ 'x' : 1 , 'models' : [ 'a' , 'b' ] }|{ 'x' : 1 ,'model':'t' }",
        "{'models':['a','b']}|{'model':'t'}",
        "{'model':'z','models':['a','b'],'x':1}|{'model':'t','x':1}",
        "{'models':['a','b'],'model':'z','x':1}|{'model':'t','x':1}",
        "{'models':['a','b'],'model':'t'}|{'model':'t'}",
        "{'model':null,'models':['a','b']}|{'model':'t'}",
        "{'models':['a'],'fallbacks':['b'],'x':1}|{'model':'t','x':1}",
        "{'fallbacks':['b'],'models':['a'],'x':1}|{'model':'t','x':1}",
        "{'models':['a'],'fallbacks':['b'],'model':'z','x':1}|{'model':'t','x':1}",
        "{'fallbacks':['b'],'models':['a'],'model':'z','x':1}|{'model':'t','x':1}",
        "{'fallbacks':['b'],'model':'z','models':['a'],'x':1}|{'model':'t','x':1}",
        "{'models':['a'],'model':'z','fallbacks':['b']}|{'model':'t'}",
        "{'model':'z','x':1,'models':['a'],'fallbacks':['b']}|{'model':'t','x':1}",
    })
    void putsOneModelInThePlaceOfSeveral(String body, String expected) throws Exception {
        String json = body.replace('\'', '"');
        begin();

        assertThat(read(json, true)).isNull();

        assertThat(models()).containsExactly("a", "b");
        assertThat(fields.model()).isEqualTo("a");
        assertThat(sent(json, "t", false)).isEqualTo(expected.replace('\'', '"'));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{'model':'a','fallbacks':['b','c'],'x':1}|{'model':'a','x':1}",
        "{'fallbacks':['b','c'],'model':'a','x':1}|{'model':'a','x':1}",
        "{ 'fallbacks' : [ 'b' , 'c' ] , 'model' : 'a' }|{ 'model' : 'a' }",
        "{'x':1 , 'model':'a' , 'fallbacks':['b','c'] }|{'x':1 , 'model':'a'  }",
    })
    void takesFallbacksOutOfTheBody(String body, String expected) throws Exception {
        String json = body.replace('\'', '"');
        begin();

        assertThat(read(json, false)).isNull();

        assertThat(models()).containsExactly("a", "b", "c");
        assertThat(sent(json, "a", false)).isEqualTo(expected.replace('\'', '"'));
    }

    @Test
    void asksForTheUsageAllTheSame() throws Exception {
        begin();
        String[] bodies = {"{\"model\":\"a\",\"fallbacks\":[\"b\"],\"stream\":true}",
            "{\"fallbacks\":[\"b\"],\"model\":\"a\",\"stream\":true}"};
        for (String body : bodies) {
            for (String target : new String[] {"a", "t"}) {
                assertThat(read(body, false)).isNull();
                assertThat(sent(body, target, true)).isEqualTo("{\"model\":\"" + target
                        + "\",\"stream_options\":{\"include_usage\":true},\"stream\":true}");
            }
        }
        String body = "{\"models\":[\"a\"],\"fallbacks\":[],\"stream_options\":null}";
        assertThat(read(body, true)).isNull();
        assertThat(sent(body, "t", true)).isEqualTo(
                "{\"model\":\"t\",\"stream_options\":{\"include_usage\":true}}");
    }

    @Test
    void leavesTheModelsOfOtherEndpointsToTheProvider() throws Exception {
        String body = "{\"model\":\"a\",\"models\":[\"x\",{\"y\":1}],\"route\":\"fallback\"}";
        begin();

        assertThat(read(body, false)).isNull();

        assertThat(models()).containsExactly("a");
        assertThat(sent(body, "a", false)).isEqualTo(body);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "null", "\"a\"", "{}", "[1]", "[\"a\",null]", "[\"a\",[\"b\"]]",
        "[\"\"]", "[\" \"]", "[\"a\",]", "[\"a\" \"b\"]", "[\"a\\x\"]",
        "[1,2,3,4,5,6,7,8,9,10,11]"})
    void refusesModelsThatAreNone(String models) throws Exception {
        begin();

        Failure mistake = read("{\"models\":" + models + "}", true);

        assertThat(mistake.kind()).isEqualTo(Failure.Kind.BAD_REQUEST);
        assertThat(mistake.param()).isEqualTo("models");
        assertThat(mistake.message()).contains("'models'").contains("1 to 10");
        assertThat(read("{\"models\":[\"a\"]}", true)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"b\"", "{}", "[1]", "[{\"model\":\"b\"}]", "true", "[\"\"]"})
    void refusesFallbacksThatAreNone(String fallbacks) throws Exception {
        begin();

        Failure mistake = read("{\"model\":\"a\",\"fallbacks\":" + fallbacks + "}", false);

        assertThat(mistake.kind()).isEqualTo(Failure.Kind.BAD_REQUEST);
        assertThat(mistake.param()).isEqualTo("fallbacks");
    }

    @Test
    void boundsTheNamesInNumberAndLength() throws Exception {
        begin();
        List<String> ten = Collections.nCopies(10, "\"" + "x".repeat(512) + "\"");
        assertThat(read("{\"models\":[" + String.join(",", ten) + "]}", true)).isNull();
        assertThat(models()).hasSize(1); // each once

        List<String> eleven = Collections.nCopies(11, "\"a\"");
        assertThat(read("{\"models\":[" + String.join(",", eleven) + "]}", true)).isNotNull();
        assertThat(read("{\"models\":[\"" + "x".repeat(513) + "\"]}", true)).isNotNull();
        assertThat(begin("x-penstock-fallbacks: " + "a,".repeat(11))).isNotNull();
    }

    @Test
    void missesModelsWhereTheyAreNotNamed() throws Exception {
        begin();

        assertThat(read("{\"model\":\"a\"}", true).kind())
                .isEqualTo(Failure.Kind.MISSING_MODEL);
        assertThat(read("{\"fallbacks\":[\"a\"]}", false).param()).isEqualTo("model");
    }

    // In the head

    @Test
    void takesFallbacksOfTheHeadUnlessTheBodySpeaksOfThem() throws Exception {
        assertThat(begin("x-penstock-fallbacks: b ,, org/c", "X-Penstock-Fallbacks:d")).isNull();
        assertThat(read("{\"model\":\"a\"}", false)).isNull();
        assertThat(models()).containsExactly("a", "b", "org/c", "d");

        begin("x-penstock-fallbacks: b");
        assertThat(read("{\"model\":\"a\",\"fallbacks\":[\"c\"]}", false)).isNull();
        assertThat(models()).containsExactly("a", "c");

        begin("x-penstock-fallbacks: b");
        assertThat(read("{\"model\":\"a\",\"fallbacks\":[]}", false)).isNull();
        assertThat(models()).containsExactly("a");

        begin("x-penstock-fallbacks: b");
        assertThat(read("{\"models\":[\"x\",\"y\"]}", true)).isNull();
        assertThat(models()).containsExactly("x", "y", "b");
    }

    @ParameterizedTest
    @CsvSource({"30s,30000", "500ms,500", "12.5,12500", "12,12000", "1.5m,90000", "2h,7200000",
        "0.25s,250"})
    void readsTimes(String value, long millis) throws Exception {
        assertThat(begin("x-penstock-timeout: " + value)).isNull();

        assertThat(controls.timeoutNanos()).isEqualTo(Duration.ofMillis(millis).toNanos());
        begin();
        assertThat(controls.timeoutNanos()).isEqualTo(CallersTimeout.NONE);
    }

    @Test
    void boundsATimeFarFromOverflow() throws Exception {
        assertThat(begin("x-penstock-timeout: 999999999h")).isNull();

        assertThat(controls.timeoutNanos()).isEqualTo(Duration.ofDays(365).toNanos());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "0s", "0.0000000001s", "-1s", "+1", "1e3", "1 s", "30sec",
        "soon", "1d", ".5", "5.", "1s, 2s", "9999999999"})
    void refusesWhatIsNoTime(String value) throws Exception {
        Failure mistake = begin("x-penstock-timeout: " + value);

        assertThat(mistake.kind()).isEqualTo(Failure.Kind.BAD_REQUEST);
        assertThat(mistake.param()).isEqualTo("x-penstock-timeout");
    }
}

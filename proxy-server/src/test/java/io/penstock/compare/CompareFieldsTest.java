package io.penstock.compare;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.exchange.call.BodyEdits;
import io.penstock.exchange.call.RequestBody;
import io.penstock.failure.Failure;
import io.penstock.json.TopLevelScanner;
import io.penstock.limit.Gauge;
import io.penstock.testing.Bytes;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CompareFieldsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static TopLevelScanner scan(String body) throws Exception {
        TopLevelScanner scanner = CompareFields.newScanner();
        ByteBuf bytes = Bytes.buffer(body);
        scanner.scan(bytes);
        scanner.end();
        bytes.release();
        return scanner;
    }

    private static String asked(String body, String model) throws Exception {
        CompareFields fields = CompareFields.of(scan(body));
        RequestBody kept = new RequestBody(new Gauge(0));
        kept.add(PooledByteBufAllocator.DEFAULT, Bytes.buffer(body));
        BodyEdits edits = new BodyEdits();
        fields.ask(model, edits);
        ByteBuf whole = kept.whole(PooledByteBufAllocator.DEFAULT, edits);
        kept.release();
        return Bytes.drain(whole);
    }

    /** Every order of these members, and every choice of them beside the models. */
    @Test
    void makesAChatOfItWhereverItsMembersStand() throws Exception {
        List<String> members = List.of("\"models\": [\"a\" , \"b\"]", "\"failover\":true",
                "\"model\":\"x\"", " \"messages\":[]", "\"stream\":true");
        for (List<String> order : permutations(members)) {
            for (int chosen = 0; chosen < 1 << 5; chosen++) {
                List<String> some = new ArrayList<>();
                for (int i = 0; i < order.size(); i++) {
                    if ((chosen >> i & 1) == 1 || order.get(i).startsWith("\"models\"")) {
                        some.add(order.get(i));
                    }
                }
                String body = "{" + String.join(" , ", some) + " }";
                StringBuilder left = new StringBuilder("{\"model\":\"b\\\"c\"");
                some.stream().filter(m -> m.contains("messages") || m.contains("stream"))
                        .forEach(m -> left.append(',').append(m));

                assertThat(JSON.readTree(asked(body, "b\"c"))).as(body)
                        .isEqualTo(JSON.readTree(left.append('}').toString()));
            }
        }
    }

    private static List<List<String>> permutations(List<String> of) {
        if (of.isEmpty()) {
            return List.of(List.of());
        }
        List<List<String>> all = new ArrayList<>();
        for (String first : of) {
            List<String> rest = new ArrayList<>(of);
            rest.remove(first);
            for (List<String> tail : permutations(rest)) {
                List<String> one = new ArrayList<>(List.of(first));
                one.addAll(tail);
                all.add(one);
            }
        }
        return all;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"{}|missing_model|models",
        "{\"models\":[]}|invalid_request|models", "{\"models\":[\"a\"]}|invalid_request|models",
        "{\"models\":\"a,b\"}|invalid_request|models",
        "{\"models\":[\"a\",1]}|invalid_request|models",
        "{\"models\":[\"a\",\" \"]}|invalid_request|models",
        "{\"models\":[[\"a\",\"b\"]]}|invalid_request|models",
        "{\"models\":[1,2,3,4,5,6,7,8,9,10,11]}|invalid_request|models",
        "{\"models\":[\"a\",\"b\"],\"stream\":\"yes\"}|invalid_request|stream",
        "{\"models\":[\"a\",\"b\"],\"failover\":1}|invalid_request|failover"})
    void saysWhatIsWrong(String body, String code, String param) throws Exception {
        Failure mistake = CompareFields.of(scan(body)).mistake();
        assertThat(mistake.kind().code()).isEqualTo(code);
        assertThat(mistake.param()).isEqualTo(param);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"models\":[\"a\",\"a\"]}",
        "{\"models\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\"],"
                + "\"stream\":null,\"failover\":false}"})
    void takesWhatIsRight(String body) throws Exception {
        assertThat(CompareFields.of(scan(body)).mistake()).isNull();
        assertThat(CompareFields.of(scan(body)).isStream()).isFalse();
        assertThat(CompareFields.of(scan(body)).mayFailOver()).isFalse();
    }
}

package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.testing.Bytes;
import io.penstock.testing.Golden;
import io.penstock.translate.ChatStream.Meaning;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every caller gets of every sample of every provider's replies, byte for byte, wherever the
 * sample is cut: a golden file for each, with a section for each caller's format. An error is
 * written as the exchange would, once it is told.
 */
class GoldenReplyTest {
    /** Fixtures that are no replies, and who tests with them. */
    private static final Map<String, String> OTHERS = Map.of(
            "bedrock-converse-stream.jsonl", "EventStreamSplitterTest",
            "bedrock-sigv4-vectors.json", "AwsSignerTest",
            "golden-request-anthropic.json", "GoldenRequestTest",
            "golden-request-openai.json", "GoldenRequestTest",
            "sse-torture.sse", "EventSplitterTest, EventDataTest, ReplyFixtureTest");

    static Stream<String> streams() {
        return ReplySamples.STREAMS.stream();
    }

    static Stream<String> bodies() {
        return ReplySamples.BODIES.stream();
    }

    static Stream<Arguments> streamsAndCallers() {
        return streams().flatMap(name -> ReplySamples.CLIENTS.stream()
                .map(client -> Arguments.of(name, client)));
    }

    private static Translated begin(String name, ReplyFormat client) {
        return new Translated(ReplySamples.formatOf(name), client, ReplySamples.options(name));
    }

    /** What the caller gets of a stream that comes in a first piece and others of a size. */
    private static String told(Translated translated, byte[] bytes, int first, int size) {
        translated.feed(bytes, first, size);
        if (translated.end() == Meaning.ERROR) {
            translated.translator.fail(translated.translator.error(), translated.out());
        }
        return translated.text();
    }

    private static String heading(ReplyFormat client, Object end) {
        return "=== " + client.name().toLowerCase(Locale.ROOT) + ": " + end + "\n";
    }

    @ParameterizedTest
    @MethodSource("streams")
    void aStreamIsToldInEveryFormat(String name) {
        byte[] bytes = Bytes.fixture(name);
        StringBuilder all = new StringBuilder();
        for (ReplyFormat client : ReplySamples.CLIENTS) {
            Translated translated = begin(name, client);
            String text = told(translated, bytes, bytes.length, 0);
            int last = translated.meanings.size() - 1;
            all.append(heading(client, translated.meanings.get(last))).append(text);
        }
        Golden.check("replies/" + name.replaceAll("\\.[a-z]+$", ".txt"), all.toString());
    }

    @ParameterizedTest
    @MethodSource("streamsAndCallers")
    void itReadsTheSameWhereverItIsCut(String name, ReplyFormat client) {
        byte[] bytes = Bytes.fixture(name);
        String whole = told(begin(name, client), bytes, bytes.length, 0);

        for (int size : Bytes.PIECE_SIZES) {
            assertThat(told(begin(name, client), bytes, size, size)).isEqualTo(whole);
        }
        for (int cut = 1; cut < bytes.length; cut++) {
            String told = told(begin(name, client), bytes, cut, bytes.length - cut);
            if (!told.equals(whole)) { // thousands of times: assertThat is no quick word
                assertThat(told).as("cut at " + cut).isEqualTo(whole);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("bodies")
    void aUnaryReplyIsToldInEveryFormat(String name) {
        StringBuilder all = new StringBuilder();
        for (ReplyFormat client : ReplySamples.CLIENTS) {
            all.append(heading(client, Meaning.DONE)).append(Translated.unary(
                    ReplySamples.formatOf(name), client, ReplySamples.options(name),
                    Bytes.fixture(name))).append("\n");
        }
        Golden.check("replies/" + name.replaceAll("\\.[a-z]+$", ".txt"), all.toString());
    }

    @Test
    void anErrorIsToldInEveryFormat() {
        StringBuilder all = new StringBuilder();
        for (String name : ReplySamples.ERRORS) {
            int status = ReplySamples.sidecar(name).get("status").asInt();
            ByteBuf body = Bytes.buffer(Bytes.fixture(name));
            ReplyError error = new ReplyTranslator(Translated.loop()).readError(status, body);
            body.release();
            all.append("# ").append(name).append(": ").append(status).append("\n");
            for (ReplyFormat client : ReplySamples.CLIENTS) {
                all.append(heading(client, error.statusFor(client)))
                        .append(ErrorBody.of(client, error)).append("\n");
            }
        }
        Golden.check("replies/errors.txt", all.toString());
    }

    @Test
    void noSampleIsForgotten() {
        assertThat(ReplySamples.files()).allSatisfy(name -> assertThat(
                ReplySamples.STREAMS.contains(name) || ReplySamples.BODIES.contains(name)
                || ReplySamples.ERRORS.contains(name) || OTHERS.containsKey(name)).isTrue());
    }
}

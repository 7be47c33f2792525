package io.penstock.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResponseReaderTest {
    private static final String UNARY = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            + "Content-Length: 11\r\n\r\n{\"a\":\"bcd\"}";
    private static final String STREAM = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            + "transfer-encoding: chunked\r\n\r\n"
            + chunk("", "data: {\"content\":\"\"}")
            + chunk(";ext=1", "\n\n: a comment\n\nevent: x\ndata:{\"content\"")
            + chunk("", ": \"hi\",\"t\":12345}\r\n\r\ndata: [DO")
            + chunk("", "NE]\n\n")
            + "0\r\ntrailer: x\r\n\r\n";

    private final List<Long> stamps = new ArrayList<>();

    @Test
    void readsTheSameWhereverTheBytesAreSplit() throws Exception {
        for (int first = 1; first < STREAM.length(); first++) {
            stamps.clear();
            ResponseReader reader = reader("t");

            feed(reader, STREAM.substring(0, first));
            assertThat(reader.isComplete()).isFalse();
            feed(reader, STREAM.substring(first));

            assertWholeStream(reader);
        }
    }

    @Test
    void readsTheSameInPiecesOfAnySize() throws Exception {
        for (int size : new int[] {1, 2, 3, 7, STREAM.length()}) {
            stamps.clear();
            ResponseReader reader = reader("t");

            for (int i = 0; i < STREAM.length(); i += size) {
                feed(reader, STREAM.substring(i, Math.min(STREAM.length(), i + size)));
            }

            assertWholeStream(reader);
        }
    }

    private void assertWholeStream(ResponseReader reader) {
        assertThat(reader.isComplete()).isTrue();
        assertThat(reader.status()).isEqualTo(200);
        assertThat(reader.isEventStream()).isTrue();
        assertThat(reader.isPersistent()).isTrue();
        assertThat(reader.events().events()).isEqualTo(2);
        assertThat(reader.events().isContentSeen()).isTrue();
        assertThat(reader.events().isDone()).isTrue();
        assertThat(reader.events().isErrorSeen()).isFalse();
        assertThat(stamps).containsExactly(12345L);
    }

    @Test
    void stopsAtTheEndOfAResponse() throws Exception {
        ResponseReader reader = reader(null);
        byte[] two = (UNARY + UNARY).getBytes(StandardCharsets.US_ASCII);

        int end = reader.read(two, 0, two.length);

        assertThat(end).isEqualTo(UNARY.length());
        assertThat(reader.isComplete()).isTrue();
        assertThat(reader.bodyBytes()).isEqualTo(11);
    }

    @Test
    void readsTheNextResponseAfterAReset() throws Exception {
        ResponseReader reader = reader("t");
        feed(reader, UNARY);
        reader.reset();

        feed(reader, STREAM);

        assertWholeStream(reader);
    }

    @Test
    void takesAnEmptyDeltaForNoContent() throws Exception {
        ResponseReader reader = reader(null);

        feed(reader, stream("data: {\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}\n\n"
                + "data: {\"delta\":{\"content\":null}}\n\n"));

        assertThat(reader.events().events()).isEqualTo(2);
        assertThat(reader.events().isContentSeen()).isFalse();
    }

    @Test
    void takesAQuotedKeyForText() throws Exception {
        ResponseReader reader = reader(null);

        feed(reader, stream("data: {\"x\":\"\\\"content\\\":\\\"y\\\"\"}\n\n"));

        assertThat(reader.events().isContentSeen()).isFalse();
    }

    @Test
    void findsContentInTheVeryFirstKey() throws Exception {
        ResponseReader reader = reader(null);

        feed(reader, stream("data: {\"text\":\"y\"}\n\n"));

        assertThat(reader.events().isContentSeen()).isTrue();
    }

    @Test
    void seesAnErrorEvent() throws Exception {
        ResponseReader reader = reader(null);

        feed(reader, stream("data: {\"a\":1}\n\ndata: {\"error\":{}}\n\ndata: [DONE]\n\n"));

        assertThat(reader.events().isErrorSeen()).isTrue();
        assertThat(reader.events().events()).isEqualTo(2);
    }

    @Test
    void passesInterimResponsesBy() throws Exception {
        ResponseReader reader = reader(null);

        feed(reader, "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + UNARY);

        assertThat(reader.isComplete()).isTrue();
        assertThat(reader.status()).isEqualTo(200);
    }

    @Test
    void keepsTheBeginningOfAFailure() throws Exception {
        ResponseReader reader = reader(null);

        feed(reader, "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n"
                + "content-length: 4\r\n\r\nnope");

        assertThat(reader.sample()).isEqualTo("nope");
        assertThat(reader.isPersistent()).isFalse();
    }

    @Test
    void endsWithTheConnectionWhereNothingElseSaysSo() throws Exception {
        ResponseReader reader = reader(null);

        feed(reader, "HTTP/1.0 200 OK\r\n\r\nabc");

        assertThat(reader.isComplete()).isFalse();
        assertThat(reader.endsWithConnection()).isTrue();
        assertThat(reader.isPersistent()).isFalse();
    }

    @Test
    void tellsACutBodyFromAWholeOne() throws Exception {
        ResponseReader reader = reader(null);

        feed(reader, UNARY.substring(0, UNARY.length() - 1));

        assertThat(reader.endsWithConnection()).isFalse();
    }

    @Test
    void refusesWhatIsNoResponse() {
        assertThatThrownBy(() -> feed(reader(null), "SSH-2.0-OpenSSH\r\n"))
                .isInstanceOf(MalformedResponseException.class);
        assertThatThrownBy(() -> feed(reader(null),
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"))
                .isInstanceOf(MalformedResponseException.class);
        assertThatThrownBy(() -> feed(reader(null), "HTTP/1.1 " + "x".repeat(20_000)))
                .isInstanceOf(MalformedResponseException.class);
    }

    private ResponseReader reader(String stampKey) {
        return new ResponseReader(new EventScanner(stampKey, stamps::add));
    }

    private static String stream(String body) {
        return "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: "
                + body.length() + "\r\n\r\n" + body;
    }

    private static String chunk(String extension, String data) {
        return Integer.toHexString(data.length()) + extension + "\r\n" + data + "\r\n";
    }

    private static void feed(ResponseReader reader, String text)
            throws MalformedResponseException {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        assertThat(reader.read(bytes, 0, bytes.length)).isEqualTo(bytes.length);
    }
}

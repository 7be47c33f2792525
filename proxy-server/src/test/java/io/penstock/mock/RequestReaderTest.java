package io.penstock.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestReaderTest {
    private static final String BODY = "{\"a\":{\"model\":\"no\",\"stream\":false},"
            + "\"stream_options\" : {\"x\":{\"include_usage\":false},\"include_usage\":true,"
            + "\"y\":[{}]},"
            + " \"s\":\"},\\\"model\\\":\\\"no\\\"\",\"model\":\"y\\u0065s\", \"stream\":true,"
            + "\"max_tokens\": 9 ,\"n\":null}";

    private final RequestReader reader = new RequestReader(false);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 10_000})
    void readsTheSameInPieces(int size) throws Exception {
        String fixed = "\r\nPOST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Length: "
                + BODY.length() + "\r\nX-Mock-Events: 5\r\n\r\n" + BODY;
        String chunked = "POST /v1/chat/completions?a=b HTTP/1.1\r\ntransfer-encoding: chunked\r\n"
                + "\r\n5\r\n" + BODY.substring(0, 5) + "\r\n"
                + Integer.toHexString(BODY.length() - 5) + ";x=y\r\n" + BODY.substring(5)
                + "\r\n0\r\nt: u\r\n\r\n";

        for (String request : new String[] {fixed, chunked, fixed}) {
            assertThat(feed(request, size)).isTrue();
            assertThat(reader.endpoint()).isEqualTo(Endpoint.CHAT);
            assertThat(reader.bodyBytes()).isEqualTo(BODY.length());
            assertThat(reader.controls().eventsOr(-7)).isEqualTo(request == fixed ? 5 : -7);
            ChatFields fields = reader.fields();
            assertThat(fields.isObject()).isTrue();
            assertThat(new String(fields.model(), 0, fields.modelLength(),
                    StandardCharsets.US_ASCII)).isEqualTo("y\\u0065s");
            assertThat(fields.isStream()).isTrue();
            assertThat(fields.includesUsage()).isTrue();
            assertThat(fields.maxTokens()).isEqualTo(9);
            reader.reset();
        }
    }

    @Test
    void waitsForTheRest() throws Exception {
        assertThat(feed("GET /v1/models HTTP/1.1\r\nhost: h\r\n", 100)).isFalse();
        assertThat(feed("GET /v1/models HTTP/1.1\r\nhost: h\r\n\r\n", 100)).isTrue();
        assertThat(reader.endpoint()).isEqualTo(Endpoint.MODELS);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "GET / HTTP/1.0\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: +1\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n",
        "GET / HTTP/1.1\r\nx-mock-fail: refuse\r\n\r\n",
        "GET / HTTP/1.1\r\nx-mock-ttft: soon\r\n\r\n",
        "GET / HTTP/1.1\r\nx-mock-events: 0\r\n\r\n",
    })
    void refusesWhatIsWrong(String request) {
        assertThatThrownBy(() -> feed(request, 10_000)).isInstanceOf(BadRequestException.class);
    }

    @Test
    void boundsHeadAndBody() {
        assertThatThrownBy(() -> feed("GET /" + "x".repeat(70_000), 1_000_000))
                .hasMessageContaining("head");
        assertThatThrownBy(() -> feed("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
                + "4000001\r\n", 1_000_000)).hasMessageContaining("body");
    }

    /** Reads on with all that came so far, as a connection does. */
    private boolean feed(String text, int size) throws BadRequestException {
        ByteBuf in = Unpooled.buffer();
        try {
            boolean complete = false;
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            for (int at = 0; at < bytes.length; at += size) {
                assertThat(complete).isFalse();
                in.writeBytes(bytes, at, Math.min(size, bytes.length - at));
                complete = reader.read(in);
            }
            return complete;
        } finally {
            in.release();
        }
    }
}

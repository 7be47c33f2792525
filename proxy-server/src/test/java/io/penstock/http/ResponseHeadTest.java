package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.penstock.testing.Bytes;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseHeadTest {
    private final ResponseHead head = new ResponseHead(8 * 1024);

    private int parse(String text) throws HttpSyntaxException {
        ByteBuf buffer = Bytes.buffer(text);
        try {
            return head.parse(buffer);
        } finally {
            buffer.release();
        }
    }

    private String downstreamFields(Set<Field> without) {
        HeadWriter out = new HeadWriter();
        head.writeDownstreamFields(out, without);
        return out.toString();
    }

    @Test
    void readsStatusAndFields() throws Exception {
        String text = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\n"
                + "Content-Length: 3\r\n\r\n";

        assertThat(parse(text + "abc")).isEqualTo(text.length());

        assertThat(head.status()).isEqualTo(429);
        assertThat(head.isInterim()).isFalse();
        assertThat(head.isBodiless()).isFalse();
        assertThat(head.contentLength()).isEqualTo(3);
        assertThat(head.value(Field.RETRY_AFTER)).isEqualTo("2");
    }

    @Test
    void isIncompleteAtEveryBoundaryBeforeTheEnd() throws Exception {
        String text = "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n";
        for (int at = 0; at < text.length(); at++) {
            assertThat(parse(text.substring(0, at))).isEqualTo(ResponseHead.INCOMPLETE);
        }
        assertThat(parse(text)).isEqualTo(text.length());
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.1 200 \u00fc b",
        "HTTP/1.0 200 OK"})
    void takesAnyReasonOrNone(String line) throws Exception {
        assertThat(parse(line + "\r\n\r\n")).isPositive();
        assertThat(head.status()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1  200 OK",
        "HTTP/1.1 2x0 OK", "HTTP/1.1 099 OK", "HTTP/1.1 600 OK", "HTTP/2.0 200 OK",
        "http/1.1 200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 -20 OK", "ICY 200 OK", "200 OK", "",
        "HTTP/1.1 200 a\0b", "HTTP/1.1 200 a\rb", "HTTP/1.1 200OK"})
    void refusesMalformedStatusLines(String line) {
        assertThatThrownBy(() -> parse(line + "\r\nx: y\r\n\r\n"))
                .isInstanceOf(HttpSyntaxException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: 1, 1\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: identity\r\n", "x : y\r\n",
        "x: y\r\n z\r\n", "x: y\n"})
    void refusesDoubtfulFields(String fields) {
        assertThatThrownBy(() -> parse("HTTP/1.1 200 OK\r\n" + fields + "\r\n"))
                .isInstanceOf(HttpSyntaxException.class);
    }

    @Test
    void refusesTransferEncodingInHttp10() {
        assertThatThrownBy(() -> parse("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
                .isInstanceOf(HttpSyntaxException.class);
    }

    @Test
    void refusesAHeadThatIsTooLong() {
        assertThatThrownBy(() -> parse("HTTP/1.1 200 OK\r\nx: " + "y".repeat(8 * 1024)))
                .isInstanceOf(HttpSyntaxException.class);
    }

    @Test
    void knowsInterimAndBodilessReplies() throws Exception {
        for (int status : new int[] {100, 101, 103, 199, 204, 304}) {
            parse("HTTP/1.1 " + status + " x\r\n\r\n");
            assertThat(head.isInterim()).isEqualTo(status < 200);
            assertThat(head.isBodiless()).isTrue();
        }
        parse("HTTP/1.1 205 x\r\n\r\n");
        assertThat(head.isBodiless()).isFalse();
    }

    @Test
    void closesWhereTheProviderSaysSo() throws Exception {
        parse("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        assertThat(head.isKeepAlive()).isFalse();
        parse("HTTP/1.0 200 OK\r\n\r\n");
        assertThat(head.isKeepAlive()).isFalse();
        parse("HTTP/1.1 200 OK\r\n\r\n");
        assertThat(head.isKeepAlive()).isTrue();
    }

    @Test
    void sendsNothingDownThatIsTheProvidersOwnBusiness() throws Exception {
        parse("HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nAlt-Svc: h3\r\nServer: c\r\n"
                + "Strict-Transport-Security: 1\r\nServer-Timing: a\r\nReport-To: a\r\nNEL: a\r\n"
                + "X-Request-Id: r\r\nopenai-organization: o\r\nOpenAI-Project: p\r\nVia: v\r\n"
                + "x-ratelimit-remaining-tokens: 5\r\nCF-Ray: 1\r\ncf-cache-status: x\r\n"
                + "x-accel-buffering: no\r\nx-penstock-provider: liar\r\nConnection: x-hop\r\n"
                + "X-Hop: 1\r\nKeep-Alive: 5\r\nTransfer-Encoding: chunked\r\nTrailer: z\r\n"
                + "Content-Type: text/plain\r\nopenai-processing-ms: 5\r\nx_under: 1\r\n\r\n");

        assertThat(downstreamFields(Set.of())).isEqualTo(
                "Content-Type: text/plain\r\nopenai-processing-ms: 5\r\nx_under: 1\r\n");
        assertThat(downstreamFields(EnumSet.of(Field.CONTENT_TYPE)))
                .isEqualTo("openai-processing-ms: 5\r\nx_under: 1\r\n");
    }
}

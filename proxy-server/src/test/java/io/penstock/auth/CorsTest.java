package io.penstock.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestHead;
import io.penstock.testing.Bytes;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CorsTest {
    private static final Cors OFF = new Cors(CorsSettings.DEFAULT);
    private static final Cors ANY = new Cors(new CorsSettings(List.of("*")));
    private static final Cors LISTED = new Cors(
            new CorsSettings(List.of("https://app.example", "http://localhost:3000")));

    private static RequestHead head(String method, String... fields) throws HttpSyntaxException {
        RequestHead head = new RequestHead(16 * 1024);
        ByteBuf bytes = Bytes.buffer(method + " / HTTP/1.1\r\nhost: h\r\n"
                + String.join("", List.of(fields).stream().map(f -> f + "\r\n").toList())
                + "\r\n");
        head.parse(bytes);
        bytes.release();
        return head;
    }

    private static RequestHead from(String origin) throws HttpSyntaxException {
        return head("POST", "Origin: " + origin);
    }

    private static RequestHead preflight(String origin, String... fields)
            throws HttpSyntaxException {
        String[] all = new String[fields.length + 2];
        all[0] = "Origin: " + origin;
        all[1] = "Access-Control-Request-Method: POST";
        System.arraycopy(fields, 0, all, 2, fields.length);
        return head("OPTIONS", all);
    }

    @Test
    void saysNothingWhereNoOriginIsAllowed() throws Exception {
        assertThat(OFF.replyLines(from("https://app.example"))).isEmpty();
        assertThat(OFF.allows(from("https://app.example"))).isFalse();
        assertThat(OFF.isPreflight(preflight("https://app.example"))).isFalse();
    }

    @Test
    void letsEveryPageReadButNeverWithCredentials() throws Exception {
        assertThat(ANY.allows(from("https://anywhere.example"))).isTrue();
        assertThat(ANY.allows(from("null"))).isTrue();
        assertThat(ANY.replyLines(from("https://anywhere.example")))
                .startsWith("access-control-allow-origin: *\r\n")
                .contains("\r\naccess-control-expose-headers: x-request-id, request-id, "
                        + "retry-after, ")
                .doesNotContain("credentials").doesNotContain("vary").endsWith("\r\n");
    }

    @Test
    void letsThePagesOfAListedOriginReadWithCredentials() throws Exception {
        assertThat(LISTED.allows(from("https://app.example"))).isTrue();
        assertThat(LISTED.replyLines(from("https://app.example")))
                .startsWith("access-control-allow-origin: https://app.example\r\n"
                        + "access-control-allow-credentials: true\r\n"
                        + "access-control-expose-headers: x-request-id, ")
                .contains(", x-penstock-attempts, ").endsWith("\r\nvary: Origin\r\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://app.example", "HTTPS://App.EXAMPLE", "https://app.example:443",
        "http://LOCALHOST:3000"})
    void repeatsAnOriginAsThePageWroteIt(String origin) throws Exception {
        assertThat(LISTED.replyLines(from(origin)))
                .startsWith("access-control-allow-origin: " + origin + "\r\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://app.example", "https://app.example.evil",
        "https://evil.example", "https://app.example:8443", "http://localhost", "null",
        "https://app.example/", "*"})
    void tellsCachesAboutOriginsAndOthersNothing(String origin) throws Exception {
        assertThat(LISTED.allows(from(origin))).isFalse();
        assertThat(LISTED.replyLines(from(origin))).isEqualTo("vary: Origin\r\n");
        assertThat(LISTED.replyLines(head("POST"))).isEqualTo("vary: Origin\r\n");
    }

    @Test
    void knowsAPreflightByItsMethodAndItsTwoFields() throws Exception {
        assertThat(LISTED.isPreflight(preflight("https://evil.example"))).isTrue();
        assertThat(ANY.isPreflight(preflight("null"))).isTrue();
        assertThat(LISTED.isPreflight(head("OPTIONS", "origin: https://app.example"))).isFalse();
        assertThat(LISTED.isPreflight(head("OPTIONS", "access-control-request-method: POST")))
                .isFalse();
        assertThat(LISTED.isPreflight(head("POST", "origin: https://app.example",
                "access-control-request-method: POST"))).isFalse();
    }

    @Test
    void answersAPreflightWithWhatThePageMaySend() throws Exception {
        assertThat(LISTED.preflightLines(preflight("https://app.example",
                "access-control-request-headers: authorization, x-stainless-os"))).isEqualTo(
                "access-control-allow-origin: https://app.example\r\n"
                + "access-control-allow-credentials: true\r\n"
                + "access-control-allow-methods: GET, HEAD, POST, PUT, PATCH, DELETE\r\n"
                + "access-control-allow-headers: authorization, x-stainless-os\r\n"
                + "access-control-max-age: 600\r\n"
                + "vary: Origin, Access-Control-Request-Headers\r\n");
        assertThat(ANY.preflightLines(preflight("null")))
                .startsWith("access-control-allow-origin: *\r\naccess-control-allow-methods: ")
                .doesNotContain("allow-headers").doesNotContain("credentials");
    }

    @Test
    void repeatsOnlyNamesOfFieldsAndNotAnyNumberOfThem() throws Exception {
        String asks = "access-control-request-headers: ";
        String most = "a".repeat(Cors.MAX_ASKED_CHARS);
        assertThat(ANY.preflightLines(preflight("null", asks + most))).contains(most);
        for (String wrong : List.of("a: b", "a\"b", "<script>", "\u00e9", "", most + "a")) {
            assertThat(ANY.preflightLines(preflight("null", asks + wrong))).as(wrong)
                    .doesNotContain("allow-headers");
        }
    }
}

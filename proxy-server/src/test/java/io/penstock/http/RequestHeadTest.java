package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Failure.Kind;
import io.penstock.testing.Bytes;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestHeadTest {
    private static final int MAX_BYTES = 32 * 1024;

    private final RequestHead head = new RequestHead(MAX_BYTES);

    private int parse(String text) throws HttpSyntaxException {
        ByteBuf buffer = Bytes.buffer(text);
        try {
            return head.parse(buffer);
        } finally {
            assertThat(buffer.readerIndex()).isZero();
            buffer.release();
        }
    }

    private Kind refused(String text) {
        HttpSyntaxException e = catchThrowableOfType(HttpSyntaxException.class, () -> parse(text));
        assertThat(e).as(text).isNotNull();
        return e.kind();
    }

    private static String get(String fields) {
        return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    }

    private String upstreamFields(Field... without) {
        HeadWriter out = new HeadWriter();
        Set<Field> set = EnumSet.noneOf(Field.class);
        set.addAll(Set.of(without));
        head.writeUpstreamFields(out, set);
        return out.toString();
    }

    @Test
    void readsAnOrdinaryHeadAndLeavesWhatFollows() throws Exception {
        String text = "POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: example.org:8080\r\n"
                + "Content-Length: 12\r\nx-other:  two words \t\r\n\r\n";

        assertThat(parse(text + "body of it")).isEqualTo(text.length());

        assertThat(head.method()).isEqualTo("POST");
        assertThat(head.isMethod("POST")).isTrue();
        assertThat(head.isMethod("PUT")).isFalse();
        assertThat(head.isMethod("POSE")).isFalse();
        assertThat(head.path()).isEqualTo("/v1/chat/completions");
        assertThat(head.isPath("/v1/chat/completions")).isTrue();
        assertThat(head.isPath("/v1/chat/completion")).isFalse();
        assertThat(head.isPath("/v1/chat/completionz")).isFalse();
        assertThat(head.query()).isEqualTo("?a=b");
        assertThat(head.minorVersion()).isEqualTo(1);
        assertThat(head.contentLength()).isEqualTo(12);
        assertThat(head.hasBody()).isTrue();
        assertThat(head.isKeepAlive()).isTrue();
        assertThat(head.value(Field.HOST)).isEqualTo("example.org:8080");
        assertThat(head.value("x-other")).isEqualTo("two words");
        assertThat(head.value("x-another")).isNull();
        assertThat(head.value(Field.ACCEPT)).isNull();
    }

    @Test
    void isIncompleteAtEveryBoundaryBeforeTheEnd() throws Exception {
        String text = "\r\n\r\nPOST /v1/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nx: \r\n\r\n";
        for (int at = 0; at < text.length(); at++) {
            assertThat(parse(text.substring(0, at))).as("cut at " + at)
                    .isEqualTo(RequestHead.INCOMPLETE);
        }
        assertThat(parse(text)).isEqualTo(text.length());
    }

    @Test
    void keepsNothingOfTheHeadBefore() throws Exception {
        parse(get("Connection: close\r\nTransfer-Encoding: chunked\r\nX-Api-Key: k\r\n"));
        parse(get(""));

        assertThat(head.isChunked()).isFalse();
        assertThat(head.isKeepAlive()).isTrue();
        assertThat(head.has(Field.X_API_KEY)).isFalse();
        assertThat(head.contentLength()).isEqualTo(RequestHead.NO_LENGTH);
    }

    @Test
    void keepsNothingOfAHeadThatWasRefused() throws Exception {
        refused(get("Content-Length: 5\r\nContent-Length: 5\r\n"));

        parse(get(""));

        assertThat(head.has(Field.CONTENT_LENGTH)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 1, 1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x1\r\n",
        "Content-Length: 1 2\r\n",
        "Content-Length:\r\n",
        "Content-Length: 9999999999999999999\r\n",
    })
    void refusesDoubtfulLengths(String fields) {
        assertThat(refused(get(fields))).isEqualTo(Kind.BAD_REQUEST);
    }

    @ParameterizedTest
    @ValueSource(strings = {"xchunked", "identity", "chunked, chunked", "gzip, chunked", "gzip",
        "chunked;q=1", "\"chunked\"", ""})
    void refusesTransferCodingsOtherThanChunked(String coding) {
        assertThat(refused(get("Transfer-Encoding: " + coding + "\r\n")))
                .isEqualTo(Kind.NOT_IMPLEMENTED);
    }

    @Test
    void refusesTransferEncodingTwice() {
        assertThat(refused(get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")))
                .isEqualTo(Kind.BAD_REQUEST);
    }

    @Test
    void refusesTransferEncodingInHttp10() {
        assertThat(refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"))
                .isEqualTo(Kind.BAD_REQUEST);
    }

    @Test
    void takesChunkedInAnyCase() throws Exception {
        parse(get("transfer-encoding: CHUNKED\r\n"));

        assertThat(head.isChunked()).isTrue();
        assertThat(head.hasBody()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "x: a\nb\r\n", "x: a\rb\r\n", "x: a\0b\r\n", "x: a\u007fb\r\n", "x: a\u0001b\r\n",
        "x: a\n", "x : a\r\n", "x\t: a\r\n", " x: a\r\n", "\tx: a\r\n", ": a\r\n", "x\r\n",
        "x y: a\r\n", "x@: a\r\n", "x: a\r\n folded\r\n", "x: a\r\n\tfolded\r\n", "\0: a\r\n",
        "x\u00e9: a\r\n", "(x): a\r\n", "x: a\r\n\rb\r\n",
    })
    void refusesMalformedFieldLines(String fields) {
        assertThat(refused(get(fields))).isEqualTo(Kind.BAD_REQUEST);
    }

    @Test
    void passesLatin1ValuesByteForByte() throws Exception {
        parse(get("x-name: caf\u00e9 \u00ff\r\n"));

        assertThat(head.value("x-name")).isEqualTo("caf\u00e9 \u00ff");
        assertThat(upstreamFields()).isEqualTo("x-name: caf\u00e9 \u00ff\r\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "GET  / HTTP/1.1", "GET\t/ HTTP/1.1", "GET /\tHTTP/1.1", "GET / HTTP/1.1 ",
        " GET / HTTP/1.1", "\0GET / HTTP/1.1", "G(T / HTTP/1.1", "GET /", "GET",
        "GET /a b HTTP/1.1", "GET /a#b HTTP/1.1", "GET * HTTP/1.1", "OPTIONS * HTTP/1.1",
        "CONNECT a:443 HTTP/1.1", "GET a HTTP/1.1", "GET ftp://a/ HTTP/1.1",
        "GET http://a HTTP/1.1",
        "GET http:///x HTTP/1.1", "GET http://a?x HTTP/1.1", "GET /\u00e9 HTTP/1.1",
        "GET /a\"b HTTP/1.1", "GET /a\\b HTTP/1.1", "GET /a{b HTTP/1.1", "GET /\u0001 HTTP/1.1",
        "GET /\u007f HTTP/1.1", "GET / HTTP/1.1\rx", "PRI * HTTP/2.0",
    })
    void refusesMalformedRequestLines(String line) {
        assertThat(refused(line + "\r\nHost: a\r\n\r\n")).isIn(Kind.BAD_REQUEST,
                Kind.VERSION_NOT_SUPPORTED);
    }

    @Test
    void refusesARequestLineThatEndsInABareLineFeed() {
        assertThat(refused("GET / HTTP/1.1\nHost: a\n\n")).isEqualTo(Kind.BAD_REQUEST);
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.2", "HTTP/2.0", "HTTP/9.9", "http/1.1", "HTTP/1.10", "HTTP/0.9",
        "HTTP/1", "HTTP/11", "XTTP/1.1"})
    void refusesOtherVersions(String version) {
        assertThat(refused("GET / " + version + "\r\nHost: a\r\n\r\n"))
                .isEqualTo(Kind.VERSION_NOT_SUPPORTED);
    }

    @Test
    void wantsAHostInHttp11Only() throws Exception {
        assertThat(refused("GET / HTTP/1.1\r\n\r\n")).isEqualTo(Kind.BAD_REQUEST);
        assertThat(refused(get("Host: a\r\n"))).isEqualTo(Kind.BAD_REQUEST);
        assertThat(parse("GET / HTTP/1.0\r\n\r\n")).isPositive();
        assertThat(head.minorVersion()).isZero();
    }

    @Test
    void takesAbsoluteFormIfItsAuthorityIsTheHost() throws Exception {
        parse("GET http://Example.org:80/p?q HTTP/1.1\r\nHost: example.ORG:80\r\n\r\n");
        assertThat(head.path()).isEqualTo("/p");
        assertThat(head.query()).isEqualTo("?q");

        assertThat(refused("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"))
                .isEqualTo(Kind.BAD_REQUEST);
        assertThat(refused("GET https://a/ HTTP/1.1\r\nHost: a:1\r\n\r\n"))
                .isEqualTo(Kind.BAD_REQUEST);
    }

    @ParameterizedTest
    @ValueSource(strings = {"get", "PATCH", "X-ODD!"})
    void leavesMethodsToTheRoutes(String method) throws Exception {
        parse(method + " / HTTP/1.1\r\nHost: a\r\n\r\n");

        assertThat(head.method()).isEqualTo(method);
        assertThat(head.isMethod("GET")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a/../b", "/a/%2e%2e/b", "/a%2fb", "//x", "/."})
    void normalisesNoPath(String path) throws Exception {
        parse("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");

        assertThat(head.path()).isEqualTo(path);
    }

    @Test
    void skipsTwoEmptyLinesBeforeARequestButNotThree() throws Exception {
        assertThat(parse("\r\n\r\n" + get(""))).isEqualTo(4 + get("").length());
        assertThat(head.method()).isEqualTo("GET");
        assertThat(refused("\r\n\r\n\r\n" + get(""))).isEqualTo(Kind.BAD_REQUEST);
        assertThat(refused("\n" + get(""))).isEqualTo(Kind.BAD_REQUEST);
    }

    @Test
    void boundsTheTarget() throws Exception {
        String longest = "/" + "a".repeat(8 * 1024 - 1);
        assertThat(parse("GET " + longest + " HTTP/1.1\r\nHost: a\r\n\r\n")).isPositive();
        assertThat(refused("GET " + longest + "a HTTP/1.1\r\nHost: a\r\n\r\n"))
                .isEqualTo(Kind.URI_TOO_LONG);
        assertThat(refused("GET " + longest + "a")).isEqualTo(Kind.URI_TOO_LONG);
    }

    @Test
    void boundsTheMethod() {
        assertThat(refused("M".repeat(33))).isEqualTo(Kind.NOT_IMPLEMENTED);
        assertThat(refused("M".repeat(33) + " / HTTP/1.1\r\nHost: a\r\n\r\n"))
                .isEqualTo(Kind.NOT_IMPLEMENTED);
    }

    @Test
    void boundsTheOptionsOfTheConnection() throws Exception {
        String options = "a,".repeat(Head.MAX_CONNECTION_OPTIONS - 1);
        parse(get("Connection: " + options + "b\r\n"));

        assertThat(refused(get("Connection: " + options + "b,c\r\n")))
                .isEqualTo(Kind.HEAD_TOO_LARGE);
        assertThat(refused(get("Connection: " + options + "b\r\nConnection: c\r\n")))
                .isEqualTo(Kind.HEAD_TOO_LARGE);
    }

    @Test
    void boundsTheHead() throws Exception {
        String start = "GET / HTTP/1.1\r\nHost: a\r\nx: ";
        String fits = start + "a".repeat(MAX_BYTES - start.length() - 4) + "\r\n\r\n";
        assertThat(fits).hasSize(MAX_BYTES);
        assertThat(parse(fits)).isEqualTo(MAX_BYTES);
        assertThat(parse(fits.substring(0, MAX_BYTES - 1))).isEqualTo(RequestHead.INCOMPLETE);
        assertThat(refused(start + "a" + fits.substring(start.length())))
                .isEqualTo(Kind.HEAD_TOO_LARGE);
        assertThat(parse(get(""))).isPositive(); // and an ordinary one goes on to be read
    }

    @Test
    void boundsTheNumberOfFields() throws Exception {
        assertThat(parse(get("x: y\r\n".repeat(Head.MAX_FIELDS - 1)))).isPositive();
        assertThat(refused(get("x: y\r\n".repeat(Head.MAX_FIELDS))))
                .isEqualTo(Kind.HEAD_TOO_LARGE);
        assertThat(parse(get(""))).isPositive();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Authorization", "x-api-key", "api-key", "x-goog-api-key",
        "Content-Type", "Expect", "Host"})
    void refusesTwiceWhatMayStandOnce(String name) {
        String twice = name + ": a\r\n" + name.toUpperCase(java.util.Locale.ROOT) + ": a\r\n";
        assertThat(refused("GET / HTTP/1.1\r\nHost: a\r\n" + twice + "\r\n"))
                .isEqualTo(Kind.BAD_REQUEST);
    }

    @Test
    void knowsWhetherTheConnectionStays() throws Exception {
        parse(get("Connection: x, ,close ,y\r\nx: 1\r\n"));
        assertThat(head.isKeepAlive()).isFalse();
        parse(get("Connection: keep-alive\r\nConnection: CLOSE\r\n"));
        assertThat(head.isKeepAlive()).isFalse();
        parse("GET / HTTP/1.0\r\n\r\n");
        assertThat(head.isKeepAlive()).isFalse();
        parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
        assertThat(head.isKeepAlive()).isTrue();
        parse("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n");
        assertThat(head.isKeepAlive()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"host", "Content-Length", "transfer-encoding", "authorization",
        "x-api-key", "api-key", "x-goog-api-key", "content-type"})
    void refusesConnectionOptionsThatNameEndToEndFields(String name) {
        assertThat(refused(get("Connection: keep-alive, " + name + "\r\n")))
                .isEqualTo(Kind.BAD_REQUEST);
    }

    @Test
    void sendsNoFieldUpThatConnectionNames() throws Exception {
        parse(get("x-one: 1\r\nConnection: X-One, upgrade\r\nx-two: 2\r\n"
                + "Connection: x-three\r\nX-Three: 3\r\nx-one-more: 4\r\n"));

        assertThat(upstreamFields()).isEqualTo("x-two: 2\r\nx-one-more: 4\r\n");
    }

    @Test
    void sendsNoFieldUpThatBelongsToOneConnection() throws Exception {
        parse(get("Keep-Alive: 1\r\nProxy-Connection: a\r\nProxy-Authorization: a\r\n"
                + "TE: trailers\r\n"
                + "Proxy-Authenticate: a\r\nTrailer: a\r\nUpgrade: a\r\nHTTP2-Settings: a\r\n"
                + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\nAccept: b\r\n"));

        assertThat(upstreamFields()).isEqualTo("Accept: b\r\n");
    }

    @Test
    void sendsNeitherCredentialsNorOriginsUp() throws Exception {
        parse(get("Authorization: a\r\nx-api-key: a\r\nApi-Key: a\r\nCookie: a\r\n"
                + "x-goog-api-key: a\r\nX-Goog-User-Project: a\r\nx-goog-api-client: a\r\n"
                + "OpenAI-Organization: a\r\nopenai-project: a\r\nForwarded: a\r\n"
                + "X-Forwarded-For: a\r\nx-real-ip: a\r\nVia: a\r\nOrigin: a\r\nReferer: a\r\n"
                + "traceparent: a\r\ntracestate: a\r\nbaggage: a\r\nAccept-Encoding: gzip\r\n"
                + "x-request-id: a\r\nx-penstock-timeout: a\r\nSec-Fetch-Mode: a\r\n"
                + "X-Forwarded-Host: a\r\nx-forwarded-port: 1\r\nx-forwarded-proto: a\r\n"
                + "OpenAI-Beta: b\r\nUser-Agent: c\r\n"));

        assertThat(upstreamFields()).isEqualTo("OpenAI-Beta: b\r\nUser-Agent: c\r\n");
    }

    @Test
    void sendsNoFieldUpWithAnUnderscoreInItsName() throws Exception {
        parse(get("content_length: 5\r\nx_a: 1\r\n_: 2\r\nx-a: under_score\r\n"));

        assertThat(head.contentLength()).isEqualTo(RequestHead.NO_LENGTH);
        assertThat(upstreamFields()).isEqualTo("x-a: under_score\r\n");
    }

    @Test
    void sendsNoFieldUpThatTheProxyWritesItself() throws Exception {
        parse(get("Content-Type: a/b\r\nUser-Agent: c\r\nAccept: d\r\n"));

        assertThat(upstreamFields(Field.CONTENT_TYPE, Field.ACCEPT))
                .isEqualTo("User-Agent: c\r\n");
    }

    @Test
    void comparesTheBeginningOfAValueInAnyCase() throws Exception {
        parse(get("Expect: 100-Continue; x\r\n"));

        assertThat(head.valueStartsWith(Field.EXPECT, "100-continue")).isTrue();
        assertThat(head.valueStartsWith(Field.EXPECT, "100-continue; x y")).isFalse();
        assertThat(head.valueStartsWith(Field.EXPECT, "101")).isFalse();
        assertThat(head.valueStartsWith(Field.ACCEPT, "1")).isFalse();
    }

    @Test
    void pointsAtTheBytesOfAValue() throws Exception {
        parse(get("Authorization: \t Bearer abc \r\n"));

        assertThat(HeadSyntax.text(head.bytes(), head.valueStart(Field.AUTHORIZATION),
                head.valueEnd(Field.AUTHORIZATION))).isEqualTo("Bearer abc");
    }

    @Test
    void readsHeadsBeyondItsFirstLook() throws Exception {
        String text = get("x-long: " + "v".repeat(9000) + "\r\nx-last: 1\r\n");

        assertThat(parse(text + "z".repeat(100))).isEqualTo(text.length());

        assertThat(head.value("x-last")).isEqualTo("1");
        assertThat(head.value("x-long")).hasSize(9000);
    }

    @Test
    void hasABodyOnlyIfOneWasAnnounced() throws Exception {
        parse(get("Content-Length: 0\r\n"));
        assertThat(head.hasBody()).isFalse();
        parse("POST / HTTP/1.1\r\nHost: a\r\n\r\n");
        assertThat(head.hasBody()).isFalse();
        parse(get("Content-Length: 1\r\n"));
        assertThat(head.hasBody()).isTrue();
    }
}

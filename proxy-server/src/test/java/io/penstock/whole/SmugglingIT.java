package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What two parsers could read in two ways is refused, and no provider hears of it. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class SmugglingIT {
    private static final String JSON = chat("model-a", false);
    private static final String LINE = "POST /v1/chat/completions HTTP/1.1\r\n";
    private static final String KEY = "authorization: Bearer " + CALLER_KEY + "\r\n";
    private static final String HOST = "host: x\r\n";
    private static final String LENGTH = "content-length: " + JSON.length() + "\r\n";
    private static final String CHUNKED = "transfer-encoding: chunked\r\n";
    private static final String CHUNKS = Wire.chunk(JSON) + "0\r\n\r\n";

    /** A second request that must not be seen as one. */
    private static final String HIDDEN = LINE + HOST + KEY + LENGTH + "\r\n" + JSON;

    @Parameter
    Transport transport;

    /** A request that must be refused. */
    record Refused(String name, int status, String request) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Refused fields(String name, int status, String fields, String body) {
        return new Refused(name, status, LINE + HOST + KEY + fields + "\r\n" + body);
    }

    private static Refused line(String name, int status, String line) {
        return new Refused(name, status, line + HOST + KEY + LENGTH + "\r\n" + JSON);
    }

    static Stream<Refused> refused() {
        List<Refused> all = new ArrayList<>();
        // How long the body is
        all.add(fields("a length and chunks", 400, LENGTH + CHUNKED, CHUNKS));
        all.add(fields("chunks and a length", 400, CHUNKED + LENGTH, CHUNKS));
        all.add(new Refused("chunks in HTTP/1.0", 400, LINE.replace("1.1", "1.0") + HOST + KEY
                + CHUNKED + "\r\n" + CHUNKS));
        for (String coding : List.of("xchunked", "identity", "gzip", "gzip, chunked",
                "chunked, chunked", "chunked, identity", "\"chunked\"", "chunked;q=1", "")) {
            all.add(fields("the coding '" + coding + "'", 501,
                    "transfer-encoding: " + coding + "\r\n", CHUNKS));
        }
        all.add(fields("two codings", 400, CHUNKED + CHUNKED, CHUNKS));
        all.add(fields("a vertical tab before the coding", 400,
                "transfer-encoding: \u000bchunked\r\n", CHUNKS));
        all.add(fields("two lengths", 400, LENGTH + "content-length: 5\r\n", JSON));
        all.add(fields("the same length twice", 400, LENGTH + LENGTH, JSON));
        for (String length : List.of("5, 5", "+5", "-5", "0x5", "", "5 5", "1e1", "5;x",
                "99999999999999999999", "９")) {
            all.add(fields("the length '" + length + "'", 400,
                    "content-length: " + length + "\r\n", JSON));
        }
        // Fields
        all.add(fields("a blank before a colon", 400, "content-length : 5\r\n", JSON));
        all.add(fields("a tab before a colon", 400, "content-length\t: 5\r\n", JSON));
        all.add(fields("no colon", 400, "content-length\r\n", JSON));
        all.add(fields("no name", 400, ": 5\r\n", JSON));
        all.add(fields("a name with a slash", 400, "a/b: 5\r\n" + LENGTH, JSON));
        all.add(fields("a name beyond ASCII", 400, "é: 5\r\n" + LENGTH, JSON));
        all.add(fields("a bare LF", 400, "a: b\n" + LENGTH, JSON));
        all.add(fields("a bare LF in a value", 400, "a: b\ntransfer-encoding: chunked\r\n"
                + LENGTH, JSON));
        all.add(fields("a bare CR in a value", 400, "a: b\rc: d\r\n" + LENGTH, JSON));
        all.add(fields("a NUL in a value", 400, "a: b\0c\r\n" + LENGTH, JSON));
        all.add(fields("a DEL in a value", 400, "a: b\u007fc\r\n" + LENGTH, JSON));
        all.add(fields("a folded value", 400, "a: b\r\n c\r\n" + LENGTH, JSON));
        all.add(fields("a folded coding", 501, "transfer-encoding:\r\n chunked\r\n" + LENGTH,
                CHUNKS));
        all.add(new Refused("a blank before the first field", 400,
                LINE + " " + HOST + KEY + LENGTH + "\r\n" + JSON));
        all.add(fields("too many fields", 431, "a: b\r\n".repeat(100) + LENGTH, JSON));
        all.add(fields("too long a field", 431, "a: " + "b".repeat(33_000) + "\r\n" + LENGTH,
                JSON));
        all.add(fields("two keys", 400, KEY + LENGTH, JSON));
        for (String name : List.of("host", "content-length", "transfer-encoding",
                "authorization")) {
            all.add(fields("Connection names " + name, 400,
                    "connection: close, " + name + "\r\n" + LENGTH, JSON));
        }
        all.add(fields("an unknown expectation", 417, "expect: 200-ok\r\n" + LENGTH, JSON));
        // For whom
        all.add(new Refused("no Host", 400, LINE + KEY + LENGTH + "\r\n" + JSON));
        all.add(fields("two Hosts", 400, "Host: y\r\n" + LENGTH, JSON));
        all.add(line("another Host in the target", 400,
                "POST http://y/v1/chat/completions HTTP/1.1\r\n"));
        // The first line
        all.add(line("a tab in the request line", 400,
                "POST\t/v1/chat/completions\tHTTP/1.1\r\n"));
        all.add(line("two blanks in the request line", 400,
                "POST  /v1/chat/completions HTTP/1.1\r\n"));
        all.add(line("two blanks before the version", 505,
                "POST /v1/chat/completions  HTTP/1.1\r\n"));
        all.add(line("a CR in the request line", 400, "POST\r/v1/chat/completions HTTP/1.1\r\n"));
        all.add(line("a bare LF behind the request line", 400,
                "POST /v1/chat/completions HTTP/1.1\n"));
        all.add(line("a blank in the target", 505, "POST /v1/chat/completions a HTTP/1.1\r\n"));
        all.add(line("no version", 400, "POST /v1/chat/completions\r\n"));
        for (String version : List.of("HTTP/1.2", "HTTP/2.0", "HTTP/9.9", "http/1.1", "HTTP/1.10",
                "HTTP/11", "HTTP/1.1 ")) {
            all.add(line("the version '" + version + "'", 505,
                    "POST /v1/chat/completions " + version + "\r\n"));
        }
        all.add(line("a NUL before the method", 400, "\0" + LINE));
        all.add(line("a method that is no token", 400, LINE.replace("POST", "PO(ST")));
        all.add(line("too long a method", 501, LINE.replace("POST", "P".repeat(40_000))));
        all.add(line("a fragment", 400, "POST /v1/chat/completions#a HTTP/1.1\r\n"));
        all.add(line("an asterisk", 400, "OPTIONS * HTTP/1.1\r\n"));
        all.add(line("CONNECT", 400, "CONNECT x:443 HTTP/1.1\r\n"));
        all.add(line("too long a target", 414,
                "POST /v1/chat/completions?" + "a".repeat(9000) + " HTTP/1.1\r\n"));
        // Chunks
        for (String size : List.of("0x5", "+5", " 5", "5 ", "-5", "", "g", "fffffffffffffffff",
                "5;a\n", "5;\u0000", "5\n")) {
            all.add(fields("the chunk size '" + size.replace("\n", "LF").replace("\0", "NUL")
                    + "'", 400, CHUNKED, size + "\r\nhello\r\n0\r\n\r\n"));
        }
        all.add(fields("a chunk that is longer than its size", 400, CHUNKED,
                Integer.toHexString(JSON.length() - 1) + "\r\n" + JSON + "\r\n0\r\n\r\n"));
        all.add(fields("a chunk extension without end", 400, CHUNKED,
                "5;" + "a".repeat(5000) + "\r\nhello\r\n0\r\n\r\n"));
        all.add(fields("a trailer without end", 400, CHUNKED,
                Wire.chunk(JSON) + "0\r\n" + "a: b\r\n".repeat(5000) + "\r\n"));
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("refused")
    void refusesAndClosesAndAsksNobody(Refused refused) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.connect();
            caller.send((refused.request() + HIDDEN).getBytes(StandardCharsets.UTF_8));
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(refused.status());
            assertThat(head.header("connection")).isEqualTo("close");
            assertThat(caller.readBody(head)).startsWith("{\"error\":{\"message\":\"");
            assertThat(caller.awaitClosed(PATIENCE)).isTrue();
            assertThat(a.opened()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"get", "post", "POSTS", "PATCH", "OPTIONS", "TRACE"})
    void refusesMethodsThatThePathDoesNotHave(String method) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.connect().send(LINE.replace("POST", method) + HOST + KEY
                    + LENGTH + "\r\n" + JSON);

            assertThat(caller.readHead().status()).isEqualTo(405);
            assertThat(a.opened()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/../v1/chat/completions", "/v1/%2e%2e/v1/chat/completions",
        "/v1%2fchat/completions", "/v1/./chat/completions", "/V1/chat/completions",
        "/v1/chat/completions;a", "/v1/chat/%63ompletions"})
    void takesNoOtherSpellingOfAPath(String path) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.connect().send("POST " + path + " HTTP/1.1\r\n" + HOST + KEY
                    + LENGTH + "\r\n" + JSON);

            assertThat(caller.readHead().status()).isEqualTo(404);
            assertThat(a.opened()).isZero();
        }
    }

    /** What is doubtful elsewhere and harmless here: the provider sees a request of our own. */
    @ParameterizedTest
    @ValueSource(strings = {
        "\r\n" + "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n",
        "POST http://x/v1/chat/completions HTTP/1.1\r\nhost: x\r\n",
        "POST http://X/v1/chat/completions HTTP/1.1\r\nHOST: x\r\n",
        "POST /v1/chat/completions?a=b%20c HTTP/1.1\r\nhost: x\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nhost:x\r\ncontent_length: 1\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: \t x \t \r\n"})
    void writesTheHeadAnewWhateverItLookedLike(String head) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.connect().send(head + KEY + LENGTH + "\r\n" + JSON);
            assertThat(caller.readHead().status()).isEqualTo(200);

            ScriptedUpstream.Request sent = a.requests().get(0);
            assertThat(sent.path()).isEqualTo("/v1/chat/completions");
            assertThat(sent.text()).isEqualTo(JSON);
            assertThat(sent.headers()).containsOnlyKeys("host", "authorization",
                    "accept-encoding", "content-type", "content-length");
        }
    }
}

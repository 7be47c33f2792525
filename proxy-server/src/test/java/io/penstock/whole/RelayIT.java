package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SAME;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ProxyUnderTest.chat;
import static io.penstock.testing.ProxyUnderTest.keyOf;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.loop.Scratch;
import io.penstock.loop.Transport;
import io.penstock.route.HoldSettings;
import io.penstock.sse.EventSplitter;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import io.penstock.translate.ChatStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What passes through comes out as it went in, and nothing else does. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class RelayIT {
    private static final String PATH = "/v1/chat/completions";

    @Parameter
    Transport transport;

    private ProxyUnderTest before(ScriptedUpstream upstream) throws Exception {
        return ProxyUnderTest.on(transport).provider("a", upstream.url()).start();
    }

    /** Streams this body, framing included, in one piece or byte by byte. */
    private static Script stream(String body, boolean trickled) {
        return x -> {
            x.readRequest();
            x.sseHead();
            if (trickled) {
                x.trickle(body.getBytes(StandardCharsets.UTF_8), Duration.ZERO);
            } else {
                x.write(body).flush();
            }
        };
    }

    private static void sendUnary(ScriptedUpstream.Exchange x, String... fields)
            throws IOException {
        String[] all = Arrays.copyOf(fields, fields.length + 1);
        all[fields.length] = "content-length: " + GOOD_UNARY.length();
        x.head(200, all).write(GOOD_UNARY).flush();
    }

    private static String oneChunkAll(String lineEnd) {
        StringBuilder all = new StringBuilder();
        ScriptedUpstream.goodEvents(3).forEach(event -> all.append("data: ").append(event)
                .append(lineEnd).append(lineEnd));
        return all.append("data: [DONE]").append(lineEnd).append(lineEnd).toString();
    }

    private static String inChunksOf(int size, String data) {
        StringBuilder all = new StringBuilder();
        for (int at = 0; at < data.length(); at += size) {
            all.append(Wire.chunk(data.substring(at, Math.min(data.length(), at + size))));
        }
        return all.append("0\r\n\r\n").toString();
    }

    // Byte for byte

    @ParameterizedTest
    @CsvSource({"1,false", "2,false", "3,false", "7,false", "100,false", "100000,false",
        "1,true", "7,true", "100,true", "100000,true"})
    void passesAStreamOnByteForByteInWhateverChunks(int chunkBytes, boolean trickled)
            throws Exception {
        for (String lineEnd : List.of("\n", "\r\n", "\r")) {
            String body = inChunksOf(chunkBytes, oneChunkAll(lineEnd));
            try (ScriptedUpstream a = ScriptedUpstream.start(stream(body, trickled));
                    ProxyUnderTest proxy = before(a)) {
                RawClient caller = proxy.ask(SMART, true);
                assertThat(caller.readHead().header("transfer-encoding")).isEqualTo("chunked");

                assertThat(caller.readChunked()).isEqualTo(Wire.dataOf(body));
                assertThat(a.requests()).hasSize(1);
            }
        }
    }

    /** What an event is called, and what else stands beside its data, is the provider's matter. */
    @ParameterizedTest
    @ValueSource(strings = {"event: message\n", "event:chat.completion.chunk\n",
        "id: 0123456789012345678901234567890123456789\nretry: 3000\n", ": a comment\n"})
    void passesAStreamOnWhateverFieldsItsEventsHave(String fields) throws Exception {
        for (String lineEnd : List.of("\n", "\r\n", "\r")) {
            String data = oneChunkAll("\n").replace("data: ", fields + "data:")
                    .replace("\n", lineEnd);
            for (int chunkBytes : new int[] {7, 100_000}) {
                try (ScriptedUpstream a = ScriptedUpstream.start(
                                stream(inChunksOf(chunkBytes, data), false));
                        ProxyUnderTest proxy = before(a)) {
                    RawClient caller = proxy.ask(SMART, true);
                    assertThat(caller.readHead().status()).isEqualTo(200);

                    assertThat(caller.readChunked()).isEqualTo(data);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void readsChunkExtensionsAndLeadingZeros(boolean trickled) throws Exception {
        String data = oneChunkAll("\n");
        String body = "00" + Integer.toHexString(data.length()).toUpperCase()
                + ";sig=\"a;b\";x\r\n" + data + "\r\n000;last=1\r\n\r\n";
        try (ScriptedUpstream a = ScriptedUpstream.start(stream(body, trickled));
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.ask(SMART, true);
            caller.readHead();

            assertThat(caller.readChunked()).isEqualTo(Wire.dataOf(body));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void dropsTrailers(boolean stream) throws Exception {
        String data = stream ? oneChunkAll("\n") : GOOD_UNARY;
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "content-type: "
                            + (stream ? "text/event-stream" : "application/json"),
                            "transfer-encoding: chunked", "trailer: x-secret")
                            .write(Wire.chunk(data) + "0\r\nx-secret: 1\r\n\r\n").flush();
                });
                ProxyUnderTest proxy = before(a)) {
            for (int i = 0; i < 2; i++) {
                RawClient caller = proxy.ask(SMART, stream);
                assertThat(caller.readHead().header("trailer")).isNull();
                assertThat(caller.readChunked()).isEqualTo(data);
            }
            assertThat(a.opened()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void passesAnyEventOnButThoseThatShouldBeJsonAndAreNone(boolean trickled) throws Exception {
        String torture = Wire.fixture("sse-torture.sse");
        String good = oneChunkAll("\n");
        int role = good.indexOf("\n\n") + 2;
        String finish = "data: " + ScriptedUpstream.goodEvents(0).get(1) + "\n\n";
        String data = good.substring(0, good.indexOf("\n\n", role) + 2)
                + torture.substring(0, torture.lastIndexOf("data: [DONE]")) + finish
                + "data: [DONE]\n\n";
        String body = Wire.chunk(data) + "0\r\n\r\n";
        try (ScriptedUpstream a = ScriptedUpstream.start(stream(body, trickled));
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.ask(SMART, true);
            caller.readHead();

            assertThat(caller.readChunked()).isEqualTo(withoutMalformed(data));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"content-length", "connection: close"})
    void makesChunksOfAStreamThatComesWithout(String framing) throws Exception {
        String data = oneChunkAll("\n");
        boolean length = framing.equals("content-length");
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "content-type: text/event-stream",
                            length ? framing + ": " + data.length() : framing).write(data);
                    if (!length) {
                        x.closeFin();
                    }
                });
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.ask(SMART, true);
            RawClient.Head head = caller.readHead();
            assertThat(head.header("content-length")).isNull();
            assertThat(head.header("connection")).isNull();

            assertThat(caller.readChunked()).isEqualTo(data);
        }
    }

    @Test
    void passesOnWhatItHeldForLongEnough() throws Exception {
        String role = ScriptedUpstream.goodEvents(0).get(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead().event(role).awaitClosed(PATIENCE.multipliedBy(2));
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .hold(new HoldSettings(1, 64 * 1024, Duration.ofMillis(200))).start()) {
            RawClient caller = proxy.ask(SMART, true);

            assertThat(caller.readHead().status()).isEqualTo(200);
            assertThat(caller.readRawChunk()).isEqualTo(Wire.eventChunk(role));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void passesEachEventOnAsSoonAsItComes(boolean chunked) throws Exception {
        List<String> events = ScriptedUpstream.goodEvents(20);
        Semaphore seen = new Semaphore(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    if (chunked) {
                        x.sseHead();
                    } else {
                        x.head(200, "content-type: text/event-stream");
                    }
                    for (int i = 0; i < events.size(); i++) {
                        String event = Wire.event(events.get(i));
                        x.write(chunked ? Wire.chunk(event) : event).flush();
                        boolean held = i == 0; // the role waits for the first content
                        if (!held && !seen.tryAcquire(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                            throw new AssertionError("event " + i + " did not get through");
                        }
                    }
                    if (chunked) {
                        x.event("[DONE]").lastChunk();
                    } else {
                        x.write("data: [DONE]\n\n").closeFin();
                    }
                });
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.ask(SMART, true);
            caller.readHead();
            StringBuilder got = new StringBuilder();
            StringBuilder expected = new StringBuilder(Wire.event(events.get(0)));
            for (String event : events.subList(1, events.size())) {
                expected.append(Wire.event(event));
                while (got.length() < expected.length()) {
                    got.append(caller.readChunk());
                }
                assertThat(got.toString()).isEqualTo(expected.toString());
                seen.release();
            }
            assertThat(caller.readChunked()).isEqualTo("data: [DONE]\n\n");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void changesNothingButTheModelsName(boolean large) throws Exception {
        String template = "{ \"messages\" : [{\"role\":\"user\",\"content\":\"\\u00e9 é 😀 "
                + "\\\"model\\\": \\\"x\\\"" + (large ? "y".repeat(300_000) : "") + "\"}],\n\t"
                + "\"nested\":{\"model\":\"smart\"} ,\"model\" :  \"%s\"  , \"seed\": 1e400 }\n ";
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.connect();
            for (String model : List.of(SMART, SAME, "sm\\u0061rt", "model-a")) {
                ProxyUnderTest.askWith(caller, String.format(template, model));
                RawClient.Head head = caller.readHead();
                assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
            }
            assertThat(a.requests()).extracting(ScriptedUpstream.Request::text).containsExactly(
                    String.format(template, "model-a"), String.format(template, SAME),
                    String.format(template, "model-a"), String.format(template, "model-a"));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void takesAChunkedRequestAndSendsItWithALength(boolean trickled) throws Exception {
        String json = chat("model-a", false);
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.connect();
            byte[] request = ("POST " + PATH + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer "
                    + CALLER_KEY + "\r\ntransfer-encoding: chunked\r\n\r\n"
                    + inChunksOf(5, json).replace("0\r\n\r\n", "0\r\nauthorization: x\r\n\r\n"))
                    .getBytes(StandardCharsets.US_ASCII);
            if (trickled) {
                for (byte each : request) {
                    caller.send(new byte[] {each});
                }
            } else {
                caller.send(request);
            }
            RawClient.Head head = caller.readHead();
            assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);

            ScriptedUpstream.Request sent = a.requests().get(0);
            assertThat(sent.text()).isEqualTo(json);
            assertThat(sent.header("content-length")).isEqualTo("" + json.length());
            assertThat(sent.header("transfer-encoding")).isNull();
            assertThat(sent.headers().get("authorization"))
                    .containsExactly("Bearer " + keyOf("a"));
        }
    }

    // Fields

    @Test
    void stripsWhatIsNoneOfAProvidersBusiness() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.connect();
            caller.post(PATH, chat("model-a", false), "x-api-key: " + CALLER_KEY,
                    "connection: keep-alive, x-mine", "x-mine: 1", "keep-alive: timeout=5",
                    "te: trailers", "upgrade: h2c", "http2-settings: AAA", "trailer: x",
                    "proxy-authorization: Basic x", "proxy-connection: keep-alive",
                    "cookie: a=b", "x-forwarded-for: 10.0.0.1", "forwarded: for=10.0.0.1",
                    "x-real-ip: 10.0.0.1", "via: 1.1 x", "origin: http://x", "referer: http://x",
                    "accept-encoding: gzip, br", "openai-organization: org-x",
                    "x-penstock-timeout: 5s", "x-request-id: caller-1", "traceparent: 00-a-b-01",
                    "content_length: 5", "x-stainless-lang: java", "user-agent: sdk/1",
                    "accept: application/json");
            RawClient.Head head = caller.readHead();
            assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);

            assertThat(a.requests().get(0).headers()).containsOnlyKeys("host", "authorization",
                    "content-type", "content-length", "accept-encoding", "x-stainless-lang",
                    "user-agent", "accept");
            assertThat(a.requests().get(0).header("accept-encoding")).isEqualTo("identity");
            assertThat(a.requests().get(0).header("host")).isEqualTo("127.0.0.1:" + a.port());
            assertThat(a.requests().get(0).path()).isEqualTo(PATH);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"authorization: Bearer ", "Authorization: bearer ", "x-api-key: ",
        "api-key: ", "authorization: BEARER "})
    void takesTheCallersKeyWhereverSdksPutIt(String prefix) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.connect();
            caller.post(PATH, chat("model-a", false), prefix + CALLER_KEY);
            assertThat(caller.readHead().status()).isEqualTo(200);

            assertThat(a.requests().get(0).headers().toString()).doesNotContain(CALLER_KEY);
        }
    }

    @Test
    void stripsWhatIsNoneOfACallersBusiness() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    sendUnary(x, "content-type: application/json", "set-cookie: __cf=1",
                            "openai-organization: org-secret", "openai-project: proj",
                            "x-ratelimit-limit-requests: 5", "x-ratelimit-reset-tokens: 1s",
                            "x-request-id: req_upstream", "server: cloudflare", "cf-ray: 1",
                            "alt-svc: h3", "strict-transport-security: x", "via: 1.1 y",
                            "keep-alive: timeout=5", "connection: keep-alive, x-hop",
                            "x-hop: 1", "proxy-authenticate: Basic", "x-penstock-provider: evil",
                            "x-accel-redirect: /etc", "openai-processing-ms: 12",
                            "openai-version: 2020-10-01", "date: Sat, 21 Nov 2026 00:00:00 GMT");
                });
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();
            assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);

            assertThat(head.headers()).containsOnlyKeys("content-type", "content-length",
                    "openai-processing-ms", "openai-version", "date", "x-request-id",
                    "x-penstock-provider", "x-penstock-model", "x-penstock-attempts",
                    "server-timing", "x-content-type-options");
            assertThat(head.headers().get("x-penstock-provider")).containsExactly("a");
            assertThat(head.header("x-request-id")).startsWith("req_").isNotEqualTo("req_upstream");
            assertThat(head.header("server-timing"))
                    .matches(Stream.of("receive", "queue", "connect", "head", "content", "proxy",
                            "total").map(phase -> phase + ";dur=[0-9]+\\.[0-9]{3}")
                            .collect(Collectors.joining(", ")));
        }
    }

    @ParameterizedTest
    @CsvSource({"abc-123_X.y:z/1+2=@,true", "a b,false", "x\"y,false", "é,false", ",false"})
    void keepsASaneRequestIdOnly(String id, boolean kept) throws Exception {
        String sent = id == null ? "x".repeat(129) : id;
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.connect();
            ProxyUnderTest.askWith(caller, chat(SMART, false), "x-request-id: " + sent);
            RawClient.Head head = caller.readHead();

            assertThat(head.headers().get("x-request-id")).hasSize(1);
            if (kept) {
                assertThat(head.header("x-request-id")).isEqualTo(sent);
            } else {
                assertThat(head.header("x-request-id")).matches("req_[0-9a-f]{24}");
            }
        }
    }

    @Test
    void tellsBuffersOnTheWayToKeepOutOfAStream() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodStream(1));
                ProxyUnderTest proxy = before(a)) {
            RawClient.Head head = proxy.ask(SMART, true).readHead();

            assertThat(head.header("cache-control")).isEqualTo("no-cache");
            assertThat(head.header("x-accel-buffering")).isEqualTo("no");
        }
    }

    // Responses that a parser can trip over

    @Test
    void skipsInterimResponses() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.write("HTTP/1.1 100 Continue\r\n\r\n").flush();
                    x.write("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
                            + "HTTP/1.1 102 Processing\r\n\r\n");
                    sendUnary(x, "content-type: application/json");
                });
                ProxyUnderTest proxy = before(a)) {
            for (int i = 0; i < 2; i++) {
                RawClient caller = proxy.ask(SMART, false);
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(200);
                assertThat(head.header("link")).isNull();
                assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
            }
            assertThat(a.opened()).isEqualTo(1);
        }
    }

    @Test
    void readsAHeadThatTricklesIn() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.trickle(("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: "
                            + GOOD_UNARY.length() + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII),
                            Duration.ZERO);
                    x.write(GOOD_UNARY);
                });
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();

            assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"more than was promised", "a whole reply that nobody asked for",
        "connection: close"})
    void usesNoConnectionAgainThatCannotBeTrusted(String why) throws Exception {
        boolean close = why.startsWith("connection");
        String reply = "HTTP/1.1 200 OK\r\n" + (close ? why + "\r\n" : "") + "content-length: "
                + GOOD_UNARY.length() + "\r\n\r\n" + GOOD_UNARY;
        String rest = close ? "" : why.startsWith("more") ? "!!" : reply.replace("well", "evil");
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.write(reply + rest).flush();
                });
                ProxyUnderTest proxy = before(a)) {
            for (int i = 1; i <= 3; i++) {
                RawClient caller = proxy.ask(SMART, false);
                RawClient.Head head = caller.readHead();
                assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
                assertThat(a.awaitClosed(i, PATIENCE)).isTrue();
            }
        }
    }

    // HTTP/1.0 callers

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sendsNoChunksToAnOldCaller(boolean stream) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(stream
                        ? ScriptedUpstream.goodStream(3) : ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(a)) {
            String json = chat(SMART, stream);
            RawClient caller = proxy.connect().send("POST " + PATH + " HTTP/1.0\r\n"
                    + "authorization: Bearer " + CALLER_KEY + "\r\ncontent-length: "
                    + json.length() + "\r\n\r\n" + json);
            RawClient.Head head = caller.readHead();

            assertThat(head.header("transfer-encoding")).isNull();
            assertThat(head.header("connection")).isEqualTo("close");
            assertThat(caller.readUntilClose())
                    .isEqualTo(stream ? Wire.dataOf(Wire.goodStream(3)) : GOOD_UNARY);
        }
    }

    @Test
    void keepsAnOldCallersConnectionWhereItAsksAndALengthAllows() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(a)) {
            String json = chat(SMART, false);
            RawClient caller = proxy.connect();
            for (int i = 0; i < 2; i++) {
                caller.send("POST " + PATH + " HTTP/1.0\r\nconnection: keep-alive\r\n"
                        + "authorization: Bearer " + CALLER_KEY + "\r\ncontent-length: "
                        + json.length() + "\r\n\r\n" + json);
                RawClient.Head head = caller.readHead();
                assertThat(head.header("connection")).isEqualTo("keep-alive");
                assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
            }
        }
    }

    @Test
    void tellsAnOldCallerOfABrokenStream() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    Wire.sendBeginning(x, 1).chunk("data: {\"half").closeFin();
                });
                ProxyUnderTest proxy = before(a)) {
            String json = chat(SMART, true);
            RawClient caller = proxy.connect().send("POST " + PATH + " HTTP/1.0\r\n"
                    + "authorization: Bearer " + CALLER_KEY + "\r\ncontent-length: "
                    + json.length() + "\r\n\r\n" + json);
            caller.readHead();

            assertThat(caller.readUntilClose()).startsWith(Wire.dataOf(Wire.beginning(1))
                    + "data: {\"error\":").endsWith("}}\n\n").doesNotContain("half");
        }
    }

    // What the proxy answers itself

    @ParameterizedTest
    @CsvSource({"GET,/v1/chat/completions,405", "HEAD,/v1/chat/completions,405",
        "DELETE,/health,405", "GET,/nope,404", "HEAD,/nope,404", "POST,/v1/nope,404",
        "GET,/v1/models,401", "HEAD,/v1/models,401", "HEAD,/health,200", "GET,/health,200"})
    void answersWithoutAProviderInTheRightShape(String method, String path, int status)
            throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.connect();
            for (int i = 0; i < 2; i++) {
                caller.send(method + " " + path + " HTTP/1.1\r\nhost: x\r\n\r\n");
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(status);
                assertThat(head.header("content-type")).isEqualTo("application/json");
                assertThat(Integer.parseInt(head.header("content-length"))).isPositive();
                assertThat(head.header("x-request-id")).isNotBlank();
                assertThat(head.header("allow") != null).isEqualTo(status == 405);
                assertThat(head.header("www-authenticate") != null).isEqualTo(status == 401);
                if (!method.equals("HEAD")) {
                    String body = caller.readBody(head);
                    assertThat(body).startsWith(status == 200 ? "{\"status\":\"ok\""
                            : "{\"error\":{\"message\":\"");
                }
            }
            assertThat(a.requests()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"model\":\"smart\"|400|invalid_json", "[1]|400|invalid_json",
        "{}|400|missing_model", "{\"model\":7}|400|missing_model",
        "{\"model\":\"\"}|400|missing_model", "{\"model\":\"nobody-has-it\"}|404|model_not_found",
        "{\"model\":\"smart\",\"stream\":\"yes\"}|400|invalid_request"})
    void refusesARequestThatNobodyCouldAnswer(String body, int status, String code)
            throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.connect();
            ProxyUnderTest.askWith(caller, body);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(status);
            assertThat(caller.readBody(head)).contains("\"code\":\"" + code + "\"")
                    .contains("\"type\":\"invalid_request_error\"");
            ProxyUnderTest.ask(caller, SMART, false);
            assertThat(caller.readHead().status()).isEqualTo(200);
            assertThat(a.requests()).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"authorization: Bearer wrong", "authorization: Basic " + CALLER_KEY,
        "x-api-key: ", "x-other: 1"})
    void refusesWhoShowsNoKnownKeyBeforeTheBodyIsIn(String field) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.connect();
            caller.send("POST " + PATH + " HTTP/1.1\r\nhost: x\r\n" + field
                    + "\r\ncontent-length: 1000\r\n\r\n{");
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(401);
            assertThat(caller.readBody(head)).contains("\"code\":\"invalid_api_key\"");
            assertThat(a.opened()).isZero();
        }
    }

    // One request after the other

    /** Any page can make a browser send such a request; a key it doesn't have. */
    @Test
    void servesNoWebPageWithoutACredential() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .withoutKeys().start()) {
            RawClient page = proxy.connect()
                    .post(PATH, chat(SMART, false), "origin: https://evil.example");
            RawClient.Head head = page.readHead();
            assertThat(head.status()).isEqualTo(403);
            assertThat(page.readBody(head)).contains("\"code\":\"origin_not_allowed\"");
            assertThat(a.requests()).isEmpty();

            RawClient keyed = proxy.connect().post(PATH, chat(SMART, false),
                    "origin: https://good.example", "authorization: Bearer whatever");
            head = keyed.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(keyed.readBody(head)).isEqualTo(GOOD_UNARY);

            RawClient program = proxy.connect().post(PATH, chat(SMART, false));
            head = program.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(program.readBody(head)).isEqualTo(GOOD_UNARY);
        }
    }

    @Test
    void tellsModelsAsEachSdkReadsThem() throws Exception {
        String key = "x-api-key: " + CALLER_KEY;
        String version = "anthropic-version: 2023-06-01";
        String told = "{\"type\":\"model\",\"id\":\"org/x\",\"display_name\":\"org/x\","
                + "\"created_at\":\"1970-01-01T00:00:00Z\"}";
        try (ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                .provider("a", "http://127.0.0.1:1").models("org/x", "claude-*").start()) {
            RawClient caller = proxy.connect();
            for (String path : List.of("org/x", "org%2Fx", "org%2fx", "claude-9")) {
                RawClient.Head head = caller.get("/v1/models/" + path, key).readHead();
                assertThat(head.status()).as(path).isEqualTo(200);
                assertThat(caller.readBody(head)).contains("\"object\":\"model\"");
            }
            RawClient.Head head = caller.get("/v1/models/org%2Fx", key, version).readHead();
            assertThat(caller.readBody(head)).isEqualTo(told);
            head = caller.get("/v1/models", key, version).readHead();
            assertThat(caller.readBody(head)).isEqualTo("{\"data\":[{\"type\":\"model\",\"id\":\""
                    + SMART + "\",\"display_name\":\"" + SMART + "\",\"created_at\":"
                    + "\"1970-01-01T00:00:00Z\"}," + told + "],\"has_more\":false,\"first_id\":\""
                    + SMART + "\",\"last_id\":\"org/x\"}");
            for (String path : List.of("org%2", "org%2Fy", "gpt")) {
                head = caller.get("/v1/models/" + path, key, version).readHead();
                assertThat(head.status()).as(path).isEqualTo(404);
                assertThat(caller.readBody(head)).startsWith("{\"type\":\"error\"");
            }
        }
    }

    @Test
    void answersPipelinedRequestsInTheirOrder() throws Exception {
        int count = 10;
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    String text = "{\"choices\":[" + x.readRequest().text() + "]}";
                    x.head(200, "content-length: " + text.length()).write(text).flush();
                });
                ProxyUnderTest proxy = before(a)) {
            StringBuilder all = new StringBuilder();
            for (int i = 0; i < count; i++) {
                String json = "{\"model\":\"model-a\",\"n\":" + i + "}";
                all.append("POST ").append(PATH).append(" HTTP/1.1\r\nhost: x\r\n")
                        .append("authorization: Bearer ").append(CALLER_KEY)
                        .append("\r\ncontent-length: ").append(json.length()).append("\r\n\r\n")
                        .append(json).append("GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
            }
            RawClient caller = proxy.connect().send(all.toString());
            for (int i = 0; i < count; i++) {
                assertThat(caller.readBody(caller.readHead()))
                        .isEqualTo("{\"choices\":[{\"model\":\"model-a\",\"n\":" + i + "}]}");
                assertThat(caller.readBody(caller.readHead())).contains("uptime_seconds");
            }
            assertThat(a.opened()).as("never two at once").isEqualTo(1);
        }
    }

    @Test
    void closesWhereTheCallerAsksForIt() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodStream(1));
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.connect();
            ProxyUnderTest.askWith(caller, chat(SMART, true), "connection: close");
            assertThat(caller.readHead().header("connection")).isEqualTo("close");

            assertThat(caller.readUntilClose()).isEqualTo(Wire.goodStream(1));
        }
    }

    @Test
    void says100OnlyWhenTheHeadIsAccepted() throws Exception {
        String json = chat(SMART, false);
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(a)) {
            RawClient caller = proxy.connect();
            for (int i = 0; i < 2; i++) {
                caller.send("POST " + PATH + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer "
                        + CALLER_KEY + "\r\nexpect: 100-continue\r\ncontent-length: "
                        + json.length() + "\r\n\r\n");
                assertThat(caller.readHead().status()).isEqualTo(100);
                caller.send(json);
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(200);
                caller.readBody(head);
            }
            assertThat(a.requests().get(0).header("expect")).isNull();

            caller.send("POST " + PATH + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer no\r\n"
                    + "expect: 100-continue\r\ncontent-length: 5\r\n\r\n");
            assertThat(caller.readHead().status()).isEqualTo(401);
        }
    }

    /** What {@link ChatStream#isMalformed} leaves of a stream. */
    private static String withoutMalformed(String stream) {
        ChatStream chat = new ChatStream();
        StringBuilder left = new StringBuilder();
        EventSplitter splitter = new EventSplitter(new EventSplitter.Sink() {
            @Override
            public boolean onEvent(ByteBuf buffer, int index, int length) {
                if (!chat.isMalformed(buffer, index, length)) {
                    left.append(buffer.toString(index, length, StandardCharsets.UTF_8));
                }
                return true;
            }

            @Override
            public void onOversizedEvent() {
                throw new AssertionError("there is none");
            }
        }, new Scratch());
        ByteBuf bytes = Unpooled.copiedBuffer(stream, StandardCharsets.UTF_8);
        splitter.split(UnpooledByteBufAllocator.DEFAULT, bytes, 0, bytes.readableBytes());
        splitter.finish();
        bytes.release();
        return left.toString();
    }
}

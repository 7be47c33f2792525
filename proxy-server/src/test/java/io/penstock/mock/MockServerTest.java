package io.penstock.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.penstock.testing.RawClient;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MockServerTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String UNARY = "{\"model\":\"m-1\",\"messages\":[]}";
    private static final String STREAM = "{\"model\":\"m-1\",\"stream\":true,\"messages\":[]}";
    private static final String METERED = "{\"stream\":true,\"stream_options\":"
            + "{\"include_usage\":true},\"messages\":[],\"model\":\"m-1\"}";
    private static final MockSettings THREE = MockSettings.DEFAULT.withEvents(3);

    @Test
    void answersAUnaryCall() throws Exception {
        try (MockServer mock = MockServer.start(THREE.withName("steady"));
                RawClient client = RawClient.connect(mock.port())) {
            client.post(CHAT, UNARY);
            RawClient.Head head = client.readHead();
            String body = client.readBody(head);

            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("content-type")).isEqualTo("application/json");
            parse(body);
            assertThat(body).contains("\"object\":\"chat.completion\"", "\"model\":\"m-1\"",
                    "\"content\":\"steady here: the\"", "\"finish_reason\":\"stop\"",
                    "\"prompt_tokens\":" + UNARY.length() / 4 + ',', "\"completion_tokens\":3,");
        }
    }

    @Test
    void streamsOneEventPerChunk() throws Exception {
        try (MockServer mock = MockServer.start(THREE);
                RawClient client = RawClient.connect(mock.port())) {
            client.post("/any/prefix/chat/completions?x=/y", STREAM);
            RawClient.Head head = client.readHead();
            List<String> events = events(client);

            assertThat(head.header("content-type"))
                    .isEqualTo("text/event-stream; charset=utf-8");
            assertThat(events).hasSize(6).allSatisfy(
                    event -> assertThat(event).doesNotContain("usage"));
            assertThat(events.get(0))
                    .contains("\"delta\":{\"role\":\"assistant\",\"content\":\"\"}");
            assertThat(events.get(1)).contains("\"delta\":{\"content\":\"mock\"}");
            assertThat(events.get(3)).contains("\"delta\":{\"content\":\" the\"}");
            assertThat(events.get(4)).contains("\"delta\":{}", "\"finish_reason\":\"stop\"");
            assertThat(events.get(5)).isEqualTo("[DONE]");
        }
    }

    @Test
    void variesItsEventsAlikeInEveryRun() throws Exception {
        List<List<String>> runs = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            try (MockServer mock = MockServer.start(
                    MockSettings.DEFAULT.withEvents(500).withVaried(true));
                    RawClient client = RawClient.connect(mock.port())) {
                client.post(CHAT, STREAM);
                client.readHead();
                runs.add(events(client).subList(1, 501));
            }
        }

        assertThat(runs.get(0)).allSatisfy(MockServerTest::parse)
                .allSatisfy(event -> assertThat(event).matches(
                        ".*\"finish_reason\":null}],\"obfuscation\":\"[A-Za-z0-9]+\"}"))
                .anySatisfy(event -> assertThat(event).contains("水"))
                .anySatisfy(event -> assertThat(event).contains("🌊"))
                .anySatisfy(event -> assertThat(event).contains("\\\"so\\\""));
        assertThat(Set.copyOf(ends(runs.get(0)))).hasSizeGreaterThan(450);
        assertThat(runs.get(0).stream().map(String::length).distinct().count())
                .isGreaterThan(50);
        assertThat(ends(runs.get(1))).isEqualTo(ends(runs.get(0)));
    }

    private static List<String> ends(List<String> events) {
        return events.stream().map(event -> event.substring(event.indexOf("\"delta\""))
                .replaceFirst(".*obfuscation", "")).toList();
    }

    @Test
    void tellsUsageToThoseWhoAsk() throws Exception {
        try (MockServer mock = MockServer.start(THREE);
                RawClient client = RawClient.connect(mock.port())) {
            client.post(CHAT, METERED);
            client.readHead();
            List<String> events = events(client);

            assertThat(events).hasSize(7);
            assertThat(events.subList(0, 5)).allSatisfy(
                    event -> assertThat(event).endsWith(",\"usage\":null}"));
            assertThat(events.get(5)).contains("\"choices\":[],\"usage\":{\"prompt_tokens\":"
                    + METERED.length() / 4 + ",\"completion_tokens\":3,");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {UNARY, STREAM})
    void isLateWithNothingElseAmiss(String body) throws Exception {
        try (MockServer mock = MockServer.start(THREE);
                RawClient client = RawClient.connect(mock.port())) {
            long start = System.nanoTime();
            client.post(CHAT, body, "x-mock-fail: slow");
            RawClient.Head head = client.readHead();
            assertThat(millisSince(start)).isGreaterThanOrEqualTo(1000);
            String late = client.readBody(head);

            client.post(CHAT, body);
            assertThat(client.readBody(client.readHead())).isEqualTo(late);
        }
    }

    @Test
    void stopsAtMaxTokens() throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT);
                RawClient client = RawClient.connect(mock.port())) {
            client.post(CHAT, "{\"stream\":true,\"model\":\"m\",\"max_completion_tokens\":2}");
            client.readHead();
            assertThat(events(client)).hasSize(5)
                    .element(3).asString().contains("\"finish_reason\":\"length\"");

            client.post(CHAT, "{\"model\":\"m\",\"max_tokens\":2}");
            assertThat(client.readBody(client.readHead()))
                    .contains("\"finish_reason\":\"length\"", "\"completion_tokens\":2,");
        }
    }

    @Test
    void answersPipelinedRequestsInTurn() throws Exception {
        try (MockServer mock = MockServer.start(THREE);
                RawClient client = RawClient.connectSmall(mock.port(), 8 * 1024)) {
            String head = "POST " + CHAT + " HTTP/1.1\r\ncontent-length: ";
            String unary = head + UNARY.length() + "\r\n\r\n" + UNARY;
            String stream = head + STREAM.length() + "\r\n\r\n" + STREAM;
            client.send((unary + stream).repeat(1000) + "GET /models HTTP/1.1\r\n\r\n");

            for (int i = 0; i < 1000; i++) {
                assertThat(client.readBody(client.readHead())).contains("chat.completion\"");
                client.readHead();
                assertThat(events(client)).hasSize(6);
            }
            assertThat(client.readBody(client.readHead())).startsWith("{\"object\":\"list\"");
            assertThat(mock.requests()).isEqualTo(2001);
        }
    }

    @Test
    void takesABigBodyWithItsFieldsAtTheEnd() throws Exception {
        try (MockServer mock = MockServer.start(THREE);
                RawClient client = RawClient.connect(mock.port())) {
            String body = "{\"messages\":[{\"content\":\"" + "a\\\"".repeat(10 * 1024 * 1024)
                    + "\"}],\"stream\":true,\"model\":\"late\"}";
            client.post(CHAT, body, "expect: 100-continue");

            assertThat(client.readHead().status()).isEqualTo(100);
            assertThat(client.readHead().status()).isEqualTo(200);
            assertThat(events(client)).hasSize(6)
                    .element(1).asString().contains("\"model\":\"late\"");
        }
    }

    @Test
    void refusesABodyBeyondItsBound() throws Exception {
        try (MockServer mock = MockServer.start(THREE);
                RawClient client = RawClient.connect(mock.port())) {
            client.send("POST " + CHAT + " HTTP/1.1\r\ncontent-length: 67108865\r\n\r\n{");
            client.send("x".repeat(100_000));

            assertThat(client.readHead().status()).isEqualTo(413);
            assertThat(client.readUntilClose()).contains("\"error\"");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "{\"messages\":[]}", "{\"model\":\"m\"", "", "{\"model\":7}"})
    void refusesABodyThatIsNoCall(String body) throws Exception {
        try (MockServer mock = MockServer.start(THREE);
                RawClient client = RawClient.connect(mock.port())) {
            client.post(CHAT, body);
            RawClient.Head head = client.readHead();

            assertThat(head.status()).isEqualTo(400);
            parse(client.readBody(head));
            client.post(CHAT, UNARY);
            assertThat(client.readHead().status()).isEqualTo(200);
        }
    }

    @Test
    void knowsNoOtherUrl() throws Exception {
        try (MockServer mock = MockServer.start(THREE);
                RawClient client = RawClient.connect(mock.port())) {
            client.post("/v1/\"embeddings", UNARY);
            RawClient.Head head = client.readHead();

            assertThat(head.status()).isEqualTo(404);
            String body = client.readBody(head);
            parse(body);
            assertThat(body).contains("\"code\":\"unknown_url\"", "/v1/\\\"embeddings");
        }
    }

    @Test
    void closesWhenAskedTo() throws Exception {
        try (MockServer mock = MockServer.start(THREE);
                RawClient client = RawClient.connect(mock.port())) {
            client.post(CHAT, STREAM, "connection: close");

            assertThat(client.readUntilClose()).contains("connection: close").endsWith("0\r\n\r\n");
        }
    }

    @Test
    void pausesBeforeTheFirstEventAndBetweenEvents() throws Exception {
        MockSettings slow = THREE.withTtft(Duration.ofMillis(60))
                .withInterval(Duration.ofMillis(20));
        try (MockServer mock = MockServer.start(slow);
                RawClient client = RawClient.connect(mock.port())) {
            long start = System.nanoTime();
            client.post(CHAT, STREAM);
            client.readHead();
            assertThat(millisSince(start)).isBetween(60L, 1000L);
            assertThat(events(client)).hasSize(6);
            assertThat(millisSince(start)).isBetween(100L, 2000L);

            start = System.nanoTime();
            client.post(CHAT, UNARY);
            assertThat(client.readBody(client.readHead())).contains("mock here: the");
            assertThat(millisSince(start)).isBetween(100L, 2000L);

            start = System.nanoTime();
            client.post(CHAT, STREAM, "x-mock-ttft: 0", "x-mock-interval: 1ms",
                    "x-mock-events: 10");
            client.readHead();
            assertThat(events(client)).hasSize(13);
            assertThat(millisSince(start)).isGreaterThanOrEqualTo(9);
        }
    }

    @Test
    void waitsForASlowCallerAndLosesNothing() throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withEvents(200_000));
                RawClient client = RawClient.connectSmall(mock.port(), 8 * 1024)) {
            client.post(CHAT, STREAM);
            client.readHead();
            int chunks = 0;
            while (!client.readChunk().isEmpty()) {
                chunks++;
            }

            assertThat(chunks).isEqualTo(200_003);
        }
    }

    @Test
    void makesEventsOfTheSizeAskedFor() throws Exception {
        try (MockServer mock = MockServer.start(THREE.withEventBytes(1000));
                RawClient client = RawClient.connect(mock.port())) {
            client.post(CHAT, STREAM);
            client.readHead();
            String event = events(client).get(2);

            assertThat(event.replaceAll(".*\"content\":\"(.*)\"}.*", "$1")).hasSize(1000);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 403, 404, 418, 429, 500, 503, 529})
    void failsByStatus(int status) throws Exception {
        try (MockServer mock = MockServer.start(
                        THREE.withFail(Fault.parse("" + status), 1));
                RawClient client = RawClient.connect(mock.port())) {
            client.post(CHAT, STREAM);
            RawClient.Head head = client.readHead();

            assertThat(head.status()).isEqualTo(status);
            assertThat(head.header("retry-after")).isEqualTo(status == 429 ? "1" : null);
            String body = client.readBody(head);
            parse(body);
            assertThat(body).contains("\"type\":\""
                    + (status >= 500 ? "server_error" : status == 429 ? "requests"
                            : "invalid_request_error"));
        }
    }

    @Test
    void failsEveryOtherCallAtHalf() throws Exception {
        try (MockServer mock = MockServer.start(THREE.withFail(Fault.parse("503"), 0.5));
                RawClient client = RawClient.connect(mock.port())) {
            List<Integer> statuses = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                client.post(CHAT, UNARY);
                RawClient.Head head = client.readHead();
                client.readBody(head);
                statuses.add(head.status());
            }

            assertThat(statuses).containsExactly(503, 200, 503, 200, 503, 200);
        }
    }

    @Test
    void refusesConnections() throws Exception {
        try (MockServer mock = MockServer.start(THREE.withFail(Fault.parse("refuse"), 1))) {
            assertThatThrownBy(() -> RawClient.connect(mock.port()))
                    .isInstanceOf(ConnectException.class);
        }
    }

    @Test
    void resetsTheConnection() throws Exception {
        try (MockServer mock = MockServer.start(THREE);
                RawClient client = RawClient.connect(mock.port())) {
            client.post(CHAT, STREAM, "x-mock-fail: reset");

            assertThatThrownBy(client::readHead).isInstanceOf(SocketException.class);
            assertThat(mock.requests()).isEqualTo(1);
            assertThat(mock.cancelled()).isZero();
        }
    }

    @Test
    void hangsUntilTheCallerGoes() throws Exception {
        try (MockServer mock = MockServer.start(THREE)) {
            try (RawClient client = RawClient.connect(mock.port())) {
                client.post(CHAT, STREAM, "x-mock-fail: hang");
                assertThat(client.awaitClosed(Duration.ofMillis(30))).isFalse();
                assertThat(mock.requests()).isEqualTo(1);
                assertThat(mock.connections()).isEqualTo(1);
            }

            assertThat(eventually(() -> mock.connections() == 0)).isTrue();
            assertThat(mock.cancelled()).isEqualTo(1);
        }
    }

    @Test
    void cutsAReplyInTheMiddle() throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withEvents(8))) {
            try (RawClient client = RawClient.connect(mock.port())) {
                client.post(CHAT, STREAM, "x-mock-fail: midstream");
                client.readHead();
                for (int i = 0; i < 5; i++) {
                    assertThat(client.readChunk()).startsWith("data: ");
                }
                assertThat(client.readUntilClose()).isEmpty();
            }
            try (RawClient client = RawClient.connect(mock.port())) {
                client.post(CHAT, UNARY, "x-mock-fail: midstream");
                RawClient.Head head = client.readHead();
                assertThatThrownBy(() -> client.readBody(head)).isInstanceOf(EOFException.class);
            }
            assertThat(mock.cancelled()).isZero();
        }
    }

    @Test
    void countsStreamsThatTheCallerCancels() throws Exception {
        try (MockServer mock = MockServer.start(
                MockSettings.DEFAULT.withInterval(Duration.ofMinutes(1)))) {
            try (RawClient client = RawClient.connect(mock.port())) {
                client.post(CHAT, STREAM);
                client.readHead();
                assertThat(mock.cancelled()).isZero();
            }

            assertThat(eventually(() -> mock.cancelled() == 1)).isTrue();
        }
    }

    @Test
    void servesManyModelsAndSwitchesThemMidStream() throws Exception {
        MockSettings paced = MockSettings.DEFAULT.withInterval(Duration.ofMillis(10));
        try (MockServer mock = MockServer.start(paced, 1);
                RawClient first = RawClient.connect(mock.port());
                RawClient others = RawClient.connect(mock.port())) {
            first.post(CHAT, STREAM);
            first.readHead();
            for (int i = 0; i < 2 * MockLoop.MAX_SCRIPTS; i++) {
                others.post(CHAT, "{\"model\":\"other-" + i + "\"}", "x-mock-interval: 0");
                assertThat(others.readBody(others.readHead())).contains("\"other-" + i + '"');
            }

            assertThat(events(first)).hasSize(19)
                    .element(15).asString().contains("\"model\":\"m-1\"");
        }
    }

    @Test
    void endsOpenStreamsWhenItCloses() throws Exception {
        MockServer mock = MockServer.start(
                MockSettings.DEFAULT.withInterval(Duration.ofMinutes(1)));
        try (RawClient client = RawClient.connect(mock.port())) {
            client.post(CHAT, STREAM);
            client.readHead();
            mock.close();
            mock.close();

            assertThat(client.awaitClosed(Duration.ofSeconds(10))).isTrue();
            assertThat(mock.connections()).isZero();
            assertThat(mock.cancelled()).isZero();
        }
    }

    @Test
    void runsOnEventLoopsOfOthers() throws Exception {
        MultiThreadIoEventLoopGroup group =
                new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        try {
            try (MockServer mock = MockServer.start(THREE, group, NioServerSocketChannel.class);
                    RawClient client = RawClient.connect(mock.port())) {
                client.post(CHAT, STREAM);
                client.readHead();
                assertThat(events(client)).hasSize(6);
            }
            assertThat(group.isShuttingDown()).isFalse();
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        }
    }

    @Test
    void doesNotShareATakenPort() throws Exception {
        try (MockServer mock = MockServer.start(THREE, 2)) {
            assertThatThrownBy(() -> MockServer.start(THREE.withPort(mock.port()), 2))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("cannot listen on 127.0.0.1:" + mock.port());
        }
    }

    private static List<String> events(RawClient client) throws IOException {
        List<String> events = new ArrayList<>();
        for (String chunk = client.readChunk(); !chunk.isEmpty(); chunk = client.readChunk()) {
            assertThat(chunk).startsWith("data: ").endsWith("\n\n");
            String event = chunk.substring("data: ".length(), chunk.length() - 2);
            if (!event.equals("[DONE]")) {
                parse(event);
            }
            events.add(event);
        }
        return events;
    }

    private static void parse(String json) throws IOException {
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            while (parser.nextToken() != null) {
                continue;
            }
        }
    }

    private static boolean eventually(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean() && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        return condition.getAsBoolean();
    }

    private static long millisSince(long start) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }
}

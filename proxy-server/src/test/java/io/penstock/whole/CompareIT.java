package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static io.penstock.testing.ScriptedUpstream.goodEvents;
import static io.penstock.testing.ScriptedUpstream.goodStream;
import static io.penstock.testing.ScriptedUpstream.goodUnary;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.caller.Allowance;
import io.penstock.loop.Transport;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One prompt, several models: each answers, side by side. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class CompareIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MESSAGES =
            "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
    private static final String PATH = "/v1/compare_models";
    private static final String BOTH = "{\"models\":[\"model-a\",\"model-b\"]," + MESSAGES + "}";
    private static final String BOTH_AS_STREAM =
            "{\"models\":[\"model-a\",\"model-b\"],\"stream\":true," + MESSAGES + "}";

    @Parameter
    Transport transport;

    @TempDir
    Path directory;

    private String body;

    private static Script status(int status) {
        String text = "{\"error\":{\"message\":\"no\",\"type\":\"x\",\"code\":\"y\"}}";
        return x -> {
            x.readRequest();
            x.head(status, "content-type: application/json", "content-length: " + text.length())
                    .write(text).flush();
        };
    }

    private ProxyUnderTest.Builder before(ScriptedUpstream a, ScriptedUpstream b) {
        return ProxyUnderTest.on(transport).provider("a", a.url()).provider("b", b.url());
    }

    private static RawClient send(ProxyUnderTest proxy, String json, String... fields)
            throws Exception {
        List<String> all = new ArrayList<>(List.of(fields));
        all.add("authorization: Bearer " + CALLER_KEY);
        return proxy.connect().post(PATH, json, all.toArray(new String[0]));
    }

    private RawClient.Head post(ProxyUnderTest proxy, String json, String... fields)
            throws Exception {
        RawClient caller = send(proxy, json, fields);
        RawClient.Head head = caller.readHead();
        body = caller.readBody(head);
        return head;
    }

    /** The data of all events of that name, in order; of all without a name for an empty one. */
    private List<JsonNode> events(String name) throws Exception {
        List<JsonNode> all = new ArrayList<>();
        for (String event : body.split("\n\n")) {
            if (event.startsWith("event: " + name + "\ndata: ")) {
                all.add(JSON.readTree(event.substring(event.indexOf("data: ") + 6)));
            }
        }
        return all;
    }

    private static String text(List<JsonNode> chunks, int index) {
        StringBuilder text = new StringBuilder();
        chunks.stream().filter(chunk -> chunk.get("index").asInt() == index).forEach(chunk ->
                text.append(chunk.at("/chunk/choices/0/delta/content").asText("")));
        return text.toString();
    }

    // Whole answers

    @Test
    void answersWithEachModelsAnswerInTheOrderAsked() throws Exception {
        CountDownLatch second = new CountDownLatch(1);
        Script afterTheSecond = x -> {
            x.readRequest();
            await(second);
            x.head(200, "content-type: application/json",
                    "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY).flush();
        };
        Script theSecond = x -> {
            goodUnary().run(x);
            second.countDown();
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(afterTheSecond);
                ScriptedUpstream b = ScriptedUpstream.start(theSecond);
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient.Head head = post(proxy, BOTH, "x-request-id: mine");

            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("content-type")).isEqualTo("application/json");
            assertThat(head.header("x-request-id")).isEqualTo("mine");
            JsonNode reply = JSON.readTree(body);
            assertThat(reply.get("object").asText()).isEqualTo("model_comparison");
            assertThat(reply.get("results")).hasSize(2);
            for (int i = 0; i < 2; i++) {
                JsonNode result = reply.get("results").get(i);
                assertThat(result.get("index").asInt()).isEqualTo(i);
                assertThat(result.get("model").asText()).isEqualTo(i == 0 ? "model-a" : "model-b");
                assertThat(result.get("provider").asText()).isEqualTo(i == 0 ? "a" : "b");
                assertThat(result.get("status").asInt()).isEqualTo(200);
                assertThat(result.get("response")).isEqualTo(JSON.readTree(GOOD_UNARY));
                assertThat(result.get("error").isNull()).isTrue();
                assertThat(result.at("/usage/prompt_tokens").asInt()).isEqualTo(7);
                assertThat(result.at("/usage/completion_tokens").asInt()).isEqualTo(3);
                assertThat(result.get("latency_ms").asDouble()).isPositive();
                assertThat(result.get("ttft_ms").asDouble()).isPositive()
                        .isLessThanOrEqualTo(result.get("latency_ms").asDouble());
                assertThat(result.get("tokens_per_second").asDouble()).isPositive();
            }
            assertThat(a.requests().get(0).text()).isEqualTo("{\"model\":\"model-a\"," + MESSAGES
                    + "}");
            assertThat(b.requests().get(0).text()).isEqualTo("{\"model\":\"model-b\"," + MESSAGES
                    + "}");
            assertThat(a.requests().get(0).path()).isEqualTo("/v1/chat/completions");
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        }
    }

    @Test
    void tellsOneModelsFailureInItsResult() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(400));
                ScriptedUpstream b = ScriptedUpstream.start(goodUnary());
                ProxyUnderTest proxy = before(a, b).start()) {
            assertThat(post(proxy, BOTH).status()).isEqualTo(200);

            JsonNode bad = JSON.readTree(body).get("results").get(0);
            assertThat(bad.get("status").asInt()).isEqualTo(400);
            assertThat(bad.get("response").isNull()).isTrue();
            assertThat(bad.at("/error/message").asText()).isEqualTo("no");
            JsonNode good = JSON.readTree(body).get("results").get(1);
            assertThat(good.get("response")).isEqualTo(JSON.readTree(GOOD_UNARY));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void saysThatAllHaveFailedWith502(boolean stream) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(503));
                ScriptedUpstream b = ScriptedUpstream.start(status(401));
                ProxyUnderTest proxy = before(a, b).start()) {
            assertThat(post(proxy, stream ? BOTH_AS_STREAM : BOTH).status()).isEqualTo(502);

            JsonNode reply = JSON.readTree(body);
            assertThat(reply.at("/error/code").asText()).isEqualTo("upstream_error");
            assertThat(reply.at("/results/0/status").asInt()).isEqualTo(503);
            assertThat(reply.at("/results/0/error/message").asText()).isEqualTo("no");
            assertThat(reply.at("/results/1/status").asInt()).isEqualTo(502);
            assertThat(reply.at("/results/1/error/code").asText()).isEqualTo("upstream_error");
        }
    }

    @Test
    void triesEachModelOnceUnlessItMayFailOver() throws Exception {
        Script[] failing = {status(500), status(500), status(500), status(500)};
        try (ScriptedUpstream a = ScriptedUpstream.start(failing);
                ScriptedUpstream b = ScriptedUpstream.start(goodUnary(), goodUnary(), goodUnary());
                ProxyUnderTest proxy = before(a, b).withoutBreaker()
                        .targets("a/model-a", "b/model-b").start()) {
            String asked = "{\"models\":[\"smart\",\"model-b\"]," + MESSAGES;
            post(proxy, asked + "}");
            assertThat(JSON.readTree(body).at("/results/0/status").asInt()).isEqualTo(500);
            assertThat(a.requests()).hasSize(1);

            post(proxy, asked + ",\"failover\":true}");
            assertThat(JSON.readTree(body).at("/results/0/provider").asText()).isEqualTo("b");
            assertThat(b.requests().get(2).text()).doesNotContain("failover");
        }
    }

    @Test
    void countsAsOneRequestForEachModel() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start();
                ProxyUnderTest proxy = before(a, b).allowance(new Allowance(1,
                        Allowance.MINUTE_NANOS, 0, 0, 0, 0)).start()) {
            assertThat(post(proxy, BOTH).status()).isEqualTo(200);

            JsonNode refused = JSON.readTree(body).get("results").get(1);
            assertThat(refused.get("status").asInt()).isEqualTo(429);
            assertThat(refused.at("/error/code").asText()).isEqualTo("rate_limit_exceeded");
            assertThat(b.requests()).isEmpty();
        }
    }

    @Test
    void logsEachModelsExchangeUnderAnIdOfItsOwn() throws Exception {
        Path log = directory.resolve("access.log");
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(goodUnary());
                ProxyUnderTest proxy = before(a, b).accessLog(log).start()) {
            post(proxy, BOTH, "x-request-id: mine");
            ProxyUnderTest.await("two lines", () -> {
                try {
                    return Files.readAllLines(log).size() == 2;
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            assertThat(Files.readString(log)).contains("mine-0").contains("mine-1")
                    .contains("model-a").contains("model-b");
        }
    }

    @Test
    void endsAnAnswerThatIsTooLongAndKeepsTheOthers() throws Exception {
        Script endless = x -> {
            x.readRequest();
            x.head(200, "content-type: application/json", "content-length: 100000000");
            x.write("{\"choices\":[{\"message\":{\"content\":\"");
            byte[] more = new byte[64 * 1024];
            Arrays.fill(more, (byte) 'x');
            try {
                for (int i = 0; i < 1500; i++) {
                    x.write(more).flush();
                }
            } catch (IOException e) {
                return; // given up, as it should be
            }
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(endless);
                ScriptedUpstream b = ScriptedUpstream.start(goodUnary());
                ProxyUnderTest proxy = before(a, b).start()) {
            post(proxy, BOTH);
            JsonNode tooLong = JSON.readTree(body).get("results").get(0);
            assertThat(tooLong.get("status").asInt()).isEqualTo(502);
            assertThat(tooLong.at("/error/message").asText()).contains("too long");
            assertThat(JSON.readTree(body).at("/results/1/response"))
                    .isEqualTo(JSON.readTree(GOOD_UNARY));
            proxy.awaitQuiet();
        }
    }

    // Streams

    @Test
    void streamsAllModelsSideBySide() throws Exception {
        CountDownLatch second = new CountDownLatch(1);
        Script slow = x -> {
            x.readRequest();
            x.sseHead();
            List<String> events = goodEvents(3);
            for (String event : events.subList(0, 2)) {
                x.event(event);
            }
            x.flush();
            await(second);
            for (String event : events.subList(2, events.size())) {
                x.event(event);
            }
            x.event("[DONE]").lastChunk();
        };
        Script fast = x -> {
            goodStream(2).run(x);
            second.countDown();
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(slow);
                ScriptedUpstream b = ScriptedUpstream.start(fast);
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient.Head head = post(proxy, BOTH_AS_STREAM);

            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("content-type")).isEqualTo("text/event-stream");
            List<JsonNode> chunks = events("chunk");
            assertThat(text(chunks, 0)).isEqualTo("word0 word1 word2 ");
            assertThat(text(chunks, 1)).isEqualTo("word0 word1 ");
            assertThat(chunks).allMatch(chunk -> chunk.get("model").asText()
                    .equals(chunk.get("index").asInt() == 0 ? "model-a" : "model-b"));
            List<JsonNode> results = events("result");
            assertThat(results).hasSize(2);
            assertThat(results).allMatch(result -> result.get("error").isNull()
                    && result.get("status").asInt() == 200
                    && result.get("ttft_ms").asDouble() > 0);
            assertThat(body).endsWith("\n\ndata: [DONE]\n\n").containsOnlyOnce("[DONE]");
            assertThat(chunks.stream().map(chunk -> chunk.get("chunk").toString()))
                    .allMatch(chunk -> chunk.contains("chat.completion.chunk"));
        }
    }

    @Test
    void tellsAStreamThatBreaksOffInItsResultOnly() throws Exception {
        Script broken = x -> {
            x.readRequest();
            Wire.sendBeginning(x, 2).reset();
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(broken);
                ScriptedUpstream b = ScriptedUpstream.start(goodStream(2));
                ProxyUnderTest proxy = before(a, b).start()) {
            assertThat(post(proxy, BOTH_AS_STREAM).status()).isEqualTo(200);

            JsonNode bad = events("result").stream()
                    .filter(result -> result.get("index").asInt() == 0).findFirst().orElseThrow();
            assertThat(bad.at("/error/code").asText()).isEqualTo("upstream_error");
            assertThat(text(events("chunk"), 1)).isEqualTo("word0 word1 ");
            assertThat(events("chunk")).noneMatch(chunk -> chunk.get("chunk").has("error"));
            assertThat(body).endsWith("data: [DONE]\n\n");
        }
    }

    @Test
    void keepsAFailureThatCameFirstForTheStreamThatFollows() throws Exception {
        CountDownLatch failed = new CountDownLatch(1);
        Script first = x -> {
            status(429).run(x);
            failed.countDown();
        };
        Script then = x -> {
            x.readRequest();
            await(failed);
            x.pause(ProxyUnderTest.SHORT); // the other's reply arrives
            x.sseHead();
            for (String event : goodEvents(1)) {
                x.event(event);
            }
            x.event("[DONE]").lastChunk();
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(first);
                ScriptedUpstream b = ScriptedUpstream.start(then);
                ProxyUnderTest proxy = before(a, b).start()) {
            assertThat(post(proxy, BOTH_AS_STREAM).status()).isEqualTo(200);
            assertThat(events("result")).extracting(result -> result.get("status").asInt())
                    .containsExactly(429, 200);
        }
    }

    @Test
    void comparesModelsThatSpeakOtherFormats() throws Exception {
        String answer = "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":"
                + "\"c\",\"content\":[{\"type\":\"text\",\"text\":\"Hello\"}],\"stop_reason\":"
                + "\"end_turn\",\"usage\":{\"input_tokens\":5,\"output_tokens\":2}}";
        Script anthropic = x -> {
            x.readRequest();
            x.head(200, "content-type: application/json", "content-length: " + answer.length())
                    .write(answer).flush();
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(anthropic);
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url())
                        .type(ProviderTypes.BUILT_IN.find("anthropic")).start()) {
            assertThat(post(proxy, BOTH).status()).isEqualTo(200);
            assertThat(JSON.readTree(body)
                    .at("/results/1/response/choices/0/message/content").asText())
                    .isEqualTo("Hello");
            assertThat(JSON.readTree(body).at("/results/1/usage/total_tokens").asInt())
                    .isEqualTo(7);
        }
    }

    @Test
    void endsAllExchangesWhenTheCallerGoes() throws Exception {
        Script endless = x -> {
            x.readRequest();
            Wire.sendBeginning(x, 1);
            if (!x.awaitClosed(PATIENCE)) {
                throw new AssertionError("the call was not cancelled");
            }
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(endless);
                ScriptedUpstream b = ScriptedUpstream.start(endless);
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = send(proxy, BOTH_AS_STREAM);
            caller.readHead();
            caller.readChunk();
            caller.close();
            assertThat(a.awaitClosed(1, PATIENCE)).isTrue();
            assertThat(b.awaitClosed(1, PATIENCE)).isTrue();
            proxy.awaitQuiet();
        }
    }

    @Test
    void readsNoFasterThanItsCallerAndLosesNothing() throws Exception {
        int many = 3000;
        try (ScriptedUpstream a = ScriptedUpstream.start(goodStream(many));
                ScriptedUpstream b = ScriptedUpstream.start(goodStream(many));
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = ProxyUnderTest.askWith(proxy.connectSmall(4 * 1024), "{}");
            caller.readBody(caller.readHead());
            caller.post(PATH, BOTH_AS_STREAM, "authorization: Bearer " + CALLER_KEY);
            RawClient.Head head = caller.readHead();
            proxy.awaitResidue(".* upstream_in_flight=2 .*"); // neither gets to its end
            body = caller.readBody(head);

            assertThat(text(events("chunk"), 0)).hasSize(text(events("chunk"), 1).length())
                    .endsWith("word" + (many - 1) + " ");
            assertThat(events("result")).hasSize(2);
            proxy.awaitQuiet();
        }
    }

    @Test
    void endsAllWhenTheProxyStops() throws Exception {
        Script half = x -> {
            x.readRequest();
            Wire.sendBeginning(x, 1);
            if (!x.awaitClosed(PATIENCE)) {
                throw new AssertionError("the call was not cancelled");
            }
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(half);
                ScriptedUpstream b = ScriptedUpstream.start(half);
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = send(proxy, BOTH_AS_STREAM);
            RawClient.Head head = caller.readHead();
            a.awaitRequests(1, PATIENCE);
            b.awaitRequests(1, PATIENCE);
            proxy.stop(Duration.ZERO);

            body = caller.readBody(head);
            assertThat(events("result")).hasSize(2).allMatch(result ->
                    result.at("/error/code").asText().equals("overloaded"));
            assertThat(body).endsWith("data: [DONE]\n\n");
        }
    }

    @Test
    void letsACallerOfHttp10HaveItsStreamToo() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(goodStream(1));
                ScriptedUpstream b = ScriptedUpstream.start(goodStream(1));
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = proxy.connect().send("POST " + PATH + " HTTP/1.0\r\nhost: h\r\n"
                    + "authorization: Bearer " + CALLER_KEY + "\r\ncontent-length: "
                    + BOTH_AS_STREAM.length() + "\r\n\r\n" + BOTH_AS_STREAM);
            assertThat(caller.readHead().header("connection")).isEqualTo("close");
            body = caller.readUntilClose();
            assertThat(events("result")).hasSize(2);
            assertThat(body).startsWith("event: ").endsWith("data: [DONE]\n\n");
        }
    }

    // What is no comparison

    @Test
    void explainsItself() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start();
                ScriptedUpstream b = ScriptedUpstream.start();
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = proxy.connect().get("/compare_models");
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(JSON.readTree(caller.readBody(head)).at("/example/models")).hasSize(2);

            caller.send("DELETE /compare_models HTTP/1.1\r\nhost: h\r\n\r\n");
            head = caller.readHead();
            assertThat(head.status()).isEqualTo(405);
            assertThat(head.header("allow")).isEqualTo("GET, HEAD, POST");
        }
    }

    @Test
    void refusesWhatIsNoneBeforeAnyModelIsAsked() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start();
                ScriptedUpstream b = ScriptedUpstream.start();
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient.Head head = post(proxy, "{\"models\":[\"model-a\"]," + MESSAGES + "}");
            assertThat(head.status()).isEqualTo(400);
            assertThat(JSON.readTree(body).at("/error/param").asText()).isEqualTo("models");
            assertThat(post(proxy, "{\"models\":[\"a\",\"b\"").status()).isEqualTo(400);
            assertThat(body).contains("invalid_json");
            assertThat(post(proxy, BOTH, "content-encoding: gzip").status()).isEqualTo(415);
            RawClient caller = proxy.connect().post(PATH, BOTH);
            assertThat(caller.readHead().status()).isEqualTo(401);
            assertThat(a.requests()).isEmpty();
        }
    }
}

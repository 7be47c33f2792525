package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.penstock.loop.Transport;
import io.penstock.store.Month;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.usage.LedgerRow;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every call's tokens are known, and no caller can tell. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class MeteringIT {
    private static final String CONTENT =
            "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"},\"finish_reason\":null}]"
                    + ",\"usage\":null}";
    private static final String FINISH =
            "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}";
    private static final String USAGE = "{\"choices\":[],\"usage\":{\"prompt_tokens\":11,"
            + "\"completion_tokens\":5,\"total_tokens\":16,"
            + "\"prompt_tokens_details\":{\"cached_tokens\":8},"
            + "\"completion_tokens_details\":{\"reasoning_tokens\":2}}}";
    private static final String SEEN =
            Wire.event(CONTENT) + Wire.event(FINISH) + Wire.event("[DONE]");
    private static final String ALL =
            Wire.event(CONTENT) + Wire.event(FINISH) + Wire.event(USAGE) + Wire.event("[DONE]");

    @Parameter
    Transport transport;

    @TempDir
    Path directory;

    private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();

    private Path log() {
        return directory.resolve("access.log");
    }

    private String onlyLine(ProxyUnderTest proxy) throws Exception {
        proxy.awaitQuiet();
        proxy.stop(PATIENCE);
        assertThat(Files.readAllLines(log())).hasSize(1);
        return Files.readString(log());
    }

    private String body(ScriptedUpstream.Exchange x) throws Exception {
        String body = x.readRequest().text();
        asked.add(body);
        return body;
    }

    private static String request(String members) {
        return "{\"model\":\"" + SMART + "\",\"stream\":true" + members + "}";
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 50, 100_000})
    void asksForTheUsageInTheCallersPlaceAndHidesIt(int chunkSize) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    body(x);
                    x.sseHead();
                    for (int at = 0; at < ALL.length(); at += chunkSize) {
                        x.chunk(ALL.substring(at, Math.min(at + chunkSize, ALL.length())));
                    }
                    x.lastChunk();
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .accessLog(log()).start()) {
            RawClient caller = ProxyUnderTest.askWith(proxy.connect(), request(""));
            assertThat(caller.readHead().status()).isEqualTo(200);

            assertThat(caller.readChunked()).isEqualTo(SEEN);
            assertThat(asked.take()).isEqualTo("{\"model\":\"model-a\","
                    + "\"stream_options\":{\"include_usage\":true},\"stream\":true}");
            assertThat(onlyLine(proxy)).contains("\"prompt_tokens\":11,")
                    .contains("\"completion_tokens\":5,").contains("\"cached_tokens\":8,")
                    .contains("\"reasoning_tokens\":2").doesNotContain("estimated");
        }
    }

    @Test
    void leavesTheUsageToACallerWhoAsksForIt() throws Exception {
        String question = ",\"stream_options\":{\"include_usage\":true}";
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    body(x);
                    x.sseHead().chunk(ALL).lastChunk();
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = ProxyUnderTest.askWith(proxy.connect(), request(question));
            assertThat(caller.readHead().status()).isEqualTo(200);

            assertThat(caller.readChunked()).isEqualTo(ALL);
            assertThat(asked.take()).isEqualTo(
                    "{\"model\":\"model-a\",\"stream\":true" + question + "}");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "{}", "{\"include_usage\":false}",
        "{\"include_obfuscation\":false}"})
    void keepsWhatElseTheCallerWantsOfItsStream(String options) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    body(x);
                    x.sseHead().chunk(ALL).lastChunk();
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = ProxyUnderTest.askWith(proxy.connect(),
                    request(",\"stream_options\":" + options + ",\"n\":1"));
            assertThat(caller.readHead().status()).isEqualTo(200);

            assertThat(caller.readChunked()).isEqualTo(SEEN);
            String kept = options.contains("obfuscation") ? "\"include_obfuscation\":false," : "";
            assertThat(asked.take()).isEqualTo("{\"model\":\"model-a\",\"stream\":true,"
                    + "\"stream_options\":{" + kept + "\"include_usage\":true},\"n\":1}");
        }
    }

    @Test
    void asksNoMoreWhereTheQuestionIsRefused() throws Exception {
        String refusal = "{\"error\":{\"message\":\"Unknown parameter: 'stream_options'.\"}}";
        ScriptedUpstream.Script script = x -> {
            if (body(x).contains("stream_options")) {
                x.head(400, "content-type: application/json",
                        "content-length: " + refusal.length()).write(refusal).flush();
            } else {
                x.sseHead().chunk(SEEN).lastChunk();
            }
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(script, script, script);
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.connect();
            for (int i = 0; i < 2; i++) {
                ProxyUnderTest.askWith(caller, request(""));
                assertThat(caller.readHead().status()).isEqualTo(200);
                assertThat(caller.readChunked()).isEqualTo(SEEN);
            }
            assertThat(asked).hasSize(3);
            assertThat(asked.stream().filter(body -> body.contains("stream_options"))).hasSize(1);
        }
    }

    @Test
    void goesOnAskingWhereACallersOwnMistakeSoundsTheSame() throws Exception {
        String refusal = "{\"error\":{\"message\":\"Invalid value: 'stream_options'.\"}}";
        ScriptedUpstream.Script refuses = x -> {
            body(x);
            x.head(400, "content-type: application/json",
                    "content-length: " + refusal.length()).write(refusal).flush();
        };
        ScriptedUpstream.Script answers = x -> {
            body(x);
            x.sseHead().chunk(ALL).lastChunk();
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(refuses, refuses, answers);
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.connect();
            ProxyUnderTest.askWith(caller, request(",\"tool_choice\":\"stream_options\""));
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(400);
            assertThat(caller.readBody(head)).isEqualTo(refusal);
            ProxyUnderTest.askWith(caller, request(""));
            assertThat(caller.readHead().status()).isEqualTo(200);
            assertThat(caller.readChunked()).isEqualTo(SEEN);

            assertThat(asked.stream().map(body -> body.contains("include_usage")))
                    .containsExactly(true, false, true);
        }
    }

    @Test
    void chargesNothingForARefusalThatNobodyWaitedFor() throws Exception {
        CountDownLatch refused = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(429, "content-type: application/json", "content-length: 100")
                            .write("{\"error\":").flush();
                    refused.countDown();
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .accessLog(log()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            refused.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            // The one event loop answers this behind what it has got before.
            assertThat(proxy.connect().get("/health").readHead().status()).isEqualTo(200);
            caller.close();
            assertThat(a.awaitClosed(1, PATIENCE)).isTrue();

            assertThat(onlyLine(proxy)).contains("\"status\":499").doesNotContain("tokens");
        }
    }

    @Test
    void estimatesWhatACallerGotWhoWentAway() throws Exception {
        CountDownLatch gone = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead();
                    for (int i = 0; i < 20; i++) {
                        x.event(CONTENT);
                    }
                    gone.countDown();
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .accessLog(log()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            caller.readHead();
            for (int i = 0; i < 20; i++) {
                caller.readChunk();
            }
            gone.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            caller.close();
            assertThat(a.awaitClosed(1, PATIENCE)).as("cancelled at once").isTrue();

            assertThat(onlyLine(proxy)).contains("\"status\":499")
                    .contains("\"completion_tokens\":20,").contains("\"estimated\":true");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void readsOnForTheUsageWhereTheRouteSaysSo(boolean committed) throws Exception {
        CountDownLatch gone = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    if (committed) {
                        x.sseHead().event(CONTENT);
                        gone.await();
                    } else {
                        asked.add("");
                        gone.await();
                        x.sseHead().event(CONTENT);
                    }
                    x.event(CONTENT);
                    x.event(FINISH).event(USAGE).event("[DONE]").lastChunk();
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .drains().accessLog(log()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            if (committed) {
                caller.readHead();
                caller.readChunk();
            } else {
                asked.take();
            }
            caller.close();
            proxy.awaitNoCallers();
            gone.countDown();

            assertThat(onlyLine(proxy)).contains("\"status\":499")
                    .contains("\"prompt_tokens\":11,").contains("\"completion_tokens\":5,")
                    .doesNotContain("estimated");
        }
    }

    @Test
    void endsADrainWhenTheProviderBreaksOff() throws Exception {
        CountDownLatch gone = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead().event(CONTENT);
                    gone.await();
                    x.reset();
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .drains().accessLog(log()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            caller.readHead();
            caller.readChunk();
            caller.close();
            proxy.awaitNoCallers();
            gone.countDown();

            assertThat(onlyLine(proxy)).contains("\"status\":499").contains("\"estimated\":true");
        }
    }

    @Test
    void booksAttemptsThatBrokeOffInTheMiddleOfAnAnswer() throws Exception {
        String half = ScriptedUpstream.GOOD_UNARY.substring(0, 100);
        ScriptedUpstream.Script breaks = x -> {
            x.readRequest();
            x.head(200, "content-type: application/json", "content-length: 1000").write(half)
                    .flush();
            x.closeFin();
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(breaks, breaks);
                ScriptedUpstream b = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(401, "content-length: 0").flush();
                });
                ScriptedUpstream c = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).provider("c", c.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            assertThat(caller.readHead().status()).isEqualTo(200);
            proxy.awaitQuiet();

            assertThat(proxy.server().ledger().rows(Month.of(System.currentTimeMillis())))
                    .extracting(LedgerRow::provider, LedgerRow::calls,
                            row -> row.estimated() > 0, row -> row.completion() / row.calls())
                    .containsExactlyInAnyOrder(tuple("a", 2L, true, 25L),
                            tuple("c", 1L, false, 3L));
        }
    }

    @Test
    void booksWhatIsStillReadOnWhenTheProxyStops() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead().event(CONTENT);
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .drains().start()) {
            RawClient caller = proxy.ask(SMART, true);
            caller.readHead();
            caller.readChunk();
            caller.close();
            proxy.awaitNoCallers();

            proxy.stop(Duration.ZERO);

            assertThat(proxy.server().ledger().rows(Month.of(System.currentTimeMillis())))
                    .singleElement().satisfies(row -> {
                        assertThat(row.completion()).isOne();
                        assertThat(row.estimated()).isEqualTo(row.tokens());
                    });
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/embeddings", "/v1/completions"})
    void metersWhatElseModelsDo(String path) throws Exception {
        String member = path.endsWith("completions") ? "choices" : "data";
        String reply = "{\"object\":\"list\",\"" + member + "\":[{\"embedding\":["
                + "0.1,".repeat(20_000) + "1]}],"
                + "\"usage\":{\"prompt_tokens\":9,\"total_tokens\":9}}";
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    asked.add(x.readRequest().path());
                    x.head(200, "content-type: application/json",
                            "content-length: " + reply.length()).write(reply).flush();
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .accessLog(log()).start()) {
            RawClient caller = proxy.connect().post(path, "{\"model\":\"" + SMART
                    + "\",\"input\":\"x\"}", "authorization: Bearer " + CALLER_KEY);
            RawClient.Head head = caller.readHead();
            assertThat(caller.readBody(head)).isEqualTo(reply);

            assertThat(asked.take()).isEqualTo(path);
            assertThat(onlyLine(proxy)).contains("\"prompt_tokens\":9,")
                    .contains("\"completion_tokens\":0,").doesNotContain("estimated");
        }
    }
}

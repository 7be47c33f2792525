package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SHORT;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A reply that breaks off after its commit is told honestly: never whole, never silently cut. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class MidstreamIT {
    private static final int EVENTS = 3;

    @Parameter
    Transport transport;

    /**
     * A way to break off.
     *
     * @param sent content events before it
     */
    record Breaking(String name, String code, String fault, int sent, Script rest) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Breaking> breaks() {
        String half = "data: {\"id\":\"chatcmpl-scripted\",\"choi";
        String two = Wire.event(ScriptedUpstream.goodEvents(EVENTS).get(EVENTS)) + half;
        return Stream.of(
                new Breaking("closed between two events", "upstream_error", "closed", EVENTS,
                        x -> x.closeFin()),
                new Breaking("closed within an event", "upstream_error", "closed", EVENTS,
                        x -> x.chunk(half).closeFin()),
                new Breaking("closed within a chunk", "upstream_error", "closed", EVENTS,
                        x -> x.write("50\r\n" + half).closeFin()),
                new Breaking("closed within a chunk of two events", "upstream_error", "closed",
                        EVENTS - 1, x -> x.write("400\r\n" + two).closeFin()),
                new Breaking("closed within a huge chunk", "upstream_error", "closed",
                        EVENTS - 1, x -> x.write("fffffff\r\n" + two).closeFin()),
                new Breaking("closed near the end of a chunk of two events", "upstream_error",
                        "closed", EVENTS - 1, x -> x.write(Integer.toHexString(two.length() + 9)
                                + "\r\n" + two).closeFin()),
                new Breaking("closed before a chunk's CRLF", "upstream_error", "closed", EVENTS,
                        x -> x.write("4\r\n: c\n").closeFin()),
                new Breaking("closed within a chunk size", "upstream_error", "closed", EVENTS,
                        x -> x.write("1").closeFin()),
                new Breaking("a broken chunk size", "upstream_error", "bad_response", EVENTS,
                        x -> x.write("zz\r\n").awaitClosed(PATIENCE)),
                new Breaking("reset", "upstream_error", "reset", EVENTS, x -> x.reset()),
                new Breaking("the last chunk without a finish reason", "upstream_error",
                        "truncated", EVENTS, x -> x.lastChunk()),
                new Breaking("[DONE] without a finish reason", "upstream_error", "truncated",
                        EVENTS, x -> x.event("[DONE]").lastChunk()),
                new Breaking("the last chunk within an event", "upstream_error", "truncated",
                        EVENTS, x -> x.chunk(half).lastChunk()),
                new Breaking("silence", "upstream_timeout", "gap_timeout", EVENTS,
                        x -> x.awaitClosed(PATIENCE)),
                new Breaking("silence within an event", "upstream_timeout", "gap_timeout", EVENTS,
                        x -> x.chunk(half).awaitClosed(PATIENCE)));
    }

    @ParameterizedTest
    @MethodSource("breaks")
    void endsABrokenStreamInAnErrorEventBehindTheLastWholeOne(Breaking breaking)
            throws Exception {
        int sent = breaking.sent();
        CountDownLatch seen = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    Wire.sendBeginning(x, sent);
                    seen.await(); // or a reset could overtake what was sent before it
                    breaking.rest().run(x);
                });
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodStream(1));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .gap(breaking.fault().equals("gap_timeout") ? SHORT : PATIENCE)
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            RawClient.Head head = caller.readHead();
            assertThat(head.header("x-penstock-attempts")).isEqualTo("a/model-a=200");
            String first = new String(caller.readBytes(Wire.beginning(sent).length()),
                    StandardCharsets.UTF_8);
            seen.countDown();

            String raw = first + caller.readUntilClose();

            Wire.assertCut(raw, Wire.dataOf(Wire.beginning(EVENTS)), breaking.code(),
                    breaking.fault());
            assertThat(b.requests()).isEmpty();
            assertThat(a.awaitClosed(1, PATIENCE)).isTrue();
        }
    }

    @Test
    void endsAStreamWhoseTotalTimeIsUp() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    Wire.sendBeginning(x, 1);
                    do {
                        x.chunk(": still here\n\n");
                    } while (!x.awaitClosed(SHORT.dividedBy(20)));
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .total(SHORT.multipliedBy(4)).start()) {
            RawClient caller = proxy.ask(SMART, true);
            assertThat(caller.readHead().status()).isEqualTo(200);

            String data = Wire.dataOf(caller.readUntilClose()).replace(": still here\n\n", "");

            Wire.assertCut(Wire.chunk(data), Wire.dataOf(Wire.beginning(1)), "upstream_timeout",
                    "total_timeout");
            assertThat(a.awaitClosed(1, PATIENCE)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"connection: close", "content-length: 5000"})
    void endsABrokenStreamThatComesWithoutChunks(String framing) throws Exception {
        String good = Wire.dataOf(Wire.beginning(2));
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "content-type: text/event-stream", framing)
                            .write(good + "data: {\"half").closeFin();
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            RawClient.Head head = caller.readHead();
            assertThat(head.header("transfer-encoding")).isEqualTo("chunked");
            assertThat(head.header("content-length")).isNull();

            Wire.assertCut(caller.readUntilClose(), good, "upstream_error",
                    framing.startsWith("connection") ? "truncated" : "closed");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"content-length: 200000", "transfer-encoding: chunked"})
    void letsACallerSeeThatAUnaryReplyWasCut(String framing) throws Exception {
        boolean chunked = framing.endsWith("chunked");
        String long1 = "{\"text\":\"" + "x".repeat(100_000);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "content-type: application/json", framing);
                    if (chunked) {
                        x.chunk(long1).closeFin();
                    } else {
                        x.write(long1).closeFin();
                    }
                });
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).start()) {
            RawClient caller = proxy.ask(SMART, false);
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(200);

            assertThatThrownBy(() -> caller.readBody(head)).isInstanceOf(IOException.class)
                    .hasMessageContaining("ended");
            assertThat(b.requests()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void addsTheDoneThatACompleteStreamLacks(boolean chunked) throws Exception {
        List<String> events = ScriptedUpstream.goodEvents(2);
        StringBuilder sent = new StringBuilder();
        events.forEach(event -> sent.append(Wire.event(event)));
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    if (chunked) {
                        x.sseHead().chunk(sent.toString()).lastChunk();
                    } else {
                        x.head(200, "content-type: text/event-stream").write(sent.toString())
                                .closeFin();
                    }
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            caller.readHead();

            assertThat(Wire.dataOf(caller.readRawChunked()))
                    .isEqualTo(sent + "data: [DONE]\n\n");
        }
    }

    @Test
    void takesAStreamForWholeThatSaidDoneAndThenBrokeOff() throws Exception {
        String all = Wire.goodStream(2);
        String withoutEnd = all.substring(0, all.length() - "0\r\n\r\n".length());
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead().write(withoutEnd).closeFin();
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            caller.readHead();

            assertThat(caller.readChunked()).isEqualTo(Wire.dataOf(all));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"openai-chat-stream-usage.sse", "openai-chat-stream-parallel-tools.sse",
        "openai-chat-stream-n2-logprobs.sse", "openai-chat-stream-refusal.sse",
        "azure-stream-filters.sse", "deepseek-stream-reasoning.sse", "groq-stream-x-groq.sse",
        "mistral-stream-thinking.sse", "gemini-compat-stream-tools.sse"})
    void passesOnWhatProvidersReallySend(String fixture) throws Exception {
        String sent = Wire.fixture(fixture);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead().write(Wire.chunk(sent)).lastChunk();
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = ProxyUnderTest.askWith(proxy.connect(), "{\"model\":\"" + SMART
                    + "\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
            assertThat(caller.readHead().status()).isEqualTo(200);
            assertThat(caller.readChunked()).isEqualTo(sent);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"openai-chat-stream-midstream-error.sse", "vllm-stream-error-done.sse",
        "openrouter-stream-comments-error.sse"})
    void passesOnAnErrorEventAndInventsNoDone(String fixture) throws Exception {
        String sent = Wire.fixture(fixture);
        int error = sent.lastIndexOf("\n\n", sent.indexOf("\"error\":")) + 2;
        CountDownLatch seen = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead().chunk(sent.substring(0, error));
                    seen.await(); // or it would come before the commit, and be hidden
                    x.chunk(sent.substring(error)).lastChunk();
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            assertThat(caller.readHead().status()).isEqualTo(200);
            assertThat(caller.readChunk()).isEqualTo(sent.substring(0, error));
            seen.countDown();

            assertThat(caller.readChunk()).isEqualTo(sent.substring(error));
            assertThat(caller.readRawChunk()).isEqualTo("0\r\n\r\n");
        }
    }

    @Test
    void tellsOfAnEventThatIsNoMoreThanABeginning() throws Exception {
        String sent = Wire.fixture("openai-chat-stream-truncated.sse");
        String whole = sent.substring(0, sent.lastIndexOf("\n\n") + 2);
        Wire.assertCut(stream(sent), whole, "upstream_error", "truncated");
    }

    /** What a caller gets of this stream, sent in one chunk and ended in order. */
    private String stream(String sent) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead().write(Wire.chunk(sent)).lastChunk();
                });
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            assertThat(caller.readHead().status()).isEqualTo(200);
            return caller.readUntilClose();
        }
    }

    @Test
    void countsABrokenStreamAgainstNobodyElse() throws Exception {
        CountDownLatch broken = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    Wire.sendBeginning(x, 1);
                    broken.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                    x.reset();
                }, ScriptedUpstream.goodStream(2));
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient first = proxy.ask(SMART, true);
            first.readHead();
            RawClient second = proxy.ask(SMART, true);
            second.readHead();

            assertThat(second.readChunked())
                    .isEqualTo(Wire.dataOf(Wire.goodStream(2)));
            broken.countDown();
            assertThat(first.readUntilClose()).contains("upstream_error");
        }
    }
}

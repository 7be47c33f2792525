package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SHORT;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.loop.Transport;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Exchange;
import io.penstock.testing.ScriptedUpstream.Request;
import io.penstock.testing.ScriptedUpstream.Script;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A caller of any format, whose stream breaks off at a provider of any type, gets one whole stream
 * of its format: the next provider, of any type, continues the text.
 */
class ContinuedFormatsIT {
    private static final String ALL = "One two three four five six seven eight nine ten.";
    private static final int CUT = 30; // characters that come before the break
    private static final List<ProviderType> TYPES = List.of(ProviderTypes.OPENAI,
            ProviderTypes.OPENAI_COMPATIBLE, ProviderTypes.ANTHROPIC, ProviderTypes.GEMINI);

    /** How the first provider breaks off. */
    private enum Fault {
        RESET {
            @Override
            void end(Exchange x, ChaosFormat format) throws Exception {
                x.reset();
            }
        },
        CLOSE {
            @Override
            void end(Exchange x, ChaosFormat format) throws Exception {
                x.closeFin();
            }
        },
        CLOSE_WITHIN_AN_EVENT {
            @Override
            void end(Exchange x, ChaosFormat format) throws Exception {
                String piece = format.piece("and more");
                x.chunk(piece.substring(0, piece.length() / 2)).closeFin();
            }
        },
        END_WITHOUT_A_REASON {
            @Override
            void end(Exchange x, ChaosFormat format) throws Exception {
                x.lastChunk();
            }
        },
        STALL {
            @Override
            void end(Exchange x, ChaosFormat format) throws Exception {
                x.flush();
                x.awaitClosed(PATIENCE);
            }
        },
        ERROR_EVENT {
            @Override
            void end(Exchange x, ChaosFormat format) throws Exception {
                x.chunk(format.errorEvent()).lastChunk();
            }
        },
        BROKEN_HTTP {
            @Override
            void end(Exchange x, ChaosFormat format) throws Exception {
                x.write("zz\r\n").flush();
                x.awaitClosed(PATIENCE);
            }
        };

        abstract void end(Exchange x, ChaosFormat format) throws Exception;
    }

    static Stream<Arguments> breaks() {
        return Stream.of(ChaosFormat.values()).flatMap(caller -> TYPES.stream().flatMap(type ->
                Stream.of(Fault.values()).map(fault -> Arguments.of(caller, type, fault))));
    }

    static Stream<Arguments> pairs() {
        return Stream.of(ChaosFormat.values()).flatMap(caller -> TYPES.stream().flatMap(first ->
                TYPES.stream().map(second -> Arguments.of(caller, first, second))));
    }

    private static Exchange say(Exchange x, ChaosFormat format, String text) throws IOException {
        x.sseHead();
        for (String event : format.opening()) {
            x.chunk(event);
        }
        for (String piece : text.split("(?<=\\G.{5})")) {
            x.chunk(format.piece(piece));
        }
        return x;
    }

    private final CountDownLatch begun = new CountDownLatch(1); // the caller has the beginning

    private Script breaking(Fault fault) {
        return x -> {
            ChaosFormat format = ChaosFormat.at(x.readRequest().path());
            say(x, format, ALL.substring(0, CUT)).flush();
            begun.await();
            fault.end(x, format);
        };
    }

    /** Continues the words that it is shown, or answers from the beginning. */
    private static Script answering() {
        return x -> {
            Request request = x.readRequest();
            ChaosFormat format = ChaosFormat.at(request.path());
            String prefill = ChaosFormat.prefill(ChaosFormat.json(request.text()));
            String text = prefill == null ? ALL : ALL.substring(prefill.length());
            say(x, format, text);
            for (String event : format.closing(text)) {
                x.chunk(event);
            }
            x.lastChunk();
        };
    }

    private static ProxyUnderTest.Builder before(ScriptedUpstream a, ProviderType first,
            ScriptedUpstream b, ProviderType second) {
        return ProxyUnderTest.on(Transport.auto())
                .provider("a", a.url()).type(first).gap(SHORT)
                .provider("b", b.url()).type(second).continues();
    }

    private RawClient ask(ProxyUnderTest proxy, ChaosFormat format, String body)
            throws IOException {
        RawClient caller = proxy.connect().post(format.path(SMART, true), body,
                "x-api-key: " + CALLER_KEY);
        assertThat(caller.readHead().status()).isEqualTo(200);
        begun.countDown();
        return caller;
    }

    private static String request(ChaosFormat format) {
        return format.request(SMART, "Count", true);
    }

    private static void assertWhole(ChaosFormat format, String body) {
        List<JsonNode> events = ChaosFormat.data(body);
        StringBuilder text = new StringBuilder();
        events.forEach(event -> text.append(format.pieceOf(event)));
        assertThat(text).hasToString(ALL);
        assertThat(events).filteredOn(format::isFinish).hasSize(1);
        assertThat(events).noneMatch(format::isError);
        String last = body.stripTrailing();
        assertThat(format.isTerminator(last.substring(last.lastIndexOf("\n\n") + 1).strip()))
                .isTrue();
        if (format == ChaosFormat.RESPONSES) {
            assertItems(events);
        } else if (format == ChaosFormat.MESSAGES) {
            assertThat(events).filteredOn(event -> event.has("index"))
                    .allMatch(event -> event.get("index").asInt() == 0, "the one block");
        }
    }

    private static void assertItems(List<JsonNode> events) {
        List<String> ids = new ArrayList<>();
        for (JsonNode event : events) {
            if (event.has("item_id") && !ids.contains(event.get("item_id").asText())) {
                ids.add(event.get("item_id").asText());
            }
        }
        JsonNode last = events.get(events.size() - 1).get("response");
        assertThat(ids).containsExactly(last.at("/output/0/id").asText());
        assertThat(last.at("/output/0/content/0/text").asText()).isEqualTo(ALL);
        assertThat(last.at("/usage/output_tokens").asInt()).isGreaterThan(5);
    }

    @ParameterizedTest
    @MethodSource("breaks")
    void continuesWhateverBrokeIt(ChaosFormat format, ProviderType first, Fault fault)
            throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(fault));
                ScriptedUpstream b = ScriptedUpstream.start(answering());
                ProxyUnderTest proxy = before(a, first, b, ProviderTypes.OPENAI_COMPATIBLE)
                        .start()) {
            assertWhole(format, ask(proxy, format, request(format)).readChunked());
            assertThat(b.requests()).hasSize(1);
            proxy.awaitQuiet();
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void continuesAtAProviderOfAnyType(ChaosFormat format, ProviderType first,
            ProviderType second) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(Fault.RESET));
                ScriptedUpstream b = ScriptedUpstream.start(answering());
                ProxyUnderTest proxy = before(a, first, b, second).start()) {
            assertWhole(format, ask(proxy, format, request(format)).readChunked());
            String asked = b.requests().get(0).text();
            boolean shown = second == ProviderTypes.ANTHROPIC
                    || second == ProviderTypes.OPENAI_COMPATIBLE && format == ChaosFormat.CHAT;
            assertThat(ChaosFormat.prefill(ChaosFormat.json(asked)))
                    .isEqualTo(shown ? ALL.substring(0, CUT) : null);
            proxy.awaitQuiet();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            MESSAGES  | {"model":"smart","stream":true,"max_tokens":100,"messages":[{"role":\
            "user","content":"Count"}]}
            RESPONSES | {"model":"smart","stream":true,"max_output_tokens":100,"input":[{"role":\
            "user","content":"Count"}]}
            RESPONSES | {"model":"smart","stream":true,"max_output_tokens":100,"input":"Count"}
            GEMINI    | {"generationConfig":{"maxOutputTokens":100},"contents":[{"role":"user",\
            "parts":[{"text":"Count"}]}]}
            """)
    void grantsNoTokensTwice(ChaosFormat format, String body) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(Fault.RESET));
                ScriptedUpstream b = ScriptedUpstream.start(answering());
                ProxyUnderTest proxy = before(a, ProviderTypes.ANTHROPIC, b,
                        ProviderTypes.ANTHROPIC).start()) {
            assertWhole(format, ask(proxy, format, body).readChunked());
            assertThat(ChaosFormat.json(b.requests().get(0).text()).get("max_tokens").asInt())
                    .isBetween(80, 99);
        }
    }

    @ParameterizedTest
    @EnumSource
    void isContinuedMoreThanOnce(ChaosFormat format) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(Fault.RESET));
                ScriptedUpstream b = ScriptedUpstream.start(x -> {
                    ChaosFormat spoken = ChaosFormat.at(x.readRequest().path());
                    say(x, spoken, ALL.substring(CUT, CUT + 10)).reset();
                });
                ScriptedUpstream c = ScriptedUpstream.start(answering());
                ProxyUnderTest proxy = before(a, ProviderTypes.OPENAI, b, ProviderTypes.ANTHROPIC)
                        .provider("c", c.url()).start()) {
            assertWhole(format, ask(proxy, format, request(format)).readChunked());
            proxy.awaitQuiet();
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void endsInAnErrorOfTheCallersFormatWhereTheTextsDoNotMeet(ChaosFormat format,
            ProviderType first, ProviderType second) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(Fault.RESET));
                ScriptedUpstream b = ScriptedUpstream.start(x -> {
                    ChaosFormat spoken = ChaosFormat.at(x.readRequest().path());
                    say(x, spoken, "One two three four five six, and so on");
                    for (String event : spoken.closing("")) {
                        x.chunk(event);
                    }
                    x.lastChunk();
                });
                ProxyUnderTest proxy = before(a, first, b, second).start()) {
            String body = Wire.dataOf(ask(proxy, format, request(format)).readUntilClose());
            List<JsonNode> events = ChaosFormat.data(body);
            StringBuilder text = new StringBuilder();
            events.forEach(event -> text.append(format.pieceOf(event)));
            assertThat(text).hasToString(ALL.substring(0, CUT));
            assertThat(format.isError(events.get(events.size() - 1))).isTrue();
            assertThat(events).filteredOn(format::isError).hasSize(1);
            assertThat(events).noneMatch(format::isFinish);
            proxy.awaitQuiet();
        }
    }

    /** Half of a JSON text is no beginning that another model would continue. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            MESSAGES  | {"model":"smart","stream":true,"max_tokens":100,"messages":[{"role":\
            "user","content":"Count"}],"output_config":{"format":{"type":"json_schema","schema":\
            {"type":"object","properties":{},"additionalProperties":false}}}}
            RESPONSES | {"model":"smart","stream":true,"input":"Count","text":{"format":{"type":\
            "json_object"}}}
            GEMINI    | {"contents":[{"role":"user","parts":[{"text":"Count"}]}],\
            "generationConfig":{"responseMimeType":"application/json"}}
            """)
    void leavesOtherFormsThanTextsAlone(ChaosFormat format, String body) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(Fault.RESET));
                ScriptedUpstream b = ScriptedUpstream.start(answering());
                ProxyUnderTest proxy = before(a, switch (format) {
                    case MESSAGES -> ProviderTypes.ANTHROPIC;
                    case GEMINI -> ProviderTypes.GEMINI;
                    default -> ProviderTypes.OPENAI;
                }, b, ProviderTypes.OPENAI_COMPATIBLE).start()) {
            String events = Wire.dataOf(ask(proxy, format, body).readUntilClose());
            assertThat(ChaosFormat.data(events)).anyMatch(format::isError);
            assertThat(b.requests()).isEmpty();
        }
    }

    /** The next provider's error is no event, though the first stream did not call itself one. */
    @Test
    void readsAnErrorInTheMiddleOfAStreamWithoutItsType() throws Exception {
        String busy = "{\"error\":{\"message\":\"busy\"}}";
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "transfer-encoding: chunked").chunk(ChaosFormat.CHAT.piece(
                            ALL.substring(0, CUT))).flush();
                    begun.await();
                    x.reset();
                });
                ScriptedUpstream b = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(503, "content-length: " + busy.length()).write(busy).flush();
                });
                ScriptedUpstream c = ScriptedUpstream.start(answering());
                ProxyUnderTest proxy = before(a, ProviderTypes.OPENAI_COMPATIBLE, b,
                        ProviderTypes.OPENAI_COMPATIBLE).provider("c", c.url()).start()) {
            assertWhole(ChaosFormat.CHAT, ask(proxy, ChaosFormat.CHAT,
                    request(ChaosFormat.CHAT)).readChunked());
        }
    }

    /** A Gemini caller that reads a JSON array gets one array. */
    @ParameterizedTest
    @MethodSource("types")
    void continuesAnArray(ProviderType first) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(Fault.RESET));
                ScriptedUpstream b = ScriptedUpstream.start(answering());
                ProxyUnderTest proxy = before(a, first, b, ProviderTypes.ANTHROPIC).start()) {
            RawClient caller = proxy.connect().post("/v1beta/models/" + SMART
                    + ":streamGenerateContent", request(ChaosFormat.GEMINI),
                    "x-api-key: " + CALLER_KEY);
            assertThat(caller.readHead().status()).isEqualTo(200);
            begun.countDown();
            JsonNode array = ChaosFormat.json(caller.readChunked());
            StringBuilder text = new StringBuilder();
            array.forEach(element -> text.append(ChaosFormat.GEMINI.pieceOf(element)));
            assertThat(text).hasToString(ALL);
            assertThat(ChaosFormat.GEMINI.isFinish(array.get(array.size() - 1))).isTrue();
        }
    }

    static Stream<ProviderType> types() {
        return TYPES.stream();
    }

    /** What was spliced is what a later request refers to. */
    @Test
    void remembersTheWholeOfAContinuedResponse() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(Fault.RESET), answering());
                ScriptedUpstream b = ScriptedUpstream.start(answering());
                ProxyUnderTest proxy = before(a, ProviderTypes.ANTHROPIC, b,
                        ProviderTypes.OPENAI_COMPATIBLE).start()) {
            List<JsonNode> events = ChaosFormat.data(ask(proxy, ChaosFormat.RESPONSES,
                    request(ChaosFormat.RESPONSES)).readChunked());
            String id = events.get(events.size() - 1).at("/response/id").asText();
            ask(proxy, ChaosFormat.RESPONSES, "{\"model\":\"smart\",\"stream\":true,\"input\":"
                    + "\"Again\",\"previous_response_id\":\"" + id + "\"}").readChunked();
            assertThat(a.requests().get(1).text()).contains("Count").contains(ALL)
                    .contains("Again");
        }
    }
}

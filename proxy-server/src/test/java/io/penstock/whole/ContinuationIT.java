package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A stream that breaks is gone on with by the next provider, or ends in an honest error. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class ContinuationIT {
    private static final String ALL = "One two three four five six seven eight nine ten.";
    private static final String FIRST = ALL.substring(0, 25);
    private static final Pattern TEXT = Pattern.compile("\"content\":\"((?:[^\"\\\\]|\\\\.)*)\"");

    @Parameter
    Transport transport;

    @TempDir
    Path directory;

    private final List<String> asked = new CopyOnWriteArrayList<>();

    private static String chunk(String id, String delta, String finish) {
        return "{\"id\":\"" + id + "\",\"object\":\"chat.completion.chunk\",\"created\":1,"
                + "\"model\":\"m-" + id + "\",\"choices\":[{\"index\":0,\"delta\":" + delta
                + ",\"finish_reason\":" + finish + "}]}";
    }

    private static String content(String id, String text) {
        return chunk(id, "{\"content\":\"" + text + "\"}", "null");
    }

    /** Streams that text in pieces of five characters, a role before it. */
    private static ScriptedUpstream.Exchange say(ScriptedUpstream.Exchange x, String id,
            String text) throws Exception {
        x.sseHead().event(chunk(id, "{\"role\":\"assistant\",\"content\":\"\"}", "null"));
        for (int at = 0; at < text.length(); at += 5) {
            x.event(content(id, text.substring(at, Math.min(at + 5, text.length()))));
        }
        return x;
    }

    private static Script breaking(String text) {
        return x -> {
            x.readRequest();
            say(x, "a", text).flush();
            x.reset();
        };
    }

    private Script answering(String text) {
        return x -> {
            asked.add(x.readRequest().text());
            say(x, "b", text).event(chunk("b", "{}", "\"stop\""))
                    .event("{\"choices\":[],\"usage\":{\"prompt_tokens\":30,"
                            + "\"completion_tokens\":6,\"total_tokens\":36}}")
                    .event("[DONE]").lastChunk();
        };
    }

    private static String text(String data) {
        StringBuilder text = new StringBuilder();
        Matcher matcher = TEXT.matcher(data);
        while (matcher.find()) {
            text.append(matcher.group(1));
        }
        return text.toString();
    }

    private static RawClient ask(ProxyUnderTest proxy, String members) throws Exception {
        return ProxyUnderTest.askWith(proxy.connect(), "{\"model\":\"" + SMART
                + "\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Count\"}]"
                + members + "}");
    }

    private ProxyUnderTest.Builder before(ScriptedUpstream a, ScriptedUpstream b) {
        return ProxyUnderTest.on(transport).provider("a", a.url()).provider("b", b.url())
                .continues();
    }

    /** The providers of these tests are of a type that may take a prefill. */
    @Test
    void hasTheNextProviderGoOnFromTheText() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(FIRST));
                ScriptedUpstream b = ScriptedUpstream.start(answering(ALL.substring(25)));
                ProxyUnderTest proxy = before(a, b).accessLog(directory.resolve("log")).start()) {
            RawClient caller = ask(proxy, ",\"max_tokens\":100");
            assertThat(caller.readHead().header("x-penstock-provider")).isEqualTo("a");

            String data = caller.readChunked();

            assertThat(text(data)).isEqualTo(ALL);
            assertThat(data).endsWith("data: [DONE]\n\n").containsOnlyOnce("[DONE]")
                    .containsOnlyOnce("\"role\"").containsOnlyOnce("\"stop\"")
                    .doesNotContain("\"b\"").doesNotContain("usage");
            assertThat(asked).singleElement().asString()
                    .contains("{\"role\":\"user\",\"content\":\"Count\"},{\"role\":\"assistant\","
                            + "\"content\":\"" + FIRST.stripTrailing() + "\"}]")
                    .contains("\"max_tokens\":9");
            proxy.awaitQuiet();
            proxy.stop(PATIENCE);
            assertThat(Files.readString(directory.resolve("log")))
                    .contains("[\"a/model-a=200\",\"a/model-a=reset\",\"b/model-b=200\"]")
                    .contains("\"failure\":null").contains("\"estimated\":true");
        }
    }

    @Test
    void goesOnWithAStreamThatSaysItIsDoneAndNotWhy() throws Exception {
        Script unfinished = x -> {
            x.readRequest();
            say(x, "a", FIRST).event("[DONE]").lastChunk();
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(unfinished);
                ScriptedUpstream b = ScriptedUpstream.start(answering(ALL.substring(25)));
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = ask(proxy, "");
            caller.readHead();
            String data = caller.readChunked();
            assertThat(text(data)).isEqualTo(ALL);
            assertThat(data).endsWith("data: [DONE]\n\n").containsOnlyOnce("[DONE]");
        }
    }

    @Test
    void passesNothingThatStandsBehindTheEndOfTheNext() throws Exception {
        Script talkative = x -> {
            x.readRequest();
            say(x, "b", ALL.substring(25)).event(chunk("b", "{}", "\"stop\""))
                    .event("[DONE]").event(content("b", " And eleven.")).lastChunk();
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(FIRST));
                ScriptedUpstream b = ScriptedUpstream.start(talkative);
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = ask(proxy, "");
            caller.readHead();
            String data = caller.readChunked();
            assertThat(text(data)).isEqualTo(ALL);
            assertThat(data).endsWith("data: [DONE]\n\n");
        }
    }

    /** Too little to tell an answer that begins anew from one that goes on: it is not shown. */
    @Test
    void tellsTheBeginningOnceWhereVeryLittleHadCome() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking("One two"));
                ScriptedUpstream b = ScriptedUpstream.start(answering(ALL));
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = ask(proxy, "");
            caller.readHead();
            String data = caller.readChunked();
            assertThat(text(data)).isEqualTo(ALL);
            assertThat(asked).singleElement().asString().doesNotContain("assistant");
        }
    }

    @Test
    void dropsWhatTheCallerHasWhereTheNextBeginsAnew() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(FIRST));
                ScriptedUpstream b = ScriptedUpstream.start(answering(ALL));
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = ask(proxy, "");
            caller.readHead();
            String data = caller.readChunked();
            assertThat(text(data)).isEqualTo(ALL);
            assertThat(data).endsWith("data: [DONE]\n\n");
        }
    }

    @Test
    void asksFromTheStartWhereGoingOnIsRefused() throws Exception {
        String refusal = "{\"error\":{\"message\":\"The last message must be the user's.\"}}";
        Script refusing = x -> {
            asked.add(x.readRequest().text());
            x.head(400, "content-length: " + refusal.length()).write(refusal).flush();
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(FIRST), breaking(FIRST));
                ScriptedUpstream b = ScriptedUpstream.start(refusing, answering(ALL),
                        answering(ALL));
                ProxyUnderTest proxy = before(a, b).start()) {
            for (int i = 0; i < 2; i++) {
                RawClient caller = ask(proxy, "");
                caller.readHead();
                assertThat(text(caller.readChunked())).isEqualTo(ALL);
            }
            assertThat(asked).hasSize(3);
            assertThat(asked.get(0)).contains("assistant");
            assertThat(asked.get(1)).doesNotContain("assistant");
            assertThat(asked.get(2)).as("learnt").doesNotContain("assistant");
        }
    }

    @Test
    void endsInAnErrorWhereTheTextsDoNotMeet() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(FIRST));
                ScriptedUpstream b = ScriptedUpstream.start(
                        answering(ALL.substring(0, 30) + "something else"));
                ProxyUnderTest proxy = before(a, b).start()) {
            // Agreeing for longer than the caller's text, it was joined and then went on.
            RawClient caller = ask(proxy, "");
            caller.readHead();
            assertThat(text(caller.readChunked()))
                    .isEqualTo(ALL.substring(0, 30) + "something else");
        }
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(ALL.substring(0, 40)));
                ScriptedUpstream b = ScriptedUpstream.start(
                        answering(ALL.substring(0, 30) + "something else"));
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = ask(proxy, "");
            caller.readHead();
            String data = Wire.dataOf(caller.readUntilClose());
            assertThat(text(data)).isEqualTo(ALL.substring(0, 40));
            assertThat(data).contains("\"code\":\"upstream_error\"").contains("diverged")
                    .doesNotContain("[DONE]").endsWith("}}\n\n");
        }
    }

    @Test
    void goesOnOverSeveralProviders() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(FIRST));
                ScriptedUpstream b = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    say(x, "b", ALL.substring(25, 35)).flush();
                    x.reset();
                });
                ScriptedUpstream c = ScriptedUpstream.start(answering(ALL.substring(35)));
                ProxyUnderTest proxy = before(a, b).provider("c", c.url()).start()) {
            RawClient caller = ask(proxy, "");
            caller.readHead();
            String data = caller.readChunked();
            assertThat(text(data)).isEqualTo(ALL);
            assertThat(data).endsWith("data: [DONE]\n\n");
        }
    }

    @Test
    void sumsTheUsageForACallerWhoAsks() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(FIRST));
                ScriptedUpstream b = ScriptedUpstream.start(answering(ALL.substring(25)));
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = ask(proxy, ",\"stream_options\":{\"include_usage\":true}");
            caller.readHead();
            String data = caller.readChunked();
            assertThat(data).containsOnlyOnce("\"usage\":{");
            Matcher usage = Pattern.compile("\"prompt_tokens\":(\\d+),\"completion_tokens\":(\\d+)")
                    .matcher(data);
            assertThat(usage.find()).isTrue();
            assertThat(Integer.parseInt(usage.group(1))).isGreaterThan(30);
            assertThat(Integer.parseInt(usage.group(2))).isGreaterThan(6);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\"}}]}",
        "{\"refusal\":\"no\"}"})
    void neverGoesOnInsideAnythingButText(String delta) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    say(x, "a", FIRST).event(chunk("a", delta, "null")).flush();
                    x.reset();
                });
                ScriptedUpstream b = ScriptedUpstream.start(answering(ALL));
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = ask(proxy, "");
            caller.readHead();
            assertThat(Wire.dataOf(caller.readUntilClose())).contains("upstream_error");
            assertThat(b.requests()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {",\"n\":2", ",\"logprobs\":true",
        ",\"response_format\":{\"type\":\"json_object\"}"})
    void neverGoesOnWithWhatIsMoreThanOneText(String members) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(FIRST));
                ScriptedUpstream b = ScriptedUpstream.start(answering(ALL));
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = ask(proxy, members);
            caller.readHead();
            assertThat(Wire.dataOf(caller.readUntilClose())).contains("upstream_error");
            assertThat(b.requests()).isEmpty();
        }
    }

    @Test
    void dropsEventsThatAreNoJsonAndGoesOnAfterAnErrorEvent() throws Exception {
        CountDownLatch seen = new CountDownLatch(1); // or another would be asked from the start
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    say(x, "a", FIRST).flush();
                    seen.await();
                    x.event("{\"choices\":[{\"del")
                            .event("{\"error\":{\"message\":\"overloaded\"}}").lastChunk();
                });
                ScriptedUpstream b = ScriptedUpstream.start(answering(ALL.substring(25)));
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = ask(proxy, "");
            caller.readHead();
            seen.countDown();
            String data = caller.readChunked();
            assertThat(text(data)).isEqualTo(ALL);
            assertThat(data).doesNotContain("\"error\"").doesNotContain("\"del\n");
        }
    }

    @Test
    void letsGoOfEverythingWhenTheCallerLeavesWhileItGoesOn() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(breaking(FIRST));
                ScriptedUpstream b = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = ask(proxy, "");
            caller.readHead();
            b.awaitRequests(1, PATIENCE);
            caller.close();
            assertThat(b.awaitClosed(1, PATIENCE)).isTrue();
            proxy.awaitQuiet();
        }
    }

    @Test
    void passesAWholeStreamOnAsItIs() throws Exception {
        List<String> events = new ArrayList<>();
        events.add(content("a", "x"));
        events.add(chunk("a", "{}", "\"stop\""));
        events.add("[DONE]");
        StringBuilder all = new StringBuilder();
        events.forEach(event -> all.append(Wire.event(event)));
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead();
                    for (String event : events) {
                        x.event(event);
                    }
                    x.lastChunk();
                });
                ScriptedUpstream b = ScriptedUpstream.start(answering(ALL));
                ProxyUnderTest proxy = before(a, b).start()) {
            RawClient caller = ask(proxy, "");
            caller.readHead();
            assertThat(caller.readChunked()).isEqualTo(all.toString());
        }
    }
}

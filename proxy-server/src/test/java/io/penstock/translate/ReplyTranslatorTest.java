package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.failure.Failure;
import io.penstock.testing.Bytes;
import io.penstock.translate.ChatStream.Meaning;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReplyTranslatorTest {
    private static final String TEXT = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":"
            + "{\"content\":\"a\"}}]}\n\n";
    private static final String FINISH = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,"
            + "\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    private static final String DONE = "data: [DONE]\n\n";
    private static final String ERROR = "data: {\"error\":{\"message\":\"m\",\"code\":529}}\n\n";

    private static Translated chatTo(ReplyFormat client) {
        return new Translated(ReplyFormat.CHAT, client, ReplyOptions.DEFAULT);
    }

    @Test
    void saysWhatEachEventMeans() {
        Translated translated = chatTo(ReplyFormat.MESSAGES);

        assertThat(translated.event(": hi\n\n")).isEqualTo(Meaning.NOTHING);
        assertThat(translated.event("data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":"
                + "{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n")).isEqualTo(Meaning.NOTHING);
        assertThat(translated.event(TEXT)).isEqualTo(Meaning.CONTENT);
        assertThat(translated.event(FINISH)).isEqualTo(Meaning.FINISH);
        assertThat(translated.event(DONE)).isEqualTo(Meaning.DONE);
        assertThat(translated.end()).isEqualTo(Meaning.DONE);
    }

    @ParameterizedTest
    @EnumSource(names = {"CHAT", "MESSAGES", "RESPONSES", "COMPLETIONS"})
    void inventsNoEnd(ReplyFormat client) {
        Translated translated = chatTo(client);
        translated.event(TEXT);
        translated.take();

        assertThat(translated.end()).isEqualTo(Meaning.ERROR);
        assertThat(translated.text()).isEmpty();
        assertThat(translated.translator.error().message()).contains("ended before its end");
    }

    @ParameterizedTest
    @EnumSource(names = {"CHAT", "MESSAGES", "RESPONSES", "COMPLETIONS"})
    void aFinishReasonAndACleanEndAreComplete(ReplyFormat client) {
        Translated translated = chatTo(client);
        translated.event(TEXT);
        translated.event(FINISH);

        assertThat(translated.end()).isEqualTo(Meaning.DONE);
        assertThat(translated.text()).containsPattern(
                "\\[DONE]|event: message_stop|event: response.completed");
    }

    @ParameterizedTest
    @EnumSource(names = {"CHAT", "MESSAGES", "RESPONSES", "COMPLETIONS"})
    void nothingFollowsAnError(ReplyFormat client) {
        Translated translated = chatTo(client);
        translated.event(TEXT);
        translated.take();

        assertThat(translated.event(ERROR)).isEqualTo(Meaning.ERROR);
        assertThat(translated.event(TEXT)).isEqualTo(Meaning.NOTHING);
        assertThat(translated.event(DONE)).isEqualTo(Meaning.NOTHING);
        assertThat(translated.end()).isEqualTo(Meaning.ERROR);
        assertThat(translated.text()).isEmpty();
        assertThat(translated.translator.error().kind()).isEqualTo(ReplyError.Kind.OVERLOADED);
    }

    @Test
    void aNamedErrorIsOneWhateverItHolds() {
        assertThat(chatTo(ReplyFormat.CHAT).event("event: error\ndata: {\"message\":\"m\"}\n\n"))
                .isEqualTo(Meaning.ERROR);
    }

    @ParameterizedTest
    @EnumSource(names = {"CHAT", "MESSAGES", "RESPONSES", "COMPLETIONS"})
    void doneWithoutAReasonIsABrokenEnd(ReplyFormat client) {
        Translated translated = chatTo(client);
        translated.event(TEXT);
        translated.take();

        assertThat(translated.event(DONE)).isEqualTo(Meaning.NOTHING);
        assertThat(translated.event(FINISH)).isEqualTo(Meaning.NOTHING);
        assertThat(translated.end()).isEqualTo(Meaning.ERROR);
        assertThat(translated.text()).isEmpty();
        assertThat(translated.translator.isFinishSeen()).isFalse();
    }

    @ParameterizedTest
    @EnumSource(names = {"CHAT", "RESPONSES", "COMPLETIONS"})
    void aStoppedMessageWithoutAReasonIsABrokenEnd(ReplyFormat client) {
        Translated translated = new Translated(ReplyFormat.MESSAGES, client,
                ReplyOptions.DEFAULT);
        translated.event("data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n\n");
        translated.event("data: {\"type\":\"content_block_start\",\"index\":0,"
                + "\"content_block\":{\"type\":\"text\",\"text\":\"a\"}}\n\n");
        translated.take();

        assertThat(translated.event("data: {\"type\":\"message_stop\"}\n\n"))
                .isEqualTo(Meaning.NOTHING);
        assertThat(translated.end()).isEqualTo(Meaning.ERROR);
        assertThat(translated.text()).isEmpty();
    }

    @Test
    void aRelayedMessageEndsWhereItStops() {
        ReplyTranslator watcher = new ReplyTranslator(Translated.loop());
        watcher.watch(ReplyFormat.MESSAGES, false);

        assertThat(watch(watcher, "data: {\"type\":\"message_stop\"}\n\n"))
                .isEqualTo(Meaning.DONE);
    }

    private static Meaning watch(ReplyTranslator watcher, String event) {
        ByteBuf buffer = Bytes.buffer(event);
        try {
            return watcher.onEvent(buffer, 0, buffer.readableBytes(), Unpooled.EMPTY_BUFFER);
        } finally {
            buffer.release();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"choices\":[{\"delta\":{\"conte", "<html>busy</html>", "ping",
        "{}x}",
        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lost\"}}]"})
    void aMalformedEventIsSkippedAndCounted(String data) {
        for (ReplyFormat client : ReplySamples.CLIENTS) {
            Translated translated = chatTo(client);
            translated.event(TEXT);
            translated.take();

            assertThat(translated.event("data: " + data + "\n\n")).isEqualTo(Meaning.NOTHING);
            assertThat(translated.take()).isEmpty();
            assertThat(translated.translator.malformedEvents()).isEqualTo(1);
            assertThat(translated.event(TEXT)).isEqualTo(Meaning.CONTENT);
            translated.event(FINISH);
            assertThat(translated.event(DONE)).isEqualTo(Meaning.DONE);
            assertThat(translated.text()).doesNotContain("lost");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"MESSAGES", "RESPONSES"})
    void aMalformedEventOfARelayedStreamDoesNotEndIt(ReplyFormat format) {
        ReplyTranslator watcher = new ReplyTranslator(Translated.loop());
        watcher.watch(format, true);

        assertThat(watch(watcher, "data: {\"type\":\"pi\n\n")).isEqualTo(Meaning.NOTHING);
        assertThat(watcher.error()).isNull();
        assertThat(watcher.malformedEvents()).isEqualTo(1);
    }

    /** What stands before the break was said, and what was written of it stays consistent. */
    @Test
    void anEventThatIsBrokenInItsMiddleCountsUpToThere() {
        Translated translated = chatTo(ReplyFormat.RESPONSES);
        translated.event(TEXT);
        translated.event("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"}},}\n\n");
        translated.event(FINISH);
        translated.event(DONE);

        assertThat(translated.translator.malformedEvents()).isEqualTo(1);
        assertThat(translated.text()).contains("\"text\":\"ab\"");
    }

    @Test
    void aNamedErrorThatIsNoJsonIsOneAllTheSame() {
        Translated translated = chatTo(ReplyFormat.CHAT);

        assertThat(translated.event("event: error\ndata: {\"mess\n\n")).isEqualTo(Meaning.ERROR);
        assertThat(translated.translator.error().message()).contains("cannot be read");
    }

    @ParameterizedTest
    @EnumSource(names = {"MESSAGES", "RESPONSES"})
    void anObjectWithoutAnythingSaysNothingAndTwoAreMalformed(ReplyFormat upstream) {
        Translated translated = new Translated(upstream, ReplyFormat.CHAT, ReplyOptions.DEFAULT);

        assertThat(translated.event("data: {}\n\n")).isEqualTo(Meaning.NOTHING);
        assertThat(translated.event("data: {}\ndata: [{}]\n\n")).isEqualTo(Meaning.NOTHING);
        assertThat(translated.translator.malformedEvents()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(names = {"CHAT", "MESSAGES", "RESPONSES", "COMPLETIONS"})
    void repeatsNoNameWithoutEnd(ReplyFormat client) {
        String name = "n".repeat(TurnWatch.MAX_NAME_CHARS + 1);
        Translated translated = chatTo(client);
        translated.event("data: {\"id\":\"" + name + "\",\"model\":\"" + name
                + "\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n");

        assertThat(translated.text()).isNotEmpty().doesNotContain("nnn");
    }

    @Test
    void anotherAnswersRefusalIsNotTheFirstOnes() {
        Translated translated = new Translated(ReplyFormat.CHAT, ReplyFormat.MESSAGES,
                new ReplyOptions(null, false, 2, null, null));
        translated.event(TEXT);
        translated.event("data: {\"id\":\"c\",\"choices\":[{\"index\":1,\"delta\":"
                + "{\"refusal\":\"no\"},\"finish_reason\":\"stop\"}]}\n\n");
        translated.event(FINISH);
        translated.event(DONE);

        assertThat(translated.text()).contains("\"stop_reason\":\"end_turn\"");
    }

    @Test
    void oneStreamsMalformedEventDoesNotDisturbTheNext() {
        ReplyLoop loop = Translated.loop();
        new Translated(loop, ReplyFormat.CHAT, ReplyFormat.CHAT, ReplyOptions.DEFAULT)
                .event("data: {\"choices\":[{\"delta\":{\"conte\n\n");

        assertThat(new Translated(loop, ReplyFormat.CHAT, ReplyFormat.CHAT, ReplyOptions.DEFAULT)
                .event(TEXT)).isEqualTo(Meaning.CONTENT);
    }

    @Test
    void streamsTakeTurns() {
        ReplyLoop loop = Translated.loop();
        Translated a = new Translated(loop, ReplyFormat.CHAT, ReplyFormat.MESSAGES,
                ReplyOptions.DEFAULT);
        Translated b = new Translated(loop, ReplyFormat.CHAT, ReplyFormat.RESPONSES,
                ReplyOptions.DEFAULT);
        for (Translated each : List.of(a, b)) {
            each.event(TEXT);
        }
        for (Translated each : List.of(a, b)) {
            each.event(TEXT.replace("\"a\"", "\"b\""));
            each.event(FINISH);
            each.event(DONE);
        }

        assertThat(a.text()).contains("message_stop");
        assertThat(b.text()).contains("\"text\":\"ab\"");
    }

    @Test
    void anOversizedEventIsAnError() {
        assertThat(chatTo(ReplyFormat.CHAT).translator.onOversizedEvent())
                .isEqualTo(Meaning.ERROR);
    }

    @Test
    void halvesOfASurrogatePairSurvive() {
        Translated translated = chatTo(ReplyFormat.CHAT);
        translated.event(TEXT.replace("\"a\"", "\"\\ud83d\""));
        translated.event(TEXT.replace("\"a\"", "\"\\ude00 \\ud83d\\ude00\""));

        assertThat(translated.text()).contains("\"content\":\"\\ud83d\"")
                .contains("\"content\":\"\\ude00 \ud83d\ude00\"");
    }

    @Test
    void escapesWhatMustBe() {
        Translated translated = chatTo(ReplyFormat.MESSAGES);

        translated.event(TEXT.replace("\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u00e9\""));

        assertThat(translated.text())
                .contains("\"text\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\u00e9\"}}");
    }

    @Test
    void showsTheNameThatTheCallerAskedFor() {
        ReplyOptions options = new ReplyOptions("smart", false, 1, null, null);
        for (ReplyFormat client : List.of(ReplyFormat.CHAT, ReplyFormat.MESSAGES,
                ReplyFormat.RESPONSES, ReplyFormat.COMPLETIONS)) {
            assertThat(Translated.stream(ReplyFormat.MESSAGES, client, options,
                    Bytes.fixture("anthropic-stream-text.sse")).text())
                    .contains("\"model\":\"smart\"").doesNotContain("claude");
            assertThat(Translated.unary(ReplyFormat.MESSAGES, client, options,
                    Bytes.fixture("anthropic-unary-cache.json")))
                    .contains("\"model\":\"smart\"").doesNotContain("claude");
        }
    }

    @Test
    void showsTheNameThatWasAskedForWhereTheProviderSaysNone() {
        ReplyOptions options = new ReplyOptions(null, "us.claude", false, 1, null, null,
                false);
        for (ReplyFormat client : List.of(ReplyFormat.CHAT, ReplyFormat.MESSAGES,
                ReplyFormat.RESPONSES, ReplyFormat.COMPLETIONS)) {
            assertThat(Translated.stream(ReplyFormat.CONVERSE, client, options,
                    Bytes.fixture("bedrock-converse-stream.bin")).text())
                    .contains("\"model\":\"us.claude\"");
            assertThat(Translated.unary(ReplyFormat.CONVERSE, client, options,
                    Bytes.fixture("bedrock-converse-unary.json")))
                    .contains("\"model\":\"us.claude\"");
            assertThat(Translated.unary(ReplyFormat.MESSAGES, client, options,
                    Bytes.fixture("anthropic-unary-cache.json"))).contains("claude-");
        }
    }

    @Test
    void tellsUsageOnlyToThoseWhoAsked() {
        for (ReplyFormat client : List.of(ReplyFormat.CHAT, ReplyFormat.COMPLETIONS)) {
            Translated translated = Translated.stream(ReplyFormat.MESSAGES, client,
                    ReplyOptions.DEFAULT, Bytes.fixture("anthropic-stream-text.sse"));

            assertThat(translated.text()).doesNotContain("usage").endsWith("[DONE]\n\n");
            assertThat(translated.translator.usage()).isNotNull();
        }
    }

    @Test
    void signsOfLifeAreRare() {
        AtomicLong nanos = new AtomicLong();
        ReplyLoop loop = new ReplyLoop(() -> 1, () -> 1, nanos::get);
        Translated translated = new Translated(loop, ReplyFormat.CHAT, ReplyFormat.CHAT,
                ReplyOptions.DEFAULT);
        translated.event(": early\n\n");
        assertThat(translated.take()).isEmpty();
        translated.event(TEXT);
        translated.take();

        translated.event(": a\n\n");
        translated.event(": b\n\n");
        assertThat(translated.take()).isEqualTo(": ping\n\n");

        nanos.addAndGet(4_000_000_000L);
        translated.event(": c\n\n");
        assertThat(translated.take()).isEqualTo(": ping\n\n");
    }

    @Test
    void failsInTheCallersFormat() {
        Failure failure = Failure.of(Failure.Kind.UPSTREAM_ERROR, "Gone.");

        assertThat(failure(ReplyFormat.CHAT, failure)).isEqualTo("data: {\"error\":{\"message\":"
                + "\"Gone.\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_error\","
                + "\"attempts\":[1]}}\n\n");
        assertThat(failure(ReplyFormat.MESSAGES, failure)).isEqualTo("event: error\n"
                + "data: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","
                + "\"message\":\"Gone.\",\"attempts\":[1]}}\n\n");
        assertThat(failure(ReplyFormat.RESPONSES, failure))
                .startsWith("event: response.failed\ndata: {\"type\":\"response.failed\","
                        + "\"sequence_number\":5,\"response\":{\"id\":\"resp_")
                .contains("\"status\":\"failed\"")
                .contains("\"error\":{\"code\":\"server_error\",\"message\":\"Gone.\"}")
                .contains("\"text\":\"a\"");
    }

    private static String failure(ReplyFormat client, Failure failure) {
        Translated translated = chatTo(client);
        translated.event(TEXT);
        translated.take();
        translated.translator.fail(failure, "[1]", translated.out());
        return translated.text();
    }

    @Test
    void tellsWhatTheProviderSaid() {
        Translated translated = chatTo(ReplyFormat.MESSAGES);
        translated.event(TEXT);
        translated.event(ERROR);
        translated.take();

        translated.translator.fail(translated.translator.error(), translated.out());

        assertThat(translated.text()).isEqualTo("event: error\ndata: {\"type\":\"error\","
                + "\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}\n\n");
    }

    @Test
    void aResponsesStreamThatNeverBeganFailsFlat() {
        Translated translated = chatTo(ReplyFormat.RESPONSES);

        translated.translator.fail(Failure.of(Failure.Kind.OVERLOADED, "Full."), null,
                translated.out());

        assertThat(translated.text()).isEqualTo("event: error\ndata: {\"type\":\"error\","
                + "\"sequence_number\":0,\"code\":\"server_error\",\"message\":\"Full.\","
                + "\"param\":null}\n\n");
    }

    @Test
    void aUnaryReplyThatIsNoneIsAnError() {
        for (ReplyFormat upstream : List.of(ReplyFormat.CHAT, ReplyFormat.MESSAGES,
                ReplyFormat.GEMINI, ReplyFormat.RESPONSES, ReplyFormat.CONVERSE)) {
            for (String body : List.of("", "  ", "{}", "[]", "null", "<html>", "{\"a\":",
                    "{\"error\":{\"message\":\"m\"}}", "{\"choices\":[]}",
                    "{\"id\":\"r\",\"status\":\"failed\",\"error\":{\"message\":\"m\"}}")) {
                assertThat(Translated.unary(upstream, ReplyFormat.CHAT, body))
                        .as(upstream + " " + body).startsWith("ERROR: ");
            }
        }
    }

    @Test
    void aBodyWithAnErrorInsideA200IsAnError() {
        assertThat(Translated.unary(ReplyFormat.CHAT, ReplyFormat.MESSAGES,
                "{\"error\":{\"message\":\"down\",\"code\":502},\"user_id\":\"u\"}"))
                .isEqualTo("ERROR: down");
    }

    @Test
    void aFilteredPromptIsAnAnswer() {
        assertThat(Translated.unary(ReplyFormat.GEMINI, ReplyFormat.CHAT,
                "{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}"))
                .contains("\"content\":null").contains("\"finish_reason\":\"content_filter\"");
    }

    @Test
    void numbersAndOrderOfArgumentsSurvive() {
        assertThat(Translated.unary(ReplyFormat.MESSAGES, ReplyFormat.CHAT, ReplyOptions.DEFAULT,
                Bytes.fixture("anthropic-unary-thinking-tool.json")))
                .contains("\"arguments\":\"{\\\"unit\\\":\\\"c\\\",\\\"city\\\":\\\"Paris\\\","
                        + "\\\"days\\\":1.0}\"");
    }

    @Test
    void argumentsThatAreNoObjectGoInAsText() {
        for (String arguments : List.of("{\\\"a\\\":", "[1]", "no", "{} {}")) {
            assertThat(Translated.unary(ReplyFormat.CHAT, ReplyFormat.MESSAGES,
                    toolCall(arguments)))
                    .contains("\"input\":{\"_raw\":\"" + arguments + "\"}");
        }
        assertThat(Translated.unary(ReplyFormat.CHAT, ReplyFormat.MESSAGES, toolCall("")))
                .contains("\"input\":{}");
        assertThat(Translated.unary(ReplyFormat.CHAT, ReplyFormat.MESSAGES,
                toolCall("{ \\\"b\\\": 1.0, \\\"a\\\": \\\"\\ud83d\\\" }")))
                .contains("\"input\":{\"b\":1.0,\"a\":\"\\ud83d\"}");
    }

    private static String toolCall(String arguments) {
        return "{\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":{\"content\":null,"
                + "\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":"
                + "\"f\",\"arguments\":\"" + arguments + "\"}}]},"
                + "\"finish_reason\":\"tool_calls\"}]}";
    }

    @Test
    void aTurnTooLongToBeKeptIsAnError() {
        String large = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\""
                + "x".repeat(4 * 1024 * 1024) + "\"}}]}\n\n";
        Translated kept = chatTo(ReplyFormat.RESPONSES);
        for (int i = 0; i < 4; i++) {
            assertThat(kept.event(large)).isEqualTo(Meaning.CONTENT);
            kept.take();
        }

        assertThat(kept.event(large)).isEqualTo(Meaning.ERROR);
        assertThat(kept.translator.error().message()).contains("characters");
    }

    @Test
    void providersDoNotCallInTheirOwnFormats() {
        for (ReplyFormat format : List.of(ReplyFormat.CONVERSE, ReplyFormat.INVOKE)) {
            assertThat(format.isClient()).isFalse();
            assertThatThrownBy(() -> chatTo(format)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** Nothing of Anthropic's own events is lost where only their frames differ. */
    @Test
    void anthropicsEventsInBedrocksMessagesAreReframed() {
        Translated translated = Translated.stream(ReplyFormat.INVOKE, ReplyFormat.MESSAGES,
                ReplyOptions.DEFAULT, Bytes.fixture("bedrock-invoke-anthropic-stream.bin"));

        assertThat(translated.text())
                .startsWith("event: message_start\ndata: {\"type\":\"message_start\"")
                .contains("event: content_block_delta\ndata: {\"type\":\"content_block_delta\"")
                .contains("\"amazon-bedrock-invocationMetrics\"");
        assertThat(translated.text().split("\n\n")).allMatch(event -> event.lines().count() == 2);
        assertThat(translated.translator.usage().total()).isEqualTo(20);
    }

    @Test
    void tellsNobodyAboutTheProxysOwnKey() {
        ReplyError error = ReplyError.of(401, null, "invalid_api_key", "Bad key sk-ab***", null);

        assertThat(ErrorBody.of(ReplyFormat.CHAT, error)).doesNotContain("sk-")
                .contains("upstream_error");
        assertThat(error.statusFor(ReplyFormat.MESSAGES)).isEqualTo(502);
    }

    @Test
    void readsErrorReplies() {
        ReplyTranslator translator = new ReplyTranslator(Translated.loop());
        ByteBuf body = Unpooled.copiedBuffer("{\"error\":{\"type\":\"not_found_error\","
                + "\"message\":\"model: x\"}}", StandardCharsets.UTF_8);

        ReplyError error = translator.readError(404, body);

        assertThat(ErrorBody.of(ReplyFormat.CHAT, error)).isEqualTo("{\"error\":{\"message\":"
                + "\"model: x\",\"type\":\"invalid_request_error\",\"param\":null,"
                + "\"code\":\"model_not_found\"}}");
        assertThat(ErrorBody.of(ReplyFormat.MESSAGES, error)).isEqualTo("{\"type\":\"error\","
                + "\"error\":{\"type\":\"not_found_error\",\"message\":\"model: x\"}}");
    }
}

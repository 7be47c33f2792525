package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ToolAsTextTest {
    private static final String TOOL = "json_output";
    private static final char[] TEXT = "{\"a\":1}".toCharArray();

    private final TurnLog log = new TurnLog();
    private final ToolAsText turn = new ToolAsText(log, TOOL);

    private void call(int number, String name) {
        turn.onToolStart(0, number, "id" + number, name, null);
    }

    private void arguments(int number, int from, int length) {
        turn.onToolArguments(0, number, TEXT, from, length);
    }

    private void text(String text) {
        turn.onText(0, text.toCharArray(), 0, text.length());
    }

    private void finish(FinishReason reason) {
        turn.onFinish(0, reason, null);
    }

    @Test
    void theArgumentsAreTheAnswersTextPieceByPiece() {
        turn.onStart("1", "m", 5);
        call(0, TOOL);
        arguments(0, 0, 3);
        arguments(0, 3, 4);
        finish(FinishReason.TOOL_CALLS);
        turn.onEnd();

        assertThat(log.lines).containsExactly("start 1 m 5", "text 0 {\"a", "text 0 \":1}",
                "finish 0 STOP", "end");
    }

    @Test
    void whatIsSaidBehindTheAnswerIsPassedOver() {
        call(0, TOOL);
        arguments(0, 0, 7);
        text("That was it.");
        call(1, TOOL);
        arguments(1, 0, 7);
        finish(FinishReason.TOOL_CALLS);

        assertThat(log.lines).containsExactly("text 0 {\"a\":1}", "finish 0 STOP");
    }

    @Test
    void aTextInsteadOfTheCallIsTheAnswer() {
        text("No.");
        finish(FinishReason.STOP);

        assertThat(log.lines).containsExactly("text 0 No.", "finish 0 STOP");
    }

    @Test
    void otherCallsStayCallsAndAreCountedWithoutIt() {
        call(0, "f");
        arguments(0, 0, 7);
        call(1, TOOL);
        call(2, "g");
        arguments(2, 0, 7);
        arguments(1, 0, 7);
        finish(FinishReason.TOOL_CALLS);

        assertThat(log.lines).containsExactly("tool 0.0 id0 f", "arguments 0.0 {\"a\":1}",
                "tool 0.1 id2 g", "arguments 0.1 {\"a\":1}", "text 0 {\"a\":1}",
                "finish 0 TOOL_CALLS");
    }

    @ParameterizedTest
    @EnumSource(names = {"LENGTH", "CONTENT_FILTER", "STOP_SEQUENCE"})
    void anotherReasonToStopStays(FinishReason reason) {
        call(0, TOOL);
        finish(reason);

        assertThat(log.lines).containsExactly("finish 0 " + reason);
    }

    @Test
    void allElsePassesAsItIs() {
        turn.onReasoning(0, TEXT, 0, 7);
        turn.onSignature(0, "s");
        turn.onRedactedReasoning(0, "d");
        turn.onRefusal(0, TEXT, 0, 7);
        turn.onUsage(new ReplyUsage(1, 2, 0, 0, 0));
        turn.onKeepAlive();
        turn.onError(ReplyError.of("broken"));

        assertThat(log.lines).isEqualTo(List.of("reasoning 0 {\"a\":1}", "signature 0 s",
                "redacted 0 d", "refusal 0 {\"a\":1}", "usage 1 2 0 0 0", "alive",
                "error UPSTREAM_ERROR broken"));
    }

    /** By way of every reader and writer that meet it. */
    @ParameterizedTest
    @EnumSource(names = {"CHAT", "RESPONSES", "COMPLETIONS"})
    void everyCallerGetsJson(ReplyFormat client) throws IOException {
        String message = "{\"id\":\"msg_1\",\"type\":\"message\",\"content\":["
                + "{\"type\":\"tool_use\","
                + "\"id\":\"t\",\"name\":\"json_output\",\"input\":{\"b\": 1.0, \"a\": \"\\n\"}}],"
                + "\"stop_reason\":\"tool_use\",\"usage\":{}}";
        String body = Translated.unary(ReplyFormat.MESSAGES, client,
                new ReplyOptions(null, false, 1, null, TOOL),
                message.getBytes(StandardCharsets.UTF_8));

        JsonNode reply = new ObjectMapper().readTree(body);
        assertThat(reply.at(switch (client) {
            case CHAT -> "/choices/0/message/content";
            case COMPLETIONS -> "/choices/0/text";
            default -> "/output/0/content/0/text";
        }).asText()).isEqualTo("{\"b\":1.0,\"a\":\"\\n\"}");
        assertThat(body).contains(client == ReplyFormat.RESPONSES ? "\"status\":\"completed\""
                : "\"finish_reason\":\"stop\"").doesNotContain("\"tool_calls\"", "function_call");
    }
}

package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Callers find their own names in what a model called, in every format. */
class CallerToolsTest {
    private static final ReplyOptions OPTIONS = ReplyOptions.DEFAULT.withTools(new CallerTools(
            Map.of("short", CallerTool.function("a name as its caller has it"))));
    private static final String CALL = "{\"index\":0,\"id\":\"call_1\",\"type\":\"function\","
            + "\"function\":{\"name\":\"short\",\"arguments\":\"{}\"}}";

    private static List<ReplyFormat> clients() {
        return List.of(ReplyFormat.CHAT, ReplyFormat.MESSAGES, ReplyFormat.RESPONSES);
    }

    @ParameterizedTest
    @MethodSource("clients")
    void streamed(ReplyFormat client) {
        Translated translated = new Translated(ReplyFormat.CHAT, client, OPTIONS);
        translated.event("data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":["
                + CALL + "]}}]}\n\n");
        translated.event("data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},"
                + "\"finish_reason\":\"tool_calls\"}]}\n\n");
        translated.event("data: [DONE]\n\n");

        assertThat(translated.text()).contains("\"name\":\"a name as its caller has it\"")
                .doesNotContain("\"short\"");
    }

    @ParameterizedTest
    @MethodSource("clients")
    void unary(ReplyFormat client) {
        assertThat(unary(client, OPTIONS)).contains("\"name\":\"a name as its caller has it\"")
                .doesNotContain("\"short\"");
    }

    private static String unary(ReplyFormat client, ReplyOptions options) {
        String body = "{\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":{\"tool_calls\":["
                + CALL + "]},\"finish_reason\":\"tool_calls\"}]}";
        return Translated.unary(ReplyFormat.CHAT, client, options,
                body.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void whereFunctionsWereOffered() {
        ReplyOptions options = new ReplyOptions(null, null, false, 1, null, null, true)
                .withTools(OPTIONS.tools());

        assertThat(unary(ReplyFormat.CHAT, options)).contains(
                "\"function_call\":{\"name\":\"a name as its caller has it\"");
    }
}

package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.translate.CallerTool.Kind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Calls of tools that were offered in disguise, as Responses callers such as Codex get them. */
class AgentCallsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ReplyOptions OPTIONS = ReplyOptions.DEFAULT.withTools(new CallerTools(
            Map.of("apply_patch", new CallerTool(null, "apply_patch", Kind.CUSTOM),
                    "mcp__fs__read", new CallerTool("mcp__fs__", "read", Kind.FUNCTION),
                    "web__js", new CallerTool("web", "js", Kind.CUSTOM),
                    "tool_search", new CallerTool(null, "tool_search", Kind.SEARCH))));

    private static String call(String name, String arguments) {
        return "{\"index\":0,\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\""
                + name + "\",\"arguments\":" + JSON.valueToTree(arguments) + "}}";
    }

    private static JsonNode unary(String name, String arguments) throws Exception {
        String body = "{\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":{\"tool_calls\":["
                + call(name, arguments) + "]},\"finish_reason\":\"tool_calls\"}]}";
        return JSON.readTree(Translated.unary(ReplyFormat.CHAT, ReplyFormat.RESPONSES, OPTIONS,
                body.getBytes(StandardCharsets.UTF_8))).get("output").get(0);
    }

    /** The events of a call whose arguments come in those pieces. */
    private static List<JsonNode> streamed(String name, String... pieces) throws Exception {
        Translated translated = new Translated(ReplyFormat.CHAT, ReplyFormat.RESPONSES, OPTIONS);
        translated.event(delta("{\"tool_calls\":[" + call(name, "") + "]}", null));
        for (String piece : pieces) {
            translated.event(delta("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":"
                    + JSON.valueToTree(piece) + "}}]}", null));
        }
        translated.event(delta("{}", "tool_calls"));
        translated.event("data: [DONE]\n\n");
        List<JsonNode> events = new ArrayList<>();
        for (String event : translated.text().split("\n\n")) {
            events.add(JSON.readTree(event.substring(event.indexOf("data: ") + 6)));
        }
        return events;
    }

    private static String delta(String delta, String reason) {
        return "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":" + delta
                + ",\"finish_reason\":" + (reason == null ? "null" : "\"" + reason + "\"")
                + "}]}\n\n";
    }

    private static List<String> types(List<JsonNode> events) {
        return events.stream().map(event -> event.get("type").asText()).toList();
    }

    @Test
    void aCustomToolGetsItsFreeText() throws Exception {
        JsonNode item = unary("apply_patch", "{\"input\":\"*** Begin Patch\\n+\\\"a\\\"\"}");

        assertThat(item.get("id").asText()).startsWith("ctc_");
        assertThat(item.toString().replaceAll("ctc_\\w+", "ctc"))
                .isEqualTo("{\"id\":\"ctc\",\"type\":\"custom_tool_call\",\"status\":"
                        + "\"completed\",\"input\":\"*** Begin Patch\\n+\\\"a\\\"\","
                        + "\"call_id\":\"call_1\",\"name\":\"apply_patch\"}");
    }

    @Test
    void aCustomToolsTextIsStreamed() throws Exception {
        List<JsonNode> events = streamed("apply_patch", "{\"inp", "ut\": \"*** \\", "u00e9\\",
                "n+a", "\"}");

        assertThat(types(events)).containsExactly("response.created", "response.in_progress",
                "response.output_item.added", "response.custom_tool_call_input.delta",
                "response.custom_tool_call_input.delta", "response.custom_tool_call_input.delta",
                "response.custom_tool_call_input.done", "response.output_item.done",
                "response.completed");
        JsonNode added = events.get(2).get("item");
        assertThat(added.get("type").asText()).isEqualTo("custom_tool_call");
        assertThat(added.get("input").asText()).isEmpty();
        assertThat(added.get("status").asText()).isEqualTo("in_progress");
        StringBuilder pieces = new StringBuilder();
        for (JsonNode event : events.subList(3, 6)) {
            pieces.append(event.get("delta").asText());
            assertThat(event.get("item_id")).isEqualTo(added.get("id"));
            assertThat(event.get("output_index").asInt()).isZero();
        }
        assertThat(pieces.toString()).isEqualTo("*** \u00e9\n+a");
        assertThat(events.get(6).get("input").asText()).isEqualTo("*** \u00e9\n+a");
        assertThat(events.get(7).get("item").get("input").asText()).isEqualTo("*** \u00e9\n+a");
        assertThat(events.get(8).get("response").get("output").get(0))
                .isEqualTo(events.get(7).get("item"));
    }

    @Test
    void aTextThatIsKnownOnlyAtTheEndIsStreamedThen() throws Exception {
        List<JsonNode> events = streamed("apply_patch", "{\"why\":\"w\",", "\"input\":\"a\"}");

        assertThat(types(events)).containsSubsequence("response.output_item.added",
                "response.custom_tool_call_input.delta", "response.custom_tool_call_input.done");
        assertThat(events.get(3).get("delta").asText()).isEqualTo("a");
    }

    @Test
    void aMemberOfANamespaceIsCalledByItsNameInThere() throws Exception {
        JsonNode item = unary("mcp__fs__read", "{}");

        assertThat(item.get("type").asText()).isEqualTo("function_call");
        assertThat(item.get("name").asText()).isEqualTo("read");
        assertThat(item.get("namespace").asText()).isEqualTo("mcp__fs__");
        List<JsonNode> events = streamed("mcp__fs__read", "{}");
        for (JsonNode event : events) {
            if (event.has("item")) {
                assertThat(event.get("item").get("name").asText()).isEqualTo("read");
                assertThat(event.get("item").get("namespace").asText()).isEqualTo("mcp__fs__");
            }
        }
        assertThat(events.get(4).get("name").asText()).isEqualTo("read");
        assertThat(unary("web__js", "{\"input\":\"x\"}").get("namespace").asText())
                .isEqualTo("web");
    }

    @Test
    void aToolOfNoNamespaceHasNone() throws Exception {
        assertThat(unary("f", "{}").has("namespace")).isFalse();
    }

    @Test
    void aSearchForToolsIsTheCallersToRun() throws Exception {
        JsonNode item = unary("tool_search", "{\"query\": \"mail\",\n\"limit\":5}");

        assertThat(item.get("type").asText()).isEqualTo("tool_search_call");
        assertThat(item.get("execution").asText()).isEqualTo("client");
        assertThat(item.get("arguments").toString())
                .isEqualTo("{\"query\":\"mail\",\"limit\":5}");
        List<JsonNode> events = streamed("tool_search", "{\"query\":", "\n\"mail\"}");
        assertThat(types(events)).containsExactly("response.created", "response.in_progress",
                "response.output_item.added", "response.output_item.done", "response.completed");
        assertThat(events.get(3).get("item").get("arguments").get("query").asText())
                .isEqualTo("mail");
        assertThat(unary("tool_search", "mail").get("arguments").toString())
                .isEqualTo("{\"_raw\":\"mail\"}");
    }

    @ParameterizedTest
    @EnumSource(names = {"MESSAGES", "GEMINI"})
    void itDoesNotMatterWhoseModelCalls(ReplyFormat upstream) throws Exception {
        String body = upstream == ReplyFormat.MESSAGES
                ? "{\"id\":\"m\",\"type\":\"message\",\"content\":[{\"type\":\"tool_use\",\"id\":"
                + "\"t\",\"name\":\"apply_patch\",\"input\":{\"input\":\"a\"}}],\"stop_reason\":"
                + "\"tool_use\"}"
                : "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":"
                + "\"apply_patch\",\"args\":{\"input\":\"a\"}}}]},\"finishReason\":\"STOP\"}]}";

        JsonNode item = JSON.readTree(Translated.unary(upstream, ReplyFormat.RESPONSES, OPTIONS,
                body.getBytes(StandardCharsets.UTF_8))).get("output").get(0);

        assertThat(item.get("type").asText()).isEqualTo("custom_tool_call");
        assertThat(item.get("input").asText()).isEqualTo("a");
    }
}

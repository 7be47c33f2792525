package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.testing.Bytes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the compliance suite of openresponses.org looks at, in every sample of every provider's
 * replies as a Responses caller gets it: members that have to be there and their types, the order
 * of the events, their numbers, and that items keep their ids.
 */
class OpenResponsesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Of a response: s(tring), i(nteger), n(umber), b(oolean), o(bject), a(rray), ? for null. */
    private static final Map<String, String> RESPONSE = Map.ofEntries(Map.entry("id", "s"),
            Map.entry("object", "s"), Map.entry("created_at", "i"),
            Map.entry("completed_at", "i?"), Map.entry("status", "s"),
            Map.entry("incomplete_details", "o?"), Map.entry("model", "s"),
            Map.entry("previous_response_id", "s?"), Map.entry("instructions", "s?"),
            Map.entry("output", "a"), Map.entry("error", "o?"), Map.entry("tools", "a"),
            Map.entry("tool_choice", "so"), Map.entry("truncation", "s"),
            Map.entry("parallel_tool_calls", "b"), Map.entry("text", "o"),
            Map.entry("top_p", "n"), Map.entry("presence_penalty", "n"),
            Map.entry("frequency_penalty", "n"), Map.entry("top_logprobs", "i"),
            Map.entry("temperature", "n"), Map.entry("reasoning", "o?"),
            Map.entry("user", "s?"), Map.entry("usage", "o?"),
            Map.entry("max_output_tokens", "i?"), Map.entry("max_tool_calls", "i?"),
            Map.entry("store", "b"), Map.entry("background", "b"),
            Map.entry("service_tier", "s"), Map.entry("metadata", "o"),
            Map.entry("safety_identifier", "s?"), Map.entry("prompt_cache_key", "s?"));
    private static final Map<String, Map<String, String>> ITEMS = Map.of(
            "message", Map.of("id", "s", "status", "s", "role", "s", "content", "a"),
            "function_call", Map.of("id", "s", "call_id", "s", "name", "s", "arguments", "s",
                    "status", "s"),
            "reasoning", Map.of("id", "s", "summary", "a"));
    private static final Map<String, Map<String, String>> PARTS = Map.of(
            "output_text", Map.of("text", "s", "annotations", "a", "logprobs", "a"),
            "refusal", Map.of("refusal", "s"),
            "summary_text", Map.of("text", "s"));
    private static final Map<String, String> ITEM = Map.of("output_index", "i", "item", "o");
    private static final Map<String, String> IN_ITEM = Map.of("item_id", "s", "output_index", "i");
    private static final Map<String, Map<String, String>> EVENTS = new TreeMap<>(Map.ofEntries(
            Map.entry("response.created", Map.of("response", "o")),
            Map.entry("response.in_progress", Map.of("response", "o")),
            Map.entry("response.completed", Map.of("response", "o")),
            Map.entry("response.incomplete", Map.of("response", "o")),
            Map.entry("response.failed", Map.of("response", "o")),
            Map.entry("response.output_item.added", ITEM),
            Map.entry("response.output_item.done", ITEM),
            Map.entry("response.content_part.added", with("content_index", "i", "part", "o")),
            Map.entry("response.content_part.done", with("content_index", "i", "part", "o")),
            Map.entry("response.output_text.delta",
                    with("content_index", "i", "delta", "s", "logprobs", "a")),
            Map.entry("response.output_text.done",
                    with("content_index", "i", "text", "s", "logprobs", "a")),
            Map.entry("response.refusal.delta", with("content_index", "i", "delta", "s")),
            Map.entry("response.refusal.done", with("content_index", "i", "refusal", "s")),
            Map.entry("response.function_call_arguments.delta", with("delta", "s")),
            Map.entry("response.function_call_arguments.done", with("arguments", "s")),
            Map.entry("response.reasoning_summary_part.added",
                    with("summary_index", "i", "part", "o")),
            Map.entry("response.reasoning_summary_part.done",
                    with("summary_index", "i", "part", "o")),
            Map.entry("response.reasoning_summary_text.delta",
                    with("summary_index", "i", "delta", "s")),
            Map.entry("response.reasoning_summary_text.done",
                    with("summary_index", "i", "text", "s"))));
    private static final Set<String> ENDS =
            Set.of("response.completed", "response.incomplete", "response.failed");

    private static Map<String, String> with(String... more) {
        Map<String, String> all = new TreeMap<>(IN_ITEM);
        for (int i = 0; i < more.length; i += 2) {
            all.put(more[i], more[i + 1]);
        }
        return all;
    }

    static Stream<String> streams() {
        return ReplySamples.STREAMS.stream();
    }

    static Stream<String> bodies() {
        return ReplySamples.BODIES.stream();
    }

    private static void checkMembers(JsonNode object, Map<String, String> members) {
        members.forEach((name, types) -> {
            JsonNode value = object.get(name);
            assertThat(value).as(name + " in " + object).isNotNull();
            boolean fits = types.chars().anyMatch(type -> switch (type) {
                case 's' -> value.isTextual();
                case 'i' -> value.isIntegralNumber();
                case 'n' -> value.isNumber();
                case 'b' -> value.isBoolean();
                case 'o' -> value.isObject();
                case 'a' -> value.isArray();
                default -> value.isNull();
            });
            assertThat(fits).as(name + " in " + object).isTrue();
        });
    }

    private static void checkResponse(JsonNode response) {
        checkMembers(response, RESPONSE);
        assertThat(response.get("object").asText()).isEqualTo("response");
        assertThat(response.get("id").asText()).matches("resp_[A-Za-z0-9_-]{1,59}");
        String status = response.get("status").asText();
        assertThat(response.get("completed_at").isNull()).isEqualTo(!status.equals("completed"));
        assertThat(response.get("incomplete_details").isNull())
                .isEqualTo(!status.equals("incomplete"));
        assertThat(response.get("error").isNull()).isEqualTo(!status.equals("failed"));
        assertThat(response.get("text").get("format").get("type").asText()).isEqualTo("text");
        response.get("output").forEach(OpenResponsesTest::checkItem);
        JsonNode usage = response.get("usage");
        if (!usage.isNull()) {
            checkMembers(usage, Map.of("input_tokens", "i", "output_tokens", "i",
                    "total_tokens", "i", "input_tokens_details", "o", "output_tokens_details",
                    "o"));
            checkMembers(usage.get("input_tokens_details"), Map.of("cached_tokens", "i"));
            checkMembers(usage.get("output_tokens_details"), Map.of("reasoning_tokens", "i"));
        }
    }

    private static void checkItem(JsonNode item) {
        String type = item.get("type").asText();
        assertThat(ITEMS).containsKey(type);
        checkMembers(item, ITEMS.get(type));
        assertThat(item.get("id").asText()).matches("(msg|fc|rs)_[A-Za-z0-9_-]{1,60}");
        if (item.has("status")) {
            assertThat(item.get("status").asText()).isIn("in_progress", "completed",
                    "incomplete");
        }
        for (String list : List.of("content", "summary")) {
            if (item.has(list)) {
                item.get(list).forEach(OpenResponsesTest::checkPart);
            }
        }
    }

    private static void checkPart(JsonNode part) {
        String type = part.get("type").asText();
        assertThat(PARTS).containsKey(type);
        checkMembers(part, PARTS.get(type));
    }

    @ParameterizedTest
    @MethodSource("bodies")
    void aWholeReplyHasAllMembers(String name) throws Exception {
        JsonNode response = JSON.readTree(Translated.unary(ReplySamples.formatOf(name),
                ReplyFormat.RESPONSES, ReplySamples.options(name), Bytes.fixture(name)));

        checkResponse(response);
        assertThat(response.get("output")).isNotEmpty();
        assertThat(response.get("status").asText()).isIn("completed", "incomplete");
        Set<String> ids = new HashSet<>();
        response.get("output").forEach(item ->
                assertThat(ids.add(item.get("id").asText())).isTrue());
    }

    @ParameterizedTest
    @MethodSource("streams")
    void aStreamsEventsAreInOrder(String name) throws Exception {
        Translated translated = Translated.stream(ReplySamples.formatOf(name),
                ReplyFormat.RESPONSES, ReplySamples.options(name), Bytes.fixture(name));
        if (!translated.translator.isComplete()) {
            translated.translator.fail(translated.translator.error(), translated.out());
        }
        List<JsonNode> events = new ArrayList<>();
        for (String event : translated.text().split("\n\n")) {
            if (!event.startsWith(":")) {
                JsonNode data = JSON.readTree(event.substring(event.indexOf("data: ") + 6));
                assertThat(event).startsWith("event: " + data.get("type").asText() + "\n");
                events.add(data);
            }
        }
        checkStream(events);
    }

    private static void checkStream(List<JsonNode> events) {
        Map<Integer, JsonNode> open = new TreeMap<>();
        Map<Integer, JsonNode> done = new TreeMap<>();
        for (int i = 0; i < events.size(); i++) {
            JsonNode event = events.get(i);
            String type = event.get("type").asText();
            assertThat(event.get("sequence_number").asInt()).isEqualTo(i);
            if (events.size() == 1 && type.equals("error")) {
                return; // nothing had begun
            }
            assertThat(EVENTS).containsKey(type);
            checkMembers(event, EVENTS.get(type));
            assertThat(type.equals("response.created")).isEqualTo(i == 0);
            assertThat(type.equals("response.in_progress")).isEqualTo(i == 1);
            assertThat(ENDS.contains(type)).isEqualTo(i == events.size() - 1);
            if (event.has("response")) {
                checkResponse(event.get("response"));
                assertThat(event.get("response").get("id"))
                        .isEqualTo(events.get(0).get("response").get("id"));
            }
            if (event.has("part")) {
                checkPart(event.get("part"));
            }
            int index = event.has("output_index") ? event.get("output_index").asInt() : -1;
            if (type.equals("response.output_item.added")) {
                checkItem(event.get("item"));
                assertThat(index).isEqualTo(open.size());
                open.put(index, event.get("item"));
            } else if (index >= 0) {
                assertThat(done).doesNotContainKey(index);
                JsonNode id = event.has("item") ? event.get("item").get("id")
                        : event.get("item_id");
                assertThat(id).isEqualTo(open.get(index).get("id"));
            }
            if (type.equals("response.output_item.done")) {
                checkItem(event.get("item"));
                done.put(index, event.get("item"));
            }
        }
        JsonNode last = events.get(events.size() - 1);
        if (!last.get("type").asText().equals("response.failed")) {
            assertThat(done.keySet()).isEqualTo(open.keySet());
            List<JsonNode> output = new ArrayList<>();
            last.get("response").get("output").forEach(output::add);
            assertThat(output).containsExactlyElementsOf(done.values());
        }
    }
}

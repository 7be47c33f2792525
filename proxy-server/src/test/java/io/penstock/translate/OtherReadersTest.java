package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What the readers of the formats without imitators make of their providers' quirks. */
class OtherReadersTest {
    @Nested
    class Messages {
        private List<String> read(String... events) {
            return TurnLog.of(ReplyFormat.MESSAGES, events);
        }

        @Test
        void holdsTheFinishBackUntilTheMessageStops() {
            String delta = "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\"},"
                    + "\"usage\":{\"output_tokens\":5}}";

            assertThat(read(delta)).containsExactly("usage 0 5 0 0 0");
            assertThat(read(delta, "{\"type\":\"message_stop\"}"))
                    .containsExactly("usage 0 5 0 0 0", "finish 0 LENGTH", "end");
        }

        @Test
        void isNotCompleteWithoutAReason() {
            assertThat(read("{\"type\":\"content_block_start\",\"content_block\":{\"type\":"
                    + "\"text\",\"text\":\"a\"}}", "{\"type\":\"message_stop\"}"))
                    .containsExactly("text 0 a");
        }

        @Test
        void tellsTheStopSequence() {
            assertThat(read("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
                    + "\"stop_sequence\",\"stop_sequence\":\"END\"}}",
                    "{\"type\":\"message_stop\"}")).contains("finish 0 STOP_SEQUENCE END");
        }

        @Test
        void tellsWhyTheModelRefused() {
            assertThat(read("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\","
                    + "\"stop_details\":{\"type\":\"refusal\",\"explanation\":\"no\"}}}",
                    "{\"type\":\"message_stop\"}"))
                    .containsExactly("refusal 0 no", "finish 0 CONTENT_FILTER", "end");
        }

        @Test
        void passesOverToolsThatTheProviderRuns() {
            assertThat(read("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
                    + "{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web_search\","
                    + "\"input\":{}}}",
                    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
                    + "\"input_json_delta\",\"partial_json\":\"{\"}}",
                    "{\"type\":\"content_block_stop\",\"index\":0}",
                    "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":"
                    + "\"web_search_tool_result\",\"content\":[{\"text\":\"x\"}]}}",
                    "{\"type\":\"new_event\",\"delta\":{\"text\":\"x\"}}")).isEmpty();
        }

        @Test
        void passesOverBlocksAndPiecesThatAreUnknown() {
            assertThat(read("{\"type\":\"content_block_start\",\"index\":3,\"content_block\":"
                    + "{\"type\":\"hologram\",\"text\":\"x\"}}",
                    "{\"type\":\"content_block_delta\",\"index\":3,\"delta\":{\"type\":"
                    + "\"text_delta\",\"text\":\"x\"}}",
                    "{\"type\":\"content_block_stop\",\"index\":3}",
                    "{\"type\":\"content_block_start\",\"index\":4,\"content_block\":"
                    + "{\"type\":\"text\",\"text\":\"\"}}",
                    "{\"type\":\"content_block_delta\",\"index\":4,\"delta\":{\"type\":"
                    + "\"citations_delta\",\"citation\":{\"cited_text\":\"x\"}}}",
                    "{\"type\":\"content_block_delta\",\"index\":4,\"delta\":{\"type\":"
                    + "\"text_delta\",\"text\":\"a\"}}", "{\"type\":\"ping\"}", "[DONE]"))
                    .containsExactly("text 0 a", "alive");
        }

        @Test
        void takesATypeBehindTheRest() {
            assertThat(read("{\"delta\":{\"text\":\"a\",\"type\":\"text_delta\"},\"index\":0,"
                    + "\"type\":\"content_block_delta\"}")).containsExactly("text 0 a");
        }

        @Test
        void takesWhatABlockBeginsWith() {
            assertThat(read("{\"type\":\"content_block_start\",\"content_block\":{\"id\":\"a\","
                    + "\"input\":{\"x\":1.0},\"name\":\"f\",\"type\":\"tool_use\"}}",
                    "{\"type\":\"content_block_stop\"}",
                    "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\","
                    + "\"text\":\"t\"}}"))
                    .containsExactly("tool 0.0 a f", "arguments 0.0 {\"x\":1.0}", "text 0 t");
        }

        @Test
        void addsTheCacheToThePrompt() {
            assertThat(read("{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":"
                    + "{\"input_tokens\":1,\"cache_read_input_tokens\":10,"
                    + "\"cache_creation_input_tokens\":100,\"output_tokens\":1}}}",
                    "{\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"input_tokens\":null,"
                    + "\"output_tokens\":7}}"))
                    .containsExactly("usage 111 1 10 100 0", "start m null 0",
                            "usage 111 7 10 100 0");
        }
    }

    @Nested
    class Converse {
        private String reply(String content, String reason) {
            return Translated.unary(ReplyFormat.CONVERSE, ReplyFormat.CHAT, "{\"output\":"
                    + "{\"message\":{\"content\":[" + content + "]}},\"stopReason\":\"" + reason
                    + "\"}");
        }

        @Test
        void outputOfNoUseIsAFailureUnlessThereIsContent() {
            assertThat(reply("", "malformed_tool_use")).startsWith("ERROR: ");
            assertThat(reply("{\"text\":\"a\"}", "malformed_model_output"))
                    .contains("\"content\":\"a\"").contains("\"finish_reason\":\"stop\"");
        }

        @Test
        void stopsForWhatIsUnknown() {
            assertThat(reply("", "new_reason")).contains("\"finish_reason\":\"stop\"");
            assertThat(reply("", "guardrail_intervened"))
                    .contains("\"finish_reason\":\"content_filter\"");
            assertThat(reply("", "model_context_window_exceeded"))
                    .contains("\"finish_reason\":\"length\"");
        }
    }

    @Nested
    class Gemini {
        private List<String> read(String... events) {
            return TurnLog.of(ReplyFormat.GEMINI, events);
        }

        @Test
        void tellsThoughtsFromTextsByWhatStandsBehindThem() {
            assertThat(read("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"t\","
                    + "\"thought\":true},{\"text\":\"a\",\"thought\":false}]}}],"
                    + "\"responseId\":\"r\",\"modelVersion\":\"m\"}"))
                    .containsExactly("start r m 0", "reasoning 0 t", "text 0 a");
        }

        @Test
        void takesContentAndFinishInOneEvent() {
            assertThat(read("{\"candidates\":[{\"finishReason\":\"MAX_TOKENS\",\"content\":"
                    + "{\"parts\":[{\"text\":\"a\"}]}}]}"))
                    .containsExactly("start null null 0", "text 0 a", "finish 0 LENGTH");
        }

        @Test
        void takesACallWithoutIdOrArguments() {
            assertThat(read("{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":"
                    + "{\"name\":\"f\"},\"thoughtSignature\":\"s\"}]},"
                    + "\"finishReason\":\"STOP\"}]}"))
                    .containsExactly("start null null 0",
                            "tool 0.0 call_100000002000000030000000 f s", "arguments 0.0 {}",
                            "finish 0 TOOL_CALLS");
        }

        @Test
        void isFilteredWhereThePromptIsBlocked() {
            assertThat(read("{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}"))
                    .containsExactly("start null null 0", "finish 0 CONTENT_FILTER");
        }

        @Test
        void aMalformedCallIsAFailureUnlessThereIsContent() {
            String end = "{\"candidates\":[{\"finishReason\":\"MALFORMED_FUNCTION_CALL\"}]}";

            assertThat(read(end)).last().asString().startsWith("error UPSTREAM_ERROR");
            assertThat(read("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}", end))
                    .last().isEqualTo("finish 0 STOP");
        }

        @Test
        void isAnErrorInAnObjectOrInAnArray() {
            String error = "{\"error\":{\"message\":\"m\",\"status\":\"UNAVAILABLE\"}}";

            assertThat(read(error)).containsExactly("error OVERLOADED m");
            assertThat(read("[" + error + "]")).containsExactly("error OVERLOADED m");
        }

        @Test
        void countsThoughtsAsCompletion() {
            assertThat(read("{\"usageMetadata\":{\"promptTokenCount\":\"8\","
                    + "\"toolUsePromptTokenCount\":2,\"thoughtsTokenCount\":5,"
                    + "\"cachedContentTokenCount\":4}}",
                    "{\"usageMetadata\":{\"candidatesTokenCount\":1}}"))
                    .containsExactly("usage 10 5 4 0 5", "usage 10 6 4 0 5");
        }
    }

    @Nested
    class Responses {
        private List<String> read(String... events) {
            return TurnLog.of(ReplyFormat.RESPONSES, events);
        }

        @Test
        void takesCallsThatOverlap() {
            assertThat(read("{\"type\":\"response.output_item.added\",\"output_index\":3,\"item\":"
                    + "{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\"}}",
                    "{\"type\":\"response.output_item.added\",\"item\":{\"type\":"
                    + "\"function_call\",\"call_id\":\"b\",\"name\":\"g\"},\"output_index\":4}",
                    "{\"type\":\"response.function_call_arguments.delta\",\"delta\":\"1\","
                    + "\"output_index\":3}",
                    "{\"type\":\"response.function_call_arguments.delta\",\"output_index\":4,"
                    + "\"delta\":\"2\"}"))
                    .containsExactly("tool 0.0 a f", "tool 0.1 b g", "arguments 0.0 1",
                            "arguments 0.1 2");
        }

        @Test
        void takesArgumentsThatCameOnlyAtTheEnd() {
            assertThat(read("{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":"
                    + "{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\","
                    + "\"arguments\":\"{}\"}}"))
                    .containsExactly("tool 0.0 a f", "arguments 0.0 {}");
        }

        @Test
        void keepsEncryptedReasoning() {
            assertThat(read("{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":"
                    + "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"e\"}}"))
                    .containsExactly("redacted 0 e");
        }

        @Test
        void isCutShortForAReason() {
            assertThat(read("{\"type\":\"response.incomplete\",\"response\":{\"status\":"
                    + "\"incomplete\",\"incomplete_details\":{\"reason\":\"max_output_tokens\"},"
                    + "\"output\":[{\"content\":[{\"text\":\"again\"}]}]}}"))
                    .containsExactly("start null null 0", "finish 0 LENGTH", "end");
        }

        @Test
        void isAnErrorFlatOrNested() {
            assertThat(read("{\"type\":\"error\",\"code\":\"rate_limit_exceeded\","
                    + "\"message\":\"m\"}")).containsExactly("error RATE_LIMITED m");
            assertThat(read("{\"type\":\"error\",\"error\":{\"code\":\"server_error\","
                    + "\"message\":\"m\"}}")).containsExactly("error UPSTREAM_ERROR m");
        }
    }
}

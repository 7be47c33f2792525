package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ChatReaderTest {
    private static List<String> read(String... events) {
        return TurnLog.of(ReplyFormat.CHAT, events);
    }

    /** What is told of one delta of the first answer. */
    private static List<String> delta(String... deltas) {
        String[] events = new String[deltas.length];
        for (int i = 0; i < deltas.length; i++) {
            events[i] = "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":" + deltas[i] + "}]}";
        }
        List<String> lines = read(events);
        return lines.subList(1, lines.size());
    }

    @Test
    void beginsWithTheFirstIdOrAnswer() {
        assertThat(read("{\"id\":\"\",\"model\":\"\",\"created\":0,\"choices\":[]}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"},\"index\":0}],\"created\":7,"
                + "\"model\":\"m\",\"id\":\"c\"}"))
                .containsExactly("start c m 7", "text 0 a");
    }

    @Test
    void knowsAnAnswerByAnIndexBehindIt() {
        assertThat(read("{\"id\":\"c\",\"choices\":[{\"delta\":{\"content\":\"a\"},\"index\":1},"
                + "{\"delta\":{\"content\":\"b\"},\"index\":0}]}"))
                .containsExactly("start c null 0", "text 1 a", "text 0 b");
    }

    @Test
    void passesOverWhatIsEmpty() {
        assertThat(delta("{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null,"
                + "\"tool_calls\":[],\"reasoning\":\"\"}", "null", "{}", "{\"content\":null}"))
                .isEmpty();
    }

    @Test
    void takesReasoningUnderOneOfItsNames() {
        assertThat(delta("{\"reasoning\":\"a\",\"reasoning_content\":\"a\"}",
                "{\"reasoning_content\":\"b\"}")).containsExactly("reasoning 0 a", "reasoning 0 b");
    }

    @Test
    void takesSignaturesFromReasoningDetails() {
        assertThat(delta("{\"reasoning\":\"a\",\"reasoning_details\":[{\"type\":\"reasoning.text\","
                + "\"text\":\"a\",\"signature\":\"s\",\"index\":0},{\"type\":"
                + "\"reasoning.encrypted\",\"data\":\"d\"}]}",
                "{\"reasoning_details\":[{\"text\":\"b\"}],\"reasoning\":\"b\"}"))
                .containsExactly("reasoning 0 a", "signature 0 s", "redacted 0 d",
                        "reasoning 0 b");
    }

    @Test
    void takesContentInParts() {
        assertThat(delta("{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\","
                + "\"text\":\"t\"}]},{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"reference\","
                + "\"reference_ids\":[1]}]}")).containsExactly("reasoning 0 t", "text 0 a");
    }

    @Test
    void tellsCallsWithoutAnIndexApartByIdOrName() {
        assertThat(delta("{\"tool_calls\":[{\"function\":{\"arguments\":\"{}\",\"name\":\"f\"},"
                + "\"id\":\"a\"}]}",
                "{\"tool_calls\":[{\"function\":{\"arguments\":\"[\"},\"id\":\"a\"}]}",
                "{\"tool_calls\":[{\"function\":{\"name\":\"g\",\"arguments\":\"1\"}}]}",
                "{\"tool_calls\":[{\"function\":{\"arguments\":\"2\"}}]}"))
                .containsExactly("tool 0.0 a f", "arguments 0.0 {}", "arguments 0.0 [",
                        "tool 0.1 call_100000002000000030000000 g",
                        "arguments 0.1 1", "arguments 0.1 2");
    }

    @Test
    void tellsCallsOfOneIndexApartById() {
        assertThat(delta("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":"
                + "{\"name\":\"f\",\"arguments\":\"\"}}]}",
                "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"1\"}}]}",
                "{\"tool_calls\":[{\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"f\"}}]}",
                "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"2\"}}]}",
                "{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"arguments\":\"3\"}}]}"))
                .containsExactly("tool 0.0 a f", "arguments 0.0 1", "tool 0.1 b f",
                        "arguments 0.1 2", "arguments 0.0 3");
    }

    @Test
    void theIndexDecidesWhateverTheIdOfAPiece() {
        assertThat(delta("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":"
                + "{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":\"}}]}",
                "{\"tool_calls\":[{\"index\":0,\"id\":\"b\",\"function\":{\"arguments\":"
                + "\"1\"}}]}",
                "{\"content\":\"t\"}",
                "{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\","
                + "\"arguments\":\"}\"}}]}"))
                .containsExactly("tool 0.0 a f", "arguments 0.0 {\"x\":", "arguments 0.0 1",
                        "text 0 t", "arguments 0.0 }");
    }

    @Test
    void oneIdAtTwoIndexesIsOneCallUntilItIsWhole() {
        assertThat(delta("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":"
                + "{\"name\":\"f\",\"arguments\":\"{\"}}]}",
                "{\"tool_calls\":[{\"index\":1,\"id\":\"a\",\"function\":{\"arguments\":"
                + "\"\\\"x\\\":1\"}}]}",
                "{\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"}\"}}]}",
                "{\"tool_calls\":[{\"index\":2,\"id\":\"a\",\"function\":{\"name\":\"f\","
                + "\"arguments\":\"{}\"}}]}"))
                .containsExactly("tool 0.0 a f", "arguments 0.0 {", "arguments 0.0 \"x\":1",
                        "arguments 0.0 }", "tool 0.1 call_100000002000000030000000 f",
                        "arguments 0.1 {}");
    }

    @Test
    void aNewIdAndNameBehindAWholeCallIsAnother() {
        String call = "{\"tool_calls\":[{\"index\":0,\"id\":\"ID\",\"function\":{\"name\":"
                + "\"f\",\"arguments\":\"{}\"}}]}";
        assertThat(delta(call.replace("ID", "a"), call.replace("ID", "b")))
                .containsExactly("tool 0.0 a f", "arguments 0.0 {}", "tool 0.1 b f",
                        "arguments 0.1 {}");
    }

    @Test
    void aNameRepeatedWithEachPieceWithoutAnIndexBeginsOneCall() {
        assertThat(delta("{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":"
                + "\"{\\\"x\\\"\"}}]}",
                "{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\":1}\"}}]}"))
                .containsExactly("tool 0.0 call_100000002000000030000000 f",
                        "arguments 0.0 {\"x\"", "arguments 0.0 :1}");
    }

    @Test
    void reasoningOfAPieceComesBeforeItsText() {
        assertThat(delta("{\"content\":\"a\",\"reasoning_content\":\"r\",\"tool_calls\":["
                + "{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\"}}]}"))
                .containsExactly("reasoning 0 r", "text 0 a", "tool 0.0 c f");
    }

    @Test
    void sealsWhatOnlyItsProviderCanRead() {
        assertThat(delta("{\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":"
                + "\"d\",\"id\":\"c\",\"format\":\"google-gemini-v1\",\"index\":1},{\"type\":"
                + "\"reasoning.encrypted\",\"data\":\"e\",\"format\":\"anthropic-claude-v1\"}]}"))
                .containsExactly("redacted 0 penstock:detail:{\"type\":\"reasoning.encrypted\","
                        + "\"data\":\"d\",\"id\":\"c\",\"format\":\"google-gemini-v1\","
                        + "\"index\":1}", "redacted 0 e");
    }

    @Test
    void ignoresANameThatComesTwice() {
        assertThat(delta("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":"
                + "{\"name\":\"f\"}}]}", "{\"tool_calls\":[{\"index\":0,\"function\":"
                + "{\"name\":\"f\",\"arguments\":\"{}\"}}]}"))
                .containsExactly("tool 0.0 a f", "arguments 0.0 {}");
    }

    @Test
    void holdsArgumentsUntilTheNameComes() {
        assertThat(delta("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":"
                + "{\"arguments\":\"{\"}}]}",
                "{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\","
                + "\"arguments\":\"}\"}}]}"))
                .containsExactly("tool 0.0 a f", "arguments 0.0 {", "arguments 0.0 }");
    }

    @Test
    void failsACallWithoutAName() {
        assertThat(read("{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":["
                + "{\"index\":0,\"id\":\"a\"}]},\"finish_reason\":\"tool_calls\"}]}"))
                .last().asString().startsWith("error UPSTREAM_ERROR");
    }

    @Test
    void takesArgumentsThatAreAnObject() {
        assertThat(delta("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\","
                + "\"arguments\":{\"b\" : 1.0, \"a\":[ \"\\n\\ud83d\", null]}}}]}"))
                .containsExactly("tool 0.0 a f",
                        "arguments 0.0 {\"b\":1.0,\"a\":[\"\\n\\ud83d\",null]}");
    }

    @Test
    void takesTheOlderFunctionCall() {
        assertThat(delta("{\"function_call\":{\"name\":\"f\",\"arguments\":\"{\"}}",
                "{\"function_call\":{\"arguments\":\"}\"}}"))
                .hasSize(3).endsWith("arguments 0.0 {", "arguments 0.0 }");
    }

    @Test
    void keepsGooglesSignatureOfACall() {
        assertThat(delta("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"},"
                + "\"extra_content\":{\"google\":{\"thought_signature\":\"s\"}}}]}"))
                .containsExactly("tool 0.0 a f s");
    }

    @Test
    void finishesWithCallsWhereSomeSayStop() {
        assertThat(read("{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":["
                + "{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}]},"
                + "\"finish_reason\":\"stop\"}]}")).last().isEqualTo("finish 0 TOOL_CALLS");
    }

    @Test
    void knowsTheStopSequenceWhereAVendorNamesIt() {
        assertThat(read("{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},"
                + "\"finish_reason\":\"stop\",\"stop_reason\":\"END\"}]}"))
                .last().isEqualTo("finish 0 STOP_SEQUENCE END");
    }

    @Test
    void isCompleteOnceEveryAnswerIs() {
        String finish = "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},"
                + "\"finish_reason\":\"length\"}]}";

        assertThat(read(finish, "[DONE]")).endsWith("finish 0 LENGTH", "end");
        assertThat(read(finish)).doesNotContain("end");
    }

    @Test
    void isNotCompleteWithoutAReasonForEveryAnswer() {
        String noReason = "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},"
                + "\"finish_reason\":\"\"}]}";
        String other = "{\"id\":\"c\",\"choices\":[{\"index\":1,\"delta\":{},"
                + "\"finish_reason\":\"stop\"}]}";

        assertThat(read(noReason, "[DONE]")).containsExactly("start c null 0", "text 0 a");
        assertThat(read(noReason, other, "[DONE]")).endsWith("finish 1 STOP");
        assertThat(read("{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{}}]}", "[DONE]"))
                .containsExactly("start c null 0");
    }

    @Test
    void nothingBehindItsDoneCounts() {
        assertThat(read("{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}",
                "[DONE]", "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"},"
                + "\"finish_reason\":\"stop\"}]}"))
                .containsExactly("start c null 0", "text 0 a");
    }

    @Test
    void isAnErrorWhereverItSaysSo() {
        String start = "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}";
        for (String error : List.of("{\"error\":{\"message\":\"m\",\"type\":\"server_error\"}}",
                "{\"error\":\"m\"}", "[{\"error\":{\"message\":\"m\"}}]",
                "{\"object\":\"error\",\"message\":\"m\",\"code\":500}", "{\"message\":\"m\"}",
                "{\"detail\":\"m\"}", "{\"choices\":[],\"x_groq\":{\"error\":\"m\"}}",
                "{\"choices\":[{\"error\":{\"message\":\"m\"}}]}",
                "{\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}],"
                + "\"error\":{\"message\":\"m\"}}")) {
            assertThat(read(start, error)).as(error).last()
                    .isEqualTo("error UPSTREAM_ERROR m");
        }
    }

    @Test
    void isMalformedUnlessItIsOneWholeObject() {
        for (String event : List.of("{\"choices\":[{\"delta\":{\"content\":\"a", "{}x", "{\"a\":1",
                "{\"choices\":[}", "no", "{\"a\":\"\\x\"}", "{\"choices\":".repeat(300))) {
            assertThat(read(event)).as(event).contains("malformed");
        }
    }

    @Test
    void boundsWhatItKeeps() {
        assertThat(Translated.failure(ReplyFormat.CHAT, "{\"id\":\"c\",\"choices\":[{\"index\":"
                + "9999,\"delta\":{\"content\":\"a\"}}]}")).contains("answers");
        StringBuilder calls = new StringBuilder();
        for (int i = 0; i < 600; i++) {
            calls.append(i == 0 ? "" : ",").append("{\"index\":").append(i).append("}");
        }
        assertThat(Translated.failure(ReplyFormat.CHAT, "{\"id\":\"c\",\"choices\":[{\"index\":"
                + "0,\"delta\":{\"tool_calls\":[" + calls + "]}}]}")).contains("calls");
        assertThat(Translated.failure(ReplyFormat.CHAT, "{\"id\":\"c\",\"choices\":[{\"index\":"
                + "0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\""
                + "x".repeat(70_000) + "\"}}]}}]}")).contains("name");
    }

    @Test
    void readsUsageMemberByMember() {
        assertThat(read("{\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":1,"
                + "\"prompt_cache_hit_tokens\":4}}",
                "{\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":\"3\",\"total_tokens\":20,"
                + "\"completion_tokens_details\":{\"reasoning_tokens\":7.0}}}",
                "{\"usage\":null}",
                "{\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":1e99}}"))
                .containsExactly("usage 10 1 4 0 0", "usage 10 10 4 0 7",
                        "usage 0 1000000000000000 4 0 7");
    }
}

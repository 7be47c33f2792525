package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.provider.RelayRules;
import io.penstock.testing.Bytes;
import io.penstock.testing.TypeByName;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.converter.ConvertWith;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestFitterTest {
    private static final String CHAT = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
            + "\"content\":\"store \\\"store\\\":1, developer\"}]";

    private final RequestFitter fitter = new RequestFitter();
    private List<String> dropped;
    private List<String> changed;

    /** The body as the provider gets it, which is the same in whatever pieces it came. */
    private String fit(ClientFormat format, RelayRules rules, String model, String body) {
        String result = null;
        for (int size : List.of(3, Integer.MAX_VALUE)) {
            CompositeByteBuf whole = PooledByteBufAllocator.DEFAULT.compositeDirectBuffer(100_000);
            Bytes.pieces(body.getBytes(StandardCharsets.UTF_8), size)
                    .forEach(piece -> whole.addComponent(true, Bytes.buffer(piece)));
            Fitted fitted = fitter.fit(format, rules, model, whole);
            String text = body;
            dropped = List.of();
            changed = List.of();
            if (fitted != null) {
                ByteBuf out = fitted.apply(whole, PooledByteBufAllocator.DEFAULT);
                assertThat(out.readableBytes())
                        .isEqualTo(whole.readableBytes() + fitted.growth());
                text = out.toString(StandardCharsets.UTF_8);
                out.release();
                dropped = fitted.dropped();
                changed = fitted.changed();
            }
            whole.release();
            assertThat(result == null ? text : result).isEqualTo(text);
            result = text;
        }
        return result;
    }

    private String chat(ProviderType type, String body) {
        return fit(ClientFormat.CHAT, type.relayRules(), "m", body);
    }

    private String messages(String body) {
        return fit(ClientFormat.MESSAGES, RelayRules.NONE, "m", body);
    }

    private String responses(String body) {
        return fit(ClientFormat.RESPONSES, RelayRules.NONE, "m", body);
    }

    // Chats: fields of the request

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
        "mistral; ,\"max_completion_tokens\":5; ,\"max_tokens\":5",
        "mistral; ,\"max_completion_tokens\" : 5,\"max_tokens\":6; ,\"max_tokens\":6",
        "mistral; ,\"seed\":7,\"store\":false; ,\"random_seed\":7",
        "mistral; ,\"store\":true,\"user\":\"u\",\"stream\":true; ,\"stream\":true",
        "mistral; ,\"stream\":true,\"stream_options\":{\"include_usage\":true}; ,\"stream\":true",
        "mistral; ,\"metadata\":{\"a\":\"b\"},\"service_tier\":\"auto\";"
                + " ,\"metadata\":{\"a\":\"b\"}",
        "mistral; ,\"logprobs\":false,\"top_logprobs\":null,\"n\":1,\"logit_bias\":{}; ``",
        "mistral; ,\"logprobs\":true,\"n\":2; ,\"logprobs\":true,\"n\":2",
        "mistral; ,\"parallel_tool_calls\":true; ,\"parallel_tool_calls\":true",
        "groq; ,\"max_completion_tokens\":5; ,\"max_completion_tokens\":5",
        "groq; ,\"store\":true,\"logprobs\":false,\"top_k\":5; ``",
        "groq; ,\"reasoning_format\":\"parsed\"; ,\"reasoning_format\":\"parsed\"",
        "deepseek; ,\"max_completion_tokens\":5,\"store\":true; ,\"max_tokens\":5",
        "together; ,\"max_completion_tokens\":5; ,\"max_tokens\":5",
        "fireworks; ,\"max_completion_tokens\":5,\"verbosity\":\"low\"; ,\"max_tokens\":5",
        "ollama; ,\"max_completion_tokens\":5; ,\"max_tokens\":5",
        "vllm; ,\"max_completion_tokens\":5,\"store\":true; ,\"max_completion_tokens\":5",
        "xai; ,\"store\":true,\"max_completion_tokens\":5; ,\"max_completion_tokens\":5",
        "xai; ,\"stream_options\":{\"include_obfuscation\":false,\"include_usage\":true}; "
                + ",\"stream_options\":{\"include_usage\":true}",
        "openai; ,\"top_k\":5,\"min_p\":0.1,\"random_seed\":3; ,\"seed\":3",
        "openai; ,\"store\":true,\"max_tokens\":5; ,\"store\":true,\"max_tokens\":5",
        "azure; ,\"repetition_penalty\":1.1; ``",
        "openrouter; ,\"store\":true,\"top_k\":5; ,\"store\":true,\"top_k\":5",
        "openai-compatible; ,\"store\":true,\"top_k\":5; ,\"store\":true,\"top_k\":5",
    })
    void fitsTheFieldsOfAChat(@ConvertWith(TypeByName.class) ProviderType type, String fields,
            String expected) {
        assertThat(chat(type, CHAT + fields + "}")).isEqualTo(CHAT + expected + "}");
    }

    @Test
    void takesOutFieldsWhereverTheyStand() {
        assertThat(chat(ProviderTypes.MISTRAL, "{ \"store\" : true , \"user\":\"u\",\"model\":\"m\""
                + ", \"service_tier\":\"auto\" , \"messages\":[] , \"store\":1 }"))
                .isEqualTo("{ \"model\":\"m\" , \"messages\":[] }");
        assertThat(dropped).containsExactly("store", "user", "service_tier");
        assertThat(chat(ProviderTypes.MISTRAL, "{\"store\":true}")).isEqualTo("{}");
    }

    @Test
    void namesWhatItChanges() {
        chat(ProviderTypes.MISTRAL, "{\"max_completion_tokens\":5,\"messages\":"
                + "[{\"role\":\"developer\",\"content\":\"x\"}]}");
        assertThat(changed).containsExactly("max_completion_tokens", "messages.role");
    }

    @Test
    void bindsModelsThatThinkByTheNewerName() {
        String body = "{\"max_tokens\":5,\"messages\":[]}";
        RelayRules openai = ProviderTypes.OPENAI.relayRules();

        assertThat(fit(ClientFormat.CHAT, openai, "gpt-5-mini", body))
                .isEqualTo("{\"max_completion_tokens\":5,\"messages\":[]}");
        assertThat(fit(ClientFormat.CHAT, openai, "gpt-4o", body)).isEqualTo(body);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"store\":true,\"messages\":[", "{\"st\\u006fre\":true}",
        "{\"messages\":\"store\"}", "{\"messages\":[{\"content\":\"\\\"store\\\":1\"}]}", "",
        "{\"store\":{{}"})
    void leavesWhatIsNotItsToMend(String body) {
        assertThat(chat(ProviderTypes.MISTRAL, body)).isEqualTo(body);
    }

    // Chats: messages

    @Test
    void turnsADeveloperIntoTheSystem() {
        String body = "{\"messages\":[{\"role\":\"developer\",\"content\":\"developer\"},"
                + "{\"content\":\"a\",\"role\": \"developer\"}]}";
        String fit = "{\"messages\":[{\"role\":\"system\",\"content\":\"developer\"},"
                + "{\"content\":\"a\",\"role\": \"system\"}]}";
        for (ProviderType type : List.of(ProviderTypes.MISTRAL, ProviderTypes.GROQ,
                ProviderTypes.DEEPSEEK, ProviderTypes.XAI, ProviderTypes.TOGETHER,
                ProviderTypes.FIREWORKS, ProviderTypes.OLLAMA, ProviderTypes.VLLM)) {
            assertThat(chat(type, body)).as(type.toString()).isEqualTo(fit);
        }
        assertThat(chat(ProviderTypes.OPENAI, body)).isEqualTo(body);
        assertThat(chat(ProviderTypes.OPENROUTER, body)).isEqualTo(body);
    }

    @ParameterizedTest
    @CsvSource({"mistral", "groq", "openai", "azure", "xai"})
    void takesReasoningOutOfTheHistory(@ConvertWith(TypeByName.class) ProviderType type) {
        assertThat(chat(type, "{\"messages\":[{\"role\":\"assistant\",\"reasoning\":\"r\","
                + "\"content\":\"a\",\"reasoning_content\":\"r\","
                + "\"reasoning_details\":[{\"a\":1}]}]}"))
                .isEqualTo("{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\"}]}");
        assertThat(dropped).contains("messages.reasoning_content");
    }

    @Test
    void keepsReasoningWhereItIsWanted() {
        String body = "{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\","
                + "\"reasoning_content\":\"r\"}]}";
        assertThat(chat(ProviderTypes.DEEPSEEK, body)).isEqualTo(body);
        assertThat(chat(ProviderTypes.OPENROUTER, body)).isEqualTo(body);
    }

    @Test
    void leavesMistralNothingThatItsSchemaForbids() {
        assertThat(chat(ProviderTypes.MISTRAL, "{\"messages\":[{\"role\":\"user\",\"name\":\"n\","
                + "\"content\":[{\"type\":\"text\",\"text\":\"t\",\"cache_control\":{\"type\":"
                + "\"ephemeral\"}}]},{\"role\":\"assistant\",\"content\":\"a\",\"refusal\":null,"
                + "\"annotations\":[],\"audio\":null},{\"role\":\"tool\",\"name\":\"f\","
                + "\"tool_call_id\":\"abcdefgh9\",\"content\":\"\"}],\"tools\":[{\"type\":"
                + "\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"name\":1}}}]}"))
                .isEqualTo("{\"messages\":[{\"role\":\"user\","
                + "\"content\":[{\"type\":\"text\",\"text\":\"t\"}]},"
                + "{\"role\":\"assistant\",\"content\":\"a\"},{\"role\":\"tool\",\"name\":\"f\","
                + "\"tool_call_id\":\"abcdefgh9\",\"content\":\"\"}],\"tools\":[{\"type\":"
                + "\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"name\":1}}}]}");
    }

    private static String toolChat(String... ids) {
        StringBuilder out = new StringBuilder("{\"messages\":[");
        for (String id : ids) {
            out.append(out.charAt(out.length() - 1) == '[' ? "" : ",")
                    .append("{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"").append(id)
                    .append("\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},")
                    .append("{\"role\":\"tool\",\"tool_call_id\":\"").append(id)
                    .append("\",\"content\":\"r\"}");
        }
        return out.append("]}").toString();
    }

    private static List<String> idsOf(String body, String name) {
        return java.util.regex.Pattern.compile('"' + name + "\":\"([^\"]*)\"").matcher(body)
                .results().map(found -> found.group(1)).toList();
    }

    @Test
    void givesMistralIdsOfNineTheSameOnEveryRun() {
        String body = toolChat("call_abcdefghijkl", "functions.f:0", "functions.f:0", "abcdefgh9");
        String fit = chat(ProviderTypes.MISTRAL, body);
        List<String> calls = idsOf(fit, "id");

        assertThat(calls).allMatch(id -> id.matches("[a-zA-Z0-9]{9}")).doesNotHaveDuplicates()
                .hasSize(4).endsWith("abcdefgh9");
        assertThat(idsOf(fit, "tool_call_id")).isEqualTo(calls);
        assertThat(chat(ProviderTypes.MISTRAL, body)).isEqualTo(fit);
        assertThat(chat(ProviderTypes.MISTRAL, toolChat("call_abcdefghijkl")))
                .contains(calls.get(0));
        assertThat(chat(ProviderTypes.MISTRAL, fit)).isEqualTo(fit);
    }

    @Test
    void shortensIdsForOpenAi() {
        String id = "call_" + "x".repeat(60);
        String fit = chat(ProviderTypes.OPENAI, toolChat("functions.f:0", id));

        assertThat(idsOf(fit, "id").get(0)).isEqualTo("functions.f:0");
        assertThat(idsOf(fit, "id").get(1)).hasSizeLessThanOrEqualTo(40);
        assertThat(idsOf(fit, "tool_call_id")).isEqualTo(idsOf(fit, "id"));
    }

    // Messages

    private static String assistant(String... blocks) {
        return "{\"role\":\"assistant\",\"content\":[" + String.join(",", blocks) + "]}";
    }

    private static final String USER = "{\"role\":\"user\",\"content\":\"hi\"}";
    private static final String TEXT = "{\"type\":\"text\",\"text\":\"a\"}";
    private static final String SIGNED =
            "{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"EqQB\"}";
    private static final String REDACTED = "{\"type\":\"redacted_thinking\",\"data\":\"EmwK\"}";

    @ParameterizedTest
    @ValueSource(strings = {"{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"\"}",
        "{\"signature\" : \"\", \"thinking\":\"t\",\"type\":\"thinking\"}",
        "{\"type\":\"thinking\",\"thinking\":\"t\"}",
        "{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"penstock:x\"}",
        "{\"type\":\"redacted_thinking\",\"data\":\"penstock:foreign:x\"}"})
    void takesForeignThinkingOutOfMessages(String thinking) {
        assertThat(messages("{\"messages\":[" + USER + "," + assistant(thinking, TEXT) + "]}"))
                .isEqualTo("{\"messages\":[" + USER + "," + assistant(TEXT) + "]}");
        assertThat(dropped).containsExactly("messages.content.thinking");
        assertThat(messages("{\"messages\":[" + assistant(SIGNED, thinking, TEXT, thinking) + "]}"))
                .isEqualTo("{\"messages\":[" + assistant(SIGNED, TEXT) + "]}");
        assertThat(messages("{\"messages\":[" + USER + "," + assistant(thinking) + "," + USER
                + "]}")).isEqualTo("{\"messages\":[" + USER + "," + USER + "]}");
    }

    @Test
    void leavesAnthropicsOwnThinking() {
        String body = "{\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000},\"messages\":["
                + USER + "," + assistant(SIGNED, REDACTED, TEXT,
                "{\"type\":\"tool_use\",\"id\":\"toolu_01-a\",\"name\":\"f\",\"input\":{}}") + "]}";
        assertThat(messages(body)).isEqualTo(body);
    }

    @Test
    void mendsIdsThatAnthropicRefuses() {
        String call = "{\"type\":\"tool_use\",\"id\":\"functions.f:0\",\"name\":\"f\","
                + "\"input\":{\"id\":\"a b\"}}";
        String result = "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
                + "\"tool_use_id\":\"functions.f:0\",\"content\":\"r\"}]}";
        String fit = messages("{\"messages\":[" + USER + "," + assistant(call) + "," + result + ","
                + assistant(call) + "," + result + "]}");

        List<String> ids = idsOf(fit, "id");
        assertThat(ids.get(1)).isEqualTo("a b");
        assertThat(List.of(ids.get(0), ids.get(2))).doesNotHaveDuplicates()
                .allMatch(id -> id.matches("[a-zA-Z0-9_-]{1,64}"))
                .isEqualTo(idsOf(fit, "tool_use_id"));
    }

    @Test
    void switchesThinkingOffWhereTheOpenTurnHasLostIts() {
        String call = "{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"f\",\"input\":{}}";
        String unsigned = "{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"\"}";
        String result = "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
                + "\"tool_use_id\":\"t1\",\"content\":\"r\"}]}";
        String enabled = ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}}";
        String open = "{\"messages\":[" + USER + "," + assistant(unsigned, call) + "," + result;

        assertThat(messages(open + "]" + enabled))
                .endsWith("\"thinking\":{\"type\":\"disabled\"}}");
        assertThat(changed).containsExactly("thinking");
        assertThat(messages(open + "," + assistant(TEXT) + "," + USER + "]" + enabled))
                .endsWith(enabled).doesNotContain("signature");
        assertThat(messages(open + "],\"thinking\":{\"type\":\"adaptive\"}}"))
                .endsWith("\"thinking\":{\"type\":\"adaptive\"}}");
    }

    // Responses

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[],"
                + "\"encrypted_content\":\"penstock:signature:abc\"}",
        "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\": \"penstock:redacted:abc\"}",
        "{\"type\":\"reasoning\",\"id\":\"rs_chatcmpl-x_10\",\"summary\":[{\"text\":\"t\"}]}",
        "{\"id\":\"rs_chatcmpl-x_10\",\"type\":\"reasoning\",\"encrypted_content\":null}"})
    void takesItsOwnReasoningOutOfResponses(String item) {
        String user = "{\"role\":\"user\",\"content\":\"hi\"}";
        assertThat(responses("{\"input\":[" + item + "," + user + "],\"model\":\"m\"}"))
                .isEqualTo("{\"input\":[" + user + "],\"model\":\"m\"}");
        assertThat(dropped).containsExactly("input.reasoning");
        assertThat(responses("{\"input\":[" + user + "," + item + "," + item + "]}"))
                .isEqualTo("{\"input\":[" + user + "]}");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"type\":\"reasoning\",\"id\":\"rs_67c\",\"summary\":[]}",
        "{\"type\":\"reasoning\",\"id\":\"rs_12\",\"summary\":[]}",
        "{\"type\":\"reasoning\",\"id\":\"rs_12_a\",\"summary\":[]}",
        "{\"type\":\"reasoning\",\"id\":\"rs_67c\",\"encrypted_content\":\"gAAAA\"}",
        "{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"call_1\",\"name\":\"f\"}",
        "{\"type\":\"message\",\"content\":\"penstock: \\\"rs_penstock_\\\"\"}"})
    void leavesOtherItems(String item) {
        String body = "{\"input\":[" + item + "]}";
        assertThat(responses(body)).isEqualTo(body);
    }

    @Test
    void shortensIdsOfCalls() {
        String id = "call_" + "x".repeat(100);
        String fit = responses("{\"input\":[{\"type\":\"function_call\",\"call_id\":\"" + id
                + "\"},{\"type\":\"function_call_output\",\"call_id\":\"" + id + "\"}]}");

        assertThat(idsOf(fit, "call_id")).hasSize(2).allMatch(one -> one.length() <= 64)
                .allMatch(one -> one.equals(idsOf(fit, "call_id").get(0)));
    }

    @Test
    void takesAStringForAllOfTheInput() {
        String body = "{\"input\":\"encrypted_content\",\"a\":{\"id\":\"rs_x_1\"}}";
        assertThat(responses(body)).isEqualTo(body);
    }
}

package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.provider.ChatDialect;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.Bytes;
import io.penstock.testing.Golden;
import io.penstock.translate.request.TranslationCase.Result;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole requests as every provider gets them, beside the tables' single rows. */
class GoldenRequestTest {
    private record Target(ProviderFormat format, String model, ChatDialect dialect) {
        Target(ProviderFormat format, String model) {
            this(format, model, ProviderTypes.OPENAI.dialect());
        }
    }

    private static final List<Target> TARGETS = List.of(
            new Target(ProviderFormat.CHAT, "gpt-4o"),
            new Target(ProviderFormat.CHAT, "gpt-5.1"),
            new Target(ProviderFormat.CHAT, "mistral-large", ProviderTypes.MISTRAL.dialect()),
            new Target(ProviderFormat.CHAT, "deepseek-reasoner", ProviderTypes.DEEPSEEK.dialect()),
            new Target(ProviderFormat.CHAT, "llama-4", ProviderTypes.OLLAMA.dialect()),
            new Target(ProviderFormat.MESSAGES, "claude-sonnet-4-6"),
            new Target(ProviderFormat.MESSAGES, "claude-sonnet-4-20250514"),
            new Target(ProviderFormat.MESSAGES, "claude-opus-4-8"),
            new Target(ProviderFormat.MESSAGES_ON_BEDROCK, "us.anthropic.claude-sonnet-4-6-v1:0"),
            new Target(ProviderFormat.GEMINI, "gemini-2.5-flash"),
            new Target(ProviderFormat.GEMINI, "gemini-3-pro-preview"),
            new Target(ProviderFormat.CONVERSE, "us.anthropic.claude-sonnet-4-6-v1:0"),
            new Target(ProviderFormat.CONVERSE, "amazon.nova-pro-v1:0"));

    private static String fixture(String name) {
        return new String(Bytes.fixture(name), StandardCharsets.UTF_8);
    }

    private static String sample(String name) throws IOException {
        return name.startsWith("golden-") ? fixture(name).replace("@MAPPED@", "call_mapped")
                : Golden.read("requests/" + name);
    }

    @Test
    void turnsTheGoldenChatRequestIntoTheGoldenMessagesRequest() throws Exception {
        for (int size : Bytes.PIECE_SIZES) {
            Result result = TranslationCase.translate(ClientFormat.CHAT, ProviderFormat.MESSAGES,
                    fixture("golden-request-openai.json"),
                    TranslationOptions.of("claude-sonnet-4-6", true), size);

            Matcher mapped = Pattern.compile("\"tool_use_id\":\"(call_[a-z0-9]{6,})\"")
                    .matcher(result.body());
            assertThat(mapped.find()).isTrue();
            assertThat(JsonTree.of(result.body())).isEqualTo(JsonTree.of(
                    fixture("golden-request-anthropic.json")
                            .replace("@MAPPED@", mapped.group(1))));
            assertThat(result.dropped()).containsExactlyInAnyOrder("image_url.detail",
                    "messages.name", "seed", "stop[1]");
            assertThat(result.changed()).containsExactly("temperature");
            assertThat(result.usageAsked()).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"golden-request-openai.json, CHAT", "golden-request-anthropic.json, MESSAGES",
        "chat.json, CHAT", "messages.json, MESSAGES", "responses.json, RESPONSES",
        "completions.json, COMPLETIONS", "gemini.json, GEMINI"})
    void isTranslatedForEveryProvider(String name, ClientFormat from) throws Exception {
        StringBuilder all = new StringBuilder();
        for (Target target : TARGETS) {
            all.append("=== ").append(target.format).append(' ').append(target.model).append('\n')
                    .append(translated(sample(name), from, target)).append('\n');
        }
        Golden.check("requests/" + name.replace(".json", ".txt"), all.toString());
    }

    private static String translated(String request, ClientFormat from, Target target) {
        TranslationOptions options = TranslationOptions.of(target.model, true)
                .withDialect(target.dialect);
        try {
            Result result =
                    TranslationCase.translate(from, target.format, request, options, 0);
            return "dropped: " + result.dropped() + "\nchanged: "
                    + result.changed() + "\n" + result.body();
        } catch (UntranslatableException e) {
            return "refused: " + e.code() + " " + e.getMessage();
        }
    }
}

package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Bytes;
import io.penstock.translate.request.TranslationCase.Result;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class GoldenRequestTest {
    private static String fixture(String name) {
        return new String(Bytes.fixture(name), StandardCharsets.UTF_8);
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
}

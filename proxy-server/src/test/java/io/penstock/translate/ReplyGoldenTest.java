package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.penstock.testing.Bytes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The two golden translations, event by event as JSON. */
class ReplyGoldenTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ReplyOptions OPTIONS = new ReplyOptions(null, true, 1, null, null);

    /** The names and data of a stream's events, comments left out. */
    private static List<String> events(String stream) throws IOException {
        List<String> events = new ArrayList<>();
        for (String event : stream.split("\n\n")) {
            if (event.startsWith(":")) {
                continue;
            }
            String data = event.substring(event.indexOf("data: ") + 6);
            String name = event.substring(0, event.indexOf("data: "));
            events.add(name + (data.equals("[DONE]") ? data : sorted(JSON.readTree(data))));
        }
        return events;
    }

    private static String sorted(JsonNode node) throws IOException {
        Object value = JSON.treeToValue(node, Object.class);
        return JSON.writer().with(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
                .writeValueAsString(value);
    }

    private static String golden(String name) {
        return new String(Bytes.fixture(name), StandardCharsets.UTF_8);
    }

    @Test
    void anthropicToOpenAi() throws IOException {
        Translated translated = Translated.stream(ReplyFormat.MESSAGES, ReplyFormat.CHAT, OPTIONS,
                Bytes.fixture("anthropic-stream-parallel-tools.sse"));

        assertThat(events(translated.text()))
                .isEqualTo(events(golden("golden-anthropic-to-openai.sse")));
    }

    @Test
    void openAiToAnthropic() throws IOException {
        Translated translated = Translated.stream(ReplyFormat.CHAT, ReplyFormat.MESSAGES, OPTIONS,
                Bytes.fixture("openai-chat-stream-parallel-tools.sse"));

        assertThat(events(joined(translated.text())))
                .isEqualTo(events(joined(golden("golden-openai-to-anthropic.sse"))));
    }

    /** The second call opens when the first is whole, not only when the turn ends. */
    @Test
    void aHeldCallOpensAsSoonAsItCan() {
        Translated translated = new Translated(ReplyFormat.CHAT, ReplyFormat.MESSAGES, OPTIONS);
        String[] events = golden("openai-chat-stream-parallel-tools.sse").split("(?<=\n\n)");

        for (int i = 0; i < 5; i++) {
            translated.event(events[i]);
        }
        assertThat(translated.take()).contains("call_A1fixture").doesNotContain("call_B2fixture");

        translated.event(events[5]); // the end of the first one's arguments
        assertThat(translated.take()).contains("call_B2fixture").contains("{\\\"city\\\":\\\"O");
    }

    /** Joins the pieces of a block's input: where they are cut is free. */
    private static String joined(String stream) {
        return stream.replaceAll(
                "\"}}\n\nevent: content_block_delta\ndata: [^\n]*partial_json\":\"", "");
    }
}

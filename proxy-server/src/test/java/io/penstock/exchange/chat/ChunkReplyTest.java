package io.penstock.exchange.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkReplyTest {
    private ChunkReply reader = hiding(true);

    private static ChunkReply hiding(boolean hidesUsage) {
        return new ChunkReply(ChatCalls.loop(), ChatCalls.chat(), ChatCalls.ask(), hidesUsage);
    }

    private boolean passes(String json) {
        ByteBuf event = Unpooled.copiedBuffer("data: " + json + "\n\n", StandardCharsets.UTF_8);
        return reader.onEvent(event, 0, event.readableBytes());
    }

    private static String content(String text) {
        return "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + text
                + "\"},\"finish_reason\":null}]}";
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"choices\":[],", "\"choices\":null,", ""})
    void hidesWhatBringsNothingButTheUsage(String choices) {
        assertThat(passes(content("a"))).isTrue();

        assertThat(passes("{\"id\":\"c\"," + choices + "\"usage\":{\"prompt_tokens\":3,"
                + "\"completion_tokens\":4}}")).isFalse();

        assertThat(reader.usage().total()).isEqualTo(7);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"choices\":[{\"delta\":{\"content\":\"a\"}}]",
        "\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]",
        "\"choices\":[],\"error\":{\"message\":\"overloaded\"}"})
    void showsWhatBringsMoreThanTheUsage(String members) {
        assertThat(passes(content("a"))).isTrue();

        assertThat(passes("{\"id\":\"c\",\"usage\":{\"prompt_tokens\":3},"
                + members + "}")).isTrue();

        assertThat(reader.usage().prompt()).isEqualTo(3);
    }

    @Test
    void showsTheUsageToACallerWhoAskedForIt() {
        reader = hiding(false);
        assertThat(passes("{\"choices\":[],\"usage\":{\"prompt_tokens\":3}}")).isTrue();
    }

    @Test
    void takesAPieceOfAWordForAToken() {
        for (int i = 0; i < 50; i++) {
            passes(content(" word"));
        }
        assertThat(reader.passedTokens()).isEqualTo(50);
    }

    @Test
    void countsTheTextOfEventsThatBringAPageEach() {
        for (int i = 0; i < 3; i++) {
            passes(content("word ".repeat(1000)));
        }
        assertThat(reader.passedTokens()).isBetween(3 * 1000L, 3 * 1250L);
    }
}

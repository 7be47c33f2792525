package io.penstock.exchange.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.translate.ChatChunk;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ContinuationTest {
    private static final String FIRST = "The quick brown fox jumps over the";

    private final Continuation continuation = new Continuation();
    private final ChatChunk chunk = new ChatChunk();

    private ChatChunk delta(String members, String reason) {
        ByteBuf event = Unpooled.copiedBuffer("data: {\"id\":\"i\",\"object\":"
                + "\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{"
                + "\"index\":0,\"delta\":{" + members + "},\"finish_reason\":" + reason
                + "}]}\n\n", StandardCharsets.UTF_8);
        assertThat(chunk.read(event, 0, event.readableBytes())).isEqualTo(ChatChunk.Kind.CHUNK);
        return chunk;
    }

    private ChatChunk text(String text) {
        return delta("\"content\":\"" + text + "\"", "null");
    }

    @Test
    void isPossibleOnceThereIsText() {
        assertThat(continuation.isPossible()).isFalse();
        continuation.record(delta("\"role\":\"assistant\"", "null"));
        assertThat(continuation.isPossible()).isFalse();
        continuation.record(text("Hi"));
        assertThat(continuation.isPossible()).isTrue();
        assertThat(continuation.text()).isEqualTo("Hi");
    }

    @Test
    void isImpossibleOnceTheAnswerHasFinished() {
        continuation.record(text("Hi"));
        continuation.record(delta("", "\"stop\""));
        assertThat(continuation.isPossible()).isFalse();
    }

    @Test
    void isPossibleAfterReasoningAndNotBeforeMoreOfIt() {
        continuation.record(delta("\"reasoning_content\":\"Hm\"", "null"));
        assertThat(continuation.isPossible()).isFalse();
        continuation.record(text("Hi"));
        assertThat(continuation.isPossible()).isTrue();
        continuation.record(delta("\"reasoning_content\":\"Hm\"", "null"));
        assertThat(continuation.isPossible()).isFalse();
    }

    @Test
    void isImpossibleBeyondTheTextThatIsKept() {
        continuation.record(text("x".repeat(Continuation.MAX_CHARS)));
        assertThat(continuation.isPossible()).isTrue();
        continuation.record(text("x"));
        assertThat(continuation.isPossible()).isFalse();
    }

    @Test
    void makesEventsOfWhatIsNewInTheNextAnswer() {
        continuation.record(text(FIRST));
        continuation.beginSplice(false);
        continuation.splice(text(FIRST.substring(0, 20)));
        assertThat(continuation.isJoined()).isFalse();
        assertThat(continuation.takeEvents()).isEmpty();
        continuation.splice(text(FIRST.substring(20) + " lazy"));
        assertThat(continuation.isJoined()).isTrue();
        assertThat(continuation.takeEvents()).contains("\"content\":\" lazy\"")
                .contains("\"id\":\"i\"").endsWith("\n\n");
        assertThat(continuation.takeEvents()).isEmpty();
        continuation.splice(delta("\"content\":\" dog\"", "\"stop\""));
        assertThat(continuation.takeEvents()).contains("\"content\":\" dog\"")
                .contains("\"finish_reason\":\"stop\"");
        assertThat(continuation.text()).isEqualTo(FIRST + " lazy dog");
        assertThat(continuation.isPossible()).as("it has finished").isFalse();
    }

    @Test
    void canBeContinuedOnceMoreAfterABreakAndNotAfterADivergence() {
        continuation.record(text(FIRST));
        continuation.beginSplice(true);
        continuation.splice(text(" lazy"));
        assertThat(continuation.isPossible()).isTrue();
        continuation.beginSplice(false);
        assertThat(continuation.isJoined()).isFalse();
        continuation.splice(text("Something else"));
        assertThat(continuation.isDiverged()).isTrue();
        assertThat(continuation.isPossible()).isFalse();
        assertThat(continuation.takeEvents()).contains(" lazy").doesNotContain("else");
        continuation.beginSplice(false);
        assertThat(continuation.isPossible()).as("the next target may still").isTrue();
    }
}

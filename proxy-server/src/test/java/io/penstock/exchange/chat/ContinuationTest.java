package io.penstock.exchange.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.translate.AnswerText;
import io.penstock.translate.ReplyFormat;
import io.penstock.translate.ReplyLoop;
import io.penstock.translate.ReplyTranslator;
import io.penstock.translate.ReplyUsage;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ContinuationTest {
    private static final String FIRST = "The quick brown fox jumps over the";
    private static final int MAX_CHARS = 256 * 1024;

    private final ReplyTranslator first = new ReplyTranslator(new ReplyLoop(() -> 1, () -> 1,
            () -> 1));
    private final Continuation continuation = new Continuation();
    private ReplyTranslator next;

    ContinuationTest() {
        first.watchToContinue(ReplyFormat.CHAT, false);
        continuation.begin(first.openStream(), null, null);
    }

    private static void read(ReplyTranslator reader, String data) {
        ByteBuf event = Unpooled.copiedBuffer("data: " + data + "\n\n", StandardCharsets.UTF_8);
        reader.onEvent(event, 0, event.readableBytes(), Unpooled.EMPTY_BUFFER);
    }

    private static String delta(String members, String reason) {
        return "{\"id\":\"i\",\"object\":\"chat.completion.chunk\",\"created\":1,"
                + "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{" + members
                + "},\"finish_reason\":" + reason + "}]}";
    }

    private static String text(String text) {
        return delta("\"content\":\"" + text + "\"", "null");
    }

    private void record(String data) {
        read(first, data);
    }

    private void beginSplice(boolean prefilled) {
        continuation.beginSplice(prefilled);
        AnswerText answer = continuation.answer();
        next = new ReplyTranslator(new ReplyLoop(() -> 2, () -> 2, () -> 2));
        next.readText(ReplyFormat.CHAT, answer);
    }

    private void splice(String data) {
        read(next, data);
        continuation.read();
    }

    @Test
    void isPossibleOnceThereIsText() {
        assertThat(continuation.isPossible()).isFalse();
        record(delta("\"role\":\"assistant\"", "null"));
        assertThat(continuation.isPossible()).isFalse();
        record(text("Hi"));
        assertThat(continuation.isPossible()).isTrue();
        assertThat(continuation.text()).isEqualTo("Hi");
    }

    @Test
    void isImpossibleOnceTheAnswerHasFinished() {
        record(text("Hi"));
        record(delta("", "\"stop\""));
        assertThat(continuation.isPossible()).isFalse();
    }

    @Test
    void isPossibleAfterReasoningAndNotBeforeMoreOfIt() {
        record(delta("\"reasoning_content\":\"Hm\"", "null"));
        assertThat(continuation.isPossible()).isFalse();
        record(text("Hi"));
        assertThat(continuation.isPossible()).isTrue();
        record(delta("\"reasoning_content\":\"Hm\"", "null"));
        assertThat(continuation.isPossible()).isFalse();
    }

    @Test
    void isImpossibleBeyondTheTextThatIsKept() {
        record(text("x".repeat(MAX_CHARS)));
        assertThat(continuation.isPossible()).isTrue();
        record(text("x"));
        assertThat(continuation.isPossible()).isFalse();
    }

    @Test
    void makesEventsOfWhatIsNewInTheNextAnswer() {
        record(text(FIRST));
        beginSplice(false);
        splice(text(FIRST.substring(0, 20)));
        assertThat(continuation.isJoined()).isFalse();
        assertThat(continuation.takeEvents()).isEmpty();
        splice(text(FIRST.substring(20) + " lazy"));
        assertThat(continuation.isJoined()).isTrue();
        assertThat(continuation.takeEvents()).contains("\"content\":\" lazy\"")
                .contains("\"id\":\"i\"").endsWith("\n\n");
        assertThat(continuation.takeEvents()).isEmpty();
        splice(delta("\"content\":\" dog\"", "\"length\""));
        splice("[DONE]");
        assertThat(continuation.takeEvents()).contains("\"content\":\" dog\"");
        assertThat(continuation.text()).isEqualTo(FIRST + " lazy dog");
        assertThat(continuation.isPossible()).as("it has finished").isFalse();
        assertThat(continuation.end(new ReplyUsage(1, 2, 0, 0, 0)))
                .contains("\"finish_reason\":\"length\"").endsWith("data: [DONE]\n\n");
    }

    @Test
    void canBeContinuedOnceMoreAfterABreakAndNotAfterADivergence() {
        record(text(FIRST));
        beginSplice(true);
        splice(text(" lazy"));
        assertThat(continuation.isPossible()).isTrue();
        beginSplice(false);
        assertThat(continuation.isJoined()).isFalse();
        splice(text("Something else"));
        assertThat(continuation.isDiverged()).isTrue();
        assertThat(continuation.isPossible()).isFalse();
        assertThat(continuation.takeEvents()).contains(" lazy").doesNotContain("else");
        beginSplice(false);
        assertThat(continuation.isPossible()).as("the next target may still").isTrue();
    }
}

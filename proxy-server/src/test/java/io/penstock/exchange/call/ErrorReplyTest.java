package io.penstock.exchange.call;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ErrorReplyTest {
    private final ErrorReply reply = new ErrorReply(8, StandardCharsets.US_ASCII);

    private void read(String text) {
        ByteBuf bytes = Unpooled.copiedBuffer("--" + text, StandardCharsets.US_ASCII);
        reply.onPayload(bytes, 2, text.length());
    }

    @Test
    void isJudgedOnceItHasEnded() {
        assertThat(reply.judge(false, 0)).isEqualTo(Judgement.WAIT);
        read("no key");
        assertThat(reply.judge(false, 6)).isEqualTo(Judgement.WAIT);
        assertThat(reply.judge(true, 6)).isEqualTo(Judgement.ERROR_REPLY);
        assertThat(reply.isError()).isTrue();
        assertThat(reply.isAnswered()).isFalse();
    }

    @Test
    void isJudgedWithoutABody() {
        assertThat(reply.judge(true, 0)).isEqualTo(Judgement.ERROR_REPLY);
        assertThat(reply.errorText()).isEmpty();
    }

    @Test
    void isJudgedByItsBeginningWhereItIsLong() {
        read("x".repeat(ErrorReply.MAX_BYTES - 1));
        assertThat(reply.judge(false, 0)).isEqualTo(Judgement.WAIT);
        read("x");
        assertThat(reply.judge(false, 0)).isEqualTo(Judgement.ERROR_REPLY);
    }

    @Test
    void keepsNoMoreOfItsTextThanIsAskedFor() {
        read("abc");
        read("defgh!");
        read("more");
        assertThat(reply.errorText()).isEqualTo("abcdefgh");
    }

    @Test
    void endsOnceItIsCommitted() {
        assertThat(reply.judgeMore(false)).isEqualTo(Judgement.WAIT);
        assertThat(reply.judgeMore(true)).isEqualTo(Judgement.END);
        assertThat(reply.isComplete()).isTrue();
    }
}

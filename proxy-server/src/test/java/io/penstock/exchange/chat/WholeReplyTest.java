package io.penstock.exchange.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.Judgement;
import io.penstock.failure.Fault;
import io.penstock.route.HoldSettings;
import io.penstock.testing.Bytes;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

class WholeReplyTest {
    static final List<Integer> PIECE_SIZES = Bytes.PIECE_SIZES;
    private static final int HELD = 2048; // as much as may be held

    private static WholeReply reply(long wholeLength, boolean json) {
        return new WholeReply(ChatCalls.loop(), ChatCalls.chat(), ChatCalls.ask(Ask.Why.FIRST,
                false, new HoldSettings(1, HELD, null)), wholeLength, json);
    }

    private static void read(WholeReply reply, String body, int size) {
        for (byte[] piece : Bytes.pieces(Bytes.latin1(body), size)) {
            ByteBuf bytes = Unpooled.wrappedBuffer(piece);
            reply.onPayload(bytes, 0, piece.length);
        }
    }

    private static String text(WholeReply reply, Judgement judgement) {
        return judgement == Judgement.FAILED ? reply.fault().toString() : judgement.toString();
    }

    /**
     * Columns: the body; whether its head calls it JSON; what follows once it has ended. Each body
     * comes at once and in pieces, with and without a known length.
     */
    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        body                                          | json  | ended
        {"choices":[{"index":0}]}                     | true  | COMMIT
        [1,2]                                         | true  | COMMIT
        `{"a":1}  `                                   | true  | COMMIT
        {"choices":[{"index":0,"mess                  | true  | TRUNCATED
        {"choices":[{"index":0,"mess                  | false | COMMIT
        <html>overloaded</html>                       | true  | TRUNCATED
        plain text                                    | false | COMMIT
        ``                                            | true  | EMPTY_REPLY
        ``                                            | false | EMPTY_REPLY
        {"error":{"message":"overloaded"}}            | true  | ERROR_IN_REPLY
        {"error":{"message":"overloaded"}}            | false | ERROR_IN_REPLY
        {"id":"a","error":"overloaded"}               | true  | ERROR_IN_REPLY
        {"error":null,"choices":[{"index":0}]}        | true  | COMMIT
        {"choices":[{"text":"an \\"error\\": here"}]} | true  | COMMIT
        {"a":{"error":{"message":"inside"}}}          | true  | COMMIT
        """, useHeadersInDisplayName = true)
    void judgesAReplyThatHasEnded(String body, boolean json, String ended) {
        for (int size : PIECE_SIZES) {
            for (long length : new long[] {-1, body.length()}) {
                WholeReply reply = reply(length, json);
                read(reply, body, size);
                assertThat(text(reply, reply.judge(false, HELD - 1))).as("held")
                        .isEqualTo("WAIT");
                assertThat(text(reply, reply.judge(true, 0))).as("in pieces of " + size)
                        .isEqualTo(ended);
            }
        }
    }

    @Test
    void takesBlanksAloneForNothing() {
        WholeReply reply = reply(-1, true);
        read(reply, "  \r\n ", 2);
        assertThat(reply.judge(true, 6)).isEqualTo(Judgement.FAILED);
        assertThat(reply.fault()).isEqualTo(Fault.EMPTY_REPLY);
    }

    @Test
    void commitsWhatFillsTheRoomForIt() {
        WholeReply reply = reply(-1, true);
        read(reply, "{\"choices\":[{\"index\":0", 7);
        assertThat(reply.judge(false, HELD - 1)).isEqualTo(Judgement.WAIT);
        assertThat(reply.judge(false, HELD)).isEqualTo(Judgement.COMMIT);
    }

    @Test
    void commitsNoErrorThatFillsTheRoomForIt() {
        WholeReply reply = reply(-1, true);
        read(reply, "{\"error\":{\"message\":\"over", 7);
        assertThat(text(reply, reply.judge(false, HELD - 1))).isEqualTo("WAIT");
        assertThat(text(reply, reply.judge(false, HELD))).isEqualTo("ERROR_IN_REPLY");
        assertThat(reply.isAnswered()).isFalse();
    }

    @Test
    void endsOnceItIsCommittedWhateverItHolds() {
        WholeReply reply = reply(-1, true);
        reply.onCommit();
        read(reply, "{\"error\":{\"message\":\"over", 7);
        assertThat(reply.judgeMore(false)).isEqualTo(Judgement.WAIT);
        assertThat(reply.judgeMore(true)).isEqualTo(Judgement.END);
        assertThat(reply.isComplete()).isTrue();
        assertThat(reply.hasSaidAll()).isFalse();
    }

    @ParameterizedTest
    @FieldSource("PIECE_SIZES")
    void findsTheUsageHoweverItIsCut(int size) {
        String body = "{\"choices\":[{\"index\":0}],\"usage\":{\"prompt_tokens\":3,"
                + "\"completion_tokens\":4}}";
        WholeReply reply = reply(body.length(), true);
        read(reply, body, size);
        assertThat(reply.usage().prompt()).isEqualTo(3);
        assertThat(reply.usage().completion()).isEqualTo(4);
        assertThat(reply.isAnswered()).isTrue();
    }
}

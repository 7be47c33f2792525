package io.penstock.exchange.passthrough;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.exchange.call.Judgement;
import io.penstock.exchange.passthrough.OpaqueReply.Kind;
import io.penstock.loop.Scratch;
import io.penstock.testing.Bytes;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

class OpaqueReplyTest {
    static final List<Integer> PIECE_SIZES = Bytes.PIECE_SIZES;

    private static void read(OpaqueReply reply, String text, int size) {
        for (byte[] piece : Bytes.pieces(Bytes.latin1(text), size)) {
            ByteBuf bytes = Unpooled.wrappedBuffer(piece);
            reply.onPayload(bytes, 0, piece.length);
        }
    }

    /** Good with its first byte, its end, or at once where the head must not wait. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        impatient | bytes | ended | held   | committed
        false     | 0     | false | WAIT   | WAIT
        false     | 1     | false | COMMIT | WAIT
        false     | 0     | true  | COMMIT | END
        false     | 1     | true  | COMMIT | END
        true      | 0     | false | COMMIT | WAIT
        """, useHeadersInDisplayName = true)
    void isGoodWithWhateverComes(boolean impatient, int bytes, boolean ended, Judgement held,
            Judgement committed) {
        OpaqueReply reply = new OpaqueReply(new Scratch(), true, false, impatient,
                Kind.ANY);
        read(reply, "x".repeat(bytes), 1);
        assertThat(reply.judge(ended, bytes)).isEqualTo(held);
        assertThat(reply.judgeMore(ended)).isEqualTo(committed);
        assertThat(reply.isAnswered()).isEqualTo(bytes > 0);
        assertThat(reply.isComplete()).isTrue();
        assertThat(reply.hasSaidAll()).isFalse();
    }

    /** Of JSON that another target could send as well, whatever its members are called. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        {}                              | BAD_RESPONSE
        ` \n{ \t}`                      | BAD_RESPONSE
        null                            | BAD_RESPONSE
        "ok"                            | BAD_RESPONSE
        <html></html>                   | BAD_RESPONSE
        OK                              | BAD_RESPONSE
        ``                              | EMPTY_REPLY
        {"error":{"message":"busy"}}    | ERROR_IN_REPLY
        {"data":[]}                     | COMMIT
        {"a":1}                         | COMMIT
        [{"index":0,"score":0.5}]       | COMMIT
        []                              | COMMIT
        """)
    void judgesWholeJson(String body, String expected) {
        for (int size : PIECE_SIZES) {
            OpaqueReply reply = new OpaqueReply(new Scratch(), false, false, false, Kind.JSON);
            read(reply, body, size);
            Judgement held = reply.judge(true, body.length());
            assertThat(held == Judgement.FAILED ? reply.fault().toString() : held.toString())
                    .isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @FieldSource("PIECE_SIZES")
    void countsTheEventsOfAStream(int size) {
        OpaqueReply reply = new OpaqueReply(new Scratch(), true, true, false, Kind.ANY);
        read(reply, "data: a\n\ndata: b\r\n\r\nevent: c\ndata: d\n\ndata: e\n", size);
        assertThat(reply.passedTokens()).isEqualTo(3);
    }

    @ParameterizedTest
    @FieldSource("PIECE_SIZES")
    void findsTheUsageHoweverItIsCut(int size) {
        OpaqueReply reply = new OpaqueReply(new Scratch(), true, false, false, Kind.ANY);
        read(reply, "{\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}", size);
        assertThat(reply.usage().total()).isEqualTo(7);
    }

    @ParameterizedTest
    @FieldSource("PIECE_SIZES")
    void readsNothingOfWhatIsNotMetered(int size) {
        OpaqueReply reply = new OpaqueReply(new Scratch(), false, true, false, Kind.ANY);
        read(reply, "data: {\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n", size);
        assertThat(reply.usage()).isNull();
        assertThat(reply.passedTokens()).isZero();
    }
}

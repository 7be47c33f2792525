package io.penstock.exchange.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.testing.Bytes;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EventReplyTest {
    private static boolean passes(EventReply reply, String event) {
        ByteBuf bytes = Bytes.buffer(event);
        try {
            return reply.onEvent(bytes, 0, bytes.readableBytes());
        } finally {
            bytes.release();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            MESSAGES  | content_block_delta        | {"type":"content_block_delta","index":0,\
            "delta":{"type":"text_delta","text":"a"}}
            RESPONSES | response.output_text.delta | {"type":"response.output_text.delta",\
            "output_index":0,"content_index":0,"item_id":"m","delta":"a"}
            """)
    void goesOnBehindAnEventThatIsNoJson(Endpoint endpoint, String type, String data) {
        EventReply reply = new EventReply(ChatCalls.loop(), ChatCalls.chat(endpoint),
                ChatCalls.ask(), false);
        String event = "event: " + type + "\ndata: ";

        boolean broken = passes(reply, event + data.substring(0, data.length() - 3) + "\n\n");
        boolean whole = passes(reply, event + data + "\n\n");

        assertThat(broken).isFalse();
        assertThat(whole).isTrue();
        assertThat(reply.malformedEvents()).isOne();
        assertThat(reply.isErrorSeen()).isFalse();
        assertThat(reply.contentEvents()).isOne();
    }
}

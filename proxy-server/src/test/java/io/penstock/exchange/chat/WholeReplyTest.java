package io.penstock.exchange.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.exchange.call.Judgement;
import io.penstock.failure.Fault;
import io.penstock.testing.Bytes;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WholeReplyTest {
    private static final String GOOD = "{\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":"
            + "{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}";
    private static final int HOLD = ChatCalls.ask().hold().bytes();

    private final int[] sizes = {1, 2, 3, 7, Integer.MAX_VALUE};

    private static WholeReply reading(Endpoint endpoint, long length) {
        return new WholeReply(ChatCalls.loop(), PooledByteBufAllocator.DEFAULT,
                ChatCalls.chat(endpoint), ChatCalls.ask(), length);
    }

    private static void read(WholeReply reading, String body, int size) {
        ByteBuf bytes = Bytes.buffer(body);
        for (int at = 0; at < bytes.readableBytes();) {
            int length = Math.min(size, bytes.readableBytes() - at);
            reading.onPayload(bytes, at, length);
            at += length;
        }
        bytes.release();
    }

    private void assertFault(Endpoint endpoint, String body, Fault fault) {
        for (int size : sizes) {
            for (boolean known : new boolean[] {false, true}) {
                int length = body.getBytes(StandardCharsets.UTF_8).length;
                WholeReply reading = reading(endpoint, known ? length : -1);
                read(reading, body, size);

                Judgement judgement = reading.judge(true, length);
                assertThat(judgement).as("in pieces of " + size)
                        .isEqualTo(fault == null ? Judgement.COMMIT : Judgement.FAILED);
                assertThat(reading.fault()).isEqualTo(fault);
                assertThat(reading.isAnswered()).isEqualTo(fault == null
                        || fault == Fault.TRUNCATED);
                reading.release();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "\"\"", "{}", "[]", "false", "0", "{ }"})
    void anErrorWithNothingInItIsNone(String error) {
        assertFault(Endpoint.CHAT, "{\"error\":" + error + "," + GOOD.substring(1), null);
        assertFault(Endpoint.CHAT, GOOD.replace("\"index\"", "\"error\": " + error + ",\"index\""),
                null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"no\"", "{\"message\":\"no\"}", "[1]", "true", "502"})
    void anErrorIsOneWhereverItStands(String error) {
        assertFault(Endpoint.CHAT, "{\"error\":" + error + "," + GOOD.substring(1),
                Fault.ERROR_IN_REPLY);
        assertFault(Endpoint.CHAT, GOOD.replace("]}", "],\"error\" : " + error + "}"),
                Fault.ERROR_IN_REPLY);
        assertFault(Endpoint.CHAT, GOOD.replace("\"index\"", "\"error\":" + error + ",\"index\""),
                Fault.ERROR_IN_REPLY);
        assertFault(Endpoint.CHAT, "{\"x\":\"" + "y".repeat(5000) + "\",\"error\":" + error + "}",
                Fault.ERROR_IN_REPLY);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "CHAT | {\"a\":\"b\"} | BAD_RESPONSE",
        "CHAT | {\"data\":[{}]} | BAD_RESPONSE",
        "CHAT | {\"choices\":{}} | BAD_RESPONSE",
        "CHAT | { \"choices\" : [ { } ] } | ",
        "COMPLETIONS | {\"choices\":[{\"text\":\"\"}]} | ",
        "EMBEDDINGS | {\"data\":[]} | ",
        "EMBEDDINGS | {\"choices\":[{}]} | BAD_RESPONSE",
        "MESSAGES | {\"type\":\"message\",\"content\":[]} | ",
        "MESSAGES | {\"choices\":[{}]} | BAD_RESPONSE",
        "COUNT_TOKENS | {\"input_tokens\":0} | ",
        "COUNT_TOKENS | {\"content\":[]} | BAD_RESPONSE",
        "RESPONSES | {\"status\":\"incomplete\",\"error\":null,\"output\":[]} | ",
        "RESPONSES | {\"status\":\"failed\",\"error\":null,\"output\":[]} | ERROR_IN_REPLY",
        "RESPONSES | {\"status\":\"completed\"} | BAD_RESPONSE",
        "GEMINI | {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}} | ",
        "GEMINI | {\"usageMetadata\":{}} | BAD_RESPONSE",
        "GEMINI_COUNT_TOKENS | {\"totalTokens\":3} | "})
    void anAnswerHasItsEndpointsOwnMember(Endpoint endpoint, String body, Fault fault) {
        assertFault(endpoint, body, fault);
    }

    @Test
    void whatIsCutShortHasNoEnd() {
        assertFault(Endpoint.CHAT, GOOD.substring(0, GOOD.length() - 3), Fault.TRUNCATED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\n\r\n"})
    void blanksAreNothing(String body) {
        WholeReply reading = reading(Endpoint.CHAT, body.length());
        read(reading, body, 1);

        assertThat(reading.judge(true, body.length())).isEqualTo(Judgement.FAILED);
        assertThat(reading.fault()).isEqualTo(Fault.EMPTY_REPLY);
    }

    @Test
    void aPageLongerThanMayBeHeldFailsToo() {
        WholeReply reading = reading(Endpoint.CHAT, -1);
        read(reading, "<html>" + "x".repeat(HOLD), 4096);

        assertThat(reading.judge(false, HOLD)).isEqualTo(Judgement.FAILED);
        assertThat(reading.fault()).isEqualTo(Fault.BAD_RESPONSE);
    }

    @Test
    void anAnswerLongerThanMayBeHeldGoesOnAsItComes() {
        WholeReply reading = reading(Endpoint.CHAT, -1);
        read(reading, "{\"id\":\"" + "x".repeat(HOLD), 4096);
        assertThat(reading.judge(false, HOLD)).isEqualTo(Judgement.COMMIT);
        reading.onCommit();

        read(reading, "\"," + GOOD.substring(1), 7);
        assertThat(reading.isAnswered()).isTrue();
    }

    @Test
    void whatIsGivenUpLeavesNothingBehind() {
        WholeReply reading = reading(Endpoint.CHAT, -1);
        read(reading, "{\"error\":{\"message\":\"no", 7);
        reading.release();

        assertThat(reading.isAnswered()).isFalse();
    }
}

package io.penstock.exchange.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.exchange.call.CallLoop;
import io.penstock.exchange.call.Judgement;
import io.penstock.failure.Fault;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.ResponseHead;
import io.penstock.limit.Gauge;
import io.penstock.loop.Scratch;
import io.penstock.relay.ResponseRelay;
import io.penstock.testing.Bytes;
import io.penstock.testing.EmbeddedDownstream;
import io.penstock.translate.ReplyFormat;
import io.penstock.translate.ReplyOptions;
import io.penstock.translate.ResponseMemory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TranslatedWholeReplyTest {
    private static final int MANY = 20;
    private static final String LONG = answer("x".repeat(200_000));

    private final Gauge memory = new Gauge(1024 * 1024);
    private final ChatLoop loop = new ChatLoop(new CallLoop(null, null, memory),
            new ResponseMemory(ResponseMemory.Settings.DEFAULT, () -> 0));
    private final EmbeddedDownstream caller = new EmbeddedDownstream();
    private final List<TranslatedWholeReply> readings = new ArrayList<>();
    private final List<ResponseRelay> relays = new ArrayList<>();

    @AfterEach
    void nothingIsCountedInTheEnd() {
        readings.forEach(TranslatedWholeReply::release);
        relays.forEach(ResponseRelay::discard);
        caller.finish();
        assertThat(memory.used()).isZero();
    }

    private static String answer(String text) {
        return "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":"
                + "\"text\",\"text\":\"" + text + "\"}],\"stop_reason\":\"end_turn\"}";
    }

    private TranslatedWholeReply reading() {
        TranslatedWholeReply reading = new TranslatedWholeReply(loop,
                PooledByteBufAllocator.DEFAULT, ReplyFormat.MESSAGES, ReplyFormat.CHAT,
                ReplyOptions.DEFAULT, answer -> {});
        readings.add(reading);
        return reading;
    }

    /** A relay to the caller, of a reply of which the head has come. */
    private ResponseRelay relay(TranslatedWholeReply reading, int length)
            throws HttpSyntaxException {
        ResponseRelay relay = new ResponseRelay(PooledByteBufAllocator.DEFAULT,
                reading.observer(), new Scratch());
        ResponseHead head = new ResponseHead(8192);
        ByteBuf bytes = Bytes.buffer("HTTP/1.1 200 x\r\ncontent-length: " + length + "\r\n\r\n");
        head.parse(bytes);
        bytes.release();
        relay.begin(head, false, false, false, reading.rewriter());
        relays.add(relay);
        return relay;
    }

    @Test
    void holdsNoMoreThanThereIsRoomForInAll() throws Exception {
        List<Judgement> judgements = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            TranslatedWholeReply reading = reading();
            ResponseRelay relay = relay(reading, LONG.length());
            relay.take(Bytes.buffer(LONG.substring(0, LONG.length() - 1)));
            judgements.add(reading.judge(relay.isEnded(), relay.heldBytes()));
            assertThat(memory.used()).isBetween(0L, 1024 * 1024L);
        }

        assertThat(judgements).startsWith(Judgement.WAIT, Judgement.WAIT)
                .endsWith(Judgement.FAILED);
        assertThat(readings.get(MANY - 1).fault()).isEqualTo(Fault.NO_ROOM);
        assertThat(readings.get(MANY - 1).isAnswered()).isFalse();
    }

    @Test
    void countsAnAnswerUntilTheCallerHasTakenIt() throws Exception {
        int good = 0;
        for (int i = 0; i < MANY; i++) {
            TranslatedWholeReply reading = reading();
            ResponseRelay relay = relay(reading, LONG.length());
            relay.take(Bytes.buffer(LONG));
            if (reading.judge(relay.isEnded(), relay.heldBytes()) == Judgement.COMMIT) {
                good++;
                relay.commit(caller);
                relay.end();
            } else {
                assertThat(reading.fault()).isEqualTo(Fault.NO_ROOM);
            }
            reading.release(); // the exchange is over, and the caller has yet to read
        }

        assertThat(good).isBetween(2, 5);
        assertThat(memory.used()).isGreaterThan((long) good * LONG.length());

        caller.taken();
        assertThat(memory.used()).isZero();
    }

    @Test
    void findsRoomAgainWhenOthersAreDone() throws Exception {
        memory.take(1024 * 1024);
        TranslatedWholeReply first = reading();
        relay(first, LONG.length()).take(Bytes.buffer(LONG));
        assertThat(first.judge(true, 0)).isEqualTo(Judgement.FAILED);

        memory.release(1024 * 1024);
        TranslatedWholeReply second = reading();
        ResponseRelay relay = relay(second, LONG.length());
        relay.take(Bytes.buffer(LONG));
        assertThat(second.judge(true, relay.heldBytes())).isEqualTo(Judgement.COMMIT);
    }

    @Test
    void doesNotCountWhatIsShort() throws Exception {
        memory.take(1024 * 1024);
        TranslatedWholeReply reading = reading();
        String body = answer("Hi");
        ResponseRelay relay = relay(reading, body.length());
        relay.take(Bytes.buffer(body));

        assertThat(reading.judge(true, relay.heldBytes())).isEqualTo(Judgement.COMMIT);
        assertThat(memory.used()).isEqualTo(1024 * 1024);
        memory.release(1024 * 1024);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 4096, 100_000})
    void isTheSameInAnyPieces(int size) throws Exception {
        String body = size < 10 ? answer("Hi") : LONG;
        TranslatedWholeReply reading = reading();
        ResponseRelay relay = relay(reading, body.length());
        for (int at = 0; at < body.length(); at += size) {
            relay.take(Bytes.buffer(body.substring(at, Math.min(at + size, body.length()))));
        }

        assertThat(reading.judge(relay.isEnded(), relay.heldBytes())).isEqualTo(Judgement.COMMIT);
        assertThat(relay.heldBytes()).isGreaterThan(body.contains("Hi") ? 2 : 200_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "null", "Hi.", "<html></html>", "[]",
        "{\"type\":\"error\",\"error\":{\"message\":\"no\"}}", "{\"detail\":\"no\"}",
        "data: {\"type\":\"message_start\"}\n\n"})
    void failsWhatIsNoAnswer(String body) throws Exception {
        TranslatedWholeReply reading = reading();
        ResponseRelay relay = relay(reading, body.length());
        relay.take(Bytes.buffer(body));

        assertThat(reading.judge(relay.isEnded(), relay.heldBytes())).isEqualTo(Judgement.FAILED);
        assertThat(reading.fault()).isEqualTo(Fault.ERROR_IN_REPLY);
    }
}

package io.penstock.exchange.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.Judgement;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.route.HoldSettings;
import io.penstock.translate.ReplyFormat;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What follows from the events of a stream, a row for each sequence.
 *
 * <p>Columns: the events; whether the body came to its proper end; the judgement before and after
 * the commit, with its fault; whether a stream that ends here is complete; and whether the provider
 * has said all, so that the death of the connection means nothing.
 */
class StreamJudgementTest {
    private static final String FIRST = "The quick brown fox jumps over the";

    private static final Map<String, String> CHUNKS = Map.ofEntries(
            Map.entry("ping", ": ping\n\n"),
            Map.entry("role", chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null")),
            Map.entry("text", chunk("{\"content\":\"Hello\"}", "null")),
            Map.entry("first", chunk("{\"content\":\"" + FIRST + "\"}", "null")),
            Map.entry("half", chunk("{\"content\":\"The quick brown\"}", "null")),
            Map.entry("more", chunk("{\"content\":\" lazy dog.\"}", "null")),
            Map.entry("tool", chunk("{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"type\":"
                    + "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}", "null")),
            Map.entry("reason", chunk("{}", "\"stop\"")),
            Map.entry("usage", "data: {\"id\":\"i\",\"choices\":[],\"usage\":"
                    + "{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n"),
            Map.entry("error", "data: {\"error\":{\"message\":\"overloaded\"}}\n\n"),
            Map.entry("garbage", "data: {\"id\":\"i\",\"choices\":[{\n\n"),
            Map.entry("done", "data: [DONE]\n\n"));

    private static final Map<String, String> MESSAGES = Map.of(
            "ping", event("ping", ""),
            "start", event("message_start", ",\"message\":{\"id\":\"m\",\"model\":\"c\","
                    + "\"role\":\"assistant\",\"content\":[],\"usage\":{\"input_tokens\":3}}"),
            "text", event("content_block_delta", ",\"index\":0,\"delta\":"
                    + "{\"type\":\"text_delta\",\"text\":\"Hello\"}"),
            "reason", event("message_delta", ",\"delta\":{\"stop_reason\":\"end_turn\"},"
                    + "\"usage\":{\"output_tokens\":4}"),
            "error", event("error", ",\"error\":{\"type\":\"overloaded_error\","
                    + "\"message\":\"Overloaded\"}"),
            "garbage", "event: ping\ndata: {\"type\":\n\n",
            "done", event("message_stop", ""));

    private static String chunk(String delta, String reason) {
        return "data: {\"id\":\"i\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":"
                + "\"m\",\"choices\":[{\"index\":0,\"delta\":" + delta + ",\"finish_reason\":"
                + reason + "}]}\n\n";
    }

    private static String event(String type, String members) {
        return "event: " + type + "\ndata: {\"type\":\"" + type + "\"" + members + "}\n\n";
    }

    private static void read(ReplyReading reading, Map<String, String> words, String events) {
        for (String each : events == null ? new String[0] : events.split(" ")) {
            if (each.equals("oversized")) {
                reading.onOversizedEvent();
                continue;
            }
            ByteBuf event = Unpooled.copiedBuffer(words.get(each), StandardCharsets.UTF_8);
            reading.onEvent(event, 0, event.readableBytes());
        }
    }

    private static void check(ReplyReading reading, boolean ended, String held, String committed,
            boolean complete, boolean saidAll) {
        assertThat(text(reading, reading.judge(ended, 0))).as("judge").isEqualTo(held);
        assertThat(text(reading, reading.judgeMore(ended))).as("judgeMore").isEqualTo(committed);
        assertThat(reading.isComplete()).as("isComplete").isEqualTo(complete);
        assertThat(reading.hasSaidAll()).as("hasSaidAll").isEqualTo(saidAll);
    }

    private static String text(ReplyReading reading, Judgement judgement) {
        return judgement == Judgement.FAILED ? reading.fault().toString() : judgement.toString();
    }

    private static ChatCall chat(String members) {
        return ChatCalls.of(Endpoint.CHAT,
                "{\"model\":\"continued\",\"stream\":true,\"messages\":[]" + members + "}");
    }

    private static ChunkReply chunkReply(ChatCall call, Ask ask) {
        return new ChunkReply(ChatCalls.loop(), call, ask, true);
    }

    /** A {@code [DONE]} without a finish reason does not complete a stream, on purpose. */
    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
        events                   | ended | held           | committed | complete | saidAll
        -                        | false | WAIT           | WAIT      | false    | false
        -                        | true  | NO_CONTENT     | END       | false    | false
        ping role                | false | WAIT           | WAIT      | false    | false
        ping role                | true  | NO_CONTENT     | END       | false    | false
        role text                | false | COMMIT         | WAIT      | false    | false
        role text                | true  | COMMIT         | END       | false    | false
        role tool                | false | COMMIT         | WAIT      | false    | false
        text done                | true  | COMMIT         | END       | false    | false
        text usage done          | false | COMMIT         | WAIT      | false    | false
        text reason              | false | COMMIT         | WAIT      | true     | false
        text reason              | true  | COMMIT         | END       | true     | false
        text reason usage        | false | COMMIT         | WAIT      | true     | false
        text reason done         | false | COMMIT         | WAIT      | true     | true
        text reason usage done   | true  | COMMIT         | END       | true     | true
        role reason              | false | COMMIT         | WAIT      | true     | false
        role done                | true  | NO_CONTENT     | END       | false    | false
        error                    | false | ERROR_IN_REPLY | WAIT      | true     | true
        error                    | true  | ERROR_IN_REPLY | END       | true     | true
        text error               | true  | ERROR_IN_REPLY | END       | true     | true
        garbage                  | false | WAIT           | WAIT      | false    | false
        garbage                  | true  | NO_CONTENT     | END       | false    | false
        oversized                | false | COMMIT         | WAIT      | true     | false
        text oversized done      | true  | COMMIT         | END       | true     | true
        """, useHeadersInDisplayName = true)
    void judgesChunks(String events, boolean ended, String held, String committed,
            boolean complete, boolean saidAll) {
        ChunkReply reading = chunkReply(chat(""), ChatCalls.ask());
        read(reading, CHUNKS, events);
        check(reading, ended, held, committed, complete, saidAll);
    }

    /** A stop reason counts with the event that ends the message. */
    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
        events                 | ended | held           | committed | complete | saidAll
        -                      | false | WAIT           | WAIT      | false    | false
        ping start             | false | WAIT           | WAIT      | false    | false
        ping start             | true  | NO_CONTENT     | END       | false    | false
        start text             | false | COMMIT         | WAIT      | false    | false
        start text             | true  | COMMIT         | END       | false    | false
        start text reason      | true  | COMMIT         | END       | false    | false
        start text reason done | false | COMMIT         | WAIT      | true     | true
        start text done        | true  | COMMIT         | END       | true     | true
        start reason           | false | WAIT           | WAIT      | false    | false
        start reason done      | false | COMMIT         | WAIT      | true     | true
        error                  | false | ERROR_IN_REPLY | WAIT      | true     | true
        start text error       | true  | ERROR_IN_REPLY | END       | true     | true
        garbage                | false | WAIT           | WAIT      | false    | false
        start oversized        | true  | COMMIT         | END       | true     | false
        start oversized text   | true  | COMMIT         | END       | false    | false
        """, useHeadersInDisplayName = true)
    void judgesEventsOfAnthropics(String events, boolean ended, String held, String committed,
            boolean complete, boolean saidAll) {
        ChatCall call = ChatCalls.of(Endpoint.MESSAGES,
                "{\"model\":\"m\",\"stream\":true,\"max_tokens\":9,\"messages\":[]}");
        EventReply reading = new EventReply(ChatCalls.loop(), call, ChatCalls.ask(), false);
        read(reading, MESSAGES, events);
        check(reading, ended, held, committed, complete, saidAll);
    }

    /** An error is kept from the caller: another target may continue the stream. */
    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
        events               | ended | held           | committed      | complete | saidAll
        -                    | false | WAIT           | WAIT           | false    | false
        role                 | true  | NO_CONTENT     | END            | false    | false
        role text            | false | COMMIT         | WAIT           | false    | false
        role text            | true  | COMMIT         | END            | false    | false
        role tool            | false | COMMIT         | WAIT           | false    | false
        text done            | true  | COMMIT         | END            | false    | false
        text reason          | true  | COMMIT         | END            | true     | false
        text reason done     | false | COMMIT         | WAIT           | true     | true
        error                | false | ERROR_IN_REPLY | ERROR_IN_REPLY | true     | false
        text error           | false | ERROR_IN_REPLY | ERROR_IN_REPLY | true     | false
        text garbage         | false | COMMIT         | WAIT           | false    | false
        """, useHeadersInDisplayName = true)
    void judgesChunksThatAreRecorded(String events, boolean ended, String held, String committed,
            boolean complete, boolean saidAll) {
        EventReply reading = recorded(chat(""));
        read(reading, CHUNKS, events);
        check(reading, ended, held, committed, complete, saidAll);
    }

    private static EventReply recorded(ChatCall call) {
        return new EventReply(ChatCalls.loop(), call, ChatCalls.ask(), true);
    }

    /** Whether another target could go on where a recorded stream broke off. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
        events           | possible
        -                | false
        role             | false
        role text        | true
        text garbage     | true
        text done        | true
        text reason      | false
        text tool        | false
        """, useHeadersInDisplayName = true)
    void knowsWhichStreamsCanBeContinued(String events, boolean possible) {
        EventReply reading = recorded(chat(""));
        read(reading, CHUNKS, events);
        reading.onCommit();
        assertThat(reading.canBeContinued()).isEqualTo(possible);
    }

    /** The caller has {@link #FIRST}; {@code shown} tells whether the next model was shown it. */
    @ParameterizedTest(name = "{0}, {1}, {2}")
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
        shown | events                 | ended | held           | committed | complete | saidAll
        true  | -                      | false | WAIT           | WAIT      | false    | false
        true  | role                   | true  | NO_CONTENT     | END       | false    | false
        true  | role more              | false | JOIN           | WAIT      | false    | false
        true  | more                   | true  | JOIN           | END       | false    | false
        true  | half                   | false | WAIT           | WAIT      | false    | false
        true  | half                   | true  | NO_CONTENT     | END       | false    | false
        true  | half reason            | false | WAIT           | WAIT      | false    | false
        true  | half reason            | true  | JOIN           | END       | true     | true
        true  | reason done            | false | JOIN           | WAIT      | true     | true
        true  | more reason done       | true  | JOIN           | END       | true     | true
        true  | more done              | true  | JOIN           | END       | false    | false
        true  | first more             | false | JOIN           | WAIT      | false    | false
        true  | tool                   | false | DIVERGED       | DIVERGED  | false    | false
        true  | more tool              | false | DIVERGED       | DIVERGED  | false    | false
        true  | error                  | false | ERROR_IN_REPLY | ERROR_IN_REPLY | false  | false
        false | half                   | false | WAIT           | WAIT      | false    | false
        false | half more              | false | DIVERGED       | DIVERGED  | false    | false
        false | text                   | false | DIVERGED       | DIVERGED  | false    | false
        false | reason done            | false | DIVERGED       | DIVERGED  | true     | true
        false | half reason            | true  | DIVERGED       | DIVERGED  | true     | true
        false | first                  | false | JOIN           | WAIT      | false    | false
        false | first reason done      | true  | JOIN           | END       | true     | true
        """, useHeadersInDisplayName = true)
    void judgesAStreamThatContinuesAnother(boolean shown, String events, boolean ended,
            String held, String committed, boolean complete, boolean saidAll) {
        ChatCall call = chat("");
        EventReply first = recorded(call);
        read(first, CHUNKS, "role first");
        first.onCommit();
        call.continuation().beginSplice(shown);
        SplicedReply reading = new SplicedReply(ChatCalls.loop(), call,
                ChatCalls.ask(Ask.Why.CONTINUE, false), new StreamTranslation(ChatCalls.loop(),
                UnpooledByteBufAllocator.DEFAULT, ReplyFormat.CHAT,
                call.continuation().answer()));
        for (String each : events == null ? new String[0] : events.split(" ")) {
            ByteBuf event = Unpooled.copiedBuffer(CHUNKS.get(each), StandardCharsets.UTF_8);
            reading.rewriter().rewrite(event, 0, event.readableBytes(), Unpooled.EMPTY_BUFFER);
        }
        if (ended) {
            reading.rewriter().finish(Unpooled.EMPTY_BUFFER);
        }
        check(reading, ended, held, committed, complete, saidAll);
    }

    @Test
    void commitsWhatFillsTheRoomForIt() {
        HoldSettings hold = new HoldSettings(1, 2048, null);
        ChunkReply reading = chunkReply(chat(""), ChatCalls.ask(Ask.Why.FIRST, false, hold));
        assertThat(reading.judge(false, 2047)).isEqualTo(Judgement.WAIT);
        assertThat(reading.judge(false, 2048)).isEqualTo(Judgement.COMMIT);
    }

    @Test
    void waitsForAsManyContentEventsAsTheRouteWants() {
        HoldSettings hold = new HoldSettings(3, 2048, Duration.ofSeconds(1));
        ChunkReply reading = chunkReply(chat(""), ChatCalls.ask(Ask.Why.FIRST, false, hold));
        read(reading, CHUNKS, "text text");
        assertThat(reading.judge(false, 0)).isEqualTo(Judgement.WAIT);
        assertThat(reading.isContentSeen()).isFalse();
        read(reading, CHUNKS, "text");
        assertThat(reading.judge(false, 0)).isEqualTo(Judgement.COMMIT);
        assertThat(reading.contentEvents()).isEqualTo(3);
    }

    @Test
    void asksForRoomInTheBudgetUntilAllAnswersHaveFinished() {
        ChunkReply reading = chunkReply(chat(",\"n\":2"), ChatCalls.ask(Ask.Why.FIRST, true));
        read(reading, CHUNKS, "text");
        assertThat(reading.judgeMore(false)).isEqualTo(Judgement.METER);
        read(reading, CHUNKS, "reason");
        assertThat(reading.judgeMore(false)).as("one of two answers").isEqualTo(Judgement.METER);
        read(reading, CHUNKS, "reason");
        assertThat(reading.judgeMore(false)).isEqualTo(Judgement.WAIT);
    }

    @Test
    void asksForNoRoomBehindTheEnd() {
        ChunkReply reading = chunkReply(chat(",\"n\":2"), ChatCalls.ask(Ask.Why.FIRST, true));
        read(reading, CHUNKS, "text done");
        assertThat(reading.judgeMore(false)).isEqualTo(Judgement.WAIT);
        assertThat(reading.judgeMore(true)).isEqualTo(Judgement.END);
    }
}

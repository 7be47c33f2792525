package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.loop.Scratch;
import io.penstock.sse.EventSplitter;
import io.penstock.testing.Bytes;
import io.penstock.translate.ChatStream.Meaning;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One stream in every dress that server-sent events may wear: what it means stays the same. */
class ChatStreamDressTest {
    private static final List<String> DATA = List.of(
            chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null"),
            chunk("{\"content\":\"Hello\"}", "null"), chunk("{\"content\":\" you\"}", "null"),
            chunk("{}", "\"stop\""),
            "{\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":1}}",
            "[DONE]");

    private final ChatStream stream = new ChatStream();

    private static String chunk(String delta, String finish) {
        return "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":" + delta
                + ",\"finish_reason\":" + finish + "}]}";
    }

    /** Events with LF; DATA stands for the data, as one line. */
    static Stream<String> dresses() {
        return Stream.of("data: DATA\n\n", "data:DATA\n\n", "event: message\ndata: DATA\n\n",
                "event:chat.completion.chunk\ndata:DATA\n\n", "data: DATA\nevent: message\n\n",
                "id: " + "7".repeat(64) + "\ndata: DATA\n\n", "data: DATA\nid: 8\n\n",
                "retry: 15000\ndata: DATA\n\n", ": a comment\ndata: DATA\n\n",
                ": a comment\n\ndata: DATA\n\n", "\ndata: DATA\n\n",
                "id: 5\nevent: message\nretry: 10\ndata: DATA\n: data: [DONE]\n\n",
                "event: server\ndata: DATA\n\n", "unknown: x\ndata: DATA\nevent\n\n",
                "data: DATA   \n\n", "database: {\ndata: DATA\n\n");
    }

    @ParameterizedTest
    @MethodSource("dresses")
    void meansTheSameInEveryDress(String dress) {
        check(stream(dress, DATA));
    }

    @ParameterizedTest
    @MethodSource("dresses")
    void meansTheSameWhereDataHasSeveralLines(String dress) {
        List<String> lines = DATA.stream()
                .map(data -> data.replace(",", ",\ndata: ").replace("\":", "\":\ndata:")).toList();
        check(stream(dress.replace(": data: [DONE]", ":"), lines));
    }

    private static String stream(String dress, List<String> data) {
        StringBuilder out = new StringBuilder();
        data.forEach(each -> out.append(dress.replace("DATA", each)));
        return out.toString();
    }

    private void check(String events) {
        for (String text : List.of(events, events.replace("\n", "\r\n"),
                "\ufeff" + events.replace("\n", "\r"))) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            for (int piece : new int[] {1, 2, 3, 7, bytes.length}) {
                assertThat(meanings(bytes, piece)).as(text + " in pieces of " + piece)
                        .containsExactly(Meaning.CONTENT, Meaning.FINISH, Meaning.DONE);
            }
        }
    }

    /** Reads closely up to the first content and glances from there on, as a relay does. */
    private List<Meaning> meanings(byte[] bytes, int piece) {
        List<Meaning> meanings = new ArrayList<>();
        EventSplitter splitter = new EventSplitter(new EventSplitter.Sink() {
            @Override
            public boolean onEvent(ByteBuf buffer, int index, int length) {
                assertThat(stream.isMalformed(buffer, index, length)).isFalse();
                Meaning meaning = meanings.isEmpty() ? stream.read(buffer, index, length)
                        : stream.glance(buffer, index, length, false);
                if (meaning != Meaning.NOTHING) {
                    meanings.add(meaning);
                }
                return true;
            }

            @Override
            public void onOversizedEvent() {
                throw new AssertionError();
            }
        }, new Scratch());
        ByteBuf buffer = Bytes.buffer(bytes);
        for (int at = 0; at < bytes.length; at += piece) {
            splitter.split(PooledByteBufAllocator.DEFAULT, buffer, at,
                    Math.min(piece, bytes.length - at));
        }
        splitter.finish();
        buffer.release();
        return meanings;
    }

    @ParameterizedTest
    @MethodSource("dresses")
    void seesAnErrorByItsName(String dress) {
        if (dress.contains("event") || dress.startsWith(": a comment\n\n")) {
            return; // has a name already, or several events
        }
        String event = "event: error\n" + dress.strip().replace("DATA", "{\"message\":\"m\"}");
        for (String text : List.of(event + "\n\n", event + "\nid: 4\n\n",
                "id: 4\n" + event + "\n\n", event.replace("\n", "\r") + "\r\r")) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            ByteBuf buffer = Bytes.buffer(bytes);
            assertThat(stream.glance(buffer, 0, bytes.length, false)).as(text)
                    .isEqualTo(Meaning.ERROR);
            buffer.release();
        }
    }

    @ParameterizedTest
    @MethodSource("dresses")
    void findsWhereAnUnfinishedChunkEndsLikeTheOthers(String dress) {
        byte[] bytes = dress.replace("DATA", DATA.get(1)).getBytes(StandardCharsets.UTF_8);
        ByteBuf buffer = Bytes.buffer(bytes);
        Meaning meaning = stream.glance(buffer, 0, bytes.length, false);
        buffer.release();
        assertThat(meaning).isEqualTo(Meaning.NOTHING);
        assertThat(new String(bytes, stream.unfinishedAt(), 21, StandardCharsets.UTF_8))
                .isEqualTo("\"finish_reason\":null}");
    }
}

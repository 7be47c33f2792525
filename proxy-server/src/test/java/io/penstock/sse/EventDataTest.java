package io.penstock.sse;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.loop.Scratch;
import io.penstock.testing.Bytes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EventDataTest {
    private final EventData data = new EventData();

    private String read(String event) {
        ByteBuf buffer = Bytes.buffer("data: no\n" + event + "data: no\n");
        data.read(buffer, 9, event.length());
        buffer.release();
        return new String(data.bytes(), 0, data.length(), StandardCharsets.ISO_8859_1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', ignoreLeadingAndTrailingWhitespace = false, value = {
        "data: a|a", "data:a|a", "data:  a| a", "data: a:b|a:b", "data|''", "data:|''", "data: |''",
        ": data: a|''", "datax: a|''", "dat: a|''", "id: 7|''", " data: a|''", "Data: a|''",
        "data : a|''"})
    void readsALine(String line, String expected) {
        assertThat(read(line + "\n\n")).isEqualTo(expected);
        assertThat(read(line + "\r\n\r\n")).isEqualTo(expected);
        assertThat(read(line + "\r\r")).isEqualTo(expected);
        assertThat(read(line)).isEqualTo(expected);
    }

    @Test
    void joinsLinesWhateverEndsThem() {
        assertThat(read("data: a\r\ndata\rid: 1\ndata: b\ndata: c\n\n")).isEqualTo("a\n\nb\nc");
        assertThat(read("data\ndata\n\n")).isEqualTo("\n");
    }

    @Test
    void passesOverAByteOrderMark() {
        assertThat(read("\u00ef\u00bb\u00bfdata: a\n\n")).isEqualTo("a");
    }

    @Test
    void keepsNothingOfTheEventBefore() {
        read("event: error\ndata: a\n\n");

        assertThat(read(": ping\n\n")).isEmpty();
        assertThat(data.isNamedError()).isFalse();
    }

    @Test
    void growsToWhateverItReads() {
        String line = "x".repeat(5000);

        assertThat(read("data: " + line + "\ndata: " + line + "\n\n"))
                .isEqualTo(line + "\n" + line);
    }

    @ParameterizedTest
    @CsvSource({"event: error,true", "event:error,true", "event:  error,false",
        "event: errors,false", "event: erro,false", "event,false", "event:,false",
        "xevent: error,false", "event: message,false"})
    void knowsAnEventNamedError(String line, boolean error) {
        read("data: a\n" + line + "\n\n");
        assertThat(data.isNamedError()).isEqualTo(error);
    }

    @Test
    void theLastNameOfAnEventCounts() {
        read("event: error\nevent: message\ndata: a\n\n");
        assertThat(data.isNamedError()).isFalse();
    }

    @Test
    void readsTheTortureFixtureAsTheStandardSays() throws IOException {
        List<String> expected = expectedData();
        for (int size : Bytes.PIECE_SIZES) {
            List<String> read = new ArrayList<>();
            EventSplitter splitter = new EventSplitter(new EventSplitter.Sink() {
                @Override
                public boolean onEvent(ByteBuf buffer, int index, int length) {
                    data.read(buffer, index, length);
                    read.add(new String(data.bytes(), 0, data.length(), StandardCharsets.UTF_8));
                    return true;
                }

                @Override
                public void onOversizedEvent() {
                    throw new AssertionError();
                }
            }, new Scratch());
            for (byte[] piece : Bytes.pieces(Bytes.fixture("sse-torture.sse"), size)) {
                ByteBuf buffer = Bytes.buffer(piece);
                splitter.split(PooledByteBufAllocator.DEFAULT, buffer, 0, piece.length);
                buffer.release();
            }
            splitter.release();
            read.removeIf(String::isEmpty); // comments, and data that is empty
            assertThat(read).isEqualTo(expected);
        }
    }

    private static List<String> expectedData() throws IOException {
        List<String> expected = new ArrayList<>();
        try (JsonParser parser = new JsonFactory()
                .createParser(Bytes.fixture("sse-torture.meta.json"))) {
            while (!"events".equals(parser.nextFieldName())) {
                assertThat(parser.currentToken()).isNotNull();
            }
            parser.nextToken();
            while (parser.nextToken() == JsonToken.START_ARRAY) {
                parser.nextToken();
                String text = parser.nextTextValue();
                if (!text.isEmpty()) {
                    expected.add(text);
                }
                parser.nextToken();
            }
        }
        assertThat(expected).hasSizeGreaterThan(8);
        return expected;
    }
}

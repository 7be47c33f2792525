package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.sse.EventSplitter;
import io.penstock.testing.Bytes;
import io.penstock.translate.EventStreamSplitter.EventStreamException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventStreamSplitterTest implements EventSplitter.Sink {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX = 64 * 1024;

    private final EventStreamSplitter splitter = new EventStreamSplitter(this, MAX);
    private final List<String> messages = new ArrayList<>();

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        EventStreamMessage message = new EventStreamMessage();
        try {
            message.read(buffer, index, length);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        messages.add((message.isEvent() ? message.eventType() : message.errorType()) + " "
                + new String(message.bytes(), message.payloadStart(),
                message.payloadEnd() - message.payloadStart(), StandardCharsets.UTF_8));
        return true;
    }

    @Override
    public void onOversizedEvent() {
        throw new AssertionError("it fails instead");
    }

    private void split(List<byte[]> pieces) throws EventStreamException {
        try {
            for (byte[] piece : pieces) {
                ByteBuf buffer = Bytes.buffer(piece);
                try {
                    splitter.split(PooledByteBufAllocator.DEFAULT, buffer, 0, piece.length);
                } finally {
                    buffer.release();
                }
            }
        } finally {
            splitter.release();
        }
    }

    /** A message without headers; {@code total} and {@code headers} as its prelude has them. */
    private static byte[] message(int total, int headers, byte[] payload) {
        ByteBuffer bytes = ByteBuffer.allocate(16 + payload.length);
        bytes.putInt(total).putInt(headers);
        bytes.putInt(crc(bytes.array(), 8)).put(payload);
        return bytes.putInt(crc(bytes.array(), bytes.position())).array();
    }

    private static int crc(byte[] bytes, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    @Test
    void givesEveryMessageWhereverItIsCut() throws IOException, EventStreamException {
        List<String> expected = new ArrayList<>();
        for (String line : new String(Bytes.fixture("bedrock-converse-stream.jsonl"),
                StandardCharsets.UTF_8).lines().toList()) {
            JsonNode message = JSON.readTree(line);
            expected.add(message.at("/headers/:event-type").asText() + " "
                    + message.get("payload"));
        }
        byte[] stream = Bytes.fixture("bedrock-converse-stream.bin");

        for (int size : Bytes.PIECE_SIZES) {
            messages.clear();
            split(Bytes.pieces(stream, size));
            assertThat(messages).isEqualTo(expected);
        }
        for (int at = 1; at < stream.length; at += 5) {
            messages.clear();
            split(List.of(Arrays.copyOf(stream, at),
                    Arrays.copyOfRange(stream, at, stream.length)));
            assertThat(messages).isEqualTo(expected);
        }
    }

    @Test
    void saysWhereTheLastWholeMessageEnds() throws EventStreamException {
        byte[] one = message(18, 0, new byte[] {'{', '}'});
        ByteBuf buffer = Bytes.buffer(one).writeBytes(one, 0, 7);
        try {
            assertThat(splitter.split(PooledByteBufAllocator.DEFAULT, buffer, 0, 25))
                    .isEqualTo(18);
            assertThat(splitter.isInsideMessage()).isTrue();
        } finally {
            splitter.release();
            buffer.release();
        }
    }

    @Test
    void readsAnException() throws EventStreamException {
        split(List.of(Bytes.fixture("bedrock-stream-exception.bin")));

        assertThat(messages).last().asString().contains("Exception {\"message\":");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 8, 13, 40})
    void failsAtADamagedByte(int at) {
        byte[] bytes = Arrays.copyOf(Bytes.fixture("bedrock-converse-stream.bin"), 150);
        bytes[at] ^= 4;

        for (int size : Bytes.PIECE_SIZES) {
            assertThatThrownBy(() -> split(Bytes.pieces(bytes, size)))
                    .isInstanceOf(EventStreamException.class);
        }
        assertThat(messages).isEmpty();
    }

    @Test
    void failsAtImpossibleLengths() {
        byte[] payload = {'{', '}'};
        for (byte[] bytes : List.of(message(15, 0, payload), message(18, 3, payload),
                message(18, -1, payload), message(-1, 0, payload),
                message(MAX + 1, 0, payload), message(MAX * 8, 129 * 1024, payload))) {
            assertThatThrownBy(() -> split(List.of(bytes)))
                    .isInstanceOf(EventStreamException.class);
        }
    }

    @Test
    void makesRoomForNoMoreThanTheBound() throws EventStreamException {
        byte[] whole = message(MAX, 0, new byte[MAX - 16]);

        split(Bytes.pieces(whole, 1000));

        assertThat(messages).hasSize(1);
    }

    @Test
    void aHeaderBeyondItsBlockIsMalformed() {
        byte[] payload = {9, 'a', 0, 0};
        byte[] bytes = message(20, 4, payload);
        ByteBuf buffer = Bytes.buffer(bytes);
        try {
            assertThatThrownBy(() -> new EventStreamMessage().read(buffer, 0, bytes.length))
                    .isInstanceOf(IOException.class);
        } finally {
            buffer.release();
        }
    }
}

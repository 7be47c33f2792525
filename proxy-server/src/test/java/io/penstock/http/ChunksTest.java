package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.testing.Bytes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChunksTest {
    /** Keeps what is written. */
    private record Sink(boolean takesChunks, StringBuilder taken) implements BodySink {
        @Override
        public void write(ByteBuf bytes) {
            taken.append(Bytes.drain(bytes));
        }

        @Override
        public long pendingBytes() {
            return 0;
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "255, ff", "65536, 10000", "9223372036854775807, 7fffffffffffffff"})
    void beginsWithTheLength(long length, String hex) {
        ByteBuf made = Chunks.begin(PooledByteBufAllocator.DEFAULT, length);
        assertThat(made.readableBytes() + 2).isLessThanOrEqualTo(Chunks.FRAME_BYTES);
        assertThat(Bytes.drain(made)).isEqualTo(hex + "\r\n");
    }

    @Test
    void framesOnlyForASinkThatTakesChunks() {
        for (boolean takesChunks : new boolean[] {false, true}) {
            Sink sink = new Sink(takesChunks, new StringBuilder());
            Chunks.write(sink, PooledByteBufAllocator.DEFAULT, Bytes.buffer("0123456789abcdef"));
            Chunks.writeLast(sink);
            assertThat(sink.taken).hasToString(takesChunks
                    ? "10\r\n0123456789abcdef\r\n0\r\n\r\n" : "0123456789abcdef");
        }
    }

    @Test
    void framesWithinOneBuffer() {
        ByteBuf out = Chunks.begin(Bytes.buffer(""), 2).writeBytes(Bytes.latin1("ab"));
        assertThat(Bytes.drain(Chunks.end(out))).isEqualTo("2\r\nab\r\n");
    }
}

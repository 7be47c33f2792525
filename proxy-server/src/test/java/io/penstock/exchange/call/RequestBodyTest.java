package io.penstock.exchange.call;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.limit.Gauge;
import io.penstock.testing.Bytes;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RequestBodyTest {
    private static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;

    private final Gauge memory = new Gauge(200 * 1024);
    private final RequestBody body = new RequestBody(memory);

    @AfterEach
    void release() {
        body.release();
        body.release();
        assertThat(memory.used()).isZero();
    }

    private String copy(long start, long end, String replacement) {
        BodyEdits edits = new BodyEdits();
        return copy(replacement == null ? edits
                : edits.replace(start, end, Bytes.latin1(replacement)));
    }

    private String copy(BodyEdits edits) {
        ByteBuf out = ALLOCATOR.directBuffer();
        body.copyTo(out, edits);
        assertThat(out.readableBytes()).isEqualTo((int) body.lengthWith(edits));
        return Bytes.drain(out);
    }

    private void fill(List<byte[]> pieces) {
        body.release();
        for (byte[] piece : pieces) {
            assertThat(body.add(ALLOCATOR, Bytes.buffer(piece))).isTrue();
        }
    }

    @Test
    void replacesAValueHoweverTheBodyCame() {
        String text = "{\"model\":\"fast\",\"x\":1}";
        int start = text.indexOf("\"fast\"");
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1(text))) {
            fill(split);
            assertThat(body.length()).isEqualTo(text.length());
            for (int i = 0; i < 2; i++) { // once for each target
                assertThat(copy(start, start + 6, "\"gpt-4o\""))
                        .isEqualTo("{\"model\":\"gpt-4o\",\"x\":1}");
            }
            assertThat(copy(0, 0, null)).isEqualTo(text);
            assertThat(copy(0, 1, "[")).startsWith("[\"m");
            assertThat(copy(text.length() - 1, text.length(), "]")).endsWith(":1]");
        }
    }

    @Test
    void makesSeveralEditsInTheOrderOfTheBody() {
        String text = "{\"model\":\"fast\",\"stream_options\":{}}";
        BodyEdits edits = new BodyEdits()
                .replace(text.indexOf("{}"), text.indexOf("{}") + 2, Bytes.latin1("{\"a\":1}"))
                .replace(text.indexOf("\"fast\"") + 6, text.indexOf("\"fast\"") + 6,
                        Bytes.latin1(",\"x\":2"))
                .replace(text.indexOf("\"fast\""), text.indexOf("\"fast\"") + 6,
                        Bytes.latin1("\"gpt-4o\""));
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1(text))) {
            fill(split);
            assertThat(copy(edits)).isEqualTo(
                    "{\"model\":\"gpt-4o\",\"x\":2,\"stream_options\":{\"a\":1}}");
        }
    }

    @Test
    void putsSmallPiecesTogetherSoThatTheyPinNoReadBuffers() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 3000; i++) {
            ByteBuf large = ALLOCATOR.directBuffer(4096).writeBytes(Bytes.latin1("piece " + i));
            text.append("piece ").append(i);
            assertThat(body.add(ALLOCATOR, large)).isTrue();
            assertThat(large.refCnt()).isEqualTo(i == 0 ? 1 : 0);
        }
        assertThat(copy(0, 0, null)).isEqualTo(text.toString());
        assertThat(body.length()).isEqualTo(text.length());
    }

    private static final class CountingAllocator extends AbstractByteBufAllocator {
        private int buffers;

        @Override
        protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
            buffers++;
            return ALLOCATOR.heapBuffer(initialCapacity, maxCapacity);
        }

        @Override
        protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
            buffers++;
            return ALLOCATOR.directBuffer(initialCapacity, maxCapacity);
        }

        @Override
        public boolean isDirectBufferPooled() {
            return true;
        }
    }

    @Test
    void keepsABodyOfSingleBytesInFewBuffers() {
        int bytes = 20_000;
        CountingAllocator counting = new CountingAllocator();
        List<ByteBuf> pieces = new ArrayList<>();
        for (int i = 0; i < bytes; i++) {
            // full: no room wasted
            ByteBuf piece = Bytes.buffer(new byte[] {(byte) ('a' + i % 26)});
            assertThat(body.add(counting, piece)).isTrue();
            pieces.add(piece);
        }
        long kept = pieces.stream().filter(piece -> piece.refCnt() > 0).count();

        assertThat(kept + counting.buffers).as("buffers").isLessThanOrEqualTo(4);
        assertThat(body.length()).isEqualTo(bytes);
        assertThat(copy(0, 0, null)).hasSize(bytes).startsWith("abcdefghijklmnopqrstuvwxyzab");
    }

    @Test
    void keepsTheOrderOfSmallAndLargePieces() {
        String large = "L".repeat(1000);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 10; i++) {
            body.add(ALLOCATOR, Bytes.buffer(large));
            body.add(ALLOCATOR, ALLOCATOR.directBuffer(4096).writeBytes(Bytes.latin1("s" + i)));
            text.append(large).append('s').append(i);
        }
        assertThat(copy(0, 0, null)).isEqualTo(text.toString());
    }

    @Test
    void asksForMemoryOnlyBeyondWhatIsFree() {
        fill(List.of(new byte[RequestBody.FREE_BYTES]));
        assertThat(memory.used()).isZero();
        assertThat(body.add(ALLOCATOR, Bytes.buffer(new byte[1000]))).isTrue();
        assertThat(memory.used()).isEqualTo(1000);
    }

    @Test
    void takesNothingWhereThereIsNoMemory() {
        memory.setMax(10);
        fill(List.of(new byte[RequestBody.FREE_BYTES]));
        ByteBuf more = Bytes.buffer(new byte[11]);

        assertThat(body.add(ALLOCATOR, more)).isFalse();
        assertThat(more.refCnt()).isZero();
        assertThat(body.length()).isEqualTo(RequestBody.FREE_BYTES);
        assertThat(memory.used()).isZero();
        assertThat(body.add(ALLOCATOR, Bytes.buffer(new byte[10]))).isTrue();
    }

    @Test
    void givesTheWholeOfALargeBodyWithoutACopy() {
        String large = "L".repeat(9000);
        for (int pieces = 1; pieces <= 40; pieces += 13) {
            body.release();
            for (int i = 0; i < pieces; i++) {
                body.add(ALLOCATOR, Bytes.buffer("<" + i + large));
            }
            CountingAllocator counting = new CountingAllocator();
            BodyEdits edits = new BodyEdits().replace(0, 2, Bytes.latin1("[new]"));

            ByteBuf whole = body.whole(counting, edits);

            assertThat(whole.readableBytes()).isEqualTo((int) body.lengthWith(edits));
            assertThat(Bytes.drain(whole)).isEqualTo(copy(edits)).startsWith("[new]LLL");
            assertThat(counting.buffers).isZero();
        }
    }

    @Test
    void knowsABodyThatFitsBehindItsHead() {
        fill(List.of(new byte[4096]));
        assertThat(body.isSmall()).isTrue();
        body.add(ALLOCATOR, Bytes.buffer(new byte[1]));
        assertThat(body.isSmall()).isFalse();
    }

    @Test
    void isEmptyAfterItsRelease() {
        fill(List.of(new byte[100], new byte[100]));
        body.release();
        assertThat(body.length()).isZero();
        assertThat(copy(0, 0, null)).isEmpty();
    }
}

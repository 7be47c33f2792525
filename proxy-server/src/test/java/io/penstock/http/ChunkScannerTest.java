package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.penstock.http.ChunkScanner.Step;
import io.penstock.testing.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkScannerTest {
    private static final String CHUNKS =
            "5\r\nhello\r\n1;a=\"b c\";d\r\n \r\n0006\r\nworld!\r\nA\r\n0123456789\r\n";
    private static final String DATA = "hello| |world!|0123456789|";

    private final ChunkScanner scanner = new ChunkScanner();

    private String scan(List<byte[]> pieces, String excess) throws HttpSyntaxException {
        scanner.reset();
        StringBuilder data = new StringBuilder();
        StringBuilder left = new StringBuilder();
        Step step = Step.MORE;
        for (byte[] piece : pieces) {
            ByteBuf buffer = Bytes.buffer("??").writeBytes(piece); // indexes need not start at 0
            try {
                step = scan(buffer, data);
                left.append(text(buffer, scanner.position(), buffer.writerIndex()));
            } finally {
                buffer.release();
            }
        }
        assertThat(step).isEqualTo(Step.END);
        assertThat(left.toString()).isEqualTo(excess);
        return data.toString();
    }

    /** Appends the data, and a stroke for every end of a chunk. */
    private Step scan(ByteBuf buffer, StringBuilder data) throws HttpSyntaxException {
        int at = 2;
        while (true) {
            Step step = scanner.next(buffer, at, buffer.writerIndex());
            if (scanner.chunkEnd() >= 0) {
                assertThat(buffer.getByte(scanner.chunkEnd() - 1)).isEqualTo((byte) '\n');
                data.append('|');
            }
            at = scanner.position();
            if (step != Step.DATA) {
                return step;
            }
            assertThat(scanner.dataLength()).isPositive();
            assertThat(scanner.dataStart() + scanner.dataLength()).isEqualTo(at);
            data.append(text(buffer, scanner.dataStart(), at));
        }
    }

    private static String text(ByteBuf buffer, int start, int end) {
        return buffer.toString(start, end - start, StandardCharsets.ISO_8859_1);
    }

    private void refuse(String body) {
        for (int size : Bytes.PIECE_SIZES) {
            assertThatThrownBy(() -> scan(Bytes.pieces(Bytes.latin1(body), size), ""))
                    .as("in pieces of " + size).isInstanceOf(HttpSyntaxException.class);
        }
    }

    @Test
    void findsTheDataHoweverItComes() throws Exception {
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1(CHUNKS + "0\r\n\r\n"))) {
            assertThat(scan(split, "")).isEqualTo(DATA);
            assertThat(scanner.hasTrailers()).isFalse();
        }
    }

    @Test
    void skipsATrailerSectionHoweverItComes() throws Exception {
        String body = CHUNKS + "000;last\r\nExpires: never\r\nX: \r\n\r\n";
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1(body))) {
            assertThat(scan(split, "")).isEqualTo(DATA);
            assertThat(scanner.hasTrailers()).isTrue();
        }
    }

    @Test
    void stopsBehindTheBody() throws Exception {
        String next = "POST / HTTP/1.1\r\n\r\n";
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1("1\r\na\r\n0\r\n\r\n" + next))) {
            assertThat(scan(split, next)).isEqualTo("a|");
        }
    }

    @Test
    void knowsABodyOfNothing() throws Exception {
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1("0\r\n\r\n"))) {
            assertThat(scan(split, "")).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"g\r\n", "0x1\r\na\r\n", "+1\r\na\r\n", "-1\r\na\r\n", " 1\r\na\r\n",
        "1 \r\na\r\n", "\r\na\r\n", ";a\r\n", "1\na\r\n", "1\r\na\n", "1\r\nab\r\n", "1\r\na\rb",
        "1\rxa", "1234567890abcdef\r\n", "1;a\nb\r\n", "1;a\0\r\n", "1;\"a\r\nb\"\r\n", "1,2\r\n",
        "1;a\rb\r\n", "0\r\n\n", "0\r\na: b\n\r\n", "0\r\na: b\rc\r\n\r\n", "0\r\n\0\r\n\r\n",
        "0\n\n", "1\r\na0\r\n\r\n"})
    void refusesMalformedFraming(String body) {
        refuse(body);
    }

    @Test
    void takesTheLongestSizeThereIs() throws Exception {
        ByteBuf buffer = Bytes.buffer("fffffffffffffff\r\nab");
        scanner.reset();
        assertThat(scanner.next(buffer, 0, buffer.writerIndex())).isEqualTo(Step.DATA);
        assertThat(scanner.dataLength()).isEqualTo(2);
        buffer.release();
    }

    @Test
    void boundsExtensions() throws Exception {
        String longest = "1;" + "x".repeat(ChunkScanner.MAX_SIZE_LINE - 1);
        assertThat(scan(List.of(Bytes.latin1(longest + "\r\na\r\n0\r\n\r\n")), ""))
                .isEqualTo("a|");
        refuse(longest + "xx\r\na\r\n0\r\n\r\n");
    }

    @Test
    void boundsTrailers() throws Exception {
        String longest = "0\r\n" + "x".repeat(ChunkScanner.MAX_TRAILER);
        assertThat(scan(List.of(Bytes.latin1(longest + "\r\n\r\n")), "")).isEmpty();
        refuse(longest + "x\r\n\r\n");
        refuse("0\r\n" + "a: b\r\n".repeat(ChunkScanner.MAX_TRAILER / 4 + 1) + "\r\n");
    }

    @Test
    void tellsWhereAChunkEnds() throws Exception {
        ByteBuf buffer = Bytes.buffer("a\r\n0123456789\r\n");
        scanner.reset();
        assertThat(scanner.isBetweenChunks()).isTrue();
        scanner.next(buffer, 0, 1);
        assertThat(scanner.isBetweenChunks()).isFalse();
        scanner.next(buffer, 1, 13);
        assertThat(scanner.isBetweenChunks()).isFalse();
        assertThat(scanner.next(buffer, 13, 15)).isEqualTo(Step.MORE);
        assertThat(scanner.chunkEnd()).isEqualTo(15);
        buffer.release();
    }

    @Test
    void knowsTheLastChunkFromItsSizeOn() throws Exception {
        String body = "a\r\n0123456789\r\n0;x\r\n\r\n";
        ByteBuf buffer = Bytes.buffer(body);
        int last = body.indexOf("0;x");
        scanner.reset();
        for (int at = 0; at < body.length(); at++) {
            scanner.next(buffer, at, at + 1);
            assertThat(scanner.isInLastChunk()).as("at " + at).isEqualTo(at >= last);
        }
        buffer.release();
    }
}

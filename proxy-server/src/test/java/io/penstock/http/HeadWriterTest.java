package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HeadWriterTest {
    private final HeadWriter writer = new HeadWriter();

    @Test
    void putsAHeadTogether() {
        writer.bytes("HTTP/1.1 200 OK\r\n".getBytes(StandardCharsets.US_ASCII))
                .text("a: ").number(7).crlf().crlf();

        assertThat(writer.toString()).isEqualTo("HTTP/1.1 200 OK\r\na: 7\r\n\r\n");
        assertThat(writer.length()).isEqualTo(25);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 9, 10, 99, 100, 1234567890123L, Long.MAX_VALUE, -1, -42})
    void writesNumbersInDecimal(long number) {
        assertThat(writer.number(number).toString()).isEqualTo(Long.toString(number));
    }

    @ParameterizedTest
    @CsvSource({"0,0.000", "999,0.000", "1000,0.001", "12345678,12.345", "1000000,1.000",
        "60000050000,60000.050"})
    void writesNanosecondsAsMilliseconds(long nanos, String expected) {
        assertThat(writer.millis(nanos).toString()).isEqualTo(expected);
    }

    @Test
    void growsToWhateverItHolds() {
        String text = "x".repeat(3000);
        for (int i = 0; i < 4; i++) {
            writer.text(text).crlf().millis(1000).number(5);
        }

        assertThat(writer.toString()).isEqualTo((text + "\r\n0.0015").repeat(4));
    }

    @Test
    void isEmptyAfterDrainingAndAfterClearing() {
        ByteBuf out = Unpooled.buffer();
        writer.text("abc").drainTo(out);
        assertThat(out.toString(StandardCharsets.ISO_8859_1)).isEqualTo("abc");
        assertThat(writer.length()).isZero();

        assertThat(writer.text("def").clear().text("\u00e9").toString()).isEqualTo("\u00e9");
    }

    @Test
    void drainsIntoAnArrayToo() {
        byte[] out = new byte[8];

        assertThat(writer.text("abc").drainTo(out)).isEqualTo(3);
        assertThat(out).startsWith('a', 'b', 'c', 0);
        assertThat(writer.length()).isZero();
    }

    @Test
    void leavesOutTheLinesOfSomeNames() {
        byte[] lines = "xx: y\r\nA: 1\r\nx-Sign: 2\r\nx-sig: 3\r\nb: x-sign: 4\r\n"
                .getBytes(StandardCharsets.US_ASCII);

        assertThat(writer.linesWithout(Set.of("x-sign", "a"), lines, 7, lines.length).toString())
                .isEqualTo("x-sig: 3\r\nb: x-sign: 4\r\n");
    }
}

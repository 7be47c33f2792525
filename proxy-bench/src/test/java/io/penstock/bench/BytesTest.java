package io.penstock.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class BytesTest {
    @Test
    void findsTheFirstLineFeedAtAnyPlace() {
        for (int length = 0; length < 40; length++) {
            for (int at = 0; at < length; at++) {
                byte[] bytes = new byte[length];
                Arrays.fill(bytes, (byte) 0x8A); // a line feed but for its highest bit
                bytes[at] = '\n';
                bytes[length - 1] = '\n';

                assertThat(Bytes.indexOfNewline(bytes, 0, length)).isEqualTo(at);
                assertThat(Bytes.indexOfNewline(bytes, 0, at)).isEqualTo(-1);
            }
        }
    }
}

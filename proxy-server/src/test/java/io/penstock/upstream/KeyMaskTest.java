package io.penstock.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.testing.Bytes;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyMaskTest {
    private final KeyMask mask = new KeyMask(List.of(new KeySettings("sk-0123456789abcdef", 1),
            new KeySettings("short", 1), new KeySettings("a/b/cdefghijklmnop", 1)));

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
        "wrong key: sk-0123456789abcdef.; wrong key: ***************cdef.",
        "sk-0123456789abcdefsk-0123456789abcdef; ***************cdef***************cdef",
        "sk-0sk-0123456789abcdef; sk-0***************cdef",
        "{\"key\":\"short\"}; {\"key\":\"*****\"}",
        "a/b/cdefghijklmnop; **************mnop",
        "\"a\\/b\\/cdefghijklmnop\"; \"****************mnop\"",
    })
    void hidesKeysAndKeepsTheLength(String body, String expected) {
        for (int size : Bytes.PIECE_SIZES) {
            CompositeByteBuf whole = PooledByteBufAllocator.DEFAULT.compositeDirectBuffer(1000);
            Bytes.pieces(Bytes.latin1("x" + body), size)
                    .forEach(piece -> whole.addComponent(true, Bytes.buffer(piece)));
            whole.readByte();

            assertThat(mask.mask(whole)).isTrue();

            assertThat(Bytes.drain(whole)).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource({"sk-0123456789abcde", "Incorrect API key provided: sk-01*********cdef", "''",
        "shor t", "SHORT"})
    void leavesEverythingElse(String body) {
        ByteBuf bytes = Bytes.buffer(body);

        assertThat(mask.mask(bytes)).isFalse();

        assertThat(Bytes.drain(bytes)).isEqualTo(body);
    }
}

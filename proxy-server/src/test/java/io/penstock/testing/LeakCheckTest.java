package io.penstock.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeakCheckTest {
    @BeforeEach
    void keepQuiet() {
        RecordingLeakDetector.keepQuiet(true);
    }

    @AfterEach
    void speakUp() {
        RecordingLeakDetector.keepQuiet(false);
    }

    @ParameterizedTest
    @ValueSource(strings = {"default", "pooled", "unpooled"})
    void catchesABufferThatNobodyReleased(String kind) {
        leak(switch (kind) {
            case "pooled" -> PooledByteBufAllocator.DEFAULT;
            case "unpooled" -> UnpooledByteBufAllocator.DEFAULT;
            default -> ByteBufAllocator.DEFAULT;
        });

        assertThatThrownBy(() -> LeakCheck.check("a class"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("1 leaked by the end of a class")
                .hasMessageContaining("ByteBuf")
                .hasMessageContaining("LeakCheckTest.leak")
                .hasMessageContaining("made during " + LeakCheckTest.class.getName());
    }

    @Test
    void catchesASliceThatNobodyReleased() {
        sliceAndForget();

        assertThatThrownBy(() -> LeakCheck.check("a class"))
                .hasMessageContaining("LeakCheckTest.sliceAndForget");
    }

    @Test
    void forgetsWhatItHasTold() throws InterruptedException {
        leak(ByteBufAllocator.DEFAULT);

        assertThat(RecordingLeakDetector.takeLeaks()).hasSize(1);
        assertThat(RecordingLeakDetector.takeLeaks()).isEmpty();
    }

    @Test
    void letsReleasedAndLivingBuffersPass() {
        ByteBuf living = ByteBufAllocator.DEFAULT.buffer();
        ByteBufAllocator.DEFAULT.buffer().release();
        Unpooled.copiedBuffer(new byte[10]).release();

        assertThatCode(() -> LeakCheck.check("a class")).doesNotThrowAnyException();

        living.release();
    }

    private static void leak(ByteBufAllocator allocator) {
        allocator.directBuffer(100 + allocator.getClass().getName().length()).writeByte(1);
    }

    private static void sliceAndForget() {
        ByteBuf whole = ByteBufAllocator.DEFAULT.directBuffer().writeInt(1);
        whole.retainedSlice(0, 2);
        whole.release();
    }
}

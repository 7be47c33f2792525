package io.penstock.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.testing.Bytes;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrameFollowerTest {
    private static void follow(FrameFollower follower, byte[] bytes) {
        ByteBuf piece = Bytes.buffer(bytes);
        try {
            follower.follow(piece);
        } finally {
            piece.release();
        }
    }

    private static byte[] frame(int opcode, boolean masked, int length) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(opcode);
        int mask = masked ? 128 : 0;
        if (length < 126) {
            out.write(mask | length);
        } else if (length < 65536) {
            out.write(mask | 126);
            out.write(length >> 8);
            out.write(length);
        } else {
            out.write(mask | 127);
            out.writeBytes(new byte[5]);
            out.write(length >> 16);
            out.write(length >> 8);
            out.write(length);
        }
        out.writeBytes(new byte[(masked ? 4 : 0) + length]);
        return out.toByteArray();
    }

    @ParameterizedTest
    @CsvSource({"0,false", "0,true", "1,true", "125,false", "125,true", "126,false", "126,true",
        "300,true", "65535,false", "65536,true", "70000,false"})
    void knowsWhereAFrameEnds(int length, boolean masked) {
        byte[] frame = frame(0x82, masked, length);
        for (int size : Bytes.PIECE_SIZES) {
            FrameFollower follower = new FrameFollower();
            int at = 0;
            for (int i = 0; i < 2; i++) {
                for (byte[] piece : Bytes.pieces(frame, size)) {
                    follow(follower, piece);
                    at += piece.length;
                    assertThat(follower.canBeClosed()).as(at + " in pieces of " + size)
                            .isEqualTo(at % frame.length == 0);
                }
            }
        }
    }

    @Test
    void canBeClosedBeforeAnyFrame() {
        assertThat(new FrameFollower().canBeClosed()).isTrue();
    }

    @Test
    void addsNothingBehindAGoodbye() {
        FrameFollower follower = new FrameFollower();
        follow(follower, frame(0x88, false, 2));

        assertThat(follower.canBeClosed()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 11})
    void addsNothingToWhatIsNoFrame(int more) {
        FrameFollower follower = new FrameFollower();
        byte[] endless = new byte[10 + more];
        Arrays.fill(endless, (byte) 0x7f);
        endless[2] = (byte) 0x80;
        follow(follower, endless);

        assertThat(follower.canBeClosed()).isFalse();
    }
}

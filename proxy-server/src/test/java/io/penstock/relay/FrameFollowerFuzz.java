package io.penstock.relay;

import static io.penstock.testing.FuzzInput.checkSame;

import io.netty.buffer.ByteBuf;
import io.penstock.testing.FuzzInput;

/** Frames of a WebSocket: between two of them exactly where RFC 6455 section 5.2 says so. */
public final class FrameFollowerFuzz {
    private FrameFollowerFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) {
        try (FuzzInput input = new FuzzInput(data)) {
            byte[] bytes = input.bytes();
            FrameFollower follower = new FrameFollower();
            ByteBuf buffer = input.buffer();
            try {
                int at = 0;
                for (int cut : input.cuts(bytes.length)) {
                    follower.follow(buffer.slice(buffer.readerIndex() + at, cut - at));
                    checkSame(follower.canBeClosed(), isBetween(bytes, cut), "at " + cut);
                    at = cut;
                }
            } finally {
                buffer.release();
            }
        }
    }

    /** Whether the first {@code length} bytes are whole frames, none of which closes. */
    private static boolean isBetween(byte[] bytes, int length) {
        long at = 0;
        while (at < length) {
            int frame = (int) at;
            if (length - frame < 2) {
                return false;
            }
            int size = bytes[frame + 1] & 127;
            int extended = size == 126 ? 2 : size == 127 ? 8 : 0;
            int head = 2 + extended + (bytes[frame + 1] < 0 ? 4 : 0);
            if ((bytes[frame] & 15) == 8 || length - frame < head) {
                return false;
            }
            long payload = extended == 0 ? size : 0;
            for (int i = 0; i < extended; i++) {
                payload = payload << 8 | bytes[frame + 2 + i] & 0xff;
            }
            if (payload < 0 || payload > length - frame - head) {
                return false;
            }
            at = frame + head + payload;
        }
        return true;
    }
}

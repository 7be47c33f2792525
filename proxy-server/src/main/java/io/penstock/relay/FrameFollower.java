package io.penstock.relay;

import io.netty.buffer.ByteBuf;

/**
 * Follows the frames of one direction of a WebSocket (RFC 6455 section 5.2) through bytes that come
 * in any pieces, only to know where one ends: there, and nowhere else, a frame can be added.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Buffers:</b> borrows.
 */
final class FrameFollower {
    private static final int CLOSE = 8;
    private static final int LENGTH_OF_TWO_BYTES = 126;
    private static final int LENGTH_OF_EIGHT_BYTES = 127;

    private int headBytes; // of the head that is being read
    private int headLength;
    private int lengthEnd; // in the head, behind the bytes that count
    private long length;
    private long left; // of the payload
    private boolean closeSeen;
    private boolean lost; // these are no frames

    /** Follows the frames through the readable bytes. */
    void follow(ByteBuf bytes) {
        int at = bytes.readerIndex();
        int end = bytes.writerIndex();
        while (at < end && !lost) {
            if (left > 0) {
                long skipped = Math.min(left, end - at);
                left -= skipped;
                at += (int) skipped;
            } else {
                readHead(bytes.getByte(at++));
            }
        }
    }

    private void readHead(byte b) {
        switch (headBytes++) {
            case 0 -> {
                closeSeen |= (b & 15) == CLOSE;
                headLength = 2;
            }
            case 1 -> {
                int size = b & 127;
                lengthEnd = size == LENGTH_OF_TWO_BYTES ? 4 : size == LENGTH_OF_EIGHT_BYTES ? 10
                        : 2;
                headLength = lengthEnd + (b < 0 ? 4 : 0); // with a mask
                length = lengthEnd == 2 ? size : 0;
            }
            default -> length = headBytes <= lengthEnd ? length << 8 | b & 0xff : length;
        }
        if (headBytes == headLength && headBytes > 1) {
            headBytes = 0;
            left = length;
            lost = length < 0;
        }
    }

    /** Whether a frame could be added here: none is half through, and none has said goodbye. */
    boolean canBeClosed() {
        return headBytes == 0 && left == 0 && !closeSeen && !lost;
    }
}

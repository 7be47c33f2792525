package io.penstock.testing;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocatorMetric;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.Arrays;
import java.util.Random;

/**
 * What a fuzz target is given: two bytes that choose how it is run, then the bytes to be read. The
 * first says how these are cut, the second is the target's own. A target throws when a property
 * does not hold; see {@code docs/fuzzing.md}.
 *
 * <p><b>Buffers:</b> all that a target uses come from {@link #allocator}, and {@link #close} finds
 * those that were not released.
 */
public final class FuzzInput implements AutoCloseable {
    private static final int[] PIECE_SIZES = {Integer.MAX_VALUE, 1, 2, 3, 7};
    private static final int PAD_BYTES = 3; // so that no index is an offset by chance

    private static final int SHOWN_CHARS = 200;

    private final UnpooledByteBufAllocator allocator =
            new UnpooledByteBufAllocator(false, true); // counted here, not watched
    private final byte[] bytes;
    private final int cut;
    private final int choice;

    public FuzzInput(byte[] input) {
        cut = input.length > 0 ? input[0] & 0xff : 0;
        choice = input.length > 1 ? input[1] & 0xff : 0;
        bytes = input.length > 2 ? Arrays.copyOfRange(input, 2, input.length) : new byte[0];
    }

    /** The bytes to be read; not to be changed. */
    public byte[] bytes() {
        return bytes;
    }

    /** Eight bits for the target. */
    public int choice() {
        return choice;
    }

    public boolean chooses(int bit) {
        return (choice >> bit & 1) != 0;
    }

    public UnpooledByteBufAllocator allocator() {
        return allocator;
    }

    /** Gives all the bytes in one direct buffer that begins somewhere. */
    public ByteBuf buffer() {
        return buffer(bytes);
    }

    public ByteBuf buffer(byte[] any) {
        return allocator.directBuffer(PAD_BYTES + any.length).writeZero(PAD_BYTES).writeBytes(any)
                .skipBytes(PAD_BYTES);
    }

    /** Where the pieces end in which {@code length} bytes come: the last is {@code length}. */
    public int[] cuts(int length) {
        int[] ends = new int[Math.max(1, length)];
        Random random = new Random(cut);
        int count = 0;
        int at = 0;
        int mode = cut % 8;
        while (at < length) {
            int size = mode < PIECE_SIZES.length ? PIECE_SIZES[mode]
                    : random.nextBoolean() ? 1 + random.nextInt(4) : 1 + random.nextInt(60);
            at += Math.min(size, length - at);
            ends[count++] = at;
        }
        return Arrays.copyOf(ends, count);
    }

    /** All at once. */
    public static int[] whole(int length) {
        return length == 0 ? new int[0] : new int[] {length};
    }

    /** Throws if {@code holds} is false. */
    public static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    /** Throws if the two differ. */
    public static void checkSame(Object actual, Object expected, String what) {
        if (actual == null ? expected != null : !actual.equals(expected)) {
            String a = String.valueOf(actual);
            String b = String.valueOf(expected);
            int at = 0;
            while (at < Math.min(a.length(), b.length()) && a.charAt(at) == b.charAt(at)) {
                at++;
            }
            throw new AssertionError(what + ", from character " + at + ":\n  " + around(a, at)
                    + "\nis not\n  " + around(b, at));
        }
    }

    private static String around(String text, int at) {
        return text.substring(Math.max(0, at - SHOWN_CHARS),
                Math.min(text.length(), at + SHOWN_CHARS));
    }

    /** Throws if a buffer is left. */
    @Override
    public void close() {
        ByteBufAllocatorMetric left = allocator.metric();
        check(left.usedDirectMemory() == 0 && left.usedHeapMemory() == 0, "leaked " + left);
    }
}

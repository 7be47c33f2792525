package io.penstock.testing;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Bytes for tests of parsers: whole, in pieces, and out of the fixtures. */
public final class Bytes {
    /** The sizes of the pieces in which every parser gets its input; the last means all at once. */
    public static final List<Integer> PIECE_SIZES = List.of(1, 2, 3, 7, Integer.MAX_VALUE);

    private Bytes() {}

    /** The bytes of a text of ISO 8859-1 characters. */
    public static byte[] latin1(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Gives a direct buffer, as a channel would read it. */
    public static ByteBuf buffer(byte[] bytes) {
        return PooledByteBufAllocator.DEFAULT.directBuffer(Math.max(1, bytes.length))
                .writeBytes(bytes);
    }

    public static ByteBuf buffer(String latin1) {
        return buffer(latin1(latin1));
    }

    /** What is readable in a buffer, which is released. */
    public static String drain(ByteBuf bytes) {
        try {
            return bytes.toString(StandardCharsets.ISO_8859_1);
        } finally {
            bytes.release();
        }
    }

    /** The bytes in pieces of that size. */
    public static List<byte[]> pieces(byte[] bytes, int size) {
        List<byte[]> pieces = new ArrayList<>();
        for (int at = 0; at < bytes.length; at += Math.min(size, bytes.length - at)) {
            pieces.add(Arrays.copyOfRange(bytes, at, at + Math.min(size, bytes.length - at)));
        }
        return pieces;
    }

    /**
     * Every way of cutting the bytes that is tried: in pieces of each of the sizes, and in two at
     * each boundary.
     */
    public static List<List<byte[]>> allSplits(byte[] bytes) {
        List<List<byte[]>> splits = new ArrayList<>();
        PIECE_SIZES.forEach(size -> splits.add(pieces(bytes, size)));
        for (int at = 1; at < bytes.length; at++) {
            splits.add(List.of(Arrays.copyOf(bytes, at),
                    Arrays.copyOfRange(bytes, at, bytes.length)));
        }
        return splits;
    }

    /** A file of {@code src/test/resources/fixtures}. */
    public static byte[] fixture(String name) {
        try (InputStream in = Bytes.class.getResourceAsStream("/fixtures/" + name)) {
            if (in == null) {
                throw new IllegalArgumentException("no fixture " + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

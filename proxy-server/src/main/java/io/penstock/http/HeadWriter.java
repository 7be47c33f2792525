package io.penstock.http;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;

/**
 * Where a head is put together before it is written: an array that grows to the longest head seen.
 *
 * <p><b>Thread:</b> confined to the event loop, which uses one for all its connections.
 */
public final class HeadWriter {
    private byte[] bytes = new byte[2048];
    private int length;

    public HeadWriter clear() {
        length = 0;
        return this;
    }

    public int length() {
        return length;
    }

    public HeadWriter bytes(byte[] source) {
        return bytes(source, 0, source.length);
    }

    public HeadWriter bytes(byte[] source, int start, int end) {
        ensure(end - start);
        System.arraycopy(source, start, bytes, length, end - start);
        length += end - start;
        return this;
    }

    /** Appends field lines without those that have one of these names. */
    public HeadWriter linesWithout(Set<String> names, byte[] source, int start, int end) {
        int line = start;
        while (line < end) {
            int colon = line;
            while (source[colon] != ':') {
                colon++;
            }
            int next = colon;
            while (source[next] != '\n') {
                next++;
            }
            next++;
            String name = new String(source, line, colon - line, StandardCharsets.ISO_8859_1);
            if (!names.contains(name.toLowerCase(Locale.ROOT))) {
                bytes(source, line, next);
            }
            line = next;
        }
        return this;
    }

    /** ISO 8859-1; whoever calls it has made sure that no control character is in it. */
    @SuppressWarnings("deprecation") // getBytes(int, int, byte[], int): the cheap copy of low bytes
    public HeadWriter text(String text) {
        int size = text.length();
        ensure(size);
        text.getBytes(0, size, bytes, length);
        length += size;
        return this;
    }

    public HeadWriter number(long number) {
        if (number < 0) {
            return text("-").number(-number);
        }
        int digits = 1;
        for (long rest = number; rest >= 10; rest /= 10) {
            digits++;
        }
        ensure(digits);
        long rest = number;
        for (int at = length + digits - 1; at >= length; at--) {
            bytes[at] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        length += digits;
        return this;
    }

    /** Nanoseconds as milliseconds with three decimals. */
    public HeadWriter millis(long nanos) {
        long micros = nanos / 1000;
        number(micros / 1000);
        ensure(4);
        bytes[length++] = '.';
        bytes[length++] = (byte) ('0' + micros / 100 % 10);
        bytes[length++] = (byte) ('0' + micros / 10 % 10);
        bytes[length++] = (byte) ('0' + micros % 10);
        return this;
    }

    /** 16 hexadecimal digits, in lower case. */
    public HeadWriter hex(long bits) {
        ensure(16);
        for (int shift = 60; shift >= 0; shift -= 4) {
            int digit = (int) (bits >>> shift & 15);
            bytes[length++] = (byte) (digit < 10 ? '0' + digit : 'a' + digit - 10);
        }
        return this;
    }

    public HeadWriter crlf() {
        ensure(2);
        bytes[length++] = '\r';
        bytes[length++] = '\n';
        return this;
    }

    /** Appends what was written to {@code out}. */
    public void drainTo(ByteBuf out) {
        out.writeBytes(bytes, 0, length);
        length = 0;
    }

    /**
     * Copies what was written to the beginning of {@code out}, if there is room; returns the
     * length.
     */
    public int drainTo(byte[] out) {
        System.arraycopy(bytes, 0, out, 0, length);
        int written = length;
        length = 0;
        return written;
    }

    @Override
    public String toString() {
        return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
    }

    private void ensure(int more) {
        if (length + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
        }
    }
}

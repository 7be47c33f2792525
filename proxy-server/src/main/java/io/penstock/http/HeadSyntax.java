package io.penstock.http;

import io.penstock.failure.Failure;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The characters of RFC 9110 section 5.6.2 and RFC 9112, as tables and small readers. */
final class HeadSyntax {
    private static final byte TOKEN = 1;
    private static final byte VALUE = 2;
    private static final byte TARGET = 4;
    private static final byte[] CLASSES = new byte[256];
    private static final VarHandle WORDS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101010101010101L;
    private static final long HIGH_BITS = ONES << 7;

    static {
        for (int c = 0; c < 256; c++) {
            boolean alphanumeric = c >= '0' && c <= '9' || c >= 'a' && c <= 'z'
                    || c >= 'A' && c <= 'Z';
            if (alphanumeric || c < 128 && "!#$%&'*+-.^_`|~".indexOf(c) >= 0) {
                CLASSES[c] |= TOKEN;
            }
            if (c == '\t' || c >= ' ' && c != 0x7f) {
                CLASSES[c] |= VALUE;
            }
            if (c > ' ' && c < 0x7f && "\"<>\\^`{|}#".indexOf(c) < 0) {
                CLASSES[c] |= TARGET;
            }
        }
    }

    private HeadSyntax() {}

    static boolean isToken(byte b) {
        return (CLASSES[b & 0xff] & TOKEN) != 0;
    }

    static boolean isValue(byte b) {
        return (CLASSES[b & 0xff] & VALUE) != 0;
    }

    /**
     * The index of the first byte from there that may not stand in a value; {@code limit} if none.
     */
    static int valueEnd(byte[] bytes, int from, int limit) {
        int at = from;
        while (at <= limit - Long.BYTES) { // eight at a time: none below a blank, none a DEL
            long word = (long) WORDS.get(bytes, at);
            long deleted = word ^ ONES * 0x7f;
            long odd = (word - ONES * ' ' & ~word | deleted - ONES & ~deleted) & HIGH_BITS;
            if (odd != 0) {
                at += Long.numberOfTrailingZeros(odd) >> 3;
                if (bytes[at] != '\t') {
                    return at;
                }
                at++;
            } else {
                at += Long.BYTES;
            }
        }
        while (at < limit && isValue(bytes[at])) {
            at++;
        }
        return at;
    }

    static boolean isTarget(byte b) {
        return (CLASSES[b & 0xff] & TARGET) != 0;
    }

    static int lowerCase(byte b) {
        return b >= 'A' && b <= 'Z' ? b | 0x20 : b;
    }

    static String text(byte[] bytes, int start, int end) {
        return new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
    }

    /** The digits and nothing else, at most 18 of them; no sign, no blank, no list. */
    static long contentLength(byte[] bytes, int start, int end) throws HttpSyntaxException {
        if (start == end || end - start > 18) {
            throw new HttpSyntaxException("bad Content-Length");
        }
        long length = 0;
        for (int i = start; i < end; i++) {
            int digit = bytes[i] - '0';
            if (digit < 0 || digit > 9) {
                throw new HttpSyntaxException("bad Content-Length");
            }
            length = length * 10 + digit;
        }
        return length;
    }

    static boolean equalsIgnoreCase(byte[] bytes, int start, int end, String lowerCase) {
        if (end - start != lowerCase.length()) {
            return false;
        }
        for (int i = start; i < end; i++) {
            if (lowerCase(bytes[i]) != lowerCase.charAt(i - start)) {
                return false;
            }
        }
        return true;
    }

    /** One of the two version numbers that are spoken here: the minor digit. */
    static int minorVersion(byte[] bytes, int start, int end) throws HttpSyntaxException {
        if (end - start == 8 && bytes[start] == 'H' && bytes[start + 1] == 'T'
                && bytes[start + 2] == 'T' && bytes[start + 3] == 'P' && bytes[start + 4] == '/'
                && bytes[start + 5] == '1' && bytes[start + 6] == '.'
                && (bytes[start + 7] == '1' || bytes[start + 7] == '0')) {
            return bytes[start + 7] - '0';
        }
        throw new HttpSyntaxException(Failure.Kind.VERSION_NOT_SUPPORTED,
                "the version is not HTTP/1.1 or HTTP/1.0");
    }
}

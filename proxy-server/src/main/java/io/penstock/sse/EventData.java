package io.penstock.sse;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * The data of one event, its lines joined by LF (HTML standard, section 9.2.6): read into an array
 * that is used again for the next.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Buffers:</b> borrows.
 */
public final class EventData {
    private byte[] bytes = new byte[1024];
    private int length;
    private boolean error;

    /** The array; valid from 0 to {@link #length} until the next {@link #read}. */
    public byte[] bytes() {
        return bytes;
    }

    public int length() {
        return length;
    }

    /** Whether the event's name is {@code error}. */
    public boolean isNamedError() {
        return error;
    }

    /** Reads one whole event. */
    public void read(ByteBuf buffer, int index, int size) {
        length = 0;
        error = false;
        boolean any = false;
        int end = index + size;
        int at = startsWith(buffer, index, end, "\u00ef\u00bb\u00bf") ? index + 3 : index;
        while (at < end) {
            int lineEnd = at;
            while (lineEnd < end && buffer.getByte(lineEnd) != '\n'
                    && buffer.getByte(lineEnd) != '\r') {
                lineEnd++;
            }
            if (startsWith(buffer, at, lineEnd, "data")) {
                any = append(buffer, at + 4, lineEnd, any);
            } else if (startsWith(buffer, at, lineEnd, "event:")) {
                int value = at + 6 < lineEnd && buffer.getByte(at + 6) == ' ' ? at + 7 : at + 6;
                error = lineEnd - value == 5 && startsWith(buffer, value, lineEnd, "error");
            }
            at = lineEnd + 1;
        }
    }

    private boolean append(ByteBuf buffer, int from, int to, boolean any) {
        int start = from;
        if (start < to) {
            if (buffer.getByte(start) != ':') {
                return any; // a field of another name
            }
            start++;
            if (start < to && buffer.getByte(start) == ' ') {
                start++;
            }
        }
        int more = to - start + 1;
        if (length + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
        }
        if (any) {
            bytes[length++] = '\n';
        }
        buffer.getBytes(start, bytes, length, to - start);
        length += to - start;
        return true;
    }

    private static boolean startsWith(ByteBuf buffer, int from, int to, String text) {
        if (to - from < text.length()) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            if (buffer.getByte(from + i) != (byte) text.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}

package io.penstock.sse;

import io.netty.buffer.ByteBuf;

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
        if (size > bytes.length) {
            bytes = new byte[Math.max(bytes.length * 2, size)];
        }
        buffer.getBytes(index, bytes, 0, size); // the data moves to the front, line by line
        boolean any = false;
        int at = startsWith(0, size, "\u00ef\u00bb\u00bf") ? 3 : 0;
        while (at < size) {
            int lineEnd = LineEnd.find(bytes, at, size);
            if (startsWith(at, lineEnd, "data")) {
                any = append(at + 4, lineEnd, any);
            } else if (startsWith(at, lineEnd, "event:")) {
                int value = at + 6 < lineEnd && bytes[at + 6] == ' ' ? at + 7 : at + 6;
                error = lineEnd - value == 5 && startsWith(value, lineEnd, "error");
            }
            at = lineEnd + 1;
        }
    }

    private boolean append(int from, int to, boolean any) {
        int start = from;
        if (start < to) {
            if (bytes[start] != ':') {
                return any; // a field of another name
            }
            start++;
            if (start < to && bytes[start] == ' ') {
                start++;
            }
        }
        if (any) {
            bytes[length++] = '\n';
        }
        System.arraycopy(bytes, start, bytes, length, to - start);
        length += to - start;
        return true;
    }

    private boolean startsWith(int from, int to, String text) {
        if (to - from < text.length()) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            if (bytes[from + i] != (byte) text.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}

package io.penstock.bench;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Follows one HTTP/1.1 response after the other through bytes that arrive in pieces of any size
 * (RFC 9112). Keeps of a response what a benchmark asks for: its status, where it ends, its events.
 *
 * <p><b>Bounds:</b> a line of the head or of the chunked framing holds at most 16 KiB; of the body
 * of a failed call the first 300 bytes are kept.
 */
final class ResponseReader {
    private enum State {
        STATUS_LINE, HEADERS, BODY, BODY_TO_CLOSE, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILERS,
        COMPLETE
    }

    private static final int MAX_LINE_BYTES = 16 * 1024;
    private static final int MAX_SAMPLE_BYTES = 300;
    private static final byte[] VERSION = ascii("http/1.");
    private static final byte[] CONTENT_LENGTH = ascii("content-length:");
    private static final byte[] CONTENT_TYPE = ascii("content-type:");
    private static final byte[] CONNECTION = ascii("connection:");
    private static final byte[] TRANSFER_ENCODING = ascii("transfer-encoding:");
    private static final byte[] EVENT_STREAM = ascii("text/event-stream");
    private static final byte[] CHUNKED = ascii("chunked");
    private static final byte[] CLOSE = ascii("close");

    private final EventScanner events;
    private byte[] line = new byte[128]; // the begun line whose end has not come yet
    private int lineLength;

    private State state = State.STATUS_LINE;
    private int status;
    private boolean persistent;
    private boolean chunked;
    private boolean eventStream;
    private long contentLength;
    private long left; // bytes of the body, or of the chunk, still to come
    private long bodyBytes;
    private StringBuilder sample; // null unless the call failed

    ResponseReader(EventScanner events) {
        this.events = events;
        reset();
    }

    /** Makes ready for the next response. */
    void reset() {
        state = State.STATUS_LINE;
        lineLength = 0;
        status = 0;
        bodyBytes = 0;
        sample = null;
        events.reset();
        resetHead();
    }

    private void resetHead() {
        persistent = true;
        chunked = false;
        eventStream = false;
        contentLength = -1;
    }

    EventScanner events() {
        return events;
    }

    /** 0 until the status line came. */
    int status() {
        return status;
    }

    boolean isComplete() {
        return state == State.COMPLETE;
    }

    boolean isEventStream() {
        return eventStream;
    }

    /** Whether the next response may come on the same connection. */
    boolean isPersistent() {
        return persistent;
    }

    long bodyBytes() {
        return bodyBytes;
    }

    /** How the body of a failed call begins; empty for one that succeeded. */
    String sample() {
        return sample == null ? "" : sample.toString();
    }

    /** The connection ended: true when that is how this response ends, too. */
    boolean endsWithConnection() {
        return state == State.COMPLETE || state == State.BODY_TO_CLOSE;
    }

    /** Takes bytes {@code [from, to)}; answers the index after the last one of this response. */
    int read(byte[] bytes, int from, int to) throws MalformedResponseException {
        int i = from;
        while (i < to && state != State.COMPLETE) {
            i = switch (state) {
                case BODY, CHUNK_DATA -> body(bytes, i, (int) Math.min(to, i + left));
                case BODY_TO_CLOSE -> body(bytes, i, to);
                default -> line(bytes, i, to);
            };
        }
        return i;
    }

    private int body(byte[] bytes, int from, int to) {
        int length = to - from;
        bodyBytes += length;
        if (eventStream) {
            events.scan(bytes, from, to);
        }
        if (sample != null && sample.length() < MAX_SAMPLE_BYTES) {
            int end = Math.min(to, from + MAX_SAMPLE_BYTES - sample.length());
            sample.append(new String(bytes, from, end - from, StandardCharsets.ISO_8859_1));
        }
        if (state != State.BODY_TO_CLOSE) {
            left -= length;
            if (left == 0) {
                state = state == State.BODY ? State.COMPLETE : State.CHUNK_END;
            }
        }
        return to;
    }

    private int line(byte[] bytes, int from, int to) throws MalformedResponseException {
        int end = Bytes.indexOfNewline(bytes, from, to);
        if (end >= 0 && lineLength == 0) {
            onLine(bytes, from, end);
            return end + 1;
        }
        int length = (end >= 0 ? end : to) - from;
        if (lineLength + length > MAX_LINE_BYTES) {
            throw new MalformedResponseException("a line longer than 16 KiB");
        }
        if (lineLength + length > line.length) {
            line = Arrays.copyOf(line, Math.max(2 * line.length, lineLength + length));
        }
        System.arraycopy(bytes, from, line, lineLength, length);
        lineLength += length;
        if (end < 0) {
            return to;
        }
        int whole = lineLength;
        lineLength = 0;
        onLine(line, 0, whole);
        return end + 1;
    }

    private void onLine(byte[] bytes, int from, int lineFeed) throws MalformedResponseException {
        int to = lineFeed > from && bytes[lineFeed - 1] == '\r' ? lineFeed - 1 : lineFeed;
        switch (state) {
            case STATUS_LINE -> statusLine(bytes, from, to);
            case HEADERS -> {
                if (from == to) {
                    endHead();
                } else {
                    header(bytes, from, to);
                }
            }
            case CHUNK_SIZE -> chunkSize(bytes, from, to);
            case CHUNK_END -> {
                if (from != to) {
                    throw new MalformedResponseException("a chunk longer than its size");
                }
                state = State.CHUNK_SIZE;
            }
            case TRAILERS -> state = from == to ? State.COMPLETE : State.TRAILERS;
            default -> throw new IllegalStateException(state.name());
        }
    }

    private void statusLine(byte[] bytes, int from, int to) throws MalformedResponseException {
        if (to - from < 12 || !startsWith(bytes, from, to, VERSION) || bytes[from + 8] != ' ') {
            throw new MalformedResponseException("no status line: " + new String(
                    bytes, from, Math.min(to - from, 60), StandardCharsets.ISO_8859_1));
        }
        status = (int) number(bytes, from + 9, from + 12, 10);
        persistent = bytes[from + 7] != '0';
        state = State.HEADERS;
    }

    private void header(byte[] bytes, int from, int to) throws MalformedResponseException {
        switch (bytes[from] | 0x20) {
            case 'c' -> {
                if (startsWith(bytes, from, to, CONTENT_LENGTH)) {
                    int start = from + CONTENT_LENGTH.length;
                    contentLength = number(bytes, skipSpaces(bytes, start, to), to, 10);
                } else if (startsWith(bytes, from, to, CONTENT_TYPE)) {
                    int start = skipSpaces(bytes, from + CONTENT_TYPE.length, to);
                    eventStream = startsWith(bytes, start, to, EVENT_STREAM);
                } else if (startsWith(bytes, from, to, CONNECTION)) {
                    int start = skipSpaces(bytes, from + CONNECTION.length, to);
                    if (startsWith(bytes, start, to, CLOSE)) {
                        persistent = false;
                    }
                }
            }
            case 't' -> {
                if (startsWith(bytes, from, to, TRANSFER_ENCODING)) {
                    int start = skipSpaces(bytes, from + TRANSFER_ENCODING.length, to);
                    if (!startsWith(bytes, start, to, CHUNKED)) {
                        throw new MalformedResponseException("a transfer-encoding not asked for");
                    }
                    chunked = true;
                }
            }
            default -> { } // says nothing about where the response ends
        }
    }

    private void endHead() {
        if (status < 200) {
            resetHead();
            state = State.STATUS_LINE; // interim: the response proper follows
            return;
        }
        if (status >= 300) {
            sample = new StringBuilder();
        }
        if (status == 204 || status == 304) {
            state = State.COMPLETE;
        } else if (chunked) {
            state = State.CHUNK_SIZE;
        } else if (contentLength >= 0) {
            left = contentLength;
            state = left == 0 ? State.COMPLETE : State.BODY;
        } else {
            persistent = false;
            state = State.BODY_TO_CLOSE;
        }
    }

    private void chunkSize(byte[] bytes, int from, int to) throws MalformedResponseException {
        int end = from;
        while (end < to && bytes[end] != ';' && bytes[end] != ' ') {
            end++;
        }
        left = number(bytes, from, end, 16);
        state = left == 0 ? State.TRAILERS : State.CHUNK_DATA;
    }

    private static long number(byte[] bytes, int from, int to, int radix)
            throws MalformedResponseException {
        if (from == to || to - from > 12) {
            throw new MalformedResponseException("a number of " + (to - from) + " digits");
        }
        long value = 0;
        for (int i = from; i < to; i++) {
            int digit = Character.digit(bytes[i], radix);
            if (digit < 0) {
                throw new MalformedResponseException("no number: "
                        + new String(bytes, from, to - from, StandardCharsets.ISO_8859_1));
            }
            value = value * radix + digit;
        }
        return value;
    }

    /** Whether the bytes begin with these lower-case ones, in whatever case. */
    private static boolean startsWith(byte[] bytes, int from, int to, byte[] lowerCase) {
        if (to - from < lowerCase.length) {
            return false;
        }
        for (int i = 0; i < lowerCase.length; i++) {
            int next = bytes[from + i];
            if ((next >= 'A' && next <= 'Z' ? next | 0x20 : next) != lowerCase[i]) {
                return false;
            }
        }
        return true;
    }

    private static int skipSpaces(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to && (bytes[i] == ' ' || bytes[i] == '\t')) {
            i++;
        }
        return i;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}

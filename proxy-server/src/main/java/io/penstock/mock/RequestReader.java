package io.penstock.mock;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Reads one HTTP/1.1 request after another (RFC 9112): the head once it is there in full, the body
 * as it comes, which is scanned and dropped.
 *
 * <p><b>Thread:</b> confined to its connection's event loop.
 * <br><b>Buffers:</b> borrows its input, keeps none.
 * <br><b>Bounds:</b> a head of {@link #MAX_HEAD_BYTES}, a body of {@link #MAX_BODY_BYTES}.
 */
final class RequestReader {
    static final int MAX_HEAD_BYTES = 64 * 1024;
    static final long MAX_BODY_BYTES = 64L * 1024 * 1024;
    static final int MAX_CHUNK_LINE_BYTES = 4 * 1024;

    /** What a request is for. */
    enum Target { CHAT, MODELS, OTHER }

    private enum State { HEAD, FIXED, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, COMPLETE }

    private final ChatFields fields = new ChatFields();
    private State state = State.HEAD;
    private long remaining; // of the body, or of the current chunk
    private long bodyBytes;

    private Target target;
    private String path;
    private boolean closes;
    private boolean expectsContinue;
    private boolean chunked;
    private long contentLength; // -1 when there is none
    private Fault fault; // null, as the next three -1, where the request does not say
    private long ttftNanos;
    private long intervalNanos;
    private int events;

    /** Reads on; true once a request is complete, which then stands until {@link #reset()}. */
    boolean read(ByteBuf in) throws BadRequestException {
        while (state != State.COMPLETE) {
            boolean moved = switch (state) {
                case HEAD -> readHead(in);
                case FIXED -> readFixed(in);
                case CHUNK_SIZE -> readChunkSize(in);
                case CHUNK_DATA -> readChunkData(in);
                case CHUNK_END -> readChunkEnd(in);
                case TRAILER -> readTrailer(in);
                case COMPLETE -> throw new IllegalStateException("complete");
            };
            if (!moved) {
                return false;
            }
        }
        return true;
    }

    /** Makes ready for the next request. */
    void reset() {
        state = State.HEAD;
    }

    Target target() {
        return target;
    }

    /** Method and path, for an error's message. */
    String path() {
        return path;
    }

    /** Whether the connection ends with the reply. */
    boolean closes() {
        return closes;
    }

    /** Whether the caller waits for {@code 100 Continue}; true once for each request. */
    boolean takeExpectsContinue() {
        boolean waits = expectsContinue && state != State.HEAD && state != State.COMPLETE;
        if (state != State.HEAD) {
            expectsContinue = false;
        }
        return waits;
    }

    ChatFields fields() {
        return fields;
    }

    long bodyBytes() {
        return bodyBytes;
    }

    /** The fault that the request asks for; null where it does not say. */
    Fault fault() {
        return fault;
    }

    long ttftNanosOr(long other) {
        return ttftNanos < 0 ? other : ttftNanos;
    }

    long intervalNanosOr(long other) {
        return intervalNanos < 0 ? other : intervalNanos;
    }

    int eventsOr(int other) {
        return events < 0 ? other : events;
    }

    private boolean readHead(ByteBuf in) throws BadRequestException {
        while (in.isReadable() && isLineEnd(in.getByte(in.readerIndex()))) {
            in.skipBytes(1); // RFC 9112 2.2: empty lines before a request are to be ignored
        }
        clearHead();
        int start = in.readerIndex();
        int at = start;
        while (true) {
            int lineFeed = in.indexOf(at, in.writerIndex(), (byte) '\n');
            if ((lineFeed < 0 ? in.writerIndex() : lineFeed) - start > MAX_HEAD_BYTES) {
                throw new BadRequestException(431, "The head is larger than this mock takes.");
            }
            if (lineFeed < 0) {
                return false; // read from its start again when there is more of it
            }
            int end = lineFeed > at && in.getByte(lineFeed - 1) == '\r' ? lineFeed - 1 : lineFeed;
            if (end == at) {
                in.readerIndex(lineFeed + 1);
                endHead();
                return true;
            }
            if (at == start) {
                readRequestLine(in, at, end);
            } else {
                readField(in, at, end);
            }
            at = lineFeed + 1;
        }
    }

    private void clearHead() {
        fields.reset();
        bodyBytes = 0;
        closes = false;
        expectsContinue = false;
        chunked = false;
        contentLength = -1;
        fault = null;
        ttftNanos = -1;
        intervalNanos = -1;
        events = -1;
    }

    private void readRequestLine(ByteBuf in, int start, int end) throws BadRequestException {
        int version = end - " HTTP/1.1".length();
        if (version <= start || !matches(in, version, " http/1.1")) {
            throw new BadRequestException(400, "This is no HTTP/1.1 request.");
        }
        boolean post = matches(in, start, "post ");
        boolean get = matches(in, start, "get ");
        int query = in.indexOf(start, version, (byte) '?');
        int pathEnd = query < 0 ? version : query;
        path = null;
        if (post && endsWith(in, start, pathEnd, "/chat/completions")) {
            target = Target.CHAT;
        } else if (get && endsWith(in, start, pathEnd, "/models")) {
            target = Target.MODELS;
        } else {
            target = Target.OTHER;
            path = in.toString(start, pathEnd - start, StandardCharsets.US_ASCII);
            closes = !post && !get; // a HEAD reply may have no body: never let it be framed wrongly
        }
    }

    private void readField(ByteBuf in, int start, int end) throws BadRequestException {
        int colon = in.indexOf(start, end, (byte) ':');
        if (colon < 0) {
            throw new BadRequestException(400, "A header line has no colon.");
        }
        switch (colon - start) {
            case 6 -> {
                if (matches(in, start, "expect")) {
                    expectsContinue = value(in, colon, end).equalsIgnoreCase("100-continue");
                }
            }
            case 10 -> {
                if (matches(in, start, "connection")) {
                    closes |= value(in, colon, end).equalsIgnoreCase("close");
                }
            }
            case 14 -> {
                if (matches(in, start, "content-length")) {
                    readContentLength(value(in, colon, end));
                }
            }
            case 17 -> {
                if (matches(in, start, "transfer-encoding")) {
                    if (!value(in, colon, end).equalsIgnoreCase("chunked")) {
                        throw new BadRequestException(501, "Only chunked is understood.");
                    }
                    chunked = true;
                }
            }
            case 11, 13, 15 -> {
                if (matches(in, start, "x-mock-")) {
                    readOverride(in, start, colon, end);
                }
            }
            default -> { }
        }
    }

    private void readContentLength(String value) throws BadRequestException {
        long length = number(value, 10);
        if (length < 0 || contentLength >= 0) {
            throw new BadRequestException(400, "The content-length is no number, or not alone.");
        }
        contentLength = length;
    }

    private void readOverride(ByteBuf in, int start, int colon, int end)
            throws BadRequestException {
        String name = in.toString(start, colon - start, StandardCharsets.US_ASCII);
        String value = value(in, colon, end);
        try {
            switch (name.toLowerCase(Locale.ROOT)) {
                case "x-mock-fail" -> {
                    fault = Fault.parse(value);
                    if (fault.kind() == Fault.Kind.REFUSE) {
                        throw new IllegalArgumentException("refuse: no matter of one call");
                    }
                }
                case "x-mock-ttft" -> ttftNanos = nanos(value);
                case "x-mock-interval" -> intervalNanos = nanos(value);
                case "x-mock-events" -> {
                    int wanted = Integer.parseInt(value);
                    MockSettings.checkEvents(wanted);
                    events = wanted;
                }
                default -> { }
            }
        } catch (IllegalArgumentException e) {
            throw new BadRequestException(400, name + ": " + e.getMessage());
        }
    }

    private void endHead() throws BadRequestException {
        if (chunked && contentLength >= 0) {
            throw new BadRequestException(400, "Both content-length and transfer-encoding.");
        }
        if (contentLength > MAX_BODY_BYTES) {
            throw tooLarge();
        }
        remaining = Math.max(contentLength, 0);
        state = chunked ? State.CHUNK_SIZE : remaining > 0 ? State.FIXED : State.COMPLETE;
    }

    private boolean readFixed(ByteBuf in) {
        if (readBody(in)) {
            state = State.COMPLETE;
            return true;
        }
        return false;
    }

    private boolean readChunkSize(ByteBuf in) throws BadRequestException {
        String line = readLine(in);
        if (line == null) {
            return false;
        }
        int extension = line.indexOf(';');
        String size = (extension < 0 ? line : line.substring(0, extension)).trim();
        remaining = number(size, 16);
        if (remaining < 0) {
            throw new BadRequestException(400, "A chunk's size is no number.");
        }
        if (bodyBytes + remaining > MAX_BODY_BYTES) {
            throw tooLarge();
        }
        state = remaining == 0 ? State.TRAILER : State.CHUNK_DATA;
        return true;
    }

    private boolean readChunkData(ByteBuf in) {
        if (readBody(in)) {
            state = State.CHUNK_END;
            return true;
        }
        return false;
    }

    private boolean readChunkEnd(ByteBuf in) throws BadRequestException {
        String line = readLine(in);
        if (line == null) {
            return false;
        }
        if (!line.isEmpty()) {
            throw new BadRequestException(400, "A chunk is longer than its size.");
        }
        state = State.CHUNK_SIZE;
        return true;
    }

    private boolean readTrailer(ByteBuf in) throws BadRequestException {
        String line = readLine(in);
        if (line != null && line.isEmpty()) {
            state = State.COMPLETE;
        }
        return line != null;
    }

    /** Takes what there is of the body or chunk; true when it is at its end. */
    private boolean readBody(ByteBuf in) {
        int length = (int) Math.min(remaining, in.readableBytes());
        if (target == Target.CHAT) {
            fields.scan(in, length);
        } else {
            in.skipBytes(length);
        }
        bodyBytes += length;
        remaining -= length;
        return remaining == 0;
    }

    /** A line without its end, or null when it is not all there. */
    private static String readLine(ByteBuf in) throws BadRequestException {
        int lineFeed = in.indexOf(in.readerIndex(), in.writerIndex(), (byte) '\n');
        int length = (lineFeed < 0 ? in.writerIndex() : lineFeed) - in.readerIndex();
        if (length > MAX_CHUNK_LINE_BYTES) {
            throw new BadRequestException(400, "A chunk's line is too long.");
        }
        if (lineFeed < 0) {
            return null;
        }
        String line = in.readCharSequence(length, StandardCharsets.US_ASCII).toString();
        in.skipBytes(1);
        return line.endsWith("\r") ? line.substring(0, length - 1) : line;
    }

    private static BadRequestException tooLarge() {
        return new BadRequestException(413, "The body is larger than this mock takes.");
    }

    private static long nanos(String value) {
        return MockSettings.parseDuration(value).toNanos();
    }

    private static String value(ByteBuf in, int colon, int end) {
        return in.toString(colon + 1, end - colon - 1, StandardCharsets.US_ASCII).trim();
    }

    /** The number that the text is, or -1 when it is none, signed or longer than 15 digits. */
    private static long number(String text, int radix) {
        if (text.isEmpty() || text.length() > 15) {
            return -1;
        }
        long number = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int digit = c < 128 ? Character.digit(c, radix) : -1;
            if (digit < 0) {
                return -1;
            }
            number = number * radix + digit;
        }
        return number;
    }

    private static boolean endsWith(ByteBuf in, int start, int end, String lowerCase) {
        int at = end - lowerCase.length();
        return at >= start && matches(in, at, lowerCase);
    }

    /** Whether the bytes are this, in either case; there must be as many. */
    private static boolean matches(ByteBuf in, int at, String lowerCase) {
        if (at + lowerCase.length() > in.writerIndex()) {
            return false;
        }
        for (int i = 0; i < lowerCase.length(); i++) {
            byte value = in.getByte(at + i);
            char wanted = lowerCase.charAt(i);
            if (value != wanted && !(value >= 'A' && value <= 'Z' && value + 32 == wanted)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isLineEnd(byte value) {
        return value == '\r' || value == '\n';
    }
}

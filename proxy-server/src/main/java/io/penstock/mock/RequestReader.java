package io.penstock.mock;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads one HTTP/1.1 request after another (RFC 9112): the head once it is there in full, the body
 * as it comes. The body of a plain chat, one that ready-made bytes can answer, is scanned and
 * dropped; the rest is kept whole.
 *
 * <p><b>Thread:</b> confined to its connection's event loop.
 * <br><b>Buffers:</b> borrows its input, keeps none.
 * <br><b>Bounds:</b> a head of {@link #MAX_HEAD_BYTES}, a body of {@link #MAX_BODY_BYTES},
 * or of {@link #MAX_KEPT_BYTES} where it is kept.
 */
final class RequestReader {
    static final int MAX_HEAD_BYTES = 64 * 1024;
    static final long MAX_BODY_BYTES = 64L * 1024 * 1024;
    static final long MAX_KEPT_BYTES = 32L * 1024 * 1024;
    static final int MAX_CHUNK_LINE_BYTES = 4 * 1024;

    private enum State { HEAD, FIXED, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, COMPLETE }

    private final boolean keepsAll;
    private final ChatFields fields = new ChatFields();
    private final Controls controls = new Controls();
    private @Nullable ByteArrayOutputStream body; // null unless the body is kept
    private boolean keeps;
    private State state = State.HEAD;
    private long remaining; // of the body, or of the current chunk
    private long bodyBytes;

    @SuppressWarnings("NullAway.Init") // of a head that was read, before which nobody asks
    private Endpoint endpoint;
    private @Nullable String method;
    private @Nullable String path;
    @SuppressWarnings("NullAway.Init") // the same
    private String query;
    private @Nullable String head; // null unless the body is kept
    private boolean closes;
    private boolean expectsContinue;
    private boolean chunked;
    private long contentLength; // -1 when there is none

    /** {@code keepsAll} keeps the head and body of plain chats, too. */
    RequestReader(boolean keepsAll) {
        this.keepsAll = keepsAll;
    }

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
        moveTo(State.HEAD);
        head = null;
        body = null; // an idle connection holds none of it
    }

    Endpoint endpoint() {
        return endpoint;
    }

    /** Not of a chat, unless all is kept. */
    String method() {
        assert method != null; // nobody else asks
        return method;
    }

    /** Without its query; of the same requests as {@link #method}. */
    String path() {
        assert path != null; // nobody else asks
        return path;
    }

    /** Behind the question mark; empty for none. */
    String query() {
        return query;
    }

    /** What the request asks of the mock. */
    Controls controls() {
        return controls;
    }

    /** Whether head and body are there as they came; else there are {@link #fields}. */
    boolean isKept() {
        return keeps;
    }

    byte[] body() {
        assert body != null; // nobody asks where it is not kept
        return body.toByteArray();
    }

    /** Where the request is kept: its head without the empty line. */
    String head() {
        assert head != null; // nobody else asks
        return head;
    }

    /** Where the request is kept: the first field of that name, or null. */
    @Nullable String header(String lowerCaseName) {
        return header(head(), lowerCaseName);
    }

    static @Nullable String header(String head, String lowerCaseName) {
        for (String line : head.split("\r?\n")) {
            int colon = line.indexOf(':');
            if (colon == lowerCaseName.length()
                    && line.regionMatches(true, 0, lowerCaseName, 0, colon)) {
                return line.substring(colon + 1).trim();
            }
        }
        return null;
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
                endHead(in, start, at);
                in.readerIndex(lineFeed + 1);
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
        controls.clear();
        keeps = false;
        head = null;
    }

    private void readRequestLine(ByteBuf in, int start, int end) throws BadRequestException {
        int version = end - " HTTP/1.1".length();
        if (version <= start || !matches(in, version, " http/1.1")) {
            throw new BadRequestException(400, "This is no HTTP/1.1 request.");
        }
        boolean post = matches(in, start, "post ");
        boolean get = matches(in, start, "get ");
        int mark = in.indexOf(start, version, (byte) '?');
        int pathEnd = mark < 0 ? version : mark;
        method = null;
        path = null;
        query = "";
        if (post && endsWith(in, start, pathEnd, "/chat/completions")) {
            endpoint = Endpoint.CHAT;
            if (!keepsAll) {
                return;
            }
        }
        String words = in.toString(start, pathEnd - start, StandardCharsets.US_ASCII);
        int blank = words.indexOf(' ');
        method = words.substring(0, Math.max(0, blank));
        path = words.substring(blank + 1);
        if (mark >= 0) {
            query = in.toString(mark + 1, version - mark - 1, StandardCharsets.US_ASCII);
        }
        endpoint = post ? Endpoint.ofPost(path) : get ? Endpoint.ofGet(path)
                : Endpoint.ofAny(path);
        closes = !post && !get; // a HEAD reply may have no body: never let it be framed wrongly
    }

    private void readField(ByteBuf in, int start, int end) throws BadRequestException {
        int colon = in.indexOf(start, end, (byte) ':');
        if (colon < 0) {
            throw new BadRequestException(400, "A header line has no colon.");
        }
        int length = colon - start;
        switch (length) {
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
            default -> { }
        }
        if (length >= 11 && length <= 16 && matches(in, start, "x-mock-")) {
            readControl(in, start, colon, end);
        }
    }

    private void readContentLength(String value) throws BadRequestException {
        long length = number(value, 10);
        if (length < 0 || contentLength >= 0) {
            throw new BadRequestException(400, "The content-length is no number, or not alone.");
        }
        contentLength = length;
    }

    private void readControl(ByteBuf in, int start, int colon, int end)
            throws BadRequestException {
        String name = in.toString(start, colon - start, StandardCharsets.US_ASCII);
        try {
            controls.read(name, in.toString(colon + 1, end - colon - 1, StandardCharsets.UTF_8)
                    .trim());
        } catch (IllegalArgumentException e) {
            throw new BadRequestException(400, name + ": " + e.getMessage());
        }
    }

    private void endHead(ByteBuf in, int start, int end) throws BadRequestException {
        keeps = keepsAll || endpoint != Endpoint.CHAT || !controls.isPlain();
        if (keeps) {
            head = in.toString(start, end - start, StandardCharsets.ISO_8859_1);
            body = new ByteArrayOutputStream();
        }
        if (chunked && contentLength >= 0) {
            throw new BadRequestException(400, "Both content-length and transfer-encoding.");
        }
        if (contentLength > maxBodyBytes()) {
            throw tooLarge();
        }
        remaining = Math.max(contentLength, 0);
        moveTo(chunked ? State.CHUNK_SIZE : remaining > 0 ? State.FIXED : State.COMPLETE);
    }

    private void moveTo(State next) {
        state = next;
    }

    private long maxBodyBytes() {
        return keeps ? MAX_KEPT_BYTES : MAX_BODY_BYTES;
    }

    private boolean readFixed(ByteBuf in) {
        if (readBody(in)) {
            moveTo(State.COMPLETE);
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
        if (bodyBytes + remaining > maxBodyBytes()) {
            throw tooLarge();
        }
        moveTo(remaining == 0 ? State.TRAILER : State.CHUNK_DATA);
        return true;
    }

    private boolean readChunkData(ByteBuf in) {
        if (readBody(in)) {
            moveTo(State.CHUNK_END);
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
        moveTo(State.CHUNK_SIZE);
        return true;
    }

    private boolean readTrailer(ByteBuf in) throws BadRequestException {
        String line = readLine(in);
        if (line != null && line.isEmpty()) {
            moveTo(State.COMPLETE);
        }
        return line != null;
    }

    /** Takes what there is of the body or chunk; true when it is at its end. */
    private boolean readBody(ByteBuf in) {
        int length = (int) Math.min(remaining, in.readableBytes());
        if (keeps) {
            keep(in, length);
        } else {
            fields.scan(in, length);
        }
        bodyBytes += length;
        remaining -= length;
        return remaining == 0;
    }

    private void keep(ByteBuf in, int length) {
        try {
            in.readBytes(body, length);
        } catch (IOException e) {
            throw new UncheckedIOException("memory takes what is written", e);
        }
    }

    /** A line without its end, or null when it is not all there. */
    private static @Nullable String readLine(ByteBuf in) throws BadRequestException {
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

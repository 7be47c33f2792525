package io.penstock.http;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Failure;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The head of a message, parsed in place: a copy of its bytes, and where each field stands in them.
 * One object is used again for every head on an event loop, so a head is valid only until the next
 * one is parsed.
 *
 * <p>Strict, since whatever two parsers read differently can be smuggled past one of them: no bare
 * CR or LF, no folded lines, no blank before a colon, no field twice that may stand once.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> {@code maxBytes} a head, {@value #MAX_FIELDS} fields, {@value
 * #MAX_CONNECTION_OPTIONS} options of the connection.
 */
public abstract class Head {
    static final int MAX_FIELDS = 100;
    static final int MAX_CONNECTION_OPTIONS = 32; // each is compared with every field

    /** What {@link #parse} returns when the head goes on. */
    public static final int INCOMPLETE = -1;

    /** {@link #contentLength} of a head that has none. */
    public static final long NO_LENGTH = -1;

    private static final int FIRST_LOOK_BYTES = 2048;

    byte[] bytes = new byte[FIRST_LOOK_BYTES];
    private final int maxBytes;
    private final Field[] fields = new Field[MAX_FIELDS];
    private final int[] nameStart = new int[MAX_FIELDS];
    private final int[] nameEnd = new int[MAX_FIELDS];
    private final int[] valueStart = new int[MAX_FIELDS];
    private final int[] valueEnd = new int[MAX_FIELDS];
    private int fieldCount;
    private int fieldsEnd; // where the empty line starts
    private final int[] single = new int[Field.values().length]; // index + 1 of a known field
    private int connectionOptions;
    private boolean named; // Connection names fields beyond the well-known ones

    int minorVersion;
    private long contentLength;
    private boolean chunked;
    private boolean close;
    private boolean keepAlive;
    private boolean upgrade;

    Head(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /**
     * Parses the head at the start of {@code buffer}, which it borrows.
     *
     * @return the head's length in bytes, or {@link #INCOMPLETE}
     */
    public final int parse(ByteBuf buffer) throws HttpSyntaxException {
        int readable = buffer.readableBytes();
        int look = Math.min(readable, Math.min(bytes.length, maxBytes));
        while (true) {
            buffer.getBytes(buffer.readerIndex(), bytes, 0, look);
            int length = parse(look);
            if (length != INCOMPLETE) {
                return length;
            }
            if (look >= maxBytes) {
                throw new HttpSyntaxException(Failure.Kind.HEAD_TOO_LARGE,
                        "the head is longer than " + maxBytes + " bytes");
            }
            if (look == readable) {
                return INCOMPLETE;
            }
            look = Math.min(readable, Math.min(look * 4, maxBytes));
            if (look > bytes.length) {
                bytes = new byte[look];
            }
        }
    }

    private int parse(int limit) throws HttpSyntaxException {
        reset();
        int at = parseStartLine(limit);
        while (at != INCOMPLETE) {
            if (at + 1 >= limit) {
                return INCOMPLETE;
            }
            if (bytes[at] == '\r') {
                if (bytes[at + 1] != '\n') {
                    throw new HttpSyntaxException("a bare CR");
                }
                checkFraming();
                fieldsEnd = at;
                return at + 2;
            }
            at = parseField(at, limit);
        }
        return INCOMPLETE;
    }

    void reset() {
        for (int i = 0; i < fieldCount; i++) {
            if (fields[i] != null) {
                single[fields[i].ordinal()] = 0;
            }
        }
        fieldCount = 0;
        connectionOptions = 0;
        named = false;
        contentLength = NO_LENGTH;
        chunked = false;
        close = false;
        keepAlive = false;
        upgrade = false;
    }

    /** Returns where the line after it starts, or {@link #INCOMPLETE}. */
    abstract int parseStartLine(int limit) throws HttpSyntaxException;

    /** What the framing fields, taken together, must be; called once all fields are known. */
    abstract void checkFraming() throws HttpSyntaxException;

    private int parseField(int start, int limit) throws HttpSyntaxException {
        byte[] b = bytes;
        int at = start;
        while (at < limit && HeadSyntax.isToken(b[at])) {
            at++;
        }
        if (at == limit) {
            return INCOMPLETE;
        }
        if (b[at] != ':' || at == start) {
            throw new HttpSyntaxException(b[start] == ' ' || b[start] == '\t'
                    ? "a folded field line" : "a field line without a proper name and colon");
        }
        int colon = at++;
        while (at < limit && (b[at] == ' ' || b[at] == '\t')) {
            at++;
        }
        int value = at;
        at = HeadSyntax.valueEnd(b, at, limit);
        if (at + 1 >= limit) {
            return INCOMPLETE;
        }
        if (b[at] != '\r' || b[at + 1] != '\n') {
            throw new HttpSyntaxException("a control character in a field value");
        }
        int end = at;
        while (end > value && (b[end - 1] == ' ' || b[end - 1] == '\t')) {
            end--;
        }
        add(start, colon, value, end);
        return at + 2;
    }

    private void add(int start, int colon, int value, int end) throws HttpSyntaxException {
        if (fieldCount == MAX_FIELDS) {
            throw new HttpSyntaxException(Failure.Kind.HEAD_TOO_LARGE,
                    "more than " + MAX_FIELDS + " fields");
        }
        Field field = Field.of(bytes, start, colon - start);
        int index = fieldCount++;
        fields[index] = field;
        nameStart[index] = start;
        nameEnd[index] = colon;
        valueStart[index] = value;
        valueEnd[index] = end;
        if (field == null) {
            return;
        }
        boolean first = single[field.ordinal()] == 0;
        if (first) {
            single[field.ordinal()] = index + 1;
        }
        switch (field) {
            case HOST -> onlyOnce(first, "Host");
            case CONTENT_LENGTH -> {
                onlyOnce(first, "Content-Length");
                contentLength = HeadSyntax.contentLength(bytes, value, end);
            }
            case TRANSFER_ENCODING -> {
                onlyOnce(first, "Transfer-Encoding");
                if (!HeadSyntax.equalsIgnoreCase(bytes, value, end, "chunked")) {
                    throw new HttpSyntaxException(Failure.Kind.NOT_IMPLEMENTED,
                            "a transfer coding other than chunked");
                }
                chunked = true;
            }
            case CONNECTION -> parseConnection(value, end);
            case AUTHORIZATION -> onlyOnce(first, "Authorization");
            case X_API_KEY -> onlyOnce(first, "x-api-key");
            case API_KEY -> onlyOnce(first, "api-key");
            case X_GOOG_API_KEY -> onlyOnce(first, "x-goog-api-key");
            case CONTENT_TYPE -> onlyOnce(first, "Content-Type");
            case EXPECT -> onlyOnce(first, "Expect");
            default -> { }
        }
    }

    private static void onlyOnce(boolean first, String name) throws HttpSyntaxException {
        if (!first) {
            throw new HttpSyntaxException(name + " stands there twice");
        }
    }

    private void parseConnection(int value, int end) throws HttpSyntaxException {
        int at = value;
        while (at < end) {
            int start = at;
            while (at < end && bytes[at] != ',') {
                at++;
            }
            if (++connectionOptions > MAX_CONNECTION_OPTIONS) {
                throw new HttpSyntaxException(Failure.Kind.HEAD_TOO_LARGE,
                        "more than " + MAX_CONNECTION_OPTIONS + " options of the connection");
            }
            int stop = at++;
            while (start < stop && (bytes[start] == ' ' || bytes[start] == '\t')) {
                start++;
            }
            while (stop > start && (bytes[stop - 1] == ' ' || bytes[stop - 1] == '\t')) {
                stop--;
            }
            if (start < stop) {
                onConnectionOption(start, stop);
            }
        }
    }

    private void onConnectionOption(int start, int end) throws HttpSyntaxException {
        if (HeadSyntax.equalsIgnoreCase(bytes, start, end, "close")) {
            close = true;
        } else if (HeadSyntax.equalsIgnoreCase(bytes, start, end, "keep-alive")) {
            keepAlive = true;
        } else {
            Field field = Field.of(bytes, start, end - start);
            upgrade |= field == Field.UPGRADE;
            if (field == Field.HOST || field == Field.CONTENT_LENGTH
                    || field == Field.TRANSFER_ENCODING || field == Field.AUTHORIZATION
                    || field == Field.X_API_KEY || field == Field.API_KEY
                    || field == Field.X_GOOG_API_KEY
                    || field == Field.CONTENT_TYPE) {
                throw new HttpSyntaxException("Connection names an end-to-end field");
            }
            named = true;
        }
    }

    // Questions

    public final int maxBytes() {
        return maxBytes;
    }

    public final int minorVersion() {
        return minorVersion;
    }

    /** Bytes of the body, or {@link #NO_LENGTH}. */
    public final long contentLength() {
        return contentLength;
    }

    public final boolean isChunked() {
        return chunked;
    }

    /** Whether the sender keeps the connection after this message (RFC 9112 section 9.3). */
    public final boolean isKeepAlive() {
        return !close && (minorVersion == 1 || keepAlive);
    }

    /** Whether the sender wants to go on in another protocol (RFC 9110 section 7.8). */
    public final boolean isUpgradeTo(String lowerCase) {
        return upgrade && minorVersion == 1 && has(Field.UPGRADE)
                && HeadSyntax.equalsIgnoreCase(bytes, valueStart(Field.UPGRADE),
                        valueEnd(Field.UPGRADE), lowerCase);
    }

    public final boolean has(Field field) {
        return single[field.ordinal()] != 0;
    }

    /** The first value of that field, if any. */
    public final @Nullable String value(Field field) {
        int index = single[field.ordinal()] - 1;
        return index < 0 ? null : HeadSyntax.text(bytes, valueStart[index], valueEnd[index]);
    }

    /** Whether that field is there and its value begins so, in any case. */
    public final boolean valueStartsWith(Field field, String lowerCase) {
        int index = single[field.ordinal()] - 1;
        return index >= 0 && valueEnd[index] - valueStart[index] >= lowerCase.length()
                && HeadSyntax.equalsIgnoreCase(bytes, valueStart[index],
                        valueStart[index] + lowerCase.length(), lowerCase);
    }

    /** The bytes that {@link #valueStart} and {@link #valueEnd} point into; borrowed. */
    public final byte[] bytes() {
        return bytes;
    }

    /** Where the first value of a field that {@linkplain #has is there} starts. */
    public final int valueStart(Field field) {
        return valueStart[single[field.ordinal()] - 1];
    }

    public final int valueEnd(Field field) {
        return valueEnd[single[field.ordinal()] - 1];
    }

    /** The value of a field by any name, if there is one. For what no rule names. */
    public final @Nullable String value(String lowerCaseName) {
        for (int i = 0; i < fieldCount; i++) {
            if (HeadSyntax.equalsIgnoreCase(bytes, nameStart[i], nameEnd[i], lowerCaseName)) {
                return HeadSyntax.text(bytes, valueStart[i], valueEnd[i]);
            }
        }
        return null;
    }

    /**
     * The values of all fields of a name, with commas between them (RFC 9110 section 5.3); null if
     * there is none.
     */
    public final @Nullable String values(String lowerCaseName) {
        String all = null;
        for (int i = 0; i < fieldCount; i++) {
            if (HeadSyntax.equalsIgnoreCase(bytes, nameStart[i], nameEnd[i], lowerCaseName)) {
                String value = HeadSyntax.text(bytes, valueStart[i], valueEnd[i]);
                all = all == null ? value : all + ", " + value;
            }
        }
        return all;
    }

    /** Writes the field lines that may go on to a provider, all but {@code without}. */
    public final void writeUpstreamFields(HeadWriter out, Set<Field> without) {
        writeFields(out, without, true);
    }

    /** Writes the lines of those fields, and no others. */
    public final void writeOnly(HeadWriter out, Set<Field> only) {
        for (int i = 0; i < fieldCount; i++) {
            if (fields[i] != null && only.contains(fields[i]) && isEndToEnd(i)) {
                out.bytes(bytes, nameStart[i], valueEnd[i]).crlf();
            }
        }
    }

    /** Writes the field lines that may go on to the caller, all but {@code without}. */
    public final void writeDownstreamFields(HeadWriter out, Set<Field> without) {
        writeFields(out, without, false);
    }

    /** Writes all field lines but those of these names, in lower case. */
    final void writeFieldLines(HeadWriter out, Set<String> without) {
        if (fieldCount > 0) {
            out.linesWithout(without, bytes, nameStart[0], fieldsEnd);
        }
    }

    /** Lines that follow one another and may all pass are copied together, as they are. */
    private void writeFields(HeadWriter out, Set<Field> without, boolean up) {
        int run = -1;
        for (int i = 0; i < fieldCount; i++) {
            Field field = fields[i];
            boolean passes = isEndToEnd(i) && (field == null ? !(up && hasUnderscore(i))
                    : (up ? field.goesUp() : field.goesDown()) && !without.contains(field));
            if (passes && run < 0) {
                run = i;
            } else if (!passes && run >= 0) {
                out.bytes(bytes, nameStart[run], nameStart[i]);
                run = -1;
            }
        }
        if (run >= 0) {
            out.bytes(bytes, nameStart[run], fieldsEnd);
        }
    }

    private boolean isEndToEnd(int index) {
        return !(fields[index] != null && fields[index].isHopByHop())
                && !(named && isNamedByConnection(index));
    }

    /** Some servers read {@code content_length} as {@code content-length}: none gets to see it. */
    private boolean hasUnderscore(int index) {
        for (int i = nameStart[index]; i < nameEnd[index]; i++) {
            if (bytes[i] == '_') {
                return true;
            }
        }
        return false;
    }

    private boolean isNamedByConnection(int index) {
        String name = HeadSyntax.text(bytes, nameStart[index], nameEnd[index]);
        for (int i = 0; i < fieldCount; i++) {
            if (fields[i] == Field.CONNECTION) {
                String options = HeadSyntax.text(bytes, valueStart[i], valueEnd[i]);
                for (String option : options.split(",")) {
                    if (option.trim().equalsIgnoreCase(name)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }
}

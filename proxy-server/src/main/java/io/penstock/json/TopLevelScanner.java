package io.penstock.json;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds members of the top-level object of a JSON text (RFC 8259) that comes in any pieces: their
 * kind, the place of their value, and the value itself.
 *
 * <p>A request is routed by three short members among perhaps a megabyte of messages, which a
 * parser would turn into objects. Everything below the top level is skipped here at the speed of a
 * search for the next quote. Strings and brackets have to match; what is inside is for the provider
 * to check.
 *
 * <pre>{@code
 * var json = new TopLevelScanner("model", "stream");
 * json.scan(piece);                               // for each piece, borrowed
 * json.end();                                     // throws if the text is not whole
 * if (json.kind(0) == Kind.STRING) {
 *     String model = json.text(0);                // its bytes are from start(0) to end(0)
 * }
 * json.reset();
 * }</pre>
 *
 * <p>A wanted name that appears twice, and any top-level name with an escape in it or that is not
 * UTF-8, is refused: the next reader might see another value than this one did.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Buffers:</b> borrows.
 * <br><b>Bounds:</b> {@value #MAX_DEPTH} levels, {@value #MAX_VALUE_BYTES} bytes of a wanted value.
 */
public final class TopLevelScanner {
    static final int MAX_DEPTH = 512;
    static final int MAX_VALUE_BYTES = 16 * 1024;
    private static final int MAX_NAME_BYTES = 64;

    /** What a value is. */
    public enum Kind { ABSENT, STRING, NUMBER, TRUE, FALSE, NULL, OBJECT, ARRAY }

    private static final int BEFORE = 0;
    private static final int FIRST_NAME = 1; // or the end
    private static final int NAME = 2;
    private static final int IN_NAME = 3;
    private static final int COLON = 4;
    private static final int VALUE = 5;
    private static final int IN_STRING = 6; // a top-level string value
    private static final int IN_SCALAR = 7;
    private static final int NESTED = 8;
    private static final int IN_NESTED_STRING = 9;
    private static final int AFTER_VALUE = 10;
    private static final int DONE = 11;

    private final byte[][] wanted;
    private final Kind[] kinds;
    private final long[] starts;
    private final long[] ends;
    private final long[] befores;
    private final long[] afters;
    private final int[] ordinals;
    private final String[] texts;
    private final boolean[] located; // only: where the value stands, not what it is

    private int state;
    private boolean escaped;
    private int depth;
    private final long[] objects = new long[MAX_DEPTH / 64]; // per level: object, not array
    private final byte[] name = new byte[MAX_NAME_BYTES];
    private int nameLength;
    private final Utf8 nameBytes = new Utf8();
    private int member; // index of the wanted member being read, or -1
    private long separator; // where the last brace or comma before a member stands
    private int members; // whose names have begun
    private long last; // where the object's last brace stands
    private boolean keeps; // its value is wanted too
    private byte[] capture = new byte[64];
    private int captured;
    private long base; // offset of the current piece in the whole text

    /** Looks for members of these names, ASCII. */
    public TopLevelScanner(String... names) {
        wanted = new byte[names.length][];
        for (int i = 0; i < names.length; i++) {
            wanted[i] = names[i].getBytes(StandardCharsets.US_ASCII);
        }
        kinds = new Kind[names.length];
        starts = new long[names.length];
        ends = new long[names.length];
        befores = new long[names.length];
        afters = new long[names.length];
        ordinals = new int[names.length];
        texts = new String[names.length];
        located = new boolean[names.length];
        reset();
    }

    /** Of this member only the place is wanted: its value may be of any length, and isn't kept. */
    public TopLevelScanner locateOnly(int index) {
        located[index] = true;
        return this;
    }

    /** Prepares for another text. */
    public void reset() {
        Arrays.fill(kinds, Kind.ABSENT);
        Arrays.fill(texts, null);
        state = BEFORE;
        escaped = false;
        depth = 0;
        base = 0;
        member = -1;
        separator = 0;
        members = 0;
    }

    public Kind kind(int index) {
        return kinds[index];
    }

    /** Offset of the value's first byte in the whole text, its quote if it is a string. */
    public long start(int index) {
        return starts[index];
    }

    /** Offset behind the value's last byte. */
    public long end(int index) {
        return ends[index];
    }

    /** Offset of the brace or comma before the member. */
    public long before(int index) {
        return befores[index];
    }

    /** Offset behind the comma that follows the member, or of the brace that ends the object. */
    public long after(int index) {
        return afters[index];
    }

    /** How many members stand before it. */
    public int ordinal(int index) {
        return ordinals[index];
    }

    /** How many members the object has, wanted or not. */
    public int members() {
        return members;
    }

    /** Offset of the brace that ends the object, which {@link #isDone has ended}. */
    public long last() {
        return last;
    }

    /** The value's own text: a string without quotes, its escapes resolved; else as it stands. */
    public String text(int index) {
        return texts[index];
    }

    /** Whether the object has ended. */
    public boolean isDone() {
        return state == DONE;
    }

    /** Reads on through the readable bytes of {@code piece}. */
    public void scan(ByteBuf piece) throws JsonSyntaxException {
        scan(piece, piece.readerIndex(), piece.readableBytes());
    }

    public void scan(ByteBuf piece, int index, int length) throws JsonSyntaxException {
        int end = index + length;
        long offset = base - index; // what an index of this piece lacks to be an offset
        int at = index;
        while (at < end) {
            at = switch (state) {
                case IN_NESTED_STRING -> skipString(piece, at, end, offset);
                case NESTED -> skipNested(piece, at, end, offset);
                case IN_STRING -> readString(piece, at, end, offset);
                case IN_SCALAR -> readScalar(piece, at, end, offset);
                case IN_NAME -> readName(piece, at, end);
                default -> readStructure(piece, at, offset);
            };
        }
        base += length;
    }

    /** To be called when the text has ended. */
    public void end() throws JsonSyntaxException {
        if (state != DONE) {
            throw new JsonSyntaxException(base == 0 ? "the body is empty"
                    : state == BEFORE ? "the body is not a JSON object"
                    : "the JSON ends too early");
        }
    }

    private int readStructure(ByteBuf piece, int at, long offset) throws JsonSyntaxException {
        byte b = piece.getByte(at);
        if (b == ' ' || b == '\n' || b == '\r' || b == '\t') {
            return at + 1;
        }
        switch (state) {
            case BEFORE -> {
                if (b != '{') {
                    throw unexpected(at + offset, "an object");
                }
                state = FIRST_NAME;
                separator = at + offset;
            }
            case FIRST_NAME, NAME -> {
                if (b == '"') {
                    nameLength = 0;
                    nameBytes.reset();
                    members++;
                    state = IN_NAME;
                } else if (b == '}' && state == FIRST_NAME) {
                    state = DONE;
                    last = at + offset;
                } else {
                    throw unexpected(at + offset, "a member name");
                }
            }
            case COLON -> {
                if (b != ':') {
                    throw unexpected(at + offset, "a colon");
                }
                state = VALUE;
            }
            case VALUE -> startValue(b, at + offset);
            case AFTER_VALUE -> {
                if (b == ',') {
                    state = NAME;
                    separator = at + offset;
                } else if (b == '}') {
                    state = DONE;
                    last = at + offset;
                } else {
                    throw unexpected(at + offset, "a comma or the end of the object");
                }
                if (member >= 0) {
                    afters[member] = state == DONE ? at + offset : at + offset + 1;
                }
            }
            default -> throw unexpected(at + offset, "nothing after the object");
        }
        return at + 1;
    }

    private void startValue(byte b, long at) throws JsonSyntaxException {
        captured = 0;
        keeps = member >= 0 && !located[member];
        Kind kind;
        switch (b) {
            case '"' -> {
                kind = Kind.STRING;
                state = keeps ? IN_STRING : IN_NESTED_STRING;
            }
            case '{', '[' -> {
                kind = b == '{' ? Kind.OBJECT : Kind.ARRAY;
                state = NESTED;
                push(b == '{');
                keep(b);
            }
            case 't', 'f', 'n', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> {
                kind = b == 't' ? Kind.TRUE : b == 'f' ? Kind.FALSE : b == 'n' ? Kind.NULL
                        : Kind.NUMBER;
                state = IN_SCALAR;
                capture[captured++] = b; // kept for any member: it has to be checked
            }
            default -> throw unexpected(at, "a value");
        }
        if (member >= 0) {
            kinds[member] = kind;
            starts[member] = at;
            befores[member] = separator;
            ordinals[member] = members - 1;
        }
    }

    private int readName(ByteBuf piece, int from, int end) throws JsonSyntaxException {
        for (int at = from; at < end; at++) {
            byte b = piece.getByte(at);
            if (b == '"') {
                if (nameBytes.isInside()) {
                    throw new JsonSyntaxException("a top-level member name that is not UTF-8");
                }
                member = find();
                state = COLON;
                return at + 1;
            }
            if (b == '\\') {
                throw new JsonSyntaxException("a top-level member name with an escape in it");
            }
            if (!nameBytes.accepts(b)) {
                throw new JsonSyntaxException("a top-level member name that is not UTF-8");
            }
            if (nameLength < MAX_NAME_BYTES) {
                name[nameLength] = b;
            }
            nameLength++;
        }
        return end;
    }

    private int find() throws JsonSyntaxException {
        for (int i = 0; i < wanted.length; i++) {
            if (wanted[i].length == nameLength
                    && Arrays.equals(wanted[i], 0, nameLength, name, 0, nameLength)) {
                if (kinds[i] != Kind.ABSENT) {
                    throw new JsonSyntaxException("the member '"
                            + new String(name, 0, nameLength, StandardCharsets.US_ASCII)
                            + "' stands there twice");
                }
                return i;
            }
        }
        return -1;
    }

    private int readString(ByteBuf piece, int from, int end, long offset)
            throws JsonSyntaxException {
        for (int at = from; at < end; at++) {
            byte b = piece.getByte(at);
            if (escaped) {
                escaped = false;
            } else if (b == '"') {
                finishMember(at + 1 + offset, JsonText.unescape(capture, captured));
                return at + 1;
            } else if (b == '\\') {
                escaped = true;
            }
            keep(b);
        }
        return end;
    }

    private int readScalar(ByteBuf piece, int from, int end, long offset)
            throws JsonSyntaxException {
        for (int at = from; at < end; at++) {
            byte b = piece.getByte(at);
            boolean more = b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b == '.' || b == '-'
                    || b == '+' || b == 'E';
            if (!more) {
                String text = new String(capture, 0, captured, StandardCharsets.US_ASCII);
                if (!JsonText.isScalar(text)) {
                    throw unexpected(at + offset - captured, "a value");
                }
                finishMember(at + offset, text);
                return at;
            }
            if (captured == MAX_NAME_BYTES) {
                throw unexpected(at + offset, "a shorter number");
            }
            capture[captured++] = b;
        }
        return end;
    }

    private void finishMember(long end, @Nullable String text) {
        if (member >= 0) {
            ends[member] = end;
            texts[member] = text;
        }
        state = AFTER_VALUE;
    }

    private int skipNested(ByteBuf piece, int from, int end, long offset)
            throws JsonSyntaxException {
        for (int at = from; at < end; at++) {
            byte b = piece.getByte(at);
            keep(b);
            switch (b) {
                case '"' -> {
                    state = IN_NESTED_STRING;
                    return at + 1;
                }
                case '{' -> push(true);
                case '[' -> push(false);
                case '}', ']' -> {
                    depth--;
                    boolean object = (objects[depth >> 6] & 1L << depth) != 0;
                    if (object != (b == '}')) {
                        throw unexpected(at + offset, object ? "a closing brace"
                                : "a closing bracket");
                    }
                    if (depth == 0) {
                        finishMember(at + 1 + offset, !keeps ? null
                                : new String(capture, 0, captured, StandardCharsets.UTF_8));
                        return at + 1;
                    }
                }
                default -> { }
            }
        }
        return end;
    }

    private void push(boolean object) throws JsonSyntaxException {
        if (depth == MAX_DEPTH) {
            throw new JsonSyntaxException("nested deeper than " + MAX_DEPTH + " levels");
        }
        long bit = 1L << depth;
        objects[depth >> 6] = object ? objects[depth >> 6] | bit : objects[depth >> 6] & ~bit;
        depth++;
    }

    /** Skips to the end of a string that nobody wants, or keeps it inside a wanted value. */
    private int skipString(ByteBuf piece, int from, int end, long offset)
            throws JsonSyntaxException {
        int start = from;
        if (escaped) {
            escaped = false;
            start++;
        }
        int at = start;
        while (true) {
            int quote = at < end ? piece.indexOf(at, end, (byte) '"') : -1;
            int stop = quote < 0 ? end : quote;
            boolean odd = false; // an odd run of backslashes escapes what follows
            for (int i = stop - 1; i >= start && piece.getByte(i) == '\\'; i--) {
                odd = !odd;
            }
            if (quote < 0) {
                escaped = odd && stop > start;
                keep(piece, from, end);
                return end;
            }
            if (!odd) {
                keep(piece, from, quote + 1);
                if (depth > 0) {
                    state = NESTED;
                } else {
                    finishMember(quote + 1 + offset, null);
                }
                return quote + 1;
            }
            at = quote + 1;
        }
    }

    private void keep(ByteBuf piece, int from, int to) throws JsonSyntaxException {
        if (keeps) {
            for (int at = from; at < to; at++) {
                keep(piece.getByte(at));
            }
        }
    }

    private void keep(byte b) throws JsonSyntaxException {
        if (!keeps) {
            return;
        }
        if (captured == capture.length) {
            if (captured >= MAX_VALUE_BYTES) {
                throw new JsonSyntaxException("the member '"
                        + new String(wanted[member], StandardCharsets.US_ASCII) + "' is too long");
            }
            capture = Arrays.copyOf(capture, captured * 2);
        }
        capture[captured++] = b;
    }

    private JsonSyntaxException unexpected(long offset, String expected) {
        return new JsonSyntaxException("expected " + expected + " at byte " + offset);
    }
}

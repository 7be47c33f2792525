package io.penstock.translate;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.async.ByteArrayFeeder;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A JSON parser that is given one whole value after another, so that nothing is made for each: a
 * loop's streams take turns at it. Walks members and elements; whoever reads a value must read or
 * {@link #skip} all of it.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> {@value #MAX_DEPTH} objects and arrays within each other; the table of member
 * names that it has seen starts afresh after {@value #MAX_VALUES} values.
 */
final class JsonFeed {
    private static final int MAX_DEPTH = 200;
    private static final int MAX_VALUES = 16 * 1024;
    private static final int MAX_DIGITS = 15;
    private static final double MAX_COUNT = 1e15;
    private static final int KNOWN_WORDS = 64;
    private static final int MAX_WORD = 64;
    private static final JsonFactory JSON = JsonFactory.builder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES) // it locks, and keeps them for good
            .disable(JsonFactory.Feature.FAIL_ON_SYMBOL_HASH_OVERFLOW) // the table starts afresh
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH)
                    .build())
            .build();

    private final String[] words = new String[KNOWN_WORDS];
    @SuppressWarnings("NullAway.Init") // begin() comes before all else
    private JsonParser parser;
    private int values;
    private boolean clean; // the last value was read to its end, and nothing was behind it
    @SuppressWarnings("NullAway.Init") // the same
    private byte[] bytes;
    private int from;
    private int to;
    @SuppressWarnings("NullAway.Init") // of the last member that was gone on to
    private String name;
    @SuppressWarnings("NullAway.Init") // as bytes
    private JsonToken value;

    /** Takes the value in those bytes, and reads its first token. */
    void begin(byte[] bytes, int from, int to) throws IOException {
        this.bytes = bytes;
        this.from = from;
        this.to = to;
        restart();
    }

    /** Reads that value from its start again; it must have been read to its end, or be given up. */
    void restart() throws IOException {
        if (!clean || values++ >= MAX_VALUES) {
            if (parser != null) {
                parser.close();
            }
            parser = JSON.createNonBlockingByteArrayParser();
            values = 0;
        }
        clean = false;
        ((ByteArrayFeeder) parser.getNonBlockingInputFeeder()).feedInput(bytes, from, to);
        value = next();
    }

    /** Checks that the value is at its end, and nothing behind it. */
    void end() throws IOException {
        if (!parser.getParsingContext().inRoot() || parser.nextToken() != JsonToken.NOT_AVAILABLE) {
            throw new JsonFeedException("something behind the value");
        }
        clean = true;
    }

    private JsonToken next() throws IOException {
        JsonToken token = parser.nextToken();
        if (token == JsonToken.NOT_AVAILABLE || token == null) {
            throw new JsonFeedException("no whole value");
        }
        return token;
    }

    /** Goes on to the next member of the object that is being read; false at its end. */
    boolean nextMember() throws IOException {
        JsonToken token = next();
        if (token == JsonToken.END_OBJECT) {
            return false;
        }
        if (token != JsonToken.FIELD_NAME) {
            throw new JsonFeedException("no object is being read");
        }
        name = parser.currentName();
        value = next();
        return true;
    }

    /** Goes on to the next element of the array that is being read; false at its end. */
    boolean nextElement() throws IOException {
        value = next();
        return value != JsonToken.END_ARRAY;
    }

    /** The name of the member. */
    String name() {
        return name;
    }

    boolean isObject() {
        return value == JsonToken.START_OBJECT;
    }

    boolean isArray() {
        return value == JsonToken.START_ARRAY;
    }

    boolean isText() {
        return value == JsonToken.VALUE_STRING;
    }

    /** Whether it is an object; anything else is skipped. */
    boolean enterObject() throws IOException {
        if (isObject()) {
            return true;
        }
        skip();
        return false;
    }

    /** Whether it is an array; anything else is skipped. */
    boolean enterArray() throws IOException {
        if (isArray()) {
            return true;
        }
        skip();
        return false;
    }

    /** Passes over the value. */
    void skip() throws IOException {
        if (value.isStructStart()) {
            parser.skipChildren();
        }
    }

    /** A string, or any other scalar's text; null for null, and for all that is no scalar. */
    @Nullable String text() throws IOException {
        if (value.isStructStart()) {
            parser.skipChildren();
            return null;
        }
        return value == JsonToken.VALUE_NULL ? null : parser.getText();
    }

    /** A string that is one of few, such as a type: no new one for each; else like a text. */
    @Nullable String word() throws IOException {
        if (value != JsonToken.VALUE_STRING || parser.getTextLength() > MAX_WORD) {
            return text();
        }
        char[] chars = parser.getTextCharacters();
        int start = parser.getTextOffset();
        int count = parser.getTextLength();
        int hash = count;
        for (int i = start; i < start + count; i++) {
            hash = hash * 31 + chars[i];
        }
        int at = (hash ^ hash >>> 16) & KNOWN_WORDS - 1;
        String known = words[at];
        if (known == null || !equals(known, chars, start, count)) {
            known = new String(chars, start, count);
            words[at] = known;
        }
        return known;
    }

    private static boolean equals(String text, char[] chars, int from, int count) {
        if (text.length() != count) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            if (text.charAt(i) != chars[from + i]) {
                return false;
            }
        }
        return true;
    }

    /** A string's characters; see {@link #from} and {@link #length}. */
    char[] chars() throws IOException {
        return parser.getTextCharacters();
    }

    int from() throws IOException {
        return parser.getTextOffset();
    }

    int length() throws IOException {
        return parser.getTextLength();
    }

    /** Whether it is a string with anything in it; skips what is none. */
    boolean hasText() throws IOException {
        if (value == JsonToken.VALUE_STRING) {
            return parser.getTextLength() > 0;
        }
        skip();
        return false;
    }

    /** A count: some send floats, some strings, some nonsense; -1 for what is none. */
    long count() throws IOException {
        if (value == JsonToken.VALUE_NUMBER_INT && parser.getTextLength() <= MAX_DIGITS) {
            return Math.max(0, parser.getLongValue());
        }
        String text = text();
        if (text == null) {
            return -1;
        }
        try {
            double number = Double.parseDouble(text);
            return number > 0 ? (long) Math.min(number, MAX_COUNT) : number <= 0 ? 0 : -1;
        } catch (NumberFormatException e) {
            return -1; // a string that is no number says nothing
        }
    }

    /**
     * Passes over the value and says whether it is neither null, false, zero, an empty string, an
     * empty list nor an empty object.
     */
    boolean isTruthy() throws IOException {
        return switch (value) {
            case VALUE_STRING -> parser.getTextLength() > 0;
            case VALUE_TRUE -> true;
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDoubleValue() != 0;
            case START_OBJECT -> hasMembers();
            case START_ARRAY -> hasElements();
            default -> false;
        };
    }

    private boolean hasMembers() throws IOException {
        boolean any = false;
        while (nextMember()) {
            any = true;
            skip();
        }
        return any;
    }

    private boolean hasElements() throws IOException {
        boolean any = false;
        while (nextElement()) {
            any = true;
            skip();
        }
        return any;
    }

    /** Copies the value as compact JSON: members in their order, numbers digit by digit. */
    void copyTo(TextRun out) throws IOException {
        int depth = 0;
        boolean first = true;
        JsonToken token = value;
        while (true) {
            boolean closes = token == JsonToken.END_OBJECT || token == JsonToken.END_ARRAY;
            if (!first && !closes) {
                out.append(',');
            }
            first = false;
            switch (token) {
                case START_OBJECT, START_ARRAY -> {
                    out.append(token == JsonToken.START_OBJECT ? '{' : '[');
                    depth++;
                    first = true;
                }
                case END_OBJECT, END_ARRAY -> {
                    out.append(token == JsonToken.END_OBJECT ? '}' : ']');
                    depth--;
                }
                case FIELD_NAME -> {
                    String field = parser.currentName();
                    out.appendQuoted(field.toCharArray(), 0, field.length());
                    out.append(':');
                    first = true;
                }
                case VALUE_STRING -> out.appendQuoted(chars(), from(), length());
                default -> out.append(parser.getText());
            }
            if (depth == 0) {
                return;
            }
            token = next();
        }
    }

    /** The bytes are no whole JSON value. */
    static final class JsonFeedException extends IOException {
        private static final long serialVersionUID = 1L;

        JsonFeedException(String message) {
            super(message, null);
        }
    }
}

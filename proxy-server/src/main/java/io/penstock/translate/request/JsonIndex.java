package io.penstock.translate.request;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Set;

/**
 * Where the values of a JSON body stand, in the order of the body: arrays of positions, not a tree.
 * A value is known by its place in them. What no format looks into (a tool's schema, a call's
 * arguments, anything very deep) is one value.
 *
 * <p><b>Thread:</b> confined to the event loop, which uses one for all its bodies.
 * <br><b>Buffers:</b> borrows the array until the next body.
 * <br><b>Bounds:</b> {@value #MAX_DEPTH} levels; {@value #MAX_VALUES} values, of 17 bytes each;
 * keeps room for {@value #KEPT_VALUES} between bodies.
 */
final class JsonIndex {
    static final int MAX_DEPTH = 512; // as the scanner that has seen the body before
    static final int MAX_VALUES = 1 << 20;
    static final int NONE = -1;

    static final JsonFactory JSON = JsonFactory.builder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES) // the caller's, not ours
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH)
                    .build())
            .build();

    private static final int KEPT_VALUES = 16 * 1024;
    /** That of {@code messages[].content[].content[].source.content[].text}. */
    private static final int INDEXED_DEPTH = 10;
    private static final Set<String> OPAQUE =
            Set.of("parameters", "input_schema", "schema", "input", "arguments", "logit_bias",
                    // Google's, by both of their names
                    "args", "response", "parametersJsonSchema", "parameters_json_schema",
                    "responseSchema", "response_schema", "responseJsonSchema",
                    "response_json_schema");

    enum Kind { OBJECT, ARRAY, STRING, NUMBER, BOOLEAN, NULL }

    private static final Kind[] KINDS = Kind.values();

    private byte[] bytes;
    private int count;
    private byte[] kinds = new byte[256];
    private int[] starts = new int[256];
    private int[] ends = new int[256];
    private int[] afters = new int[256]; // the first value behind it and all that is in it
    private String[] names = new String[256];
    private final int[] open = new int[INDEXED_DEPTH + 1];

    /** Indexes the object that stands there, alone. */
    void read(byte[] body, int from, int to) throws UntranslatableException {
        clear();
        bytes = body;
        int first = from;
        while (first < to && (body[first] == ' ' || body[first] == '\n' || body[first] == '\r'
                || body[first] == '\t')) {
            first++;
        }
        if (first == to || body[first] != '{' || first + 1 < to && body[first + 1] == 0) {
            throw UntranslatableException.notJson("the body is not a JSON object");
        }
        try (JsonParser parser = JSON.createParser(body, from, to - from)) {
            readValues(parser, from);
            if (parser.nextToken() != null) {
                throw UntranslatableException.notJson("expected nothing after the object at byte "
                        + parser.currentTokenLocation().getByteOffset());
            }
        } catch (JsonEOFException e) {
            throw UntranslatableException.notJson("the JSON ends too early");
        } catch (StreamConstraintsException e) {
            throw UntranslatableException.notJson("the JSON is nested deeper than " + MAX_DEPTH
                    + " levels, or has a name or a number without end");
        } catch (JsonProcessingException e) {
            throw UntranslatableException.notJson("the body is not valid JSON at byte "
                    + (e.getLocation() == null ? "?" : e.getLocation().getByteOffset()));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot happen: the bytes are in memory", e);
        } catch (IllegalStateException e) {
            throw UntranslatableException.notJson("too many member names with the same hash");
        }
    }

    private void clear() {
        if (starts.length > KEPT_VALUES) {
            resize(KEPT_VALUES);
        }
        Arrays.fill(names, 0, Math.min(count, names.length), null);
        count = 0;
    }

    private void readValues(JsonParser parser, int base)
            throws IOException, UntranslatableException {
        int depth = 0;
        String name = null;
        do {
            JsonToken token = parser.nextToken();
            if (token == JsonToken.FIELD_NAME) {
                name = parser.currentName();
                continue;
            }
            int at = base + (int) parser.currentTokenLocation().getByteOffset();
            if (token == JsonToken.END_OBJECT || token == JsonToken.END_ARRAY) {
                depth--;
                ends[open[depth]] = at + 1;
                afters[open[depth]] = count;
                continue;
            }
            int value = add(kindOf(token), at, name);
            switch (token) {
                case START_OBJECT, START_ARRAY -> {
                    boolean opaque = token == JsonToken.START_OBJECT && name != null
                            && OPAQUE.contains(name);
                    if (depth < INDEXED_DEPTH && !opaque) {
                        open[depth++] = value;
                    } else {
                        parser.skipChildren();
                        ends[value] = base
                                + (int) parser.currentTokenLocation().getByteOffset() + 1;
                    }
                }
                case VALUE_STRING -> ends[value] = stringEnd(at);
                case VALUE_FALSE -> ends[value] = at + 5;
                case VALUE_TRUE, VALUE_NULL -> ends[value] = at + 4;
                default -> ends[value] = at + parser.getTextLength();
            }
            name = null;
        } while (depth > 0);
    }

    private static Kind kindOf(JsonToken token) {
        return switch (token) {
            case START_OBJECT -> Kind.OBJECT;
            case START_ARRAY -> Kind.ARRAY;
            case VALUE_STRING -> Kind.STRING;
            case VALUE_TRUE, VALUE_FALSE -> Kind.BOOLEAN;
            case VALUE_NULL -> Kind.NULL;
            default -> Kind.NUMBER;
        };
    }

    /** Behind the closing quote; an unclosed string is the parser's to complain about. */
    private int stringEnd(int start) {
        int at = start + 1;
        while (at < bytes.length && bytes[at] != '"') {
            at += bytes[at] == '\\' ? 2 : 1;
        }
        return at + 1;
    }

    private int add(Kind kind, int at, String name) throws UntranslatableException {
        if (count == starts.length) {
            if (count == MAX_VALUES) {
                throw UntranslatableException.notJson(
                        "the body has more than " + MAX_VALUES + " values");
            }
            resize(Math.min(MAX_VALUES, count * 2));
        }
        kinds[count] = (byte) kind.ordinal();
        starts[count] = at;
        afters[count] = count + 1;
        names[count] = name;
        return count++;
    }

    private void resize(int length) {
        kinds = Arrays.copyOf(kinds, length);
        starts = Arrays.copyOf(starts, length);
        ends = Arrays.copyOf(ends, length);
        afters = Arrays.copyOf(afters, length);
        names = Arrays.copyOf(names, length);
    }

    /** The body itself. */
    int root() {
        return 0;
    }

    /** The first element or member; {@link #NONE} if it is empty or has none. */
    int first(int value) {
        return afters[value] > value + 1 ? value + 1 : NONE;
    }

    /** The element or member of {@code parent} behind {@code value}; {@link #NONE} at the end. */
    int next(int parent, int value) {
        return afters[value] < afters[parent] ? afters[value] : NONE;
    }

    /** The member's value, the last one's if there are several; NONE if absent or null. */
    int member(int object, String name) {
        int found = NONE;
        if (is(object, Kind.OBJECT)) {
            for (int at = first(object); at != NONE; at = next(object, at)) {
                if (names[at].equals(name)) {
                    found = at;
                }
            }
        }
        return found == NONE || is(found, Kind.NULL) ? NONE : found;
    }

    /** Where a value begins in the body. */
    int start(int value) {
        return starts[value];
    }

    /** Behind its last byte. */
    int end(int value) {
        return ends[value];
    }

    /** Where a member's name begins, its quote; {@link #NONE} where the name is spelled oddly. */
    int nameStart(int value) {
        int at = starts[value] - 1;
        while (bytes[at] != '"') { // blanks and the colon
            at--;
        }
        int start = at - names[value].length() - 1;
        if (start < 0 || bytes[start] != '"') {
            return NONE;
        }
        for (int i = 0; i < names[value].length(); i++) {
            if (bytes[start + 1 + i] != names[value].charAt(i)) {
                return NONE; // with escapes, or outside of ASCII
            }
        }
        return start;
    }

    /** The member's name. */
    String name(int value) {
        return names[value];
    }

    Kind kind(int value) {
        return KINDS[kinds[value]];
    }

    boolean is(int value, Kind kind) {
        return value != NONE && kinds[value] == kind.ordinal();
    }

    /** A string's inside, or the whole of any other value. */
    Raw raw(int value) {
        int quote = is(value, Kind.STRING) ? 1 : 0;
        return new Raw(bytes, starts[value] + quote, ends[value] - quote);
    }

    /** A string's text, or how any other value is spelled; null for none. */
    String text(int value) {
        return value == NONE ? null : raw(value).text();
    }
}

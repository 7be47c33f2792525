package io.penstock.cache;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The text that all spellings of one JSON object have in common, and no other object has: members
 * in the order of their names, no blanks, each string and number in one form.
 *
 * <p>Two numbers are the same if their values are ({@code 1}, {@code 1.0}, {@code 10e-1}); a number
 * of more than {@value #MAX_NUMBER_CHARS} characters stands as it was written. Two strings are the
 * same if their UTF-16 code units are; half of a surrogate pair is kept apart from all else.
 *
 * <p><b>Thread:</b> for one object, on one thread.
 * <br><b>Bounds:</b> {@value #MAX_DEPTH} objects and arrays within each other; the memory of about
 * twice the object's bytes.
 */
final class CanonicalJson {
    static final int MAX_DEPTH = 200;
    static final int MAX_NUMBER_CHARS = 64;

    private static final JsonFactory JSON = JsonFactory.builder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES) // it locks, and keeps them for good
            .disable(JsonFactory.Feature.FAIL_ON_SYMBOL_HASH_OVERFLOW)
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(Integer.MAX_VALUE).maxNumberLength(Integer.MAX_VALUE)
                    .build())
            .build();
    private static final byte[] TRUE = "true".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] FALSE = "false".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NULL = "null".getBytes(StandardCharsets.US_ASCII);

    /** Why an object has no canonical form. */
    static final class NotCanonicalException extends Exception {
        private static final long serialVersionUID = 1L;

        NotCanonicalException(String message) {
            super(message);
        }

        NotCanonicalException(IOException cause) {
            super(cause);
        }
    }

    /** Where one member was written, its name and colon included. */
    private record Member(String name, int start, int end) {}

    private byte[] out;
    private int length;

    private CanonicalJson(int size) {
        out = new byte[size];
    }

    /**
     * The canonical text of the object in these bytes, in UTF-8, without those of its own members
     * that {@code without} names.
     *
     * @param barring members of its own that it must not have, unless they are null or false
     * @throws NotCanonicalException if the bytes are no JSON object, or if some object in them has
     *     two members of one name: readers differ in which one counts
     */
    static byte[] of(byte[] bytes, int from, int length, Set<String> without,
            Set<String> barring) throws NotCanonicalException {
        CanonicalJson canonical = new CanonicalJson(length + 16);
        try (JsonParser parser = JSON.createParser(bytes, from, length)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new NotCanonicalException("no object");
            }
            canonical.object(parser, without, barring);
            if (parser.nextToken() != null) {
                throw new NotCanonicalException("something behind the object");
            }
        } catch (IOException e) {
            throw new NotCanonicalException(e);
        }
        return Arrays.copyOf(canonical.out, canonical.length);
    }

    private void value(JsonParser parser, JsonToken token)
            throws IOException, NotCanonicalException {
        switch (token) {
            case START_OBJECT -> object(parser, Set.of(), Set.of());
            case START_ARRAY -> array(parser);
            case VALUE_STRING -> string(parser.getTextCharacters(), parser.getTextOffset(),
                    parser.getTextLength());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser.getText());
            case VALUE_TRUE -> bytes(TRUE);
            case VALUE_FALSE -> bytes(FALSE);
            case VALUE_NULL -> bytes(NULL);
            default -> throw new NotCanonicalException("no value");
        }
    }

    private void array(JsonParser parser) throws IOException, NotCanonicalException {
        put('[');
        boolean first = true;
        JsonToken token = parser.nextToken();
        while (token != JsonToken.END_ARRAY) {
            if (!first) {
                put(',');
            }
            first = false;
            value(parser, present(token));
            token = parser.nextToken();
        }
        put(']');
    }

    private void object(JsonParser parser, Set<String> without, Set<String> barring)
            throws IOException, NotCanonicalException {
        put('{');
        int first = length;
        List<Member> members = new ArrayList<>();
        boolean sorted = true;
        while (present(parser.nextToken()) == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken token = present(parser.nextToken());
            if (without.contains(name)) {
                parser.skipChildren();
                continue;
            }
            if (barring.contains(name) && token != JsonToken.VALUE_NULL
                    && token != JsonToken.VALUE_FALSE) {
                throw new NotCanonicalException(name);
            }
            int start = length;
            char[] chars = name.toCharArray();
            string(chars, 0, chars.length);
            put(':');
            value(parser, token);
            put(',');
            sorted &= members.isEmpty()
                    || members.get(members.size() - 1).name.compareTo(name) < 0;
            members.add(new Member(name, start, length));
        }
        if (!sorted) {
            sort(members, first);
        }
        if (!members.isEmpty()) {
            length--; // the last comma
        }
        put('}');
    }

    /** Puts the members, which follow each other from there on, into the order of their names. */
    private void sort(List<Member> members, int first) throws NotCanonicalException {
        byte[] unsorted = Arrays.copyOfRange(out, first, length);
        members.sort((a, b) -> a.name.compareTo(b.name));
        int at = first;
        String last = null;
        for (Member member : members) {
            if (member.name.equals(last)) {
                throw new NotCanonicalException("two members of one name");
            }
            last = member.name;
            System.arraycopy(unsorted, member.start - first, out, at, member.end - member.start);
            at += member.end - member.start;
        }
    }

    private static JsonToken present(@Nullable JsonToken token)
            throws NotCanonicalException {
        if (token == null) {
            throw new NotCanonicalException("no end");
        }
        return token;
    }

    private void number(String text) {
        bytes(canonicalNumber(text).getBytes(StandardCharsets.US_ASCII));
    }

    private static String canonicalNumber(String text) {
        if (text.length() > MAX_NUMBER_CHARS) {
            return text;
        }
        try {
            BigDecimal value = new BigDecimal(text).stripTrailingZeros();
            return value.signum() == 0 ? "0" : value.unscaledValue() + "e" + -(long) value.scale();
        } catch (NumberFormatException e) {
            return text; // an exponent beyond all bounds
        }
    }

    /** Quotes and backslashes get a backslash, all else stands for itself. */
    private void string(char[] chars, int from, int count) {
        put('"');
        ensure(3 * count);
        for (int i = from; i < from + count; i++) {
            char c = chars[i];
            if (c == '"' || c == '\\') {
                ensure(2 + 3 * (from + count - i));
                out[length++] = '\\';
                out[length++] = (byte) c;
            } else if (c < 0x80) {
                out[length++] = (byte) c;
            } else if (c < 0x800) {
                out[length++] = (byte) (0xc0 | c >> 6);
                out[length++] = (byte) (0x80 | c & 0x3f);
            } else { // each half of a pair by itself: no two strings have the same bytes
                out[length++] = (byte) (0xe0 | c >> 12);
                out[length++] = (byte) (0x80 | c >> 6 & 0x3f);
                out[length++] = (byte) (0x80 | c & 0x3f);
            }
        }
        put('"');
    }

    private void bytes(byte[] source) {
        ensure(source.length);
        System.arraycopy(source, 0, out, length, source.length);
        length += source.length;
    }

    private void put(char c) {
        ensure(1);
        out[length++] = (byte) c;
    }

    private void ensure(int more) {
        if (length + more > out.length) {
            out = Arrays.copyOf(out, Math.max(out.length * 2, length + more));
        }
    }
}

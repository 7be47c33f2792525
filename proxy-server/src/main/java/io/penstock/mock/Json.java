package io.penstock.mock;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A JSON text that is put together value by value: texts, numbers, booleans, null, maps, lists and
 * other JSON.
 *
 * <p><b>Thread:</b> immutable.
 */
final class Json {
    /** Stands for a member that is left out. */
    static final Object ABSENT = new Object();

    private static final JsonFactory FACTORY = new JsonFactory();
    private static final String HEX = "0123456789abcdef";

    private final String text;

    private Json(String text) {
        this.text = text;
    }

    /** An object of names, each followed by its value. */
    static Json object(@Nullable Object... namesAndValues) {
        StringBuilder out = new StringBuilder("{");
        for (int i = 0; i < namesAndValues.length; i += 2) {
            if (namesAndValues[i + 1] != ABSENT) {
                quote(out.append(out.length() == 1 ? "" : ","), (String) namesAndValues[i]);
                write(out.append(':'), namesAndValues[i + 1]);
            }
        }
        return new Json(out.append('}').toString());
    }

    /** What is JSON already. */
    static Json raw(String json) {
        return new Json(json);
    }

    static Json array(Object... items) {
        return of(List.of(items));
    }

    static Json of(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        write(out, value);
        return new Json(out.toString());
    }

    /**
     * Reads a text: objects become maps in their order, arrays lists, numbers {@code Json} that is
     * written as it was read.
     */
    static @Nullable Object parse(byte[] bytes) throws IOException {
        try (JsonParser parser = FACTORY.createParser(bytes)) {
            if (parser.nextToken() == null) {
                throw new IOException("nothing there");
            }
            Object value = read(parser);
            if (parser.nextToken() != null) {
                throw new IOException("more than one value");
            }
            return value;
        }
    }

    private static @Nullable Object read(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> members = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    members.put(name, read(parser));
                }
                yield members;
            }
            case START_ARRAY -> {
                List<@Nullable Object> items = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    items.add(read(parser));
                }
                yield items;
            }
            case VALUE_STRING -> parser.getText();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> new Json(parser.getText());
        };
    }

    private static void write(StringBuilder out, @Nullable Object value) {
        if (value instanceof String string) {
            quote(out, string);
        } else if (value instanceof Map<?, ?> members) {
            char next = '{';
            for (Map.Entry<?, ?> member : members.entrySet()) {
                quote(out.append(next), (String) member.getKey());
                write(out.append(':'), member.getValue());
                next = ',';
            }
            out.append(members.isEmpty() ? "{}" : "}");
        } else if (value instanceof List<?> items) {
            char next = '[';
            for (Object item : items) {
                write(out.append(next), item);
                next = ',';
            }
            out.append(items.isEmpty() ? "[]" : "]");
        } else {
            out.append(value);
        }
    }

    private static void quote(StringBuilder out, String string) {
        out.append('"');
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            switch (c) {
                case '"', '\\' -> out.append('\\').append(c);
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < ' ') {
                        out.append("\\u00").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    @Override
    public String toString() {
        return text;
    }
}

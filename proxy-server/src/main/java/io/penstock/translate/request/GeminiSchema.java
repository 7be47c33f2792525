package io.penstock.translate.request;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.penstock.json.JsonText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Makes a JSON schema of one in Google's own words, a subset of OpenAPI's: types are in capitals,
 * {@code nullable} is a member, counts may be strings. What is a JSON schema already stays one.
 *
 * <p><b>Bounds:</b> nested no deeper than the parser allows.
 */
final class GeminiSchema {
    /** Members that have another name in JSON schemas. */
    private static final Map<String, String> WORDS =
            Map.of("example", "examples", "ref", "$ref", "defs", "$defs");

    private static final Pattern COUNT = Pattern.compile("0|[1-9]\\d{0,14}");

    private final JsonParser parser;

    private GeminiSchema(JsonParser parser) {
        this.parser = parser;
    }

    /** The JSON schema that says the same as an object which has been read before. */
    static Raw toJsonSchema(Raw schema) {
        try (JsonParser parser =
                JsonIndex.JSON.createParser(schema.bytes(), schema.start(), schema.length())) {
            parser.nextToken();
            return Raw.ofJson(new GeminiSchema(parser).schema());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot happen: the body has been read before", e);
        }
    }

    /** A schema's text; the parser stands at its brace, and at its last one afterwards. */
    private String schema() throws IOException {
        StringBuilder rest = new StringBuilder();
        Set<String> said = new HashSet<>(); // a schema that has both of a member's names
        String type = null;
        boolean nullable = false;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = GeminiFields.camel(parser.currentName());
            JsonToken value = parser.nextToken();
            if (!said.add(WORDS.getOrDefault(name, name))) {
                parser.skipChildren();
                continue;
            }
            switch (name) {
                case "type" -> type = type(value);
                case "nullable" -> nullable = value == JsonToken.VALUE_TRUE;
                case "propertyOrdering" -> parser.skipChildren(); // nobody else has a word for it
                case "format" -> {
                    String format = value();
                    if (!format.equals("\"enum\"")) { // which the list itself says
                        member(rest, name).append(format);
                    }
                }
                case "example" -> member(rest, "examples").append('[').append(value()).append(']');
                case "ref" -> member(rest, "$ref").append(value());
                case "properties" -> members(member(rest, name));
                case "defs", "$defs" -> members(member(rest, "$defs"));
                case "items", "additionalProperties", "not" ->
                        member(rest, name).append(schemaOrValue());
                case "anyOf", "oneOf", "allOf", "prefixItems" -> schemas(member(rest, name));
                case "minItems", "maxItems", "minLength", "maxLength", "minProperties",
                        "maxProperties" -> member(rest, name).append(count(value));
                default -> member(rest, name).append(value());
            }
        }
        StringBuilder out = new StringBuilder(rest.length() + 32).append('{');
        if (type != null) {
            out.append("\"type\":").append(nullable && type.startsWith("\"")
                    ? "[" + type + ",\"null\"]" : type).append(rest.isEmpty() ? "" : ",");
        }
        return out.append(rest).append('}').toString();
    }

    private static StringBuilder member(StringBuilder out, String name) {
        return JsonText.quote(out.append(out.isEmpty() ? "" : ","), name).append(':');
    }

    /** A type in small letters, or a list of them; null for none. */
    private String type(JsonToken value) throws IOException {
        if (value == JsonToken.VALUE_STRING) {
            String type = parser.getText().toLowerCase(Locale.ROOT);
            return type.equals("type_unspecified") ? null : quoted(type);
        }
        if (value != JsonToken.START_ARRAY) {
            return value == JsonToken.VALUE_NULL ? null : value();
        }
        StringBuilder types = new StringBuilder("[");
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            types.append(types.length() == 1 ? "" : ",")
                    .append(parser.currentToken() == JsonToken.VALUE_STRING
                            ? quoted(parser.getText().toLowerCase(Locale.ROOT)) : value());
        }
        return types.append(']').toString();
    }

    private static String quoted(String text) {
        return JsonText.quote(new StringBuilder(text.length() + 2), text).toString();
    }

    private String count(JsonToken value) throws IOException {
        boolean number = value == JsonToken.VALUE_STRING
                && COUNT.matcher(parser.getText()).matches();
        return number ? parser.getText() : value();
    }

    private String schemaOrValue() throws IOException {
        return parser.currentToken() == JsonToken.START_OBJECT ? schema() : value();
    }

    private void members(StringBuilder out) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            out.append(value());
            return;
        }
        out.append('{');
        boolean first = true;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            JsonText.quote(out.append(first ? "" : ","), parser.currentName()).append(':');
            parser.nextToken();
            out.append(schemaOrValue());
            first = false;
        }
        out.append('}');
    }

    private void schemas(StringBuilder out) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            out.append(value());
            return;
        }
        out.append('[');
        boolean first = true;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            out.append(first ? "" : ",").append(schemaOrValue());
            first = false;
        }
        out.append(']');
    }

    /** Any value, as it says the same. */
    private String value() throws IOException {
        switch (parser.currentToken()) {
            case VALUE_STRING -> {
                return quoted(parser.getText());
            }
            case START_OBJECT -> {
                StringBuilder out = new StringBuilder("{");
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    JsonText.quote(out.append(out.length() == 1 ? "" : ","),
                            parser.currentName()).append(':');
                    parser.nextToken();
                    out.append(value());
                }
                return out.append('}').toString();
            }
            case START_ARRAY -> {
                StringBuilder out = new StringBuilder("[");
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    out.append(out.length() == 1 ? "" : ",").append(value());
                }
                return out.append(']').toString();
            }
            default -> {
                return parser.getText();
            }
        }
    }
}

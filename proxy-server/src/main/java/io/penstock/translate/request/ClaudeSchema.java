package io.penstock.translate.request;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * A schema as Anthropic takes it to hold an answer, or a strict tool, to: without bounds of
 * numbers, texts and lists, and every object closed. What it goes without is named.
 *
 * @see <a href="https://docs.claude.com/en/docs/build-with-claude/structured-outputs">its rules</a>
 */
final class ClaudeSchema {
    static final Raw EMPTY = Raw.ofJson(
            "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}");
    private static final Set<String> REFUSED = Set.of("minimum", "maximum", "exclusiveMinimum",
            "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "maxItems", "uniqueItems",
            "contains", "minContains", "maxContains", "unevaluatedItems", "minProperties",
            "maxProperties", "patternProperties", "propertyNames", "unevaluatedProperties", "not",
            "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies",
            "$schema", "$id", "$comment", "examples", "readOnly", "writeOnly", "deprecated",
            "contentEncoding", "contentMediaType");
    private static final Set<String> FORMATS = Set.of("date-time", "time", "date", "duration",
            "email", "hostname", "uri", "ipv4", "ipv6", "uuid");
    private static final String CLOSED = "additionalProperties";

    private final Set<String> dropped = new LinkedHashSet<>();
    private final Set<String> changed = new LinkedHashSet<>();
    private final Raw schema;
    private boolean map; // an object of any names is in it

    private ClaudeSchema(Raw whole) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(whole.length() + 64);
        try (JsonParser parser = JsonIndex.JSON.createParser(whole.bytes(), whole.start(),
                        whole.length());
                JsonGenerator generator = JsonIndex.JSON.createGenerator(out)) {
            parser.nextToken();
            copySchema(parser, generator, true);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot happen: the whole body was read before", e);
        }
        byte[] bytes = out.toByteArray();
        schema = dropped.isEmpty() && changed.isEmpty() ? whole
                : new Raw(bytes, 0, bytes.length);
    }

    static ClaudeSchema of(Raw schema) {
        return new ClaudeSchema(schema);
    }

    /** The schema, the same bytes where nothing had to be changed. */
    Raw schema() {
        return schema;
    }

    /** Whether an answer may have members of any name, which no closed object has. */
    boolean isMap() {
        return map;
    }

    /** Names what was left out and what was changed. */
    void note(Notes notes, String path) {
        dropped.forEach(name -> notes.drop(path + "." + name));
        changed.forEach(name -> notes.change(path + "." + name));
    }

    /** Copies an object that is a schema; nested no deeper than the parser allows. */
    private void copySchema(JsonParser in, JsonGenerator out, boolean root) throws IOException {
        boolean object = root;
        boolean properties = false;
        JsonToken open = null; // what was said of further members
        out.writeStartObject();
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String name = in.currentName();
            JsonToken value = in.nextToken();
            if (isRefused(in, name)) {
                dropped.add(name);
                in.skipChildren();
                continue;
            }
            switch (name) {
                case CLOSED -> {
                    open = value;
                    in.skipChildren();
                }
                case "properties", "$defs", "definitions" -> {
                    properties |= name.equals("properties");
                    out.writeFieldName(name);
                    copyNamed(in, out);
                }
                case "items", "anyOf", "allOf", "oneOf" -> {
                    boolean oneOf = name.equals("oneOf");
                    if (oneOf) {
                        changed.add(name);
                    }
                    out.writeFieldName(oneOf ? "anyOf" : name);
                    copyValue(in, out);
                }
                default -> {
                    object |= name.equals("type") && value == JsonToken.VALUE_STRING
                            && in.getText().equals("object");
                    out.writeFieldName(name);
                    out.copyCurrentStructureExact(in);
                }
            }
        }
        if (object || properties) {
            out.writeBooleanField(CLOSED, false);
            map |= open == JsonToken.START_OBJECT || open == JsonToken.VALUE_TRUE && !properties;
            if (open != JsonToken.VALUE_FALSE) {
                changed.add(CLOSED);
            }
        }
        out.writeEndObject();
    }

    private static boolean isRefused(JsonParser in, String name) throws IOException {
        return REFUSED.contains(name)
                || name.equals("format") && !FORMATS.contains(in.getValueAsString(""))
                || name.equals("minItems") && in.getValueAsInt(0) > 1;
    }

    /** Copies schemas under names that are the caller's own. */
    private void copyNamed(JsonParser in, JsonGenerator out) throws IOException {
        if (in.currentToken() != JsonToken.START_OBJECT) {
            out.copyCurrentStructureExact(in);
            return;
        }
        out.writeStartObject();
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            out.writeFieldName(in.currentName());
            in.nextToken();
            copyValue(in, out);
        }
        out.writeEndObject();
    }

    /** Copies a schema, a list of them, or what is neither. */
    private void copyValue(JsonParser in, JsonGenerator out) throws IOException {
        if (in.currentToken() == JsonToken.START_OBJECT) {
            copySchema(in, out, false);
        } else if (in.currentToken() == JsonToken.START_ARRAY) {
            out.writeStartArray();
            while (in.nextToken() != JsonToken.END_ARRAY) {
                copyValue(in, out);
            }
            out.writeEndArray();
        } else {
            out.copyCurrentStructureExact(in);
        }
    }
}

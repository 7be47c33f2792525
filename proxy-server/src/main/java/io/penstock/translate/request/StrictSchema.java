package io.penstock.translate.request;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;

/**
 * Whether a schema passes OpenAI's rules for what is strict: every object has no properties but its
 * own, all of them are required, and nothing is said that the rules have no word for.
 *
 * @see <a href="https://platform.openai.com/docs/guides/structured-outputs">the rules</a>
 */
final class StrictSchema {
    private static final Set<String> REFUSED = Set.of("allOf", "oneOf", "not", "if", "then",
            "else", "dependentRequired", "dependentSchemas", "patternProperties", "propertyNames",
            "minProperties", "maxProperties", "unevaluatedProperties", "unevaluatedItems",
            "contains", "minContains", "maxContains", "uniqueItems", "prefixItems", "minLength",
            "maxLength", "default");
    private static final Set<String> FORMATS = Set.of("date-time", "time", "date", "duration",
            "email", "hostname", "ipv4", "ipv6", "uuid");

    private StrictSchema() {}

    static boolean isStrict(Raw schema) {
        try (JsonParser parser =
                JsonIndex.JSON.createParser(schema.bytes(), schema.start(), schema.length())) {
            parser.nextToken();
            return readSchema(parser) && !schema.hasMember("anyOf");
        } catch (IOException e) {
            return false; // cannot be: the whole body was read before
        }
    }

    /** Reads an object that is a schema; nested no deeper than the parser allows. */
    private static boolean readSchema(JsonParser parser) throws IOException {
        Set<String> properties = null;
        Set<String> required = Set.of();
        boolean object = false;
        boolean closed = false;
        boolean strict = true;
        boolean reference = false;
        int members = 0;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            members++;
            if (REFUSED.contains(name)) {
                strict = false;
                parser.skipChildren();
            } else if (name.equals("format")) {
                strict &= FORMATS.contains(parser.getValueAsString(""));
                parser.skipChildren();
            } else if (name.equals("$ref")) {
                reference = true;
                parser.skipChildren();
            } else if (name.equals("properties") && value == JsonToken.START_OBJECT) {
                properties = new HashSet<>();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    properties.add(parser.currentName());
                    parser.nextToken();
                    strict &= readValue(parser);
                }
            } else if (name.equals("required") && value == JsonToken.START_ARRAY) {
                required = new HashSet<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    required.add(parser.getValueAsString(""));
                    parser.skipChildren();
                }
            } else if (name.equals("additionalProperties")) {
                closed = value == JsonToken.VALUE_FALSE;
                parser.skipChildren();
            } else if (name.equals("type")) {
                object = readTypes(parser);
            } else if (name.equals("enum") || name.equals("const") || name.equals("examples")) {
                parser.skipChildren(); // data, not schemas
            } else if ((name.equals("$defs") || name.equals("definitions"))
                    && value == JsonToken.START_OBJECT) {
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    parser.nextToken();
                    strict &= readValue(parser);
                }
            } else {
                strict &= readValue(parser);
            }
        }
        if (object || properties != null) {
            strict &= closed && (properties == null || required.equals(properties));
        }
        return strict && !(reference && members > 1); // a reference stands alone
    }

    /** Whether an object is among the types. */
    private static boolean readTypes(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            return parser.getValueAsString("").equals("object");
        }
        boolean object = false;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            object |= parser.getValueAsString("").equals("object");
            parser.skipChildren();
        }
        return object;
    }

    /** Reads any value, and all schemas in it. */
    private static boolean readValue(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.START_OBJECT) {
            return readSchema(parser);
        }
        boolean strict = true;
        if (parser.currentToken() == JsonToken.START_ARRAY) {
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                strict &= readValue(parser);
            }
        }
        return strict;
    }
}

package io.penstock.translate;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a unary reply that is only relayed is an answer. Servers that imitate an API differ
 * in nearly every member, so only the member is demanded that holds the answer itself; an error
 * counts wherever providers put one.
 *
 * <p><b>Thread:</b> safe, being stateless.
 */
public final class WholeAnswer {
    private static final JsonFactory JSON = new JsonFactory();

    /** What a body is. */
    public enum Finding {
        /** The member is there that holds the answer. */
        ANSWER,
        /** An error, in an object of its own or in the place of an answer. */
        ERROR,
        /** An object without that member, as far as it could be read. */
        OTHER,
        /** No JSON object at all. */
        NO_OBJECT
    }

    private WholeAnswer() {}

    /**
     * Reads the first {@code length} bytes of a body, which may end anywhere.
     *
     * @param members any one of which holds an answer
     */
    public static Finding read(byte[] bytes, int length, String... members) {
        Finding found = Finding.NO_OBJECT;
        try (JsonParser parser = JSON.createParser(bytes, 0, length)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return Finding.NO_OBJECT;
            }
            found = Finding.OTHER;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (isError(parser, name, value)) {
                    return Finding.ERROR;
                }
                if (isOneOf(members, name) && value != JsonToken.VALUE_NULL) {
                    found = Finding.ANSWER;
                    if (name.equals("choices")) {
                        found = value == JsonToken.START_ARRAY ? readChoices(parser)
                                : Finding.OTHER;
                    }
                    if (found == Finding.ERROR) {
                        return Finding.ERROR;
                    }
                }
                parser.skipChildren();
            }
            return found;
        } catch (JsonProcessingException e) {
            return found; // cut here, or malformed for the caller to see: what was read counts
        } catch (IOException e) {
            throw new UncheckedIOException("cannot happen: the bytes are in memory", e);
        }
    }

    /** The id of the object that begins there; null if none stands in the bytes. */
    public static @Nullable String id(byte[] bytes, int length) {
        try (JsonParser parser = JSON.createParser(bytes, 0, length)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return null;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean found = parser.currentName().equals("id");
                if (parser.nextToken() == JsonToken.VALUE_STRING && found) {
                    return parser.getText();
                }
                parser.skipChildren();
            }
            return null;
        } catch (JsonProcessingException e) {
            return null; // cut here: it stands further on
        } catch (IOException e) {
            throw new UncheckedIOException("cannot happen: the bytes are in memory", e);
        }
    }

    private static boolean isOneOf(String[] members, String name) {
        for (String member : members) {
            if (member.equals(name)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isError(JsonParser parser, String name, JsonToken value)
            throws IOException {
        return switch (name) {
            case "error" -> isTruthy(parser, value);
            case "status" -> isText(parser, value, "failed"); // of OpenAI's responses
            case "type", "object" -> isText(parser, value, "error");
            default -> false;
        };
    }

    private static boolean isText(JsonParser parser, JsonToken value, String text)
            throws IOException {
        return value == JsonToken.VALUE_STRING && text.equals(parser.getText());
    }

    private static Finding readChoices(JsonParser parser) throws IOException {
        Finding found = Finding.OTHER;
        while (parser.nextToken() == JsonToken.START_OBJECT) {
            found = Finding.ANSWER;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                boolean failed = switch (name) {
                    case "error" -> isTruthy(parser, value);
                    case "finish_reason" -> isText(parser, value, "error")
                            || isText(parser, value, "insufficient_system_resource");
                    default -> false;
                };
                if (failed) {
                    return Finding.ERROR;
                }
                parser.skipChildren();
            }
        }
        return found;
    }

    /** Neither null, false, zero, an empty string, an empty list nor an empty object. */
    private static boolean isTruthy(JsonParser parser, JsonToken value) throws IOException {
        return switch (value) {
            case VALUE_STRING -> parser.getTextLength() > 0;
            case START_ARRAY -> parser.nextToken() != JsonToken.END_ARRAY;
            case START_OBJECT -> parser.nextToken() != JsonToken.END_OBJECT;
            case VALUE_TRUE -> true;
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDoubleValue() != 0;
            default -> false;
        };
    }
}

package io.penstock.exchange.chat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/**
 * The {@code stream_options} of an OpenAI request: whether the caller asks for the usage of a
 * stream, and how to ask in its place.
 */
public final class StreamOptions {
    private static final JsonFactory JSON = new JsonFactory();
    private static final String ASK = "include_usage";

    private StreamOptions() {}

    /** Whether this object asks for the usage; false if it is no such object. */
    public static boolean asksForUsage(String object) {
        try (JsonParser parser = JSON.createParser(object)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return false;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean asked = ASK.equals(parser.currentName());
                if (parser.nextToken() == JsonToken.VALUE_TRUE && asked) {
                    return true;
                }
                parser.skipChildren();
            }
            return false;
        } catch (IOException e) {
            return false; // the provider will say what is wrong with it
        }
    }

    /** That object with the wish for usage added; null if the text is no object. */
    public static byte[] asking(String object) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonParser parser = JSON.createParser(object);
                JsonGenerator generator = JSON.createGenerator(out)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return null;
            }
            generator.writeStartObject();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean asked = ASK.equals(parser.currentName());
                String name = parser.currentName();
                parser.nextToken();
                if (asked) {
                    parser.skipChildren();
                } else {
                    generator.writeFieldName(name);
                    generator.copyCurrentStructureExact(parser);
                }
            }
            generator.writeBooleanField(ASK, true);
            generator.writeEndObject();
        } catch (IOException e) {
            return null; // the provider will say what is wrong with it
        }
        return out.toByteArray();
    }
}

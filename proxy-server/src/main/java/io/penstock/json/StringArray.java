package io.penstock.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A JSON array of strings. */
public final class StringArray {
    private static final JsonFactory JSON = new JsonFactory();

    private StringArray() {}

    /**
     * Reads the strings of an array, one more than {@code max} at most.
     *
     * @return null if the text is anything else
     */
    public static @Nullable List<String> read(String text, int max) {
        List<String> strings = new ArrayList<>();
        try (JsonParser parser = JSON.createParser(text)) {
            if (parser.nextToken() != JsonToken.START_ARRAY) {
                return null;
            }
            JsonToken token = parser.nextToken();
            while (token == JsonToken.VALUE_STRING && strings.size() <= max) {
                strings.add(parser.getText());
                token = parser.nextToken();
            }
            return token == JsonToken.END_ARRAY || strings.size() > max ? strings : null;
        } catch (IOException e) {
            return null; // no JSON inside: the caller hears what should have been there
        }
    }
}

package io.penstock.translate;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.penstock.json.JsonText;
import java.io.IOException;
import java.io.StringWriter;

/** The arguments of a call where the caller's format has them as an object inside an event. */
final class CallArguments {
    private static final JsonFactory JSON = new JsonFactory();

    private CallArguments() {}

    /** The object on one line; what a model wrote that is none goes in as text. */
    static String object(CharSequence arguments) {
        String text = arguments.toString();
        if (text.isBlank()) {
            return "{}";
        }
        StringWriter out = new StringWriter();
        try (JsonParser parser = JSON.createParser(text);
                JsonGenerator generator = JSON.createGenerator(out)) {
            if (parser.nextToken() == JsonToken.START_OBJECT) {
                generator.copyCurrentStructure(parser);
                if (parser.nextToken() == null) {
                    generator.flush();
                    return out.toString();
                }
            }
        } catch (IOException e) {
            return raw(text); // the model's slip, or the answer was cut
        }
        return raw(text);
    }

    private static String raw(String text) {
        return JsonText.quote(new StringBuilder("{\"_raw\":"), text).append('}').toString();
    }
}

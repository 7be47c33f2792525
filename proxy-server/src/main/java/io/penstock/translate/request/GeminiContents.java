package io.penstock.translate.request;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.penstock.translate.request.ModelTraits.Trait;
import io.penstock.translate.request.Part.Source;
import io.penstock.translate.request.Part.Text;
import io.penstock.translate.request.Part.ToolCall;
import io.penstock.translate.request.Part.ToolResult;
import io.penstock.translate.request.Turn.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes the contents of a Gemini request.
 *
 * <p><b>Thread:</b> confined; good for one translation.
 */
final class GeminiContents {
    /** Google's own word for a call whose signature is lost, or was never there. */
    private static final Raw NO_SIGNATURE = Raw.of(GeminiHistory.NO_SIGNATURE);
    private static final int MAX_RESULT_DEPTH = 24;
    private static final int MAX_EXACT_CHARS = 16; // of a double: fifteen digits and a point
    private static final String SIGNATURE_IN_ID = "__thought__"; // as other gateways hide it

    private final ModelRequest request;
    private final Notes notes;
    private final ModelTraits traits;
    private final JsonOut out;

    GeminiContents(ModelRequest request, ModelTraits traits, JsonOut out) {
        this.request = request;
        this.notes = request.notes;
        this.traits = traits;
        this.out = out;
    }

    void write(Turn turn) throws UntranslatableException {
        out.beginObject().member("role", turn.is(Role.ASSISTANT) ? "model" : "user")
                .name("parts").beginArray();
        boolean firstCall = true;
        List<Part> shown = new ArrayList<>(); // what stands in a result beside its text
        for (Part part : turn.parts()) {
            if (part instanceof ToolCall call) {
                writeCall(call, firstCall);
                firstCall = false;
            } else if (part instanceof ToolResult result) {
                writeResult(result, shown);
            } else {
                writeAll(shown); // results come first in a turn, so this is behind the last one
                writePart(part);
            }
        }
        writeAll(shown);
        out.endArray().endObject();
    }

    private void writeAll(List<Part> parts) throws UntranslatableException {
        for (Part part : parts) {
            writePart(part);
        }
        parts.clear();
    }

    private void writeCall(ToolCall call, boolean first) {
        out.beginObject().name("functionCall").beginObject().member("name", call.name)
                .name("args");
        MessageBlocksWriter.writeArguments(out, call, notes);
        out.endObject();
        Raw signature = call.thoughtSignature;
        int hidden = call.id.indexOf(SIGNATURE_IN_ID);
        if (signature == null && hidden >= 0) {
            signature = Raw.of(call.id.substring(hidden + SIGNATURE_IN_ID.length()));
        }
        if (signature == null && first && traits.is(Trait.NEEDS_THOUGHT_SIGNATURES)) {
            signature = NO_SIGNATURE;
        }
        if (signature != null) {
            out.member("thoughtSignature", signature);
        }
        out.endObject();
    }

    /** The result's name is that of its call; ids are left out, since Vertex refuses them. */
    private void writeResult(ToolResult result, List<Part> shown) {
        out.beginObject().name("functionResponse").beginObject()
                .member("name", result.call.name).name("response");
        List<Text> texts = new ArrayList<>();
        for (Part part : result.content) {
            if (part instanceof Text text) {
                texts.add(text);
            } else {
                String kind = part instanceof Part.Image ? "Image" : "File";
                shown.add(new Text(kind + " from tool call " + result.call.sentId + ":"));
                shown.add(part);
            }
        }
        Raw object = !result.isError && texts.size() == 1 ? object(texts.get(0)) : null;
        if (object != null) {
            out.value(object);
        } else {
            out.beginObject().name(result.isError ? "error" : "output").beginString();
            for (int i = 0; i < texts.size(); i++) {
                out.piece(i == 0 ? "" : "\\n").piece(texts.get(i).text());
            }
            out.endString().endObject();
        }
        out.endObject().endObject();
    }

    private static Raw object(Text text) {
        if (!text.text().prefix(32).stripLeading().startsWith("{")) {
            return null; // not worth decoding
        }
        byte[] decoded = text.text().unescaped();
        Raw object = new Raw(decoded, 0, decoded.length);
        return object.isJsonObject() && isPlain(object) ? object : null;
    }

    /**
     * Whether Gemini takes the object as it is. It looks for references to files in it, and for
     * schemas, neither of which a result has a right to be; it has no levels without end, and of a
     * long number it keeps the first digits only.
     */
    private static boolean isPlain(Raw object) {
        try (JsonParser parser = JsonIndex.JSON.createParser(object.bytes(), object.start(),
                object.length())) {
            int depth = 0;
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                boolean plain = switch (token) {
                    case START_OBJECT, START_ARRAY -> ++depth <= MAX_RESULT_DEPTH;
                    case FIELD_NAME -> !parser.currentName().startsWith("$");
                    case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT ->
                            parser.getTextLength() <= MAX_EXACT_CHARS;
                    default -> true;
                };
                if (!plain) {
                    return false;
                }
                depth -= token.isStructEnd() ? 1 : 0;
            }
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot happen: it has been read before", e);
        }
    }

    private void writePart(Part part) throws UntranslatableException {
        out.beginObject();
        if (part instanceof Text text) {
            out.member("text", text.text());
        } else if (part instanceof Part.Image image) {
            if (image.detail() != null) {
                notes.drop(request.imageDetailPath);
            }
            writeSource(image.source(), image.path(), "image/");
        } else if (part instanceof Part.Document document) {
            writeSource(document.source(), document.path(), "application/pdf");
        } else if (part instanceof Part.Audio audio) {
            out.name("inlineData").beginObject().name("mimeType").beginString().piece("audio/")
                    .piece(Raw.of(audio.format())).endString().member("data", audio.base64())
                    .endObject();
        } else {
            throw new IllegalStateException("not in a turn's content: " + part.getClass());
        }
        out.endObject();
    }

    private void writeSource(Source source, String path, String type)
            throws UntranslatableException {
        if (source instanceof Source.PlainText text) {
            out.member("text", text.text());
        } else if (source instanceof Source.Inline inline) {
            if (!inline.mediaType().startsWith(type) && !inline.mediaType().startsWith("text/")) {
                throw UntranslatableException.unsupported(path,
                        "takes no " + Notes.printable(inline.mediaType()) + " here");
            }
            out.name("inlineData").beginObject().member("mimeType", inline.mediaType())
                    .member("data", inline.base64()).endObject();
        } else {
            Source.Url url = (Source.Url) source;
            if (!url.secure() || !traits.is(Trait.TAKES_IMAGE_URLS)) {
                throw UntranslatableException.unsupported(path,
                        "this model fetches nothing: send the data itself");
            }
            out.name("fileData").beginObject().member("fileUri", url.url()).endObject();
        }
    }
}

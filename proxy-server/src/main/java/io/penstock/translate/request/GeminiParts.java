package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.penstock.translate.request.Part.Reasoning;
import io.penstock.translate.request.Part.Source;
import io.penstock.translate.request.Part.Text;
import io.penstock.translate.request.Part.ToolCall;
import io.penstock.translate.request.Part.ToolResult;
import io.penstock.translate.request.Turn.Role;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Reads the contents of a Gemini request. Calls need no ids there: those that have none get one by
 * their place in the conversation, and a result without a usable one belongs to the first call of
 * its name that has no result yet. What the model said in pieces, as its stream told it, is one
 * text again.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class GeminiParts {
    private static final String ROOT = "contents.parts";
    private static final Set<String> BESIDE = Set.of("thought", "thoughtSignature");
    /** Google's own words for a signature that is none, and how other alphabets spell them. */
    private static final Set<String> NO_SIGNATURES = Set.of(GeminiHistory.NO_SIGNATURE,
            "skip/thought/signature/validator", "skip-thought-signature-validator",
            "context_engineering_is_the_way_to_go");
    private static final List<String> AT_GOOGLES = List.of("://generativelanguage.googleapis.com/",
            "://www.youtube.com/", "://youtube.com/", "://youtu.be/");
    private static final int URL_BYTES = 128;

    private final TypedBody body;
    private final ModelRequest request;
    private final Notes notes;
    private final GeminiFields fields;
    private final List<ToolCall> openCalls = new ArrayList<>(); // of the model's last turn
    private final List<Raw> thoughts = new ArrayList<>(); // whose end has not come
    private final List<Raw> texts = new ArrayList<>(); // of the model's, side by side
    private int unnamedCalls;

    GeminiParts(TypedBody body, ModelRequest request, GeminiFields fields) {
        this.body = body;
        this.request = request;
        this.notes = request.notes;
        this.fields = fields;
    }

    /** Reads the operator's words. */
    void readSystem(int content, String path) throws UntranslatableException {
        Turn turn = ChatReader.turn(request, Role.SYSTEM, path);
        elements(fields.member(content, "parts"), path + ".parts", (part, at) ->
                turn.parts().add(new Text(fields.string(part, "text", at), null)));
    }

    /** Reads all that was said. */
    void read(int contents) throws UntranslatableException {
        elements(contents, "contents", this::readContent);
        endRun();
    }

    /** Visits the elements of a list; one alone stands for a list of it. */
    private void elements(int value, String path, TypedBody.Visitor visitor)
            throws UntranslatableException {
        if (body.isObject(value)) {
            visitor.visit(value, path);
        } else {
            body.elements(value, path, visitor);
        }
    }

    private void readContent(int content, String path) throws UntranslatableException {
        String role = fields.optionalText(content, "role", path);
        switch (role == null ? "user" : role) {
            case "model" -> {
                Turn turn = assistant(path);
                elements(fields.member(content, "parts"), path + ".parts", (part, at) ->
                        readModelPart(part, at, turn.parts()));
            }
            case "user", "function", "tool" -> {
                endRun();
                Turn turn = ChatReader.turn(request, Role.USER, path);
                elements(fields.member(content, "parts"), path + ".parts", (part, at) ->
                        readUserPart(part, at, turn.parts()));
            }
            default -> throw UntranslatableException.invalid(path + ".role",
                    "expected user or model");
        }
        fields.dropOthers(content, "contents", "role", "parts");
    }

    /** The model's turn that is going on, or a new one: SDKs keep each piece of a stream apart. */
    private Turn assistant(String path) {
        Turn last = lastTurn();
        if (last != null && last.is(Role.ASSISTANT)) {
            return last;
        }
        openCalls.clear();
        return ChatReader.turn(request, Role.ASSISTANT, path);
    }

    private Turn lastTurn() {
        int count = request.turns.size();
        return count == 0 ? null : request.turns.get(count - 1);
    }

    // What the model said

    private void readModelPart(int part, String path, List<Part> out)
            throws UntranslatableException {
        Raw signature = fields.optionalString(part, "thoughtSignature", path);
        if (fields.optionalBool(part, "thought", path)) {
            endTexts(out);
            readThought(part, path, signature, out);
            return;
        }
        int call = fields.member(part, "functionCall");
        if (call != NONE) {
            endRun();
            readCall(call, path + ".functionCall", signature, out);
            fields.dropOthers(part, ROOT, "functionCall", "thought", "thoughtSignature");
            return;
        }
        if (signature != null && !isNone(signature)) {
            notes.drop(request.signaturePath); // of a text: its maker's alone
        }
        int text = fields.member(part, "text");
        if (text != NONE) {
            endThoughts(out);
            texts.add(body.string(text, path + ".text"));
            fields.dropOthers(part, ROOT, "text", "thought", "thoughtSignature");
        } else {
            refuseOthers(part, path);
        }
    }

    private void readThought(int part, String path, Raw signature, List<Part> out)
            throws UntranslatableException {
        Raw text = fields.optionalString(part, "text", path);
        if (text != null && !text.isEmpty()) {
            thoughts.add(text);
        }
        Raw sealed = ReasoningSeal.SIGNATURE.openSignature(signature);
        Raw redacted = ReasoningSeal.REDACTED.openSignature(signature);
        if (sealed != null) {
            out.add(new Reasoning(joined(thoughts), sealed, null));
            thoughts.clear();
        } else if (redacted != null) {
            endThoughts(out);
            out.add(new Reasoning(null, null, redacted));
        }
        fields.dropOthers(part, ROOT, "text", "thought", "thoughtSignature");
    }

    private void readCall(int call, String path, Raw signature, List<Part> out)
            throws UntranslatableException {
        String id = fields.optionalText(call, "id", path);
        Raw args = fields.optionalObject(call, "args", path);
        ToolCall read = new ToolCall(id == null || id.isEmpty() ? "call_g" + ++unnamedCalls : id,
                fields.text(call, "name", path), args == null ? Raw.ofJson("{}") : args, false,
                signature == null || isNone(signature) ? null : signature, path, null);
        out.add(read);
        openCalls.add(read);
        fields.dropOthers(call, ROOT + ".functionCall", "id", "name", "args");
    }

    /** Whether it was made here, or says that there is none. */
    private static boolean isNone(Raw signature) {
        return ReasoningSeal.isPenstocks(signature)
                || NO_SIGNATURES.contains(signature.prefix(URL_BYTES));
    }

    /** The model's run of texts or thoughts has ended. */
    private void endRun() {
        Turn last = lastTurn();
        if (last != null) {
            endThoughts(last.parts());
            endTexts(last.parts());
        }
    }

    private void endThoughts(List<Part> out) {
        if (!thoughts.isEmpty()) {
            out.add(new Reasoning(joined(thoughts), null, null));
            thoughts.clear();
        }
    }

    private void endTexts(List<Part> out) {
        if (!texts.isEmpty()) {
            out.add(new Text(joined(texts), null));
            texts.clear();
        }
    }

    private static Raw joined(List<Raw> pieces) {
        if (pieces.size() == 1) {
            return pieces.get(0);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        pieces.forEach(piece -> out.write(piece.bytes(), piece.start(), piece.length()));
        byte[] all = out.toByteArray();
        return new Raw(all, 0, all.length);
    }

    // What the user said

    private void readUserPart(int part, String path, List<Part> out)
            throws UntranslatableException {
        int text = fields.member(part, "text");
        int result = fields.member(part, "functionResponse");
        if (text != NONE) {
            out.add(new Text(body.string(text, path + ".text"), null));
            fields.dropOthers(part, ROOT, "text", "thoughtSignature");
        } else if (result != NONE) {
            out.add(readResult(result, path + ".functionResponse"));
            fields.dropOthers(part, ROOT, "functionResponse", "thoughtSignature");
        } else {
            out.add(readMedia(part, path));
        }
    }

    private Part readMedia(int part, String path) throws UntranslatableException {
        int inline = fields.member(part, "inlineData");
        int file = fields.member(part, "fileData");
        if (inline == NONE && file == NONE) {
            refuseOthers(part, path);
        }
        fields.dropOthers(part, ROOT, "inlineData", "fileData", "thoughtSignature");
        return inline != NONE ? readInline(inline, path + ".inlineData")
                : readFile(file, path + ".fileData");
    }

    /** Says of a part with other data why it can't be translated. */
    private void refuseOthers(int part, String path) throws UntranslatableException {
        fields.members(part, path, (value, name) -> {
            if (!BESIDE.contains(name)) {
                throw UntranslatableException.unsupported(path + "." + name,
                        "parts of this kind cannot be translated");
            }
        });
        throw UntranslatableException.invalid(path, "expected a text or other data");
    }

    private Part readInline(int inline, String path) throws UntranslatableException {
        String type = fields.text(inline, "mimeType", path).toLowerCase(Locale.ROOT);
        Raw data = inUsualAlphabet(fields.string(inline, "data", path));
        Raw title = fields.optionalString(inline, "displayName", path);
        fields.dropOthers(inline, ROOT + ".inlineData", "mimeType", "data", "displayName");
        if (type.startsWith("image/")) {
            String seen = DataUrl.sniff(data);
            return new Part.Image(new Source.Inline(seen != null ? seen
                    : type.equals("image/jpg") ? "image/jpeg" : type, data), null, path, null);
        }
        if (type.startsWith("audio/")) {
            return new Part.Audio(audioFormat(type), data, path);
        }
        if (type.startsWith("text/") || type.startsWith("application/")) {
            return new Part.Document(new Source.Inline(type, data), title, path, null);
        }
        throw UntranslatableException.unsupported(path + ".mimeType",
                "data of the type '" + Notes.printable(type) + "' cannot be translated");
    }

    /** {@code audio/x-wav;rate=8000} is wav. */
    private static String audioFormat(String type) {
        int end = type.indexOf(';');
        String name = type.substring("audio/".length(), end < 0 ? type.length() : end).strip();
        return switch (name) {
            case "mpeg", "mpga", "x-mp3" -> "mp3";
            case "x-wav", "wave", "vnd.wave" -> "wav";
            default -> name;
        };
    }

    private Part readFile(int file, String path) throws UntranslatableException {
        Raw uri = fields.string(file, "fileUri", path);
        String type = fields.optionalText(file, "mimeType", path);
        String start = uri.prefix(URL_BYTES).toLowerCase(Locale.ROOT);
        boolean secure = start.startsWith("https://");
        if (!secure && !start.startsWith("http://")
                || AT_GOOGLES.stream().anyMatch(start::contains)) {
            throw UntranslatableException.unsupported(path + ".fileUri",
                    "the file is at Google only");
        }
        Raw title = fields.optionalString(file, "displayName", path);
        fields.dropOthers(file, ROOT + ".fileData", "mimeType", "fileUri", "displayName");
        Source source = new Source.Url(uri, secure);
        return type == null || type.toLowerCase(Locale.ROOT).startsWith("image/")
                ? new Part.Image(source, null, path, null)
                : new Part.Document(source, title, path, null);
    }

    /** Python's SDK writes base64 in the alphabet of URLs, which no other provider takes. */
    private static Raw inUsualAlphabet(Raw base64) {
        byte[] bytes = base64.bytes();
        int at = base64.start();
        while (at < base64.end() && bytes[at] != '-' && bytes[at] != '_') {
            at++;
        }
        if (at == base64.end()) {
            return base64;
        }
        byte[] usual = new byte[base64.length()];
        for (int i = 0; i < usual.length; i++) {
            byte b = bytes[base64.start() + i];
            usual[i] = b == '-' ? (byte) '+' : b == '_' ? (byte) '/' : b;
        }
        return new Raw(usual, 0, usual.length);
    }

    private ToolResult readResult(int result, String path) throws UntranslatableException {
        String name = fields.text(result, "name", path);
        String id = fields.optionalText(result, "id", path);
        Raw response = fields.optionalObject(result, "response", path);
        List<Part> content = new ArrayList<>();
        boolean error = response != null && addResponse(response, content);
        int parts = fields.member(result, "parts");
        if (parts != NONE) {
            body.elements(parts, path + ".parts", (part, at) -> content.add(readMedia(part, at)));
        }
        fields.dropOthers(result, ROOT + ".functionResponse", "id", "name", "response", "parts");
        return new ToolResult(callOf(id, name), content, error, path, null);
    }

    /** The id of the call that a result is of; one that there is none with, where there is none. */
    private String callOf(String id, String name) {
        ToolCall found = null;
        for (ToolCall call : openCalls) {
            if (id != null && call.id.equals(id)) {
                found = call;
                break;
            }
            if (found == null && call.name.equals(name)) {
                found = call;
            }
        }
        if (found == null) {
            return id == null || id.isEmpty() ? name : id;
        }
        openCalls.remove(found);
        return found.id;
    }

    /**
     * Adds what a function returned: its text alone, where that is all that there is in Google's
     * usual wrapping, else the object. Returns whether it is an error.
     */
    private static boolean addResponse(Raw response, List<Part> content) {
        try (JsonParser parser = JsonIndex.JSON.createParser(response.bytes(), response.start(),
                response.length())) {
            parser.nextToken();
            if (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                boolean usual = name.equals("output") || name.equals("result")
                        || name.equals("error");
                if (usual && parser.nextToken() == JsonToken.VALUE_STRING) {
                    String text = parser.getText();
                    if (parser.nextToken() == JsonToken.END_OBJECT) {
                        content.add(new Text(Raw.of(text), null));
                        return name.equals("error");
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot happen: the body has been read before", e);
        }
        content.add(new Text(Raw.of(new String(response.bytes(), response.start(),
                response.length(), StandardCharsets.UTF_8)), null));
        return false;
    }
}

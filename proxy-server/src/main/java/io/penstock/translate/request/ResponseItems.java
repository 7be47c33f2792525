package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import io.penstock.translate.request.Part.Reasoning;
import io.penstock.translate.request.Part.Source;
import io.penstock.translate.request.Part.Text;
import io.penstock.translate.request.Part.ToolCall;
import io.penstock.translate.request.Part.ToolResult;
import io.penstock.translate.request.Turn.Role;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the input items of an OpenAI Responses request. What the assistant said, thought and called
 * in a row is one turn.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class ResponseItems {
    private final TypedBody body;
    private final ModelRequest request;
    private final Notes notes;

    ResponseItems(TypedBody body, ModelRequest request) {
        this.body = body;
        this.request = request;
        this.notes = request.notes;
    }

    void read(int items, String path) throws UntranslatableException {
        body.elements(items, path, this::readItem);
    }

    private void readItem(int item, String path) throws UntranslatableException {
        String type = body.optionalText(item, "type", path);
        switch (type == null ? "message" : type) {
            case "message" -> readMessage(item, path);
            case "function_call" -> {
                assistant(path).parts().add(new ToolCall(body.text(item, "call_id", path),
                        body.text(item, "name", path), body.string(item, "arguments", path),
                        true, null, path, null));
                body.dropOthers(item, "input", notes, "type", "id", "call_id", "name",
                        "arguments", "status");
            }
            case "function_call_output" -> {
                List<Part> content = new ArrayList<>();
                readContent(body.member(item, "output"), path + ".output", content);
                turn(Role.USER, path).parts().add(new ToolResult(
                        body.text(item, "call_id", path), content, false, path, null));
                body.dropOthers(item, "input", notes, "type", "id", "call_id", "output",
                        "status");
            }
            case "reasoning" -> readReasoning(item, path);
            default -> throw UntranslatableException.unsupported(path + ".type",
                    "items of the type '" + Notes.printable(type) + "' cannot be translated");
        }
    }

    private Turn turn(Role role, String path) {
        return ChatReader.turn(request, role, path);
    }

    /** The assistant's turn that is going on, or a new one. */
    private Turn assistant(String path) {
        int count = request.turns.size();
        Turn last = count == 0 ? null : request.turns.get(count - 1);
        return last != null && last.is(Role.ASSISTANT) ? last : turn(Role.ASSISTANT, path);
    }

    private void readMessage(int item, String path) throws UntranslatableException {
        Turn turn = switch (body.text(item, "role", path)) {
            case "system", "developer" -> turn(Role.SYSTEM, path);
            case "user" -> turn(Role.USER, path);
            case "assistant" -> assistant(path);
            default -> throw UntranslatableException.invalid(path + ".role",
                    "expected user, assistant, system or developer");
        };
        readContent(body.member(item, "content"), path + ".content", turn.parts());
        body.dropOthers(item, "input", notes, "type", "id", "role", "content", "status");
    }

    private void readContent(int content, String path, List<Part> out)
            throws UntranslatableException {
        if (content == NONE) {
            return;
        }
        if (body.isString(content)) {
            out.add(new Text(body.string(content, path), null));
            return;
        }
        body.elements(content, path, (part, at) -> out.add(readPart(part, at)));
    }

    private Part readPart(int part, String path) throws UntranslatableException {
        String type = body.text(part, "type", path);
        String cache = ChatMessages.cache(body, part, path);
        switch (type) {
            case "input_text", "output_text", "text" -> {
                return new Text(body.string(part, "text", path), cache);
            }
            case "refusal" -> {
                return new Text(body.string(part, "refusal", path), cache);
            }
            case "input_image" -> {
                String inner = path + ".image_url";
                if (body.member(part, "image_url") == NONE) {
                    throw UntranslatableException.unsupported(path + ".file_id",
                            "the image is at one provider only");
                }
                body.dropOthers(part, "input.content", notes, "type", "image_url", "detail",
                        "prompt_cache_breakpoint");
                return new Part.Image(DataUrl.image(body.string(part, "image_url", path), inner),
                        body.optionalString(part, "detail", path), path, cache);
            }
            case "input_file" -> {
                for (String elsewhere : new String[] {"file_id", "file_url"}) {
                    if (body.member(part, elsewhere) != NONE) {
                        throw UntranslatableException.unsupported(path + "." + elsewhere,
                                "the file itself would have to be here");
                    }
                }
                Raw name = body.optionalString(part, "filename", path);
                Source source = DataUrl.file(body.string(part, "file_data", path),
                        name == null ? null : name.text(), path);
                return new Part.Document(source, name, path, cache);
            }
            default -> throw UntranslatableException.unsupported(path + ".type",
                    "parts of the type '" + Notes.printable(type) + "' cannot be translated");
        }
    }

    /** Reasoning is of use if Penstock made the item, its signature in the encrypted content. */
    private void readReasoning(int item, String path) throws UntranslatableException {
        Raw encrypted = body.optionalString(item, "encrypted_content", path);
        Raw redacted = ReasoningSeal.REDACTED.open(encrypted);
        Raw signature = ReasoningSeal.SIGNATURE.open(encrypted);
        if (redacted != null) {
            assistant(path).parts().add(new Reasoning(null, null, redacted));
            return;
        }
        List<Raw> texts = new ArrayList<>();
        for (String list : new String[] {"content", "summary"}) {
            int parts = body.member(item, list);
            if (parts != NONE && texts.isEmpty()) {
                body.elements(parts, path + "." + list, (part, at) ->
                        texts.add(body.string(part, "text", at)));
            }
        }
        if (texts.size() == 1 || signature != null) {
            assistant(path).parts().add(new Reasoning(texts.isEmpty() ? Raw.EMPTY : texts.get(0),
                    signature, null));
        } else {
            notes.drop("input.reasoning");
        }
        if (encrypted != null && signature == null) {
            notes.drop("input.encrypted_content"); // which its maker alone can read
        }
    }
}

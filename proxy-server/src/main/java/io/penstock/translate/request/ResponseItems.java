package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import io.penstock.translate.request.Part.Reasoning;
import io.penstock.translate.request.Part.Source;
import io.penstock.translate.request.Part.Text;
import io.penstock.translate.request.Part.ToolCall;
import io.penstock.translate.request.Part.ToolResult;
import io.penstock.translate.request.Turn.Role;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads the input items of an OpenAI Responses request. What the assistant said, thought and called
 * in a row is one turn. Calls of the tools that OpenAI defines and callers run (a shell, a patch)
 * are told as calls of a function; what a provider did by itself, or keeps under seal, is dropped.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class ResponseItems {
    private final TypedBody body;
    private final ModelRequest request;
    private final Notes notes;
    private final ResponseTools tools;
    private final Set<String> callIds = new HashSet<>();

    ResponseItems(TypedBody body, ModelRequest request, ResponseTools tools) {
        this.body = body;
        this.tools = tools;
        this.request = request;
        this.notes = request.notes;
    }

    void read(int items, String path) throws UntranslatableException {
        body.elements(items, path, this::readItem);
    }

    private void readItem(int item, String path) throws UntranslatableException {
        String type = body.optionalText(item, "type", path);
        if (type == null) {
            type = body.member(item, "role") == NONE && body.member(item, "id") != NONE
                    ? "item_reference" : "message";
        }
        switch (type) {
            case "message" -> readMessage(item, path);
            case "function_call" -> {
                addCall(item, path, name(item, path), body.string(item, "arguments", path), true);
                body.dropOthers(item, "input", notes, "type", "id", "call_id", "name",
                        "arguments", "status", "namespace");
            }
            case "custom_tool_call" -> {
                addCall(item, path, name(item, path), ResponseTools.customArguments(
                        body.string(item, "input", path)), false);
                body.dropOthers(item, "input", notes, "type", "id", "call_id", "name", "input",
                        "status", "namespace");
            }
            case "local_shell_call", "shell_call", "computer_call" -> addCall(item, path,
                    type.substring(0, type.length() - "_call".length()),
                    object(item, "action", path), false);
            case "apply_patch_call" ->
                    addCall(item, path, "apply_patch", object(item, "operation", path), false);
            case "tool_search_call" -> readSearchCall(item, path);
            case "function_call_output", "custom_tool_call_output" -> {
                List<Part> content = new ArrayList<>();
                readContent(body.member(item, "output"), path + ".output", content);
                addResult(item, path, content);
                body.dropOthers(item, "input", notes, "type", "id", "call_id", "output",
                        "status", "name", "namespace");
            }
            case "local_shell_call_output", "shell_call_output", "apply_patch_call_output" ->
                    addResult(item, path, asText(body.member(item, "output"), path));
            case "computer_call_output" -> readScreenshot(item, path);
            case "tool_search_output" -> readSearchResult(item, path);
            case "additional_tools" ->
                    tools.readAdded(body.member(item, "tools"), path + ".tools");
            case "agent_message" -> {
                readContent(body.member(item, "content"), path + ".content",
                        turn(Role.USER, path).parts());
                body.dropOthers(item, "input", notes, "type", "id", "content");
            }
            case "reasoning" -> readReasoning(item, path);
            case "item_reference" -> throw UntranslatableException.unsupported(path,
                    "no item with this id is kept here. Send the item itself, with"
                    + " \"store\": false");
            case "compaction_trigger" -> throw UntranslatableException.unsupported(path + ".type",
                    "only the provider that compacts a conversation can go on from it");
            default -> notes.drop("input." + type);
        }
    }

    private String name(int item, String path) throws UntranslatableException {
        return ToolNaming.identity(body.optionalText(item, "namespace", path),
                body.text(item, "name", path));
    }

    /** The id that ties a call to its result; some of OpenAI's own tools have the item's alone. */
    private String callId(int item, String path) throws UntranslatableException {
        String id = body.optionalText(item, "call_id", path);
        return id != null ? id : body.text(item, "id", path);
    }

    private void addCall(int item, String path, String name, Raw arguments, boolean encoded)
            throws UntranslatableException {
        String id = callId(item, path);
        callIds.add(id);
        assistant(path).parts().add(new ToolCall(id, name, arguments, encoded, null, path, null));
    }

    /** Adds a result; one that came unasked, as some do, behind a call with the name it gives. */
    private void addResult(int item, String path, List<Part> content)
            throws UntranslatableException {
        String id = callId(item, path);
        if (!callIds.contains(id) && body.member(item, "name") != NONE) {
            addCall(item, path, name(item, path), Raw.ofJson("{}"), false);
        }
        turn(Role.USER, path).parts().add(new ToolResult(id, content, false, path, null));
    }

    private Raw object(int item, String name, String path) throws UntranslatableException {
        Raw object = body.optionalObject(item, name, path);
        return object == null ? Raw.ofJson("{}") : object;
    }

    /** A value of any shape as the text that a model reads. */
    private List<Part> asText(int value, String path) {
        List<Part> content = new ArrayList<>();
        if (value != NONE) {
            Raw raw = body.any(value, path).raw();
            content.add(new Text(body.isString(value) ? raw : Raw.of(raw.json()), null));
        }
        return content;
    }

    private void readScreenshot(int item, String path) throws UntranslatableException {
        int output = body.member(item, "output");
        String inner = path + ".output.image_url";
        List<Part> content = new ArrayList<>();
        if (body.member(output, "image_url") != NONE) {
            content.add(new Part.Image(DataUrl.image(body.string(output, "image_url",
                    path + ".output"), inner), null, inner, null));
        } else {
            notes.drop("input.computer_call_output.output"); // kept at one provider
        }
        addResult(item, path, content);
    }

    /** A search that the provider ran has no result of its own, and is of no use to another. */
    private void readSearchCall(int item, String path) throws UntranslatableException {
        if (body.member(item, "call_id") == NONE) {
            notes.drop("input.tool_search_call");
        } else if (body.isString(body.member(item, "arguments"))) {
            addCall(item, path, ResponseTools.SEARCH, body.string(item, "arguments", path), true);
        } else {
            addCall(item, path, ResponseTools.SEARCH, object(item, "arguments", path), false);
        }
    }

    private void readSearchResult(int item, String path) throws UntranslatableException {
        int found = body.member(item, "tools");
        tools.readAdded(found, path + ".tools");
        if (body.member(item, "call_id") != NONE) {
            addResult(item, path, asText(found, path));
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
        body.elements(content, path, (part, at) -> {
            if ("encrypted_content".equals(body.optionalText(part, "type", at))) {
                notes.drop("input.content.encrypted_content"); // its maker alone can read it
            } else {
                out.add(readPart(part, at));
            }
        });
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

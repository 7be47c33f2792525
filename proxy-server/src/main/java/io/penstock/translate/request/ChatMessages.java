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
 * Reads the messages of an OpenAI chat completion request.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class ChatMessages {
    private final TypedBody body;
    private final ModelRequest request;
    private final Notes notes;
    private int functionCalls; // of the deprecated kind, which has no ids

    ChatMessages(TypedBody body, ModelRequest request) {
        this.body = body;
        this.request = request;
        this.notes = request.notes;
    }

    void read(int messages) throws UntranslatableException {
        body.elements(messages, "messages", this::readMessage);
    }

    private void readMessage(int message, String path) throws UntranslatableException {
        String role = body.text(message, "role", path);
        int content = body.member(message, "content");
        String contentPath = path + ".content";
        switch (role) {
            case "system", "developer" -> {
                readContent(content, contentPath, turn(Role.SYSTEM, path).parts());
                body.dropOthers(message, "messages", notes, "role", "content");
            }
            case "user" -> {
                readContent(content, contentPath, turn(Role.USER, path).parts());
                body.dropOthers(message, "messages", notes, "role", "content");
            }
            case "assistant" -> readAssistant(message, content, path);
            case "tool" -> {
                readResult(body.text(message, "tool_call_id", path), content, path);
                body.dropOthers(message, "messages", notes, "role", "content",
                        "tool_call_id");
            }
            case "function" -> {
                readResult(functionId(functionCalls), content, path);
                body.dropOthers(message, "messages", notes, "role", "content", "name");
            }
            default -> throw UntranslatableException.invalid(path + ".role",
                    "expected system, developer, user, assistant or tool");
        }
    }

    private Turn turn(Role role, String path) {
        return ChatReader.turn(request, role, path);
    }

    private static String functionId(int number) {
        return "call_function_" + number;
    }

    private void readResult(String id, int content, String path) throws UntranslatableException {
        List<Part> parts = new ArrayList<>();
        readContent(content, path + ".content", parts);
        turn(Role.USER, path).parts().add(new ToolResult(id, parts, false, path, null));
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
            String type = body.text(part, "type", at);
            Part read = readPart(part, type, at);
            out.add(read);
            body.dropOthers(part, "messages.content", notes, "type", type,
                    "prompt_cache_breakpoint", "cache_control");
        });
    }

    private Part readPart(int part, String type, String path) throws UntranslatableException {
        String cache = cache(body, part, path);
        switch (type) {
            case "text", "refusal" -> {
                return new Text(body.string(part, type, path), cache);
            }
            case "image_url" -> {
                int image = body.member(part, type);
                String inner = path + ".image_url";
                int url = body.isString(image) ? image : body.member(image, "url"); // lenient
                if (body.isObject(image)) {
                    body.dropOthers(image, "image_url", notes, "url", "detail");
                }
                Source source = DataUrl.image(body.string(url, inner + ".url"), inner);
                if (source instanceof Source.Inline inline
                        && inline.mediaType().equals("application/pdf")) {
                    return new Part.Document(source, null, inner, cache);
                }
                return new Part.Image(source, body.isObject(image)
                        ? body.optionalString(image, "detail", inner) : null, inner, cache);
            }
            case "input_audio" -> {
                String inner = path + ".input_audio";
                int audio = body.member(part, type);
                return new Part.Audio(body.text(audio, "format", inner),
                        body.string(audio, "data", inner), inner);
            }
            case "file" -> {
                String inner = path + ".file";
                int file = body.member(part, type);
                if (body.member(file, "file_data") == NONE) {
                    throw UntranslatableException.unsupported(inner + ".file_id",
                            "the file is at one provider only");
                }
                Raw name = body.optionalString(file, "filename", inner);
                Source source = DataUrl.file(body.string(file, "file_data", inner),
                        name == null ? null : name.text(), inner);
                body.dropOthers(file, "file", notes, "file_data", "filename");
                return new Part.Document(source, name, inner, cache);
            }
            default -> throw UntranslatableException.unsupported(path + ".type",
                    "parts of the type '" + Notes.printable(type) + "' cannot be translated");
        }
    }

    /** OpenAI's own word for a breakpoint, or Anthropic's, which other gateways take. */
    static String cache(TypedBody body, int part, String path) throws UntranslatableException {
        int control = body.member(part, "cache_control");
        if (control != NONE) {
            String life = body.optionalText(control, "ttl", path + ".cache_control");
            return life == null ? Part.DEFAULT_LIFE : life;
        }
        return body.member(part, "prompt_cache_breakpoint") == NONE ? null : Part.DEFAULT_LIFE;
    }

    private void readAssistant(int message, int content, String path)
            throws UntranslatableException {
        List<Part> parts = turn(Role.ASSISTANT, path).parts();
        readReasoning(message, path, parts);
        readContent(content, path + ".content", parts);
        Raw refusal = body.optionalString(message, "refusal", path);
        if (refusal != null) {
            parts.add(new Text(refusal, null));
        }
        if (body.member(message, "audio") != NONE) {
            throw UntranslatableException.unsupported(path + ".audio",
                    "the audio is at one provider only");
        }
        int calls = body.member(message, "tool_calls");
        if (calls != NONE) {
            body.elements(calls, path + ".tool_calls", (call, at) -> readCall(call, at, parts));
        }
        int function = body.member(message, "function_call");
        if (function != NONE) {
            parts.add(call(functionId(++functionCalls), function, null,
                    path + ".function_call"));
        }
        body.dropOthers(message, "messages", notes, "role", "content", "refusal", "tool_calls",
                "function_call", "reasoning_content", "reasoning", "reasoning_details",
                "thinking_blocks");
    }

    private void readCall(int call, String path, List<Part> parts)
            throws UntranslatableException {
        String type = body.optionalText(call, "type", path);
        if (type != null && !type.equals("function")) {
            throw UntranslatableException.unsupported(path + ".type",
                    "calls of the type '" + Notes.printable(type) + "' cannot be translated");
        }
        int google = body.member(body.member(call, "extra_content"), "google");
        parts.add(call(body.text(call, "id", path), body.member(call, "function"),
                body.optionalString(google, "thought_signature", path), path));
        body.dropOthers(call, "messages.tool_calls", notes, "id", "type", "function", "index",
                "extra_content");
    }

    private ToolCall call(String id, int function, Raw signature, String path)
            throws UntranslatableException {
        String name = body.text(function, "name", path + ".function");
        int arguments = body.member(function, "arguments");
        boolean object = body.isObject(arguments); // as Mistral has them
        Raw text = arguments == NONE ? Raw.EMPTY
                : object ? body.optionalObject(function, "arguments", path)
                : body.string(arguments, path + ".function.arguments");
        return new ToolCall(id, name, text, !object, signature, path, null);
    }

    /**
     * Reasoning with its signatures, if the caller kept what Penstock gave it. A stream gives the
     * text in {@code reasoning_content} and the signature beside it, with an empty text.
     */
    private void readReasoning(int message, String path, List<Part> parts)
            throws UntranslatableException {
        Raw plain = body.optionalString(message, "reasoning_content", path);
        if (plain == null) {
            plain = body.optionalString(message, "reasoning", path);
        }
        List<Reasoning> found = new ArrayList<>();
        int details = body.member(message, "reasoning_details");
        if (details != NONE) {
            body.elements(details, path + ".reasoning_details", (detail, at) -> {
                String format = body.optionalText(detail, "format", at); // other gateways' word
                if (format != null && !format.startsWith("anthropic")) {
                    notes.drop("messages.reasoning_details"); // its maker alone can read it
                    return;
                }
                found.add(new Reasoning(body.optionalString(detail, "text", at),
                        body.optionalString(detail, "signature", at),
                        body.optionalString(detail, "data", at)));
            });
        }
        int blocks = body.member(message, "thinking_blocks");
        if (blocks != NONE && found.isEmpty()) {
            body.elements(blocks, path + ".thinking_blocks", (block, at) ->
                    found.add(new Reasoning(body.optionalString(block, "thinking", at),
                            body.optionalString(block, "signature", at),
                            body.optionalString(block, "data", at))));
        }
        long signedWithoutText = found.stream().filter(one -> one.redacted() == null
                && (one.text() == null || one.text().isEmpty())).count();
        for (Reasoning one : found) {
            if (one.redacted() != null || one.text() != null && !one.text().isEmpty()) {
                parts.add(one);
            } else if (signedWithoutText == 1 && plain != null) {
                parts.add(new Reasoning(plain, one.signature(), null));
            } else {
                notes.drop("messages.reasoning_details"); // whose text it signs is not to be told
            }
        }
        if (found.isEmpty() && plain != null && !plain.isEmpty()) {
            parts.add(new Reasoning(plain, null, null));
        }
    }
}

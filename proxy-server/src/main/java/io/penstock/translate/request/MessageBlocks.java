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
import java.util.Locale;

/**
 * Reads the content blocks of an Anthropic messages request.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class MessageBlocks {
    private final TypedBody body;
    private final ModelRequest request;
    private final Notes notes;

    MessageBlocks(TypedBody body, ModelRequest request) {
        this.body = body;
        this.request = request;
        this.notes = request.notes;
    }

    /** Reads the content of a message into its turn, and into others if the operator cuts in. */
    void read(int content, String path, Turn turn) throws UntranslatableException {
        if (body.isString(content)) {
            turn.parts().add(new Text(body.string(content, path), null));
            return;
        }
        Turn[] current = {turn};
        body.elements(content, path, (block, at) -> {
            String type = body.text(block, "type", at);
            if (type.equals("mid_conv_system")) {
                Turn system = ChatReader.turn(request, Role.SYSTEM, at);
                body.elements(body.member(block, "content"), at + ".content", (text, textAt) ->
                        system.parts().add(text(text, textAt)));
                current[0] = ChatReader.turn(request, turn.role(), at);
            } else {
                current[0].parts().add(readBlock(block, type, at));
            }
        });
    }

    Text text(int block, String path) throws UntranslatableException {
        body.dropOthers(block, "messages.content", notes, "type", "text", "cache_control");
        return new Text(body.string(block, "text", path),
                ChatMessages.cache(body, block, path));
    }

    private Part readBlock(int block, String type, String path) throws UntranslatableException {
        String cache = ChatMessages.cache(body, block, path);
        switch (type) {
            case "text" -> {
                return text(block, path);
            }
            case "image" -> {
                dropOthers(block, "source");
                Source source = readSource(body.member(block, "source"), path + ".source");
                if (source instanceof Source.PlainText) {
                    throw UntranslatableException.invalid(path + ".source.type",
                            "an image that is a text");
                }
                return new Part.Image(source, null, path, cache);
            }
            case "document" -> {
                dropOthers(block, "source", "title");
                Source source = readSource(body.member(block, "source"), path + ".source");
                return new Part.Document(source, body.optionalString(block, "title", path), path,
                        cache);
            }
            case "tool_use" -> {
                dropOthers(block, "id", "name", "input");
                Raw input = body.optionalObject(block, "input", path);
                return new ToolCall(body.text(block, "id", path), body.text(block, "name", path),
                        input == null ? Raw.ofJson("{}") : input, false, null, path, cache);
            }
            case "tool_result" -> {
                dropOthers(block, "tool_use_id", "content", "is_error");
                Boolean error = body.optionalBool(block, "is_error", path);
                return new ToolResult(body.text(block, "tool_use_id", path),
                        readResult(body.member(block, "content"), path + ".content"),
                        error != null && error, path, cache);
            }
            case "thinking" -> {
                dropOthers(block, "thinking", "signature");
                return new Reasoning(body.string(block, "thinking", path),
                        body.optionalString(block, "signature", path), null);
            }
            case "redacted_thinking" -> {
                dropOthers(block, "data");
                return new Reasoning(null, null, body.string(block, "data", path));
            }
            default -> throw UntranslatableException.unsupported(path + ".type",
                    "blocks of the type '" + Notes.printable(type) + "' cannot be translated");
        }
    }

    private void dropOthers(int block, String... known) throws UntranslatableException {
        body.members(block, "", (value, name) -> {
            if (!name.equals("type") && !name.equals("cache_control")
                    && !List.of(known).contains(name)) {
                notes.drop("messages.content." + name);
            }
        });
    }

    private List<Part> readResult(int content, String path) throws UntranslatableException {
        List<Part> parts = new ArrayList<>();
        if (content == NONE) {
            return parts;
        }
        if (body.isString(content)) {
            parts.add(new Text(body.string(content, path), null));
            return parts;
        }
        body.elements(content, path, (block, at) -> {
            String type = body.text(block, "type", at);
            switch (type) {
                case "text", "image", "document" -> parts.add(readBlock(block, type, at));
                default -> throw UntranslatableException.unsupported(at + ".type", "results of the"
                        + " type '" + Notes.printable(type) + "' cannot be translated");
            }
        });
        return parts;
    }

    private Source readSource(int source, String path) throws UntranslatableException {
        String type = body.text(source, "type", path);
        switch (type) {
            case "base64" -> {
                return new Source.Inline(
                        body.text(source, "media_type", path).toLowerCase(Locale.ROOT),
                        body.string(source, "data", path));
            }
            case "url" -> {
                Raw url = body.string(source, "url", path);
                return new Source.Url(url,
                        url.prefix(32).toLowerCase(Locale.ROOT).startsWith("https:"));
            }
            case "text" -> {
                return new Source.PlainText(body.string(source, "data", path));
            }
            default -> throw UntranslatableException.unsupported(path + ".type",
                    "sources of the type '" + Notes.printable(type) + "' cannot be translated");
        }
    }
}

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
import java.util.Set;

/**
 * Reads the content blocks of an Anthropic messages request.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class MessageBlocks {
    /** What the assistant says itself, or what is refused in its turn as in any other. */
    private static final Set<String> SPOKEN = Set.of("text", "image", "document", "tool_use",
            "tool_result", "thinking", "redacted_thinking", "search_result");

    private final TypedBody body;
    private final ModelRequest request;
    private final Notes notes;
    private final ServerToolBlocks serverTools;

    MessageBlocks(TypedBody body, ModelRequest request) {
        this.body = body;
        this.request = request;
        this.notes = request.notes;
        this.serverTools = new ServerToolBlocks(body, request.notes);
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
                readBlock(block, type, at, current[0]);
            }
        });
    }

    Text text(int block, String path) throws UntranslatableException {
        body.dropOthers(block, "messages.content", notes, "type", "text", "cache_control");
        return new Text(body.string(block, "text", path),
                ChatMessages.cache(body, block, path));
    }

    /** Reads a block into the turn: what was said there, or what the model's own servers did. */
    private void readBlock(int block, String type, String path, Turn turn)
            throws UntranslatableException {
        if (serverTools.isServersWord(type)) {
            Text told = serverTools.read(block, type, path);
            if (told != null) {
                turn.parts().add(told);
            }
        } else if (turn.is(Role.ASSISTANT) && !SPOKEN.contains(type)) {
            notes.drop("messages.content." + type); // its maker's own, and said by nobody
        } else {
            turn.parts().add(readPart(block, type, path));
        }
    }

    private Part readPart(int block, String type, String path) throws UntranslatableException {
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
            case "search_result" -> {
                dropOthers(block, "source", "title", "content");
                return new Text(searchResult(block, path), cache);
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
                case "text", "image", "document", "search_result" ->
                        parts.add(readPart(block, type, at));
                case "tool_reference" -> { // the tool itself is among those offered
                    dropOthers(block, "tool_name");
                    parts.add(new Text(body.string(block, "tool_name", at)
                            .prefixedWith("Tool found: "), null));
                }
                default -> throw UntranslatableException.unsupported(at + ".type", "results of the"
                        + " type '" + Notes.printable(type) + "' cannot be translated");
            }
        });
        return parts;
    }

    /** What was found, with where it is from: a text to every other model. */
    private Raw searchResult(int block, String path) throws UntranslatableException {
        List<Raw> lines = new ArrayList<>();
        lines.add(body.string(block, "title", path));
        lines.add(body.string(block, "source", path));
        lines.add(joinedTexts(body.member(block, "content"), path + ".content"));
        return Raw.joined(lines);
    }

    /** The text blocks of a list as one text. */
    private Raw joinedTexts(int blocks, String path) throws UntranslatableException {
        List<Raw> texts = new ArrayList<>();
        body.elements(blocks, path, (block, at) -> {
            if (!body.text(block, "type", at).equals("text")) {
                throw UntranslatableException.unsupported(at + ".type", "expected text");
            }
            texts.add(body.string(block, "text", at));
        });
        return Raw.joined(texts);
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
            case "content" -> {
                int content = body.member(source, "content");
                return new Source.PlainText(body.isString(content)
                        ? body.string(content, path + ".content")
                        : joinedTexts(content, path + ".content"));
            }
            default -> throw UntranslatableException.unsupported(path + ".type",
                    "sources of the type '" + Notes.printable(type) + "' cannot be translated");
        }
    }
}

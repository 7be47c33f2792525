package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import io.penstock.translate.request.Part.Text;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * Tells as text what the tools that Anthropic runs itself did in earlier turns: other models have
 * no such calls, but what came of them is part of the conversation. What only served to find tools,
 * or says which model answered, is dropped and named.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class ServerToolBlocks {
    private static final String RESULT = "_tool_result";
    private static final Set<String> READABLE = Set.of("title", "url", "source", "text", "data",
            "content", "stdout", "stderr", "error_code");
    private static final Set<String> BINARY = Set.of("base64", "image", "document");

    private final TypedBody body;
    private final Notes notes;

    ServerToolBlocks(TypedBody body, Notes notes) {
        this.body = body;
        this.notes = notes;
    }

    /** Whether blocks of that type are written by Anthropic's servers, not by the model. */
    boolean isServersWord(String type) {
        return switch (type) {
            case "server_tool_use", "mcp_tool_use", "compaction", "fallback" -> true;
            default -> type.endsWith(RESULT);
        };
    }

    /** The block as text; null if it says nothing to another model, and has been named. */
    Text read(int block, String type, String path) throws UntranslatableException {
        String name = body.optionalText(block, "name", path);
        boolean search = type.startsWith("tool_search_tool")
                || name != null && name.startsWith("tool_search_tool"); // all tools are there
        StringBuilder text = new StringBuilder();
        if (search || type.equals("fallback")) {
            notes.drop("messages.content." + type);
            return null;
        } else if (type.equals("compaction")) {
            gather(body.member(block, "content"), "content", text);
        } else if (type.endsWith("_use")) {
            Raw input = body.optionalObject(block, "input", path);
            text.append("[Called ").append(name == null ? "a tool" : name);
            if (input != null) {
                text.append(": ").append(new String(input.bytes(), input.start(), input.length(),
                        StandardCharsets.UTF_8));
            }
            text.append(']');
        } else {
            text.append("[Result of ")
                    .append(type, 0, type.length() - RESULT.length()).append(']');
            gather(body.member(block, "content"), "content", text);
        }
        notes.change("messages.content." + type);
        return new Text(Raw.of(text.toString()), ChatMessages.cache(body, block, path));
    }

    /** Adds all texts for readers that are in the value, each on a line. */
    private void gather(int value, String name, StringBuilder out)
            throws UntranslatableException {
        if (value == NONE) {
            return;
        }
        if (body.isString(value)) {
            if (READABLE.contains(name)) {
                String text = body.text(value, name);
                out.append(out.isEmpty() || text.isEmpty() ? "" : "\n").append(text);
            }
        } else if (body.isArray(value)) {
            body.elements(value, name, (one, path) -> gather(one, name, out));
        } else if (body.isObject(value) && !isBinary(value)) {
            body.members(value, name, (member, its) -> gather(member, its, out));
        }
    }

    /** Whether the object holds bytes for machines: an image, a file. */
    private boolean isBinary(int object) throws UntranslatableException {
        int type = body.member(object, "type");
        return body.isString(type) && BINARY.contains(body.text(type, "type"))
                && body.member(object, "data") != NONE;
    }
}

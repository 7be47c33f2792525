package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import io.penstock.translate.CallerTool.Kind;
import io.penstock.translate.request.ModelRequest.Choice;
import io.penstock.translate.request.ModelRequest.Tool;
import io.penstock.translate.request.ModelRequest.ToolChoice;
import java.util.HashSet;
import java.util.Set;

/**
 * Reads the tools of an OpenAI Responses request, and which of them has to be used. Functions of a
 * namespace, custom tools and the search for tools that the caller runs itself are offered as
 * functions. A tool that only its provider can run is dropped: clients offer some on every call.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class ResponseTools {
    /** What a search for tools is offered as, and looked for in the history. */
    static final String SEARCH = "tool_search";
    /** The member of a custom tool's arguments that holds its free text. */
    static final String CUSTOM_MEMBER = "input"; // as replies are read

    private static final Raw CUSTOM_SCHEMA = Raw.ofJson("{\"type\":\"object\",\"properties\":{\""
            + CUSTOM_MEMBER + "\":{\"type\":\"string\",\"description\":\"The whole input of the "
            + "tool, as plain text.\"}},\"required\":[\"" + CUSTOM_MEMBER
            + "\"],\"additionalProperties\":false}");

    private final TypedBody body;
    private final ModelRequest request;
    private final Notes notes;
    private final Set<String> addedNames = new HashSet<>(); // by items

    ResponseTools(TypedBody body, ModelRequest request) {
        this.body = body;
        this.request = request;
        this.notes = request.notes;
    }

    /** Reads the list of tools that the request has of its own. */
    void read(int tools, String path) throws UntranslatableException {
        body.elements(tools, path, (tool, at) -> readTool(tool, at, null, false));
    }

    /** Reads tools that an item of the conversation adds; one that is known is replaced. */
    void readAdded(int tools, String path) throws UntranslatableException {
        if (tools != NONE) {
            body.elements(tools, path, (tool, at) -> readTool(tool, at, null, true));
        }
    }

    private void readTool(int tool, String path, String namespace, boolean added)
            throws UntranslatableException {
        String type = body.text(tool, "type", path);
        switch (type) {
            case "function" -> readFunction(tool, path, namespace, added);
            case "custom" -> readCustom(tool, path, namespace, added);
            case "namespace" -> {
                String name = body.text(tool, "name", path);
                body.elements(body.member(tool, "tools"), path + ".tools", (member, at) ->
                        readTool(member, at, name, added));
                body.dropOthers(tool, "tools", notes, "type", "name", "tools");
            }
            case SEARCH -> readSearch(tool, path, added);
            default -> {
                notes.drop("tools." + type);
                request.toolsDropped = true;
            }
        }
    }

    private void add(Tool tool, boolean added) {
        if (added) {
            addedNames.add(tool.name());
        }
        if (addedNames.contains(tool.name())) {
            for (int i = 0; i < request.tools.size(); i++) {
                if (request.tools.get(i).name().equals(tool.name())) {
                    request.tools.set(i, tool);
                    return;
                }
            }
        }
        request.tools.add(tool);
    }

    private void readFunction(int tool, String path, String namespace, boolean added)
            throws UntranslatableException {
        Raw schema = body.optionalObject(tool, "parameters", path);
        add(new Tool(ToolNaming.identity(namespace, body.text(tool, "name", path)),
                body.optionalString(tool, "description", path), schema,
                isStrict(body.optionalBool(tool, "strict", path), schema), null, path), added);
        body.dropOthers(tool, "tools", notes, "type", "name", "description", "parameters",
                "strict");
    }

    /** Where nothing is said, tools are strict here, but not in chat: so it has to be said. */
    static boolean isStrict(Boolean said, Raw schema) {
        return said != null ? said : schema != null && StrictSchema.isStrict(schema);
    }

    private void readCustom(int tool, String path, String namespace, boolean added)
            throws UntranslatableException {
        Raw description = body.optionalString(tool, "description", path);
        int format = body.member(tool, "format");
        String definition = body.optionalText(format, "definition", path + ".format");
        if (definition != null) {
            String syntax = body.optionalText(format, "syntax", path + ".format");
            String rule = (description == null ? "" : description.text() + "\n\n")
                    + "The input has to follow this grammar"
                    + (syntax == null ? "" : " (" + syntax + ")") + ":\n" + definition;
            description = Raw.of(rule);
            notes.change("tools.format"); // asked for, not guaranteed
        }
        add(new Tool(ToolNaming.identity(namespace, body.text(tool, "name", path)), description,
                CUSTOM_SCHEMA, null, null, path, Kind.CUSTOM), added);
        body.dropOthers(tool, "tools", notes, "type", "name", "description", "format");
    }

    /** A search that the caller runs is a function with another name for its calls. */
    private void readSearch(int tool, String path, boolean added)
            throws UntranslatableException {
        if (!"client".equals(body.optionalText(tool, "execution", path))) {
            notes.drop("tools." + SEARCH);
            request.toolsDropped = true;
            return;
        }
        add(new Tool(SEARCH, body.optionalString(tool, "description", path),
                body.optionalObject(tool, "parameters", path), null, null, path, Kind.SEARCH),
                added);
        body.dropOthers(tool, "tools", notes, "type", "execution", "description", "parameters");
    }

    /** The arguments of a call of a custom tool, in the shape in which it was offered. */
    static Raw customArguments(Raw input) {
        return Raw.ofJson("{\"" + CUSTOM_MEMBER + "\":\"").followedBy(input)
                .followedBy(Raw.ofJson("\"}"));
    }

    void readChoice(int value, String path) throws UntranslatableException {
        if (body.isString(value)) {
            request.toolChoice = new ToolChoice(
                    ChatSettings.choice(body.text(value, path), path), null, null, path);
            return;
        }
        String type = body.text(value, "type", path);
        switch (type) {
            case "function", "custom", SEARCH -> request.toolChoice = new ToolChoice(
                    Choice.NAMED, chosen(value, type, path), null, path);
            case "allowed_tools" -> {
                Set<String> names = new HashSet<>();
                body.elements(body.member(value, "tools"), path + ".tools", (tool, at) ->
                        addAllowed(tool, at, names));
                String mode = body.optionalText(value, "mode", path);
                request.toolChoice = new ToolChoice(
                        ChatSettings.choice(mode == null ? "auto" : mode, path + ".mode"), null,
                        names, path);
            }
            default -> throw UntranslatableException.unsupported(path,
                    "a choice of the type '" + Notes.printable(type)
                    + "' exists at one provider only");
        }
    }

    private String chosen(int tool, String type, String path) throws UntranslatableException {
        return type.equals(SEARCH) ? SEARCH
                : ToolNaming.identity(body.optionalText(tool, "namespace", path),
                        body.text(tool, "name", path));
    }

    private void addAllowed(int tool, String path, Set<String> names)
            throws UntranslatableException {
        String type = body.text(tool, "type", path);
        switch (type) {
            case "function", "custom", SEARCH -> names.add(chosen(tool, type, path));
            case "namespace" -> {
                String members = ToolNaming.identity(body.text(tool, "name", path), "");
                request.tools.stream().map(Tool::name)
                        .filter(name -> name.startsWith(members)).forEach(names::add);
            }
            default -> { } // named where it was offered
        }
    }
}

package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import io.penstock.translate.request.ModelRequest.Choice;
import io.penstock.translate.request.ModelRequest.Mode;
import io.penstock.translate.request.ModelRequest.Setting;
import io.penstock.translate.request.ModelRequest.Thinking;
import io.penstock.translate.request.ModelRequest.Tool;
import io.penstock.translate.request.ModelRequest.ToolChoice;
import io.penstock.translate.request.Turn.Role;
import java.util.HashSet;
import java.util.Set;

/**
 * Reads an OpenAI chat completion request.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class ChatReader {
    private final TypedBody body;
    private final ModelRequest request;
    private final ChatSettings settings;

    ChatReader(TypedBody body, ModelRequest request) {
        this.body = body;
        this.request = request;
        this.settings = new ChatSettings(body, request);
    }

    void read() throws UntranslatableException {
        int root = body.root();
        int messages = body.member(root, "messages");
        if (!body.isArray(messages)) {
            throw UntranslatableException.invalid("messages", "expected an array of messages");
        }
        new ChatMessages(body, request).read(messages);
        body.members(root, "", (value, name) -> readMember(root, value, name));
        settings.chooseEndUser(root, "safety_identifier", "user");
    }

    private void readMember(int root, int value, String name) throws UntranslatableException {
        switch (name) {
            case "messages", "safety_identifier", "user" -> { } // read elsewhere
            case "stream_options" -> {
                Boolean usage = body.optionalBool(value, "include_usage", name);
                request.usageAsked = usage != null && usage;
                body.dropOthers(value, name, request.notes, "include_usage");
            }
            case "max_completion_tokens" -> request.put(Setting.MAX_TOKENS,
                    body.number(value, name));
            case "max_tokens" -> {
                if (body.member(root, "max_completion_tokens") == NONE) {
                    request.put(Setting.MAX_TOKENS, body.number(value, name));
                } else {
                    request.notes.drop(name);
                }
            }
            case "tools" -> body.elements(value, name, this::readTool);
            case "functions" -> {
                body.elements(value, name, this::readFunction);
                if (body.member(root, "tools") == NONE) {
                    request.functionsOffered = true;
                    request.oneCallAtATime = true; // an answer has room for one
                    request.oneCallPath = name;
                }
            }
            case "tool_choice" -> readToolChoice(value);
            case "function_call" -> {
                Choice choice = body.isString(value)
                        ? ChatSettings.choice(body.text(value, name), name) : Choice.NAMED;
                request.toolChoice = new ToolChoice(choice, body.isString(value) ? null
                        : body.text(value, "name", name), null, name);
            }
            case "response_format" -> readResponseFormat(value, name);
            case "reasoning_effort" -> {
                String effort = body.text(value, name);
                request.thinking = new Thinking(effort.equals("none") ? Mode.OFF : Mode.ON,
                        effort, 0, name);
            }
            case "modalities" -> body.elements(value, name, (one, path) -> {
                if (!body.text(one, path).equals("text")) {
                    throw UntranslatableException.unsupported(name, "only text can be answered");
                }
            });
            case "reasoning", "thinking" -> readThinking(root, value, name);
            default -> {
                if (!settings.read(value, name)) {
                    request.notes.drop(name);
                }
            }
        }
    }

    /** How much to think, in the words of OpenRouter or of those who follow Anthropic. */
    private void readThinking(int root, int value, String name) throws UntranslatableException {
        if (body.member(root, "reasoning_effort") != NONE || !body.isObject(value)) {
            request.notes.drop(name);
            return;
        }
        String effort = body.optionalText(value, "effort", name);
        String type = body.optionalText(value, "type", name);
        Boolean enabled = body.optionalBool(value, "enabled", name);
        String bound = name.equals("thinking") ? "budget_tokens" : "max_tokens";
        int budget = body.member(value, bound);
        boolean off = "none".equals(effort) || "disabled".equals(type)
                || enabled != null && !enabled;
        request.thinking = new Thinking(off ? Mode.OFF : Mode.ON, effort,
                budget == NONE ? 0 : body.number(budget, name + "." + bound).count(), name);
        body.dropOthers(value, name, request.notes, "effort", "type", "enabled", bound);
    }

    private void readTool(int tool, String path) throws UntranslatableException {
        String type = body.optionalText(tool, "type", path);
        if (type != null && type.equals("custom")) {
            throw UntranslatableException.unsupported(path + ".type",
                    "tools of the type 'custom' exist at one provider only");
        }
        if (type != null && !type.equals("function")) {
            request.leaveOutTool(type, null, path + ".type");
            return;
        }
        String inner = path + ".function";
        int function = body.member(tool, "function");
        readFunction(function, inner);
        body.dropOthers(tool, "tools", request.notes, "type", "function", "cache_control");
        String cache = ChatMessages.cache(body, tool, path);
        if (cache != null) {
            int last = request.tools.size() - 1;
            Tool read = request.tools.get(last);
            request.tools.set(last, new Tool(read.name(), read.description(), read.schema(),
                    read.strict(), cache, path));
        }
    }

    private void readFunction(int function, String path) throws UntranslatableException {
        request.tools.add(new Tool(body.text(function, "name", path),
                body.optionalString(function, "description", path),
                body.optionalObject(function, "parameters", path),
                body.optionalBool(function, "strict", path), null, path));
        body.dropOthers(function, "tools.function", request.notes, "name", "description",
                "parameters", "strict");
    }

    private void readToolChoice(int value) throws UntranslatableException {
        String path = "tool_choice";
        if (body.isString(value)) {
            request.toolChoice = new ToolChoice(
                    ChatSettings.choice(body.text(value, path), path), null, null, path);
            return;
        }
        String type = body.text(value, "type", path);
        switch (type) {
            case "function" -> request.toolChoice = new ToolChoice(Choice.NAMED,
                    body.text(body.member(value, "function"), "name", path + ".function"), null,
                    path);
            case "allowed_tools" -> {
                int allowed = body.member(value, "allowed_tools");
                String inner = path + ".allowed_tools";
                Set<String> names = new HashSet<>();
                body.elements(body.member(allowed, "tools"), inner + ".tools", (tool, at) ->
                        names.add(body.text(body.member(tool, "function"), "name", at)));
                request.toolChoice = new ToolChoice(
                        ChatSettings.choice(body.text(allowed, "mode", inner), inner + ".mode"),
                        null, names, path);
            }
            default -> throw UntranslatableException.unsupported(path,
                    "a choice of the type '" + Notes.printable(type)
                    + "' exists at one provider only");
        }
    }

    private void readResponseFormat(int value, String path) throws UntranslatableException {
        int schema = body.member(value, "json_schema");
        settings.readAnswerFormat(body.text(value, "type", path), schema,
                path + ".json_schema", path);
    }

    /** Adds a turn of that role. */
    static Turn turn(ModelRequest request, Role role, String path) {
        Turn turn = new Turn(role, path);
        request.turns.add(turn);
        return turn;
    }
}

package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import io.penstock.translate.request.ModelRequest.AnswerFormat;
import io.penstock.translate.request.ModelRequest.AnswerKind;
import io.penstock.translate.request.ModelRequest.Choice;
import io.penstock.translate.request.ModelRequest.Mode;
import io.penstock.translate.request.ModelRequest.Setting;
import io.penstock.translate.request.ModelRequest.Thinking;
import io.penstock.translate.request.ModelRequest.Tool;
import io.penstock.translate.request.ModelRequest.ToolChoice;
import io.penstock.translate.request.Part.Text;
import io.penstock.translate.request.Turn.Role;

/**
 * Reads an Anthropic messages request.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class MessagesReader {
    /** On which Anthropic's own clients send the whole conversation instead. */
    private static final String NO_THREADS = "thread_unsupported_request";

    private final TypedBody body;
    private final ModelRequest request;
    private final Notes notes;
    private final MessageBlocks blocks;

    MessagesReader(TypedBody body, ModelRequest request) {
        this.body = body;
        this.request = request;
        this.notes = request.notes;
        this.blocks = new MessageBlocks(body, request);
    }

    void read() throws UntranslatableException {
        int root = body.root();
        int system = body.member(root, "system");
        if (system != NONE) {
            readSystem(system, "system", ChatReader.turn(request, Role.SYSTEM, "system"));
        }
        body.elements(body.member(root, "messages"), "messages", this::readMessage);
        body.members(root, "", this::readMember);
        readThinking(root);
        readFormat(root);
        request.reasoningPath = "messages.content.thinking";
        request.usageAsked = true; // its streams always tell
        request.strictByAnthropic = true;
    }

    private void readSystem(int system, String path, Turn turn) throws UntranslatableException {
        if (body.isString(system)) {
            turn.parts().add(new Text(body.string(system, path), null));
            return;
        }
        body.elements(system, path, (block, at) -> {
            if (!"text".equals(body.text(block, "type", at))) {
                throw UntranslatableException.unsupported(at + ".type", "expected text");
            }
            turn.parts().add(blocks.text(block, at));
        });
    }

    private void readMessage(int message, String path) throws UntranslatableException {
        String role = body.text(message, "role", path);
        int content = body.member(message, "content");
        String inner = path + ".content";
        switch (role) {
            case "user" -> blocks.read(content, inner,
                    ChatReader.turn(request, Role.USER, path));
            case "assistant" -> blocks.read(content, inner,
                    ChatReader.turn(request, Role.ASSISTANT, path));
            case "system" -> readSystem(content, inner,
                    ChatReader.turn(request, Role.SYSTEM, path));
            default -> throw UntranslatableException.invalid(path + ".role",
                    "expected user, assistant or system");
        }
        body.dropOthers(message, "messages", notes, "role", "content");
    }

    private void readMember(int value, String name) throws UntranslatableException {
        switch (name) {
            case "model", "stream", "fallbacks", "system", "messages", "thinking",
                    "output_format" -> { }
            case "output_config" -> body.dropOthers(value, name, notes, "effort", "format");
            case "max_tokens" -> {
                if (body.number(value, name).count() == 0) {
                    throw UntranslatableException.unsupported(name,
                            "0, to fill the cache, exists at Anthropic only");
                }
                request.put(Setting.MAX_TOKENS, body.number(value, name));
            }
            case "temperature" -> request.put(Setting.TEMPERATURE, body.number(value, name));
            case "top_p" -> request.put(Setting.TOP_P, body.number(value, name));
            case "top_k" -> request.put(Setting.TOP_K, body.number(value, name));
            case "stop_sequences" -> body.elements(value, name, (one, path) ->
                    request.stops.add(body.stringValue(one, path)));
            case "tools" -> body.elements(value, name, this::readTool);
            case "tool_choice" -> readToolChoice(value, name);
            case "metadata" -> {
                int user = body.member(value, "user_id");
                if (user != NONE) {
                    request.put(Setting.END_USER, body.stringValue(user, "metadata.user_id"));
                }
                body.dropOthers(value, name, notes, "user_id");
            }
            case "thread" -> throw UntranslatableException.unsupported(name, "this provider keeps"
                    + " no conversation: send the whole of it", NO_THREADS);
            case "mcp_servers" -> {
                body.elements(value, name, (server, path) -> {
                    throw UntranslatableException.unsupported(path,
                            "tools of other servers are called by Anthropic only");
                });
                notes.drop(name);
            }
            case "container" -> {
                if (body.isArray(body.member(value, "skills"))) {
                    body.elements(body.member(value, "skills"), name + ".skills", (one, path) -> {
                        throw UntranslatableException.unsupported(path,
                                "skills are kept at Anthropic only");
                    });
                }
                notes.drop(name); // of use to code that is run there, and that is not offered
            }
            default -> notes.drop(name); // context_management, for one: it tunes
        }
    }

    private void readTool(int tool, String path) throws UntranslatableException {
        String type = body.optionalText(tool, "type", path);
        if (type != null && !type.equals("custom") && body.member(tool, "input_schema") == NONE) {
            readDefinedTool(tool, type, path);
            return;
        }
        request.tools.add(new Tool(body.text(tool, "name", path),
                body.optionalString(tool, "description", path),
                body.optionalObject(tool, "input_schema", path),
                body.optionalBool(tool, "strict", path),
                ChatMessages.cache(body, tool, path), path));
        body.dropOthers(tool, "tools", notes, "type", "name", "description", "input_schema",
                "strict", "cache_control");
    }

    /** A tool that Anthropic defines: a function if its caller runs it, else Anthropic's own. */
    private void readDefinedTool(int tool, String type, String path)
            throws UntranslatableException {
        String name = body.optionalText(tool, "name", path);
        Tool function = new AnthropicTools(body).function(tool, type, name, path);
        if (function == null) {
            request.leaveOutTool(type, name, path + ".type");
        } else {
            request.tools.add(function);
        }
    }

    private void readToolChoice(int value, String path) throws UntranslatableException {
        Choice choice = switch (body.text(value, "type", path)) {
            case "auto" -> Choice.AUTO;
            case "any" -> Choice.REQUIRED;
            case "tool" -> Choice.NAMED;
            case "none" -> Choice.NONE;
            default -> throw UntranslatableException.invalid(path + ".type",
                    "expected auto, any, tool or none");
        };
        request.toolChoice = new ToolChoice(choice,
                choice == Choice.NAMED ? body.text(value, "name", path) : null, null, path);
        Boolean one = body.optionalBool(value, "disable_parallel_tool_use", path);
        request.oneCallAtATime = one != null && one;
        request.oneCallPath = path + ".disable_parallel_tool_use";
    }

    private void readThinking(int root) throws UntranslatableException {
        int thinking = body.member(root, "thinking");
        int config = body.member(root, "output_config");
        String effort = body.optionalText(config, "effort", "output_config");
        if (thinking == NONE) {
            if (effort != null) {
                request.thinking = new Thinking(Mode.ON, effort, 0, "output_config.effort");
            }
            return;
        }
        String type = body.text(thinking, "type", "thinking");
        int budget = body.member(thinking, "budget_tokens");
        request.thinking = new Thinking(type.equals("disabled") ? Mode.OFF : Mode.ON, effort,
                budget == NONE ? 0 : body.number(budget, "thinking.budget_tokens").count(),
                "thinking");
        body.dropOthers(thinking, "thinking", notes, "type", "budget_tokens");
    }

    private void readFormat(int root) throws UntranslatableException {
        String path = "output_config.format";
        int format = body.member(body.member(root, "output_config"), "format");
        if (format == NONE) {
            path = "output_format"; // as it was called in beta
            format = body.member(root, "output_format");
        }
        if (format == NONE) {
            return;
        }
        if (!"json_schema".equals(body.text(format, "type", path))) {
            throw UntranslatableException.unsupported(path, "expected a JSON schema");
        }
        Raw schema = body.optionalObject(format, "schema", path);
        if (schema == null) {
            throw UntranslatableException.invalid(path + ".schema", "expected an object");
        }
        request.answerFormat =
                new AnswerFormat(AnswerKind.SCHEMA, "response", null, schema, true, path, null);
        body.dropOthers(format, path, notes, "type", "schema");
    }
}

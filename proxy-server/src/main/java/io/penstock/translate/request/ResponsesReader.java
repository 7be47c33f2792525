package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import io.penstock.translate.request.ModelRequest.Mode;
import io.penstock.translate.request.ModelRequest.Setting;
import io.penstock.translate.request.ModelRequest.Thinking;
import io.penstock.translate.request.Part.Text;
import io.penstock.translate.request.Turn.Role;

/**
 * Reads an OpenAI Responses request, as far as nothing in it refers to what a provider keeps.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class ResponsesReader {
    private final TypedBody body;
    private final ModelRequest request;
    private final Notes notes;
    private final ChatSettings settings;
    private final ResponseTools tools;
    private final ResponseItems items;

    ResponsesReader(TypedBody body, ModelRequest request) {
        this.body = body;
        this.request = request;
        this.notes = request.notes;
        this.settings = new ChatSettings(body, request);
        this.tools = new ResponseTools(body, request);
        this.items = new ResponseItems(body, request, tools);
    }

    void read() throws UntranslatableException {
        int root = body.root();
        int instructions = body.member(root, "instructions");
        if (body.isString(instructions)) {
            ChatReader.turn(request, Role.SYSTEM, "instructions").parts()
                    .add(new Text(body.string(instructions, "instructions"), null));
        } else if (instructions != NONE) {
            items.read(instructions, "instructions");
        }
        int input = body.member(root, "input");
        if (body.isString(input)) {
            ChatReader.turn(request, Role.USER, "input").parts()
                    .add(new Text(body.string(input, "input"), null));
        } else {
            items.read(input, "input");
        }
        int offered = body.member(root, "tools");
        if (offered != NONE) {
            tools.read(offered, "tools");
        }
        int choice = body.member(root, "tool_choice");
        if (choice != NONE) {
            tools.readChoice(choice, "tool_choice");
        }
        body.members(root, "", this::readMember);
        settings.chooseEndUser(root, "safety_identifier", "user");
        request.imageDetailPath = "input.content.detail";
        request.reasoningPath = "input.reasoning";
        request.usageAsked = true; // its streams always tell
        request.responseSettings = ResponseSettings.of(body);
    }

    private void readMember(int value, String name) throws UntranslatableException {
        switch (name) {
            case "instructions", "input", "safety_identifier", "user" -> { } // read elsewhere
            case "previous_response_id" -> {
                if (body.member(value, ResponseSettings.RESOLVED) == NONE) {
                    throw UntranslatableException.unsupported(name, "no such response is kept"
                            + " here. Send its items themselves, with \"store\": false");
                }
            }
            case "conversation", "prompt" -> throw UntranslatableException.unsupported(name,
                    "refers to what one provider keeps. Send the items themselves, with"
                    + " \"store\": false");
            case "background" -> {
                if (body.bool(value, name)) {
                    throw UntranslatableException.unsupported(name,
                            "the answer would have to be kept at one provider");
                }
            }
            case "max_output_tokens" -> request.put(Setting.MAX_TOKENS, body.number(value, name));
            case "tools", "tool_choice" -> { } // read behind the items, which may add tools
            case "reasoning" -> {
                String effort = body.optionalText(value, "effort", name);
                if (effort != null) {
                    request.thinking = new Thinking(effort.equals("none") ? Mode.OFF : Mode.ON,
                            effort, 0, "reasoning.effort");
                }
                body.dropOthers(value, name, notes, "effort");
            }
            case "text" -> {
                int format = body.member(value, "format");
                if (format != NONE) {
                    settings.readAnswerFormat(body.text(format, "type", "text.format"), format,
                            "text.format", "text.format");
                }
                int verbosity = body.member(value, "verbosity");
                if (verbosity != NONE) {
                    request.put(Setting.VERBOSITY,
                            body.stringValue(verbosity, "text.verbosity"));
                }
                body.dropOthers(value, name, notes, "format", "verbosity");
            }
            case "include" -> body.elements(value, name, (one, path) -> {
                switch (body.text(one, path)) {
                    case "reasoning.encrypted_content" -> { } // given wherever there is some
                    default -> notes.drop(path);
                }
            });
            case "truncation" -> {
                if (!body.text(value, name).equals("disabled")) {
                    notes.drop(name);
                }
            }
            case "stream_options" -> body.dropOthers(value, name, notes);
            case "prompt_cache_options" -> {
                Boolean prewarm = body.optionalBool(value, "prewarm", name);
                if (prewarm != null && prewarm) {
                    throw UntranslatableException.unsupported(name + ".prewarm",
                            "nothing would be answered");
                }
                settings.read(value, name);
            }
            case "n", "stop", "seed", "logprobs", "logit_bias", "prediction", "top_k" ->
                    notes.drop(name); // chat's own
            default -> {
                if (!settings.read(value, name)) {
                    notes.drop(name);
                }
            }
        }
    }
}

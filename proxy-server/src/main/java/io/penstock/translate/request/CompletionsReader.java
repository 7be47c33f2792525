package io.penstock.translate.request;

import io.penstock.translate.request.JsonIndex.Kind;
import io.penstock.translate.request.ModelRequest.Setting;
import io.penstock.translate.request.ModelRequest.Value;
import io.penstock.translate.request.Part.Text;
import io.penstock.translate.request.Turn.Role;

/**
 * Reads a legacy OpenAI completion request: its prompt becomes what a user says.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class CompletionsReader {
    private static final String DEFAULT_MAX_TOKENS = "16"; // by the API's own description

    private final TypedBody body;
    private final ModelRequest request;
    private final ChatSettings settings;

    CompletionsReader(TypedBody body, ModelRequest request) {
        this.body = body;
        this.request = request;
        this.settings = new ChatSettings(body, request);
    }

    void read() throws UntranslatableException {
        int root = body.root();
        readPrompt(body.member(root, "prompt"));
        request.put(Setting.MAX_TOKENS, new Value("max_tokens", Kind.NUMBER,
                Raw.ofJson(DEFAULT_MAX_TOKENS)));
        body.members(root, "", this::readMember);
    }

    private void readPrompt(int prompt) throws UntranslatableException {
        int[] text = {prompt};
        int[] count = {1};
        if (body.isArray(prompt)) {
            count[0] = 0;
            body.elements(prompt, "prompt", (one, path) -> {
                text[0] = one;
                count[0]++;
            });
        }
        if (count[0] != 1 || !body.isString(text[0])) {
            throw UntranslatableException.unsupported("prompt",
                    "expected one text: neither several nor tokens can be translated");
        }
        ChatReader.turn(request, Role.USER, "prompt").parts()
                .add(new Text(body.string(text[0], "prompt"), null));
    }

    private void readMember(int value, String name) throws UntranslatableException {
        switch (name) {
            case "prompt" -> { }
            case "max_tokens" -> request.put(Setting.MAX_TOKENS, body.number(value, name));
            case "stream_options" -> {
                Boolean usage = body.optionalBool(value, "include_usage", name);
                request.usageAsked = usage != null && usage;
                body.dropOthers(value, name, request.notes, "include_usage");
            }
            case "user" -> request.put(Setting.END_USER, body.stringValue(value, name));
            case "suffix" -> {
                if (!body.string(value, name).isEmpty()) {
                    throw UntranslatableException.unsupported(name,
                            "a chat model cannot write towards a given end");
                }
            }
            case "echo" -> {
                if (body.bool(value, name)) {
                    throw UntranslatableException.unsupported(name,
                            "the prompt would have to be repeated");
                }
            }
            case "best_of" -> {
                if (body.number(value, name).count() > 1) {
                    request.notes.drop(name); // the only answer is the best
                }
            }
            case "logprobs" -> request.notes.drop(name); // a number here, of another shape there
            case "temperature", "top_p", "n", "stop", "seed", "frequency_penalty",
                    "presence_penalty", "logit_bias", "model", "stream", "fallbacks" ->
                    settings.read(value, name);
            default -> request.notes.drop(name);
        }
    }
}

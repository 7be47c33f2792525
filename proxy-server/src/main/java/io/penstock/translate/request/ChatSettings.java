package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import io.penstock.translate.request.ModelRequest.AnswerFormat;
import io.penstock.translate.request.ModelRequest.AnswerKind;
import io.penstock.translate.request.ModelRequest.Choice;
import io.penstock.translate.request.ModelRequest.Setting;

/**
 * Reads the settings that OpenAI's formats have in common.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class ChatSettings {
    private final TypedBody body;
    private final ModelRequest request;

    ChatSettings(TypedBody body, ModelRequest request) {
        this.body = body;
        this.request = request;
    }

    /** Reads a member of the top level; returns false if it is none of these settings. */
    boolean read(int value, String name) throws UntranslatableException {
        switch (name) {
            // The model is the target's and stream the attempt's; fallbacks is Penstock's own.
            case "model", "stream", "fallbacks" -> { }
            case "temperature" -> request.put(Setting.TEMPERATURE, body.number(value, name));
            case "top_p" -> request.put(Setting.TOP_P, body.number(value, name));
            case "top_k" -> request.put(Setting.TOP_K, body.number(value, name));
            case "n" -> request.put(Setting.N, body.number(value, name));
            case "seed" -> request.put(Setting.SEED, body.number(value, name));
            case "frequency_penalty" ->
                    request.put(Setting.FREQUENCY_PENALTY, body.number(value, name));
            case "presence_penalty" ->
                    request.put(Setting.PRESENCE_PENALTY, body.number(value, name));
            case "top_logprobs" -> request.put(Setting.TOP_LOGPROBS, body.number(value, name));
            case "logprobs" -> request.put(Setting.LOGPROBS, body.any(value, name));
            case "store" -> request.put(Setting.STORE, body.any(value, name));
            case "logit_bias" -> request.put(Setting.LOGIT_BIAS, body.any(value, name));
            case "metadata" -> request.put(Setting.METADATA, body.any(value, name));
            case "service_tier" -> request.put(Setting.SERVICE_TIER,
                    body.stringValue(value, name));
            case "verbosity" -> request.put(Setting.VERBOSITY, body.stringValue(value, name));
            case "prediction" -> request.put(Setting.PREDICTION, body.any(value, name));
            case "prompt_cache_key" ->
                    request.put(Setting.PROMPT_CACHE_KEY, body.stringValue(value, name));
            case "prompt_cache_options" ->
                    request.put(Setting.PROMPT_CACHE_OPTIONS, body.any(value, name));
            case "prompt_cache_retention" ->
                    request.put(Setting.PROMPT_CACHE_RETENTION, body.stringValue(value, name));
            case "moderation" -> request.put(Setting.MODERATION, body.any(value, name));
            case "web_search_options" ->
                    request.put(Setting.WEB_SEARCH_OPTIONS, body.any(value, name));
            case "parallel_tool_calls" -> {
                request.oneCallAtATime = !body.bool(value, name);
                request.oneCallPath = name;
            }
            case "stop" -> readStop(value, name);
            default -> {
                return false;
            }
        }
        return true;
    }

    private void readStop(int value, String name) throws UntranslatableException {
        if (body.isString(value)) {
            request.stops.add(body.stringValue(value, name));
        } else {
            body.elements(value, name, (one, path) ->
                    request.stops.add(body.stringValue(one, path)));
        }
    }

    /** The first of the two that is there is the end user; the other is named as dropped. */
    void chooseEndUser(int root, String first, String second) throws UntranslatableException {
        int one = body.member(root, first);
        int two = body.member(root, second);
        if (one != NONE) {
            request.put(Setting.END_USER, body.stringValue(one, first));
            if (two != NONE) {
                request.notes.drop(second);
            }
        } else if (two != NONE) {
            request.put(Setting.END_USER, body.stringValue(two, second));
        }
    }

    /**
     * Reads the shape of the answer.
     *
     * @param schema the object with {@code name} and {@code schema} in it
     */
    void readAnswerFormat(String type, int schema, String schemaPath, String path)
            throws UntranslatableException {
        switch (type) {
            case "text" -> { }
            case "json_object" -> request.answerFormat =
                    new AnswerFormat(AnswerKind.OBJECT, null, null, null, null, path, null);
            case "json_schema" -> {
                if (!body.isObject(schema)) {
                    throw UntranslatableException.invalid(schemaPath, "expected an object");
                }
                Raw itself = body.optionalObject(schema, "schema", schemaPath);
                request.answerFormat = new AnswerFormat(
                        itself == null ? AnswerKind.OBJECT : AnswerKind.SCHEMA,
                        body.text(schema, "name", schemaPath),
                        body.optionalString(schema, "description", schemaPath), itself,
                        body.optionalBool(schema, "strict", schemaPath), path, schemaPath);
            }
            default -> throw UntranslatableException.unsupported(path,
                    "answers of the type '" + Notes.printable(type)
                    + "' exist at one provider only");
        }
    }

    static Choice choice(String word, String path) throws UntranslatableException {
        return switch (word) {
            case "auto" -> Choice.AUTO;
            case "none" -> Choice.NONE;
            case "required", "any" -> Choice.REQUIRED;
            default -> throw UntranslatableException.invalid(path,
                    "expected none, auto, required or one tool");
        };
    }
}

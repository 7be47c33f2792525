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
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;

/**
 * Reads a Gemini generateContent request. The model and the wish for a stream are in its path.
 *
 * <p><b>Thread:</b> confined; good for one request.
 */
final class GeminiReader {
    private static final String CONFIG = "generationConfig";
    private static final String CALLING = "toolConfig.functionCallingConfig";

    private final TypedBody body;
    private final ModelRequest request;
    private final Notes notes;
    private final GeminiFields fields;

    GeminiReader(TypedBody body, ModelRequest request) {
        this.body = body;
        this.request = request;
        this.notes = request.notes;
        this.fields = new GeminiFields(body, notes);
    }

    void read() throws UntranslatableException {
        request.reasoningPath = "contents.parts.thought";
        request.signaturePath = "contents.parts.thoughtSignature";
        request.usageAsked = true; // its streams always tell
        request.thoughtsHidden = true;
        int root = body.root();
        GeminiParts parts = new GeminiParts(body, request, fields);
        int system = fields.member(root, "systemInstruction");
        if (system != NONE) {
            parts.readSystem(system, "systemInstruction");
        }
        parts.read(fields.member(root, "contents"));
        fields.members(root, "", this::readMember);
    }

    private void readMember(int value, String name) throws UntranslatableException {
        switch (name) {
            case "contents", "systemInstruction" -> { } // read elsewhere
            case "model", "fallbacks" -> { } // the path has the one, the other is Penstock's own
            case "tools" -> body.elements(value, name, this::readTool);
            case "toolConfig" -> readToolConfig(value, name);
            case CONFIG -> {
                fields.members(value, name, this::readSetting);
                readAnswerFormat(value);
            }
            case "cachedContent" -> throw UntranslatableException.unsupported(name,
                    "refers to what Google keeps");
            default -> notes.drop(name);
        }
    }

    private void readTool(int tool, String path) throws UntranslatableException {
        fields.members(tool, path, (value, name) -> {
            if (!name.equals("functionDeclarations")) {
                throw UntranslatableException.unsupported(path + "." + name,
                        "this tool exists at Google only");
            }
            body.elements(value, path + "." + name, this::readFunction);
        });
    }

    private void readFunction(int function, String path) throws UntranslatableException {
        Raw schema = fields.optionalObject(function, "parametersJsonSchema", path);
        Raw parameters = fields.optionalObject(function, "parameters", path);
        if (schema == null && parameters != null) {
            schema = GeminiSchema.toJsonSchema(parameters);
        }
        request.tools.add(new Tool(fields.text(function, "name", path),
                fields.optionalString(function, "description", path), schema, null, null, path));
        fields.dropOthers(function, "tools.functionDeclarations", "name", "description",
                "parameters", "parametersJsonSchema");
    }

    private void readToolConfig(int config, String path) throws UntranslatableException {
        fields.dropOthers(config, path, "functionCallingConfig");
        int calling = fields.member(config, "functionCallingConfig");
        if (calling == NONE) {
            return;
        }
        fields.dropOthers(calling, CALLING, "mode", "allowedFunctionNames");
        Set<String> names = new LinkedHashSet<>();
        int allowed = fields.member(calling, "allowedFunctionNames");
        if (allowed != NONE) {
            body.elements(allowed, CALLING + ".allowedFunctionNames", (name, at) ->
                    names.add(body.text(name, at)));
        }
        String mode = fields.optionalText(calling, "mode", CALLING);
        Choice choice = switch (mode == null ? "AUTO" : mode.toUpperCase(Locale.ROOT)) {
            case "AUTO", "VALIDATED", "MODE_UNSPECIFIED" -> Choice.AUTO;
            case "ANY" -> names.size() == 1 ? Choice.NAMED : Choice.REQUIRED;
            case "NONE" -> Choice.NONE;
            default -> throw UntranslatableException.invalid(CALLING + ".mode",
                    "expected AUTO, ANY, NONE or VALIDATED");
        };
        if (mode != null || !names.isEmpty()) {
            request.toolChoice = new ToolChoice(choice,
                    choice == Choice.NAMED ? names.iterator().next() : null,
                    names.isEmpty() || choice == Choice.NAMED || choice == Choice.NONE ? null
                            : names, CALLING);
        }
    }

    private void readSetting(int value, String name) throws UntranslatableException {
        String path = CONFIG + "." + name;
        switch (name) {
            case "maxOutputTokens" -> put(Setting.MAX_TOKENS, value, path);
            case "temperature" -> put(Setting.TEMPERATURE, value, path);
            case "topP" -> put(Setting.TOP_P, value, path);
            case "topK" -> put(Setting.TOP_K, value, path);
            case "candidateCount" -> put(Setting.N, value, path);
            case "seed" -> put(Setting.SEED, value, path);
            case "presencePenalty" -> put(Setting.PRESENCE_PENALTY, value, path);
            case "frequencyPenalty" -> put(Setting.FREQUENCY_PENALTY, value, path);
            case "logprobs" -> put(Setting.TOP_LOGPROBS, value, path);
            case "responseLogprobs" -> request.put(Setting.LOGPROBS, body.any(value, path));
            case "stopSequences" -> body.elements(value, path, (one, at) ->
                    request.stops.add(body.stringValue(one, at)));
            case "thinkingConfig" -> readThinking(value, path);
            case "responseModalities" -> body.elements(value, path, (one, at) -> {
                if (!body.text(one, at).equalsIgnoreCase("text")) {
                    throw UntranslatableException.unsupported(path, "only text can be answered");
                }
            });
            case "responseMimeType", "responseSchema", "responseJsonSchema" -> { } // together
            default -> notes.drop(path);
        }
    }

    private void put(Setting setting, int value, String path) throws UntranslatableException {
        request.put(setting, fields.number(value, path));
    }

    private void readThinking(int config, String path) throws UntranslatableException {
        boolean told = fields.optionalBool(config, "includeThoughts", path);
        request.thoughtsHidden = !told;
        int budget = fields.member(config, "thinkingBudget");
        long tokens = budget == NONE ? -1
                : fields.number(budget, path + ".thinkingBudget").count();
        String level = fields.optionalText(config, "thinkingLevel", path);
        String effort = level == null || level.toUpperCase(Locale.ROOT).endsWith("_UNSPECIFIED")
                ? null : level.toLowerCase(Locale.ROOT);
        if (told || budget != NONE || effort != null) {
            request.thinking = new Thinking(tokens == 0 ? Mode.OFF : Mode.ON, effort,
                    Math.max(0, tokens), path);
        }
        fields.dropOthers(config, path, "includeThoughts", "thinkingBudget", "thinkingLevel");
    }

    private void readAnswerFormat(int config) throws UntranslatableException {
        Raw schema = fields.optionalObject(config, "responseJsonSchema", CONFIG);
        Raw own = fields.optionalObject(config, "responseSchema", CONFIG);
        if (schema == null && own != null) {
            schema = GeminiSchema.toJsonSchema(own);
        }
        String type = fields.optionalText(config, "responseMimeType", CONFIG);
        switch (type == null ? "text/plain" : type) {
            case "text/plain" -> {
                if (schema != null && type != null) {
                    throw UntranslatableException.invalid(CONFIG + ".responseMimeType",
                            "a schema is for application/json");
                }
            }
            case "application/json" -> { }
            default -> throw UntranslatableException.unsupported(CONFIG + ".responseMimeType",
                    "answers of this type exist at Google only");
        }
        if (schema != null) {
            request.answerFormat = new AnswerFormat(AnswerKind.SCHEMA, "response", null, schema,
                    StrictSchema.isStrict(schema) ? true : null, CONFIG + ".responseSchema",
                    null);
        } else if ("application/json".equals(type)) {
            request.answerFormat = new AnswerFormat(AnswerKind.OBJECT, null, null, null, null,
                    CONFIG + ".responseMimeType", null);
        }
    }
}

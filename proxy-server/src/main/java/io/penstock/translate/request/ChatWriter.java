package io.penstock.translate.request;

import io.penstock.provider.ChatDialect;
import io.penstock.provider.ChatDialect.Can;
import io.penstock.translate.request.ModelRequest.AnswerFormat;
import io.penstock.translate.request.ModelRequest.AnswerKind;
import io.penstock.translate.request.ModelRequest.Choice;
import io.penstock.translate.request.ModelRequest.Mode;
import io.penstock.translate.request.ModelRequest.Setting;
import io.penstock.translate.request.ModelRequest.Thinking;
import io.penstock.translate.request.ModelRequest.Tool;
import io.penstock.translate.request.ModelRequest.Value;
import io.penstock.translate.request.ModelTraits.Trait;
import io.penstock.translate.request.Turn.Role;
import java.util.List;
import java.util.Locale;

/**
 * Writes an OpenAI chat completion request, in the provider's dialect.
 *
 * <p><b>Thread:</b> confined; good for one translation.
 */
final class ChatWriter {
    private static final int MAX_STOPS = 4;
    private static final int MAX_USER_CHARS = 64;
    private static final List<Setting> ACCOUNT_FIELDS = List.of(Setting.METADATA, Setting.STORE,
            Setting.SERVICE_TIER, Setting.PROMPT_CACHE_KEY, Setting.PROMPT_CACHE_OPTIONS,
            Setting.PROMPT_CACHE_RETENTION, Setting.MODERATION, Setting.VERBOSITY,
            Setting.PREDICTION, Setting.WEB_SEARCH_OPTIONS);

    private final ModelRequest request;
    private final Notes notes;
    private final TranslationOptions options;
    private final ChatDialect dialect;
    private final ToolPlan tools;
    private JsonOut out;

    ChatWriter(ModelRequest request, TranslationOptions options) throws UntranslatableException {
        this.request = request;
        this.notes = request.notes;
        this.options = options;
        this.dialect = options.dialect();
        ToolIds.pair(request.turns);
        ToolIds.assign(request.turns, dialect.can(Can.IDS_OF_NINE) ? ToolIds.Rule.NINE
                : dialect.can(Can.SHORT_IDS) ? ToolIds.Rule.FORTY : ToolIds.Rule.ANY);
        this.tools = ToolPlan.of(request);
    }

    void write(JsonOut to) throws UntranslatableException {
        out = to.beginObject().member("model", options.model());
        boolean goesOn = checkPrefill();
        new ChatMessagesWriter(request, options, out).write(goesOn);
        writeTools();
        writeSettings();
        writeThinking();
        writeAnswerFormat();
        if (goesOn && dialect.can(Can.CONTINUE_FLAGS)) {
            out.member("add_generation_prompt", false).member("continue_final_message", true);
        }
        if (options.stream()) {
            out.member("stream", true);
            if (options.askUsage() && dialect.can(Can.STREAM_OPTIONS)) {
                out.name("stream_options").beginObject().member("include_usage", true)
                        .endObject();
            }
        }
        out.endObject();
    }

    /** Whether the model shall go on from what the assistant said. */
    private boolean checkPrefill() throws UntranslatableException {
        Turn last = request.turns.get(request.turns.size() - 1);
        if (!last.is(Role.ASSISTANT)) {
            return false;
        }
        if (!dialect.can(Can.PREFILL) && !dialect.can(Can.PREFIX_FLAG)
                && !dialect.can(Can.CONTINUE_FLAGS)) {
            throw UntranslatableException.unsupported(last.path(),
                    "this provider does not go on from an assistant's message");
        }
        return true;
    }

    private void writeTools() {
        if (tools.tools().isEmpty()) {
            if (request.oneCallAtATime) {
                notes.drop(request.oneCallPath);
            }
            return;
        }
        out.name("tools").beginArray();
        for (Tool tool : tools.tools()) {
            out.beginObject().member("type", "function").name("function").beginObject()
                    .member("name", tool.name());
            if (tool.description() != null) {
                out.member("description", tool.description());
            }
            if (tool.schema() != null) {
                out.name("parameters").value(tool.schema());
            }
            boolean strict = tool.strict() != null && tool.strict();
            if (tool.strict() != null && dialect.can(Can.STRICT_TOOLS)
                    && (!strict || passes(tool.schema()))) {
                out.member("strict", strict);
            } else if (strict) {
                notes.drop("tools.strict");
            }
            if (tool.cache() != null) {
                notes.drop("tools.cache_control");
            }
            out.endObject().endObject();
        }
        out.endArray();
        if (tools.choice() == Choice.NAMED) {
            out.name("tool_choice").beginObject().member("type", "function").name("function")
                    .beginObject().member("name", tools.name()).endObject().endObject();
        } else if (tools.choice() != null) {
            out.member("tool_choice", tools.choice().name().toLowerCase(Locale.ROOT));
        }
        if (request.oneCallAtATime && dialect.can(Can.PARALLEL_FLAG)) {
            out.member("parallel_tool_calls", false);
        } else if (request.oneCallAtATime) {
            notes.drop(request.oneCallPath);
        }
    }

    /** Whether a strict schema can stay so; one that is OpenAI's own is for OpenAI to judge. */
    private boolean passes(Raw schema) {
        return !request.strictByAnthropic || schema == null || StrictSchema.isStrict(schema);
    }

    private void writeSettings() throws UntranslatableException {
        Long maxTokens = request.takeMaxTokens(options.traits());
        if (maxTokens != null) {
            out.member(dialect.can(Can.MAX_COMPLETION_TOKENS) ? "max_completion_tokens"
                    : "max_tokens", maxTokens);
        }
        if (!options.traits().is(Trait.REFUSES_SAMPLING)) {
            copy(Setting.TEMPERATURE, "temperature");
            copy(Setting.TOP_P, "top_p");
            if (dialect.can(Can.TOP_K)) {
                copy(Setting.TOP_K, "top_k");
            }
            if (dialect.can(Can.PENALTIES) && !options.traits().is(Trait.REFUSES_STOP)) {
                copy(Setting.FREQUENCY_PENALTY, "frequency_penalty");
                copy(Setting.PRESENCE_PENALTY, "presence_penalty");
            }
        }
        writeStops();
        Value answers = request.peek(Setting.N);
        if (answers != null && !dialect.can(Can.MANY_ANSWERS)) {
            throw UntranslatableException.unsupported(answers.path(), "gives one answer only");
        }
        copy(Setting.N, "n");
        if (dialect.can(Can.SEED)) {
            copy(Setting.SEED, "seed");
        } else if (dialect.can(Can.RANDOM_SEED)) {
            copy(Setting.SEED, "random_seed");
        }
        if (dialect.can(Can.LOGIT_BIAS)) {
            copy(Setting.LOGIT_BIAS, "logit_bias");
        }
        if (dialect.can(Can.ACCOUNT_FIELDS)) {
            for (Setting field : ACCOUNT_FIELDS) {
                copy(field, field.name().toLowerCase(Locale.ROOT));
            }
        }
        if (dialect.can(Can.SAFETY_IDENTIFIER) || dialect.can(Can.END_USER)) {
            Value user = request.take(Setting.END_USER);
            if (user != null) {
                out.member(dialect.can(Can.SAFETY_IDENTIFIER) ? "safety_identifier" : "user",
                        Pseudonym.atMost(MAX_USER_CHARS, user.text()));
            }
        }
    }

    /** Copies the setting as it is, if it is there. */
    private void copy(Setting setting, String name) {
        Value value = request.take(setting);
        if (value == null) {
            return;
        }
        out.name(name);
        if (value.kind() == JsonIndex.Kind.STRING) {
            out.string(value.raw());
        } else {
            out.value(value.raw());
        }
    }

    private void writeStops() throws UntranslatableException {
        List<Value> stops = request.stops;
        if (stops.isEmpty()) {
            return;
        }
        String path = stops.get(0).path().replaceAll("\\[.*", "");
        if (options.traits().is(Trait.REFUSES_STOP)) {
            throw UntranslatableException.unsupported(path, "this model takes none");
        }
        if (stops.size() > MAX_STOPS && !dialect.can(Can.MANY_STOPS)) {
            throw UntranslatableException.unsupported(path, "takes " + MAX_STOPS + " at most");
        }
        out.name("stop").beginArray();
        stops.forEach(stop -> out.string(stop.raw()));
        out.endArray();
    }

    private void writeThinking() {
        Thinking asked = request.thinking;
        if (asked == null) {
            return;
        }
        boolean byModel = dialect.can(Can.NAMED_EFFORT_BY_MODEL)
                && options.traits().thinking() == ModelTraits.Thinking.EFFORT;
        boolean takesNone = dialect.can(Can.NAMED_EFFORT)
                || options.traits().is(Trait.TAKES_EFFORT_NONE);
        if (!dialect.can(Can.NAMED_EFFORT) && !byModel
                || asked.mode() == Mode.OFF && !takesNone) {
            notes.drop(asked.path());
        } else if (asked.mode() == Mode.OFF) {
            out.member("reasoning_effort", "none");
        } else if (asked.effort() != null || asked.budgetTokens() > 0) {
            String effort = asked.effort() != null ? asked.effort()
                    : ThinkingBudget.effort(asked.budgetTokens());
            boolean aboveHigh = effort.equals("xhigh") || effort.equals("max");
            if (aboveHigh && !options.traits().is(Trait.TAKES_EFFORT_ABOVE_HIGH)) {
                effort = "high";
                notes.change(asked.path());
            }
            out.member("reasoning_effort", effort);
        } // else thinking as the model sees fit, which is what these models do unasked
    }

    private void writeAnswerFormat() throws UntranslatableException {
        AnswerFormat format = request.answerFormat;
        if (format == null) {
            return;
        }
        out.name("response_format").beginObject();
        if (format.kind() == AnswerKind.OBJECT) {
            out.member("type", "json_object").endObject();
            return;
        }
        if (!dialect.can(Can.JSON_SCHEMA)) {
            throw UntranslatableException.unsupported(format.path(), "takes no schema");
        }
        out.member("type", "json_schema").name("json_schema").beginObject()
                .member("name", format.name());
        if (format.description() != null) {
            out.member("description", format.description());
        }
        out.name("schema").value(format.schema());
        if (format.strict() != null && format.strict() && !passes(format.schema())) {
            notes.change(format.path()); // asked for, not guaranteed: strict would be an error
        } else if (format.strict() != null) {
            out.member("strict", format.strict());
        }
        out.endObject().endObject();
    }
}

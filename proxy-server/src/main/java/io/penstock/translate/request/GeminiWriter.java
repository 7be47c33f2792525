package io.penstock.translate.request;

import io.penstock.translate.request.ModelRequest.AnswerKind;
import io.penstock.translate.request.ModelRequest.Choice;
import io.penstock.translate.request.ModelRequest.Mode;
import io.penstock.translate.request.ModelRequest.Setting;
import io.penstock.translate.request.ModelRequest.Thinking;
import io.penstock.translate.request.ModelRequest.Tool;
import io.penstock.translate.request.ModelRequest.Value;
import io.penstock.translate.request.ModelTraits.Trait;
import io.penstock.translate.request.Part.Reasoning;
import io.penstock.translate.request.Part.Text;
import io.penstock.translate.request.Part.ToolResult;
import io.penstock.translate.request.Turn.Role;
import java.util.Comparator;
import java.util.List;

/**
 * Writes a Gemini generateContent request. The model and the wish for a stream are in the path.
 *
 * <p><b>Thread:</b> confined; good for one translation.
 */
final class GeminiWriter {
    private static final int MAX_STOPS = 5;
    private static final int LEAST_BUDGET = 128; // of models that always think

    private final ModelRequest request;
    private final Notes notes;
    private final ModelTraits traits;
    private final List<Text> system;
    private final List<Turn> turns;
    private final ToolPlan tools;
    private JsonOut out;

    GeminiWriter(ModelRequest request, TranslationOptions options)
            throws UntranslatableException {
        this.request = request;
        this.notes = request.notes;
        this.traits = options.traits();
        ToolIds.pair(request.turns);
        ToolIds.assign(request.turns, ToolIds.Rule.ANY);
        dropReasoning();
        this.system = Turns.leadingSystem(request.turns);
        this.turns = Turns.alternating(request, false);
        turns.forEach(GeminiWriter::orderResults);
        Turn last = turns.get(turns.size() - 1);
        if (last.is(Role.ASSISTANT)) {
            throw UntranslatableException.unsupported(last.path(),
                    "this provider does not go on from an assistant's message");
        }
        this.tools = ToolPlan.of(request);
    }

    /** Gemini keeps its thoughts in signatures of its own; those of others are of no use to it. */
    private void dropReasoning() {
        for (Turn turn : request.turns) {
            if (turn.parts().removeIf(Reasoning.class::isInstance)) {
                notes.drop(request.reasoningPath);
            }
        }
    }

    /** Results without ids are told apart by the order of their calls, and come first in a turn. */
    private static void orderResults(Turn turn) {
        List<ToolResult> results = turn.all(ToolResult.class);
        results.sort(Comparator.comparingInt(result -> result.call.place));
        for (int i = 0; i < results.size(); i++) {
            turn.parts().set(i, results.get(i));
        }
    }

    void write(JsonOut to) throws UntranslatableException {
        out = to.beginObject();
        if (!system.isEmpty()) {
            out.name("systemInstruction").beginObject().name("parts").beginArray();
            for (Text text : system) {
                dropCache(text.cache());
                out.beginObject().member("text", text.text()).endObject();
            }
            out.endArray().endObject();
        }
        GeminiContents contents = new GeminiContents(request, traits, out);
        out.name("contents").beginArray();
        for (Turn turn : turns) {
            turn.parts().forEach(part -> dropCache(part.cache()));
            contents.write(turn);
        }
        out.endArray();
        writeTools();
        writeConfig();
        out.endObject();
    }

    private void dropCache(String cache) {
        if (cache != null) {
            notes.drop("cache_control");
        }
    }

    private void writeTools() {
        if (request.oneCallAtATime) {
            notes.drop(request.oneCallPath);
        }
        if (tools.tools().isEmpty()) {
            return;
        }
        out.name("tools").beginArray().beginObject().name("functionDeclarations").beginArray();
        for (Tool tool : tools.tools()) {
            dropCache(tool.cache());
            out.beginObject().member("name", tool.name());
            if (tool.description() != null) {
                out.member("description", tool.description());
            }
            if (tool.schema() != null && tool.schema().hasMembers()) {
                out.name("parametersJsonSchema").value(tool.schema());
            }
            if (tool.strict() != null && tool.strict()) {
                notes.drop("tools.strict");
            }
            out.endObject();
        }
        out.endArray().endObject().endArray();
        if (tools.choice() != null) {
            writeToolConfig();
        }
    }

    private void writeToolConfig() {
        out.name("toolConfig").beginObject().name("functionCallingConfig").beginObject()
                .member("mode", switch (tools.choice()) {
                    case AUTO -> "AUTO";
                    case NONE -> "NONE";
                    case REQUIRED, NAMED -> "ANY";
                });
        if (tools.choice() == Choice.NAMED) {
            out.name("allowedFunctionNames").beginArray().string(tools.name()).endArray();
        }
        out.endObject().endObject();
    }

    private void writeConfig() throws UntranslatableException {
        out.name("generationConfig").beginObject();
        Long maxTokens = request.takeMaxTokens(traits);
        if (maxTokens != null) {
            out.member("maxOutputTokens", maxTokens);
        }
        copy(Setting.TEMPERATURE, "temperature");
        copy(Setting.TOP_P, "topP");
        copy(Setting.TOP_K, "topK");
        copy(Setting.N, "candidateCount");
        copy(Setting.PRESENCE_PENALTY, "presencePenalty");
        copy(Setting.FREQUENCY_PENALTY, "frequencyPenalty");
        copySeed();
        writeStops();
        if (request.answerFormat != null) {
            out.member("responseMimeType", "application/json");
            if (request.answerFormat.kind() == AnswerKind.SCHEMA) {
                out.name("responseJsonSchema").value(request.answerFormat.schema());
                request.answerFormat.dropName(notes);
            }
        }
        writeThinking();
        out.endObject();
    }

    private void copy(Setting setting, String name) {
        Value value = request.take(setting);
        if (value != null) {
            out.name(name).value(value.raw());
        }
    }

    private void copySeed() {
        Value seed = request.peek(Setting.SEED);
        if (seed != null && Math.abs(seed.number()) <= Integer.MAX_VALUE) {
            copy(Setting.SEED, "seed"); // larger ones are an error there: dropped
        }
    }

    private void writeStops() throws UntranslatableException {
        List<Value> stops = request.stops;
        if (stops.size() > MAX_STOPS) {
            throw UntranslatableException.unsupported(stops.get(MAX_STOPS).path(),
                    "takes " + MAX_STOPS + " at most");
        }
        if (!stops.isEmpty()) {
            out.name("stopSequences").beginArray();
            stops.forEach(stop -> out.string(stop.raw()));
            out.endArray();
        }
    }

    private void writeThinking() {
        Thinking asked = request.thinking;
        if (asked == null) {
            return;
        }
        boolean off = asked.mode() == Mode.OFF;
        boolean always = traits.is(Trait.ALWAYS_THINKS);
        switch (traits.thinking()) {
            case BUDGET -> {
                if (off && always) {
                    notes.change(asked.path());
                }
                long budget = off ? always ? LEAST_BUDGET : 0
                        : asked.budgetTokens() > 0 ? asked.budgetTokens()
                        : asked.effort() == null ? -1 // as much as it takes
                        : ThinkingBudget.ofGemini(asked.effort());
                out.name("thinkingConfig").beginObject().member("thinkingBudget", budget);
            }
            case LEVEL -> {
                if (off) {
                    notes.change(asked.path()); // there is a least level, but no off
                }
                out.name("thinkingConfig").beginObject();
                String level = off ? "minimal" : asked.effort() != null ? asked.effort()
                        : asked.budgetTokens() > 0 ? ThinkingBudget.effort(asked.budgetTokens())
                        : null;
                if (level != null) {
                    out.member("thinkingLevel", level(level, always));
                }
            }
            default -> {
                if (!off) {
                    notes.drop(asked.path());
                }
                return;
            }
        }
        if (!off) {
            out.member("includeThoughts", true);
        }
        out.endObject();
    }

    private static String level(String effort, boolean always) {
        return switch (effort) {
            case "minimal" -> always ? "LOW" : "MINIMAL";
            case "low" -> "LOW";
            case "medium" -> "MEDIUM";
            default -> "HIGH";
        };
    }
}

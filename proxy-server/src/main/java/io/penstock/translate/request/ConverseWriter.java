package io.penstock.translate.request;

import io.penstock.translate.request.ModelRequest.AnswerFormat;
import io.penstock.translate.request.ModelRequest.Choice;
import io.penstock.translate.request.ModelRequest.Setting;
import io.penstock.translate.request.ModelRequest.Tool;
import io.penstock.translate.request.ModelRequest.Value;
import io.penstock.translate.request.ModelTraits.Trait;
import io.penstock.translate.request.Part.Text;
import io.penstock.translate.request.Turn.Role;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Writes a Bedrock Converse request.
 *
 * <p><b>Thread:</b> confined; good for one translation.
 */
final class ConverseWriter {
    private final ModelRequest request;
    private final Notes notes;
    private final TranslationOptions options;
    private final ClaudePlan plan;
    private JsonOut out;

    ConverseWriter(ModelRequest request, TranslationOptions options)
            throws UntranslatableException {
        this.request = request;
        this.notes = request.notes;
        this.options = options;
        if (!options.model().toLowerCase(Locale.ROOT).contains("claude")) {
            request.drop(Setting.TOP_K); // others spell it in ways of their own
        }
        this.plan = new ClaudePlan(request, options, ToolIds.Rule.BEDROCK, false);
    }

    boolean jsonByTool() {
        return plan.jsonByTool;
    }

    void write(JsonOut to) throws UntranslatableException {
        out = to.beginObject();
        writeInferenceConfig();
        writeMoreFields();
        writeTools();
        if (!plan.system.isEmpty()) {
            out.name("system").beginArray();
            for (Text text : plan.system) {
                out.beginObject().member("text", text.text()).endObject();
                writeCachePoint(text.cache());
            }
            out.endArray();
        }
        ConverseBlocks blocks = new ConverseBlocks(request, out);
        out.name("messages").beginArray();
        for (Turn turn : plan.turns) {
            out.beginObject().member("role", turn.is(Role.ASSISTANT) ? "assistant" : "user")
                    .name("content").beginArray();
            for (Part part : turn.parts()) {
                blocks.write(part);
                writeCachePoint(part.cache());
            }
            out.endArray().endObject();
        }
        out.endArray();
        writeAnswerFormat();
        Value tier = request.peek(Setting.SERVICE_TIER);
        if (tier != null && Set.of("default", "priority", "flex").contains(tier.text())) {
            request.take(Setting.SERVICE_TIER);
            out.name("serviceTier").beginObject().member("type", tier.text()).endObject();
        }
        out.endObject();
    }

    private void writeInferenceConfig() {
        out.name("inferenceConfig").beginObject().member("maxTokens", plan.maxTokens);
        if (plan.temperature != null) {
            out.name("temperature").value(plan.temperature);
        }
        if (plan.topP != null) {
            out.name("topP").value(plan.topP);
        }
        List<Value> stops = plan.stops();
        if (!stops.isEmpty()) {
            out.name("stopSequences").beginArray();
            stops.forEach(stop -> out.string(stop.raw()));
            out.endArray();
        }
        out.endObject();
    }

    /** What only the model's own vendor has a word for. */
    private void writeMoreFields() {
        if (plan.topK == null && plan.thinking == null && plan.effort == null) {
            return;
        }
        out.name("additionalModelRequestFields").beginObject();
        if (plan.topK != null) {
            out.name("top_k").value(plan.topK);
        }
        MessagesWriter.writeThinking(out, plan);
        if (plan.effort != null) {
            out.name("output_config").beginObject().member("effort", plan.effort).endObject();
        }
        out.endObject();
    }

    private void writeTools() {
        ToolPlan tools = plan.tools;
        boolean history = plan.turns.stream().anyMatch(turn -> turn.has(Part.ToolCall.class));
        boolean hidden = tools.choice() == Choice.NONE && !history; // "none" cannot be said
        if (request.oneCallAtATime) {
            notes.drop(request.oneCallPath);
        }
        if (tools.tools().isEmpty() || hidden) {
            return;
        }
        if (tools.choice() == Choice.NONE) {
            notes.drop("tool_choice");
        }
        out.name("toolConfig").beginObject().name("tools").beginArray();
        for (Tool tool : tools.tools()) {
            out.beginObject().name("toolSpec").beginObject().member("name", tool.name());
            if (tool.description() != null && !tool.description().isBlank()) {
                out.member("description", tool.description());
            }
            MessagesWriter.writeSchema(out.name("inputSchema").beginObject().name("json"),
                    tool.schema());
            out.endObject();
            if (tool.strict() != null && tool.strict()) {
                if (options.traits().is(Trait.TAKES_STRICT_TOOLS)) {
                    out.member("strict", true);
                } else {
                    notes.drop("tools.strict");
                }
            }
            out.endObject().endObject();
            writeCachePoint(tool.cache());
        }
        out.endArray();
        if (tools.choice() != null && tools.choice() != Choice.NONE) {
            out.name("toolChoice").beginObject();
            switch (tools.choice()) {
                case REQUIRED -> out.name("any").beginObject().endObject();
                case NAMED -> out.name("tool").beginObject().member("name", tools.name())
                        .endObject();
                default -> out.name("auto").beginObject().endObject();
            }
            out.endObject();
        }
        out.endObject();
    }

    private void writeCachePoint(String cache) {
        String life = plan.cache(cache);
        if (life != null) {
            out.beginObject().name("cachePoint").beginObject().member("type", "default");
            if (!life.isEmpty()) {
                out.member("ttl", life);
            }
            out.endObject().endObject();
        }
    }

    private void writeAnswerFormat() {
        AnswerFormat format = request.answerFormat;
        if (plan.answerSchema == null) {
            return;
        }
        format.dropLaxity(notes);
        out.name("outputConfig").beginObject().name("textFormat").beginObject()
                .member("type", "json_schema").name("structure").beginObject()
                .name("jsonSchema").beginObject().name("schema").asString(plan.answerSchema);
        out.member("name", format.name());
        if (format.description() != null && !format.description().isBlank()) {
            out.member("description", format.description());
        }
        out.endObject().endObject().endObject().endObject();
    }
}

package io.penstock.translate.request;

import io.penstock.translate.request.ModelRequest.Choice;
import io.penstock.translate.request.ModelRequest.Mode;
import io.penstock.translate.request.ModelRequest.Setting;
import io.penstock.translate.request.ModelRequest.Tool;
import io.penstock.translate.request.ModelRequest.Value;
import io.penstock.translate.request.ModelTraits.Trait;
import io.penstock.translate.request.Part.Text;
import java.util.List;
import java.util.Set;

/**
 * Writes an Anthropic messages request.
 *
 * <p><b>Thread:</b> confined; good for one translation.
 */
final class MessagesWriter {
    private static final String EMPTY_SCHEMA = "{\"type\":\"object\",\"properties\":{}}";

    private final ModelRequest request;
    private final Notes notes;
    private final TranslationOptions options;
    private final boolean onBedrock;
    private final ClaudePlan plan;
    private JsonOut out;

    MessagesWriter(ModelRequest request, TranslationOptions options, boolean onBedrock)
            throws UntranslatableException {
        this.request = request;
        this.notes = request.notes;
        this.options = options;
        this.onBedrock = onBedrock;
        this.plan = new ClaudePlan(request, options, ToolIds.Rule.ANTHROPIC,
                !onBedrock && options.traits().is(Trait.TAKES_SYSTEM_IN_MESSAGES));
    }

    boolean jsonByTool() {
        return plan.jsonByTool;
    }

    void write(JsonOut to) throws UntranslatableException {
        out = to.beginObject();
        if (onBedrock) {
            out.member("anthropic_version", "bedrock-2023-05-31");
        } else {
            out.member("model", options.model());
        }
        out.member("max_tokens", plan.maxTokens);
        writeSettings();
        writeTools(); // tools, system, messages: the order in which the cache sees them
        writeSystem();
        MessageBlocksWriter blocks = new MessageBlocksWriter(request, out,
                !onBedrock && options.imageUrls());
        out.name("messages").beginArray();
        for (Turn turn : plan.turns) {
            writeTurn(turn, blocks);
        }
        out.endArray();
        if (options.stream() && !onBedrock) {
            out.member("stream", true);
        }
        out.endObject();
    }

    private void writeSettings() {
        if (plan.temperature != null) {
            out.name("temperature").value(plan.temperature);
        }
        if (plan.topP != null) {
            out.name("top_p").value(plan.topP);
        }
        if (plan.topK != null) {
            out.name("top_k").value(plan.topK);
        }
        List<Value> stops = plan.stops();
        if (!stops.isEmpty()) {
            out.name("stop_sequences").beginArray();
            stops.forEach(stop -> out.string(stop.raw()));
            out.endArray();
        }
        writeThinking(out, plan);
        writeOutputConfig();
        Value user = request.take(Setting.END_USER);
        if (user != null) {
            out.name("metadata").beginObject()
                    .member("user_id", Pseudonym.forUser(user.text())).endObject();
        }
        Value tier = request.peek(Setting.SERVICE_TIER);
        if (tier != null && !onBedrock && Set.of("auto", "default").contains(tier.text())) {
            request.take(Setting.SERVICE_TIER);
            out.member("service_tier", tier.text().equals("auto") ? "auto" : "standard_only");
        }
    }

    static void writeThinking(JsonOut out, ClaudePlan plan) {
        if (plan.thinking == Mode.OFF) {
            out.name("thinking").beginObject().member("type", "disabled").endObject();
        } else if (plan.thinking == Mode.ON && plan.budgetTokens > 0) {
            out.name("thinking").beginObject().member("type", "enabled")
                    .member("budget_tokens", plan.budgetTokens).endObject();
        } else if (plan.thinking == Mode.ON) {
            out.name("thinking").beginObject().member("type", "adaptive")
                    .member("display", "summarized").endObject();
        }
    }

    private void writeOutputConfig() {
        boolean schema = plan.answerSchema != null;
        if (plan.effort == null && !schema) {
            return;
        }
        out.name("output_config").beginObject();
        if (plan.effort != null) {
            out.member("effort", plan.effort);
        }
        if (schema) {
            out.name("format").beginObject().member("type", "json_schema")
                    .name("schema").value(plan.answerSchema).endObject();
            request.answerFormat.dropName(notes);
        }
        out.endObject();
    }

    private void writeTools() {
        ToolPlan tools = plan.tools;
        if (tools.tools().isEmpty()) {
            if (request.oneCallAtATime) {
                notes.drop(request.oneCallPath);
            }
            return;
        }
        out.name("tools").beginArray();
        for (Tool tool : tools.tools()) {
            out.beginObject().member("name", tool.name());
            if (tool.description() != null) {
                out.member("description", tool.description());
            }
            writeSchema(out.name("input_schema"), tool.schema());
            if (tool.strict() != null && tool.strict()) {
                if (options.traits().is(Trait.TAKES_STRICT_TOOLS)) {
                    out.member("strict", true);
                } else {
                    notes.drop("tools.strict");
                }
            }
            MessageBlocksWriter.writeCache(out, plan.cache(tool.cache()));
            out.endObject();
        }
        out.endArray();
        boolean single = request.oneCallAtATime && tools.choice() != Choice.NONE;
        if (tools.choice() == null && !single) {
            return;
        }
        out.name("tool_choice").beginObject();
        Choice choice = tools.choice() == null ? Choice.AUTO : tools.choice();
        switch (choice) {
            case AUTO -> out.member("type", "auto");
            case NONE -> out.member("type", "none");
            case REQUIRED -> out.member("type", "any");
            case NAMED -> out.member("type", "tool").member("name", tools.name());
        }
        if (single) {
            out.member("disable_parallel_tool_use", true);
        }
        out.endObject();
    }

    /** A schema that says what Anthropic and Bedrock want every schema to say. */
    static void writeSchema(JsonOut out, Raw schema) {
        if (schema == null || !schema.hasMembers()) {
            out.literal(EMPTY_SCHEMA);
        } else if (schema.hasMember("type")) {
            out.value(schema);
        } else {
            int brace = schema.start() + 1;
            out.beginObject().member("type", "object")
                    .pieces(new Raw(schema.bytes(), brace, schema.end() - 1)).endObject();
        }
    }

    private void writeSystem() {
        if (plan.system.isEmpty()) {
            return;
        }
        out.name("system").beginArray();
        for (Text text : plan.system) {
            out.beginObject().member("type", "text").member("text", text.text());
            MessageBlocksWriter.writeCache(out, plan.cache(text.cache()));
            out.endObject();
        }
        out.endArray();
    }

    private void writeTurn(Turn turn, MessageBlocksWriter blocks)
            throws UntranslatableException {
        out.beginObject().member("role", switch (turn.role()) {
            case SYSTEM -> "system";
            case USER -> "user";
            case ASSISTANT -> "assistant";
        });
        out.name("content").beginArray();
        for (Part part : turn.parts()) {
            blocks.write(part, plan.cache(part.cache()));
        }
        out.endArray().endObject();
    }
}

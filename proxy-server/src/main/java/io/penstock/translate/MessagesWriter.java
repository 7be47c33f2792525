package io.penstock.translate;

import io.penstock.translate.ModelRequest.AnswerKind;
import io.penstock.translate.ModelRequest.Choice;
import io.penstock.translate.ModelRequest.Mode;
import io.penstock.translate.ModelRequest.Setting;
import io.penstock.translate.ModelRequest.Tool;
import io.penstock.translate.ModelRequest.Value;
import io.penstock.translate.ModelTraits.Trait;
import io.penstock.translate.Part.Source;
import io.penstock.translate.Part.Text;
import io.penstock.translate.Turn.Role;
import java.util.List;
import java.util.Set;

/**
 * Writes an Anthropic messages request.
 *
 * <p><b>Thread:</b> confined; good for one translation.
 */
final class MessagesWriter {
    private static final Set<String> IMAGES =
            Set.of("image/png", "image/jpeg", "image/gif", "image/webp");
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
        out.name("messages").beginArray();
        for (Turn turn : plan.turns) {
            writeTurn(turn);
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
        boolean schema = request.answerFormat != null && !plan.jsonByTool
                && request.answerFormat.kind() == AnswerKind.SCHEMA
                && options.traits().is(Trait.TAKES_JSON_SCHEMA);
        if (plan.effort == null && !schema) {
            return;
        }
        out.name("output_config").beginObject();
        if (plan.effort != null) {
            out.member("effort", plan.effort);
        }
        if (schema) {
            out.name("format").beginObject().member("type", "json_schema")
                    .name("schema").value(request.answerFormat.schema()).endObject();
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
            writeCache(plan.cache(tool.cache()));
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
            writeCache(plan.cache(text.cache()));
            out.endObject();
        }
        out.endArray();
    }

    private void writeCache(String life) {
        if (life != null) {
            out.name("cache_control").beginObject().member("type", "ephemeral");
            if (!life.isEmpty()) {
                out.member("ttl", life);
            }
            out.endObject();
        }
    }

    private void writeTurn(Turn turn) throws UntranslatableException {
        out.beginObject().member("role", switch (turn.role()) {
            case SYSTEM -> "system";
            case USER -> "user";
            case ASSISTANT -> "assistant";
        });
        out.name("content").beginArray();
        for (Part part : turn.parts()) {
            writePart(part);
        }
        out.endArray().endObject();
    }

    private void writePart(Part part) throws UntranslatableException {
        if (part instanceof Text text) {
            out.beginObject().member("type", "text").member("text", text.text());
        } else if (part instanceof Part.Image image) {
            writeImage(image);
        } else if (part instanceof Part.Document document) {
            writeDocument(document);
        } else if (part instanceof Part.ToolCall call) {
            out.beginObject().member("type", "tool_use").member("id", call.sentId)
                    .member("name", call.name);
            writeArguments(out.name("input"), call, notes);
        } else if (part instanceof Part.ToolResult result) {
            out.beginObject().member("type", "tool_result")
                    .member("tool_use_id", result.call.sentId);
            writeResult(result);
        } else if (part instanceof Part.Reasoning reasoning) {
            if (reasoning.redacted() != null) {
                out.beginObject().member("type", "redacted_thinking")
                        .member("data", reasoning.redacted());
            } else {
                out.beginObject().member("type", "thinking")
                        .member("thinking",
                                reasoning.text() == null ? Raw.EMPTY : reasoning.text())
                        .member("signature", reasoning.signature());
            }
        } else if (part instanceof Part.Audio audio) {
            throw UntranslatableException.unsupported(audio.path(), "takes no audio");
        }
        writeCache(plan.cache(part.cache()));
        out.endObject();
    }

    /** The arguments as an object, whatever the model that wrote them made of them. */
    static void writeArguments(JsonOut out, Part.ToolCall call, Notes notes) {
        Raw object = call.object();
        if (object != null) {
            out.value(object);
        } else {
            out.beginObject().member("_raw", call.arguments).endObject();
            notes.change("messages.tool_calls.function.arguments");
        }
    }

    private void writeResult(Part.ToolResult result) throws UntranslatableException {
        if (result.isError) {
            out.member("is_error", true);
        }
        List<Part> content = result.content.stream()
                .filter(part -> !(part instanceof Text text && text.text().isBlank())).toList();
        if (content.size() == 1 && content.get(0) instanceof Text text) {
            out.member("content", text.text());
        } else if (!content.isEmpty()) {
            out.name("content").beginArray();
            for (Part part : content) {
                writePart(part);
            }
            out.endArray();
        }
    }

    private void writeImage(Part.Image image) throws UntranslatableException {
        if (image.detail() != null) {
            notes.drop(request.imageDetailPath);
        }
        if (image.source() instanceof Source.Inline inline
                && !IMAGES.contains(inline.mediaType())) {
            throw UntranslatableException.unsupported(image.path(),
                    "takes PNG, JPEG, GIF and WebP images");
        }
        beginSource("image");
        if (image.source() instanceof Source.Inline inline) {
            writeInline(inline);
        } else {
            writeUrl((Source.Url) image.source(), image.path());
        }
    }

    private void writeDocument(Part.Document document) throws UntranslatableException {
        Source source = document.source();
        beginSource("document");
        if (source instanceof Source.Url url) {
            writeUrl(url, document.path());
        } else if (source instanceof Source.PlainText text) {
            writePlainText(text.text());
        } else if (source instanceof Source.Inline inline) {
            switch (inline.mediaType()) {
                case "application/pdf" -> writeInline(inline);
                case "text/plain", "text/markdown" ->
                        writePlainText(DataUrl.decodeText(inline.base64(), document.path()));
                default -> throw UntranslatableException.unsupported(document.path(),
                        "takes PDF and plain text files");
            }
        }
        if (document.title() != null) {
            out.member("title", document.title());
        }
    }

    private void beginSource(String type) {
        out.beginObject().member("type", type).name("source").beginObject();
    }

    private void writeInline(Source.Inline inline) {
        out.member("type", "base64").member("media_type", inline.mediaType())
                .member("data", inline.base64()).endObject();
    }

    private void writePlainText(Raw text) {
        out.member("type", "text").member("media_type", "text/plain").member("data", text)
                .endObject();
    }

    private void writeUrl(Source.Url url, String path) throws UntranslatableException {
        if (!url.secure() || onBedrock || !options.imageUrls()) {
            throw UntranslatableException.unsupported(path, url.secure()
                    ? "this provider fetches nothing: send the data itself"
                    : "only https URLs are fetched: send the data itself");
        }
        out.member("type", "url").member("url", url.url()).endObject();
    }
}

package io.penstock.translate;

import io.penstock.translate.ModelRequest.AnswerFormat;
import io.penstock.translate.ModelRequest.AnswerKind;
import io.penstock.translate.ModelRequest.Choice;
import io.penstock.translate.ModelRequest.Setting;
import io.penstock.translate.ModelRequest.Tool;
import io.penstock.translate.ModelRequest.Value;
import io.penstock.translate.ModelTraits.Trait;
import io.penstock.translate.Part.Source;
import io.penstock.translate.Part.Text;
import io.penstock.translate.Turn.Role;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Writes a Bedrock Converse request.
 *
 * <p><b>Thread:</b> confined; good for one translation.
 */
final class ConverseWriter {
    private static final int MAX_NAME_CHARS = 200;

    private final ModelRequest request;
    private final Notes notes;
    private final TranslationOptions options;
    private final ClaudePlan plan;
    private final Map<String, Integer> documentNames = new HashMap<>(); // how often each
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
        out.name("messages").beginArray();
        for (Turn turn : plan.turns) {
            out.beginObject().member("role", turn.is(Role.ASSISTANT) ? "assistant" : "user")
                    .name("content").beginArray();
            for (Part part : turn.parts()) {
                writePart(part);
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
        if (format == null || plan.jsonByTool || format.kind() != AnswerKind.SCHEMA
                || !options.traits().is(Trait.TAKES_JSON_SCHEMA)) {
            return;
        }
        out.name("outputConfig").beginObject().name("textFormat").beginObject()
                .member("type", "json_schema").name("structure").beginObject()
                .name("jsonSchema").beginObject().name("schema").asString(format.schema());
        out.member("name", format.name());
        if (format.description() != null && !format.description().isBlank()) {
            out.member("description", format.description());
        }
        out.endObject().endObject().endObject().endObject();
    }

    private void writePart(Part part) throws UntranslatableException {
        if (part instanceof Part.Audio audio) {
            throw UntranslatableException.unsupported(audio.path(), "takes no audio");
        }
        out.beginObject();
        if (part instanceof Text text) {
            out.member("text", text.text());
        } else if (part instanceof Part.Image image) {
            writeImage(image);
        } else if (part instanceof Part.Document document) {
            writeDocument(document);
        } else if (part instanceof Part.ToolCall call) {
            out.name("toolUse").beginObject().member("toolUseId", call.sentId)
                    .member("name", call.name);
            MessagesWriter.writeArguments(out.name("input"), call, notes);
            out.endObject();
        } else if (part instanceof Part.ToolResult result) {
            writeResult(result);
        } else if (part instanceof Part.Reasoning reasoning) {
            out.name("reasoningContent").beginObject();
            if (reasoning.redacted() != null) {
                out.member("redactedContent", reasoning.redacted());
            } else {
                out.name("reasoningText").beginObject()
                        .member("text", reasoning.text() == null ? Raw.EMPTY : reasoning.text())
                        .member("signature", reasoning.signature()).endObject();
            }
            out.endObject();
        }
        out.endObject();
    }

    private void writeResult(Part.ToolResult result) throws UntranslatableException {
        out.name("toolResult").beginObject().member("toolUseId", result.call.sentId)
                .name("content").beginArray();
        for (Part part : result.content) {
            if (!(part instanceof Text text && text.text().isBlank())) {
                writePart(part);
            }
        }
        out.endArray();
        if (result.isError) {
            out.member("status", "error");
        }
        out.endObject();
    }

    private void writeImage(Part.Image image) throws UntranslatableException {
        if (image.detail() != null) {
            notes.drop(request.imageDetailPath);
        }
        if (!(image.source() instanceof Source.Inline inline)) {
            throw UntranslatableException.unsupported(image.path(),
                    "this provider fetches nothing: send the data itself");
        }
        String format = switch (inline.mediaType()) {
            case "image/png", "image/jpeg", "image/gif", "image/webp" ->
                    inline.mediaType().substring("image/".length());
            default -> throw UntranslatableException.unsupported(image.path(),
                    "takes PNG, JPEG, GIF and WebP images");
        };
        out.name("image").beginObject().member("format", format).name("source").beginObject()
                .member("bytes", inline.base64()).endObject().endObject();
    }

    private void writeDocument(Part.Document document) throws UntranslatableException {
        out.name("document").beginObject();
        if (document.source() instanceof Source.PlainText text) {
            out.member("format", "txt").member("name", documentName(document.title()))
                    .name("source").beginObject().member("text", text.text()).endObject();
        } else if (document.source() instanceof Source.Inline inline) {
            String format = switch (inline.mediaType()) {
                case "application/pdf" -> "pdf";
                case "text/plain" -> "txt";
                case "text/markdown" -> "md";
                case "text/csv" -> "csv";
                case "text/html" -> "html";
                case "application/msword" -> "doc";
                case "application/vnd.ms-excel" -> "xls";
                case "application/vnd.openxmlformats-officedocument.wordprocessingml.document" ->
                        "docx";
                case "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" ->
                        "xlsx";
                default -> throw UntranslatableException.unsupported(document.path(),
                        "takes no files of the type " + Notes.printable(inline.mediaType()));
            };
            out.member("format", format).member("name", documentName(document.title()))
                    .name("source").beginObject().member("bytes", inline.base64()).endObject();
        } else {
            throw UntranslatableException.unsupported(document.path(),
                    "this provider fetches nothing: send the data itself");
        }
        out.endObject();
    }

    /** A name of the characters that are allowed, unlike those of all other documents. */
    private String documentName(Raw title) {
        String wanted = title == null ? "document" : title.text();
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < wanted.length() && name.length() < MAX_NAME_CHARS - 4; i++) {
            char c = wanted.charAt(i);
            boolean allowed = c < 0x80 && (Character.isLetterOrDigit(c) || "-()[] ".indexOf(c) >= 0)
                    && !(c == ' ' && name.length() > 0 && name.charAt(name.length() - 1) == ' ');
            name.append(allowed ? c : '-');
        }
        String base = name.isEmpty() ? "document" : name.toString();
        int count = documentNames.merge(base, 1, Integer::sum);
        return count == 1 ? base : base + " (" + count + ")"; // no base has two such endings
    }
}

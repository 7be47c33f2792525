package io.penstock.translate.request;

import io.penstock.translate.request.Part.Source;
import io.penstock.translate.request.Part.Text;
import java.util.HashMap;
import java.util.Map;

/**
 * Writes the content blocks of a Bedrock Converse request.
 *
 * <p><b>Thread:</b> confined; good for one translation.
 */
final class ConverseBlocks {
    private static final int MAX_NAME_CHARS = 200;
    private static final int COUNT_CHARS = 16; // room for what tells equal names apart

    private final ModelRequest request;
    private final Notes notes;
    private final JsonOut out;
    private final Map<String, Integer> documentNames = new HashMap<>(); // how often each

    ConverseBlocks(ModelRequest request, JsonOut out) {
        this.request = request;
        this.notes = request.notes;
        this.out = out;
    }

    void write(Part part) throws UntranslatableException {
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
            MessageBlocksWriter.writeArguments(out.name("input"), call, notes);
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
                write(part);
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
        for (int i = 0; i < wanted.length() && name.length() < MAX_NAME_CHARS - COUNT_CHARS; i++) {
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

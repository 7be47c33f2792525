package io.penstock.translate.request;

import io.penstock.translate.request.Part.Source;
import io.penstock.translate.request.Part.Text;
import java.util.List;
import java.util.Set;

/**
 * Writes the content blocks of an Anthropic messages request.
 *
 * <p><b>Thread:</b> confined; good for one translation.
 */
final class MessageBlocksWriter {
    private static final Set<String> IMAGES =
            Set.of("image/png", "image/jpeg", "image/gif", "image/webp");

    private final ModelRequest request;
    private final Notes notes;
    private final JsonOut out;
    private final boolean fetches; // whether the provider takes URLs

    MessageBlocksWriter(ModelRequest request, JsonOut out, boolean fetches) {
        this.request = request;
        this.notes = request.notes;
        this.out = out;
        this.fetches = fetches;
    }

    static void writeCache(JsonOut out, String life) {
        if (life != null) {
            out.name("cache_control").beginObject().member("type", "ephemeral");
            if (!life.isEmpty()) {
                out.member("ttl", life);
            }
            out.endObject();
        }
    }

    /** Writes a part; {@code life} is that of its breakpoint, null for none. */
    void write(Part part, String life) throws UntranslatableException {
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
        writeCache(out, life);
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
                write(part, null);
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
        if (!url.secure() || !fetches) {
            throw UntranslatableException.unsupported(path, url.secure()
                    ? "this provider fetches nothing: send the data itself"
                    : "only https URLs are fetched: send the data itself");
        }
        out.member("type", "url").member("url", url.url()).endObject();
    }
}

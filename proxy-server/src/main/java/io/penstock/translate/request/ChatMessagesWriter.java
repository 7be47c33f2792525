package io.penstock.translate.request;

import io.penstock.provider.ChatDialect;
import io.penstock.provider.ChatDialect.Can;
import io.penstock.translate.request.Part.Reasoning;
import io.penstock.translate.request.Part.Source;
import io.penstock.translate.request.Part.Text;
import io.penstock.translate.request.Part.ToolCall;
import io.penstock.translate.request.Part.ToolResult;
import io.penstock.translate.request.Turn.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Writes the messages of an OpenAI chat completion request: the results of tools right behind their
 * calls, each a message of its own.
 *
 * <p><b>Thread:</b> confined; good for one translation.
 */
final class ChatMessagesWriter {
    private final ModelRequest request;
    private final Notes notes;
    private final ChatDialect dialect;
    private final String systemRole;
    private final boolean claude; // the model, whoever serves it
    private final JsonOut out;

    ChatMessagesWriter(ModelRequest request, TranslationOptions options, JsonOut out) {
        this.request = request;
        this.notes = request.notes;
        this.dialect = options.dialect();
        this.systemRole = dialect.can(Can.DEVELOPER)
                && options.traits().thinking() == ModelTraits.Thinking.EFFORT
                ? "developer" : "system";
        this.claude = options.model().toLowerCase(Locale.ROOT).contains("claude");
        this.out = out;
    }

    /** Writes them all; the last one may be marked as one to go on from. */
    void write(boolean goesOn) throws UntranslatableException {
        out.name("messages").beginArray();
        List<Turn> turns = request.turns;
        int at = 0;
        while (at < turns.size()) {
            int end = at;
            while (end < turns.size() && !turns.get(end).is(Role.ASSISTANT)) {
                end++;
            }
            writeRun(turns.subList(at, end));
            if (end < turns.size()) {
                writeAssistant(turns.get(end), goesOn && end == turns.size() - 1);
            }
            at = end + 1;
        }
        out.endArray();
    }

    /** Writes what comes between two turns of the assistant. */
    private void writeRun(List<Turn> turns) throws UntranslatableException {
        List<Part> shown = new ArrayList<>(); // what a tool's message has no room for
        for (Turn turn : turns) {
            for (ToolResult result : turn.all(ToolResult.class)) {
                writeResult(result, shown);
            }
        }
        for (Turn turn : turns) {
            List<Part> rest = new ArrayList<>();
            if (turn.is(Role.USER)) {
                rest.addAll(shown);
                shown.clear();
            }
            for (Part part : turn.parts()) {
                if (!(part instanceof ToolResult)) {
                    rest.add(part);
                }
            }
            if (!rest.isEmpty()) {
                out.beginObject().member("role", turn.is(Role.USER) ? "user" : systemRole);
                writeContent(rest, turn.is(Role.USER) ? "\\n" : "\\n\\n");
                out.endObject();
            }
        }
    }

    private void writeResult(ToolResult result, List<Part> shown) {
        out.beginObject().member("role", "tool").member("tool_call_id", result.call.sentId);
        List<Text> texts = new ArrayList<>();
        for (Part part : result.content) {
            if (part instanceof Text text) {
                texts.add(text);
            } else {
                String kind = part instanceof Part.Image ? "Image" : "File";
                shown.add(new Text(kind + " from tool call " + result.call.sentId + ":"));
                shown.add(part);
            }
        }
        if (result.isError) {
            Raw first = texts.isEmpty() ? Raw.EMPTY : texts.remove(0).text();
            texts.add(0, new Text(first.prefixedWith("Error: "), null));
        }
        texts.replaceAll(text -> new Text(text.text(), null)); // a result has one breakpoint
        if (!texts.isEmpty()) {
            int last = texts.size() - 1;
            texts.set(last, new Text(texts.get(last).text(), result.cache()));
        } else {
            dropCache(result);
        }
        writeTexts(texts, "\\n");
        out.endObject();
    }

    private void writeAssistant(Turn turn, boolean goesOn) {
        out.beginObject().member("role", "assistant");
        List<Text> texts = turn.all(Text.class);
        List<ToolCall> calls = turn.all(ToolCall.class);
        if (texts.isEmpty()) {
            out.name("content").literal(calls.isEmpty() ? "\"\"" : "null");
        } else {
            writeTexts(texts, "");
        }
        writeReasoning(turn.all(Reasoning.class), !calls.isEmpty());
        if (!calls.isEmpty()) {
            out.name("tool_calls").beginArray();
            for (ToolCall call : calls) {
                writeCall(call);
            }
            out.endArray();
        }
        if (goesOn && dialect.can(Can.PREFIX_FLAG)) {
            out.member("prefix", true);
        }
        out.endObject();
    }

    private void writeCall(ToolCall call) {
        dropCache(call);
        out.beginObject().member("id", call.sentId).member("type", "function").name("function")
                .beginObject().member("name", call.name).name("arguments");
        if (call.encoded) {
            out.string(call.arguments);
        } else {
            out.asString(call.arguments);
        }
        out.endObject();
        if (call.thoughtSignature != null && dialect.can(Can.SIGNATURES_BACK)) {
            out.name("extra_content").beginObject().name("google").beginObject()
                    .member("thought_signature", call.thoughtSignature).endObject().endObject();
        } else if (call.thoughtSignature != null) {
            notes.drop(request.signaturePath);
        }
        out.endObject();
    }

    /** Gives a provider its reasoning back in its own words, and nobody else's. */
    private void writeReasoning(List<Reasoning> reasoning, boolean calls) {
        boolean details = dialect.can(Can.REASONING_DETAILS_BACK);
        if (details && reasoning.stream().anyMatch(one -> one.isSigned()
                || one.detail() != null)) {
            writeDetails(reasoning);
            return;
        }
        boolean content = dialect.can(Can.REASONING_BACK)
                || dialect.can(Can.REASONING_CONTENT_BACK);
        boolean text = dialect.can(Can.REASONING_TEXT_BACK) || details;
        boolean empty = reasoning.stream().allMatch(ChatMessagesWriter::isWithoutText);
        if (!calls || !content && !text || empty && !dialect.can(Can.REASONING_BACK)) {
            if (!reasoning.isEmpty()) {
                notes.drop(request.reasoningPath);
            }
            return;
        }
        if (reasoning.stream().anyMatch(one -> one.redacted() != null)) {
            notes.drop(request.reasoningPath); // which no text can stand for
        }
        if (content) {
            writeReasoningText("reasoning_content", reasoning, empty);
        }
        if (text) {
            writeReasoningText("reasoning", reasoning, empty);
        }
    }

    private static boolean isWithoutText(Reasoning one) {
        return one.text() == null || one.text().isEmpty();
    }

    private void writeReasoningText(String name, List<Reasoning> reasoning, boolean empty) {
        out.name(name).beginString();
        for (Reasoning one : reasoning) {
            if (one.text() != null) {
                out.piece(one.text());
            }
        }
        out.piece(empty ? " " : "").endString(); // where it must not be missing
    }

    private void writeDetails(List<Reasoning> reasoning) {
        out.name("reasoning_details").beginArray();
        for (int i = 0; i < reasoning.size(); i++) {
            Reasoning one = reasoning.get(i);
            Raw detail = one.detail();
            if (detail != null) {
                out.value(detail);
                continue;
            }
            boolean encrypted = one.redacted() != null;
            out.beginObject().member("type", encrypted ? "reasoning.encrypted"
                    : "reasoning.text");
            if (encrypted) {
                out.member("data", one.redacted());
            } else {
                out.member("text", one.text() == null ? Raw.EMPTY : one.text());
            }
            if (!encrypted && one.isSigned()) {
                out.member("signature", one.signature());
            }
            if (claude && one.isSigned()) {
                out.member("format", "anthropic-claude-v1");
            }
            out.member("index", i).endObject();
        }
        out.endArray();
    }

    private void writeTexts(List<Text> texts, String separator) {
        out.name("content");
        boolean cached = dialect.can(Can.CACHE_CONTROL)
                && texts.stream().anyMatch(text -> text.cache() != null);
        if (cached || texts.size() > 1 && dialect.can(Can.TEXT_PARTS)) {
            out.beginArray();
            for (Text text : texts) {
                out.beginObject().member("type", "text").member("text", text.text());
                writeCache(text);
                out.endObject();
            }
            out.endArray();
            return;
        }
        texts.forEach(this::dropCache);
        out.beginString();
        for (int i = 0; i < texts.size(); i++) {
            out.piece(i == 0 ? "" : separator).piece(texts.get(i).text());
        }
        out.endString();
    }

    /** The part's breakpoint, for providers that honour it. */
    private void writeCache(Part part) {
        if (dialect.can(Can.CACHE_CONTROL)) {
            MessageBlocksWriter.writeCache(out, part.cache());
        } else {
            dropCache(part);
        }
    }

    private void writeContent(List<Part> parts, String separator)
            throws UntranslatableException {
        List<Text> texts = new ArrayList<>();
        for (Part part : parts) {
            if (part instanceof Text text) {
                texts.add(text);
            } else if (part instanceof Part.Document document
                    && document.source() instanceof Source.PlainText plain) {
                texts.add(new Text(plain.text(), document.cache()));
            }
        }
        if (texts.size() == parts.size()) {
            writeTexts(texts, separator); // older servers take nothing but a string
            return;
        }
        out.name("content").beginArray();
        for (Part part : parts) {
            out.beginObject();
            writePart(part);
            writeCache(part);
            out.endObject();
        }
        out.endArray();
    }

    private void writePart(Part part) throws UntranslatableException {
        if (part instanceof Text text) {
            out.member("type", "text").member("text", text.text());
        } else if (part instanceof Part.Image image) {
            out.member("type", "image_url").name("image_url").beginObject().name("url");
            if (image.source() instanceof Source.Inline inline) {
                writeDataUrl(inline);
            } else if (dialect.can(Can.FETCHES_NOTHING)) {
                throw UntranslatableException.unsupported(image.path(),
                        "this provider fetches nothing: send the data itself");
            } else {
                out.string(((Source.Url) image.source()).url());
            }
            writeDetail(image.detail());
            out.endObject();
        } else if (part instanceof Part.Document document) {
            writeDocument(document);
        } else if (part instanceof Part.Audio audio) {
            out.member("type", "input_audio").name("input_audio").beginObject()
                    .member("data", audio.base64()).member("format", audio.format()).endObject();
        } else {
            throw new IllegalStateException("no part of a user's message: " + part.getClass());
        }
    }

    private void writeDetail(Raw detail) {
        if (detail != null && detail.text().equals("original")) {
            notes.change(request.imageDetailPath);
            out.member("detail", "high");
        } else if (detail != null) {
            out.member("detail", detail);
        }
    }

    private void writeDataUrl(Source.Inline inline) {
        out.beginString().piece("data:").piece(Raw.of(inline.mediaType())).piece(";base64,")
                .piece(inline.base64()).endString();
    }

    private void writeDocument(Part.Document document) throws UntranslatableException {
        if (document.source() instanceof Source.PlainText text) {
            out.member("type", "text").member("text", text.text());
            return;
        }
        if (!(document.source() instanceof Source.Inline inline) || !dialect.can(Can.FILES)) {
            throw UntranslatableException.unsupported(document.path(), "takes no such files");
        }
        out.member("type", "file").name("file").beginObject();
        if (document.title() != null) {
            out.member("filename", document.title());
        } else {
            out.member("filename", inline.mediaType().equals("application/pdf") ? "document.pdf"
                    : "document");
        }
        out.name("file_data");
        writeDataUrl(inline);
        out.endObject();
    }

    private void dropCache(Part part) {
        if (part.cache() != null) {
            notes.drop("cache_control");
        }
    }
}

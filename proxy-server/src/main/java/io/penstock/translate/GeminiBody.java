package io.penstock.translate;

import io.penstock.translate.Turn.Choice;
import io.penstock.translate.Turn.Kind;
import io.penstock.translate.Turn.Part;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Writes unary Gemini responses, and what they have in common with streamed ones. */
final class GeminiBody {
    private GeminiBody() {}

    static void write(ReplyBytes out, ReplyLoop loop, ReplyOptions options, Turn turn) {
        turn.choice(0);
        out.put("{\"candidates\":[");
        boolean first = true;
        for (Choice choice : turn.choices()) {
            out.put(first ? "" : ",").put("{\"content\":{");
            writeParts(out, loop, options, choice);
            out.put("\"role\":\"model\"},\"finishReason\":\"")
                    .put(finishReason(choice.finish, choice.has(Kind.REFUSAL)))
                    .put("\",\"index\":").index(choice.index).put("}");
            first = false;
        }
        out.put("]");
        writeUsage(out, turn.usage());
        out.put(",\"modelVersion\":").quoted(options.shown(turn.model()))
                .put(",\"responseId\":")
                .quoted(turn.id() == null ? loop.newId("") : turn.id()).put("}");
    }

    private static void writeParts(ReplyBytes out, ReplyLoop loop, ReplyOptions options,
            Choice choice) {
        boolean any = false;
        for (Part part : choice.parts) {
            boolean thought = part.kind == Kind.REASONING || part.kind == Kind.REDACTED;
            if (thought && !options.thoughts()
                    || choice.finish == FinishReason.LENGTH && isHalfACall(part)) {
                continue;
            }
            out.put(any ? "," : "\"parts\":[");
            any = true;
            switch (part.kind) {
                case TEXT, REFUSAL -> out.put("{\"text\":").quoted(part.text).put("}");
                case REASONING -> {
                    if (part.signature == null) {
                        out.put("{\"text\":").quoted(part.text).put(",\"thought\":true}");
                    } else {
                        writeSealedThought(out, part.text,
                                ResponseObject.SIGNATURE_MARK + part.signature);
                    }
                }
                case REDACTED -> writeSealedThought(out, "",
                        ResponseObject.REDACTED_MARK + part.text);
                case TOOL -> writeCall(out, loop.feed(), loop.text(), part.id, part.name,
                        part.text, part.signature);
            }
        }
        out.put(any ? "]," : "");
    }

    private static boolean isHalfACall(Part part) {
        if (part.kind != Kind.TOOL) {
            return false;
        }
        ArgumentsEnd end = new ArgumentsEnd();
        end.read(part.text.toString().toCharArray(), 0, part.text.length());
        return !end.isWhole();
    }

    /**
     * Writes a thought that another provider wants back as it was. The field is one of bytes, which
     * some SDKs decode and encode again, so what seals the thought is in base64.
     */
    static void writeSealedThought(ReplyBytes out, CharSequence text, String sealed) {
        out.put("{\"text\":").quoted(text).put(",\"thought\":true,\"thoughtSignature\":\"")
                .put(Base64.getEncoder().encode(sealed.getBytes(StandardCharsets.UTF_8)))
                .put("\"}");
    }

    /** Writes a call; the parser and the text are those that nothing is read with meanwhile. */
    static void writeCall(ReplyBytes out, JsonFeed in, TextRun json, String id,
            String name, StringBuilder arguments, @Nullable String signature) {
        out.put("{\"functionCall\":{\"id\":").quoted(id).put(",\"name\":").quoted(name)
                .put(",\"args\":");
        MessagesBody.writeInput(out, in, json, arguments);
        out.put("}");
        if (signature != null) {
            out.put(",\"thoughtSignature\":").quoted(signature);
        }
        out.put("}");
    }

    /** Google has no word of its own for calls; a refusal is a text in other formats. */
    static String finishReason(@Nullable FinishReason finish, boolean refused) {
        return finish == FinishReason.LENGTH ? "MAX_TOKENS"
                : finish == FinishReason.CONTENT_FILTER
                || refused && (finish == null || finish == FinishReason.STOP) ? "SAFETY" : "STOP";
    }

    /** Writes the member that tells the usage; nothing where nothing was counted. */
    static void writeUsage(ReplyBytes out, @Nullable ReplyUsage usage) {
        if (usage == null) {
            return;
        }
        out.put(",\"usageMetadata\":{\"promptTokenCount\":").number(usage.prompt())
                .put(",\"candidatesTokenCount\":")
                .number(Math.max(0, usage.completion() - usage.reasoning()))
                .put(",\"totalTokenCount\":").number(usage.total());
        if (usage.cached() > 0) {
            out.put(",\"cachedContentTokenCount\":").number(usage.cached());
        }
        if (usage.reasoning() > 0) {
            out.put(",\"thoughtsTokenCount\":").number(usage.reasoning());
        }
        out.put("}");
    }
}

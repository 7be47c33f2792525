package io.penstock.translate;

import io.penstock.translate.Turn.Choice;
import io.penstock.translate.Turn.Kind;
import io.penstock.translate.Turn.Part;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Writes unary Anthropic messages: of the first answer, for there is but one. */
final class MessagesBody {
    private MessagesBody() {}

    static void write(ReplyBytes out, ReplyLoop loop, ReplyOptions options, Turn turn) {
        Choice choice = turn.choice(0);
        out.put("{\"id\":").quoted(MessagesWriter.messageId(loop, turn.id()))
                .put(",\"type\":\"message\",\"role\":\"assistant\",\"model\":")
                .quoted(options.shown(turn.model())).put(",\"content\":[");
        boolean first = true;
        for (Part part : choice.parts) {
            if (!first) {
                out.put(",");
            }
            first = false;
            switch (part.kind) {
                case TEXT, REFUSAL -> out.put("{\"type\":\"text\",\"text\":").quoted(part.text);
                case REASONING -> out.put("{\"type\":\"thinking\",\"thinking\":")
                        .quoted(part.text).put(",\"signature\":")
                        .quoted(part.signature == null ? "" : part.signature);
                case REDACTED -> out.put("{\"type\":\"redacted_thinking\",\"data\":")
                        .quoted(part.text);
                case TOOL -> {
                    out.put("{\"type\":\"tool_use\",\"id\":").quoted(part.id).put(",\"name\":")
                            .quoted(options.tools().name(part.name)).put(",\"input\":");
                    writeInput(out, loop.feed(), loop.text(), part.text);
                }
            }
            out.put("}");
        }
        out.put("],\"stop_reason\":\"").put(MessagesWriter.stopReason(
                        choice.finish == null ? FinishReason.STOP : choice.finish,
                        choice.has(Kind.REFUSAL)))
                .put("\",\"stop_sequence\":").quoted(choice.stopSequence).put(",\"usage\":");
        MessagesWriter.writeUsage(out, turn.usage());
        out.put("}");
    }

    /**
     * Writes arguments as an object, token by token; what a model wrote that is none goes in as
     * text. The parser and the text are those that nothing else is read with at the moment.
     */
    static void writeInput(ReplyBytes out, JsonFeed in, TextRun json, StringBuilder arguments) {
        if (isBlank(arguments)) {
            out.put("{}");
            return;
        }
        json.clear();
        json.appendJson(arguments);
        byte[] bytes = json.toString().getBytes(StandardCharsets.UTF_8);
        json.clear();
        try {
            in.begin(bytes, 0, bytes.length);
            if (in.isObject()) {
                in.copyTo(json);
                in.end();
                out.putRaw(json.toString());
                return;
            }
        } catch (IOException e) {
            json.clear(); // the model's slip, or the answer was cut: told as what it is
        }
        out.put("{\"_raw\":").quoted(arguments).put("}");
    }

    private static boolean isBlank(StringBuilder text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) > ' ') {
                return false;
            }
        }
        return true;
    }
}

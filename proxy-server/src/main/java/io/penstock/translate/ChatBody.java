package io.penstock.translate;

import io.penstock.translate.Turn.Choice;
import io.penstock.translate.Turn.Kind;
import io.penstock.translate.Turn.Part;
import org.jspecify.annotations.Nullable;

/** Writes unary replies of the chat format and of the older completions. */
final class ChatBody {
    private ChatBody() {}

    /** A chat completion. */
    static void write(ReplyBytes out, ReplyLoop loop, ReplyOptions options, Turn turn) {
        OpenAiWords.head(out, loop, options, "chat.completion", "chatcmpl-", turn.id(),
                turn.model(), turn.createdSeconds());
        boolean first = true;
        for (Choice choice : turn.choices()) {
            out.put(first ? "{\"index\":" : ",{\"index\":").index(choice.index)
                    .put(",\"message\":{\"role\":\"assistant\",\"content\":");
            writeText(out, choice, Kind.TEXT);
            out.put(",\"refusal\":");
            writeText(out, choice, Kind.REFUSAL);
            if (choice.has(Kind.REASONING) || choice.has(Kind.REDACTED)) {
                writeReasoning(out, choice);
            }
            if (choice.has(Kind.TOOL) && options.functionCall()) {
                writeFunctionCall(out, options, choice);
            } else if (choice.has(Kind.TOOL)) {
                writeCalls(out, options, choice);
            }
            FinishReason finish = choice.finish;
            assert finish != null; // or the turn would not be complete
            out.put("},\"logprobs\":null,\"finish_reason\":\"").put(word(finish, options))
                    .put("\"}");
            first = false;
        }
        end(out, turn);
    }

    /** One of the older completions: nothing but text. */
    static void writeCompletion(ReplyBytes out, ReplyLoop loop, ReplyOptions options, Turn turn) {
        OpenAiWords.head(out, loop, options, "text_completion", "cmpl-", turn.id(), turn.model(),
                turn.createdSeconds());
        boolean first = true;
        for (Choice choice : turn.choices()) {
            out.put(first ? "{\"text\":\"" : ",{\"text\":\"");
            for (Part part : choice.parts) {
                if (part.kind == Kind.TEXT || part.kind == Kind.REFUSAL) {
                    out.escaped(part.text);
                }
            }
            FinishReason finish = choice.finish;
            assert finish != null; // or the turn would not be complete
            out.put("\",\"index\":").index(choice.index)
                    .put(",\"logprobs\":null,\"finish_reason\":\"")
                    .put(CompletionsWriter.word(finish)).put("\"}");
            first = false;
        }
        end(out, turn);
    }

    private static void end(ReplyBytes out, Turn turn) {
        out.put("]");
        if (turn.usage() != null) {
            OpenAiWords.usage(out.put(",\"usage\":"), turn.usage());
        }
        out.put("}");
    }

    /** All texts of a kind as one; null if there is none. */
    private static void writeText(ReplyBytes out, Choice choice, Kind kind) {
        if (!choice.has(kind)) {
            out.put("null");
            return;
        }
        out.put("\"");
        for (Part part : choice.parts) {
            if (part.kind == kind) {
                out.escaped(part.text);
            }
        }
        out.put("\"");
    }

    private static void writeReasoning(ReplyBytes out, Choice choice) {
        boolean details = false;
        if (choice.has(Kind.REASONING)) {
            writeText(out.put(",\"reasoning_content\":"), choice, Kind.REASONING);
        }
        int index = 0;
        for (Part part : choice.parts) {
            boolean redacted = part.kind == Kind.REDACTED;
            if (!redacted && (part.kind != Kind.REASONING || part.signature == null)) {
                continue;
            }
            out.put(details ? "," : ",\"reasoning_details\":[");
            details = true;
            if (redacted) {
                out.put("{\"type\":\"reasoning.encrypted\",\"data\":").quoted(part.text);
            } else {
                out.put("{\"type\":\"reasoning.text\",\"text\":").quoted(part.text)
                        .put(",\"signature\":").quoted(part.signature);
            }
            out.put(",\"index\":").index(index++).put("}");
        }
        out.put(details ? "]" : "");
    }

    /** The reason in the caller's words: who offered functions knows no tools. */
    static String word(FinishReason reason, ReplyOptions options) {
        return options.functionCall() && reason == FinishReason.TOOL_CALLS ? "function_call"
                : reason.chat();
    }

    /** The first call, where it stood before there were tools. */
    private static void writeFunctionCall(ReplyBytes out, ReplyOptions options,
            Choice choice) {
        for (Part part : choice.parts) {
            if (part.kind == Kind.TOOL) {
                out.put(",\"function_call\":{\"name\":")
                        .quoted(options.tools().name(part.name))
                        .put(",\"arguments\":").quoted(part.text).put("}");
                return;
            }
        }
    }

    private static void writeCalls(ReplyBytes out, ReplyOptions options, Choice choice) {
        boolean first = true;
        for (Part part : choice.parts) {
            if (part.kind == Kind.TOOL) {
                out.put(first ? ",\"tool_calls\":[" : ",").put("{\"id\":").quoted(part.id)
                        .put(",\"type\":\"function\",\"function\":{\"name\":")
                        .quoted(options.tools().name(part.name))
                        .put(",\"arguments\":").quoted(part.text).put("}");
                writeSignature(out, part.signature);
                out.put("}");
                first = false;
            }
        }
        out.put("]");
    }

    /** What Gemini wants back with a call, where its own chat endpoint has it. */
    static void writeSignature(ReplyBytes out, @Nullable String signature) {
        if (signature != null) {
            out.put(",\"extra_content\":{\"google\":{\"thought_signature\":").quoted(signature)
                    .put("}}");
        }
    }
}

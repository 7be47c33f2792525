package io.penstock.translate;

import io.penstock.translate.Turn.Choice;
import io.penstock.translate.Turn.Kind;
import io.penstock.translate.Turn.Part;
import java.util.List;

/**
 * The response object of OpenAI responses, which unary replies are and terminal events repeat: each
 * part of the turn is an output item. Only the first answer is written, for there is but one.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class ResponseObject {
    /** Begins the {@code encrypted_content} that holds another provider's signature of thinking. */
    static final String SIGNATURE_MARK = "penstock:signature:"; // as requests are read
    /** Begins the {@code encrypted_content} that holds another provider's redacted thinking. */
    static final String REDACTED_MARK = "penstock:redacted:";

    private static final String SETTINGS = "\"instructions\":null,\"max_output_tokens\":null,"
            + "\"parallel_tool_calls\":true,\"previous_response_id\":null,"
            + "\"reasoning\":{\"effort\":null,\"summary\":null},\"store\":false,"
            + "\"temperature\":null,\"text\":{\"format\":{\"type\":\"text\"}},"
            + "\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":null,\"truncation\":\"disabled\","
            + "\"user\":null,\"metadata\":{}";

    private final ReplyOptions options;
    private final Turn turn;
    private final String id;
    private final String bareId;
    private final String model;
    private final long createdSeconds;

    /** Of a turn that has begun. */
    ResponseObject(ReplyLoop loop, ReplyOptions options, Turn turn) {
        this.options = options;
        this.turn = turn;
        String given = turn.id();
        id = given == null ? loop.newId("resp_") : given.startsWith("resp_") ? given
                : "resp_" + given;
        bareId = id.substring("resp_".length());
        model = options.shown(turn.model());
        createdSeconds = turn.createdSeconds() > 0 ? turn.createdSeconds() : loop.epochSeconds();
    }

    /** {@code completed}, or {@code incomplete} with a reason. */
    static String status(FinishReason finish) {
        return incompleteReason(finish) == null ? "completed" : "incomplete";
    }

    private static String incompleteReason(FinishReason finish) {
        return finish == FinishReason.LENGTH ? "max_output_tokens"
                : finish == FinishReason.CONTENT_FILTER ? "content_filter" : null;
    }

    /**
     * Writes it.
     *
     * @param finish why the turn ended; null while it goes on
     * @param errorCode null unless it failed
     */
    void write(ReplyBytes out, FinishReason finish, String errorCode, String errorMessage) {
        String status = errorCode != null ? "failed" : finish == null ? "in_progress"
                : status(finish);
        out.put("{\"id\":").quoted(id).put(",\"object\":\"response\",\"created_at\":")
                .number(createdSeconds).put(",\"status\":\"").put(status)
                .put("\",\"background\":false,\"error\":");
        if (errorCode == null) {
            out.put("null");
        } else {
            out.put("{\"code\":").quoted(errorCode).put(",\"message\":").quoted(errorMessage)
                    .put("}");
        }
        String reason = finish == null || errorCode != null ? null : incompleteReason(finish);
        out.put(",\"incomplete_details\":");
        if (reason == null) {
            out.put("null");
        } else {
            out.put("{\"reason\":\"").put(reason).put("\"}");
        }
        out.put(",\"model\":").quoted(model).put(",\"output\":[");
        List<Part> parts = turn.choice(0).parts;
        for (int i = 0; i < parts.size(); i++) {
            boolean cut = reason != null && i == parts.size() - 1 || errorCode != null;
            writeItem(i == 0 ? out : out.put(","), i, cut ? "incomplete" : "completed");
        }
        out.put("],").putRaw(options.settings() == null ? SETTINGS : options.settings())
                .put(",\"usage\":");
        if (finish == null || errorCode != null || turn.usage() == null) {
            out.put("null}");
        } else {
            writeUsage(out, turn.usage());
            out.put("}");
        }
    }

    static void writeUsage(ReplyBytes out, ReplyUsage usage) {
        out.put("{\"input_tokens\":").number(usage.prompt())
                .put(",\"input_tokens_details\":{\"cached_tokens\":").number(usage.cached())
                .put(",\"cache_write_tokens\":").number(usage.cacheWrite())
                .put("},\"output_tokens\":").number(usage.completion())
                .put(",\"output_tokens_details\":{\"reasoning_tokens\":")
                .number(usage.reasoning()).put("},\"total_tokens\":").number(usage.total())
                .put("}");
    }

    Part part(int index) {
        return turn.choice(0).parts.get(index);
    }

    /** Writes the id of an item, as a JSON string. */
    ReplyBytes itemId(ReplyBytes out, int index) {
        String prefix = switch (part(index).kind) {
            case TEXT, REFUSAL -> "msg_";
            case REASONING, REDACTED -> "rs_";
            case TOOL -> "fc_";
        };
        return out.put("\"").put(prefix).escaped(bareId).put("_")
                .index(index).put("\"");
    }

    /** Writes an item; one that is in progress without what it will hold. */
    void writeItem(ReplyBytes out, int index, String status) {
        Part part = part(index);
        boolean open = status.equals("in_progress");
        itemId(out.put("{\"id\":"), index);
        switch (part.kind) {
            case TEXT, REFUSAL -> {
                out.put(",\"type\":\"message\",\"status\":\"").put(status)
                        .put("\",\"role\":\"assistant\",\"content\":[");
                if (!open) {
                    writePart(out, part, part.text);
                }
                out.put("]}");
            }
            case REASONING, REDACTED -> {
                out.put(",\"type\":\"reasoning\",\"summary\":[");
                if (!open && part.kind == Kind.REASONING && part.text.length() > 0) {
                    writePart(out, part, part.text);
                }
                out.put("]");
                if (!open && part.kind == Kind.REDACTED) {
                    out.put(",\"encrypted_content\":\"").put(REDACTED_MARK)
                            .escaped(part.text).put("\"");
                } else if (!open && part.signature != null) {
                    out.put(",\"encrypted_content\":\"").put(SIGNATURE_MARK)
                            .escaped(part.signature).put("\"");
                }
                out.put("}");
            }
            case TOOL -> out.put(",\"type\":\"function_call\",\"status\":\"").put(status)
                    .put("\",\"arguments\":").quoted(open ? "" : arguments(part))
                    .put(",\"call_id\":").quoted(part.id).put(",\"name\":")
                    .quoted(options.tools().name(part.name)).put("}");
        }
    }

    /** A call's arguments: an object without members where the model wrote nothing at all. */
    static CharSequence arguments(Part call) {
        return call.text.toString().isBlank() ? "{}" : call.text;
    }

    /** Writes the part of a message or of a summary, with that text. */
    static void writePart(ReplyBytes out, Part part, CharSequence text) {
        switch (part.kind) {
            case TEXT -> out.put("{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],"
                    + "\"text\":").quoted(text).put("}");
            case REFUSAL -> out.put("{\"type\":\"refusal\",\"refusal\":").quoted(text).put("}");
            default -> out.put("{\"type\":\"summary_text\",\"text\":").quoted(text).put("}");
        }
    }

    /** Writes a whole unary reply. */
    static void write(ReplyBytes out, ReplyLoop loop, ReplyOptions options, Turn turn) {
        Choice choice = turn.choice(0);
        new ResponseObject(loop, options, turn).write(out,
                choice.finish == null ? FinishReason.STOP : choice.finish, null, null);
    }
}

package io.penstock.translate;

import io.penstock.translate.Turn.Choice;
import io.penstock.translate.Turn.Kind;
import io.penstock.translate.Turn.Part;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The response object of OpenAI responses, which unary replies are and terminal events repeat: each
 * part of the turn is an output item. Only the first answer is written, for there is but one. Its
 * id is the proxy's own, unlike all others, for later requests may refer to it; the members are
 * those that OpenAI sends, which the schema of openresponses.org wants to be there.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class ResponseObject {
    /** Begins the {@code encrypted_content} that holds another provider's signature of thinking. */
    static final String SIGNATURE_MARK = "penstock:signature:"; // as requests are read
    /** Begins the {@code encrypted_content} that holds another provider's redacted thinking. */
    static final String REDACTED_MARK = "penstock:redacted:";

    private static final String SETTINGS = "\"instructions\":null,\"max_output_tokens\":null,"
            + "\"max_tool_calls\":null,\"parallel_tool_calls\":true,"
            + "\"previous_response_id\":null,\"prompt_cache_key\":null,"
            + "\"prompt_cache_retention\":null,\"presence_penalty\":0.0,"
            + "\"frequency_penalty\":0.0,\"reasoning\":{\"effort\":null,\"summary\":null},"
            + "\"safety_identifier\":null,\"service_tier\":\"default\",\"store\":false,"
            + "\"temperature\":1.0,\"text\":{\"format\":{\"type\":\"text\"},"
            + "\"verbosity\":\"medium\"},\"tool_choice\":\"auto\",\"tools\":[],"
            + "\"top_logprobs\":0,\"top_p\":1.0,\"truncation\":\"disabled\","
            + "\"user\":null,\"metadata\":{}";

    private final ReplyLoop loop;
    private final ReplyOptions options;
    private final Turn turn;
    private final String id;
    private final String bareId;
    private final String model;
    private final long createdSeconds;

    /** Of a turn that has begun. */
    ResponseObject(ReplyLoop loop, ReplyOptions options, Turn turn) {
        this.loop = loop;
        this.options = options;
        this.turn = turn;
        String given = turn.id();
        id = given != null && given.startsWith("resp_") ? given : loop.newId("resp_");
        bareId = id.substring("resp_".length());
        model = options.shown(turn.model());
        createdSeconds = turn.createdSeconds() > 0 ? turn.createdSeconds() : loop.epochSeconds();
    }

    /** {@code completed}, or {@code incomplete} with a reason. */
    static String status(FinishReason finish) {
        return incompleteReason(finish) == null ? "completed" : "incomplete";
    }

    private static @Nullable String incompleteReason(FinishReason finish) {
        return finish == FinishReason.LENGTH ? "max_output_tokens"
                : finish == FinishReason.CONTENT_FILTER ? "content_filter" : null;
    }

    /** Writes why a response is incomplete: null if it isn't, or goes on. */
    static void writeIncompleteDetails(ReplyBytes out, @Nullable FinishReason finish) {
        String reason = finish == null ? null : incompleteReason(finish);
        if (reason == null) {
            out.put("null");
        } else {
            out.put("{\"reason\":\"").put(reason).put("\"}");
        }
    }

    /**
     * Writes it.
     *
     * @param finish why the turn ended; null while it goes on
     * @param errorCode null unless it failed
     */
    void write(ReplyBytes out, @Nullable FinishReason finish, @Nullable String errorCode,
            @Nullable String errorMessage) {
        String status = errorCode != null ? "failed" : finish == null ? "in_progress"
                : status(finish);
        out.put("{\"id\":").quoted(id).put(",\"object\":\"response\",\"created_at\":")
                .number(createdSeconds).put(",\"status\":\"").put(status)
                .put("\",\"background\":false,\"completed_at\":");
        if (status.equals("completed")) {
            out.number(Math.max(createdSeconds, loop.epochSeconds()));
        } else {
            out.put("null");
        }
        out.put(",\"error\":");
        if (errorCode == null) {
            out.put("null");
        } else {
            out.put("{\"code\":").quoted(errorCode).put(",\"message\":").quoted(errorMessage)
                    .put("}");
        }
        out.put(",\"incomplete_details\":");
        writeIncompleteDetails(out, errorCode != null ? null : finish);
        out.put(",\"model\":").quoted(model).put(",\"output\":[");
        List<Part> parts = turn.choice(0).parts;
        for (int i = 0; i < parts.size(); i++) {
            boolean cut = status.equals("incomplete") && i == parts.size() - 1
                    || errorCode != null;
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

    /** What the caller knows as the tool that an item calls. */
    CallerTool tool(int index) {
        return options.tools().called(part(index).name);
    }

    /** How the call that an item holds is told. */
    CallerTool.Kind kind(int index) {
        return options.tools().kind(part(index).name);
    }

    /** Writes the id of an item, as a JSON string. */
    ReplyBytes itemId(ReplyBytes out, int index) {
        String prefix = switch (part(index).kind) {
            case TEXT, REFUSAL -> "msg_";
            case REASONING, REDACTED -> "rs_";
            case TOOL -> switch (kind(index)) {
                case FUNCTION -> "fc_";
                case CUSTOM -> "ctc_";
                case SEARCH -> "tsc_";
            };
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
            case TOOL -> writeCall(out, index, status);
        }
    }

    private void writeCall(ReplyBytes out, int index, String status) {
        Part part = part(index);
        CallerTool tool = tool(index);
        boolean open = status.equals("in_progress");
        out.put(",\"type\":\"").put(switch (tool.kind()) {
            case FUNCTION -> "function_call";
            case CUSTOM -> "custom_tool_call";
            case SEARCH -> "tool_search_call";
        }).put("\",\"status\":\"").put(status).put("\"");
        switch (tool.kind()) {
            case FUNCTION -> out.put(",\"arguments\":").quoted(open ? "" : arguments(part));
            case CUSTOM -> out.put(",\"input\":").quoted(open ? "" : part.text);
            case SEARCH -> out.put(",\"execution\":\"client\",\"arguments\":")
                    .putRaw(open ? "{}" : CallArguments.object(part.text));
        }
        out.put(",\"call_id\":").quoted(part.id);
        if (tool.kind() != CallerTool.Kind.SEARCH) {
            out.put(",\"name\":").quoted(tool.name());
        }
        if (tool.namespace() != null) {
            out.put(",\"namespace\":").quoted(tool.namespace());
        }
        out.put("}");
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

    /** Writes a whole unary reply; returns what it is written from. */
    static ResponseObject write(ReplyBytes out, ReplyLoop loop, ReplyOptions options,
            Turn turn) {
        Choice choice = turn.choice(0);
        ResponseObject response = new ResponseObject(loop, options, turn);
        response.write(out, choice.finish == null ? FinishReason.STOP : choice.finish, null,
                null);
        return response;
    }

    /** The answer, now that it is complete, as later requests may refer to it. */
    ResponseAnswer answer() {
        List<ResponseAnswer.Item> items = new ArrayList<>();
        ReplyBytes out = new ReplyBytes();
        for (int i = 0; i < turn.choice(0).parts.size(); i++) {
            itemId(out, i);
            byte[] quoted = out.takeFrom(0);
            writeItem(out, i, "completed");
            items.add(new ResponseAnswer.Item(new String(quoted, 1, quoted.length - 2,
                    StandardCharsets.US_ASCII), out.takeFrom(0)));
        }
        return new ResponseAnswer(id, items);
    }
}

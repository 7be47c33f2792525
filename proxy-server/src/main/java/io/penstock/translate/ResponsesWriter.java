package io.penstock.translate;

import io.penstock.failure.Failure;
import io.penstock.translate.Turn.Kind;
import io.penstock.translate.Turn.Part;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes OpenAI response streams. Each part of the turn is an output item; text and reasoning end
 * where another item begins, calls stay open side by side until the turn ends. The terminal event
 * repeats the whole output, so the turn is kept.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop. <b>Bounds:</b> those of {@link Turn}.
 */
final class ResponsesWriter extends TurnWriter {
    private static final String TEXT_DELTA = "response.output_text.delta";
    private static final String REFUSAL_DELTA = "response.refusal.delta";
    private static final String REASONING_DELTA = "response.reasoning_summary_text.delta";
    private static final String ARGUMENTS_DELTA = "response.function_call_arguments.delta";
    private static final String INPUT_DELTA = "response.custom_tool_call_input.delta";

    private final Turn turn = new Turn();
    private final BitSet closed = new BitSet(); // items
    @SuppressWarnings("NullAway.Init") // the turn begins before all but a failure
    private ResponseObject response;
    private long sequence;
    private int openText = -1; // the item of text or reasoning that is open
    private FinishReason finish = FinishReason.STOP;

    ResponsesWriter(ReplyLoop loop, ReplyOptions options) {
        super(loop, options);
    }

    /** What is written; null until the turn begins. */
    @Nullable ResponseObject response() {
        return response;
    }

    /** Begins an event, behind its sequence number. */
    private ReplyBytes event(String type) {
        return out().put("event: ").put(type).put("\ndata: {\"type\":\"").put(type)
                .put("\",\"sequence_number\":").number(sequence++);
    }

    private void endEvent() {
        out().put("}\n\n");
    }

    /** Begins an event about an item. */
    private ReplyBytes itemEvent(String type, int item) {
        ReplyBytes out = event(type).put(",\"item_id\":");
        return response.itemId(out, item).put(",\"output_index\":").index(item);
    }

    /** Begins an event about the one part of an item. */
    private ReplyBytes partEvent(String type, int item) {
        return itemEvent(type, item).put(response.part(item).kind == Kind.REASONING
                ? ",\"summary_index\":0" : ",\"content_index\":0");
    }

    private void responseEvent(String type, @Nullable FinishReason reason, @Nullable String code,
            @Nullable String message) {
        response.write(event(type).put(",\"response\":"), reason, code, message);
        endEvent();
    }

    @Override
    public void onStart(@Nullable String id, @Nullable String model, long createdSeconds) {
        turn.onStart(id, model, createdSeconds);
        response = new ResponseObject(loop(), options(), turn);
        responseEvent("response.created", null, null, null);
        responseEvent("response.in_progress", null, null, null);
    }

    @Override
    public void onText(int choice, char[] chars, int from, int length) {
        if (choice == 0) {
            turn.onText(0, chars, from, length);
            delta(TEXT_DELTA, chars, from, length);
        }
    }

    @Override
    public void onRefusal(int choice, char[] chars, int from, int length) {
        if (choice == 0) {
            turn.onRefusal(0, chars, from, length);
            delta(REFUSAL_DELTA, chars, from, length);
        }
    }

    @Override
    public void onReasoning(int choice, char[] chars, int from, int length) {
        if (choice == 0) {
            turn.onReasoning(0, chars, from, length);
            delta(REASONING_DELTA, chars, from, length);
        }
    }

    /** A piece for the last item, which it may have begun. */
    private void delta(String type, char[] chars, int from, int length) {
        int item = last();
        if (openText != item) {
            openItem(item);
        }
        partEvent(type, item).put(",\"delta\":\"").escaped(chars, from, length)
                .put(type.equals(TEXT_DELTA) ? "\",\"logprobs\":[]" : "\"");
        endEvent();
    }

    @Override
    public void onSignature(int choice, String signature) {
        if (choice == 0) {
            turn.onSignature(0, signature);
            if (openText != last()) {
                openItem(last());
            }
            closeText();
        }
    }

    @Override
    public void onRedactedReasoning(int choice, String data) {
        if (choice == 0) {
            turn.onRedactedReasoning(0, data);
            openItem(last());
            closeText();
        }
    }

    @Override
    public void onToolStart(int choice, int tool, String id, String name,
            @Nullable String signature) {
        if (choice == 0) {
            turn.onToolStart(0, tool, id, name, signature);
            openItem(last());
        }
    }

    @Override
    public void onToolArguments(int choice, int tool, char[] chars, int from, int length) {
        if (choice == 0) {
            turn.onToolArguments(0, tool, chars, from, length);
            int item = turn.choice(0).parts.indexOf(turn.tool(0, tool));
            CallerTool.Kind kind = response.kind(item);
            if (kind != CallerTool.Kind.SEARCH) { // whose arguments are told as a whole
                itemEvent(kind == CallerTool.Kind.CUSTOM ? INPUT_DELTA : ARGUMENTS_DELTA, item)
                        .put(",\"delta\":\"").escaped(chars, from, length).put("\"");
                endEvent();
            }
        }
    }

    @Override
    public void onFinish(int choice, FinishReason reason, @Nullable String stopSequence) {
        if (choice == 0) {
            finish = reason;
        }
    }

    @Override
    public void onUsage(ReplyUsage counted) {
        turn.onUsage(counted);
    }

    @Override
    public void onEnd() {
        closeAll("completed");
        responseEvent("response." + ResponseObject.status(finish), finish, null, null);
    }

    private int last() {
        return turn.choice(0).parts.size() - 1;
    }

    private void openItem(int item) {
        closeText();
        response.writeItem(event("response.output_item.added").put(",\"output_index\":")
                .index(item).put(",\"item\":"), item, "in_progress");
        endEvent();
        Part part = response.part(item);
        if (part.kind == Kind.TOOL) {
            return;
        }
        openText = item;
        if (part.kind != Kind.REDACTED) {
            partEvent(part.kind == Kind.REASONING ? "response.reasoning_summary_part.added"
                    : "response.content_part.added", item).put(",\"part\":");
            ResponseObject.writePart(out(), part, "");
            endEvent();
        }
    }

    private void closeText() {
        if (openText >= 0) {
            close(openText, "completed");
            openText = -1;
        }
    }

    private void closeAll(String lastStatus) {
        List<Part> parts = turn.choice(0).parts;
        for (int i = 0; i < parts.size(); i++) {
            if (!closed.get(i)) {
                boolean cut = i == parts.size() - 1
                        && ResponseObject.status(finish).equals("incomplete");
                close(i, cut ? "incomplete" : lastStatus);
            }
        }
        openText = -1;
    }

    private void close(int item, String status) {
        closed.set(item);
        Part part = response.part(item);
        switch (part.kind) {
            case TEXT -> {
                partEvent("response.output_text.done", item).put(",\"text\":").quoted(part.text)
                        .put(",\"logprobs\":[]");
                endEvent();
            }
            case REFUSAL -> {
                partEvent("response.refusal.done", item).put(",\"refusal\":").quoted(part.text);
                endEvent();
            }
            case REASONING -> {
                partEvent("response.reasoning_summary_text.done", item).put(",\"text\":")
                        .quoted(part.text);
                endEvent();
            }
            case TOOL -> closeCall(item, part, response.tool(item));
            case REDACTED -> { }
        }
        if (part.kind != Kind.TOOL && part.kind != Kind.REDACTED) {
            partEvent(part.kind == Kind.REASONING ? "response.reasoning_summary_part.done"
                    : "response.content_part.done", item).put(",\"part\":");
            ResponseObject.writePart(out(), part, part.text);
            endEvent();
        }
        response.writeItem(event("response.output_item.done").put(",\"output_index\":")
                .index(item).put(",\"item\":"), item, status);
        endEvent();
    }

    private void closeCall(int item, Part part, CallerTool tool) {
        switch (tool.kind()) {
            case FUNCTION -> {
                CharSequence arguments = ResponseObject.arguments(part);
                if (arguments != part.text) { // whoever adds up the pieces gets them, too
                    itemEvent(ARGUMENTS_DELTA, item).put(",\"delta\":").quoted(arguments);
                    endEvent();
                }
                itemEvent("response.function_call_arguments.done", item).put(",\"name\":")
                        .quoted(tool.name()).put(",\"arguments\":").quoted(arguments);
                endEvent();
            }
            case CUSTOM -> {
                itemEvent("response.custom_tool_call_input.done", item).put(",\"input\":")
                        .quoted(part.text);
                endEvent();
            }
            case SEARCH -> { }
        }
    }

    @Override
    void fail(Failure failure, @Nullable String attempts) {
        fail(failure.kind().type().equals("server_error") ? "server_error"
                : failure.kind().code(), failure.message());
    }

    @Override
    void fail(ReplyError error) {
        fail(switch (error.kind()) {
            case RATE_LIMITED, CONTEXT_LENGTH -> error.kind().openAiCode();
            default -> "server_error";
        }, error.shownMessage());
    }

    private void fail(@Nullable String code, @Nullable String message) {
        if (response == null) { // nothing has begun that could fail
            event("error").put(",\"code\":").quoted(code).put(",\"message\":").quoted(message)
                    .put(",\"param\":null");
            endEvent();
        } else {
            responseEvent("response.failed", null, code, message);
        }
    }
}

package io.penstock.mock;

import io.penstock.mock.Answer.Tokens;
import io.penstock.mock.Answer.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** OpenAI's Responses, without anything that the provider would have to remember. */
final class OpenAiResponses extends OpenAi {
    @Override
    public Ask read(RequestReader request) throws ProviderError {
        JsonBody body = JsonBody.parse(request.body());
        String model = body.requiredText("model");
        if (!body.has("input")) {
            throw ProviderError.badRequest("Missing required parameter: 'input'.");
        }
        List<String> tools = body.objects("tools").stream()
                .filter(tool -> "function".equals(tool.text("type")))
                .map(tool -> tool.text("name")).filter(name -> name != null).toList();
        List<JsonBody> items = body.objects("input");
        JsonBody last = items.isEmpty() ? JsonBody.EMPTY : items.get(items.size() - 1);
        return new Ask(model, body.flag("stream"), false, true,
                body.numberOr("max_output_tokens", Long.MAX_VALUE), tools,
                "assistant".equals(last.text("role"))
                        ? OpenAiChat.text(last, "output_text") : null, body);
    }

    @Override
    public Json unary(Ask ask, Answer answer) {
        return response(ask, answer, status(answer), null, output(answer), answer.tokens());
    }

    @Override
    public Json failed(Ask ask, Answer answer, ProviderError error) {
        return response(ask, answer, "failed", error, List.of(), null);
    }

    private static List<Json> output(Answer answer) {
        List<Json> output = new ArrayList<>();
        if (!answer.reasoning().isEmpty()) {
            output.add(reasoning(answer, true));
        }
        if (!answer.text().isEmpty()) {
            output.add(message(answer, true));
        }
        for (ToolCall call : answer.calls()) {
            output.add(call(call, true));
        }
        return output;
    }

    private static Json reasoning(Answer answer, boolean done) {
        return Json.object("id", "rs_" + answer.id(), "type", "reasoning",
                "summary", done ? Json.array(summary(answer.wholeReasoning())) : List.of());
    }

    private static Json summary(String text) {
        return Json.object("type", "summary_text", "text", text);
    }

    private static Json message(Answer answer, boolean done) {
        String status = !done ? "in_progress" : status(answer);
        return Json.object("id", "msg_" + answer.id(), "type", "message", "status", status,
                "content", done ? Json.array(part(answer, answer.whole())) : List.of(),
                "role", "assistant");
    }

    private static Json part(Answer answer, String text) {
        return answer.isRefusal() ? Json.object("type", "refusal", "refusal", text)
                : Json.object("type", "output_text", "annotations", List.of(),
                        "logprobs", List.of(), "text", text);
    }

    private static Json call(ToolCall call, boolean done) {
        return Json.object("id", "fc_" + call.id(), "type", "function_call",
                "status", done ? "completed" : "in_progress",
                "arguments", done ? call.arguments() : "", "call_id", "call_" + call.id(),
                "name", call.name());
    }

    private static String status(Answer answer) {
        return switch (answer.finish()) {
            case LENGTH, FILTER -> "incomplete";
            default -> "completed";
        };
    }

    private static Json response(Ask ask, Answer answer, String status,
            @Nullable ProviderError error, List<Json> output, @Nullable Tokens tokens) {
        JsonBody body = ask.body();
        String reason = switch (answer.finish()) {
            case LENGTH -> "max_output_tokens";
            case FILTER -> "content_filter";
            default -> null;
        };
        JsonBody reasoning = body.object("reasoning");
        return Json.object("id", "resp_" + answer.id(), "object", "response",
                "created_at", answer.createdSeconds(), "status", status, "background", false,
                "error", error == null ? null
                        : Json.object("code", "server_error", "message", error.getMessage()),
                "incomplete_details",
                status.equals("incomplete") ? Json.object("reason", reason) : null,
                "instructions", body.members().get("instructions"),
                "max_output_tokens", body.members().get("max_output_tokens"),
                "max_tool_calls", body.members().get("max_tool_calls"),
                "model", answer.model(), "output", output,
                "parallel_tool_calls", body.valueOr("parallel_tool_calls", true),
                "previous_response_id", body.members().get("previous_response_id"),
                "prompt_cache_key", body.members().get("prompt_cache_key"),
                "reasoning", Json.object("effort", reasoning.members().get("effort"),
                        "summary", reasoning.members().get("summary")),
                "safety_identifier", body.members().get("safety_identifier"),
                "service_tier", status.equals("in_progress") ? "auto" : "default",
                "store", body.valueOr("store", true),
                "temperature", body.valueOr("temperature", Json.raw("1.0")),
                "text", body.valueOr("text", Json.object(
                        "format", Json.object("type", "text"), "verbosity", "medium")),
                "tool_choice", body.valueOr("tool_choice", "auto"),
                "tools", body.list("tools"), "top_logprobs", body.valueOr("top_logprobs", 0),
                "top_p", body.valueOr("top_p", Json.raw("1.0")),
                "truncation", body.valueOr("truncation", "disabled"),
                "usage", tokens == null ? null : usageOf(tokens),
                "user", body.members().get("user"),
                "metadata", body.valueOr("metadata", Map.of()));
    }

    private static Json usageOf(Tokens tokens) {
        return Json.object("input_tokens", tokens.prompt(),
                "input_tokens_details", Json.object("cached_tokens", tokens.cached()),
                "output_tokens", tokens.completion(),
                "output_tokens_details", Json.object("reasoning_tokens", tokens.reasoning()),
                "total_tokens", tokens.prompt() + tokens.completion());
    }

    @Override
    public EventStream stream(Ask ask, Answer answer) {
        Script script = new Script();
        open(script, ask, answer);
        if (!answer.reasoning().isEmpty()) {
            addReasoning(script, answer);
        }
        if (!answer.text().isEmpty()) {
            addMessage(script, answer);
        }
        for (ToolCall call : answer.calls()) {
            addCall(script, call);
        }
        return script.end("response." + status(answer), "response", response(ask, answer,
                status(answer), null, output(answer), answer.tokens()));
    }

    private static void open(Script script, Ask ask, Answer answer) {
        Json begun = response(ask, answer, "in_progress", null, List.of(), null);
        script.add("response.created", "response", begun);
        script.add("response.in_progress", "response", begun);
    }

    private static void addReasoning(Script script, Answer answer) {
        String id = "rs_" + answer.id();
        script.add("response.output_item.added", "output_index", script.item,
                "item", reasoning(answer, false));
        script.add("response.reasoning_summary_part.added", "item_id", id,
                "output_index", script.item, "summary_index", 0, "part", summary(""));
        for (String piece : answer.reasoning()) {
            script.addContent("response.reasoning_summary_text.delta", "item_id", id,
                    "output_index", script.item, "summary_index", 0, "delta", piece);
        }
        script.add("response.reasoning_summary_text.done", "item_id", id,
                "output_index", script.item, "summary_index", 0,
                "text", answer.wholeReasoning());
        script.add("response.reasoning_summary_part.done", "item_id", id,
                "output_index", script.item, "summary_index", 0,
                "part", summary(answer.wholeReasoning()));
        script.add("response.output_item.done", "output_index", script.item++,
                "item", reasoning(answer, true));
    }

    private static void addMessage(Script script, Answer answer) {
        String id = "msg_" + answer.id();
        script.add("response.output_item.added", "output_index", script.item,
                "item", message(answer, false));
        script.add("response.content_part.added", "item_id", id, "output_index", script.item,
                "content_index", 0, "part", part(answer, ""));
        boolean refusal = answer.isRefusal();
        String name = refusal ? "response.refusal" : "response.output_text";
        Object noLogprobs = refusal ? Json.ABSENT : List.of();
        for (String piece : answer.text()) {
            script.addContent(name + ".delta", "item_id", id, "output_index", script.item,
                    "content_index", 0, "delta", piece, "logprobs", noLogprobs);
        }
        script.add(name + ".done", "item_id", id, "output_index", script.item,
                "content_index", 0, refusal ? "refusal" : "text", answer.whole(),
                "logprobs", noLogprobs);
        script.add("response.content_part.done", "item_id", id, "output_index", script.item,
                "content_index", 0, "part", part(answer, answer.whole()));
        script.add("response.output_item.done", "output_index", script.item++,
                "item", message(answer, true));
    }

    private static void addCall(Script script, ToolCall call) {
        String id = "fc_" + call.id();
        script.add("response.output_item.added", "output_index", script.item,
                "item", call(call, false));
        for (String piece : call.pieces()) {
            script.addContent("response.function_call_arguments.delta", "item_id", id,
                    "output_index", script.item, "delta", piece);
        }
        script.add("response.function_call_arguments.done", "item_id", id,
                "output_index", script.item, "name", call.name(), "arguments", call.arguments());
        script.add("response.output_item.done", "output_index", script.item++,
                "item", call(call, true));
    }

    /** The stream ends in {@code error} and {@code response.failed}, whatever came before. */
    @Override
    public List<String> errorEvents(Ask ask, Answer answer, ProviderError error,
            int eventsBefore) {
        Script script = new Script();
        if (eventsBefore == 0) {
            open(script, ask, answer);
        } else {
            script.sequence = eventsBefore;
        }
        script.add("error", "code", "server_error", "message", error.getMessage(),
                "param", null);
        script.add("response.failed", "response", failed(ask, answer, error));
        return script.events.rest();
    }

    /** Events that are numbered as they are written. */
    private static final class Script {
        private final EventStream events = new EventStream(EventStream.SSE);
        private int sequence;
        private int item;

        void add(String type, @Nullable Object... members) {
            events.add(event(type, members));
        }

        void addContent(String type, Object... members) {
            events.addContent(event(type, members));
        }

        EventStream end(String type, Object... members) {
            return events.end(event(type, members));
        }

        private String event(String type, @Nullable Object[] members) {
            @Nullable Object[] all = new Object[members.length + 4];
            all[0] = "type";
            all[1] = type;
            System.arraycopy(members, 0, all, 2, members.length);
            all[all.length - 2] = "sequence_number";
            all[all.length - 1] = sequence++;
            return Dialect.named(type, Json.object(all));
        }
    }
}

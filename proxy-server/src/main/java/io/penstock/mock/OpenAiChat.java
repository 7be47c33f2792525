package io.penstock.mock;

import io.penstock.mock.Answer.ToolCall;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * OpenAI's chat completions, with {@code reasoning_content} as DeepSeek has it. What {@link
 * ChatScript} holds ready is worded the same.
 */
final class OpenAiChat extends OpenAi {
    @Override
    public Ask read(RequestReader request) throws ProviderError {
        JsonBody body = JsonBody.parse(request.body());
        String model = body.requiredText("model");
        List<String> tools = body.objects("tools").stream()
                .map(tool -> tool.object("function").text("name")).filter(name -> name != null)
                .toList();
        List<JsonBody> messages = body.objects("messages");
        JsonBody last = messages.isEmpty() ? JsonBody.EMPTY : messages.get(messages.size() - 1);
        boolean stream = body.flag("stream");
        return new Ask(model, stream, false,
                stream && body.object("stream_options").flag("include_usage"),
                Math.min(body.numberOr("max_tokens", Long.MAX_VALUE),
                        body.numberOr("max_completion_tokens", Long.MAX_VALUE)),
                tools, "assistant".equals(last.text("role")) && !last.has("tool_calls")
                        ? text(last, "text") : null, body);
    }

    /** The text of a message, whose content is a string or parts of that type. */
    static String text(JsonBody message, String partType) {
        if (message.text("content") != null) {
            return message.text("content");
        }
        StringBuilder text = new StringBuilder();
        for (JsonBody part : message.objects("content")) {
            if (partType.equals(part.text("type")) && part.text("text") != null) {
                text.append(part.text("text"));
            }
        }
        return text.toString();
    }

    @Override
    public Json unary(Ask ask, Answer answer) {
        List<Json> calls = answer.calls().stream().map(call -> Json.object("id", id(call),
                "type", "function", "function", Json.object("name", call.name(),
                        "arguments", call.arguments()))).toList();
        String text = answer.whole();
        Json message = Json.object("role", "assistant",
                "content", answer.isRefusal() || text.isEmpty() && !calls.isEmpty() ? null : text,
                "reasoning_content", answer.reasoning().isEmpty() ? Json.ABSENT
                        : answer.wholeReasoning(),
                "refusal", answer.isRefusal() ? text : null,
                "annotations", List.of(),
                "tool_calls", calls.isEmpty() ? Json.ABSENT : calls);
        return Json.object("id", "chatcmpl-" + answer.id(), "object", "chat.completion",
                "created", answer.createdSeconds(), "model", answer.model(),
                "service_tier", "default", "system_fingerprint", "fp_" + answer.id(),
                "choices", Json.array(Json.object("index", 0, "message", message,
                        "logprobs", null, "finish_reason", finish(answer))),
                "usage", usage(answer.tokens()));
    }

    @Override
    public EventStream stream(Ask ask, Answer answer) {
        EventStream events = new EventStream(EventStream.SSE);
        String role = answer.isRefusal() ? "refusal" : "content";
        events.add(delta(ask, answer, "role", "assistant", "content",
                answer.isRefusal() ? null : "", "refusal", answer.isRefusal() ? "" : null));
        for (String piece : answer.reasoning()) {
            events.addContent(delta(ask, answer, "content", null, "reasoning_content", piece));
        }
        for (String piece : answer.text()) {
            events.addContent(delta(ask, answer, role, piece));
        }
        if (answer.interleaved()) {
            addInTurn(events, ask, answer);
        } else {
            for (int i = 0; i < answer.calls().size(); i++) {
                ToolCall call = answer.calls().get(i);
                events.addContent(begin(ask, answer, i, call));
                for (String piece : call.pieces()) {
                    events.addContent(goOn(ask, answer, i, piece));
                }
            }
        }
        events.add(chunk(ask, answer, Json.object(), finish(answer)));
        if (ask.tellsUsage() && answer.tokens() != null) {
            events.add(Dialect.data(Json.object("id", "chatcmpl-" + answer.id(),
                    "object", "chat.completion.chunk", "created", answer.createdSeconds(),
                    "model", answer.model(), "service_tier", "default",
                    "system_fingerprint", "fp_" + answer.id(), "choices", List.of(),
                    "usage", usage(answer.tokens()))));
        }
        return events.end(Dialect.data("[DONE]"));
    }

    private static void addInTurn(EventStream events, Ask ask, Answer answer) {
        List<List<String>> pieces = new ArrayList<>();
        for (int i = 0; i < answer.calls().size(); i++) {
            ToolCall call = answer.calls().get(i);
            events.addContent(begin(ask, answer, i, call));
            pieces.add(call.pieces());
        }
        int rounds = pieces.stream().mapToInt(List::size).max().orElse(0);
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < pieces.size(); i++) {
                if (round < pieces.get(i).size()) {
                    events.addContent(goOn(ask, answer, i, pieces.get(i).get(round)));
                }
            }
        }
    }

    private static String begin(Ask ask, Answer answer, int index, ToolCall call) {
        return delta(ask, answer, "tool_calls", Json.array(Json.object("index", index,
                "id", id(call), "type", "function",
                "function", Json.object("name", call.name(), "arguments", ""))));
    }

    private static String goOn(Ask ask, Answer answer, int index, String piece) {
        return delta(ask, answer, "tool_calls", Json.array(Json.object("index", index,
                "function", Json.object("arguments", piece))));
    }

    private static String delta(Ask ask, Answer answer, @Nullable Object... members) {
        return chunk(ask, answer, Json.object(members), null);
    }

    private static String chunk(Ask ask, Answer answer, Json delta, @Nullable String finish) {
        return Dialect.data(Json.object("id", "chatcmpl-" + answer.id(),
                "object", "chat.completion.chunk", "created", answer.createdSeconds(),
                "model", answer.model(), "service_tier", "default",
                "system_fingerprint", "fp_" + answer.id(),
                "choices", Json.array(Json.object("index", 0, "delta", delta, "logprobs", null,
                        "finish_reason", finish)),
                "usage", ask.tellsUsage() ? null : Json.ABSENT));
    }

    private static String id(ToolCall call) {
        return "call_" + call.id();
    }

    private static String finish(Answer answer) {
        return switch (answer.finish()) {
            case STOP, REFUSAL -> "stop";
            case LENGTH -> "length";
            case TOOLS -> "tool_calls";
            case FILTER -> "content_filter";
        };
    }
}

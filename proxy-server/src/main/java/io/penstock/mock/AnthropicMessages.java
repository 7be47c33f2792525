package io.penstock.mock;

import io.penstock.mock.Answer.Tokens;
import io.penstock.mock.Answer.ToolCall;
import io.penstock.mock.ProviderError.Reason;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Anthropic's messages. As strict as the provider where a gateway that translates could go wrong:
 * the version must be named, no unknown member stand at the top, and every {@code tool_use} be
 * answered in the very next message.
 */
final class AnthropicMessages implements Dialect {
    static final String SIGNATURE = "bW9jayBzaWduYXR1cmUgb2Ygd2hhdCB0aGUgbW9kZWwgdGhvdWdodA==";

    private static final Set<String> MEMBERS = Set.of("model", "max_tokens", "messages", "system",
            "stream", "temperature", "top_p", "top_k", "stop_sequences", "tools", "tool_choice",
            "thinking", "output_config", "cache_control", "metadata", "service_tier", "container",
            "inference_geo", "diagnostics", "mcp_servers", "context_management", "output_format");

    @Override
    public Ask read(RequestReader request) throws ProviderError {
        if (request.header("anthropic-version") == null) {
            throw ProviderError.badRequest("anthropic-version: header is required");
        }
        JsonBody body = JsonBody.parse(request.body());
        for (String name : body.members().keySet()) {
            if (!MEMBERS.contains(name)) {
                throw ProviderError.badRequest(name + ": Extra inputs are not permitted");
            }
        }
        if (body.text("model") == null) {
            throw ProviderError.badRequest("model: Field required");
        }
        boolean counts = request.endpoint() == Endpoint.COUNT_TOKENS;
        long maxTokens = body.numberOr("max_tokens", -1);
        if (maxTokens < 0 && !counts) {
            throw ProviderError.badRequest("max_tokens: Field required");
        }
        List<JsonBody> messages = body.objects("messages");
        if (messages.isEmpty()) {
            throw ProviderError.badRequest("messages: at least one message is required");
        }
        checkToolUse(messages);
        List<String> tools = body.objects("tools").stream().map(tool -> tool.text("name"))
                .filter(name -> name != null).toList();
        return new Ask(body.text("model"), body.flag("stream"), false, true,
                counts ? Long.MAX_VALUE : maxTokens, tools,
                begun(messages.get(messages.size() - 1)), body);
    }

    private static @Nullable String begun(JsonBody last) throws ProviderError {
        if (!"assistant".equals(last.text("role"))) {
            return null;
        }
        String text = OpenAiChat.text(last, "text");
        if (!text.equals(text.stripTrailing())) {
            throw ProviderError.badRequest(
                    "messages: final assistant content cannot end with trailing whitespace");
        }
        return text;
    }

    private static void checkToolUse(List<JsonBody> messages) throws ProviderError {
        Set<String> unanswered = Set.of();
        for (int i = 0; i < messages.size(); i++) {
            Set<String> answered = ids(messages.get(i), "tool_result", "tool_use_id");
            if (!answered.containsAll(unanswered)) {
                throw ProviderError.badRequest("messages." + (i - 1) + ": `tool_use` ids were "
                        + "found without `tool_result` blocks immediately after: "
                        + String.join(", ", unanswered));
            }
            if (!unanswered.containsAll(answered)) {
                throw ProviderError.badRequest("messages." + i + ": unexpected `tool_use_id` "
                        + "found in `tool_result` blocks: " + String.join(", ", answered));
            }
            unanswered = ids(messages.get(i), "tool_use", "id");
        }
    }

    private static Set<String> ids(JsonBody message, String type, String name) {
        Set<String> ids = new HashSet<>();
        for (JsonBody block : message.objects("content")) {
            if (type.equals(block.text("type"))) {
                ids.add(String.valueOf(block.text(name)));
            }
        }
        return ids;
    }

    @Override
    public Json unary(Ask ask, Answer answer) {
        List<Json> content = new ArrayList<>();
        if (!answer.reasoning().isEmpty()) {
            content.add(Json.object("type", "thinking", "thinking", answer.wholeReasoning(),
                    "signature", SIGNATURE));
        }
        if (!answer.text().isEmpty()) {
            content.add(Json.object("type", "text", "text", answer.whole()));
        }
        for (ToolCall call : answer.calls()) {
            content.add(Json.object("type", "tool_use", "id", id(call), "name", call.name(),
                    "input", Json.raw(call.arguments())));
        }
        return message(answer, content, stopReason(answer), startUsage(answer,
                answer.tokens() == null ? 0 : answer.tokens().completion()),
                answer.isRefusal());
    }

    @Override
    public EventStream stream(Ask ask, Answer answer) {
        EventStream events = new EventStream(EventStream.SSE);
        events.add(event("message_start", "message",
                message(answer, List.of(), null, startUsage(answer, 1), false)));
        int index = 0;
        if (!answer.reasoning().isEmpty()) {
            begin(events, index, Json.object("type", "thinking", "thinking", "",
                    "signature", ""));
            for (String piece : answer.reasoning()) {
                events.addContent(delta(index, "type", "thinking_delta", "thinking", piece));
            }
            events.add(delta(index, "type", "signature_delta", "signature", SIGNATURE));
            end(events, index++);
        }
        if (!answer.text().isEmpty()) {
            begin(events, index, Json.object("type", "text", "text", ""));
            for (String piece : answer.text()) {
                events.addContent(delta(index, "type", "text_delta", "text", piece));
            }
            end(events, index++);
        }
        for (ToolCall call : answer.calls()) {
            begin(events, index, Json.object("type", "tool_use", "id", id(call),
                    "name", call.name(), "input", Json.object()));
            events.add(delta(index, "type", "input_json_delta", "partial_json", ""));
            for (String piece : call.pieces()) {
                events.addContent(delta(index, "type", "input_json_delta",
                        "partial_json", piece));
            }
            end(events, index++);
        }
        events.add(event("message_delta", "delta", Json.object("stop_reason", stopReason(answer),
                "stop_sequence", null, "stop_details", stopDetails(answer.isRefusal())),
                "usage", endUsage(answer.tokens())));
        return events.end(event("message_stop"));
    }

    private static void begin(EventStream events, int index, Json block) {
        events.add(event("content_block_start", "index", index, "content_block", block));
        if (index == 0) {
            events.add(event("ping"));
        }
    }

    private static void end(EventStream events, int index) {
        events.add(event("content_block_stop", "index", index));
    }

    private static String delta(int index, Object... delta) {
        return event("content_block_delta", "index", index, "delta", Json.object(delta));
    }

    private static String event(String type, Object... members) {
        Object[] all = new Object[members.length + 2];
        all[0] = "type";
        all[1] = type;
        System.arraycopy(members, 0, all, 2, members.length);
        return Dialect.named(type, Json.object(all));
    }

    private static Json message(Answer answer, List<Json> content, @Nullable String stopReason,
            Object usage, boolean refusal) {
        return Json.object("model", answer.model(), "id", "msg_" + answer.id(),
                "type", "message", "role", "assistant", "content", content,
                "stop_reason", stopReason, "stop_sequence", null,
                "stop_details", stopDetails(refusal), "usage", usage);
    }

    private static Object stopDetails(boolean refusal) {
        return refusal ? Json.object("type", "refusal", "category", null,
                "explanation", "The mock was asked to decline.") : Json.ABSENT;
    }

    private static Object startUsage(Answer answer, long outputTokens) {
        Tokens tokens = answer.tokens();
        return tokens == null ? Json.ABSENT : Json.object("input_tokens", uncached(tokens),
                "cache_creation_input_tokens", tokens.written(),
                "cache_read_input_tokens", tokens.cached(),
                "cache_creation", Json.object("ephemeral_5m_input_tokens", tokens.written(),
                        "ephemeral_1h_input_tokens", 0),
                "output_tokens", outputTokens, "service_tier", "standard");
    }

    /** Cumulative: these figures replace those of the start. */
    private static Object endUsage(@Nullable Tokens tokens) {
        return tokens == null ? Json.ABSENT : Json.object("input_tokens", uncached(tokens),
                "cache_creation_input_tokens", tokens.written(),
                "cache_read_input_tokens", tokens.cached(),
                "output_tokens", tokens.completion(),
                "output_tokens_details", tokens.reasoning() == 0 ? Json.ABSENT
                        : Json.object("thinking_tokens", tokens.reasoning()));
    }

    private static long uncached(Tokens tokens) {
        return Math.max(0, tokens.prompt() - tokens.cached() - tokens.written());
    }

    private static String id(ToolCall call) {
        return "toolu_" + call.id();
    }

    private static String stopReason(Answer answer) {
        return switch (answer.finish()) {
            case STOP -> "end_turn";
            case LENGTH -> "max_tokens";
            case TOOLS -> "tool_use";
            case FILTER, REFUSAL -> "refusal";
        };
    }

    @Override
    public int status(ProviderError error) {
        return error.reason() == Reason.QUOTA ? 400 : error.status();
    }

    @Override
    public Json error(ProviderError error) {
        return Json.object("type", "error", "error",
                Json.object("type", type(status(error)), "message", message(error)),
                "request_id", "req_mock");
    }

    @Override
    public String errorFields(ProviderError error) {
        return Dialect.super.errorFields(error) + "request-id: req_mock\r\n";
    }

    @Override
    public List<String> errorEvents(Ask ask, Answer answer, ProviderError error,
            int eventsBefore) {
        return List.of(Dialect.named("error", Json.object("type", "error", "error",
                Json.object("details", null, "type", type(status(error)),
                        "message", message(error)), "request_id", "req_mock")));
    }

    private static @Nullable String message(ProviderError error) {
        return switch (error.reason()) {
            case CONTEXT_LENGTH -> "prompt is too long: 250000 tokens > 200000 maximum";
            case QUOTA -> "Your credit balance is too low to access the Anthropic API. Please go "
                    + "to Plans & Billing to upgrade or purchase credits.";
            case INVALID_KEY -> "invalid x-api-key";
            default -> error.getMessage();
        };
    }

    private static String type(int status) {
        return switch (status) {
            case 401 -> "authentication_error";
            case 402 -> "billing_error";
            case 403 -> "permission_error";
            case 404 -> "not_found_error";
            case 413 -> "request_too_large";
            case 429 -> "rate_limit_error";
            case 504 -> "timeout_error";
            case 529 -> "overloaded_error";
            default -> status < 500 ? "invalid_request_error" : "api_error";
        };
    }
}

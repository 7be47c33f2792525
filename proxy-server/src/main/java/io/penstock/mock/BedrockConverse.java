package io.penstock.mock;

import io.penstock.mock.Answer.Tokens;
import io.penstock.mock.Answer.ToolCall;
import io.penstock.mock.ProviderError.Reason;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Converse of AWS Bedrock, whose model and whether it streams stand in the path. As strict as the
 * service about turns, blank texts, tools and their results. What an error is stands in a header.
 */
final class BedrockConverse implements Dialect {
    static final String SIGNATURE = "bW9jayBzaWduYXR1cmUgb2YgYSB0aG91Z2h0IG9uIEJlZHJvY2s=";

    private static final String REQUEST_ID = "00000000-0000-4000-8000-000000000b0c";
    private static final String TOOL_NAME = "[a-zA-Z0-9_-]{1,64}";
    private static final Set<String> MEMBERS = Set.of("messages", "system", "inferenceConfig",
            "toolConfig", "additionalModelRequestFields", "additionalModelResponseFieldPaths",
            "guardrailConfig", "outputConfig", "performanceConfig", "serviceTier",
            "requestMetadata", "promptVariables");

    private final boolean stream;

    BedrockConverse(boolean stream) {
        this.stream = stream;
    }

    @Override
    public Ask read(RequestReader request) throws ProviderError {
        JsonBody body = JsonBody.parse(request.body());
        for (String name : body.members().keySet()) {
            if (!MEMBERS.contains(name)) {
                throw ProviderError.badRequest("Malformed input request: #: extraneous key ["
                        + name + "] is not permitted, please reformat your input and try again.");
            }
        }
        List<String> tools = tools(body);
        List<JsonBody> messages = body.objects("messages");
        checkTurns(messages);
        checkBlocks(messages, body.has("toolConfig"));
        return new Ask(model(request.path()), stream, false, true,
                body.object("inferenceConfig").numberOr("maxTokens", Long.MAX_VALUE), tools,
                begun(messages.get(messages.size() - 1)), body);
    }

    /** The segment before the last, which is one even if it is an ARN. */
    static String model(String path) throws ProviderError {
        String[] segments = path.split("/");
        if (segments.length < 4 || !segments[segments.length - 3].equals("model")) {
            throw ProviderError.unknownUrl("POST " + path);
        }
        return URLDecoder.decode(segments[segments.length - 2].replace("+", "%2B"),
                StandardCharsets.UTF_8);
    }

    private static List<String> tools(JsonBody body) throws ProviderError {
        List<String> names = new ArrayList<>();
        for (JsonBody tool : body.object("toolConfig").objects("tools")) {
            JsonBody spec = tool.object("toolSpec");
            if (!tool.has("toolSpec")) {
                continue; // a cache point
            }
            String name = String.valueOf(spec.text("name"));
            if (!name.matches(TOOL_NAME) || !spec.object("inputSchema").has("json")
                    || "".equals(spec.text("description"))) {
                throw ProviderError.badRequest("The value at toolConfig.tools."
                        + names.size() + ".member.toolSpec is not valid: " + name);
            }
            names.add(name);
        }
        if (body.has("toolConfig") && names.isEmpty()) {
            throw ProviderError.badRequest("1 validation error detected: Value at "
                    + "'toolConfig.tools' failed to satisfy constraint: Member must have length "
                    + "greater than or equal to 1");
        }
        return names;
    }

    private static void checkTurns(List<JsonBody> messages) throws ProviderError {
        String last = "assistant";
        for (JsonBody message : messages) {
            String role = String.valueOf(message.text("role"));
            if (!role.equals(last.equals("user") ? "assistant" : "user")) {
                throw ProviderError.badRequest("A conversation must alternate between user and "
                        + "assistant roles, and start with a user message. Make sure that it does "
                        + "and try again.");
            }
            last = role;
        }
        if (messages.isEmpty()) {
            throw ProviderError.badRequest("The conversation must have at least one message.");
        }
    }

    private static void checkBlocks(List<JsonBody> messages, boolean offersTools)
            throws ProviderError {
        Set<String> unanswered = Set.of();
        for (int i = 0; i < messages.size(); i++) {
            List<JsonBody> content = messages.get(i).objects("content");
            if (content.isEmpty()) {
                throw ProviderError.badRequest("The content field in the Message object at "
                        + "messages." + i + " is empty. Add a ContentBlock object to the content "
                        + "field and try again.");
            }
            for (int j = 0; j < content.size(); j++) {
                String text = content.get(j).text("text");
                if (text != null && text.isBlank()) {
                    throw ProviderError.badRequest("The text field in the ContentBlock object at "
                            + "messages." + i + ".content." + j + " is blank. Add text to the "
                            + "text field, and try again.");
                }
            }
            Set<String> answered = ids(content, "toolResult");
            if (!answered.equals(unanswered)) {
                throw ProviderError.badRequest("Expected toolResult blocks at messages." + i
                        + ".content for the following Ids: " + String.join(", ", unanswered)
                        + ", but found: " + String.join(", ", answered));
            }
            unanswered = ids(content, "toolUse");
            if (!offersTools && !(unanswered.isEmpty() && answered.isEmpty())) {
                throw ProviderError.badRequest("The toolConfig field must be defined when using "
                        + "toolUse and toolResult content blocks.");
            }
        }
    }

    private static Set<String> ids(List<JsonBody> content, String name) {
        Set<String> ids = new HashSet<>();
        for (JsonBody block : content) {
            if (block.has(name)) {
                ids.add(String.valueOf(block.object(name).text("toolUseId")));
            }
        }
        return ids;
    }

    private static @Nullable String begun(JsonBody last) throws ProviderError {
        if (!"assistant".equals(last.text("role"))) {
            return null;
        }
        StringBuilder text = new StringBuilder();
        for (JsonBody block : last.objects("content")) {
            text.append(block.text("text") == null ? "" : block.text("text"));
        }
        if (!text.toString().equals(text.toString().stripTrailing())) {
            throw ProviderError.badRequest("The model returned the following errors: messages: "
                    + "final assistant content cannot end with trailing whitespace");
        }
        return text.toString();
    }

    @Override
    public Json unary(Ask ask, Answer answer) {
        List<Json> content = new ArrayList<>();
        if (!answer.reasoning().isEmpty()) {
            content.add(Json.object("reasoningContent", Json.object("reasoningText", Json.object(
                    "text", answer.wholeReasoning(), "signature", SIGNATURE))));
        }
        if (!answer.text().isEmpty()) {
            content.add(Json.object("text", answer.whole()));
        }
        for (ToolCall call : answer.calls()) {
            content.add(Json.object("toolUse", Json.object("toolUseId", id(call),
                    "name", call.name(), "input", Json.raw(call.arguments()))));
        }
        return Json.object("output", Json.object("message",
                Json.object("role", "assistant", "content", content)),
                "stopReason", stopReason(answer), "usage", usage(answer.tokens()),
                "metrics", Json.object("latencyMs", 1));
    }

    @Override
    public EventStream stream(Ask ask, Answer answer) {
        EventStream events = new EventStream(EventStreamFrame.CONTENT_TYPE,
                EventStreamFrame::encode);
        events.add(EventStreamFrame.event("messageStart", "role", "assistant"));
        int index = 0;
        if (!answer.reasoning().isEmpty()) { // neither this nor text has a start of its own
            for (String piece : answer.reasoning()) {
                events.addContent(delta(index, "reasoningContent", Json.object("text", piece)));
            }
            events.add(delta(index, "reasoningContent", Json.object("signature", SIGNATURE)));
            end(events, index++);
        }
        if (!answer.text().isEmpty()) {
            for (String piece : answer.text()) {
                events.addContent(delta(index, "text", piece));
            }
            end(events, index++);
        }
        for (ToolCall call : answer.calls()) {
            events.add(EventStreamFrame.event("contentBlockStart", "contentBlockIndex", index,
                    "start", Json.object("toolUse", Json.object("toolUseId", id(call),
                            "name", call.name()))));
            for (String piece : call.pieces()) {
                events.addContent(delta(index, "toolUse", Json.object("input", piece)));
            }
            end(events, index++);
        }
        events.add(EventStreamFrame.event("messageStop", "stopReason", stopReason(answer)));
        return events.end(EventStreamFrame.event("metadata", "usage", usage(answer.tokens()),
                "metrics", Json.object("latencyMs", 1)));
    }

    private static void end(EventStream events, int index) {
        events.add(EventStreamFrame.event("contentBlockStop", "contentBlockIndex", index));
    }

    private static String delta(int index, Object... delta) {
        return EventStreamFrame.event("contentBlockDelta", "contentBlockIndex", index,
                "delta", Json.object(delta));
    }

    private static Object usage(@Nullable Tokens tokens) {
        return tokens == null ? Json.ABSENT : Json.object(
                "inputTokens", Math.max(0, tokens.prompt() - tokens.cached() - tokens.written()),
                "outputTokens", tokens.completion(),
                "totalTokens", tokens.prompt() + tokens.completion(),
                "cacheReadInputTokens", tokens.cached(),
                "cacheWriteInputTokens", tokens.written());
    }

    private static String id(ToolCall call) {
        return "tooluse_" + call.id();
    }

    private static String stopReason(Answer answer) {
        return switch (answer.finish()) {
            case STOP -> "end_turn";
            case LENGTH -> "max_tokens";
            case TOOLS -> "tool_use";
            case FILTER -> "content_filtered";
            case REFUSAL -> "guardrail_intervened";
        };
    }

    @Override
    public int status(ProviderError error) {
        return switch (error.reason()) {
            case QUOTA -> 400;
            case INVALID_KEY -> 403;
            default -> error.status();
        };
    }

    @Override
    public Json error(ProviderError error) {
        return Json.object("message", switch (error.reason()) {
            case CONTEXT_LENGTH -> "Input is too long for requested model.";
            case QUOTA -> "Your account has reached its quota for this model.";
            case INVALID_KEY -> "The security token included in the request is invalid.";
            default -> error.getMessage();
        });
    }

    @Override
    public String errorFields(ProviderError error) {
        return "x-amzn-requestid: " + REQUEST_ID + "\r\nx-amzn-errortype: " + type(error)
                + ":http://internal.amazon.com/coral/com.amazon.bedrock/\r\n";
    }

    @Override
    public List<String> errorEvents(Ask ask, Answer answer, ProviderError error,
            int eventsBefore) {
        String type = type(error);
        return List.of(EventStreamFrame.exception(
                type.substring(0, 1).toLowerCase(Locale.ROOT) + type.substring(1), error(error)));
    }

    private static String type(ProviderError error) {
        if (error.reason() == Reason.QUOTA) {
            return "ServiceQuotaExceededException";
        }
        if (error.reason() == Reason.INVALID_KEY) {
            return "UnrecognizedClientException";
        }
        if (error.reason() == Reason.INVALID_SIGNATURE) {
            return "InvalidSignatureException";
        }
        return switch (error.status()) {
            case 403 -> "AccessDeniedException";
            case 404 -> error.reason() == Reason.UNKNOWN_URL ? "UnknownOperationException"
                    : "ResourceNotFoundException";
            case 408 -> "ModelTimeoutException";
            case 424 -> "ModelErrorException";
            case 429 -> "ThrottlingException";
            case 503 -> "ServiceUnavailableException";
            default -> error.status() < 500 ? "ValidationException" : "InternalServerException";
        };
    }
}

package io.penstock.mock;

import io.penstock.mock.Answer.Tokens;
import io.penstock.mock.Answer.ToolCall;
import io.penstock.mock.ProviderError.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Google's Gemini API, whose model and whether it streams stand in the path. A stream is one of
 * events with {@code alt=sse}, else a JSON array in pieces, as at the provider. Lines end in CRLF.
 */
final class GeminiContent implements Dialect {
    static final String SIGNATURE = "bW9jayB0aG91Z2h0IHNpZ25hdHVyZQ==";

    private static final String SSE = "alt=sse";
    private static final Set<String> MEMBERS = Set.of("contents", "systemInstruction", "tools",
            "toolConfig", "generationConfig", "safetySettings", "cachedContent", "serviceTier",
            "labels", "system_instruction", "tool_config", "generation_config",
            "safety_settings", "cached_content");

    private final boolean stream;

    GeminiContent(boolean stream) {
        this.stream = stream;
    }

    @Override
    public Ask read(RequestReader request) throws ProviderError {
        JsonBody body = JsonBody.parse(request.body());
        for (String name : body.members().keySet()) {
            if (!MEMBERS.contains(name)) {
                throw ProviderError.badRequest("Invalid JSON payload received. Unknown name \""
                        + name + "\": Cannot find field.");
            }
        }
        List<JsonBody> contents = body.objects("contents");
        if (contents.isEmpty()) {
            throw ProviderError.badRequest(
                    "* GenerateContentRequest.contents: contents is not specified");
        }
        List<String> tools = body.objects("tools").stream()
                .flatMap(tool -> tool.objects("functionDeclarations").stream())
                .map(tool -> tool.text("name")).filter(name -> name != null).toList();
        JsonBody last = contents.get(contents.size() - 1);
        return new Ask(model(request.path()), stream, !request.query().contains(SSE), true,
                body.object("generationConfig").numberOr("maxOutputTokens", Long.MAX_VALUE),
                tools, "model".equals(last.text("role")) ? text(last) : null, body);
    }

    /** Between the last slash and the method. */
    static String model(String path) {
        return path.substring(path.lastIndexOf('/') + 1, path.lastIndexOf(':'));
    }

    private static String text(JsonBody content) {
        StringBuilder text = new StringBuilder();
        for (JsonBody part : content.objects("parts")) {
            text.append(part.text("text") == null ? "" : part.text("text"));
        }
        return text.toString();
    }

    @Override
    public Json unary(Ask ask, Answer answer) {
        if (answer.isRefusal()) {
            return blocked(answer);
        }
        List<Json> parts = new ArrayList<>();
        if (!answer.reasoning().isEmpty()) {
            parts.add(thought(answer.wholeReasoning()));
        }
        if (!answer.text().isEmpty()) {
            parts.add(Json.object("text", answer.whole()));
        }
        parts.addAll(calls(answer));
        Tokens tokens = answer.tokens();
        return response(answer, parts, finish(answer), usage(tokens,
                tokens == null ? 0 : tokens.completion() - tokens.reasoning(),
                tokens == null ? 0 : tokens.reasoning()));
    }

    @Override
    public EventStream stream(Ask ask, Answer answer) {
        boolean sse = !ask.isArray();
        EventStream events = new EventStream(sse ? "text/event-stream" : "application/json");
        if (answer.isRefusal()) {
            return sse ? events.add(event(blocked(answer)))
                    : events.add("[" + blocked(answer)).end("]");
        }
        List<Json> chunks = new ArrayList<>();
        int thought = 0;
        int said = 0;
        for (String piece : answer.reasoning()) {
            chunks.add(response(answer, List.of(thought(piece)), null,
                    usageSoFar(answer, 0, ++thought)));
        }
        for (String piece : answer.text()) {
            chunks.add(response(answer, List.of(Json.object("text", piece)), null,
                    usageSoFar(answer, ++said, thought)));
        }
        if (!answer.calls().isEmpty()) { // whole, and several in one event
            chunks.add(response(answer, calls(answer), null,
                    usageSoFar(answer, said + answer.calls().size(), thought)));
        }
        Tokens tokens = answer.tokens();
        Json last = response(answer, List.of(Json.object("text", "")), finish(answer),
                tokens == null ? Json.ABSENT : usage(tokens,
                        tokens.completion() - tokens.reasoning(), tokens.reasoning()));
        if (sse) {
            chunks.forEach(chunk -> events.addContent(event(chunk)));
            return events.add(event(last));
        }
        String before = "[";
        for (Json chunk : chunks) {
            events.addContent(before + chunk);
            before = "\r\n,\r\n";
        }
        return events.add(before + last).end("]");
    }

    private static String event(Json json) {
        return "data: " + json + "\r\n\r\n";
    }

    private static Json thought(String text) {
        return Json.object("text", text, "thought", true);
    }

    /** Of parallel calls only the first is signed. */
    private static List<Json> calls(Answer answer) {
        List<Json> parts = new ArrayList<>();
        for (ToolCall call : answer.calls()) {
            parts.add(Json.object("functionCall",
                    Json.object("name", call.name(), "args", Json.raw(call.arguments())),
                    "thoughtSignature", parts.isEmpty() ? SIGNATURE : Json.ABSENT));
        }
        return parts;
    }

    private static Json response(Answer answer, List<Json> parts, @Nullable String finish,
            Object usage) {
        return Json.object("candidates", Json.array(Json.object(
                "content", Json.object("parts", parts, "role", "model"),
                "finishReason", finish == null ? Json.ABSENT : finish, "index", 0)),
                "usageMetadata", usage, "modelVersion", answer.model(),
                "responseId", answer.id());
    }

    private static Json blocked(Answer answer) {
        return Json.object("promptFeedback", Json.object("blockReason", "SAFETY",
                "safetyRatings", List.of()), "usageMetadata", usage(answer.tokens(), 0, 0),
                "modelVersion", answer.model(), "responseId", answer.id());
    }

    /** Cumulative, and none of it beyond what the last event says. */
    private static Object usageSoFar(Answer answer, long said, long thought) {
        Tokens tokens = answer.tokens();
        return tokens == null ? Json.ABSENT : usage(tokens,
                Math.min(said, tokens.completion() - tokens.reasoning()),
                Math.min(thought, tokens.reasoning()));
    }

    private static Object usage(@Nullable Tokens tokens, long said, long thought) {
        if (tokens == null) {
            return Json.ABSENT;
        }
        return Json.object("promptTokenCount", tokens.prompt(),
                "candidatesTokenCount", said == 0 ? Json.ABSENT : said,
                "totalTokenCount", tokens.prompt() + said + thought,
                "cachedContentTokenCount", tokens.cached() == 0 ? Json.ABSENT : tokens.cached(),
                "promptTokensDetails", modality(tokens.prompt()),
                "cacheTokensDetails",
                tokens.cached() == 0 ? Json.ABSENT : modality(tokens.cached()),
                "thoughtsTokenCount", thought == 0 ? Json.ABSENT : thought);
    }

    static Json modality(long tokens) {
        return Json.array(Json.object("modality", "TEXT", "tokenCount", tokens));
    }

    private static String finish(Answer answer) {
        return switch (answer.finish()) {
            case STOP, TOOLS, REFUSAL -> "STOP";
            case LENGTH -> "MAX_TOKENS";
            case FILTER -> "SAFETY";
        };
    }

    /** A wrong key is a bad request here. */
    @Override
    public int status(ProviderError error) {
        return error.reason() == Reason.INVALID_KEY ? 400 : error.status();
    }

    /** How long to wait stands in the body. */
    @Override
    public String errorFields(ProviderError error) {
        return "";
    }

    @Override
    public Json error(ProviderError error) {
        int status = status(error);
        String message = switch (error.reason()) {
            case CONTEXT_LENGTH -> "The input token count (1200000) exceeds the maximum number of "
                    + "tokens allowed (1048576).";
            case QUOTA -> "You exceeded your current quota, please check your plan and billing "
                    + "details.";
            case INVALID_KEY -> "API key not valid. Please pass a valid API key.";
            default -> error.getMessage();
        };
        return Json.object("error", Json.object("code", status, "message", message,
                "status", name(status), "details", details(error)));
    }

    private static Object details(ProviderError error) {
        String types = "type.googleapis.com/google.rpc.";
        if (error.reason() == Reason.INVALID_KEY) {
            return Json.array(Json.object("@type", types + "ErrorInfo", "reason",
                    "API_KEY_INVALID", "domain", "googleapis.com"));
        }
        if (error.reason() == Reason.QUOTA) {
            return Json.array(Json.object("@type", types + "QuotaFailure", "violations",
                    Json.array(Json.object("quotaId", "GenerateRequestsPerDay-FreeTier",
                            "quotaValue", "50"))));
        }
        return error.status() == 429 ? Json.array(
                Json.object("@type", types + "RetryInfo", "retryDelay", "1s")) : Json.ABSENT;
    }

    private static String name(int status) {
        return switch (status) {
            case 401 -> "UNAUTHENTICATED";
            case 403 -> "PERMISSION_DENIED";
            case 404 -> "NOT_FOUND";
            case 429 -> "RESOURCE_EXHAUSTED";
            case 499 -> "CANCELLED";
            case 500 -> "INTERNAL";
            case 504 -> "DEADLINE_EXCEEDED";
            default -> status < 500 ? "INVALID_ARGUMENT" : "UNAVAILABLE";
        };
    }

    @Override
    public List<String> errorEvents(Ask ask, Answer answer, ProviderError error,
            int eventsBefore) {
        if (!ask.isArray()) {
            return List.of(event(error(error)));
        }
        return List.of((eventsBefore == 0 ? "[" : "\r\n,\r\n") + error(error) + "]");
    }
}

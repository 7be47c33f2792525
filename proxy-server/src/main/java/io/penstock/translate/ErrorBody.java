package io.penstock.translate;

import io.penstock.failure.Failure;
import io.penstock.json.JsonText;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Error objects in the caller's format. */
public final class ErrorBody {
    private ErrorBody() {}

    /**
     * OpenAI's error object.
     *
     * @param attempts a JSON array of what was tried; null where nothing was
     */
    public static String openAi(Failure failure, @Nullable String attempts) {
        return openAi(failure.message(), failure.kind().type(), failure.param(),
                failure.kind().code(), attempts);
    }

    /** What a provider said, as OpenAI's error object. */
    public static String openAi(ReplyError error) {
        String code = error.kind().openAiCode();
        return openAi(error.shownMessage(), error.kind().openAiType(), error.param(),
                code == null ? error.code() : code, null);
    }

    private static String openAi(@Nullable String message, String type, @Nullable String param,
            @Nullable String code, @Nullable String attempts) {
        StringBuilder out = new StringBuilder(192).append("{\"error\":{\"message\":");
        JsonText.quote(out, message).append(",\"type\":");
        JsonText.quote(out, type).append(",\"param\":");
        JsonText.quote(out, param).append(",\"code\":");
        JsonText.quote(out, code);
        if (attempts != null) {
            out.append(",\"attempts\":").append(attempts);
        }
        return out.append("}}").toString();
    }

    /**
     * The event that ends a chat completion stream which cannot go on; no {@code [DONE]} follows.
     */
    public static String openAiEvent(Failure failure, @Nullable String attempts) {
        return "data: " + openAi(failure, attempts) + "\n\n";
    }

    /** OpenAI's error event, with what a provider said. */
    public static String openAiEvent(ReplyError error) {
        return "data: " + openAi(error) + "\n\n";
    }

    /**
     * Anthropic's error object.
     *
     * @param attempts a JSON array of what was tried; null where nothing was
     */
    public static String anthropic(Failure failure, @Nullable String attempts) {
        return anthropic(anthropicType(failure.kind()), failure.message(), failure.subcode(),
                attempts);
    }

    /** What a provider said, as Anthropic's error object. */
    public static String anthropic(ReplyError error) {
        String message = error.kind() == ReplyError.Kind.CONTEXT_LENGTH
                ? ContextLength.forAnthropic(error.message()) : error.shownMessage();
        return anthropic(error.kind().anthropicType(), message, null, null);
    }

    private static String anthropic(String type, @Nullable String message, @Nullable String subcode,
            @Nullable String attempts) {
        StringBuilder out = new StringBuilder(192)
                .append("{\"type\":\"error\",\"error\":{\"type\":");
        JsonText.quote(out, type).append(",\"message\":");
        JsonText.quote(out, message);
        if (subcode != null) {
            out.append(",\"details\":{\"error_code\":");
            JsonText.quote(out, subcode).append('}');
        }
        if (attempts != null) {
            out.append(",\"attempts\":").append(attempts);
        }
        return out.append("}}").toString();
    }

    /** The event that ends a messages stream which cannot go on; no message_stop follows. */
    public static String anthropicEvent(Failure failure, @Nullable String attempts) {
        return "event: error\ndata: " + anthropic(failure, attempts) + "\n\n";
    }

    /** Anthropic's error event, with what a provider said. */
    public static String anthropicEvent(ReplyError error) {
        return "event: error\ndata: " + anthropic(error) + "\n\n";
    }

    private static String anthropicType(Failure.Kind kind) {
        return switch (kind.status()) {
            case 401 -> "authentication_error";
            case 403 -> "permission_error";
            case 404 -> "not_found_error";
            case 413 -> "request_too_large";
            case 429 -> "rate_limit_error";
            case 503 -> "overloaded_error";
            case 504 -> "timeout_error";
            default -> kind.status() < 500 ? "invalid_request_error" : "api_error";
        };
    }

    /**
     * Google's error object (google.rpc.Status): the code that programs read is the reason of an
     * {@code ErrorInfo} among the details.
     *
     * @param attempts a JSON array of what was tried; null where nothing was
     */
    public static String google(Failure failure, @Nullable String attempts) {
        int status = failure.kind().status() == 499 ? 400 : failure.kind().status();
        return google(status, failure.message(), failure.kind().code().toUpperCase(Locale.ROOT),
                failure.param(), attempts);
    }

    /** What a provider said, as Google's error object. */
    public static String google(ReplyError error) {
        return google(error.statusFor(ReplyFormat.GEMINI), error.shownMessage(),
                error.kind().name(), error.param(), null);
    }

    private static String google(int status, @Nullable String message, String reason,
            @Nullable String param, @Nullable String attempts) {
        StringBuilder out = new StringBuilder(320).append("{\"error\":{\"code\":").append(status)
                .append(",\"message\":");
        JsonText.quote(out, message).append(",\"status\":\"").append(googleStatus(status))
                .append("\",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\","
                        + "\"reason\":\"").append(reason).append("\",\"domain\":\"penstock\"}");
        if (param != null) {
            out.append(",{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\","
                    + "\"fieldViolations\":[{\"field\":");
            JsonText.quote(out, param).append("}]}");
        }
        if (attempts != null) {
            out.append(",{\"@type\":\"penstock/attempts\",\"attempts\":").append(attempts)
                    .append('}');
        }
        return out.append("]}}").toString();
    }

    /** The name that google.rpc.Code has for a status. */
    private static String googleStatus(int status) {
        return switch (status) {
            case 401 -> "UNAUTHENTICATED";
            case 403 -> "PERMISSION_DENIED";
            case 404 -> "NOT_FOUND";
            case 429 -> "RESOURCE_EXHAUSTED";
            case 500 -> "INTERNAL";
            case 501 -> "UNIMPLEMENTED";
            case 408, 504 -> "DEADLINE_EXCEEDED";
            default -> status < 500 ? "INVALID_ARGUMENT" : "UNAVAILABLE";
        };
    }

    /** An error object in the format of {@code client}; Responses shares that of chat. */
    public static String of(ReplyFormat client, Failure failure, @Nullable String attempts) {
        return switch (client) {
            case MESSAGES -> anthropic(failure, attempts);
            case GEMINI -> google(failure, attempts);
            default -> openAi(failure, attempts);
        };
    }

    /**
     * The event that ends a stream of that format which was relayed as it came, and cannot go on.
     *
     * @param events that went by before it, which those of responses are numbered by
     */
    public static String event(ReplyFormat client, Failure failure, @Nullable String attempts,
            long events) {
        if (client == ReplyFormat.RESPONSES) {
            StringBuilder out = new StringBuilder(192)
                    .append("event: error\ndata: {\"type\":\"error\",\"code\":");
            JsonText.quote(out, failure.kind().code()).append(",\"message\":");
            JsonText.quote(out, failure.message());
            return out.append(",\"param\":null,\"sequence_number\":").append(events)
                    .append("}\n\n").toString();
        }
        return client == ReplyFormat.MESSAGES ? anthropicEvent(failure, attempts)
                : "data: " + of(client, failure, attempts) + "\n\n";
    }

    /** What a provider said, in the format of {@code client}. */
    public static String of(ReplyFormat client, ReplyError error) {
        return switch (client) {
            case MESSAGES -> anthropic(error);
            case GEMINI -> google(error);
            default -> openAi(error);
        };
    }
}

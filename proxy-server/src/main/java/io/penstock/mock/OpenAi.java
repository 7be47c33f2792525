package io.penstock.mock;

import io.penstock.mock.Answer.Tokens;
import io.penstock.mock.ProviderError.Reason;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What OpenAI's formats have in common: errors, above all. */
abstract class OpenAi implements Dialect {
    @Override
    public Json error(ProviderError error) {
        Reason reason = error.reason();
        return switch (reason) {
            case CONTEXT_LENGTH -> error("This model's maximum context length is 8192 tokens. "
                    + "However, your messages resulted in 9000 tokens. Please reduce the length "
                    + "of the messages.", "invalid_request_error", "messages",
                    "context_length_exceeded");
            case QUOTA -> error("You exceeded your current quota, please check your plan and "
                    + "billing details.", "insufficient_quota", null, "insufficient_quota");
            case INVALID_KEY -> error("Incorrect API key provided.", "invalid_request_error",
                    null, "invalid_api_key");
            case UNKNOWN_URL -> error(error.getMessage(), "invalid_request_error", null,
                    "unknown_url");
            case INVALID_SIGNATURE -> error(error.getMessage(), "invalid_request_error", null,
                    "invalid_signature");
            case STATUS, EDGE -> ofStatus(error);
        };
    }

    private static Json ofStatus(ProviderError error) {
        String code = switch (error.status()) {
            case 401 -> "invalid_api_key";
            case 403 -> "unsupported_country_region_territory";
            case 404 -> "model_not_found";
            case 429 -> "rate_limit_exceeded";
            default -> null;
        };
        String type = error.status() >= 500 ? "server_error"
                : error.status() == 429 ? "requests" : "invalid_request_error";
        return error(error.getMessage(), type, null, code);
    }

    private static Json error(@Nullable String message, String type, @Nullable String param,
            @Nullable String code) {
        return Json.object("error", Json.object("message", message, "type", type, "param", param,
                "code", code));
    }

    @Override
    public List<String> errorEvents(Ask ask, Answer answer, ProviderError error,
            int eventsBefore) {
        return List.of(Dialect.data(error(error)));
    }

    /** The usage of a chat; left out where nothing is told. */
    static Object usage(@Nullable Tokens tokens) {
        return tokens == null ? Json.ABSENT : Json.object("prompt_tokens", tokens.prompt(),
                "completion_tokens", tokens.completion(),
                "total_tokens", tokens.prompt() + tokens.completion(),
                "prompt_tokens_details", Json.object("cached_tokens", tokens.cached(),
                        "audio_tokens", 0),
                "completion_tokens_details", Json.object("reasoning_tokens", tokens.reasoning(),
                        "audio_tokens", 0, "accepted_prediction_tokens", 0,
                        "rejected_prediction_tokens", 0));
    }
}

package io.penstock.translate;

import io.penstock.provider.ReplyVerdict;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a provider says went wrong, in no provider's words.
 *
 * @param status of the reply, or the one that the error itself names; 0 where neither is known
 * @param message the provider's own words, at most {@value #MAX_MESSAGE_CHARS} characters; for the
 *        operator, since it may tell of the proxy's own account; never null
 * @param code the provider's own code or type, for the log
 * @param param the request field at fault
 */
public record ReplyError(Kind kind, int status, String message, @Nullable String code,
        @Nullable String param) {
    /** Of an error's text. */
    public static final int MAX_MESSAGE_CHARS = 4 * 1024;

    /** What kind of error it is; each has its words in the callers' formats. */
    public enum Kind {
        BAD_REQUEST(400, "invalid_request_error", null, 400, "invalid_request_error"),
        CONTEXT_LENGTH(400, "invalid_request_error", "context_length_exceeded", 400,
                "invalid_request_error"),
        CONTENT_FILTER(400, "invalid_request_error", "content_filter", 400,
                "invalid_request_error"),
        /** The proxy's own key or account: a caller told 401 would doubt its own. */
        BAD_KEY(502, "server_error", "upstream_error", 502, "api_error"),
        NOT_FOUND(404, "invalid_request_error", "model_not_found", 404, "not_found_error"),
        TOO_LARGE(413, "invalid_request_error", "request_too_large", 413, "request_too_large"),
        RATE_LIMITED(429, "requests", "rate_limit_exceeded", 429, "rate_limit_error"),
        /** The account is empty. */
        QUOTA(429, "insufficient_quota", "insufficient_quota", 429, "rate_limit_error"),
        TIMEOUT(504, "server_error", "upstream_timeout", 504, "timeout_error"),
        OVERLOADED(503, "server_error", "overloaded", 529, "overloaded_error"),
        UPSTREAM_ERROR(502, "server_error", "upstream_error", 500, "api_error");

        private final int openAiStatus;
        private final String openAiType;
        private final @Nullable String openAiCode;
        private final int anthropicStatus;
        private final String anthropicType;

        Kind(int openAiStatus, String openAiType, @Nullable String openAiCode, int anthropicStatus,
                String anthropicType) {
            this.openAiStatus = openAiStatus;
            this.openAiType = openAiType;
            this.openAiCode = openAiCode;
            this.anthropicStatus = anthropicStatus;
            this.anthropicType = anthropicType;
        }

        String openAiType() {
            return openAiType;
        }

        @Nullable String openAiCode() {
            return openAiCode;
        }

        String anthropicType() {
            return anthropicType;
        }
    }

    private static final String[] KEY_WORDS = {"incorrect api key", "invalid api key",
        "api key not valid", "credit balance is too low"};

    /** The message for callers: of the proxy's own key and account they need not know. */
    String shownMessage() {
        return kind == Kind.BAD_KEY ? "The provider does not accept the proxy's credentials."
                : message;
    }

    /** The status with which a caller of that format is told. */
    public int statusFor(ReplyFormat client) {
        return client == ReplyFormat.MESSAGES ? kind.anthropicStatus : kind.openAiStatus;
    }

    /** An error found to be so by the proxy, not said by the provider. */
    static ReplyError of(String message) {
        return new ReplyError(Kind.UPSTREAM_ERROR, 0, message, null, null);
    }

    /**
     * An error of those words: what it calls itself counts for more than its status, unless it
     * calls itself no more than an error.
     */
    static ReplyError of(int status, @Nullable String type, @Nullable String code,
            @Nullable String message, @Nullable String param) {
        int number = status > 0 && status != 200 ? status : statusIn(code);
        String text = message == null || message.isBlank() ? "The provider failed without a word."
                : message.length() <= MAX_MESSAGE_CHARS ? message
                : message.substring(0, MAX_MESSAGE_CHARS);
        Kind kind = named(code);
        if (kind == null || kind == Kind.UPSTREAM_ERROR || kind == Kind.BAD_REQUEST) {
            Kind byType = named(type);
            kind = byType == null || byType == Kind.BAD_REQUEST && kind != null ? kind : byType;
        }
        if (kind == null || kind == Kind.BAD_REQUEST || kind == Kind.UPSTREAM_ERROR) {
            Kind byStatus = ofStatus(number);
            kind = byStatus == null ? kind : byStatus;
        }
        boolean refused = kind == Kind.BAD_REQUEST || kind == Kind.TOO_LARGE;
        if ((refused || number == 403) && ReplyVerdict.isTooLong(text)) {
            kind = Kind.CONTEXT_LENGTH; // which one provider calls forbidden
        } else if (refused && says(text, KEY_WORDS)) {
            kind = Kind.BAD_KEY;
        }
        return new ReplyError(kind == null ? Kind.UPSTREAM_ERROR : kind, number, text,
                code == null ? type : code, param);
    }

    /** What a provider's type or code means; null for one that says nothing. */
    private static @Nullable Kind named(@Nullable String word) {
        return word == null ? null : switch (word.toLowerCase(Locale.ROOT)) {
            case "overloaded_error", "overloaded", "unavailable", "serviceunavailableexception",
                    "serviceunavailable" -> Kind.OVERLOADED;
            case "rate_limit_error", "rate_limit_exceeded", "rate_limited", "resource_exhausted",
                    "throttlingexception", "modelnotreadyexception", "ratelimitreached",
                    "too_many_requests" -> Kind.RATE_LIMITED;
            case "insufficient_quota", "billing_error" -> Kind.QUOTA;
            case "context_length_exceeded", "string_above_max_length",
                    "exceed_context_size_error" -> Kind.CONTEXT_LENGTH;
            case "content_filter", "content_policy_violation" -> Kind.CONTENT_FILTER;
            case "authentication_error", "invalid_api_key", "permission_error", "unauthenticated",
                    "permission_denied", "accessdeniedexception", "unrecognizedclientexception",
                    "invalidsignatureexception", "expiredtokenexception",
                    "servicequotaexceededexception" -> Kind.BAD_KEY;
            case "not_found_error", "model_not_found", "not_found", "resourcenotfoundexception",
                    "deploymentnotfound", "notfounderror" -> Kind.NOT_FOUND;
            case "request_too_large" -> Kind.TOO_LARGE;
            case "timeout_error", "deadline_exceeded", "modeltimeoutexception", "timeout" ->
                    Kind.TIMEOUT;
            case "invalid_request_error", "invalid_argument", "validationexception",
                    "badrequesterror", "invalid_prompt" -> Kind.BAD_REQUEST;
            case "api_error", "server_error", "internalserverexception", "internal",
                    "internalservererror", "modelstreamerrorexception", "modelerrorexception" ->
                    Kind.UPSTREAM_ERROR;
            default -> null;
        };
    }

    private static @Nullable Kind ofStatus(int status) {
        return switch (status) {
            case 401, 402, 403 -> Kind.BAD_KEY;
            case 404 -> Kind.NOT_FOUND;
            case 413 -> Kind.TOO_LARGE;
            case 429 -> Kind.RATE_LIMITED;
            case 408, 504 -> Kind.TIMEOUT;
            case 503, 529 -> Kind.OVERLOADED;
            default -> status >= 500 || status == 409 || status == 424 || status == 498
                    ? Kind.UPSTREAM_ERROR : status >= 400 ? Kind.BAD_REQUEST : null;
        };
    }

    private static int statusIn(@Nullable String code) {
        if (code == null || code.length() != 3) {
            return 0;
        }
        int status = 0;
        for (int i = 0; i < 3; i++) {
            int digit = code.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return 0;
            }
            status = status * 10 + digit;
        }
        return status >= 400 ? status : 0;
    }

    private static boolean says(String text, String[] words) {
        String lower = text.toLowerCase(Locale.ROOT);
        for (String word : words) {
            if (lower.contains(word)) {
                return true;
            }
        }
        return false;
    }
}

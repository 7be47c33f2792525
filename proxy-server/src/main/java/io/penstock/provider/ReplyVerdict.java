package io.penstock.provider;

import java.util.Locale;
import java.util.regex.Pattern;

/** What a provider's status, and where it takes that its body, says about who should go on how. */
public enum ReplyVerdict {
    /** An answer. */
    GOOD,
    /** The caller's own fault, or the provider's considered refusal: passed on at once. */
    CALLERS_FAULT,
    /** The prompt is too long for this model: another one may take it, this one never will. */
    CONTEXT_LENGTH,
    /**
     * A field of the request is unknown here: another provider may take it, and neither this one
     * nor its key is at fault.
     */
    UNKNOWN_FIELD,
    /** The proxy's key or account is bad: nothing that the caller could mend. */
    BAD_KEY,
    /** Too much at once; the key should rest. */
    RATE_LIMITED,
    /** A fault that may be gone in a moment. */
    TRANSIENT,
    /** The provider's fault; another one should be asked. */
    FAULTY;

    /** As every provider says it that is known to; a rate limit is said in other words. */
    private static final String[] CONTEXT_WORDS = {"context_length_exceeded", "context length",
        "context window", "context limit", "context size", "maximum context",
        "prompt is too long", "prompt too long", "input is too long", "too many tokens",
        "too many input tokens", "exceeds the maximum number of tokens", "reduce the length",
        "maximum prompt length", "maximum model length", "maximum input length",
        "input token count", "input tokens exceed", "model only supports up to",
        "`max_new_tokens` must be"};
    private static final String[] RATE_WORDS = {"per minute", "rate limit"};
    private static final String[] KEY_WORDS = {"incorrect api key", "invalid api key",
        "invalid_api_key", "api key not valid", "api_key_invalid", "credit balance is too low",
        "authentication_error", "specified api usage limits"};
    private static final String[] FIELD_WORDS = {"extra_forbidden",
        "extra inputs are not permitted", "unrecognized request argument", "unknown parameter:",
        "unknown_parameter", "unsupported parameter:", "unsupported_parameter", "unsupported_value",
        "' is unsupported",
        "unknown name \\\"", "argument not supported", "additional properties are not allowed",
        "unknown field"};
    private static final String[] QUOTA_WORDS = {"insufficient_quota"};
    private static final String[] TOO_LARGE_WORDS = {"request too large"};

    private static final Pattern URL = Pattern.compile("https?:[^\\s\"]+");
    private static final Pattern OF_KEY = Pattern.compile(
            "\\b(organi[sz]ation|account|workspace|api[ _-]?key|this key|your key|per key"
                    + "|key limit)\\b",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern OF_MODEL = Pattern.compile("\\bmodels?\\b"
            + "|\\breached for (?!your\\b|this\\b|the\\b|api\\b|key\\b|org|account|workspace)",
            Pattern.CASE_INSENSITIVE);

    /**
     * Judges a reply as most providers mean it.
     *
     * @param body the beginning of it, as text
     */
    public static ReplyVerdict of(int status, String body) {
        if (status >= 200 && status < 300) {
            return GOOD;
        }
        return switch (status) {
            case 401, 402, 403 -> BAD_KEY;
            case 400, 413, 422 -> isTooLong(body) ? CONTEXT_LENGTH
                    : status == 400 && says(body, KEY_WORDS) ? BAD_KEY
                    : says(body, FIELD_WORDS) ? UNKNOWN_FIELD : CALLERS_FAULT;
            case 429 -> RATE_LIMITED;
            case 500, 502 -> TRANSIENT;
            case 404, 408, 409, 424, 498 -> FAULTY;
            default -> status >= 400 && status < 500 ? CALLERS_FAULT : FAULTY;
        };
    }

    /** Whether an error says that the prompt is too long for the model. */
    public static boolean isTooLong(String body) {
        return says(body, CONTEXT_WORDS) && !says(body, RATE_WORDS);
    }

    /**
     * Whether a reply of that status counts against the provider's model. A model that isn't there
     * does not: any caller can ask for one; nor does what is called a bad request.
     */
    public boolean isProvidersFault(int status) {
        return (this == TRANSIENT || this == FAULTY) && status != 400 && status != 404
                && status != 409;
    }

    /** Whether a 429 means an empty account, not a busy minute. */
    public static boolean isQuotaSpent(String body) {
        return says(body, QUOTA_WORDS);
    }

    /** Whether a 429 means that this request exceeds a whole minute's limit by itself. */
    public static boolean isTooLarge(String body) {
        return says(body, TOO_LARGE_WORDS);
    }

    /**
     * Whether a 429 speaks of a limit of the key, the account or the organisation and names no
     * model: "Rate limit reached for gpt-4o in organization org-1" is one of the model.
     */
    public static boolean isLimitOfKey(String body, String model) {
        String text = URL.matcher(body).replaceAll("");
        return OF_KEY.matcher(text).find() && !OF_MODEL.matcher(text).find()
                && !text.contains(model);
    }

    private static boolean says(String body, String[] words) {
        String lower = body.toLowerCase(Locale.ROOT);
        for (String word : words) {
            if (lower.contains(word)) {
                return true;
            }
        }
        return false;
    }
}

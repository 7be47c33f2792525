package io.penstock.failure;

import org.jspecify.annotations.Nullable;

/**
 * Why an exchange failed.
 *
 * @param message for the caller: what is wrong and what to do about it
 * @param param the request field at fault, if any, for the caller
 * @param detail if any, for the operator's log, never for the caller
 * @param subcode if any, by which Anthropic's own libraries know what to do about it
 * @param limit if any, the name of the limit that refused the request, for metrics
 */
public record Failure(Kind kind, String message, @Nullable String param, @Nullable String detail,
        @Nullable String subcode, @Nullable String limit) {
    public Failure(Kind kind, String message, @Nullable String param, @Nullable String detail) {
        this(kind, message, param, detail, null, null);
    }

    /** A failure that no limit made. */
    public Failure(Kind kind, String message, @Nullable String param, @Nullable String detail,
            @Nullable String subcode) {
        this(kind, message, param, detail, subcode, null);
    }

    /** Whose fault it is: decides failover and health. */
    public enum Side { DOWNSTREAM, UPSTREAM, PROXY }

    /** The code is public and stable: callers, logs and metrics share it. */
    public enum Kind {
        BAD_REQUEST(Side.DOWNSTREAM, 400, "invalid_request", Kind.INVALID_REQUEST),
        INVALID_JSON(Side.DOWNSTREAM, 400, "invalid_json", Kind.INVALID_REQUEST),
        MISSING_MODEL(Side.DOWNSTREAM, 400, "missing_model", Kind.INVALID_REQUEST),
        UNSUPPORTED_PARAMETER(Side.DOWNSTREAM, 400, "unsupported_parameter",
                Kind.INVALID_REQUEST),
        INVALID_API_KEY(Side.DOWNSTREAM, 401, "invalid_api_key", Kind.INVALID_REQUEST),
        MODEL_NOT_ALLOWED(Side.DOWNSTREAM, 403, "model_not_allowed", Kind.INVALID_REQUEST),
        ORIGIN_NOT_ALLOWED(Side.DOWNSTREAM, 403, "origin_not_allowed", Kind.INVALID_REQUEST),
        MODEL_NOT_FOUND(Side.DOWNSTREAM, 404, "model_not_found", Kind.INVALID_REQUEST),
        UNKNOWN_URL(Side.DOWNSTREAM, 404, "unknown_url", Kind.INVALID_REQUEST),
        METHOD_NOT_ALLOWED(Side.DOWNSTREAM, 405, "method_not_allowed", Kind.INVALID_REQUEST),
        REQUEST_TIMEOUT(Side.DOWNSTREAM, 408, "request_timeout", Kind.INVALID_REQUEST),
        REQUEST_TOO_LARGE(Side.DOWNSTREAM, 413, "request_too_large", Kind.INVALID_REQUEST),
        URI_TOO_LONG(Side.DOWNSTREAM, 414, "uri_too_long", Kind.INVALID_REQUEST),
        UNSUPPORTED_MEDIA_TYPE(Side.DOWNSTREAM, 415, "unsupported_media_type",
                Kind.INVALID_REQUEST),
        EXPECTATION_FAILED(Side.DOWNSTREAM, 417, "expectation_failed", Kind.INVALID_REQUEST),
        RATE_LIMITED(Side.DOWNSTREAM, 429, "rate_limit_exceeded", "requests"),
        INSUFFICIENT_QUOTA(Side.DOWNSTREAM, 429, "insufficient_quota", "insufficient_quota"),
        HEAD_TOO_LARGE(Side.DOWNSTREAM, 431, "request_head_too_large", Kind.INVALID_REQUEST),
        CALLER_GONE(Side.DOWNSTREAM, 499, "caller_gone", Kind.INVALID_REQUEST),
        NOT_IMPLEMENTED(Side.DOWNSTREAM, 501, "not_implemented", Kind.INVALID_REQUEST),
        VERSION_NOT_SUPPORTED(Side.DOWNSTREAM, 505, "http_version_not_supported",
                Kind.INVALID_REQUEST),
        OVERLOADED(Side.PROXY, 503, "overloaded", "server_error"),
        NO_HEALTHY_PROVIDER(Side.PROXY, 503, "no_healthy_provider", "server_error"),
        UPSTREAM_ERROR(Side.UPSTREAM, 502, "upstream_error", "server_error"),
        UPSTREAM_TIMEOUT(Side.UPSTREAM, 504, "upstream_timeout", "server_error");

        private static final String INVALID_REQUEST = "invalid_request_error";

        private final Side side;
        private final int status;
        private final String code;
        private final String type;

        Kind(Side side, int status, String code, String type) {
            this.side = side;
            this.status = status;
            this.code = code;
            this.type = type;
        }

        public Side side() {
            return side;
        }

        public int status() {
            return status;
        }

        public String code() {
            return code;
        }

        /** The {@code type} of OpenAI's error object. */
        public String type() {
            return type;
        }
    }

    /** This failure, made by the limit of that name. */
    public Failure by(String name) {
        return new Failure(kind, message, param, detail, subcode, name);
    }

    public static Failure of(Kind kind, String message) {
        return new Failure(kind, message, null, null);
    }
}

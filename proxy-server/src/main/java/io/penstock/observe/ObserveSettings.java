package io.penstock.observe;

import io.penstock.trace.OtlpSettings;
import org.jspecify.annotations.Nullable;

/**
 * The {@code observe} section.
 *
 * @param accessLog where one line an exchange goes: {@code -} is standard output, else a file's
 *     path; null writes none
 * @param json one JSON object a line; else {@code key=value} text
 * @param fullHeaders answers name provider, model, attempts and timings; else only the request id
 * @param otlp how traces are exported; null for none
 */
public record ObserveSettings(@Nullable String accessLog, boolean json, boolean fullHeaders,
        @Nullable OtlpSettings otlp) {
    public static final ObserveSettings DEFAULT = new ObserveSettings("-", true, true);

    /** Without traces. */
    public ObserveSettings(@Nullable String accessLog, boolean json, boolean fullHeaders) {
        this(accessLog, json, fullHeaders, null);
    }
}

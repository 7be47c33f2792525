package io.penstock.observe;

import io.penstock.log.LogSettings;
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
 * @param log the lines on standard error
 * @param postHog where events about calls go; null for nowhere
 */
public record ObserveSettings(@Nullable String accessLog, boolean json, boolean fullHeaders,
        @Nullable OtlpSettings otlp, LogSettings log, @Nullable PostHogSettings postHog) {
    public static final ObserveSettings DEFAULT = new ObserveSettings("-", true, true);

    /** What is told of exchanges, with everything else as it is by default. */
    public ObserveSettings(@Nullable String accessLog, boolean json, boolean fullHeaders) {
        this(accessLog, json, fullHeaders, null, LogSettings.DEFAULT, null);
    }

    /** These settings with that application log. */
    public ObserveSettings withLog(LogSettings now) {
        return new ObserveSettings(accessLog, json, fullHeaders, otlp, now, postHog);
    }

    /** These settings without an access log. */
    public ObserveSettings withoutAccessLog() {
        return new ObserveSettings(null, json, fullHeaders, otlp, log, postHog);
    }
}

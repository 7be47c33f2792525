package io.penstock.upstream;

import io.penstock.http.Field;
import io.penstock.http.ResponseHead;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long a provider asks to be left alone: {@code retry-after-ms}, {@code retry-after} (RFC 9110
 * section 10.2.3: seconds, tolerated with decimals, or a date), or the reset of a spent limit.
 */
public final class RetryAfter {
    /** A provider that asks for longer is not believed: it is asked again after this. */
    public static final long MAX_NANOS = TimeUnit.HOURS.toNanos(1);

    /** What {@link #nanos} returns when the head says nothing. */
    public static final long NONE = -1;

    private static final Pattern PART = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)(ms|h|m|s)");

    private RetryAfter() {}

    /** Nanoseconds to wait, {@link #MAX_NANOS} at most; {@link #NONE} if nothing is said. */
    public static long nanos(ResponseHead head, Instant now) {
        long nanos = NONE;
        if (head.has(Field.RETRY_AFTER_MS)) {
            nanos = seconds(head.value(Field.RETRY_AFTER_MS), 1e6);
        }
        if (nanos == NONE && head.has(Field.RETRY_AFTER)) {
            String value = head.value(Field.RETRY_AFTER);
            nanos = seconds(value, 1e9);
            nanos = nanos == NONE ? date(value, now) : nanos;
        }
        if (nanos == NONE) {
            nanos = Math.max(reset(head, "requests"), reset(head, "tokens"));
        }
        return Math.min(nanos, MAX_NANOS);
    }

    /** A wait that is known from elsewhere: nanoseconds, {@link #MAX_NANOS} at most. */
    static long nanos(Duration wait) {
        return wait.compareTo(Duration.ofNanos(MAX_NANOS)) < 0 ? wait.toNanos() : MAX_NANOS;
    }

    private static long seconds(String value, double nanosPerUnit) {
        try {
            double number = Double.parseDouble(value);
            return number >= 0 ? (long) Math.min(number * nanosPerUnit, MAX_NANOS) : NONE;
        } catch (NumberFormatException e) {
            return NONE; // perhaps a date
        }
    }

    private static long date(String value, Instant now) {
        try {
            Instant then = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
            Duration wait = Duration.between(now, then);
            return wait.isNegative() ? 0 : Math.min(wait.toSeconds(), 3600) * 1_000_000_000L;
        } catch (DateTimeParseException e) {
            return NONE; // neither: the provider said nothing that can be understood
        }
    }

    /** The reset of a limit with nothing left, a duration like {@code 1h2m3.5s} or {@code 12ms}. */
    private static long reset(ResponseHead head, String what) {
        if (!"0".equals(head.value("x-ratelimit-remaining-" + what))) {
            return NONE;
        }
        String value = head.value("x-ratelimit-reset-" + what);
        if (value == null) {
            return NONE;
        }
        Matcher parts = PART.matcher(value);
        double nanos = 0;
        int at = 0;
        while (parts.find() && parts.start() == at) {
            nanos += Double.parseDouble(parts.group(1)) * switch (parts.group(2)) {
                case "h" -> 3600e9;
                case "m" -> 60e9;
                case "s" -> 1e9;
                default -> 1e6;
            };
            at = parts.end();
        }
        return at == value.length() && at > 0 ? (long) Math.min(nanos, MAX_NANOS)
                : seconds(value, 1e9);
    }
}

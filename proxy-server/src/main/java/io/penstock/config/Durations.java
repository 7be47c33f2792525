package io.penstock.config;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Durations as the configuration writes them: one number, one unit. */
public final class Durations {
    public static final String EXPECTED = "a duration such as 250ms, 2s, 5m or 1h, of 365d at most";

    private static final Pattern FORM = Pattern.compile("(\\d{1,9})(us|µs|μs|ms|s|m|h|d)|0");
    private static final Duration LONGEST = Duration.ofDays(365); // far from overflow in nanos

    private Durations() {}

    /** Null when the text is no duration. */
    public static @Nullable Duration parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            return null;
        }
        if (form.group(1) == null) {
            return Duration.ZERO;
        }
        Duration duration = Duration.of(Long.parseLong(form.group(1)), unit(form.group(2)));
        return duration.compareTo(LONGEST) > 0 ? null : duration;
    }

    private static ChronoUnit unit(String name) {
        return switch (name) {
            case "ms" -> ChronoUnit.MILLIS;
            case "s" -> ChronoUnit.SECONDS;
            case "m" -> ChronoUnit.MINUTES;
            case "h" -> ChronoUnit.HOURS;
            case "d" -> ChronoUnit.DAYS;
            default -> ChronoUnit.MICROS;
        };
    }

    /** In the largest unit that needs no fraction. */
    static String format(Duration duration) {
        long micros = duration.toNanos() / 1000;
        if (micros % 1000 != 0) {
            return micros + "us";
        }
        long millis = micros / 1000;
        if (millis % 1000 != 0) {
            return millis + "ms";
        }
        long seconds = millis / 1000;
        if (seconds == 0 || seconds % 60 != 0) {
            return seconds + "s";
        }
        return seconds % 3600 == 0 ? seconds / 3600 + "h" : seconds / 60 + "m";
    }
}

package io.penstock.provider;

import java.math.BigDecimal;
import java.text.ParsePosition;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads how long to wait, in all the ways in which providers write it: seconds with or without
 * decimals; {@code 250ms}, {@code 1m7.5s}, {@code 1h2m3s}, {@code 1d}; a moment as an HTTP date in
 * one of its three forms (RFC 9110 section 5.6.7), as RFC 3339 has it, or as seconds or
 * milliseconds since 1970. A moment that is past is no wait.
 */
public final class WaitText {
    /** Longer than any provider means: 292 years would overflow. */
    private static final Duration LONGEST = Duration.ofDays(36500);
    private static final BigDecimal FIRST_EPOCH_SECOND = BigDecimal.valueOf(1_000_000_000L);
    private static final BigDecimal FIRST_EPOCH_MILLI = BigDecimal.valueOf(100_000_000_000L);
    private static final int MAX_CHARS = 64;

    private static final Pattern NUMBER = Pattern.compile("\\d+(?:\\.\\d*)?(?:[eE]\\+?\\d{1,3})?");
    private static final Pattern PART = Pattern.compile("(\\d{1,15}(?:\\.\\d{1,15})?)(ms|d|h|m|s)");
    private static final Pattern WEEKDAY = Pattern.compile("^[A-Za-z]{3,9},? +");

    private static final List<DateTimeFormatter> DATES = List.of(
            DateTimeFormatter.ofPattern("d MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH),
            new DateTimeFormatterBuilder().appendPattern("dd-MMM-")
                    .appendValueReduced(ChronoField.YEAR, 2, 2, 2000)
                    .appendPattern(" HH:mm:ss 'GMT'").toFormatter(Locale.ENGLISH),
            DateTimeFormatter.ofPattern("MMM ppd HH:mm:ss yyyy", Locale.ENGLISH));

    private WaitText() {}

    /** The wait that a text asks for; null if it can't be understood. */
    public static @Nullable Duration read(String text, Instant now) {
        String value = text.strip();
        if (value.isEmpty() || value.length() > MAX_CHARS) {
            return null;
        }
        if (value.equals("Infinity")) {
            return LONGEST;
        }
        if (NUMBER.matcher(value).matches()) {
            BigDecimal number = new BigDecimal(value);
            if (number.compareTo(FIRST_EPOCH_SECOND) < 0) {
                return seconds(number, 0);
            }
            boolean millis = number.compareTo(FIRST_EPOCH_MILLI) >= 0;
            Duration sinceEpoch = seconds(number, millis ? 3 : 0);
            return wait(now, Instant.EPOCH.plus(sinceEpoch));
        }
        Duration parts = parts(value);
        return parts != null ? parts : moment(value, now);
    }

    /** The wait of so many milliseconds; null for anything else than a number. */
    public static @Nullable Duration readMillis(String text) {
        String value = text.strip();
        return value.length() <= MAX_CHARS && NUMBER.matcher(value).matches()
                ? seconds(new BigDecimal(value), 3) : null;
    }

    private static Duration seconds(BigDecimal number, int decimals) {
        BigDecimal seconds = number.movePointLeft(decimals);
        return seconds.compareTo(BigDecimal.valueOf(LONGEST.toSeconds())) >= 0 ? LONGEST
                : Duration.ofNanos(seconds.movePointRight(9).longValue());
    }

    private static @Nullable Duration parts(String value) {
        Matcher parts = PART.matcher(value);
        Duration sum = Duration.ZERO;
        int at = 0;
        while (at < value.length() && parts.find(at) && parts.start() == at) {
            long millis = switch (parts.group(2)) {
                case "d" -> 86_400_000;
                case "h" -> 3_600_000;
                case "m" -> 60_000;
                case "s" -> 1000;
                default -> 1;
            };
            sum = sum.plus(seconds(new BigDecimal(parts.group(1))
                    .multiply(BigDecimal.valueOf(millis)), 3));
            at = parts.end();
        }
        return at == value.length() ? sum.compareTo(LONGEST) < 0 ? sum : LONGEST : null;
    }

    private static @Nullable Duration moment(String value, Instant now) {
        if (Character.isDigit(value.charAt(0)) && value.indexOf('T') > 0) {
            try {
                return wait(now, OffsetDateTime.parse(value).toInstant());
            } catch (DateTimeException e) {
                return null; // no moment of RFC 3339
            }
        }
        String date = WEEKDAY.matcher(value).replaceFirst("");
        for (DateTimeFormatter format : DATES) {
            ParsePosition at = new ParsePosition(0);
            TemporalAccessor parsed = format.parseUnresolved(date, at);
            if (parsed != null && at.getIndex() == date.length()) {
                try {
                    return wait(now, LocalDateTime.parse(date, format).toInstant(ZoneOffset.UTC));
                } catch (DateTimeException e) {
                    return null; // a date that no calendar has
                }
            }
        }
        return null;
    }

    private static Duration wait(Instant now, Instant then) {
        Duration wait = Duration.between(now, then);
        return wait.isNegative() ? Duration.ZERO : wait.compareTo(LONGEST) < 0 ? wait : LONGEST;
    }
}

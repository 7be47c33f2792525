package io.penstock.store;

import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;

/**
 * Calendar months in UTC as plain numbers: twelve times the year, plus the month from zero. What is
 * used is booked under its month, so that no job has to reset anything.
 *
 * <p><b>Thread:</b> safe.
 */
public final class Month {
    private static volatile Span last = Span.of(0);

    private record Span(int month, long startMillis, long endMillis) {
        static Span of(long epochMillis) {
            YearMonth month = YearMonth.from(
                    Instant.ofEpochMilli(epochMillis).atOffset(ZoneOffset.UTC));
            return new Span(month.getYear() * 12 + month.getMonthValue() - 1,
                    start(month), start(month.plusMonths(1)));
        }

        private static long start(YearMonth month) {
            return month.atDay(1).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
        }
    }

    private Month() {}

    /** The month that this moment is in. */
    public static int of(long epochMillis) {
        return span(epochMillis).month();
    }

    /** How long it takes from this moment until the next month begins. */
    public static long millisLeft(long epochMillis) {
        return span(epochMillis).endMillis() - epochMillis;
    }

    /** As {@code 2026-11}. */
    public static String text(int month) {
        return YearMonth.of(Math.floorDiv(month, 12), Math.floorMod(month, 12) + 1).toString();
    }

    /**
     * Reads {@code 2026-11}.
     *
     * @throws java.time.format.DateTimeParseException if it is no month
     */
    public static int parse(String text) {
        YearMonth month = YearMonth.parse(text);
        return month.getYear() * 12 + month.getMonthValue() - 1;
    }

    private static Span span(long epochMillis) {
        Span span = last;
        if (epochMillis < span.startMillis() || epochMillis >= span.endMillis()) {
            span = Span.of(epochMillis);
            last = span;
        }
        return span;
    }
}

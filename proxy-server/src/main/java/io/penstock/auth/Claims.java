package io.penstock.auth;

import java.math.BigDecimal;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What a token with a good signature says (RFC 7519 section 4.1, and the claims that tighten). Each
 * question throws if the claim is there and is not of its type, {@code null} included: a limit that
 * can't be read must not turn into none.
 */
record Claims(Map<String, Object> json) {
    static final int MAX_SUBJECT_CHARS = 256;

    private static final long FARTHEST_MILLIS = 1L << 60; // sums with a leeway don't overflow
    private static final BigDecimal NANO_DOLLARS = BigDecimal.valueOf(1_000_000_000);
    private static final BigDecimal MOST = BigDecimal.valueOf(Long.MAX_VALUE);

    boolean has(String name) {
        return json.containsKey(name);
    }

    private static ParseException mistaken(String name) {
        return new ParseException(name, 0);
    }

    /** {@code sub}: from one character to {@value #MAX_SUBJECT_CHARS}, all of them visible. */
    String subject() throws ParseException {
        if (json.get("sub") instanceof String subject && !subject.isEmpty()
                && subject.length() <= MAX_SUBJECT_CHARS
                && subject.codePoints().allMatch(Claims::isVisible)) {
            return subject;
        }
        throw mistaken("sub");
    }

    /** Whether a log line or a page can show it without being led astray by it. */
    private static boolean isVisible(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE,
                    Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR,
                    Character.UNASSIGNED -> false;
            default -> true;
        };
    }

    /** A time in seconds since 1970, as milliseconds; fractions are allowed. */
    long timeMillis(String name) throws ParseException {
        Object value = json.get(name);
        long millis;
        if (value instanceof Long seconds) {
            millis = TimeUnit.SECONDS.toMillis(seconds);
        } else if (value instanceof Double seconds) {
            millis = (long) (seconds * 1000);
        } else {
            throw mistaken(name);
        }
        return Math.max(-FARTHEST_MILLIS, Math.min(millis, FARTHEST_MILLIS));
    }

    /** Whether a claim that may hold one text or several of them has this one among them. */
    boolean contains(String name, String text) throws ParseException {
        if (!has(name)) {
            return false;
        }
        Object value = json.get(name);
        if (value instanceof List<?> several) {
            return several.contains(text);
        }
        if (value instanceof String one) {
            return one.equals(text);
        }
        throw mistaken(name);
    }

    /** A list of words, or a text of words with blanks or commas between; empty if it is absent. */
    List<String> words(String name) throws ParseException {
        if (!has(name)) {
            return List.of();
        }
        List<String> words = new ArrayList<>();
        Object value = json.get(name);
        List<?> items = value instanceof List<?> list ? list
                : value instanceof String text ? List.of(text.strip().split("[\\s,]+")) : List.of();
        for (Object item : items) {
            if (!(item instanceof String word) || word.isBlank()) {
                throw mistaken(name);
            }
            words.add(word);
        }
        if (words.isEmpty()) {
            throw mistaken(name); // nothing to be used: no token is needed for that
        }
        return words;
    }

    /** A whole number above zero; zero if it is absent. */
    long bound(String name) throws ParseException {
        if (!has(name)) {
            return 0;
        }
        if (json.get(name) instanceof Long value && value > 0) {
            return value;
        }
        throw mistaken(name);
    }

    /** Dollars above zero in billionths, one at least; zero if it is absent. */
    long nanoDollars(String name) throws ParseException {
        if (!has(name)) {
            return 0;
        }
        Object value = json.get(name);
        BigDecimal dollars = value instanceof Long whole ? BigDecimal.valueOf(whole)
                : value instanceof Double broken ? BigDecimal.valueOf(broken) : BigDecimal.ZERO;
        if (dollars.signum() <= 0) {
            throw mistaken(name);
        }
        return Math.max(1, dollars.multiply(NANO_DOLLARS).min(MOST).longValue());
    }
}

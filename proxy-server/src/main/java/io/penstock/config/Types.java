package io.penstock.config;

import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The kinds of single value that the schema is made of. */
final class Types {
    private static final String WHOLE_NUMBER = "[-+]?\\d{1,18}";

    static final Type<String> TEXT = text("text", "text", text -> text.isEmpty() ? null : text);

    /** Text that no message may show. */
    static final Type<String> SECRET = new ScalarType<>("secret", "text", false, true,
            text -> text.isEmpty() ? null : text, text -> "****");

    /** A variable's name; not shown when it is none, since it may well be the key itself. */
    static final Type<String> VARIABLE = new ScalarType<>("variable's name",
            "the name of an environment variable such as OPENAI_API_KEY", false, true,
            text -> text.matches("[A-Za-z_][A-Za-z0-9_]*") ? text : null, Function.identity());

    static final Type<Boolean> FLAG = new ScalarType<>("true or false", "true or false", true,
            false, Types::flag, String::valueOf);

    static final Type<Duration> DURATION = new ScalarType<>("duration", Durations.EXPECTED, false,
            false, Durations::parse, Durations::format);

    static final Type<Long> SIZE = new ScalarType<>("size", Sizes.EXPECTED, false, false,
            Sizes::parse, Sizes::format);

    static final Type<HostPort> ADDRESS = new ScalarType<>("HOST:PORT", HostPort.EXPECTED, false,
            false, HostPort::parse, HostPort::toString);

    static final Type<URI> URL = new ScalarType<>("URL", "a URL such as https://HOST/PATH", false,
            false, Types::url, Types::withoutUser, url -> withoutUser(url.toString()));

    static final Type<Path> PATH = new ScalarType<>("path", "a file's path", false, false,
            Types::path, Path::toString);

    /** A forward proxy's URL, which may hold a password. */
    static final Type<String> PROXY = new ScalarType<>("URL or off", Proxies.EXPECTED, false, true,
            text -> text.equals(Proxies.OFF) || Proxies.parse(text) != null ? text : null,
            text -> "****");

    /** What {@link #LOG_PATH} makes of the words that mean no log. */
    static final String OFF = "off";

    /** A log's path; words that no file is called by are no path, or mean that none is written. */
    static final Type<String> LOG_PATH = text("path", "a file's path (./NAME where it is one of "
            + "the words for no log or for a stream), - for standard output, or off",
            Types::logPath);

    private Types() {}

    static Type<Integer> integer(int least, int most) {
        return new ScalarType<>("integer", "an integer" + range(least, most, Integer.MAX_VALUE),
                true, false, text -> {
                    Long value = wholeNumber(text, least, most);
                    return value == null ? null : value.intValue();
                }, String::valueOf);
    }

    static Type<Integer> integerFrom(int least) {
        return integer(least, Integer.MAX_VALUE);
    }

    static Type<Long> longFrom(long least) {
        return new ScalarType<>("integer", "an integer" + range(least, Long.MAX_VALUE,
                Long.MAX_VALUE), true, false, text -> wholeNumber(text, least, Long.MAX_VALUE),
                String::valueOf);
    }

    static Type<Double> number(double least, double most) {
        String range = most == Double.MAX_VALUE
                ? " of " + trimmed(least) + " or more"
                : " from " + trimmed(least) + " to " + trimmed(most);
        return new ScalarType<>("number", "a number" + range, true, false, text -> {
            if (!text.matches("[-+]?(\\d{1,18}(\\.\\d{0,18})?|\\.\\d{1,18})([eE][-+]?\\d{1,3})?")) {
                return null;
            }
            double value = Double.parseDouble(text);
            return value >= least && value <= most ? value : null;
        }, Types::trimmed);
    }

    /** Text that {@code parser} gives null for when it is none of the kind. */
    static Type<String> text(String label, String expected, Function<String, String> parser) {
        return new ScalarType<>(label, expected, false, false, parser, Function.identity());
    }

    /** One of some words, each of which stands for a value. */
    static <T> Type<T> oneOf(Map<String, T> values) {
        Map<String, T> known = new LinkedHashMap<>(values);
        String words = String.join(", ", known.keySet());
        return new ScalarType<>(words, "one of " + words, false, false, known::get,
                value -> known.entrySet().stream().filter(e -> e.getValue().equals(value))
                        .map(Map.Entry::getKey).findFirst().orElseThrow());
    }

    static Type<String> oneOf(String... words) {
        Map<String, String> values = new LinkedHashMap<>();
        for (String word : words) {
            values.put(word, word);
        }
        return oneOf(values);
    }

    /** The constants of an enum, in lower case. */
    @SafeVarargs // only read
    static <E extends Enum<E>> Type<E> oneOf(E... constants) {
        Map<String, E> values = new LinkedHashMap<>();
        for (E constant : constants) {
            values.put(constant.name().toLowerCase(Locale.ROOT), constant);
        }
        return oneOf(values);
    }

    private static @Nullable Boolean flag(String text) {
        return switch (text) {
            case "true" -> Boolean.TRUE;
            case "false" -> Boolean.FALSE;
            default -> null;
        };
    }

    /** A URL, or what should have been one, as messages may show it: with no name and password. */
    static String withoutUser(String url) {
        int at = url.lastIndexOf('@');
        int start = url.indexOf("//");
        return at < 0 ? url : (start < 0 || start > at ? "" : url.substring(0, start + 2)) + "****"
                + url.substring(at);
    }

    /** Null when the text is no absolute URL. */
    static @Nullable URI url(String text) {
        try {
            URI url = URI.create(text);
            return url.isAbsolute() && !url.isOpaque() ? url : null;
        } catch (IllegalArgumentException e) {
            return null; // the caller says where it stands, and what was expected
        }
    }

    private static @Nullable String logPath(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case OFF, "none", "false", "" -> OFF;
            case "on", "yes", "true", "no", "null", "disabled", "enabled", "stdout", "stderr" ->
                    null; // not a file, and not said clearly enough what else
            default -> path(text) == null ? null : text;
        };
    }

    static @Nullable Path path(String text) {
        try {
            return text.isEmpty() ? null : Path.of(text);
        } catch (InvalidPathException e) {
            return null; // as above
        }
    }

    private static @Nullable Long wholeNumber(String text, long least, long most) {
        if (!text.matches(WHOLE_NUMBER)) {
            return null;
        }
        long value = Long.parseLong(text);
        return value >= least && value <= most ? value : null;
    }

    private static String range(long least, long most, long open) {
        if (least == Integer.MIN_VALUE) {
            return "";
        }
        return most == open ? " of " + least + " or more" : " from " + least + " to " + most;
    }

    private static String trimmed(double value) {
        return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
    }
}

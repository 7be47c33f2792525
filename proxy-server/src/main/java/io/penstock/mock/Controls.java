package io.penstock.mock;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What one request asks of the mock by its {@code x-mock-*} fields; see {@link MockServer} for what
 * there is.
 *
 * <p><b>Thread:</b> confined to its connection's event loop.
 */
final class Controls {
    static final int MAX_TOOL_CALLS = 128;

    private static final String INTERLEAVED = " interleaved";

    private @Nullable Fault fault;
    private long ttftNanos;
    private long intervalNanos;
    private int events;
    private @Nullable String text;
    private @Nullable String reasoning;
    private int tools;
    private boolean interleaved;
    private @Nullable String arguments;
    private @Nullable Prefill prefill;
    private @Nullable TokenCounts usage;
    private boolean plain;

    /**
     * Figures that a reply is to tell; -1 for those that follow from it.
     *
     * @param none it is to tell nothing at all
     */
    record TokenCounts(boolean none, long prompt, long cached, long written, long completion,
            long reasoning) {
        static TokenCounts parse(String text) {
            long[] counts = {-1, -1, -1, -1, -1};
            if (text.equals("none")) {
                return new TokenCounts(true, -1, -1, -1, -1, -1);
            }
            for (String item : text.split("[ ,]+")) {
                String[] pair = item.split("=", 2);
                int which = switch (pair[0]) {
                    case "prompt" -> 0;
                    case "cached" -> 1;
                    case "written" -> 2;
                    case "completion" -> 3;
                    case "reasoning" -> 4;
                    default -> -1;
                };
                if (which < 0 || pair.length < 2 || !pair[1].matches("[0-9]{1,12}")) {
                    throw new IllegalArgumentException(item + " (expected: none, or prompt=N "
                            + "cached=N written=N completion=N reasoning=N, any of them)");
                }
                counts[which] = Long.parseLong(pair[1]);
            }
            return new TokenCounts(false, counts[0], counts[1], counts[2], counts[3], counts[4]);
        }
    }

    /** Forgets the last request's. */
    void clear() {
        fault = null;
        ttftNanos = -1;
        intervalNanos = -1;
        events = -1;
        text = null;
        reasoning = null;
        tools = 0;
        interleaved = false;
        arguments = null;
        prefill = null;
        usage = null;
        plain = true;
    }

    /** Reads one; names that are not known are nobody's business. */
    void read(String name, String value) {
        switch (name.toLowerCase(Locale.ROOT)) {
            case "x-mock-fail" -> {
                fault = Fault.parse(value);
                if (fault.kind() == Fault.Kind.REFUSE) {
                    throw new IllegalArgumentException("refuse: no matter of one call");
                }
            }
            case "x-mock-ttft" -> ttftNanos = MockSettings.parseDuration(value).toNanos();
            case "x-mock-interval" -> intervalNanos = MockSettings.parseDuration(value).toNanos();
            case "x-mock-events" -> {
                int wanted = Integer.parseInt(value);
                MockSettings.checkEvents(wanted);
                events = wanted;
            }
            case "x-mock-text" -> text = shaping(decoded(value));
            case "x-mock-reasoning" -> reasoning = shaping(decoded(value));
            case "x-mock-tools" -> {
                interleaved = value.endsWith(INTERLEAVED);
                tools = shaping(number(value.replace(INTERLEAVED, "")));
            }
            case "x-mock-arguments" -> arguments = shaping(object(decoded(value)));
            case "x-mock-prefill" -> prefill = shaping(Prefill.parse(value));
            case "x-mock-usage" -> usage = shaping(TokenCounts.parse(value));
            default -> { }
        }
    }

    private <T> T shaping(T value) {
        plain = false;
        return value;
    }

    private static int number(String value) {
        int number = Integer.parseInt(value);
        if (number < 1 || number > MAX_TOOL_CALLS) {
            throw new IllegalArgumentException(
                    value + " (expected: 1 to " + MAX_TOOL_CALLS + ", and maybe interleaved)");
        }
        return number;
    }

    private static String object(String text) {
        try {
            JsonBody.parse(text.getBytes(StandardCharsets.UTF_8));
            return text;
        } catch (ProviderError e) {
            throw new IllegalArgumentException(text + " (expected: a JSON object)", e);
        }
    }

    private static String decoded(String value) {
        return URLDecoder.decode(value.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /** Whether nothing is asked for but a course that ready-made bytes can take. */
    boolean isPlain() {
        return plain;
    }

    /** Null where the request does not say. */
    @Nullable Fault fault() {
        return fault;
    }

    long ttftNanosOr(long other) {
        return ttftNanos < 0 ? other : ttftNanos;
    }

    long intervalNanosOr(long other) {
        return intervalNanos < 0 ? other : intervalNanos;
    }

    int eventsOr(int other) {
        return events < 0 ? other : events;
    }

    /** Null where the request does not say. */
    @Nullable String text() {
        return text;
    }

    String textOr(String other) {
        return text == null ? other : text;
    }

    /** Empty for none. */
    String reasoning() {
        return reasoning == null ? "" : reasoning;
    }

    /** How many tools to call at once, if the request offers any. */
    int tools() {
        return tools;
    }

    /** Whether the pieces of several calls are to come in turn. */
    boolean interleavesTools() {
        return interleaved;
    }

    /** A JSON object; null where the request does not say. */
    @Nullable String arguments() {
        return arguments;
    }

    Prefill prefillOr(Prefill other) {
        return prefill == null ? other : prefill;
    }

    /** Null where the request does not say. */
    @Nullable TokenCounts usage() {
        return usage;
    }
}

package io.penstock.mock;

import java.time.Duration;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a mock says, how fast, and how it fails.
 *
 * @param port 0 takes a free one
 * @param name stands in every text, so that a viewer sees which mock answered
 * @param ttft from the end of the request to the head and the first event, which go out together
 * @param interval from one content event to the next; zero sends them as fast as the caller reads
 * @param events content events of a reply; a request's {@code max_tokens} caps them
 * @param eventBytes length of each event's text, 0 for words of natural length
 * @param failures which calls go wrong, and how
 * @param text what every reply says, an event a word; null for {@code events} words of its own
 * @param prefill what it does with a conversation that ends in a message of the assistant's
 * @param records how many of the last requests it remembers for {@link MockServer#records}
 * @param signingKey by which requests must be signed, those that have no Bearer key; null where the
 *     mock takes any
 * @param varied the texts have all lengths and many scripts, and each event of a plain chat ends in
 *     an {@code obfuscation} of its own, as OpenAI's do; the same in every run
 */
public record MockSettings(String host, int port, String name, Duration ttft, Duration interval,
        int events, int eventBytes, Failures failures, @Nullable String text, Prefill prefill,
        int records, @Nullable SigningKey signingKey, boolean varied) {
    static final int MAX_RECORDS = 10_000;
    static final int MAX_EVENTS = 100_000_000;
    static final int MAX_EVENT_BYTES = 1024 * 1024;

    private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(us|ms|s|m|h)|0");

    public static final MockSettings DEFAULT = new MockSettings(
            "127.0.0.1", 0, "mock", Duration.ZERO, Duration.ZERO, 16, 0, Failures.NONE, null,
            Prefill.ANEW, 0, null, false);

    public MockSettings {
        Objects.requireNonNull(host, "host");
        Objects.requireNonNull(failures, "failures");
        Objects.requireNonNull(prefill, "prefill");
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("port: " + port + " (expected: 0 to 65535)");
        }
        if (!name.matches("[A-Za-z0-9._-]{1,64}")) {
            throw new IllegalArgumentException(
                    "name: " + name + " (expected: 1 to 64 of A-Z a-z 0-9 . _ -)");
        }
        Pause.check("ttft", ttft);
        Pause.check("interval", interval);
        checkEvents(events);
        if (eventBytes < 0 || eventBytes > MAX_EVENT_BYTES) {
            throw new IllegalArgumentException(
                    "eventBytes: " + eventBytes + " (expected: 0 to " + MAX_EVENT_BYTES + ")");
        }
        if (varied && eventBytes > 0) {
            throw new IllegalArgumentException(
                    "eventBytes: " + eventBytes + " (expected: 0, since texts are varied)");
        }
        if (records < 0 || records > MAX_RECORDS) {
            throw new IllegalArgumentException(
                    "records: " + records + " (expected: 0 to " + MAX_RECORDS + ")");
        }
    }

    public MockSettings withHost(String host) {
        return new MockSettings(host, port, name, ttft, interval, events, eventBytes, failures,
                text, prefill, records, signingKey, varied);
    }

    public MockSettings withPort(int port) {
        return new MockSettings(host, port, name, ttft, interval, events, eventBytes, failures,
                text, prefill, records, signingKey, varied);
    }

    public MockSettings withName(String name) {
        return new MockSettings(host, port, name, ttft, interval, events, eventBytes, failures,
                text, prefill, records, signingKey, varied);
    }

    public MockSettings withTtft(Duration ttft) {
        return new MockSettings(host, port, name, ttft, interval, events, eventBytes, failures,
                text, prefill, records, signingKey, varied);
    }

    public MockSettings withInterval(Duration interval) {
        return new MockSettings(host, port, name, ttft, interval, events, eventBytes, failures,
                text, prefill, records, signingKey, varied);
    }

    public MockSettings withEvents(int events) {
        return new MockSettings(host, port, name, ttft, interval, events, eventBytes, failures,
                text, prefill, records, signingKey, varied);
    }

    public MockSettings withEventBytes(int eventBytes) {
        return new MockSettings(host, port, name, ttft, interval, events, eventBytes, failures,
                text, prefill, records, signingKey, varied);
    }

    /** The fault strikes that share of the calls. */
    public MockSettings withFail(Fault fail, double failRatio) {
        return withFailures(Failures.always(fail).withRatio(failRatio));
    }

    public MockSettings withFailures(Failures failures) {
        return new MockSettings(host, port, name, ttft, interval, events, eventBytes, failures,
                text, prefill, records, signingKey, varied);
    }

    public MockSettings withText(String text) {
        return new MockSettings(host, port, name, ttft, interval, events, eventBytes, failures,
                text, prefill, records, signingKey, varied);
    }

    public MockSettings withPrefill(Prefill prefill) {
        return new MockSettings(host, port, name, ttft, interval, events, eventBytes, failures,
                text, prefill, records, signingKey, varied);
    }

    public MockSettings withRecords(int records) {
        return new MockSettings(host, port, name, ttft, interval, events, eventBytes, failures,
                text, prefill, records, signingKey, varied);
    }

    public MockSettings withSigningKey(SigningKey signingKey) {
        return new MockSettings(host, port, name, ttft, interval, events, eventBytes, failures,
                text, prefill, records, signingKey, varied);
    }

    public MockSettings withVaried(boolean varied) {
        return new MockSettings(host, port, name, ttft, interval, events, eventBytes, failures,
                text, prefill, records, signingKey, varied);
    }

    /** Whether even a plain chat takes more than ready-made bytes. */
    boolean composesAll() {
        return text != null || prefill != Prefill.ANEW || records > 0
                || signingKey != null;
    }

    /** Reads {@code 500us 250ms 2s 5m 1h} or {@code 0}, at most an hour. */
    public static Duration parseDuration(String text) {
        Matcher matcher = DURATION.matcher(text.trim());
        if (!matcher.matches()) {
            throw new IllegalArgumentException(text + " (expected: a duration such as 250ms 2s)");
        }
        if (matcher.group(1) == null) {
            return Duration.ZERO;
        }
        long amount = Long.parseLong(matcher.group(1));
        Duration duration = switch (matcher.group(2)) {
            case "us" -> Duration.ofNanos(amount * 1000);
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            default -> Duration.ofHours(amount);
        };
        Pause.check("duration", duration);
        return duration;
    }

    static void checkEvents(int events) {
        if (events < 1 || events > MAX_EVENTS) {
            throw new IllegalArgumentException(
                    "events: " + events + " (expected: 1 to " + MAX_EVENTS + ")");
        }
    }
}

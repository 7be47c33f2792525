package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Exchange;
import io.penstock.testing.ScriptedUpstream.Request;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A provider that answers each prompt's nonce with a text made of that nonce, in every format, and
 * fails now and then in one of many ways. What it does with the first, second … request of a nonce
 * depends on the seed alone.
 *
 * <p><b>Thread:</b> safe; each connection has one of its own.
 */
final class ChaosProvider implements AutoCloseable {
    private static final double FAILING = 0.2; // of its requests
    private static final Pattern NONCE = Pattern.compile("n[0-9a-f]{16}");
    private static final int WORDS = 12;
    private static final int MAX_PIECE = 9; // characters
    private static final String HALF_EVENT = "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"del\n\n";

    private final String name;
    private final long seed;
    private final ScriptedUpstream upstream;
    private final Map<String, Integer> asked = new ConcurrentHashMap<>(); // by nonce
    private final Map<Way, Integer> failures = new ConcurrentHashMap<>();

    /** How it fails. */
    private enum Way {
        RESET_BEFORE_HEAD, CLOSE_BEFORE_HEAD, RESET_AFTER_HEAD, CLOSE_AFTER_HEAD,
        HANG, HANG_AFTER_HEAD, STATUS_429, STATUS_429_RETRY_AFTER, STATUS_500, STATUS_503,
        ERROR_IN_200, CUT_BY_RESET, CUT_BY_CLOSE, CUT_IN_EVENT, ENDED_EARLY, STALL, ERROR_EVENT,
        MALFORMED_EVENT, MALFORMED_EVENT_THEN_CLOSE, NO_TERMINATOR, EMPTY
    }

    private ChaosProvider(String name, long seed) throws IOException {
        this.name = name;
        this.seed = seed;
        upstream = ScriptedUpstream.start(this::answer);
    }

    static ChaosProvider start(String name, long seed) throws IOException {
        return new ChaosProvider(name, seed);
    }

    String url() {
        return upstream.url();
    }

    /** How often it has failed in each way. */
    String failures() {
        return failures.toString();
    }

    /** The only right answer to a prompt with that nonce; no part of it is like its beginning. */
    static String answerTo(String nonce) {
        StringBuilder text = new StringBuilder();
        for (int word = 0; word < WORDS; word++) {
            text.append(word == 0 ? "" : " ").append((char) ('A' + word)).append("é→")
                    .append(word).append(nonce);
        }
        return text.toString();
    }

    private void answer(Exchange x) throws Exception {
        Request request = x.readRequest();
        ChaosFormat format = ChaosFormat.at(request.path());
        Set<String> nonces = NONCE.matcher(request.text()).results().map(MatchResult::group)
                .collect(Collectors.toSet());
        if (nonces.size() != 1) {
            throw new AssertionError("a request of several calls, or of none: " + request.text());
        }
        String nonce = nonces.iterator().next();
        JsonNode body = ChaosFormat.json(request.text());
        Random random = new Random(seed ^ name.hashCode() * 31L + nonce.hashCode() * 17L
                + asked.merge(nonce, 1, Integer::sum));
        random.nextInt(); // seeds that are near each other begin alike
        Way way = random.nextDouble() >= FAILING ? null
                : Way.values()[random.nextInt(Way.values().length)];
        if (way != null) {
            failures.merge(way, 1, Integer::sum);
        }
        String text = answerTo(nonce);
        String prefill = ChaosFormat.prefill(body);
        if (prefill != null) {
            if (!text.startsWith(prefill)) {
                throw new AssertionError("asked to go on from what was never said: " + prefill);
            }
            switch (random.nextInt(4)) {
                case 0 -> {
                    status(x, 400, format.error().replace("Chaos.",
                            "The last message must be the user's."));
                    return;
                }
                case 1 -> { } // begins anew
                default -> text = text.substring(prefill.length());
            }
        }
        if (format.isStream(request.path(), body)) {
            stream(x, format, text, way, random);
        } else {
            unary(x, format, text, way, random);
        }
    }

    /** Whether the fault shows before any of the answer, and is done with. */
    private static boolean failsAtOnce(Exchange x, ChaosFormat format, Way way) throws Exception {
        switch (way) {
            case RESET_BEFORE_HEAD -> x.reset();
            case CLOSE_BEFORE_HEAD -> x.closeFin();
            case HANG -> x.awaitClosed(PATIENCE);
            case STATUS_429 -> status(x, 429, format.error());
            case STATUS_429_RETRY_AFTER -> status(x, 429, format.error(), "retry-after-ms: 20");
            case STATUS_500 -> status(x, 500, format.error());
            case STATUS_503 -> status(x, 503, format.error());
            default -> {
                return false;
            }
        }
        return true;
    }

    private static void status(Exchange x, int status, String body, String... fields)
            throws IOException {
        List<String> all = new ArrayList<>(List.of(fields));
        all.add("content-type: application/json");
        all.add("content-length: " + body.length());
        x.head(status, all.toArray(String[]::new)).write(body).flush();
    }

    private static void unary(Exchange x, ChaosFormat format, String text, Way way, Random random)
            throws Exception {
        if (way != null && failsAtOnce(x, format, way)) {
            return;
        }
        String body = way == Way.ERROR_IN_200 ? format.error() : way == Way.EMPTY ? ""
                : format.unary(text);
        x.head(200, "content-type: application/json", "content-length: "
                + body.getBytes(StandardCharsets.UTF_8).length).flush();
        String part = body.substring(0, body.isEmpty() ? 0 : random.nextInt(body.length()));
        switch (way == null ? Way.EMPTY : way) {
            case RESET_AFTER_HEAD -> x.reset();
            case CLOSE_AFTER_HEAD -> x.closeFin();
            case HANG_AFTER_HEAD -> x.awaitClosed(PATIENCE);
            case CUT_BY_RESET, ERROR_EVENT -> x.write(part).reset();
            case CUT_BY_CLOSE, CUT_IN_EVENT, ENDED_EARLY -> x.write(part).closeFin();
            case STALL -> x.write(part).awaitClosed(PATIENCE);
            default -> x.write(part).flush().write(body.substring(part.length())).flush();
        }
    }

    private static void stream(Exchange x, ChaosFormat format, String text, Way way,
            Random random) throws Exception {
        if (way != null && failsAtOnce(x, format, way)) {
            return;
        }
        x.sseHead().flush();
        switch (way == null ? Way.NO_TERMINATOR : way) {
            case RESET_AFTER_HEAD -> x.reset();
            case CLOSE_AFTER_HEAD -> x.closeFin();
            case HANG_AFTER_HEAD -> x.awaitClosed(PATIENCE);
            case EMPTY -> x.lastChunk();
            case ERROR_IN_200 -> x.chunk(format.errorEvent()).lastChunk();
            default -> say(x, format, text, way, random);
        }
    }

    /** Says all of it, or fails within it. */
    private static void say(Exchange x, ChaosFormat format, String text, Way way, Random random)
            throws Exception {
        List<String> events = new ArrayList<>(format.opening());
        for (int at = 0; at < text.length();) {
            int end = Math.min(text.length(), at + 1 + random.nextInt(MAX_PIECE));
            events.add(format.piece(text.substring(at, end)));
            at = end;
        }
        int failsAt = random.nextInt(events.size() + 1);
        List<String> closing = format.closing(text);
        events.addAll(closing);
        boolean failsThere = way != null && way != Way.NO_TERMINATOR;
        int last = events.size() - (way == Way.NO_TERMINATOR ? 1 : 0);
        for (int i = 0; i < last; i++) {
            if (failsThere && i == failsAt && failsWithin(x, format, way)) {
                return;
            }
            x.write(Wire.chunk(events.get(i)));
            if (random.nextInt(4) == 0) {
                x.flush();
            }
        }
        x.lastChunk();
    }

    /** Whether the answer is over with that. */
    private static boolean failsWithin(Exchange x, ChaosFormat format, Way way) throws Exception {
        x.flush();
        switch (way) {
            case CUT_BY_RESET -> x.reset();
            case CUT_BY_CLOSE -> x.closeFin();
            case CUT_IN_EVENT -> x.write("50\r\nevent: x\ndata: {\"id\"").closeFin();
            case ENDED_EARLY -> x.lastChunk();
            case STALL -> x.awaitClosed(PATIENCE);
            case ERROR_EVENT -> x.chunk(format.errorEvent()).lastChunk();
            case MALFORMED_EVENT_THEN_CLOSE -> x.chunk(HALF_EVENT).closeFin();
            case MALFORMED_EVENT -> {
                x.chunk(HALF_EVENT);
                return false;
            }
            default -> throw new AssertionError(way + " shows before any answer");
        }
        return true;
    }

    @Override
    public void close() throws IOException {
        upstream.close();
    }
}

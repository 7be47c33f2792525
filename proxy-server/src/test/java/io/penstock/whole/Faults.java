package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SHORT;

import io.penstock.testing.ScriptedUpstream.Exchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;

/** The faults of the fault matrix. Whoever has none answers {@link #ALL}. */
final class Faults {
    static final String ALL = "One two three four five six seven eight nine ten.";

    /** What of it has come when a stream breaks. */
    static final String FIRST = ALL.substring(0, 25);

    /** The body of an answer that a filter ended. */
    static final String FILTERED = unary(FIRST, "content_filter");

    private static final String REST = ALL.substring(FIRST.length());
    private static final String GOOD = unary(ALL, "stop");
    private static final String JSON = "content-type: application/json";
    private static final String SSE = "content-type: text/event-stream";
    private static final String HALF_EVENT =
            "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"del\n\n";
    private static final String ERROR = error("server_error", "The server had an error.");
    private static final String RATE = error("rate_limit_exceeded", "Too many requests.");
    private static final String NO_PREFILL =
            error("invalid_request", "The last message must be the user's.");
    private static final String CONTEXT = Wire.fixture("openai-error-400-context.json");
    private static final String FILTER = Wire.fixture("azure-error-400-content-filter.json");
    private static final Duration PACE = Duration.ofNanos(20_000);
    private static final int WRONG_BY = 16;
    private static final int LONG_CHARS = 100_000; // more than is held of a unary reply
    private static final Pattern TEXT = Pattern.compile("\"content\":\"([^\"]*)\"");

    private Faults() {}

    /** What a provider does with a request that it has read. */
    @FunctionalInterface
    interface Course {
        void run(FaultyProvider self, Exchange x) throws Exception;
    }

    /** Which of the proxy's timers has to end it. */
    enum Timer {
        NONE, HEAD, FIRST_CONTENT, GAP, TOTAL;

        String outcome() {
            return name().toLowerCase(Locale.ROOT) + "_timeout";
        }
    }

    /** What may be asked of the proxy. */
    enum Remedy {
        /** A healthy second provider, whatever the route says. */
        SECOND,
        /** The same, if the route wants a stream to be continued. */
        CONTINUATION,
        /** None is needed: it is the caller's own fault, or an answer. */
        NOT_WANTED,
        /** There is none: it is too late, or nobody is left. */
        NONE
    }

    /**
     * A fault.
     *
     * @param unary null where there is no such thing
     * @param stream likewise
     * @param calls that it takes to see it
     * @param asksForRest by its own word it is not to be asked, or nothing listens
     */
    record Fault(String name, Remedy remedy, Timer timer, Course unary, Course stream, int calls,
            boolean asksForRest) {
        Course course(boolean streamed) {
            return streamed ? stream : unary;
        }

        private Fault within(Timer timer) {
            return new Fault(name, remedy, timer, unary, stream, calls, asksForRest);
        }

        private Fault resting() {
            return new Fault(name, remedy, timer, unary, stream, calls, true);
        }

        private Fault calls(int calls) {
            return new Fault(name, remedy, timer, unary, stream, calls, asksForRest);
        }
    }

    private static Fault fault(String name, Course unary, Course stream) {
        return new Fault(name, Remedy.SECOND, Timer.NONE, unary, stream, 1, false);
    }

    private static Fault forEver(String name, Course both) {
        return fault(name + ", for ever", both, both);
    }

    private static Fault once(String name, Course both) {
        return fault(name + ", once", once(both, false), once(both, true));
    }

    private static Course once(Course first, boolean stream) {
        return (self, x) -> (self.turn() == 0 ? first : good(stream)).run(self, x);
    }

    private static Fault answer(String name, Course unary, Course stream) {
        return new Fault(name, Remedy.NOT_WANTED, Timer.NONE, unary, stream, 1, false);
    }

    private static Fault hopeless(String name, Course unary, Course stream) {
        return new Fault(name, Remedy.NONE, Timer.NONE, unary, stream, 1, false);
    }

    /** Breaks off so when the caller has the beginning. */
    private static Fault broken(String name, Course rest) {
        return new Fault(name, Remedy.CONTINUATION, Timer.NONE, null, later(rest), 1, false);
    }

    private static Course later(Course rest) {
        return (self, x) -> {
            opening(x, FIRST).flush();
            self.awaitCaller();
            rest.run(self, x);
        };
    }

    static final Fault REFUSED = forEver("refuses the connection", good(false)).resting();

    static final List<Fault> BEFORE_THE_COMMIT = List.of(
            once("429 without `retry-after`", status(429, RATE)),
            forEver("429 without `retry-after`", status(429, RATE)),
            once("429 with `retry-after-ms: 200`", status(429, RATE, "retry-after-ms: 200"))
                    .resting(),
            forEver("429 with `retry-after-ms: 200`", status(429, RATE, "retry-after-ms: 200"))
                    .resting(),
            forEver("429 with `retry-after: 30`", status(429, RATE, "retry-after: 30")).resting(),
            once("500", status(500, ERROR)),
            forEver("500", status(500, ERROR)),
            once("503", status(503, ERROR)),
            forEver("503", status(503, ERROR)),
            forEver("401", status(401, error("invalid_api_key", "Incorrect API key."))),
            forEver("404", status(404, error("model_not_found", "No such model."))),
            REFUSED,
            once("reset before the head", (self, x) -> x.reset()),
            forEver("reset before the head", (self, x) -> x.reset()),
            forEver("closed before the head", (self, x) -> x.closeFin()),
            forEver("accepts and is silent", (self, x) -> x.awaitClosed(PATIENCE))
                    .within(Timer.HEAD),
            fault("head at once, then silence", (self, x) -> x.head(200, JSON,
                    "content-length: " + GOOD.length()).awaitClosed(PATIENCE), null)
                    .within(Timer.GAP),
            fault("head at once, first token late", null,
                    (self, x) -> opening(x, "").awaitClosed(PATIENCE))
                    .within(Timer.FIRST_CONTENT),
            fault("comments and nothing else", null, (self, x) -> {
                x.sseHead();
                while (!x.chunk(": waiting\n\n").awaitClosed(SHORT.dividedBy(10))) {
                    continue;
                }
            }).within(Timer.FIRST_CONTENT),
            hopeless("blanks and nothing else", (self, x) -> {
                x.head(200, JSON, "transfer-encoding: chunked");
                while (!x.chunk("\n").awaitClosed(SHORT.dividedBy(10))) {
                    continue;
                }
            }, null).within(Timer.TOTAL),
            fault("cut mid-answer, in order", (self, x) -> half(x).closeFin(), null),
            fault("cut mid-answer, by a reset", (self, x) -> half(x).reset(), null),
            fault("stalls mid-answer", (self, x) -> half(x).awaitClosed(PATIENCE), null)
                    .within(Timer.GAP),
            hopeless("cut within an answer longer than `hold.bytes`", (self, x) -> {
                String body = unary("x".repeat(LONG_CHARS), "stop");
                x.head(200, JSON, "content-length: " + body.length())
                        .write(body.substring(0, LONG_CHARS)).flush();
                self.awaitCaller();
                x.closeFin();
            }, null),
            fault("half of the JSON in a whole message",
                    whole(200, JSON, GOOD.substring(0, GOOD.length() / 2)), null),
            fault("a malformed event", null,
                    (self, x) -> finish(opening(x, FIRST).chunk(HALF_EVENT), REST, "stop", true)),
            fault("a malformed event first", null, (self, x) -> {
                x.sseHead().chunk(HALF_EVENT);
                finish(role(x), ALL, "stop", true);
            }),
            fault("no `[DONE]`", null,
                    (self, x) -> finish(opening(x, FIRST), REST, "stop", false)),
            forEver("context length", status(400, CONTEXT)),
            answer("a mistake of the caller's", status(400, error("bad", "Invalid 'n'.")),
                    status(400, error("bad", "Invalid 'n'."))),
            answer("content filter, by a 400", status(400, FILTER), status(400, FILTER)),
            answer("content filter, mid-answer", whole(200, JSON, FILTERED),
                    (self, x) -> finish(opening(x, FIRST), "", "content_filter", true)),
            fault("an error in a 200", whole(200, JSON, ERROR),
                    (self, x) -> x.sseHead().event(ERROR).lastChunk()),
            fault("an error in a 200, behind the role", null,
                    (self, x) -> opening(x, "").event(ERROR).event("[DONE]").lastChunk()),
            fault("an empty 200", whole(200, JSON, ""), (self, x) -> x.sseHead().lastChunk()),
            fault("a 200 with a role and no more", null,
                    (self, x) -> opening(x, "").event("[DONE]").lastChunk()),
            fault("gzip, which nobody asked for", gzip(JSON, GOOD, 1), gzip(SSE, events(), 1)),
            fault("gzip without its last third", gzip(JSON, GOOD, 2 / 3.0),
                    gzip(SSE, events(), 2 / 3.0)),
            fault("a `content-length` too long", wrongLength(JSON, GOOD, WRONG_BY),
                    wrongLength(SSE, events(), WRONG_BY)),
            fault("a `content-length` too short", wrongLength(JSON, GOOD, -WRONG_BY),
                    wrongLength(SSE, events(), -WRONG_BY)),
            fault("a trickle, byte by byte",
                    trickle(JSON, "content-length: " + GOOD.length(), GOOD),
                    trickle(SSE, "transfer-encoding: chunked",
                            Wire.chunk(events()) + "0\r\n\r\n")),
            fault("500, 500, reset, 503, 200, reset, then healed", flapping(false),
                    flapping(true)).calls(6));

    static final Fault RESET_MIDSTREAM = broken("is reset", (self, x) -> x.reset());

    static final List<Fault> AFTER_THE_COMMIT = List.of(
            RESET_MIDSTREAM,
            broken("closes between two events", (self, x) -> x.closeFin()),
            broken("closes within a chunk", (self, x) -> x.write("50\r\ndata: {\"id\"")
                    .closeFin()),
            broken("ends without a finish reason", (self, x) -> x.lastChunk()),
            broken("ends within an event", (self, x) -> x.chunk("data: {\"id\"").lastChunk()),
            broken("breaks HTTP", (self, x) -> x.write("zz\r\n").awaitClosed(PATIENCE)),
            broken("stalls", (self, x) -> x.awaitClosed(PATIENCE)).within(Timer.GAP),
            broken("stalls within an event", (self, x) -> x.chunk("data: {\"id\"")
                    .awaitClosed(PATIENCE)).within(Timer.GAP),
            broken("sends an error event", (self, x) -> x.event(ERROR).lastChunk()),
            broken("sends a malformed event, then closes",
                    (self, x) -> x.chunk(HALF_EVENT).closeFin()),
            fault("sends a malformed event, then goes on", null,
                    later((self, x) -> finish(x.chunk(HALF_EVENT), REST, "stop", true))),
            fault("sends no `[DONE]`", null,
                    later((self, x) -> finish(x, REST, "stop", false))),
            fault("closes behind `[DONE]`, without the last chunk", null,
                    later((self, x) -> say(x, REST).event(chunk("{}", "\"stop\""))
                            .event("[DONE]").closeFin())),
            fault("comes byte by byte", null, later((self, x) -> {
                StringBuilder rest = new StringBuilder();
                content(REST).forEach(event -> rest.append(Wire.event(event)));
                rest.append(Wire.event(chunk("{}", "\"stop\""))).append(Wire.event("[DONE]"));
                x.trickle(bytes(Wire.chunk(rest.toString()) + "0\r\n\r\n"), PACE);
            })));

    static final List<Fault> OF_THE_SECOND = List.of(
            fault("goes on from the text", null,
                    (self, x) -> finish(opening(x, ""), REST, "stop", true)),
            fault("begins anew", null, (self, x) -> finish(opening(x, ""), ALL, "stop", true)),
            fault("rejects the prefill, and begins anew", null, anew(ALL)),
            hopeless("rejects the prefill, and says something else", null,
                    anew("Something else altogether, and at some length.")),
            hopeless("calls a tool", null, (self, x) -> opening(x, "").event(chunk(
                    "{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"type\":\"function\",\"function\":"
                            + "{\"name\":\"f\",\"arguments\":\"{}\"}}]}", "null"))
                    .event(chunk("{}", "\"tool_calls\"")).event("[DONE]").lastChunk()),
            hopeless("says 503", null, status(503, ERROR)),
            hopeless("is silent", null, (self, x) -> x.awaitClosed(PATIENCE)).within(Timer.HEAD),
            hopeless("is reset as well", null, (self, x) -> opening(x, "").reset()));

    // What they do

    static Course good(boolean stream) {
        return stream ? (self, x) -> finish(opening(x, FIRST), REST, "stop", true)
                : whole(200, JSON, GOOD);
    }

    private static Course status(int status, String body, String... fields) {
        return (self, x) -> {
            self.say(body);
            String[] all = Arrays.copyOf(fields, fields.length + 2);
            all[fields.length] = JSON;
            all[fields.length + 1] = "content-length: " + bytes(body).length;
            x.head(status, all).write(body).flush();
        };
    }

    private static Course whole(int status, String type, String body) {
        return (self, x) -> x.head(status, type, "content-length: " + bytes(body).length)
                .write(body).flush();
    }

    private static Course wrongLength(String type, String body, int by) {
        return (self, x) -> x.head(200, type, "content-length: " + (body.length() + by))
                .write(body).closeFin();
    }

    private static Course gzip(String type, String body, double part) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(all)) {
            out.write(bytes(body));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        byte[] sent = Arrays.copyOf(all.toByteArray(), (int) (all.size() * part));
        return (self, x) -> x.head(200, type, "content-encoding: gzip",
                "content-length: " + sent.length).write(sent).flush();
    }

    private static Course trickle(String type, String framing, String body) {
        return (self, x) -> x.trickle(bytes("HTTP/1.1 200 OK\r\n" + type + "\r\n" + framing
                + "\r\n\r\n" + body), PACE);
    }

    private static Course flapping(boolean stream) {
        List<Course> flaps = List.of(status(500, ERROR), status(500, ERROR),
                (self, x) -> x.reset(), status(503, ERROR), good(stream), (self, x) -> x.reset());
        return (self, x) -> (self.turn() < flaps.size() ? flaps.get(self.turn()) : good(stream))
                .run(self, x);
    }

    private static Course anew(String text) {
        return (self, x) -> {
            if (self.isAskedToGoOn()) {
                status(400, NO_PREFILL).run(self, x);
            } else {
                finish(opening(x, ""), text, "stop", true);
            }
        };
    }

    private static Exchange half(Exchange x) throws IOException {
        return x.head(200, JSON, "content-length: " + GOOD.length())
                .write(GOOD.substring(0, GOOD.length() / 2)).flush();
    }

    // What they say

    /** Begins a stream: its role, then that text, five characters an event. */
    private static Exchange opening(Exchange x, String text) throws IOException {
        return say(role(x.sseHead()), text);
    }

    private static Exchange role(Exchange x) throws IOException {
        return x.event(chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null"));
    }

    private static Exchange say(Exchange x, String text) throws IOException {
        for (String event : content(text)) {
            x.event(event);
        }
        return x;
    }

    private static List<String> content(String text) {
        return Arrays.stream(text.split("(?<=\\G.{5})")).filter(piece -> !piece.isEmpty())
                .map(piece -> chunk("{\"content\":\"" + piece + "\"}", "null")).toList();
    }

    private static void finish(Exchange x, String text, String reason, boolean done)
            throws IOException {
        say(x, text).event(chunk("{}", "\"" + reason + "\""));
        (done ? x.event("[DONE]") : x).lastChunk();
    }

    /** All events of a good stream. */
    private static String events() {
        StringBuilder all = new StringBuilder(
                Wire.event(chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null")));
        content(ALL).forEach(event -> all.append(Wire.event(event)));
        return all.append(Wire.event(chunk("{}", "\"stop\""))).append(Wire.event("[DONE]"))
                .toString();
    }

    private static String chunk(String delta, String finish) {
        return "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,"
                + "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":" + delta
                + ",\"finish_reason\":" + finish + "}]}";
    }

    private static String unary(String text, String finish) {
        return "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1,\"model\":"
                + "\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
                + "\"content\":\"" + text + "\"},\"finish_reason\":\"" + finish + "\"}],\"usage\":"
                + "{\"prompt_tokens\":7,\"completion_tokens\":10,\"total_tokens\":17}}";
    }

    private static String error(String code, String message) {
        return "{\"error\":{\"message\":\"" + message + "\",\"type\":\"t\",\"param\":null,"
                + "\"code\":\"" + code + "\"}}";
    }

    /** The text of all the answer's pieces. */
    static String text(String body) {
        StringBuilder text = new StringBuilder();
        Matcher matcher = TEXT.matcher(body);
        while (matcher.find()) {
            text.append(matcher.group(1));
        }
        return text.toString();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

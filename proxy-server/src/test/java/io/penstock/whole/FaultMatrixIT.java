package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.SHORT;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.whole.Faults.ALL;
import static io.penstock.whole.Faults.FIRST;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import io.penstock.exchange.call.RetrySettings;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.whole.Faults.Fault;
import io.penstock.whole.Faults.Remedy;
import io.penstock.whole.Faults.Timer;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every fault that a provider can show, and what its caller gets all the same: the complete answer,
 * or an honest word. What is seen stands in {@code docs/failover.md}, written by this test.
 */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class FaultMatrixIT {
    private static final Path PAGE = Path.of("..", "docs", "failover.md");
    private static final String BEGIN = "<!-- fault matrix: written by FaultMatrixIT -->\n";
    private static final String END = "<!-- end of the fault matrix -->\n";

    private static final int AT_ONCE = 4;
    private static final String WHOLE = "the whole answer";
    private static final String FILTERED = "what the filter left, and its reason";
    private static final String BROKEN_OFF = "its beginning, then an error event: ";
    private static final String CUT = "its beginning, then a cut connection";

    private static final JsonFactory JSON = new JsonFactory();
    private static final Pattern CODE = Pattern.compile("\"code\":\"([a-z_]+)\"");
    private static final Pattern ATTEMPTS = Pattern.compile("\"attempts\":\\[(.*?)]");

    @Parameter
    Transport transport;

    @TempDir
    Path directory;

    private final Map<String, Seen> matrix = new ConcurrentHashMap<>();

    /** Which providers there are, and what the route does after the commit. */
    private enum Setup {
        ALONE, WITH_A_SECOND, CONTINUED
    }

    /** One field of the matrix. */
    private record Case(Fault fault, boolean stream, Setup setup) {
        String name() {
            return fault.name() + (stream ? ", streamed, " : ", unary, ") + setup;
        }
    }

    /**
     * What came of it.
     *
     * @param caller what each call saw
     * @param asked how often the first and the second provider were asked
     */
    private record Seen(List<String> caller, List<Integer> asked, List<String> attempts) {
        /** As a part of a row: what the caller got, who was asked, and with what outcomes. */
        String columns() {
            Map<String, Integer> counts = new LinkedHashMap<>();
            caller.forEach(what -> counts.merge(what, 1, Integer::sum));
            List<String> words = new ArrayList<>();
            counts.forEach((what, count) -> words.add(count == 1 ? what : count + " × " + what));
            return String.join(", ", words) + " | " + asked.get(0) + " + " + asked.get(1) + " | "
                    + String.join("; ", attempts);
        }
    }

    @TestFactory
    Stream<DynamicTest> everyFaultIsHiddenOrToldHonestly() {
        List<Case> cases = new ArrayList<>();
        for (Fault fault : Faults.BEFORE_THE_COMMIT) {
            for (boolean stream : new boolean[] {false, true}) {
                if (fault.course(stream) != null) {
                    cases.add(new Case(fault, stream, Setup.ALONE));
                    cases.add(new Case(fault, stream, Setup.WITH_A_SECOND));
                }
            }
        }
        for (Fault fault : Faults.AFTER_THE_COMMIT) {
            cases.add(new Case(fault, true, Setup.WITH_A_SECOND));
            cases.add(new Case(fault, true, Setup.CONTINUED));
        }
        for (Fault second : Faults.OF_THE_SECOND) {
            cases.add(new Case(second, true, Setup.CONTINUED));
        }
        ExecutorService several = Executors.newFixedThreadPool(AT_ONCE); // most of it is waiting
        List<DynamicTest> tests = new ArrayList<>();
        for (Case c : cases) {
            Future<?> trial = several.submit(() -> {
                tryOut(c);
                return null;
            });
            tests.add(DynamicTest.dynamicTest(c.name(), () -> join(trial)));
        }
        several.shutdown();
        tests.add(DynamicTest.dynamicTest("the page says so", this::comparePage));
        return tests.stream();
    }

    private static void join(Future<?> trial) throws Throwable {
        try {
            trial.get();
        } catch (ExecutionException e) {
            throw e.getCause();
        }
    }

    private void tryOut(Case c) throws Exception {
        boolean secondIsFaulty = Faults.OF_THE_SECOND.contains(c.fault());
        Fault first = secondIsFaulty ? Faults.RESET_MIDSTREAM : c.fault();
        Path log = Files.createTempFile(directory, "access", ".log");
        try (FaultyProvider a = FaultyProvider.start(first, c.stream());
                FaultyProvider b = FaultyProvider.start(secondIsFaulty ? c.fault() : null,
                        c.stream());
                ProxyUnderTest proxy = proxy(c, first, a, b, log)) {
            String model = c.setup() == Setup.ALONE ? "model-a" : SMART;
            List<String> caller = new ArrayList<>();
            for (int call = 0; call < first.calls(); call++) {
                caller.add(ask(proxy, model, c.stream(), a, b));
            }
            proxy.awaitQuiet();
            Seen seen = new Seen(caller, List.of(a.requests(), b.requests()),
                    attempts(log, first.calls()));
            matrix.put(c.name(), seen);

            judge(c, seen);
            a.heal();
            b.heal();
            assertThat(ask(proxy, "model-b", c.stream(), a, b)).as("the next call")
                    .isEqualTo(WHOLE);
            if (!first.asksForRest()) {
                assertThat(ask(proxy, "model-a", c.stream(), a, b)).as("once it has healed")
                        .isEqualTo(WHOLE);
            }
        } // which fails if anything of any exchange is left
    }

    private ProxyUnderTest proxy(Case c, Fault first, FaultyProvider a, FaultyProvider b,
            Path log) throws Exception {
        ProxyUnderTest.Builder builder = ProxyUnderTest.on(transport).provider("a", a.url());
        shorten(builder, first.timer());
        builder.provider("b", b.url()).accessLog(log);
        shorten(builder, c.fault().timer());
        return (c.setup() == Setup.CONTINUED ? builder.continues() : builder).start();
    }

    private static void shorten(ProxyUnderTest.Builder builder, Timer timer) {
        switch (timer) {
            case HEAD -> builder.head(SHORT);
            case FIRST_CONTENT -> builder.firstContent(SHORT);
            case GAP -> builder.gap(SHORT);
            case TOTAL -> builder.total(SHORT);
            default -> { } // longer than the test is patient
        }
    }

    /** Asks as a new caller; returns what it saw. */
    private static String ask(ProxyUnderTest proxy, String model, boolean stream,
            FaultyProvider a, FaultyProvider b) throws Exception {
        RawClient caller = proxy.ask(model, stream);
        RawClient.Head head = caller.readHead();
        StringBuilder body = new StringBuilder();
        boolean whole = true;
        try {
            if (head.header("transfer-encoding") == null) {
                a.onCallerReads(); // what was committed by its length has begun to come
                body.append(caller.readBody(head));
            } else {
                for (String chunk = caller.readChunk(); !chunk.isEmpty();
                        chunk = caller.readChunk()) {
                    body.append(chunk);
                    if (Faults.text(body.toString()).length() >= FIRST.length()) {
                        a.onCallerReads(); // or a reset could overtake what was sent before
                    }
                }
            }
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            whole = false;
        } finally {
            caller.close();
        }
        return describe(head.status(), body.toString(), stream, whole, a, b);
    }

    private static String describe(int status, String body, boolean stream, boolean whole,
            FaultyProvider a, FaultyProvider b) {
        if (status >= 400) {
            assertThat(whole).as("an error reply comes whole").isTrue();
            assertThat(isJson(body)).as(body).isTrue();
            if (a.said(body) || b.said(body)) {
                return "the provider's " + status;
            }
            assertThat(body).contains("\"attempts\":[{");
            return status + " `" + code(body) + "`";
        }
        assertThat(status).isEqualTo(200);
        if (!stream) {
            return !whole ? CUT
                    : body.equals(Faults.FILTERED) ? FILTERED
                    : isJson(body) && Faults.text(body).equals(ALL) ? WHOLE
                    : "NOT AN ANSWER: " + body;
        }
        String oddities = "";
        String last = "";
        boolean done = false;
        for (String event : body.split("\n\n")) {
            assertThat(done).as("nothing comes behind [DONE]").isFalse();
            done = event.equals("data: [DONE]");
            if (!done && event.startsWith("data:")) {
                last = event.substring(5);
                oddities += isJson(last) ? "" : " with a malformed event in it";
            }
        }
        String text = Faults.text(body);
        if (last.contains("\"error\":{")) {
            assertThat(done).as("no end is invented").isFalse();
            assertThat(ALL).startsWith(text);
            boolean own = last.contains("\"attempts\":[");
            assertThat(whole).as("the proxy's own error ends the connection").isNotEqualTo(own);
            return own ? BROKEN_OFF + "`" + code(last) + "`" + oddities
                    : "its beginning, then the provider's error event" + oddities;
        }
        assertThat(body).containsOnlyOnce("\"role\"").endsWith("\n\n");
        if (whole && done && body.contains("\"content_filter\"")) {
            assertThat(ALL).startsWith(text);
            return FILTERED;
        }
        return whole && done && text.equals(ALL) && body.contains("\"stop\"") ? WHOLE + oddities
                : "NOT AN ANSWER: " + body + (whole ? "" : " and a cut");
    }

    private static boolean isJson(String text) {
        try (JsonParser parser = JSON.createParser(text)) {
            while (parser.nextToken() != null) {
                continue;
            }
            return !text.isBlank();
        } catch (IOException e) {
            return false;
        }
    }

    private static String code(String error) {
        Matcher code = CODE.matcher(error);
        assertThat(code.find()).as(error).isTrue();
        return code.group(1);
    }

    private static List<String> attempts(Path log, int calls) throws IOException {
        ProxyUnderTest.await("the access log is written", () -> lines(log).size() >= calls);
        List<String> all = new ArrayList<>();
        for (String line : lines(log).subList(0, calls)) {
            Matcher attempts = ATTEMPTS.matcher(line);
            assertThat(attempts.find()).as(line).isTrue();
            all.add(attempts.group(1).replaceAll("\"[ab]/model-[ab]=([a-z_0-9]+)\"", "$1")
                    .replace(",", ", "));
        }
        return all;
    }

    private static List<String> lines(Path log) {
        try {
            return Files.readAllLines(log);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** What has to hold whatever the page says. */
    private static void judge(Case c, Seen seen) {
        RetrySettings retry = RetrySettings.DEFAULT;
        int most = c.fault().asksForRest() ? retry.maxAttempts() : 1 + retry.sameTarget();
        assertThat(seen.asked()).allMatch(asked -> asked <= most * c.fault().calls());
        if (c.setup() == Setup.ALONE) {
            assertThat(seen.asked().get(1)).as("who is none of its targets").isZero();
        }
        if (c.fault().timer() != Timer.NONE) {
            assertThat(seen.attempts().toString()).contains(c.fault().timer().outcome());
        } else {
            assertThat(seen.attempts().toString()).doesNotContain("timeout");
        }
        boolean helped = c.setup() != Setup.ALONE && c.fault().remedy() == Remedy.SECOND
                || c.setup() == Setup.CONTINUED && c.fault().remedy() == Remedy.CONTINUATION;
        for (String caller : seen.caller()) {
            if (helped) {
                assertThat(caller).isEqualTo(WHOLE);
            } else if (c.fault().remedy() == Remedy.NOT_WANTED) {
                assertThat(caller).isIn("the provider's 400", FILTERED);
                assertThat(seen.asked()).as("passed on at once").isEqualTo(List.of(1, 0));
            } else if (c.fault().remedy() == Remedy.SECOND) {
                assertThat(caller).matches(WHOLE + "|the provider's (429|5\\d\\d|400)"
                        + "|50[24] `upstream_(error|timeout)`|404 `model_not_found`");
            } else {
                assertThat(caller).matches(CUT + "|504 `upstream_timeout`|its beginning, then "
                        + "(an error event: `upstream_[a-z]+`|the provider's error event)");
            }
        }
    }

    // The page

    private void comparePage() throws IOException {
        String page = Files.readString(PAGE);
        int begin = page.indexOf(BEGIN) + BEGIN.length();
        int end = page.indexOf(END);
        assertThat(page).contains(BEGIN, END);
        String fresh = page.substring(0, begin) + tables() + page.substring(end);
        if ("write".equals(System.getProperty("penstock.docs"))) {
            Files.writeString(PAGE, fresh);
        }

        assertThat(PAGE).as("stale: run with -Dpenstock.docs=write").hasContent(fresh);
    }

    private String tables() {
        StringBuilder out = new StringBuilder("\n### Before the commit\n\n"
                + "| the provider | reply | alone: the caller gets | asked | outcomes "
                + "| with a healthy second: the caller gets | asked | outcomes |\n"
                + "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
        for (Fault fault : Faults.BEFORE_THE_COMMIT) {
            for (boolean stream : new boolean[] {false, true}) {
                if (fault.course(stream) != null) {
                    out.append("| ").append(fault.name())
                            .append(stream ? " | stream" : " | unary")
                            .append(columns(new Case(fault, stream, Setup.ALONE)))
                            .append(columns(new Case(fault, stream, Setup.WITH_A_SECOND)))
                            .append(" |\n");
                }
            }
        }
        out.append("\n### After the commit of a stream, a healthy second at hand\n\n"
                + "| the provider | `midstream: error`: the caller gets | asked | outcomes "
                + "| `midstream: continue`: the caller gets | asked | outcomes |\n"
                + "| --- | --- | --- | --- | --- | --- | --- |\n");
        for (Fault fault : Faults.AFTER_THE_COMMIT) {
            out.append("| ").append(fault.name())
                    .append(columns(new Case(fault, true, Setup.WITH_A_SECOND)))
                    .append(columns(new Case(fault, true, Setup.CONTINUED))).append(" |\n");
        }
        out.append("\n### The first is reset within its answer, and the second is to go on\n\n"
                + "| the second | the caller gets | asked | outcomes |\n"
                + "| --- | --- | --- | --- |\n");
        for (Fault fault : Faults.OF_THE_SECOND) {
            out.append("| ").append(fault.name())
                    .append(columns(new Case(fault, true, Setup.CONTINUED))).append(" |\n");
        }
        return out.append('\n').toString();
    }

    private String columns(Case c) {
        Seen seen = matrix.get(c.name());
        assertThat(seen).as(c.name()).isNotNull();
        return " | " + seen.columns();
    }
}

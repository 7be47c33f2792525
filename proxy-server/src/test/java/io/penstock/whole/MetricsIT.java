package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.caller.Allowance;
import io.penstock.exchange.call.RetrySettings;
import io.penstock.loop.Transport;
import io.penstock.mock.Failures;
import io.penstock.mock.Fault;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The figures are those of the calls that there were. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class MetricsIT {
    private static final int CALLERS = 5;
    private static final int CALLS = 200; // of each
    private static final String TEXT = "accept: text/plain";
    private static final String KEY = "x-api-key: " + CALLER_KEY;

    @Parameter
    Transport transport;

    private static String page(RawClient client, String... fields) throws IOException {
        RawClient.Head head = client.get("/metrics", fields).readHead();
        assertThat(head.status()).isEqualTo(200);
        return client.readBody(head);
    }

    private static String adminText(ProxyUnderTest proxy) throws IOException {
        return page(proxy.connectAdmin(), TEXT);
    }

    /** The sum of all series of that name whose labels match. */
    private static long sum(String page, String name, String labels) {
        Matcher series = Pattern.compile("(?m)^" + name + "\\{[^}]*" + labels
                + "[^}]*} ([0-9.E+]+)$").matcher(page);
        long sum = 0;
        while (series.find()) {
            sum += Math.round(Double.parseDouble(series.group(1)));
        }
        return sum;
    }

    /** Statuses, broken streams and cancelled calls, unary and streamed, on two event loops. */
    @Test
    void matchesTheProvidersOwnCountAfterAThousandMixedCalls() throws Exception {
        MockSettings mock = MockSettings.DEFAULT.withEvents(3);
        Failures busy = Failures.always(new Fault(Fault.Kind.STATUS, 503)).withRatio(0.3);
        Failures broken = Failures.always(new Fault(Fault.Kind.RESET, 0)).withRatio(0.1);
        ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
        try (MockServer a = MockServer.start(mock.withName("a").withFailures(busy), 1);
                MockServer b = MockServer.start(mock.withName("b").withFailures(broken), 1);
                MockServer c = MockServer.start(mock.withName("c"), 1);
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).threads(2).withoutBreaker()
                        .provider("a", "http://127.0.0.1:" + a.port())
                        .provider("b", "http://127.0.0.1:" + b.port())
                        .provider("c", "http://127.0.0.1:" + c.port())
                        .retry(new RetrySettings(4, 1, Duration.ZERO, 1)).start()) {
            List<Future<Integer>> answered = new ArrayList<>();
            for (int i = 0; i < CALLERS; i++) {
                answered.add(callers.submit(() -> callInTurn(proxy.port())));
            }
            int good = 0;
            for (Future<Integer> each : answered) {
                good += each.get();
            }
            proxy.awaitQuiet();

            String text = adminText(proxy);
            assertThat(a.requests()).isGreaterThanOrEqualTo(CALLERS * CALLS / 2);
            assertThat(b.requests()).isPositive();
            for (var each : List.of(a, b, c)) {
                String provider = "provider=\"" + each.settings().name() + "\"";
                long sent = sum(text, "penstock_attempts_total", provider)
                        + sum(text, "penstock_replays_total", provider);
                assertThat(sent).as(provider).isEqualTo(each.requests());
            }
            assertThat(sum(text, "penstock_requests_total", "")).isEqualTo(CALLERS * CALLS);
            assertThat(sum(text, "penstock_requests_total", "code=\"200\",outcome=\"ok\""))
                    .isEqualTo(good);
            assertThat(sum(text, "penstock_requests_total", "outcome=\"model_not_found\""))
                    .isEqualTo(CALLERS * CALLS / 5);
            assertThat(sum(text, "penstock_caller_requests_total", "caller=\"tester\""))
                    .isEqualTo(CALLERS * CALLS);
            assertThat(sum(text, "penstock_request_duration_seconds_count", ""))
                    .isEqualTo(CALLERS * CALLS);
            assertThat(sum(text, "penstock_failovers_total", "provider=\"a\",reason=\"503\"")
                    + sum(text, "penstock_retries_total", "provider=\"a\",reason=\"503\""))
                    .isEqualTo(sum(text, "penstock_attempts_total", "outcome=\"503\""));
            assertThat(page(proxy.connectAdmin())).contains("\"total_requests\":"
                    + (a.requests() + b.requests() + c.requests()) + ",");
        } finally {
            callers.shutdownNow();
        }
    }

    /** Of five calls, two are streams, two are unary, and one is for no model; how many got 200. */
    private static int callInTurn(int port) throws IOException {
        int good = 0;
        try (RawClient caller = RawClient.connect(port).timeout(PATIENCE)) {
            for (int i = 0; i < CALLS; i++) {
                ProxyUnderTest.ask(caller, i % 5 == 4 ? "no-such-model" : SMART, i % 2 == 0);
                RawClient.Head head = caller.readHead();
                caller.readBody(head);
                good += head.status() == 200 ? 1 : 0;
            }
        }
        return good;
    }

    @Test
    void countsACallerThatHasGone() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .start()) {
            RawClient caller = proxy.ask(SMART, true);
            ProxyUnderTest.await("the provider is asked", () -> a.requests().size() == 1);
            caller.close();
            proxy.awaitQuiet();

            String text = adminText(proxy);
            assertThat(text).contains(
                    "penstock_cancellations_total{phase=\"before_content\"} 1.0\n",
                    "penstock_attempts_total{model=\"model-a\",outcome=\"caller_gone\","
                            + "provider=\"a\"} 1.0\n");
        }
    }

    @Test
    void tellsWhichLimitRefusedAndWhatIsLeftOfBudgets() throws Exception {
        Allowance bounded = new Allowance(1, Allowance.MINUTE_NANOS, 0, 0, 1_000_000, 0);
        ApiKeySettings team = new ApiKeySettings("team",
                ProxyUnderTest.Builder.hash(CALLER_KEY), List.of(), bounded);
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .auth(new AuthSettings(List.of(team), false)).start()) {
            RawClient caller = proxy.ask(SMART, false);
            caller.readBody(caller.readHead());
            RawClient.Head refused = ProxyUnderTest.ask(caller, SMART, false).readHead();
            assertThat(refused.status()).isEqualTo(429);
            caller.readBody(refused);

            String text = adminText(proxy);
            assertThat(text).contains("penstock_limit_refusals_total{limit=\"requests\","
                    + "reason=\"rate_limit_exceeded\"} 1.0\n",
                    "penstock_budget_left_tokens{caller=\"team\"} 999990.0\n",
                    "penstock_buffer_bytes{area=\"direct\",state=\"used\"} ",
                    "penstock_telemetry_dropped_total{reason=\"queue_full\",to=\"log\"} ")
                    .doesNotContain("penstock_budget_left_dollars{");
            assertThat(page(caller, TEXT, KEY)).doesNotContain("penstock_budget_left");
        }
    }

    private static void readUntil(RawClient caller, String text) throws IOException {
        String chunk = caller.readChunk();
        while (!chunk.contains(text)) {
            chunk = caller.readChunk();
        }
    }

    @Test
    void timesTheGapsOfStreamsAndTheClosingOfCancelledCalls() throws Exception {
        CountDownLatch read = new CountDownLatch(1);
        List<String> events = ScriptedUpstream.goodEvents(2);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead().event(events.get(0)).event(events.get(1)).flush();
                    read.await();
                    x.event(events.get(2)).flush();
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .start()) {
            RawClient caller = proxy.ask(SMART, true);
            caller.readHead();
            readUntil(caller, "word0");
            read.countDown();
            readUntil(caller, "word1");
            caller.close();
            proxy.awaitQuiet();

            String text = adminText(proxy);
            assertThat(sum(text, "penstock_event_gap_seconds_count", "provider=\"a\""))
                    .isEqualTo(1);
            assertThat(text).contains("penstock_upstream_close_seconds_count 1\n");
        }
    }

    @Test
    void asksForAKeyWhereCallersNeedOne() throws Exception {
        try (ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                .provider("a", "http://127.0.0.1:1").start()) {
            RawClient caller = proxy.connect();
            RawClient.Head head = caller.get("/metrics", TEXT).readHead();
            assertThat(head.status()).isEqualTo(401);
            caller.readBody(head);

            assertThat(page(caller, TEXT, KEY)).contains(
                    "penstock_requests_total{api=\"none\",code=\"401\","
                            + "outcome=\"invalid_api_key\"} 1.0\n")
                    .doesNotContain("penstock_caller_");
            assertThat(page(caller, KEY)).startsWith("{\"uptime_seconds\":")
                    .contains("\"invalid_api_key\":1", "\"providers\":{\"a\":{");
            RawClient.Head sparse = caller.get("/metrics", KEY,
                    "accept: application/openmetrics-text;version=1.0.0").readHead();
            assertThat(sparse.header("content-type"))
                    .startsWith("application/openmetrics-text; version=1.0.0");
            assertThat(caller.readBody(sparse)).endsWith("# EOF\n");
        }
    }

    /** A page that is being made when its asker goes, or spoils its own request, harms nobody. */
    @Test
    void outlivesAskersThatDoNotWait() throws Exception {
        try (ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                .provider("a", "http://127.0.0.1:1").withoutKeys().start()) {
            for (int i = 0; i < 8; i++) {
                proxy.connect().get("/metrics", TEXT).reset();
            }
            RawClient spoiler = proxy.connect().send("GET /metrics HTTP/1.1\r\nhost: x\r\n"
                    + "transfer-encoding: chunked\r\n\r\nno chunk\r\n\r\n");
            spoiler.readBody(spoiler.readHead());
            assertThat(spoiler.readUntilClose()).isEmpty();

            RawClient caller = proxy.connect();
            for (int i = 0; i < 3; i++) {
                assertThat(page(caller, TEXT)).contains("penstock_event_loop_lag_seconds");
            }
        }
    }
}

package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.testing.Collector;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** PostHog is told what became of calls; what becomes of PostHog is no call's trouble. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class PostHogIT {
    private static final Script BUSY = x -> {
        x.readRequest();
        x.head(503, "content-length: 0").flush();
    };

    @Parameter
    Transport transport;

    private static void call(ProxyUnderTest proxy, boolean stream) throws IOException {
        RawClient caller = proxy.ask(SMART, stream);
        RawClient.Head head = caller.readHead();
        assertThat(head.status()).isEqualTo(200);
        caller.readBody(head);
        caller.close();
    }

    /** All events; the proxy stops for them. */
    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> events(ProxyUnderTest proxy, Collector collector) {
        proxy.awaitQuiet();
        proxy.stop(PATIENCE);
        return collector.batches().stream()
                .peek(batch -> assertThat(batch).containsEntry("api_key", "phc_secret"))
                .flatMap(batch -> ((List<Map<String, Object>>) batch.get("batch")).stream())
                .toList();
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> properties(Map<String, Object> event, String name) {
        assertThat(event).containsEntry("event", name).containsEntry("distinct_id", "tester")
                .containsKeys("uuid", "timestamp");
        Map<String, Object> properties = (Map<String, Object>) event.get("properties");
        assertThat(properties).containsEntry("$ai_lib", "penstock")
                .containsEntry("penstock_requested_model", SMART);
        return properties;
    }

    @Test
    void tellsOfEachAttemptOfACallThatFailedOver() throws Exception {
        try (Collector collector = new Collector();
                ScriptedUpstream a = ScriptedUpstream.start(BUSY);
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).postHog(collector.url()).start()) {
            call(proxy, false);

            List<Map<String, Object>> events = events(proxy, collector);

            assertThat(events).hasSize(3);
            assertThat(collector.paths()).containsExactly("POST /batch/");
            Map<String, Object> trace = properties(events.get(0), "$ai_trace");
            Map<String, Object> bad = properties(events.get(1), "$ai_generation");
            Map<String, Object> good = properties(events.get(2), "$ai_generation");
            Object id = trace.get("$ai_trace_id");
            assertThat(trace).containsEntry("$ai_is_error", false)
                    .containsEntry("$ai_http_status", 200).containsKey("$ai_latency");
            assertThat(bad).containsEntry("$ai_trace_id", id).containsEntry("$ai_parent_id", id)
                    .containsEntry("$ai_provider", "a").containsEntry("$ai_model", "model-a")
                    .containsEntry("$ai_http_status", 503).containsEntry("$ai_is_error", true)
                    .containsEntry("$ai_error", "503").containsEntry("$ai_stream", false)
                    .containsEntry("$ai_base_url", a.url() + "/v1")
                    .doesNotContainKey("$ai_input_tokens");
            assertThat(good).containsEntry("$ai_trace_id", id).containsEntry("$ai_parent_id", id)
                    .containsEntry("$ai_provider", "b").containsEntry("$ai_http_status", 200)
                    .containsEntry("$ai_is_error", false).containsEntry("$ai_input_tokens", 7)
                    .containsEntry("$ai_output_tokens", 3).containsEntry("$ai_span_name", "chat")
                    .doesNotContainKeys("$ai_error", "$ai_time_to_first_token", "$ai_input",
                            "$ai_output_choices");
            assertThat(bad.get("$ai_span_id")).isNotEqualTo(good.get("$ai_span_id"));
        }
    }

    @Test
    void tellsOfAStreamWithoutATraceWhereOneAttemptDid() throws Exception {
        try (Collector collector = new Collector();
                ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodStream(3));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .postHog(collector.url()).start()) {
            call(proxy, true);

            List<Map<String, Object>> events = events(proxy, collector);

            assertThat(events).hasSize(1);
            assertThat(properties(events.get(0), "$ai_generation"))
                    .containsEntry("$ai_stream", true)
                    .containsEntry("penstock_estimated", true)
                    .containsKeys("$ai_time_to_first_token", "$ai_output_tokens")
                    .doesNotContainKey("$ai_parent_id");
        }
    }

    @Test
    void tellsOfBothAttemptsOfAHedgedCall() throws Exception {
        try (Collector collector = new Collector();
                ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.awaitClosed(PATIENCE);
                });
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).hedge(Duration.ofMillis(5), 1)
                        .postHog(collector.url()).start()) {
            call(proxy, false);

            List<Map<String, Object>> events = events(proxy, collector);

            assertThat(events).hasSize(3);
            assertThat(events.subList(1, 3)).extracting(
                    each -> properties(each, "$ai_generation").get("penstock_outcome"))
                    .containsExactlyInAnyOrder("hedge_lost", "200");
            assertThat(events.subList(1, 3)).allSatisfy(each -> assertThat(
                    properties(each, "$ai_generation")).containsEntry("$ai_is_error", false));
        }
    }

    @Test
    void tellsOfACallWhoseCallerWent() throws Exception {
        try (Collector collector = new Collector();
                ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .postHog(collector.url()).start()) {
            RawClient caller = proxy.ask(SMART, true);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();
            caller.close();

            List<Map<String, Object>> events = events(proxy, collector);

            assertThat(events).hasSize(1);
            assertThat(properties(events.get(0), "$ai_generation"))
                    .containsEntry("penstock_outcome", "caller_gone")
                    .containsEntry("$ai_is_error", false)
                    .doesNotContainKeys("$ai_http_status", "$ai_time_to_first_token");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"hang", "refuse", "500", "429", "400"})
    void callsDoNotNoticeThatPostHogIsIll(String illness) throws Exception {
        int calls = 20;
        Script[] good = Collections.nCopies(calls, ScriptedUpstream.goodUnary())
                .toArray(Script[]::new);
        try (Collector collector = new Collector();
                ScriptedUpstream a = ScriptedUpstream.start(good)) {
            URI url = collector.url();
            if (illness.equals("hang")) {
                collector.hangs();
            } else if (illness.equals("refuse")) {
                collector.close();
            } else {
                int status = Integer.parseInt(illness);
                collector.answers(Collections.nCopies(100, status).stream()
                        .mapToInt(each -> each).toArray());
            }
            try (ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                    .postHog(url).start()) {
                long before = System.nanoTime();
                for (int i = 0; i < calls; i++) {
                    call(proxy, false);
                }
                assertThat(System.nanoTime() - before).as("no timer of PostHog's was waited for")
                        .isLessThan(Duration.ofSeconds(10).toNanos());
                proxy.awaitQuiet();
                RawClient admin = proxy.connectAdmin();
                RawClient.Head head = admin.get("/metrics", "accept: text/plain").readHead();
                assertThat(admin.readBody(head)).contains(
                        "penstock_telemetry_sent_total{to=\"posthog\"} 0.0\n");
                proxy.stop(Duration.ZERO); // though PostHog takes nothing
            }
            assertThat(collector.batches()).isEmpty();
        }
    }
}

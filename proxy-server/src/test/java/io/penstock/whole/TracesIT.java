package io.penstock.whole;

import static io.penstock.testing.OtlpCollector.attributes;
import static io.penstock.testing.OtlpCollector.hex;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ProxyUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Span.SpanKind;
import io.opentelemetry.proto.trace.v1.Status.StatusCode;
import io.penstock.loop.Transport;
import io.penstock.testing.OtlpCollector;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import io.penstock.trace.Sampling;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a collector gets of calls that go well and of those that don't, and what providers get. */
class TracesIT {
    private static final Transport TRANSPORT =
            ProxyUnderTest.transports().findFirst().orElseThrow();
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String PARENT = "b7ad6b7169203331";
    private static final String TRACEPARENT = "traceparent: 00-" + TRACE + "-" + PARENT + "-01";
    private static final Script BUSY = x -> {
        x.readRequest();
        x.head(503, "content-length: 0").flush();
    };
    private static final Script HANGING = x -> {
        x.readRequest();
        x.awaitClosed(PATIENCE);
    };

    @TempDir
    Path directory;

    private static ProxyUnderTest.Builder before(OtlpCollector collector,
            ScriptedUpstream... upstreams) {
        ProxyUnderTest.Builder builder = ProxyUnderTest.on(TRANSPORT).traces(collector.settings());
        for (int i = 0; i < upstreams.length; i++) {
            builder.provider(Character.toString('a' + i), upstreams[i].url());
        }
        return builder;
    }

    /** Asks, reads the whole reply, and stops the proxy, which exports what there is. */
    private static void askAndStop(ProxyUnderTest proxy, boolean stream, String... fields)
            throws Exception {
        RawClient caller = ProxyUnderTest.askWith(proxy.connect(), chat(SMART, stream), fields);
        RawClient.Head head = caller.readHead();
        if (stream && head.status() == 200) {
            caller.readChunked();
        } else {
            caller.readBody(head);
        }
        stop(proxy);
    }

    private static void stop(ProxyUnderTest proxy) {
        proxy.awaitQuiet();
        proxy.stop(PATIENCE);
    }

    private static Span request(OtlpCollector collector) {
        List<Span> spans = collector.spans(SpanKind.SPAN_KIND_SERVER);
        assertThat(spans).hasSize(1);
        return spans.get(0);
    }

    private static List<Span> attempts(OtlpCollector collector, int count) {
        List<Span> spans = collector.spans(SpanKind.SPAN_KIND_CLIENT);
        Span request = request(collector);
        assertThat(spans).hasSize(count).allSatisfy(span -> {
            assertThat(span.getTraceId()).isEqualTo(request.getTraceId());
            assertThat(span.getParentSpanId()).isEqualTo(request.getSpanId());
            assertThat(span.getStartTimeUnixNano())
                    .isBetween(request.getStartTimeUnixNano(), request.getEndTimeUnixNano());
            assertThat(span.getEndTimeUnixNano())
                    .isBetween(span.getStartTimeUnixNano(), request.getEndTimeUnixNano());
        });
        return spans;
    }

    private static Map<String, String> of(Span span) {
        return attributes(span.getAttributesList());
    }

    private static List<String> events(Span span) {
        return span.getEventsList().stream().map(Span.Event::getName).toList();
    }

    private static String sentParent(ScriptedUpstream upstream, int request) {
        return upstream.requests().get(request).header("traceparent");
    }

    @Test
    void tellsOfAPlainCallInTheCallersTrace() throws Exception {
        try (OtlpCollector collector = OtlpCollector.start();
                ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(collector, a).accessLog(directory.resolve("log"))
                        .start()) {
            askAndStop(proxy, false, TRACEPARENT, "tracestate: congo=t61,rojo=00f",
                    "baggage: a=b", "x-request-id: mine", "user-agent: curl/8");

            Span request = request(collector);
            assertThat(request.getName()).isEqualTo("POST /v1/chat/completions");
            assertThat(hex(request.getTraceId())).isEqualTo(TRACE);
            assertThat(hex(request.getParentSpanId())).isEqualTo(PARENT);
            assertThat(request.getTraceState()).isEqualTo("congo=t61,rojo=00f");
            assertThat(request.getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_UNSET);
            assertThat(of(request)).containsEntry("http.request.method", "POST")
                    .containsEntry("url.path", "/v1/chat/completions")
                    .containsEntry("http.route", "/v1/chat/completions")
                    .containsEntry("url.scheme", "http")
                    .containsEntry("user_agent.original", "curl/8")
                    .containsEntry("http.response.status_code", "200")
                    .containsEntry("penstock.request.id", "mine")
                    .containsEntry("penstock.caller", "tester")
                    .containsEntry("penstock.model", SMART)
                    .containsEntry("penstock.stream", "false")
                    .containsEntry("penstock.served_by", "a/model-a")
                    .containsEntry("penstock.attempts", "1")
                    .containsKeys("penstock.first_content", "penstock.stage.proxy")
                    .doesNotContainKey("error.type");

            Span attempt = attempts(collector, 1).get(0);
            assertThat(attempt.getName()).isEqualTo("chat model-a");
            assertThat(events(attempt)).containsExactly("penstock.sent", "penstock.hold",
                    "penstock.commit");
            assertThat(of(attempt)).containsEntry("gen_ai.operation.name", "chat")
                    .containsEntry("gen_ai.provider.name", "openai-compatible")
                    .containsEntry("gen_ai.request.model", "model-a")
                    .containsEntry("gen_ai.usage.input_tokens", "7")
                    .containsEntry("gen_ai.usage.output_tokens", "3")
                    .containsEntry("http.response.status_code", "200")
                    .containsEntry("server.address", "127.0.0.1")
                    .containsEntry("server.port", Integer.toString(a.port()))
                    .containsEntry("penstock.provider", "a")
                    .containsEntry("penstock.attempt.why", "first")
                    .containsEntry("penstock.attempt.outcome", "200")
                    .doesNotContainKeys("error.type", "gen_ai.request.stream",
                            "gen_ai.response.time_to_first_chunk");
            assertThat(a.requests().get(0).headers().get("traceparent")).containsExactly(
                    "00-" + TRACE + "-" + hex(attempt.getSpanId()) + "-01");
            assertThat(a.requests().get(0).headers().get("tracestate"))
                    .containsExactly("congo=t61,rojo=00f");
            assertThat(a.requests().get(0).header("baggage")).isNull();

            assertThat(attributes(collector.resources().get(0).getResource().getAttributesList()))
                    .containsEntry("service.name", "penstock").containsKey("service.version");
            assertThat(collector.headers().get(0)).containsEntry("Api-key", List.of("k"));
            assertThat(Files.readString(directory.resolve("log")))
                    .contains("\"id\":\"mine\",\"trace_id\":\"" + TRACE + "\"");
        }
    }

    @Test
    void metricsNameATraceOfEachBucket() throws Exception {
        try (OtlpCollector collector = OtlpCollector.start();
                ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(collector, a).start()) {
            RawClient caller = ProxyUnderTest.askWith(proxy.connect(), chat(SMART, false),
                    TRACEPARENT);
            caller.readBody(caller.readHead());
            proxy.awaitQuiet();
            RawClient admin = proxy.connectAdmin().get("/metrics",
                    "accept: application/openmetrics-text");
            String page = admin.readBody(admin.readHead());
            stop(proxy);

            String series = "penstock_%s_duration_seconds_bucket\\{[^}]*} 1 # \\{span_id=\"%s\","
                    + "trace_id=\"" + TRACE + "\"} [0-9.E-]+ [0-9.]+\n";
            assertThat(page).containsPattern(series.formatted("request",
                    hex(request(collector).getSpanId())));
            assertThat(page).containsPattern(series.formatted("attempt",
                    hex(attempts(collector, 1).get(0).getSpanId())));
        }
    }

    @Test
    void countsWhatTheCollectorDidNotTake() throws Exception {
        try (OtlpCollector collector = OtlpCollector.start().answering(400);
                ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(collector, a).start()) {
            RawClient caller = proxy.ask(SMART, false);
            caller.readBody(caller.readHead());
            String dropped = "penstock_telemetry_dropped_total{reason=\"%s\",to=\"traces\"} %s\n";
            RawClient admin = proxy.connectAdmin();
            String page = "";
            long end = System.nanoTime() + PATIENCE.toNanos();
            while (!page.contains(dropped.formatted("not_taken", "1.0"))) {
                assertThat(System.nanoTime() - end).as(page).isNegative();
                page = admin.readBody(admin.get("/metrics", "accept: text/plain").readHead());
            }
            assertThat(page).contains(dropped.formatted("queue_full", "0.0"),
                    "penstock_telemetry_sent_total{to=\"traces\"} 0.0\n");
        }
    }

    @Test
    void tellsOfAStreamInATraceOfItsOwn() throws Exception {
        try (OtlpCollector collector = OtlpCollector.start();
                ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodStream(3));
                ProxyUnderTest proxy = before(collector, a).start()) {
            askAndStop(proxy, true, "traceparent: 00-nonsense-01", "tracestate: congo=t61");

            Span request = request(collector);
            assertThat(request.getParentSpanId().isEmpty()).isTrue();
            assertThat(request.getTraceState()).isEmpty();
            Span attempt = attempts(collector, 1).get(0);
            assertThat(of(attempt)).containsEntry("gen_ai.request.stream", "true");
            assertThat(Double.parseDouble(of(attempt).get("gen_ai.response.time_to_first_chunk")))
                    .isBetween(0.0, PATIENCE.toMillis() / 1e3);
            assertThat(sentParent(a, 0)).isEqualTo("00-" + hex(request.getTraceId()) + "-"
                    + hex(attempt.getSpanId()) + "-01");
            assertThat(a.requests().get(0).header("tracestate")).isNull();
        }
    }

    @Test
    void tellsOfAFailoverEachAttemptUnderAnIdOfItsOwn() throws Exception {
        try (OtlpCollector collector = OtlpCollector.start();
                ScriptedUpstream a = ScriptedUpstream.start(BUSY);
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(collector, a, b).start()) {
            askAndStop(proxy, false, TRACEPARENT);

            List<Span> attempts = attempts(collector, 2);
            assertThat(of(attempts.get(0))).containsEntry("error.type", "503")
                    .containsEntry("http.response.status_code", "503")
                    .containsEntry("penstock.attempt.outcome", "503");
            assertThat(attempts.get(0).getStatus().getCode())
                    .isEqualTo(StatusCode.STATUS_CODE_ERROR);
            assertThat(events(attempts.get(0))).containsExactly("penstock.sent", "penstock.hold");
            assertThat(of(attempts.get(1))).containsEntry("penstock.attempt.why", "next");
            assertThat(attempts.get(1).getLinksList()).isEmpty();
            assertThat(sentParent(a, 0)).contains(hex(attempts.get(0).getSpanId()));
            assertThat(sentParent(b, 0)).contains(hex(attempts.get(1).getSpanId()));
            assertThat(request(collector).getStatus().getCode())
                    .isEqualTo(StatusCode.STATUS_CODE_UNSET);
        }
    }

    @Test
    void tellsThatAllAttemptsFailed() throws Exception {
        try (OtlpCollector collector = OtlpCollector.start();
                ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.closeFin();
                });
                ProxyUnderTest proxy = before(collector, a).start()) {
            askAndStop(proxy, false);

            Span request = request(collector);
            assertThat(request.getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_ERROR);
            assertThat(of(request)).containsEntry("error.type", "upstream_error")
                    .containsEntry("http.response.status_code", "502");
            List<Span> attempts = attempts(collector, 2);
            assertThat(of(attempts.get(1))).containsEntry("penstock.attempt.why", "again")
                    .containsEntry("error.type", "closed")
                    .doesNotContainKey("http.response.status_code");
        }
    }

    @Test
    void linksAHedgeWithTheAttemptThatItStandsBeside() throws Exception {
        try (OtlpCollector collector = OtlpCollector.start();
                ScriptedUpstream a = ScriptedUpstream.start(HANGING);
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodStream(2));
                ProxyUnderTest proxy = before(collector, a, b).hedge(Duration.ofMillis(30), 1)
                        .start()) {
            askAndStop(proxy, true);

            List<Span> attempts = attempts(collector, 2);
            Span first = attempts.get(0);
            Span hedge = attempts.get(1);
            assertThat(of(first)).containsEntry("penstock.attempt.outcome", "hedge_lost")
                    .doesNotContainKey("error.type");
            assertThat(first.getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_UNSET);
            assertThat(of(hedge)).containsEntry("penstock.attempt.why", "hedge");
            assertThat(hedge.getLinksList()).singleElement().satisfies(link -> {
                assertThat(link.getSpanId()).isEqualTo(first.getSpanId());
                assertThat(link.getTraceId()).isEqualTo(first.getTraceId());
            });
            Span request = request(collector);
            assertThat(events(request)).containsExactly("penstock.hedge");
            assertThat(attributes(request.getEvents(0).getAttributesList()))
                    .containsEntry("penstock.target", "b/model-b");
            assertThat(request.getEvents(0).getTimeUnixNano())
                    .isEqualTo(hedge.getStartTimeUnixNano());
        }
    }

    @Test
    void linksAContinuationWithTheAttemptThatBrokeOff() throws Exception {
        String chunk = "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,"
                + "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"},"
                + "\"finish_reason\":%s}]}";
        try (OtlpCollector collector = OtlpCollector.start();
                ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead().event(chunk.formatted("One two three four five s", "null")).flush();
                    x.reset();
                });
                ScriptedUpstream b = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead().event(chunk.formatted("ix seven eight nine ten.", "null"))
                            .event(chunk.formatted("", "\"stop\"")).event("[DONE]").lastChunk();
                });
                ProxyUnderTest proxy = before(collector, a, b).continues()
                        .accessLog(directory.resolve("log")).start()) {
            askAndStop(proxy, true);

            List<Span> attempts = attempts(collector, 2);
            assertThat(of(attempts.get(0))).containsEntry("penstock.attempt.outcome", "reset")
                    .containsEntry("error.type", "reset")
                    .containsEntry("http.response.status_code", "200");
            assertThat(events(attempts.get(0))).contains("penstock.commit");
            assertThat(of(attempts.get(1))).containsEntry("penstock.attempt.why", "continue")
                    .containsEntry("penstock.attempt.outcome", "200");
            assertThat(attempts.get(1).getLinksList()).singleElement().satisfies(link ->
                    assertThat(link.getSpanId()).isEqualTo(attempts.get(0).getSpanId()));
            assertThat(events(request(collector))).containsExactly("penstock.continuation");
            assertThat(of(request(collector))).containsEntry("penstock.attempts", "2")
                    .doesNotContainKey("error.type");
        }
    }

    @Test
    void tellsOfACallerThatLeftWithoutCallingItAnError() throws Exception {
        try (OtlpCollector collector = OtlpCollector.start();
                ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead().event(ScriptedUpstream.goodEvents(2).get(0))
                            .event(ScriptedUpstream.goodEvents(2).get(1)).flush();
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = before(collector, a).start()) {
            RawClient caller = proxy.ask(SMART, true);
            caller.readHead();
            caller.close();
            stop(proxy);

            Span request = request(collector);
            assertThat(of(request)).containsEntry("http.response.status_code", "499")
                    .containsEntry("error.type", "caller_gone");
            assertThat(request.getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_UNSET);
            Span attempt = attempts(collector, 1).get(0);
            assertThat(attempt.getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_UNSET);
        }
    }

    @Test
    void tellsOfARefusedRequest() throws Exception {
        try (OtlpCollector collector = OtlpCollector.start();
                ScriptedUpstream a = ScriptedUpstream.start(HANGING);
                ProxyUnderTest proxy = before(collector, a).start()) {
            RawClient.Head head = proxy.connect().post("/v1/messages/batches/b1", "{}",
                    TRACEPARENT).readHead();
            assertThat(head.status()).isEqualTo(401);
            stop(proxy);

            Span request = request(collector);
            assertThat(request.getName()).isEqualTo("POST /v1/messages/*");
            assertThat(of(request)).containsEntry("error.type", "invalid_api_key")
                    .containsEntry("url.path", "/v1/messages/batches/b1")
                    .doesNotContainKeys("penstock.caller", "penstock.stage.proxy");
            assertThat(request.getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_UNSET);
            assertThat(collector.spans()).hasSize(1);
        }
    }

    @Test
    void tellsOfACallThatIsPassedThrough() throws Exception {
        try (OtlpCollector collector = OtlpCollector.start();
                ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(collector, a).start()) {
            RawClient caller = proxy.connect().get("/passthrough/a/what/ever", TRACEPARENT,
                    "authorization: Bearer " + ProxyUnderTest.CALLER_KEY);
            caller.readBody(caller.readHead());
            stop(proxy);

            assertThat(request(collector).getName()).isEqualTo("GET /passthrough/{provider}/*");
            Span attempt = attempts(collector, 1).get(0);
            assertThat(attempt.getName()).isEqualTo("GET");
            assertThat(of(attempt)).doesNotContainKey("gen_ai.operation.name");
            assertThat(a.requests().get(0).headers().get("traceparent")).containsExactly(
                    "00-" + TRACE + "-" + hex(attempt.getSpanId()) + "-01");
        }
    }

    @Test
    void tellsOfEachModelOfAComparisonInTheSameTrace() throws Exception {
        try (OtlpCollector collector = OtlpCollector.start();
                ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(collector, a, b).start()) {
            RawClient caller = proxy.connect().post("/v1/compare_models",
                    "{\"models\":[\"model-a\",\"model-b\"],\"messages\":[{\"role\":\"user\","
                            + "\"content\":\"Hi\"}]}", TRACEPARENT,
                    "authorization: Bearer " + ProxyUnderTest.CALLER_KEY);
            caller.readBody(caller.readHead());
            stop(proxy);

            List<Span> requests = collector.spans(SpanKind.SPAN_KIND_SERVER);
            assertThat(requests).hasSize(2).allSatisfy(request -> {
                assertThat(hex(request.getTraceId())).isEqualTo(TRACE);
                assertThat(hex(request.getParentSpanId())).isEqualTo(PARENT);
            });
            assertThat(requests.get(0).getSpanId()).isNotEqualTo(requests.get(1).getSpanId());
            assertThat(collector.spans(SpanKind.SPAN_KIND_CLIENT)).extracting(Span::getName)
                    .containsExactlyInAnyOrder("chat model-a", "chat model-b");
        }
    }

    @Test
    void recordsNothingThatIsNotSampledAndStillTellsTheProviderTheTrace() throws Exception {
        try (OtlpCollector collector = OtlpCollector.start();
                ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(collector, a).accessLog(directory.resolve("log"))
                        .start()) {
            askAndStop(proxy, false, TRACEPARENT.replace("-01", "-00"));

            assertThat(collector.spans()).isEmpty();
            assertThat(sentParent(a, 0)).startsWith("00-" + TRACE).endsWith("-00");
            assertThat(Files.readString(directory.resolve("log"))).doesNotContain("trace_id");
        }
    }

    @Test
    void tellsProvidersNothingWhereThatIsNotWanted() throws Exception {
        try (OtlpCollector collector = OtlpCollector.start();
                ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(collector, a)
                        .traces(collector.settings(Sampling.DEFAULT, false)).start()) {
            askAndStop(proxy, false, TRACEPARENT);

            assertThat(sentParent(a, 0)).isNull();
            assertThat(collector.spans()).hasSize(2);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 500, 400})
    void aCollectorThatDoesNotTakeThemChangesNothingElse(int status) throws Exception {
        try (OtlpCollector collector = OtlpCollector.start().answering(status);
                ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(collector, a).start()) {
            RawClient caller = proxy.connect();
            for (int i = 0; i < 20; i++) {
                RawClient.Head head = ProxyUnderTest.ask(caller, SMART, false).readHead();
                assertThat(head.status()).isEqualTo(200);
                caller.readBody(head);
            }
            assertThat(collector.awaitAsked(PATIENCE)).isTrue();
            long before = System.nanoTime();

            stop(proxy);

            assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(PATIENCE);
            assertThat(collector.spans()).isEmpty();
        }
    }

    /** More calls than the queue and the batch under way hold. */
    @Test
    void dropsAndCountsWhatAHangingCollectorLeavesNoRoomFor() throws Exception {
        try (OtlpCollector collector = OtlpCollector.start().answering(0);
                ScriptedUpstream a = ScriptedUpstream.start(HANGING);
                ProxyUnderTest proxy = before(collector, a).start()) {
            RawClient caller = proxy.connect();
            for (int i = 0; i < 2500; i++) {
                RawClient.Head head = caller.get("/v1/nothing").readHead();
                assertThat(head.status()).isEqualTo(404);
                caller.readBody(head);
            }
            RawClient admin = proxy.connectAdmin().get("/metrics", "accept: text/plain");
            Matcher dropped = Pattern.compile("penstock_telemetry_dropped_total\\{"
                    + "reason=\"queue_full\",to=\"traces\"} ([0-9.]+)\n")
                    .matcher(admin.readBody(admin.readHead()));
            assertThat(dropped.find()).isTrue();
            assertThat(Double.parseDouble(dropped.group(1))).isBetween(2500.0 - 2048 - 256, 452.0);

            stop(proxy);
        }
    }

    @Test
    void aCollectorThatIsNotThereChangesNothingElse() throws Exception {
        OtlpCollector gone = OtlpCollector.start();
        gone.close();
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(gone, a).start()) {
            askAndStop(proxy, false);
        }
    }
}

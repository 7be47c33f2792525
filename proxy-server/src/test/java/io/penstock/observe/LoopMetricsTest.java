package io.penstock.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import io.penstock.caller.Allowance;
import io.penstock.caller.Caller;
import io.penstock.exchange.Finished;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.AttemptFigures;
import io.penstock.exchange.call.AttemptRecord;
import io.penstock.exchange.call.CacheUse;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.provider.Api;
import io.penstock.route.Route.TargetName;
import io.penstock.usage.TokenUsage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LoopMetricsTest {
    private static final TargetName A = new TargetName("a", "model-a");
    private static final TargetName B = new TargetName("b", "model-b");
    private static final Caller TEAM = new Caller("team", "team", List.of(), Allowance.UNBOUNDED);
    private static final String GOOD_OF_A =
            "penstock_attempt_duration_seconds_%s{provider=\"a\",result=\"good\"%s}";
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);
    private static final Readings NOW = new Readings("1", TimeUnit.SECONDS.toNanos(5), true, 3, 2,
            List.of(new Readings.OfLoop(1000, 4, 1)),
            List.of(new Readings.OfProvider("a", true, 2, 1, 7, 3, 1,
                    List.of(new Readings.OfTarget("model-a", "open"))),
                    new Readings.OfProvider("b", false, 0, 0, 0, 1, 0, List.of())),
            new Readings.OfCache(4096, 128, 3, 2, 5, 6));

    private final Metrics metrics = new Metrics();
    private final ExchangeObserver loop = metrics.forLoop();

    /** An attempt that began at zero. */
    private record Figures(long contentNanos, long endedNanos, TokenUsage booked,
            long bookedNanoDollars, boolean isReplayed) implements AttemptFigures {
        Figures(long contentNanos, long endedNanos, TokenUsage booked, long bookedNanoDollars) {
            this(contentNanos, endedNanos, booked, bookedNanoDollars, false);
        }

        @Override
        public Ask ask() {
            throw new IllegalStateException("not asked for here");
        }

        @Override
        public int status() {
            return 0;
        }

        @Override
        public long startedNanos() {
            return 0;
        }

        @Override
        public long slotNanos() {
            return 0;
        }

        @Override
        public long readyNanos() {
            return 0;
        }

        @Override
        public long headNanos() {
            return 0;
        }
    }

    private static Figures figures() {
        return new Figures(0, MILLI, null, 0);
    }

    private static AttemptRecord record(TargetName target, Ask.Why why, String outcome,
            AttemptFigures figures) {
        return new AttemptRecord(target, why, outcome, MILLI, figures);
    }

    private static AttemptRecord record(TargetName target, Ask.Why why, Fault fault) {
        return record(target, why, fault.code(), figures());
    }

    private static Finished finished(int status, Failure.Kind failure, boolean stream,
            TokenUsage usage, long nanoDollars, AttemptRecord... attempts) {
        TargetName servedBy = attempts.length == 0 || status >= 400 ? null
                : attempts[attempts.length - 1].target();
        return new Finished(TEAM, "id", "smart", Api.CHAT, Api.CHAT, stream, status,
                failure == null ? null : Failure.of(failure, "x"), List.of(attempts), servedBy,
                usage, nanoDollars, 0, 0, 20 * MILLI, 0, servedBy == null ? -1 : 5 * MILLI,
                new Finished.Stages(1000, 2000, 3000, 4000), null, null);
    }

    private Map<List<String>, Long> counts(Metric metric) {
        return metrics.counts(metric);
    }

    private static Finished cached(CacheUse use, TokenUsage saved) {
        return new Finished(TEAM, "id", "smart", Api.CHAT, null, false, 200, null, List.of(), A,
                null, 0, 0, 0, 20 * MILLI, 0, 5 * MILLI,
                new Finished.Stages(1000, 2000, 3000, 4000), use, saved);
    }

    @Test
    void countsWhatTheCacheWasToEachCallAndNoTokensOfAHit() {
        loop.onFinished(cached(CacheUse.HIT, new TokenUsage(7, 3, 1, 2)));
        loop.onFinished(cached(CacheUse.HIT, new TokenUsage(7, 3, 1, 2)));
        loop.onFinished(cached(CacheUse.JOINED, null));

        assertThat(counts(Metric.CACHE_CALLS))
                .isEqualTo(Map.of(List.of("hit"), 2L, List.of("joined"), 1L));
        assertThat(counts(Metric.CACHE_SAVED_TOKENS))
                .isEqualTo(Map.of(List.of(A.provider(), A.model()), 20L));
        assertThat(counts(Metric.TOKENS)).isEmpty();
        assertThat(counts(Metric.CALLER_TOKENS)).isEmpty();
    }

    @Test
    void countsEachRequestByHowItEnded() {
        loop.onFinished(finished(200, null, false, null, 0,
                record(A, Ask.Why.FIRST, "200", figures())));
        loop.onFinished(finished(400, null, false, null, 0,
                record(A, Ask.Why.FIRST, "400", figures())));
        loop.onFinished(Finished.refused(null, "id",
                Failure.of(Failure.Kind.INVALID_API_KEY, "no"), "POST /", 0, 1, null));
        loop.onFinished(finished(200, Failure.Kind.UPSTREAM_ERROR, true, null, 0));

        assertThat(counts(Metric.REQUESTS)).isEqualTo(Map.of(
                List.of("chat", "ok", "200"), 1L, List.of("chat", "passed_on", "400"), 1L,
                List.of("none", "invalid_api_key", "401"), 1L,
                List.of("chat", "upstream_error", "200"), 1L));
        assertThat(counts(Metric.CALLER_REQUESTS)).isEqualTo(
                Map.of(List.of("team"), 3L, List.of("none"), 1L));
    }

    @Test
    void tellsWhyTheAttemptsAfterTheFirstWereMade() {
        loop.onFinished(finished(200, null, false, null, 0,
                record(A, Ask.Why.FIRST, Fault.RESET),
                record(A, Ask.Why.AGAIN, "503", figures()),
                record(B, Ask.Why.NEXT, "200", figures())));

        assertThat(counts(Metric.RETRIES)).isEqualTo(Map.of(List.of("a", "reset"), 1L));
        assertThat(counts(Metric.FAILOVERS)).isEqualTo(Map.of(List.of("a", "503"), 1L));
        assertThat(counts(Metric.ATTEMPTS)).isEqualTo(Map.of(
                List.of("a", "model-a", "reset"), 1L, List.of("a", "model-a", "503"), 1L,
                List.of("b", "model-b", "200"), 1L));
    }

    @Test
    void countsTargetsThatWereNotAskedApart() {
        loop.onFinished(finished(503, Failure.Kind.NO_HEALTHY_PROVIDER, false, null, 0,
                record(A, null, Fault.COOLDOWN.code(), null),
                record(B, Ask.Why.FIRST, Fault.SATURATED),
                record(new TargetName("-", "made-up"), null, "model_not_found", null)));

        assertThat(counts(Metric.ATTEMPTS)).isEmpty();
        assertThat(counts(Metric.SKIPPED)).isEqualTo(Map.of(
                List.of("a", "model-a", "cooldown"), 1L,
                List.of("b", "model-b", "saturated"), 1L,
                List.of("-", "other", "model_not_found"), 1L));
    }

    @Test
    void countsOnceAnAttemptThatBrokeOffAndWasContinued() {
        Figures broken = figures();
        loop.onFinished(finished(200, null, true, null, 0,
                record(A, Ask.Why.FIRST, "200", broken),
                record(A, Ask.Why.FIRST, Fault.RESET.code(), broken),
                record(B, Ask.Why.CONTINUE, "200", figures())));

        assertThat(counts(Metric.ATTEMPTS)).isEqualTo(Map.of(
                List.of("a", "model-a", "reset"), 1L, List.of("b", "model-b", "200"), 1L));
        assertThat(counts(Metric.BROKEN_REPLIES)).isEqualTo(Map.of(List.of("a", "reset"), 1L));
        assertThat(counts(Metric.CONTINUATIONS)).isEqualTo(Map.of(List.of("b", "joined"), 1L));
    }

    /** The provider has two requests of it. */
    @Test
    void countsARequestThatWasSentTwice() {
        loop.onFinished(finished(200, null, false, null, 0, record(A, Ask.Why.FIRST, "200",
                new Figures(MILLI, MILLI, null, 0, true))));

        assertThat(counts(Metric.ATTEMPTS)).isEqualTo(
                Map.of(List.of("a", "model-a", "200"), 1L));
        assertThat(counts(Metric.REPLAYS)).isEqualTo(Map.of(List.of("a"), 1L));
        assertThat(text(metrics.page(null, NOW, false))).contains("\"a\":{\"total_requests\":2,"
                + "\"success_rate\":1.0,").contains("\"error_counts\":{\"replayed\":1}");
    }

    @Test
    void tellsHedgesThatWonFromThoseThatLost() {
        loop.onFinished(finished(200, null, true, null, 0,
                record(A, Ask.Why.FIRST, Fault.HEDGE_LOST),
                record(B, Ask.Why.HEDGE, "200", figures())));
        loop.onFinished(finished(200, null, true, null, 0,
                record(B, Ask.Why.HEDGE, Fault.HEDGE_LOST),
                record(A, Ask.Why.FIRST, "200", figures())));

        assertThat(counts(Metric.HEDGES)).isEqualTo(
                Map.of(List.of("b", "won"), 1L, List.of("b", "lost"), 1L));
    }

    @Test
    void givesTokensAndCostToTheTargetThatTheyWereBookedFor() {
        Figures lost = new Figures(0, MILLI, new TokenUsage(5, 2, 1, 0), 30);
        Figures good = new Figures(MILLI, MILLI, new TokenUsage(7, 3, 0, 2), 100);
        loop.onFinished(finished(200, null, true, good.booked, 130,
                record(A, Ask.Why.FIRST, Fault.HEDGE_LOST.code(), lost),
                record(B, Ask.Why.HEDGE, "200", good)));

        assertThat(counts(Metric.TOKENS))
                .containsEntry(List.of("a", "model-a", "prompt"), 5L)
                .containsEntry(List.of("a", "model-a", "cached"), 1L)
                .containsEntry(List.of("b", "model-b", "completion"), 3L)
                .containsEntry(List.of("b", "model-b", "reasoning"), 2L);
        assertThat(counts(Metric.COST)).isEqualTo(Map.of(
                List.of("a", "model-a"), 30L, List.of("b", "model-b"), 100L));
        assertThat(counts(Metric.CALLER_TOKENS)).isEqualTo(Map.of(List.of("team"), 17L));
        assertThat(counts(Metric.CALLER_COST)).isEqualTo(Map.of(List.of("team"), 130L));
    }

    /** As on a tunnel. */
    @Test
    void countsWhatWasBookedWhileTheExchangeRan() {
        loop.onFinished(finished(101, null, true, new TokenUsage(7, 3, 0, 0), 50,
                record(A, Ask.Why.FIRST, "101", figures())));

        assertThat(counts(Metric.TOKENS)).containsEntry(List.of("a", "model-a", "prompt"), 7L);
        assertThat(counts(Metric.COST)).isEqualTo(Map.of(List.of("a", "model-a"), 50L));
    }

    @Test
    void countsCancellationsAndRefusals() {
        loop.onFinished(finished(499, Failure.Kind.CALLER_GONE, true, null, 0,
                record(A, Ask.Why.FIRST, Fault.CALLER_GONE)));
        loop.onFinished(finished(429, Failure.Kind.INSUFFICIENT_QUOTA, true, null, 0));

        assertThat(counts(Metric.CANCELLATIONS)).isEqualTo(Map.of(List.of("before_content"), 1L));
        loop.onFinished(Finished.refused(null, "id", Failure.of(Failure.Kind.RATE_LIMITED, "x")
                .by("requests"), null, 0, 0, null));
        assertThat(counts(Metric.LIMIT_REFUSALS)).isEqualTo(Map.of(
                List.of("insufficient_quota", "none"), 1L,
                List.of("rate_limit_exceeded", "requests"), 1L));
    }

    @Test
    void foldsWhatHasNoBoundOfItsOwn() {
        for (int i = 0; i < Metrics.MAX_MODELS + 3; i++) {
            loop.onFinished(finished(200, null, false, null, 0, record(
                    new TargetName("a", "m" + i), Ask.Why.FIRST, "200", figures())));
        }
        loop.onFinished(finished(502, Failure.Kind.UPSTREAM_ERROR, false, null, 0,
                record(A, Ask.Why.FIRST, "999", figures())));

        assertThat(counts(Metric.ATTEMPTS)).hasSize(Metrics.MAX_MODELS + 2)
                .containsEntry(List.of("a", "other", "200"), 3L)
                .containsEntry(List.of("a", "other", "other"), 1L);
    }

    @Test
    void addsUpAllLoopsOnceHoweverOftenItIsAsked() {
        metrics.forLoop().onFinished(finished(200, null, true, null, 0,
                record(A, Ask.Why.FIRST, "200", new Figures(4 * MILLI, 8 * MILLI, null, 0))));
        loop.onFinished(finished(200, null, true, null, 0,
                record(A, Ask.Why.FIRST, "200", new Figures(6 * MILLI, 12 * MILLI, null, 0))));

        for (int i = 0; i < 2; i++) {
            assertThat(counts(Metric.ATTEMPTS)).isEqualTo(
                    Map.of(List.of("a", "model-a", "200"), 2L));
            Metrics.Timed timed = metrics.times(Metric.ATTEMPT_DURATION)
                    .get(List.of("a", "good"));
            assertThat(timed.sumNanos()).isEqualTo(20 * MILLI);
            assertThat(timed.micros().getTotalCount()).isEqualTo(2);
            assertThat(timed.micros().getMaxValue()).isBetween(11_880L, 12_120L);
        }
    }

    @Test
    void tellsEachProvidersFiguresInJson() throws Exception {
        for (int i = 0; i < 3; i++) {
            loop.onFinished(finished(200, null, true, null, 0, record(A, Ask.Why.FIRST, "200",
                    new Figures(4 * MILLI, 8 * MILLI, null, 0))));
        }
        loop.onFinished(finished(200, null, true, null, 0,
                record(A, Ask.Why.FIRST, "429", figures()),
                record(A, Ask.Why.AGAIN, Fault.HEAD_TIMEOUT),
                record(A, Ask.Why.AGAIN, Fault.GAP_TIMEOUT),
                record(B, Ask.Why.NEXT, Fault.CALLER_GONE)));

        String page = text(metrics.page(null, NOW, false));

        assertThat(page).startsWith("{\"uptime_seconds\":5,\"open_exchanges\":2,\"requests\":"
                        + "{\"total\":4,\"by_outcome\":{\"ok\":4}},\"total\":"
                        + "{\"total_requests\":7,\"success_rate\":0.5,")
                .contains("\"providers\":{\"a\":{\"total_requests\":6,\"success_rate\":0.5,"
                        + "\"avg_response_time\":0.008,"
                        + "\"error_counts\":{\"http_429\":1,\"timeout\":2},\"ttft_ms\":{\"p50\":")
                .contains("\"b\":{\"total_requests\":1,\"success_rate\":null,"
                        + "\"avg_response_time\":null,\"error_counts\":{\"caller_gone\":1},"
                        + "\"ttft_ms\":null,\"latency_ms\":null}}}");
        try (JsonParser parser = new JsonFactory().createParser(page)) {
            while (parser.nextToken() != null) {
                assertThat(parser.currentToken()).isNotNull();
            }
        }
    }

    @Test
    void writesWhatPrometheusReads() {
        loop.onFinished(finished(200, null, true, null, 1_500_000_000, record(A, Ask.Why.FIRST,
                "200", new Figures(4 * MILLI, 8 * MILLI, new TokenUsage(1, 1, 0, 0), 500))));

        Metrics.Page page = metrics.page("text/plain", NOW, true);

        assertThat(page.contentType()).isEqualTo("text/plain; version=0.0.4; charset=utf-8");
        assertThat(text(page)).contains(
                "penstock_requests_total{api=\"chat\",code=\"200\",outcome=\"ok\"} 1.0\n",
                "penstock_cost_dollars_total{model=\"model-a\",provider=\"a\"} 1.5\n",
                "penstock_caller_requests_total{caller=\"team\"} 1.0\n",
                GOOD_OF_A.formatted("bucket", ",le=\"0.005\"") + " 0\n",
                GOOD_OF_A.formatted("bucket", ",le=\"0.01\"") + " 1\n",
                GOOD_OF_A.formatted("sum", "") + " 0.008\n",
                "penstock_stage_seconds_count{stage=\"proxy\"} 1\n",
                "penstock_breaker_open{model=\"model-a\",provider=\"a\"} 1.0\n",
                "penstock_provider_keys{provider=\"a\",state=\"resting\"} 1.0\n",
                "penstock_upstream_connections_opened_total{provider=\"a\"} 7.0\n",
                "penstock_open_exchanges 2.0\n", "jvm_memory_used_bytes{",
                "process_cpu_seconds_total ");
    }

    @Test
    void namesNoCallerToOtherCallers() {
        loop.onFinished(finished(200, null, true, null, 0));

        assertThat(text(metrics.page("text/plain", NOW, false)))
                .contains("penstock_requests_total").doesNotContain("penstock_caller_");
    }

    private static String text(Metrics.Page page) {
        return new String(page.body(), StandardCharsets.UTF_8);
    }
}

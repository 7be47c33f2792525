package io.penstock.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class OverviewTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final Readings NOW = new Readings("1.2", 90 * SECOND, true, 8, 3,
            List.of(new Readings.OfLoop(1_500_000, 4, 1), new Readings.OfLoop(500_000, 2, 1)),
            List.of(new Readings.OfProvider("a", true, 2, 1, 7, 3, 1, List.of(
                            new Readings.OfTarget("m", "half_open"),
                            new Readings.OfTarget("n", "closed"))),
                    new Readings.OfProvider("unused", false, 0, 0, 0, 0, 0, List.of())),
            new Readings.OfCache(0, 0, 0, 0, 0, 0));

    private final Overview overview = new Overview();
    private final Map<String, Long> outcomes = new TreeMap<>();
    private final Histogram contents = new Histogram(LoopTimer.DIGITS);
    private final Histogram durations = new Histogram(LoopTimer.DIGITS);
    private long failovers;
    private long tokens;
    private long attempts;
    private long nowNanos = -7 * SECOND; // a clock may begin anywhere

    private void happen(String outcome, int times, long contentMillis) {
        outcomes.merge(outcome, (long) times, Long::sum);
        for (int i = 0; i < times; i++) {
            contents.recordValue(contentMillis * 1000);
            durations.recordValue(contentMillis * 2000);
        }
        attempts += times;
    }

    private void sampleAfter(long nanos) {
        nowNanos += nanos;
        overview.sample(new Sums(Map.copyOf(outcomes), failovers, 1, 2, 3, tokens, 1_250_000_000,
                contents.copy(), durations.copy(), Map.of("a",
                        new Sums.OfProvider(attempts, outcomes.getOrDefault("upstream_error", 0L),
                                contents.copy()))),
                NOW, nowNanos, nowNanos / 1_000_000);
    }

    private interface Written {
        void to(JsonGenerator out) throws IOException;
    }

    private static String json(Written written) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator out = new JsonFactory().createGenerator(bytes)) {
            written.to(out);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private String json() throws IOException {
        return json(overview::write);
    }

    @Test
    void saysHowTheProxyStandsBeforeAnyRateIsKnown() throws IOException {
        happen("ok", 5, 100);
        sampleAfter(0);

        assertThat(json()).startsWith("{\"version\":\"1.2\",\"uptime_seconds\":90,\"ready\":true,"
                + "\"open\":3,\"queued\":2,\"connections\":8,\"upstream_connections\":6,"
                + "\"loop_lag_ms\":1.5,\"requests\":5,\"errors\":0,\"outcomes\":{\"ok\":5}")
                .contains("\"requests_per_second\":null", "\"ttft_ms\":null", "\"point\":null",
                        "\"cost_usd\":1.25", "\"retries\":1,\"hedges\":2,\"continuations\":3");
        assertThat(json(overview::writeHistory)).endsWith("\"points\":[]}");
    }

    @Test
    void countsWhatHappenedWithinTheLastSecond() throws IOException {
        happen("ok", 100, 100);
        sampleAfter(0);
        happen("ok", 6, 100);
        happen("upstream_error", 2, 100);
        happen("caller_gone", 1, 100);
        failovers = 3;
        sampleAfter(SECOND / 2);

        assertThat(json()).contains("\"requests_per_second\":18.0", "\"errors_per_second\":4.0",
                "\"failovers_per_second\":6.0", "\"requests\":109,\"errors\":2");
    }

    @Test
    void takesPercentilesOfTheLastTenSecondsOnly() throws IOException {
        happen("ok", 1000, 5000);
        sampleAfter(0);
        for (int i = 0; i < Overview.WINDOW; i++) {
            happen("ok", 1, 100);
            sampleAfter(SECOND);
        }

        assertThat(json()).contains("\"ttft_ms\":{\"p50\":100.35,\"p90\":100.35,\"p99\":100.35}",
                "\"latency_ms\":{\"p50\":200.7,");
    }

    @Test
    void sumsTokensOverTheWindow() throws IOException {
        sampleAfter(0);
        tokens = 300;
        sampleAfter(SECOND);
        sampleAfter(SECOND);

        assertThat(json()).contains("\"tokens_per_second\":150.0");
    }

    @Test
    void saysNothingOfWhatWasNotMeasured() throws IOException {
        sampleAfter(0);
        sampleAfter(SECOND);

        assertThat(json()).contains("\"requests_per_second\":0.0", "\"ttft_ms\":null",
                "\"point\":[-6000,0.0,0.0,0.0,3,null,null,null,null,null,null]");
    }

    @Test
    void beginsRatesAnewAfterAGap() throws IOException {
        sampleAfter(0);
        happen("ok", 500, 100);
        sampleAfter(60 * SECOND);

        assertThat(json()).contains("\"requests_per_second\":null", "\"ttft_ms\":null");

        happen("ok", 5, 100);
        sampleAfter(SECOND);

        assertThat(json()).contains("\"requests_per_second\":5.0");
    }

    @Test
    void tellsOfEachProvider() throws IOException {
        sampleAfter(0);
        happen("ok", 3, 3);
        happen("upstream_error", 1, 90_000);
        sampleAfter(2 * SECOND);

        assertThat(json()).contains("\"providers\":[{\"name\":\"a\",\"enabled\":true,"
                + "\"breaker\":\"half_open\",\"in_flight\":2,\"waiting\":1,\"keys\":3,"
                + "\"keys_resting\":1,\"attempts\":4,\"failed\":1,\"attempts_per_second\":2.0,"
                + "\"failed_per_second\":0.5,\"ttft_p50_ms\":3.01,",
                "\"ttft_bars\":[0,0,3,0,0,0,0,0,0,0,0,0,0,0,0,1]}",
                "{\"name\":\"unused\",\"enabled\":false,\"breaker\":\"closed\"");
    }

    @Test
    void boundsItsHistory() throws IOException {
        for (int i = 0; i < Overview.HISTORY + 20; i++) {
            sampleAfter(SECOND);
        }

        String history = json(overview::writeHistory);

        assertThat(history.split("\\[-?[0-9]+,0\\.0,")).hasSize(Overview.HISTORY + 1);
        assertThat(history).contains("\"bar_ms\":[1,2,5,");
    }
}

package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

class TopScreenTest {
    private static final int WIDE = 120;
    private static final int HIGH = 40;

    private final TopScreen screen = new TopScreen("localhost:9091", ZoneOffset.UTC);

    private static String overview(String rate) {
        return """
                {"version":"0.1.0","uptime_seconds":93784,"ready":true,"open":12,"queued":0,
                "outcomes":{"ok":5,"upstream_error":2,"rate_limit_exceeded":17},
                "requests_per_second":%s,"errors_per_second":0.5,"failovers_per_second":0,
                "tokens_per_second":1234.5,"ttft_ms":{"p50":3.25,"p90":410.4,"p99":1830},
                "latency_ms":null,"providers":[
                {"name":"openai","enabled":true,"breaker":"half_open","in_flight":3,"waiting":0,
                "keys":2,"keys_resting":1,"attempts_per_second":8.0,"failed_per_second":2.0,
                "ttft_p50_ms":400,"ttft_p99_ms":1800},
                {"name":"spare","enabled":false,"breaker":"closed","in_flight":0,"waiting":0,
                "keys":0,"keys_resting":0,"attempts_per_second":0,"failed_per_second":0,
                "ttft_p50_ms":null,"ttft_p99_ms":null}]}""".replace("\n", "").formatted(rate);
    }

    private static String finished(String model, int status) {
        return "{\"missed\":0,\"exchanges\":[{\"ended_at\":45296000,\"status\":" + status
                + ",\"model\":" + model + ",\"provider\":\"openai\",\"ms\":1040.5,\"attempts\":["
                + "{\"why\":\"skipped\"},{\"why\":\"first\"},{\"why\":\"next\"}]}]}";
    }

    private List<String> lines(int columns, int rows) {
        return screen.lines(columns, rows, false, "");
    }

    @Test
    void showsHowTheProxyDoes() throws IOException {
        screen.onEvent("history", "{\"points\":[[1,4],[2,8],[3,null],[4,0]]}");
        screen.onEvent("overview", overview("8"));
        screen.onEvent("finished", finished("\"smart\"", 200));

        assertThat(String.join("\n", lines(WIDE, HIGH))).isEqualTo("""
                Penstock 0.1.0  up 1 d 2:03:04  live  localhost:9091

                Requests/s 8.0   open 12   queued 0   errors/s 0.5   failovers/s 0   tokens/s 1,235
                First content p50 3.3 ms   p90 410 ms   p99 1.83 s
                Latency       p50 –   p90 –   p99 –
                ▅█▁█

                PROVIDER  BREAKER    CALLS/S  FAILED  IN FLIGHT  WAITING  KEYS     P50     P99
                openai    half open      8.0     25%          3        0   1/2  400 ms  1.80 s
                spare     disabled         0       –          0        0     –       –       –

                ERRORS  rate limit exceeded 17   upstream error 2

                EXCHANGES
                12:34:56  200  smart                    openai     \
                                 1.04 s  2 attempts\
                """);
    }

    @Test
    void fitsIntoAnyWindow() throws IOException {
        screen.onEvent("overview", overview("8"));
        for (int i = 0; i < 2 * TopScreen.MAX_FINISHED; i++) {
            screen.onEvent("finished", finished("null", 502));
        }

        for (int columns : new int[] {1, 20, 47, WIDE}) {
            for (int rows : new int[] {1, 2, 9, 14, 15, 16, 24}) {
                assertThat(lines(columns, rows)).hasSizeBetween(1, rows)
                        .allSatisfy(line -> assertThat(line.length())
                                .isLessThanOrEqualTo(columns));
            }
        }
        assertThat(lines(WIDE, 1000)).hasSizeLessThan(TopScreen.MAX_FINISHED + 20);
    }

    @Test
    void addsColoursWithoutMakingLinesLonger() throws IOException {
        screen.onEvent("overview", overview("8"));

        List<String> coloured = screen.lines(30, HIGH, true, "");

        assertThat(coloured.get(0)).contains("\u001b[1mPenstock 0.1.0\u001b[0m");
        assertThat(coloured).allSatisfy(line ->
                assertThat(line.replaceAll("\u001b\\[[0-9]+m", "").length())
                        .isLessThanOrEqualTo(30));
    }

    @Test
    void saysWhenTheProxyHasGone() throws IOException {
        assertThat(lines(WIDE, HIGH)).containsExactly("Waiting for localhost:9091");

        screen.onEvent("overview", overview("8"));

        assertThat(screen.lines(WIDE, HIGH, false, "does not answer").get(0))
                .contains("does not answer").doesNotContain("live");
    }

    @Test
    void isCompleteOnceRatesAreKnown() throws IOException {
        assertThat(screen.isComplete()).isFalse();
        screen.onEvent("overview", overview("null"));
        assertThat(screen.isComplete()).isFalse();
        screen.onEvent("overview", overview("0.0"));
        assertThat(screen.isComplete()).isTrue();
    }

    @Test
    void letsNoNameMoveTheCursor() throws IOException {
        screen.onEvent("overview", overview("8"));
        screen.onEvent("finished", finished("\"a\\u001b[2Jb" + "c".repeat(40) + "\"", 404));

        assertThat(String.join("\n", lines(WIDE, HIGH))).contains("a?[2Jbccc", "…")
                .doesNotContain("\u001b");
    }
}
